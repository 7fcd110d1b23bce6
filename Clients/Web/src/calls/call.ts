import { callEndReason, type CallEndReason } from '../call-end-reason';
import type { DeviceManager } from '../devices/device-manager';
import { asCallingError, callingError, type CallingError } from '../errors';
import { EventSource, type CollectionUpdatedEvent } from '../events';
import {
    createIdentifierFromRawId,
    getIdentifierRawId,
    isCommunicationUserIdentifier,
    type CommunicationIdentifier,
} from '../identifiers';
import { AudioOutput } from '../media/audio-output';
import type { VideoCodec } from '../media/codecs';
import { MediaSession } from '../media/media-session';
import type { SignallingConnection } from '../signalling/connection';
import type { CallPush, Requests, WireReason, WireReply, WireSnapshot } from '../signalling/protocol';
import type { LocalAudioStream } from '../streams/local-audio-stream';
import type { LocalVideoStream } from '../streams/local-video-stream';
import { RemoteAudioStream } from '../streams/remote-audio-stream';
import type { CallOptions, HangUpOptions, MediaConstraints } from './call-options';
import { FeatureSet, type CallFeatureFactory } from './features';
import { LocalMedia, type LocalMediaErrors } from './local-media';
import type { RemoteParticipant } from './remote-participant';
import { RemoteVideos } from './remote-videos';
import { Roster } from './roster';

export type CallState =
    | 'None'
    | 'Connecting'
    | 'Ringing'
    | 'Connected'
    | 'LocalHold'
    | 'RemoteHold'
    | 'Disconnecting'
    | 'Disconnected';

export type CallDirection = 'Incoming' | 'Outgoing';

/** Who called. */
export interface CallerInfo {
    readonly identifier: CommunicationIdentifier | undefined;
    readonly displayName: string | undefined;
}

export interface CallInfo {
    /** The GUID by which others may join; undefined for a call that began between two. */
    readonly groupId: string | undefined;
    /** This device's own participant id; empty until the server has answered. */
    readonly participantId: string;
}

export interface CallEvents {
    stateChanged: void;
    idChanged: void;
    isMutedChanged: void;
    /** Somebody else closed this device's microphone. */
    mutedByOthers: void;
    isIncomingAudioMutedChanged: void;
    isScreenSharingOnChanged: void;
    isLocalVideoStartedChanged: void;
    localVideoStreamsUpdated: CollectionUpdatedEvent<LocalVideoStream>;
    localAudioStreamsUpdated: CollectionUpdatedEvent<LocalAudioStream>;
    remoteAudioStreamsUpdated: CollectionUpdatedEvent<RemoteAudioStream>;
    remoteParticipantsUpdated: CollectionUpdatedEvent<RemoteParticipant>;
    totalParticipantCountChanged: void;
    /** Our addition: the connection of this device was interrupted or is back. */
    isReconnectingChanged: void;
    /** Our addition: see `localMediaErrors`. */
    localMediaErrorsChanged: void;
    /** Our addition: see `isAudioPlaybackBlocked`. */
    isAudioPlaybackBlockedChanged: void;
    /** Our addition: the call became a group call. */
    isGroupCallChanged: void;
}

/** @internal What a call needs of its agent. */
export interface CallHost {
    readonly connection: SignallingConnection;
    readonly devices: DeviceManager;
    /** The call has its id now: pushes for it can be handed on. */
    identified(call: Call): void;
    ended(call: Call): void;
}

/** @internal */
export type Beginning =
    | { type: 'call.start'; targets: string[] }
    | { type: 'call.join'; groupId: string }
    | { type: 'call.accept'; callId: string };

/** How long a hang-up waits for the server before it is done anyway, milliseconds. */
const hangUpPatience = 2_000;

/** A call that this device takes part in. */
export class Call extends EventSource<CallEvents> {
    private currentId = '';
    private currentState: CallState = 'None';
    private endReason: CallEndReason | undefined;
    private muted: boolean;
    private incomingAudioMuted = false;
    private onHold = false;
    private group = false;
    private reconnecting = false;
    private sharing = false;
    private videoStarted = false;
    private groupId: string | undefined;
    private participantId = '';
    private muteRequests = 0;
    private readonly roster: Roster;
    private readonly features: FeatureSet;
    private readonly media: MediaSession;
    private readonly local: LocalMedia;
    private readonly videos: RemoteVideos;
    private readonly output: AudioOutput;
    private readonly remoteAudio: RemoteAudioStream[];

