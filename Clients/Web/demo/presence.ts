import type { RemoteParticipant, RemoteVideoStream } from '/sdk/switchboard-calling.js';

/** What is known of a person in the call without a tile of their own: whether there is something to see of them. */
export class Presence {
    /** When they spoke last, by the page's clock; 0 for never. */
    lastSpoke = 0;
    private readonly streams = new Set<RemoteVideoStream>();

    /** `changed` is called when it may matter for who is shown. */
    constructor(readonly participant: RemoteParticipant, private readonly changed: () => void) {
        participant.on('videoStreamsUpdated', this.streamsUpdated);
        participant.on('isSpeakingChanged', this.speakingChanged);
        this.streamsUpdated();
        this.speakingChanged();
    }

    dispose(): void {
        this.participant.off('videoStreamsUpdated', this.streamsUpdated);
        this.participant.off('isSpeakingChanged', this.speakingChanged);
        for (const stream of this.streams) stream.off('isAvailableChanged', this.changed);
        this.streams.clear();
    }

    get sendsPicture(): boolean {
        return this.stream('Video') !== undefined;
    }

    /** The screen that they share. */
    get share(): RemoteVideoStream | undefined {
        return this.stream('ScreenSharing');
    }

    private stream(type: RemoteVideoStream['mediaStreamType']): RemoteVideoStream | undefined {
        return this.participant.videoStreams.find(it => it.mediaStreamType === type && it.isAvailable);
    }

    private readonly streamsUpdated = () => {
        for (const stream of this.participant.videoStreams) {
            if (this.streams.has(stream)) continue;
            this.streams.add(stream);
            stream.on('isAvailableChanged', this.changed);
        }
        this.changed();
    };

    private readonly speakingChanged = () => {
        if (!this.participant.isSpeaking) return;
        this.lastSpoke = performance.now();
        this.changed();
    };
}

/** How many people are shown of a call that is too large for a tile each. */
export interface TileLimits {
    /** So many people have a tile each. */
    readonly everybody: number;
    /** In a larger call, so many at the most of those who send a picture. */
    readonly pictures: number;
    /** In a larger call with few pictures, so many together with those who speak. */
    readonly speakers: number;
}

/**
 * Who of many is shown: those who send a picture, then those who spoke last, then those who came first. Somebody who is
 * shown goes only when somebody else comes.
 */
export function mostInteresting(people: readonly Presence[], limits: TileLimits): Set<Presence> {
    if (people.length <= limits.everybody) return new Set(people);
    // Sorting keeps the order in which they came where nothing else decides.
    const ranked = [...people].sort(
        (one, other) => Number(other.sendsPicture) - Number(one.sendsPicture) || other.lastSpoke - one.lastSpoke,
    );
    const pictures = people.filter(it => it.sendsPicture).length;
    return new Set(ranked.slice(0, Math.max(Math.min(pictures, limits.pictures), limits.speakers)));
}
