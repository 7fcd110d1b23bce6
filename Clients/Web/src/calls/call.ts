import type { CallEndReason } from '../call-end-reason';
import { asCallingError, callingError, type CallingError } from '../errors';
import { EventSource } from '../events';
import type { CommunicationIdentifier } from '../identifiers';
import type { CallPush, Requests, WireReason, WireSnapshot } from '../signalling/protocol';
import type { LocalAudioStream } from '../streams/local-audio-stream';
import type { LocalVideoStream } from '../streams/local-video-stream';
import type { RemoteAudioStream } from '../streams/remote-audio-stream';
import { CallMedia } from './call-media';
import type { CallOptions, HangUpOptions, MediaConstraints } from './call-options';
import { CallRequests } from './call-requests';
import { CallStatus } from './call-status';
import type { Beginning, CallDirection, CallerInfo, CallEvents, CallHost, CallInfo, CallState } from './call-types';
import { FeatureSet, type CallFeatureFactory } from './features';
import type { LocalMediaErrors } from './local-media';
import { addParticipant, muteParticipants, removeParticipant } from './membership';
import { MicrophoneState } from './microphone-state';
import { PublishedPictures } from './published-pictures';
import type { RemoteParticipant } from './remote-participant';
import { Roster } from './roster';

/** How long a hang-up waits for the server before it is done anyway, milliseconds. */
const hangUpPatience = 2_000;

/** A call that this device takes part in. */
export class Call extends EventSource<CallEvents> {
    private readonly status: CallStatus;
    private reconnecting = false;
    private readonly requests: CallRequests;
    private readonly roster: Roster;
    private readonly features: FeatureSet;
    private readonly media: CallMedia;
    private readonly microphone: MicrophoneState;
    private readonly pictures: PublishedPictures;

    /** @internal */
    constructor(
        private readonly host: CallHost,
        /** @internal */ readonly beginning: Beginning,
        /** Who called: the other one for an incoming call, this user for an outgoing one. */
        readonly callerInfo: CallerInfo,
        options: CallOptions,
    ) {
        super();
        const requests = (this.requests = new CallRequests(host.connection));
        if (beginning.type === 'call.accept') requests.callId = beginning.callId;
        this.status = new CallStatus(beginning);
        this.roster = new Roster({
            muteParticipant: participant => muteParticipants(requests, [participant]),
            demandChanged: stream => this.media.videos.demandChanged(stream),
        });
        this.media = new CallMedia(host, requests, this.roster, options.audioOptions);
        this.microphone = new MicrophoneState(options.audioOptions?.muted ?? false, requests, this.media.local);
        this.pictures = new PublishedPictures(requests, this.media.local);
        this.features = new FeatureSet({ roster: this.roster, media: this.media, requests });
        this.forwardEvents();
    }

    /** The call's id; empty until the server has answered, see `idChanged`. */
    get id(): string {
        return this.requests.callId;
    }

    get kind(): 'Call' {
        return 'Call';
    }

    get state(): CallState {
        return this.status.state;
    }

    /** Why the call ended, once `state` is `Disconnected`. */
    get callEndReason(): CallEndReason | undefined {
        return this.status.endReason;
    }

    get direction(): CallDirection {
        return this.beginning.type === 'call.accept' ? 'Incoming' : 'Outgoing';
    }

    get info(): CallInfo {
        return { groupId: this.status.groupId, participantId: this.requests.participantId };
    }

    get isMuted(): boolean {
        return this.microphone.isMuted;
    }

    get isIncomingAudioMuted(): boolean {
        return this.media.isIncomingAudioMuted;
    }

    get isScreenSharingOn(): boolean {
        return this.pictures.isScreenOn;
    }

    get isLocalVideoStarted(): boolean {
        return this.pictures.isCameraOn;
    }

    /** The camera and the screen that are being sent. */
    get localVideoStreams(): readonly LocalVideoStream[] {
        return this.pictures.streams;
    }

    get localAudioStreams(): readonly LocalAudioStream[] {
        return [this.media.local.microphone];
    }

    get remoteAudioStreams(): readonly RemoteAudioStream[] {
        return [this.media.remoteAudio];
    }

    get remoteParticipants(): readonly RemoteParticipant[] {
        return this.roster.participants;
    }

    /** Everybody in the call, this device included. */
    get totalParticipantCount(): number {
        return this.roster.participants.length + 1;
    }

    /** Whether this is a group call. A call between two becomes one when somebody is added. Our addition. */
    get isGroupCall(): boolean {
        return this.status.isGroup;
    }

    /** Whether this device's connection is interrupted and being restored. Our addition. */
    get isReconnecting(): boolean {
        return this.reconnecting;
    }

    /** Why the microphone, camera or screen does not run although it should. Our addition. */
    get localMediaErrors(): LocalMediaErrors {
        return this.media.local.errors;
    }