    /** @internal */
    constructor(
        private readonly host: CallHost,
        /** @internal */ readonly beginning: Beginning,
        /** Who called: the other one for an incoming call, this user for an outgoing one. */
        readonly callerInfo: CallerInfo,
        options: CallOptions,
    ) {
        super();
        this.muted = options.audioOptions?.muted ?? false;
        if (beginning.type === 'call.accept') this.currentId = beginning.callId;
        if (beginning.type === 'call.join') this.groupId = beginning.groupId;
        const targets = beginning.type === 'call.start' ? beginning.targets.length : 0;
        this.group = beginning.type === 'call.join' || targets > 1;
        this.media = new MediaSession(
            async offer => {
                const reply = await this.request('media.offer', { ...offer, callId: this.currentId });
                if (!reply.media) throw callingError('mediaNegotiationFailed');
                return reply.media;
            },
            () => this.host.connection.isOpen && this.participantId !== '',
        );
        this.roster = new Roster({
            muteParticipant: participant => this.muteParticipants([participant.participantId]),
            demandChanged: stream => this.videos.demandChanged(stream),
        });
        this.features = new FeatureSet(this.roster);
        this.videos = new RemoteVideos(this.media, this.roster, async slots => {
            await this.request('media.receive', { callId: this.currentId, slots });
        });
        this.local = new LocalMedia(this.media, host.devices, {
            muted: this.muted,
            microphone: options.audioOptions?.localAudioStreams?.[0],
        });
        this.output = new AudioOutput(host.devices.selectedSpeaker?.id, () =>
            this.emit('isAudioPlaybackBlockedChanged'),
        );
        for (const track of this.media.audioTracks) this.output.add(track);
        this.remoteAudio = [new RemoteAudioStream(new MediaStream(this.media.audioTracks))];
        this.media.on('connectedChanged', this.updateReconnecting);
        this.roster.on('updated', event => {
            this.emit('remoteParticipantsUpdated', event);
            this.emit('totalParticipantCountChanged');
        });
        this.local.on('errorsChanged', () => this.emit('localMediaErrorsChanged'));
        this.local.on('stopped', picture => {
            const stopped = picture === 'camera' ? this.stopCamera() : this.stopScreenSharing();
            stopped.catch(() => {});
        });
        host.devices.on('selectedSpeakerChanged', this.speakerSelected);
        host.connection.on('openChanged', this.connectionChanged);
    }

    /** The call's id; empty until the server has answered, see `idChanged`. */
    get id(): string {
        return this.currentId;
    }

    get kind(): 'Call' {
        return 'Call';
    }

    get state(): CallState {
        return this.currentState;
    }

    /** Why the call ended, once `state` is `Disconnected`. */
    get callEndReason(): CallEndReason | undefined {
        return this.endReason;
    }

    get direction(): CallDirection {
        return this.beginning.type === 'call.accept' ? 'Incoming' : 'Outgoing';
    }

    get info(): CallInfo {
        return { groupId: this.groupId, participantId: this.participantId };
    }

    get isMuted(): boolean {
        return this.muted;
    }

    get isIncomingAudioMuted(): boolean {
        return this.incomingAudioMuted;
    }

    get isScreenSharingOn(): boolean {
        return this.sharing;
    }

    get isLocalVideoStarted(): boolean {
        return this.videoStarted;
    }

    /** The camera and the screen that are being sent. */
    get localVideoStreams(): readonly LocalVideoStream[] {
        const streams = [
            this.videoStarted ? this.local.stream('camera') : undefined,
            this.sharing ? this.local.stream('screen') : undefined,
        ];
        return streams.filter((it): it is LocalVideoStream => it !== undefined);
    }

    get localAudioStreams(): readonly LocalAudioStream[] {
        return [this.local.microphone];
    }

