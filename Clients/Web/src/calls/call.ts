import type { CallEndReason } from '../call-end-reason';
import { asCallingError, callingError, type CallingError } from '../errors';
import { EventSource } from '../events';
import type { CallFeatureFactory } from '../features/feature';
import { notOffered } from '../features/idle-feature';
import type { CommunicationIdentifier } from '../identifiers';
import type { CallPush, Requests, WireReason, WireSnapshot } from '../signalling/protocol';
import type { LocalAudioStream } from '../streams/local-audio-stream';
import type { LocalVideoStream } from '../streams/local-video-stream';
import type { RemoteAudioStream } from '../streams/remote-audio-stream';
import { callInfo } from './call-info';
import type { AddParticipantOptions, CallOptions, DtmfTone, HangUpOptions, MediaConstraints } from './call-options';
import { CallParts } from './call-parts';
import {
    CallKind,
    type Beginning,
    type CallDirection,
    type CallerInfo,
    type CallEvents,
    type CallHost,
    type CallInfo,
    type CallState,
} from './call-types';
import { Lobby } from './lobby';
import type { LocalMediaErrors } from './local-media';
import { addParticipant, muteParticipants, removeParticipant } from './membership';
import type { ParticipantRole, RemoteParticipant } from './remote-participant';

/** How long a hang-up waits for the server before it is done anyway, milliseconds. */
const hangUpPatience = 2_000;

/** Says why a call could not begin: to its app, and as the end of the call. */
type ExplainFailure = (error: CallingError) => Promise<{ failure: CallingError; reason: WireReason }>;

/** A call that this device takes part in. */
export class Call extends EventSource<CallEvents> {
    private readonly parts: CallParts;
    private reconnecting = false;
    /** Those who wait to be let in. */
    readonly lobby = new Lobby();
    /** Who handed the call on to this device; transfer is not offered yet. */
    readonly transferorInfo: CallerInfo | undefined = undefined;

    /** @internal */
    constructor(
        private readonly host: CallHost,
        /** @internal */ readonly beginning: Beginning,
        /** Who called: the other one for an incoming call, this user for an outgoing one. */
        readonly callerInfo: CallerInfo,
        options: CallOptions,
    ) {
        super();
        this.parts = new CallParts(host, beginning, options);
        this.parts.forwardEvents(this);
        this.parts.media.on('lostChanged', this.updateReconnecting);
    }

    /** The call's id: one made here until the server has answered, see `idChanged`. */
    get id(): string {
        return this.parts.requests.callId;
    }

    get kind(): CallKind {
        return CallKind.Call;
    }

    get state(): CallState {
        return this.parts.status.state;
    }

    /** Why the call ended, once `state` is `Disconnected`. */
    get callEndReason(): CallEndReason | undefined {
        return this.parts.status.endReason;
    }

    get direction(): CallDirection {
        return this.beginning.type === 'call.accept' ? 'Incoming' : 'Outgoing';
    }

    get info(): CallInfo {
        return callInfo(this.parts.status, this.parts.requests);
    }

    get isMuted(): boolean {
        return this.parts.microphone.isMuted;
    }

    get isIncomingAudioMuted(): boolean {
        return this.parts.media.isIncomingAudioMuted;
    }

    get isScreenSharingOn(): boolean {
        return this.parts.pictures.isScreenOn;
    }

    get isLocalVideoStarted(): boolean {
        return this.parts.pictures.isCameraOn;
    }

    /** The camera and the screen that are being sent. */
    get localVideoStreams(): readonly LocalVideoStream[] {
        return this.parts.pictures.streams;
    }

    get localAudioStreams(): readonly LocalAudioStream[] {
        return this.parts.audio.local;
    }

    get remoteAudioStreams(): readonly RemoteAudioStream[] {
        return this.parts.audio.remote;
    }

    get remoteParticipants(): readonly RemoteParticipant[] {
        return this.parts.roster.participants;
    }

    /** Everybody in the call, this device included. */
    get totalParticipantCount(): number {
        return this.parts.roster.participants.length + 1;
    }

    get role(): ParticipantRole {
        return 'Unknown';
    }

    /** Whether this is a group call. A call between two becomes one when somebody is added. Our addition. */
    get isGroupCall(): boolean {
        return this.parts.status.isGroup;
    }

    /** Whether this device's connection is interrupted and being restored. Our addition. */
    get isReconnecting(): boolean {
        return this.reconnecting;
    }

    /** Why the microphone, camera or screen does not run although it should. Our addition. */
    get localMediaErrors(): LocalMediaErrors {
        return this.parts.media.local.errors;
    }