    /**
     * Whether the browser refuses to play sound because the person has not touched the page yet. The next click or key
     * makes it play by itself; {@link resumeAudioPlayback} tries at once. Our addition.
     */
    get isAudioPlaybackBlocked(): boolean {
        return this.media.output.isBlocked;
    }

    /** Tries to play sound that the browser had refused to play. Our addition. */
    resumeAudioPlayback(): void {
        this.media.output.play();
    }

    /** The peer connection, for statistics. Our addition; do not negotiate or change its transceivers. */
    get peerConnection(): RTCPeerConnection {
        return this.media.session.peerConnection;
    }

    /** An extra of the call, such as `Features.DominantSpeakers`. */
    feature<Feature>(factory: CallFeatureFactory<Feature>): Feature {
        return this.features.get(factory);
    }

    /** Leaves the call, or ends it for everybody. */
    async hangUp(options: HangUpOptions = {}): Promise<void> {
        if (this.isOver) return;
        const forEveryone = options.forEveryone ?? false;
        this.status.setState('Disconnecting');
        if (this.requests.isEstablished) {
            // One can always leave, whether or not the server hears of it in time.
            const patience = new Promise(resolve => setTimeout(resolve, hangUpPatience));
            await Promise.race([this.requests.hangUp(this.id, forEveryone), patience]);
        }
        this.end({ code: 0, subCode: forEveryone ? 4097 : 0, message: 'The call was hung up.' });
    }

    /** Closes the microphone. */
    mute(): Promise<void> {
        return this.microphone.setMuted(true);
    }

    /** Opens the microphone. */
    unmute(): Promise<void> {
        return this.microphone.setMuted(false);
    }

    /** Makes the call silent on this device. */
    async muteIncomingAudio(): Promise<void> {
        this.media.setIncomingAudioMuted(true);
    }

    async unmuteIncomingAudio(): Promise<void> {
        this.media.setIncomingAudioMuted(false);
    }

    /** Closes everybody else's microphone. */
    muteAllRemoteParticipants(): Promise<void> {
        return muteParticipants(this.requests);
    }

    /** Sends sound, from `stream` if given; only needed after {@link stopAudio} or to change the source. */
    async startAudio(stream?: LocalAudioStream): Promise<void> {
        this.requests.mustBeAlive();
        await this.media.local.restartMicrophone(stream);
    }

    /** Sends no sound at all, and frees the microphone. */
    async stopAudio(): Promise<void> {
        this.requests.mustBeAlive();
        await this.media.local.stopMicrophone();
    }

    /** Sends a camera. */
    startVideo(stream: LocalVideoStream): Promise<void> {
        return this.pictures.startCamera(stream);
    }

    /** Stops sending `stream`, as given to {@link startVideo}. */
    stopVideo(stream: LocalVideoStream): Promise<void> {
        return this.pictures.stopCameraOf(stream);
    }

    /** Shares the screen, window or tab that the person chooses, or the picture of `stream`. */
    async startScreenSharing(stream?: LocalVideoStream): Promise<void> {
        this.requests.mustBeAlive();
        if (this.state !== 'Connected') throw callingError('shareBeforeConnected');
        await this.pictures.startScreen(stream);
    }

    stopScreenSharing(): Promise<void> {
        return this.pictures.stopScreen();
    }

    /** Puts the call on hold: this device sends and receives nothing until {@link resume}. */
    async hold(): Promise<void> {
        await this.requests.send('call.hold', { onHold: true });
        await this.media.setOnHold(true);
    }

    /** Takes up a call that is on hold. */
    async resume(): Promise<void> {
        await this.requests.send('call.hold', { onHold: false });
        await this.media.setOnHold(false);
    }

    /**
     * Calls somebody into this call. The participant is in the roster at once; if they cannot be added, their state
     * becomes `Disconnected` and their `callEndReason` says why.
     */
    addParticipant(identifier: CommunicationIdentifier): RemoteParticipant {
        return addParticipant(this.roster, this.requests, identifier);
    }

    removeParticipant(identifier: CommunicationIdentifier): Promise<void> {
        return removeParticipant(this.roster, this.requests, identifier);
    }

    /** Limits what is sent of the camera. */
    setConstraints(constraints: MediaConstraints): Promise<void> {
        return this.media.constrain(constraints);
    }

    // -- beginning and end, driven by the agent