    get remoteAudioStreams(): readonly RemoteAudioStream[] {
        return [...this.remoteAudio];
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
        return this.group;
    }

    /** Whether this device's connection is interrupted and being restored. Our addition. */
    get isReconnecting(): boolean {
        return this.reconnecting;
    }

    /** Why the microphone, camera or screen does not run although it should. Our addition. */
    get localMediaErrors(): LocalMediaErrors {
        return this.local.errors;
    }

    /**
     * Whether the browser refuses to play sound because the person has not touched the page yet. The next click or key
     * makes it play by itself; {@link resumeAudioPlayback} tries at once. Our addition.
     */
    get isAudioPlaybackBlocked(): boolean {
        return this.output.isBlocked;
    }

    /** Tries to play sound that the browser had refused to play. Our addition. */
    resumeAudioPlayback(): void {
        this.output.play();
    }

    /** The peer connection, for statistics. Our addition; do not negotiate or change its transceivers. */
    get peerConnection(): RTCPeerConnection {
        return this.media.peerConnection;
    }

    /** An extra of the call, such as `Features.DominantSpeakers`. */
    feature<Feature>(factory: CallFeatureFactory<Feature>): Feature {
        return this.features.get(factory);
    }

    /** Leaves the call, or ends it for everybody. */
    async hangUp(options: HangUpOptions = {}): Promise<void> {
        if (this.isOver) return;
        const forEveryone = options.forEveryone ?? false;
        this.setState('Disconnecting');
        if (this.participantId !== '') {
            const told = this.host.connection.request('call.hangUp', { callId: this.currentId, forEveryone });
            // One can always leave, whether or not the server hears of it in time.
            const patience = new Promise(resolve => setTimeout(resolve, hangUpPatience));
            await Promise.race([told.catch(() => {}), patience]);
        }
        this.end({ code: 0, subCode: forEveryone ? 4097 : 0, message: 'The call was hung up.' });
    }

    /** Closes the microphone. */
    mute(): Promise<void> {
        return this.setMuted(true);
    }

    /** Opens the microphone. */
    unmute(): Promise<void> {
        return this.setMuted(false);
    }

    /** Makes the call silent on this device. */
    async muteIncomingAudio(): Promise<void> {
        this.setIncomingAudioMuted(true);
    }

    async unmuteIncomingAudio(): Promise<void> {
        this.setIncomingAudioMuted(false);
    }

    /** Closes everybody else's microphone. */
    muteAllRemoteParticipants(): Promise<void> {
        return this.muteParticipants();
    }

    /** Sends sound, from `stream` if given; only needed after {@link stopAudio} or to change the source. */
    async startAudio(stream?: LocalAudioStream): Promise<void> {
        this.mustBeAlive();
        const source = stream && (stream.source ?? (await stream.getMediaStream()));
        if (source) await this.local.microphone.switchSource(source);
        await this.local.startMicrophone();
        const failure = this.local.errors.microphone;
        if (failure) throw failure;
    }

    /** Sends no sound at all, and frees the microphone. */
    async stopAudio(): Promise<void> {
        this.mustBeAlive();
        await this.local.stopMicrophone();
    }

    /** Sends a camera. */
    async startVideo(stream: LocalVideoStream): Promise<void> {
        this.mustBeAlive();
        if (this.local.stream('camera')) throw callingError('videoAlreadyOn');
        await this.local.startCamera(stream);
        this.videoStarted = true;
        this.emit('localVideoStreamsUpdated', { added: [stream], removed: [] });
        this.emit('isLocalVideoStartedChanged');
        await this.publish();
    }

    /** Stops sending `stream`, as given to {@link startVideo}. */
    async stopVideo(stream: LocalVideoStream): Promise<void> {
        this.mustBeAlive();
        if (this.local.stream('camera') !== stream) throw callingError('videoNotOn');
        await this.stopCamera();
    }