    /**
     * Whether the browser refuses to play sound because the person has not touched the page yet. The next click or key
     * makes it play by itself; {@link resumeAudioPlayback} tries at once. Our addition.
     */
    get isAudioPlaybackBlocked(): boolean {
        return this.parts.media.output.isBlocked;
    }

    /** Tries to play sound that the browser had refused to play. Our addition. */
    resumeAudioPlayback(): void {
        this.parts.media.output.play();
    }

    /** The peer connection, for statistics. Our addition; do not negotiate or change its transceivers. */
    get peerConnection(): RTCPeerConnection {
        return this.parts.media.session.peerConnection;
    }

    /** An extra of the call, such as `Features.DominantSpeakers`. */
    feature<Feature>(factory: CallFeatureFactory<Feature>): Feature {
        return this.parts.features.get(factory);
    }

    /** Leaves the call, or ends it for everybody. */
    async hangUp(options: HangUpOptions = {}): Promise<void> {
        if (this.isOver) return;
        const forEveryone = options.forEveryone ?? false;
        this.parts.status.setState('Disconnecting');
        if (this.parts.requests.isEstablished) {
            // One can always leave, whether or not the server hears of it in time.
            const patience = new Promise(resolve => setTimeout(resolve, hangUpPatience));
            await Promise.race([this.parts.requests.hangUp(this.id, forEveryone), patience]);
        }
        this.end({ code: 0, subCode: forEveryone ? 4097 : 0, message: 'The call was hung up.' });
    }

    /** Closes the microphone. */
    mute(): Promise<void> {
        return this.parts.microphone.setMuted(true);
    }

    /** Opens the microphone. */
    unmute(): Promise<void> {
        return this.parts.microphone.setMuted(false);
    }

    /** Makes the call silent on this device. */
    async muteIncomingAudio(): Promise<void> {
        this.parts.media.setIncomingAudioMuted(true);
    }

    async unmuteIncomingAudio(): Promise<void> {
        this.parts.media.setIncomingAudioMuted(false);
    }

    /** Closes everybody else's microphone. */
    muteAllRemoteParticipants(): Promise<void> {
        return muteParticipants(this.parts.requests);
    }

    /** Sends sound, from `stream` if given; only needed after {@link stopAudio} or to change the source. */
    async startAudio(stream?: LocalAudioStream): Promise<void> {
        this.parts.requests.mustBeAlive();
        await this.parts.media.local.restartMicrophone(stream);
    }

    /** Sends no sound at all, and frees the microphone. */
    async stopAudio(): Promise<void> {
        this.parts.requests.mustBeAlive();
        await this.parts.media.local.stopMicrophone();
    }

    /** Sends a camera. */
    startVideo(stream: LocalVideoStream): Promise<void> {
        return this.parts.pictures.startCamera(stream);
    }

    /** Stops sending `stream`, as given to {@link startVideo}. */
    stopVideo(stream: LocalVideoStream): Promise<void> {
        return this.parts.pictures.stopCameraOf(stream);
    }

    /** Shares the screen, window or tab that the person chooses, or the picture of `stream`. */
    async startScreenSharing(stream?: LocalVideoStream): Promise<void> {
        this.parts.requests.mustBeAlive();
        if (this.state !== 'Connected') throw callingError('shareBeforeConnected');
        await this.parts.pictures.startScreen(stream);
    }

    stopScreenSharing(stream?: LocalVideoStream): Promise<void> {
        return this.parts.pictures.stopScreenOf(stream);
    }

    /** Puts the call on hold: this device sends and receives nothing until {@link resume}. */
    async hold(): Promise<void> {
        await this.parts.requests.send('call.hold', { onHold: true });
        await this.parts.media.setOnHold(true);
    }

    /** Takes up a call that is on hold. */
    async resume(): Promise<void> {
        await this.parts.requests.send('call.hold', { onHold: false });
        await this.parts.media.setOnHold(false);
    }

    /**
     * Calls somebody into this call. The participant is in the roster at once; if they cannot be added, their state
     * becomes `Disconnected` and their `callEndReason` says why.
     */
    addParticipant(identifier: CommunicationIdentifier, options?: AddParticipantOptions): RemoteParticipant {
        return addParticipant(this.parts.roster, this.parts.requests, identifier, options);
    }

    removeParticipant(identifier: CommunicationIdentifier): Promise<void> {
        return removeParticipant(this.parts.roster, this.parts.requests, identifier);
    }

    /** Refused: only telephones understand tones, and none can be called yet. */
    async sendDtmf(tone: DtmfTone): Promise<void> {
        this.parts.requests.mustBeAlive();
        throw notOffered('Sending tones', tone);
    }

    /** Leaves the call, as {@link hangUp} does. */
    dispose(): void {
        void this.hangUp();
    }

    /** Limits what is sent of the camera. */
    setConstraints(constraints: MediaConstraints): Promise<void> {
        return this.parts.media.constrain(constraints);
    }

