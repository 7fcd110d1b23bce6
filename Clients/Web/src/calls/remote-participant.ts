import { callEndReason, type CallEndReason } from '../call-end-reason';
import { EventSource, type CollectionUpdate } from '../events';
import { createIdentifierFromRawId, type CommunicationIdentifierKind } from '../identifiers';
import type { VideoSource, WireMarks, WireParticipant, WireReason } from '../signalling/protocol';
import { RemoteVideoStream } from '../streams/remote-video-stream';

export type RemoteParticipantState =
    | 'Idle'
    | 'Connecting'
    | 'Ringing'
    | 'Connected'
    | 'Hold'
    | 'Reconnecting'
    | 'Disconnected';

/** What somebody may do in a call. Nobody has a role yet. */
export type ParticipantRole = 'Unknown' | 'Attendee' | 'Presenter' | 'Organizer' | 'Co-organizer' | 'Consumer';

/** One device by which somebody is in a call. */
export interface EndpointDetails {
    readonly participantId: string;
}

/** Who somebody is. */
export interface ParticipantInfo {
    readonly identifier: CommunicationIdentifierKind;
    readonly displayName?: string;
    readonly endpointDetails: readonly EndpointDetails[];
}

export interface RemoteParticipantEvents {
    stateChanged: void;
    isMutedChanged: void;
    isSpeakingChanged: void;
    displayNameChanged: void;
    roleChanged: void;
    videoStreamsUpdated: CollectionUpdate<RemoteVideoStream>;
}

/** @internal What a participant needs of its call. */
export interface ParticipantHost {
    muteParticipant(participant: RemoteParticipant): Promise<void>;
    demandChanged(stream: RemoteVideoStream): void;
}

/** Apps keep streams of several participants in one list by their ids. */
let lastStreamId = 0;

/** Somebody else in the call. One person in two tabs is two participants; `endpointDetails` tells them apart. */
export class RemoteParticipant extends EventSource<RemoteParticipantEvents> implements ParticipantInfo {
    private currentState: RemoteParticipantState = 'Idle';
    private name: string | undefined;
    private nameChanged = false;
    private muted = false;
    private speaking = false;
    private endReason: CallEndReason | undefined;
    private readonly streams: RemoteVideoStream[] = [];
    /** @internal Empty until the server has answered an addParticipant. */
    participantId = '';
    /** @internal Whether the hand is up, and the like. */
    marks: WireMarks = {};

    /** @internal */
    constructor(/** @internal */ readonly userId: string, private readonly host: ParticipantHost) {
        super();
    }

    get identifier(): CommunicationIdentifierKind {
        return createIdentifierFromRawId(this.userId);
    }

    get displayName(): string | undefined {
        return this.name;
    }

    /** Whether the name is another one than when the participant came. */
    get hasDisplayNameChanged(): boolean {
        return this.nameChanged;
    }

    get role(): ParticipantRole {
        return 'Unknown';
    }

    get state(): RemoteParticipantState {
        return this.currentState;
    }

    /** Why the participant is no longer in the call, once `state` is `Disconnected`. */
    get callEndReason(): CallEndReason | undefined {
        return this.endReason;
    }

    get isMuted(): boolean {
        return this.muted;
    }

    get isSpeaking(): boolean {
        return this.speaking;
    }

    /** Camera and screen, each from the first time that it is sent; `isAvailable` of each says whether it is now. */
    get videoStreams(): readonly RemoteVideoStream[] {
        return [...this.streams];
    }

    /** The devices by which the participant is in the call. */
    get endpointDetails(): readonly EndpointDetails[] {
        return this.participantId ? [{ participantId: this.participantId }] : [];
    }

    /** Closes the participant's microphone; they can open it again themselves. */
    mute(): Promise<void> {
        return this.host.muteParticipant(this);
    }

    /** @internal */
    stream(source: VideoSource): RemoteVideoStream | undefined {
        return this.streams.find(stream => stream.wireSource === source);
    }

    /** @internal Takes over what the roster says. */
    apply(wire: WireParticipant): void {
        this.participantId = wire.participantId;
        const name = wire.displayName ?? undefined;
        if (name !== this.name) {
            this.nameChanged ||= this.name !== undefined;
            this.name = name;
            this.emit('displayNameChanged');
        }
        this.marks = { hand: wire.hand, spotlight: wire.spotlight };
        this.setState(wire.state);
        if (wire.muted !== this.muted) {
            this.muted = wire.muted;
            this.emit('isMutedChanged');
        }
        this.setSpeaking(wire.speaking);
        this.setPublished('camera', wire.camera);
        this.setPublished('screen', wire.screen);
    }

    /** @internal */
    setSpeaking(speaking: boolean): void {
        if (speaking === this.speaking) return;
        this.speaking = speaking;
        this.emit('isSpeakingChanged');
    }

    /** @internal */
    setConnecting(): void {
        this.setState('Connecting');
    }

    /** @internal */
    leave(reason: WireReason): void {
        this.endReason = callEndReason(reason);
        this.setSpeaking(false);
        for (const stream of this.streams) stream.setAvailable(false);
        this.setState('Disconnected');
    }

    private setState(state: RemoteParticipantState): void {
        if (state === this.currentState) return;
        this.currentState = state;
        this.emit('stateChanged');
    }

    private setPublished(source: VideoSource, published: boolean): void {
        const existing = this.stream(source);
        if (existing) {
            existing.setAvailable(published);
        } else if (published) {
            lastStreamId += 1;
            const stream = new RemoteVideoStream(lastStreamId, this.participantId, source, it => this.host.demandChanged(it));
            stream.setAvailable(true);
            this.streams.push(stream);
            this.emit('videoStreamsUpdated', { added: [stream], removed: [] });
        }
    }
}