    /** Shares the screen, window or tab that the person chooses, or the picture of `stream`. */
    async startScreenSharing(stream?: LocalVideoStream): Promise<void> {
        this.mustBeAlive();
        if (this.currentState !== 'Connected') throw callingError('shareBeforeConnected');
        if (this.local.stream('screen')) throw callingError('shareAlreadyOn');
        await this.local.startScreen(stream);
        const screen = this.local.stream('screen');
        if (!screen) throw callingError('callEnded');
        this.sharing = true;
        this.emit('localVideoStreamsUpdated', { added: [screen], removed: [] });
        this.emit('isScreenSharingOnChanged');
        await this.publish();
    }

    async stopScreenSharing(): Promise<void> {
        const screen = this.local.stream('screen');
        if (!screen) return;
        await this.local.stopPicture('screen');
        this.sharing = false;
        this.emit('localVideoStreamsUpdated', { added: [], removed: [screen] });
        this.emit('isScreenSharingOnChanged');
        await this.publish();
    }

    /** Puts the call on hold: this device sends and receives nothing until {@link resume}. */
    async hold(): Promise<void> {
        await this.request('call.hold', { callId: this.currentId, onHold: true });
        await this.applyHold(true);
    }

    /** Takes up a call that is on hold. */
    async resume(): Promise<void> {
        await this.request('call.hold', { callId: this.currentId, onHold: false });
        await this.applyHold(false);
    }

    /**
     * Calls somebody into this call. The participant is in the roster at once; if they cannot be added, their state
     * becomes `Disconnected` and their `callEndReason` says why.
     */
    addParticipant(identifier: CommunicationIdentifier): RemoteParticipant {
        this.mustBeAlive();
        if (this.participantId === '') throw callingError('callNotConnected');
        if (!isCommunicationUserIdentifier(identifier)) throw callingError('invalidIdentifier');
        const participant = this.roster.invite(identifier.communicationUserId);
        this.request('call.add', { callId: this.currentId, target: identifier.communicationUserId })
            .then(reply => {
                if (reply.participantId !== undefined) participant.participantId ||= reply.participantId;
            })
            .catch((error: CallingError) => this.roster.uninvite(participant, error));
        return participant;
    }

    async removeParticipant(identifier: CommunicationIdentifier): Promise<void> {
        const userId = getIdentifierRawId(identifier);
        const found = this.roster.participants.filter(it => it.userId === userId && it.participantId !== '');
        if (found.length === 0) throw callingError('invalidArgument', 'This person is not in the call.', userId);
        for (const { participantId } of found) {
            await this.request('call.remove', { callId: this.currentId, participantId });
        }
    }

    /** Limits what is sent of the camera. */
    async setConstraints(constraints: MediaConstraints): Promise<void> {
        const { bitrate, frameHeight, frameRate } = constraints.video?.send ?? {};
        const height = this.local.stream('camera')?.current?.getVideoTracks()[0]?.getSettings().height ?? 720;
        await this.media.constrain('camera', {
            ...(bitrate && { maxBitrate: bitrate.max }),
            ...(frameRate && { maxFramerate: frameRate.max }),
            ...(frameHeight && { scaleResolutionDownBy: Math.max(1, height / frameHeight.max) }),
        });
    }

    // -- beginning and end, driven by the agent