    // -- beginning and end, driven by the agent

    /** @internal Asks the server for the call; a failure ends it, as `explain` says, and is the result. */
    async begin(options: CallOptions, explain: ExplainFailure): Promise<CallingError | undefined> {
        this.parts.status.setState('Connecting');
        void this.parts.media.local.startMicrophone();
        const { localVideoStreams, constraints } = options.videoOptions ?? {};
        if (constraints) void this.setConstraints({ video: constraints });
        const camera = localVideoStreams?.[0];
        if (camera) this.parts.pictures.startCameraWithCall(camera);
        try {
            const media = await this.parts.media.firstOffer();
            const { type, ...members } = this.beginning;
            const body = { ...members, muted: this.isMuted, media } as Requests[typeof type];
            const reply = await this.host.connection.request(type, body);
            if (!reply.call) throw callingError('refused');
            this.adopt(reply.call);
            if (!this.isOver) await this.parts.media.accept(reply.media);
            return undefined;
        } catch (thrown) {
            const error = asCallingError(thrown, 'mediaNegotiationFailed');
            // The reply was lost with the connection, but the call was found again when that came back.
            if (error.reason === 'connectionLost' && this.parts.requests.isEstablished && !this.isOver) {
                const fail = (cause: unknown) => this.fail(asCallingError(cause, 'mediaNegotiationFailed'));
                this.parts.media.session.restart().catch(fail);
                return undefined;
            }
            const { failure, reason } = await explain(error);
            this.fail(reason);
            return failure;
        }
    }

    /** @internal Takes over the server's view of the call: at its beginning and after a resumed connection. */
    adopt(snapshot: WireSnapshot): void {
        if (this.isOver) {
            // Hung up here while the server was still setting it up.
            void this.parts.requests.hangUp(snapshot.callId);
            return;
        }
        const first = !this.parts.requests.isEstablished;
        this.parts.requests.establish(snapshot.participantId);
        this.parts.status.groupId = snapshot.groupId ?? undefined;
        this.parts.status.setGroup(snapshot.kind === 'group');
        if (this.id !== snapshot.callId) {
            this.parts.requests.callId = snapshot.callId;
            this.emit('idChanged');
        }
        this.parts.signals.applyOwn(snapshot);
        this.parts.roster.applySnapshot(snapshot);
        void this.parts.media.setOnHold(snapshot.onHold);
        this.applyState(snapshot.state, snapshot.reason ?? undefined);
        if (first) this.host.identified(this);
        if (this.isOver) return;
        this.parts.microphone.reconcile(snapshot.muted);
        this.parts.pictures.reconcile(snapshot);
    }

    /** @internal */
    apply(push: CallPush): void {
        if (this.isOver) return;
        switch (push.type) {
            case 'call.state':
                this.parts.status.setGroup(push.kind === 'group');
                this.applyState(push.state, push.reason ?? undefined);
                return;
            case 'call.roster':
                this.parts.roster.apply(push);
                return;
            case 'call.self':
                void this.parts.media.setOnHold(push.onHold);
                this.parts.microphone.apply(push);
                this.parts.signals.applyOwn(push);
                return;
            case 'call.reactions':
                this.parts.signals.applyReactions(push.reactions);
                return;
            case 'call.speakers':
                this.parts.roster.applySpeakers(push);
                return;
            default:
                this.parts.media.apply(push);
        }
    }

    /** @internal The device has changed networks. */
    networkChanged(): void {
        this.parts.media.session.networkChanged();
    }

    /** @internal Ends the call on this side. */
    end(reason: WireReason): void {
        if (this.isOver) return;
        this.parts.end(reason);
        this.host.ended(this);
    }

    /** @internal */
    get isOver(): boolean {
        return this.parts.status.isOver;
    }

    private fail(reason: WireReason): void {
        if (this.isOver) return;
        // The server may hold the call although this side cannot take part in it.
        if (this.parts.requests.isEstablished) void this.parts.requests.hangUp(this.id);
        this.end(reason);
    }

    private applyState(state: WireSnapshot['state'], reason: WireReason | undefined): void {
        if (state === 'Disconnected') {
            this.end(reason ?? { code: 0, subCode: 0, message: 'The call is over.' });
        } else if (this.state !== 'Disconnecting') {
            this.parts.status.setState(state);
            if (state === 'LocalHold') void this.parts.media.setOnHold(true);
        }
    }

    private readonly updateReconnecting = () => {
        const reconnecting = this.parts.media.isLost && this.parts.requests.isEstablished;
        if (reconnecting === this.reconnecting) return;
        this.reconnecting = reconnecting;
        this.emit('isReconnectingChanged');
    };
}