    /** @internal Asks the server for the call; a failure ends it with that reason, and is also the result. */
    async begin(options: CallOptions): Promise<CallingError | undefined> {
        this.status.setState('Connecting');
        void this.media.local.startMicrophone();
        const camera = options.videoOptions?.localVideoStreams?.[0];
        if (camera) this.pictures.startCameraWithCall(camera);
        try {
            const media = await this.media.firstOffer();
            const { type, ...members } = this.beginning;
            const body = { ...members, muted: this.isMuted, media } as Requests[typeof type];
            const reply = await this.host.connection.request(type, body);
            if (!reply.call) throw callingError('refused');
            this.adopt(reply.call);
            if (!this.isOver) await this.media.accept(reply.media);
            return undefined;
        } catch (thrown) {
            const error = asCallingError(thrown, 'mediaNegotiationFailed');
            // The reply was lost with the connection, but the call was found again when that came back.
            if (error.reason === 'connectionLost' && this.requests.isEstablished && !this.isOver) {
                const fail = (failure: unknown) => this.fail(asCallingError(failure, 'mediaNegotiationFailed'));
                this.media.session.restart().catch(fail);
                return undefined;
            }
            this.fail(error);
            return error;
        }
    }

    /** @internal Takes over the server's view of the call: at its beginning and after a resumed connection. */
    adopt(snapshot: WireSnapshot): void {
        if (this.isOver) {
            // Hung up here while the server was still setting it up.
            void this.requests.hangUp(snapshot.callId);
            return;
        }
        const first = !this.requests.isEstablished;
        this.requests.participantId = snapshot.participantId;
        this.status.groupId = snapshot.groupId ?? undefined;
        this.status.setGroup(snapshot.kind === 'group');
        if (this.id !== snapshot.callId) {
            this.requests.callId = snapshot.callId;
            this.emit('idChanged');
        }
        this.roster.applySnapshot(snapshot);
        void this.media.setOnHold(snapshot.onHold);
        this.applyState(snapshot.state, snapshot.reason ?? undefined);
        if (first) this.host.identified(this);
        if (this.isOver) return;
        this.microphone.reconcile(snapshot.muted);
        this.pictures.reconcile(snapshot);
    }

    /** @internal */
    apply(push: CallPush): void {
        if (this.isOver) return;
        switch (push.type) {
            case 'call.state':
                this.status.setGroup(push.kind === 'group');
                this.applyState(push.state, push.reason ?? undefined);
                return;
            case 'call.roster':
                this.roster.apply(push);
                return;
            case 'call.self':
                void this.media.setOnHold(push.onHold);
                this.microphone.apply(push);
                return;
            case 'call.speakers':
                this.roster.applySpeakers(push);
                return;
            default:
                this.media.apply(push);
        }
    }

    /** @internal The device has changed networks. */
    networkChanged(): void {
        this.media.session.networkChanged();
    }

    /** @internal Ends the call on this side. */
    end(reason: WireReason): void {
        if (this.isOver) return;
        this.status.setEndReason(reason);
        this.requests.isOver = true;
        this.features.close();
        this.media.close();
        this.roster.clear(reason);
        this.pictures.clear();
        this.status.setState('Disconnected');
        this.host.ended(this);
    }

    /** @internal */
    get isOver(): boolean {
        return this.status.isOver;
    }

    private forwardEvents(): void {
        this.status.on('stateChanged', () => this.emit('stateChanged'));
        this.status.on('groupChanged', () => this.emit('isGroupCallChanged'));
        this.media.on('lostChanged', this.updateReconnecting);
        this.media.on('audioPlaybackBlockedChanged', () => this.emit('isAudioPlaybackBlockedChanged'));
        this.media.on('incomingAudioMutedChanged', () => this.emit('isIncomingAudioMutedChanged'));
        this.roster.on('updated', event => {
            this.emit('remoteParticipantsUpdated', event);
            this.emit('totalParticipantCountChanged');
        });
        this.media.local.on('errorsChanged', () => this.emit('localMediaErrorsChanged'));
        this.microphone.on('mutedChanged', () => this.emit('isMutedChanged'));
        this.microphone.on('mutedByOthers', () => this.emit('mutedByOthers'));
        this.pictures.on('updated', event => this.emit('localVideoStreamsUpdated', event));
        this.pictures.on('cameraChanged', () => this.emit('isLocalVideoStartedChanged'));
        this.pictures.on('screenChanged', () => this.emit('isScreenSharingOnChanged'));
    }

    private fail(error: CallingError): void {
        if (this.isOver) return;
        // The server may hold the call although this side cannot take part in it.
        if (this.requests.isEstablished) void this.requests.hangUp(this.id);
        this.end(error);
    }

    private applyState(state: WireSnapshot['state'], reason: WireReason | undefined): void {
        if (state === 'Disconnected') {
            this.end(reason ?? { code: 0, subCode: 0, message: 'The call is over.' });
        } else if (this.state !== 'Disconnecting') {
            this.status.setState(state);
            if (state === 'LocalHold') void this.media.setOnHold(true);
        }
    }

    private readonly updateReconnecting = () => {
        const reconnecting = this.media.isLost && this.requests.isEstablished;
        if (reconnecting === this.reconnecting) return;
        this.reconnecting = reconnecting;
        this.emit('isReconnectingChanged');
    };
}