    /** @internal Asks the server for the call; a failure ends it with that reason, and is also the result. */
    async begin(options: CallOptions): Promise<CallingError | undefined> {
        this.setState('Connecting');
        void this.local.startMicrophone();
        const camera = options.videoOptions?.localVideoStreams?.[0];
        if (camera) {
            // The camera may need seconds or a permission, so the call does not wait for it.
            this.startVideo(camera).catch(error => {
                if (!this.isOver) this.local.setError('camera', asCallingError(error, 'cameraBusy'));
            });
        }
        try {
            const media = await this.media.firstOffer();
            const { type, ...members } = this.beginning;
            const body = { ...members, muted: this.muted, media } as Requests[typeof type];
            const reply = await this.host.connection.request(type, body);
            if (!reply.call) throw callingError('refused');
            this.adopt(reply.call);
            if (this.isOver) return undefined;
            // Without an answer the media comes with an offer of its own.
            if (reply.media) await this.media.accept(reply.media);
            else await this.media.negotiate();
            return undefined;
        } catch (thrown) {
            const error = asCallingError(thrown, 'mediaNegotiationFailed');
            // The reply was lost with the connection, but the call was found again when that came back.
            if (error.reason === 'connectionLost' && this.participantId !== '' && !this.isOver) {
                this.media.restart().catch(failure => this.fail(asCallingError(failure, 'mediaNegotiationFailed')));
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
            this.host.connection
                .request('call.hangUp', { callId: snapshot.callId, forEveryone: false })
                .catch(() => {});
            return;
        }
        const first = this.participantId === '';
        this.participantId = snapshot.participantId;
        this.groupId = snapshot.groupId ?? undefined;
        this.setGroup(snapshot.kind === 'group');
        if (this.currentId !== snapshot.callId) {
            this.currentId = snapshot.callId;
            this.emit('idChanged');
        }
        this.roster.applySnapshot(snapshot);
        void this.applyHold(snapshot.onHold);
        this.applyState(snapshot.state, snapshot.reason ?? undefined);
        if (first) this.host.identified(this);
        if (this.isOver) return;
        if (snapshot.muted !== this.muted) this.assertMuted();
        if (snapshot.camera !== this.videoStarted || snapshot.screen !== this.sharing) this.publish().catch(() => {});
    }

    /** @internal */
    apply(push: CallPush): void {
        if (this.isOver) return;
        switch (push.type) {
            case 'call.state':
                this.setGroup(push.kind === 'group');
                this.applyState(push.state, push.reason ?? undefined);
                return;
            case 'call.roster':
                this.roster.apply(push);
                return;
            case 'call.self':
                this.applySelf(push);
                return;
            case 'call.speakers':
                this.roster.applySpeakers(push);
                return;
            case 'media.slots':
                this.videos.apply(push.slots);
                return;
            case 'media.state':
                // The server lost sight of us although everything looks well from here: take another path.
                if (push.state === 'interrupted' && this.media.isConnected) this.media.restart().catch(() => {});
                return;
            case 'media.codec':
                if (push.codec === 'H264' || push.codec === 'VP8') {
                    this.media.preferCodec(push.mid, push.codec as VideoCodec).catch(() => {});
                }
                return;
        }
    }

    /** @internal Ends the call on this side. */
    end(reason: WireReason): void {
        if (this.currentState === 'Disconnected') return;
        this.endReason = callEndReason(reason);
        this.host.devices.off('selectedSpeakerChanged', this.speakerSelected);
        this.host.connection.off('openChanged', this.connectionChanged);
        this.videos.close();
        this.local.close();
        this.output.close();
        for (const stream of this.remoteAudio) stream.dispose();
        this.media.close();
        this.roster.clear(reason);
        this.updateReconnecting();
        this.videoStarted = this.sharing = false;
        this.setState('Disconnected');
        this.host.ended(this);
    }

    /** @internal */
    get isOver(): boolean {
        return this.currentState === 'Disconnected';
    }

    // -- inside

    private fail(error: CallingError): void {
        if (this.isOver) return;
        // The server may hold the call although this side cannot take part in it.
        if (this.participantId !== '') {
            this.host.connection.request('call.hangUp', { callId: this.currentId, forEveryone: false }).catch(() => {});
        }
        this.end(error);
    }

    private mustBeAlive(): void {
        if (this.isOver) throw callingError('callEnded');
    }

    private async request<Type extends keyof Requests>(type: Type, body: Requests[Type]): Promise<WireReply> {
        this.mustBeAlive();
        if (this.participantId === '') throw callingError('callNotConnected');
        return this.host.connection.request(type, body);
    }

    private setState(state: CallState): void {
        if (state === this.currentState) return;
        this.currentState = state;
        this.emit('stateChanged');
    }

    private setGroup(group: boolean): void {
        if (group === this.group) return;
        this.group = group;
        this.emit('isGroupCallChanged');
    }

    private applyState(state: WireSnapshot['state'], reason: WireReason | undefined): void {
        if (state === 'Disconnected') {
            this.end(reason ?? { code: 0, subCode: 0, message: 'The call is over.' });
        } else if (this.currentState !== 'Disconnecting') {
            this.setState(state);
            if (state === 'LocalHold') void this.applyHold(true);
        }
    }

    private applySelf(push: Extract<CallPush, { type: 'call.self' }>): void {
        void this.applyHold(push.onHold);
        if (push.muted === this.muted || this.muteRequests > 0) return;
        if (push.muted && push.mutedBy && push.mutedBy !== this.participantId) {
            this.muted = true;
            this.local.setMuted(true);
            this.emit('isMutedChanged');
            this.emit('mutedByOthers');
        } else {
            // Nobody but the person in front of it opens a microphone: say again how it is.
            this.assertMuted();
        }
    }

    private async setMuted(muted: boolean): Promise<void> {
        this.mustBeAlive();
        if (muted === this.muted) return;
        this.muted = muted;
        this.local.setMuted(muted);
        this.emit('isMutedChanged');
        if (this.participantId !== '') await this.sendMuted();
    }

    private async sendMuted(): Promise<void> {
        this.muteRequests += 1;
        try {
            await this.request('call.mute', { callId: this.currentId, muted: this.muted });
        } finally {
            this.muteRequests -= 1;
        }
    }

    private assertMuted(): void {
        this.sendMuted().catch(() => {});
    }

    private async muteParticipants(participantIds?: string[]): Promise<void> {
        await this.request('call.muteParticipants', {
            callId: this.currentId,
            ...(participantIds && { participantIds }),
        });
    }

    private setIncomingAudioMuted(muted: boolean): void {
        this.mustBeAlive();
        if (muted === this.incomingAudioMuted) return;
        this.incomingAudioMuted = muted;
        this.output.setMuted(muted || this.onHold);
        this.emit('isIncomingAudioMutedChanged');
    }

    private async applyHold(onHold: boolean): Promise<void> {
        if (onHold === this.onHold || this.isOver) return;
        this.onHold = onHold;
        this.output.setMuted(onHold || this.incomingAudioMuted);
        this.videos.setPaused(onHold);
        await this.local.setOnHold(onHold);
    }

    private async stopCamera(): Promise<void> {
        const camera = this.local.stream('camera');
        if (!camera) return;
        await this.local.stopPicture('camera');
        this.videoStarted = false;
        this.emit('localVideoStreamsUpdated', { added: [], removed: [camera] });
        this.emit('isLocalVideoStartedChanged');
        await this.publish();
    }

    private async publish(): Promise<void> {
        // Before the call has its id `adopt` sees the difference and publishes.
        if (this.participantId === '' || this.isOver) return;
        const state = { callId: this.currentId, camera: this.videoStarted, screen: this.sharing };
        await this.request('call.publish', state);
    }

    private readonly speakerSelected = () => this.output.setSpeaker(this.host.devices.selectedSpeaker?.id);

    private readonly connectionChanged = () => {
        this.updateReconnecting();
        if (!this.host.connection.isOpen || this.participantId === '') return;
        if (!this.media.isConnected || this.media.isStale) this.media.restart().catch(() => {});
    };

    private readonly updateReconnecting = () => {
        const lost = !this.host.connection.isOpen || this.media.isInterrupted;
        const reconnecting = lost && this.participantId !== '' && !this.endReason;
        if (reconnecting === this.reconnecting) return;
        this.reconnecting = reconnecting;
        this.emit('isReconnectingChanged');
    };

    /** @internal The outgoing call that a snapshot without a known id can only be. */
    matches(snapshot: WireSnapshot): boolean {
        if (this.participantId !== '' || this.isOver) return false;
        switch (this.beginning.type) {
            case 'call.accept':
                return this.beginning.callId === snapshot.callId;
            case 'call.join':
                return this.beginning.groupId === snapshot.groupId;
            case 'call.start': {
                const present = new Set(snapshot.participants.map(it => it.userId));
                return snapshot.direction === 'Outgoing' && this.beginning.targets.some(target => present.has(target));
            }
        }
    }
}

/** @internal */
export function callerOf(userId: string, displayName?: string | null): CallerInfo {
    return { identifier: createIdentifierFromRawId(userId), displayName: displayName ?? undefined };
}
