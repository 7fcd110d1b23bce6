import { callingError } from '../errors';
import { EventSource } from '../events';
import { AudioOutput } from '../media/audio-output';
import { MediaSession } from '../media/media-session';
import type { SendLimits } from '../media/simulcast';
import type { CallPush, WireMediaAnswer, WireMediaOffer } from '../signalling/protocol';
import { StatsSampler } from '../stats/stats-sampler';
import { RemoteAudioStream } from '../streams/remote-audio-stream';
import type { AudioOptions, MediaConstraintRange, MediaConstraints } from './call-options';
import type { CallRequests } from './call-requests';
import type { CallHost } from './call-types';
import { LocalMedia } from './local-media';
import { Reception } from './reception';
import { RemoteVideos } from './remote-videos';
import type { Roster } from './roster';

/** How long a call that can only go through a TURN server waits to learn of one, milliseconds. */
const relayPatience = 3_000;

export interface CallMediaEvents {
    /** `isLost` changed. */
    lostChanged: void;
    audioPlaybackBlockedChanged: void;
    incomingAudioMutedChanged: void;
    /** `isOnHold` changed. */
    holdChanged: void;
}

export type MediaPush = Extract<CallPush, { type: `media.${string}` }>;

/** Everything that is sent and received in a call, and the way it takes. */
export class CallMedia extends EventSource<CallMediaEvents> {
    readonly session: MediaSession;
    readonly reception = new Reception();
    readonly local: LocalMedia;
    readonly videos: RemoteVideos;
    readonly remoteAudio: RemoteAudioStream;
    readonly output: AudioOutput;
    private incomingAudioMuted = false;
    private onHold = false;
    private closed = false;

    constructor(
        private readonly host: CallHost,
        private readonly requests: CallRequests,
        private readonly roster: Roster,
        options: AudioOptions = {},
    ) {
        super();
        this.session = new MediaSession(
            async offer => {
                const reply = await requests.send('media.offer', offer);
                if (!reply.media) throw callingError('mediaNegotiationFailed');
                return reply.media;
            },
            () => requests.canTravel,
            host.iceServers.configuration,
        );
        this.videos = new RemoteVideos(this.session, roster, async slots => {
            await requests.send('media.receive', { slots });
        });
        this.local = new LocalMedia(this.session, host.devices, {
            muted: options.muted ?? false,
            microphone: options.localAudioStreams?.[0],
        });
        this.output = new AudioOutput(host.devices.selectedSpeaker?.id, () => this.emit('audioPlaybackBlockedChanged'));
        for (const track of this.session.audioTracks) this.output.add(track);
        this.remoteAudio = new RemoteAudioStream(new MediaStream(this.session.audioTracks));
        this.session.on('connectedChanged', this.pathChanged);
        this.session.on('pathSilent', this.pathSilent);
        host.devices.on('selectedSpeakerChanged', this.speakerSelected);
        host.connection.on('openChanged', this.signallingChanged);
        host.iceServers.on('changed', this.serversChanged);
    }

    /** Whether this device is cut off: from the server, or from the sound and the pictures. */
    get isLost(): boolean {
        return !this.closed && (!this.host.connection.isOpen || this.session.isInterrupted);
    }

    /** Whether nothing is sent or received because the call is on hold. */
    get isOnHold(): boolean {
        return this.onHold;
    }

    get isIncomingAudioMuted(): boolean {
        return this.incomingAudioMuted;
    }

    /** Measures the streams of the call. */
    makeSampler(): StatsSampler {
        const { session, reception, roster } = this;
        return new StatsSampler({
            connection: session.peerConnection,
            get purposes() {
                return session.purposes;
            },
            reception,
            streamId: mid => {
                const { participantId, source } = reception.slot(mid) ?? {};
                if (!participantId || !source || source === 'microphone') return undefined;
                return roster.stream(participantId, source)?.id;
            },
        });
    }

    /** The first offer, to travel with the request that begins the call. Its answer goes to `accept`. */
    async firstOffer(): Promise<WireMediaOffer> {
        await this.host.iceServers.ready(relayPatience);
        return this.session.firstOffer();
    }

    /** Takes the answer to the first offer; without one the media comes with an offer of its own. */
    async accept(answer: WireMediaAnswer | undefined): Promise<void> {
        if (answer) await this.session.accept(answer);
        else await this.session.negotiate();
    }

    /** Takes over what the server says about the media. */
    apply(push: MediaPush): void {
        switch (push.type) {
            case 'media.slots':
                this.reception.applySlots(push.slots);
                this.videos.apply(push.slots);
                return;
            case 'media.allocation':
                this.reception.applyAllocation(push);
                return;
            case 'media.layers':
                void this.session.watchLayers(push.mid, push.layers);
                return;
            case 'media.state':
                // The server lost sight of us although everything looks well from here: take another path.
                if (push.state === 'interrupted' && this.session.isConnected) this.session.restart().catch(() => {});
                return;
            case 'media.codec':
                if (push.codec === 'H264' || push.codec === 'VP8') {
                    this.session.preferCodec(push.mid, push.codec).catch(() => {});
                }
                return;
        }
    }

    /** Makes the call silent on this device, or heard again. */
    setIncomingAudioMuted(muted: boolean): void {
        this.requests.mustBeAlive();
        if (muted === this.incomingAudioMuted) return;
        this.incomingAudioMuted = muted;
        this.output.setMuted(muted || this.onHold);
        this.emit('incomingAudioMutedChanged');
    }

    /** Sends and receives nothing while the call is on hold. */
    async setOnHold(onHold: boolean): Promise<void> {
        if (onHold === this.onHold || this.closed) return;
        this.onHold = onHold;
        this.output.setMuted(onHold || this.incomingAudioMuted);
        this.videos.setPaused(onHold);
        this.emit('holdChanged');
        await this.local.setOnHold(onHold);
    }

    /** Limits what is sent of the camera. */
    async constrain({ video }: MediaConstraints): Promise<void> {
        const { bitrate, frameHeight, frameRate } = video?.send ?? {};
        await this.session.constrain('camera', {
            ...limit('maxBitrate', bitrate),
            ...limit('maxFramerate', frameRate),
            ...limit('maxHeight', frameHeight),
        });
    }

    close(): void {
        this.closed = true;
        this.host.devices.off('selectedSpeakerChanged', this.speakerSelected);
        this.host.connection.off('openChanged', this.signallingChanged);
        this.host.iceServers.off('changed', this.serversChanged);
        this.videos.close();
        this.local.close();
        this.output.close();
        this.remoteAudio.dispose();
        this.session.close();
        this.emit('lostChanged');
    }

    private readonly speakerSelected = () => this.output.setSpeaker(this.host.devices.selectedSpeaker?.id);

    private readonly serversChanged = () => this.session.setIceServers(this.host.iceServers.current);

    private readonly pathChanged = () => {
        // A silent path may mean that the signalling is dead as well, which it would only notice much later.
        if (this.session.isInterrupted) this.host.connection.networkChanged();
        this.emit('lostChanged');
    };

    private readonly pathSilent = () => this.host.connection.networkChanged();

    private readonly signallingChanged = () => {
        this.emit('lostChanged');
        if (!this.requests.canTravel) return;
        if (!this.session.isConnected || this.session.isStale) this.session.restart().catch(() => {});
    };
}

/** 0 lifts a limit. */
function limit(name: keyof SendLimits, range: MediaConstraintRange | undefined): SendLimits {
    return range?.max === undefined ? {} : { [name]: range.max > 0 ? range.max : undefined };
}
