import { callEndReason, type CallEndReason } from '../call-end-reason';
import { EventSource, type CollectionUpdatedEvent } from '../events';
import type { CommunicationIdentifier } from '../identifiers';
import { createIdentifierFromRawId } from '../identifiers';
import type { VideoSource, WireParticipant, WireReason } from '../signalling/protocol';
import { RemoteVideoStream } from '../streams/remote-video-stream';

export type RemoteParticipantState =
    | 'Idle'
    | 'Connecting'
    | 'Ringing'
    | 'Connected'
    | 'Hold'
    | 'Reconnecting'
    | 'Disconnected';

export interface RemoteParticipantEvents {
    stateChanged: void;
    isMutedChanged: void;
    isSpeakingChanged: void;
    displayNameChanged: void;
    videoStreamsUpdated: CollectionUpdatedEvent<RemoteVideoStream>;
}

/** @internal What a participant needs of its call. */
export interface ParticipantHost {
    muteParticipant(participant: RemoteParticipant): Promise<void>;
    demandChanged(stream: RemoteVideoStream): void;
}

/** Somebody else in the call. */
export class RemoteParticipant extends EventSource<RemoteParticipantEvents> {
    private currentState: RemoteParticipantState = 'Idle';
    private name: string | undefined;
    private muted = false;
    private speaking = false;
    private endReason: CallEndReason | undefined;
    private readonly streams: RemoteVideoStream[] = [];
    /** @internal Empty until the server has answered an addParticipant. */
    participantId = '';

    /** @internal */
    constructor(/** @internal */ readonly userId: string, private readonly host: ParticipantHost) {
        super();
    }

    get identifier(): CommunicationIdentifier {
        return createIdentifierFromRawId(this.userId);
    }

    get displayName(): string | undefined {
        return this.name;
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
    get endpointDetails(): readonly { participantId: string }[] {
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
            this.name = name;
            this.emit('displayNameChanged');
        }
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
            const id = source === 'camera' ? 1 : 2;
            const stream = new RemoteVideoStream(id, this.participantId, source, it => this.host.demandChanged(it));
            stream.setAvailable(true);
            this.streams.push(stream);
            this.emit('videoStreamsUpdated', { added: [stream], removed: [] });
        }
    }
}
