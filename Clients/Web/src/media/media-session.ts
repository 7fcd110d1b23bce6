import { asCallingError, callingError } from '../errors';
import { EventSource } from '../events';
import type { LinePurpose, WireMediaAnswer, WireMediaOffer } from '../signalling/protocol';
import { preferredCodecs, type VideoCodec } from './codecs';
import { initialVideoSlots } from './slot-table';

/** How many people are heard at the same moment. */
const audioSlots = 3;

/** What is sent, by purpose. */
export type SendPurpose = 'microphone' | 'camera' | 'screen';

/** The most that is sent of a line. */
export interface SendLimits {
    /** Bits a second. */
    maxBitrate?: number;
    /** Frames a second. */
    maxFramerate?: number;
    /** How many times smaller the picture is sent, in each direction; at least 1. */
    scaleResolutionDownBy?: number;
}

const initialLimits: Record<SendPurpose, SendLimits> = {
    microphone: {},
    // 720p at 30 frames a second.
    camera: { maxBitrate: 1_500_000, maxFramerate: 30 },
    // 1080p; few frames, but each of them sharp.
    screen: { maxBitrate: 2_500_000, maxFramerate: 30 },
};

/** A picture is scaled down (camera) or slowed down (screen) when the network or the processor is too slow. */
const degradation: Partial<Record<SendPurpose, RTCDegradationPreference>> = {
    camera: 'balanced',
    screen: 'maintain-resolution',
};

/** A connection that has been interrupted for this long is restarted, milliseconds. */
const restartAfter = 2_000;
/** The pause until a restart is tried again, milliseconds. */
const restartAgainAfter = 5_000;

export interface MediaSessionEvents {
    /** `isConnected` changed. */
    connectedChanged: void;
    /** Slots were added. */
    slotsChanged: void;
}

interface Line {
    readonly purpose: LinePurpose;
    readonly transceiver: RTCRtpTransceiver;
    readonly stream: MediaStream | undefined;
}

/**
 * The peer connection of one call: lines for what is sent, slots for what is received, and all offers.
 *
 * Offers are made one at a time. Whatever asks for an offer while one is under way is served by the next.
 */
export class MediaSession extends EventSource<MediaSessionEvents> {
    private readonly connection: RTCPeerConnection;
    private readonly lines: Line[] = [];
    private readonly limits = { ...initialLimits };
    private negotiation: Promise<void> | undefined;
    private again: Promise<void> | undefined;
    private restartWanted = false;
    private offerFailed = false;
    private restartTimer: ReturnType<typeof setTimeout> | undefined;
    private connected = false;
    private everConnected = false;
    private closed = false;

    /** `exchange` sends an offer to the server and gives its answer; `canExchange` tells whether it makes sense now. */
    constructor(
        private readonly exchange: (offer: WireMediaOffer) => Promise<WireMediaAnswer>,
        private readonly canExchange: () => boolean,
    ) {
        super();
        if (typeof RTCPeerConnection === 'undefined') throw callingError('webRtcMissing');
        this.connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
        this.connection.addEventListener('connectionstatechange', () => this.stateChanged());
        this.connection.addEventListener('iceconnectionstatechange', () => this.stateChanged());
        for (const purpose of ['microphone', 'camera', 'screen'] as const) this.addSendLine(purpose);
        for (let index = 0; index < audioSlots; index += 1) this.addSlot('audioSlot');
        for (let index = 0; index < initialVideoSlots; index += 1) this.addSlot('videoSlot');
        this.addSlot('screenSlot');
    }

    /** Whether media can flow: ICE and DTLS are up. */
    get isConnected(): boolean {
        return this.connected;
    }

    /** Whether media flowed once and does not now. */
    get isInterrupted(): boolean {
        return this.everConnected && !this.connected;
    }

    /** Whether the server may not know what this side knows, because an offer had no answer. */
    get isStale(): boolean {
        return this.offerFailed;
    }

    /** The peer connection itself, for statistics. */
    get peerConnection(): RTCPeerConnection {
        return this.connection;
    }

    /** The mids of the slots of one purpose that have been negotiated. */
    slots(purpose: 'audioSlot' | 'videoSlot' | 'screenSlot'): string[] {
        return this.lines
            .filter(line => line.purpose === purpose && line.transceiver.currentDirection !== null)
            .map(line => line.transceiver.mid)
            .filter((mid): mid is string => mid !== null);
    }

    /** The stream that a slot plays. */
    slotStream(mid: string): MediaStream | undefined {
        return this.lines.find(line => line.transceiver.mid === mid)?.stream;
    }

    /** The tracks of the audio slots. */
    get audioTracks(): MediaStreamTrack[] {
        return this.lines
            .filter(line => line.purpose === 'audioSlot')
            .map(line => line.transceiver.receiver.track);
    }

    /** Sends `track`, or nothing. Needs no negotiation. */
    async send(purpose: SendPurpose, track: MediaStreamTrack | null): Promise<void> {
        const sender = this.lines.find(line => line.purpose === purpose)?.transceiver.sender;
        if (!sender || this.closed) return;
        if (track && purpose === 'screen') track.contentHint = 'detail';
        await sender.replaceTrack(track);
        if (track) await this.limit(sender, purpose);
    }

    /** Sets the most that may be sent of a picture; members left out stay as they are. */
    async constrain(purpose: SendPurpose, limits: SendLimits): Promise<void> {
        this.limits[purpose] = { ...this.limits[purpose], ...limits };
        const sender = this.lines.find(line => line.purpose === purpose)?.transceiver.sender;
        if (sender?.track) await this.limit(sender, purpose);
    }

    /** The first offer, to travel with the request that begins the call. Its answer goes to `accept`. */
    async firstOffer(): Promise<WireMediaOffer> {
        await this.connection.setLocalDescription(await this.connection.createOffer());
        return this.localOffer();
    }

    /** Takes the answer to `firstOffer`. */
    async accept(answer: WireMediaAnswer): Promise<void> {
        if (this.closed) return;
        try {
            await this.connection.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
        } catch (error) {
            throw asCallingError(error, 'mediaNegotiationFailed');
        }
        this.emit('slotsChanged');
    }

    /** Sees to it that there are `count` video slots. */
    async growVideoSlots(count: number): Promise<void> {
        // Those of an offer that failed are still there, and are offered again.
        const present = this.lines.filter(line => line.purpose === 'videoSlot').length;
        for (let index = present; index < count; index += 1) this.addSlot('videoSlot');
        await this.negotiate();
    }

    /** Sends or receives a line with another codec from now on. */
    async preferCodec(mid: string, codec: VideoCodec): Promise<void> {
        const line = this.lines.find(candidate => candidate.transceiver.mid === mid);
        if (!line || this.closed) return;
        orderCodecs(line.transceiver, codec);
        await this.negotiate();
    }

    /** Offers with new ICE credentials, for a path that broke or a server that lost sight of us. */
    async restart(): Promise<void> {
        this.restartWanted = true;
        await this.negotiate();
    }

    /** Makes a new offer, after those that are under way. */
    negotiate(): Promise<void> {
        if (!this.negotiation) {
            this.negotiation = this.offer().finally(() => {
                this.negotiation = undefined;
            });
            return this.negotiation;
        }
        this.again ??= this.negotiation
            .catch(() => {})
            .then(() => {
                this.again = undefined;
                return this.negotiate();
            });
        return this.again;
    }

    close(): void {
        this.closed = true;
        clearTimeout(this.restartTimer);
        this.connection.close();
    }

    private async offer(): Promise<void> {
        if (this.closed) return;
        const iceRestart = this.restartWanted;
        this.restartWanted = false;
        try {
            // The answer to an offer that never came: forget that offer before the next.
            if (this.connection.signalingState === 'have-local-offer') {
                await this.connection.setLocalDescription({ type: 'rollback' });
            }
            await this.connection.setLocalDescription(await this.connection.createOffer({ iceRestart }));
            const answer = await this.exchange(this.localOffer());
            await this.accept(answer);
            this.offerFailed = false;
        } catch (error) {
            if (this.closed) return;
            this.offerFailed = true;
            this.restartWanted ||= iceRestart;
            if (this.connection.signalingState === 'have-local-offer') {
                await this.connection.setLocalDescription({ type: 'rollback' }).catch(() => {});
            }
            throw error;
        }
    }

    private localOffer(): WireMediaOffer {
        const lines = this.lines.flatMap(({ purpose, transceiver }) =>
            transceiver.mid === null ? [] : [{ mid: transceiver.mid, purpose }],
        );
        return { sdp: this.connection.localDescription?.sdp ?? '', lines };
    }

    private addSendLine(purpose: SendPurpose): void {
        const kind = purpose === 'microphone' ? 'audio' : 'video';
        const options: RTCRtpTransceiverInit = { direction: 'sendonly' };
        if (kind === 'video') options.sendEncodings = [{ ...this.limits[purpose] }];
        const transceiver = this.connection.addTransceiver(kind, options);
        if (kind === 'video') orderCodecs(transceiver);
        this.lines.push({ purpose, transceiver, stream: undefined });
    }

    private addSlot(purpose: 'audioSlot' | 'videoSlot' | 'screenSlot'): void {
        const kind = purpose === 'audioSlot' ? 'audio' : 'video';
        const transceiver = this.connection.addTransceiver(kind, { direction: 'recvonly' });
        if (kind === 'video') orderCodecs(transceiver);
        this.lines.push({ purpose, transceiver, stream: new MediaStream([transceiver.receiver.track]) });
    }

    private async limit(sender: RTCRtpSender, purpose: SendPurpose): Promise<void> {
        const preference = degradation[purpose];
        if (!preference) return;
        const parameters = sender.getParameters();
        parameters.degradationPreference = preference;
        for (const encoding of parameters.encodings ?? []) Object.assign(encoding, this.limits[purpose]);
        // Only advice to the encoder: a browser that does not know a member sends with its own ideas.
        await sender.setParameters(parameters).catch(() => {});
    }

    private stateChanged(): void {
        if (this.closed) return;
        const { connectionState, iceConnectionState } = this.connection;
        const iceConnected = iceConnectionState === 'connected' || iceConnectionState === 'completed';
        const connected = connectionState === 'connected' && iceConnected;
        if (connected) this.everConnected = true;
        const broken =
            connectionState === 'failed' || iceConnectionState === 'failed' || iceConnectionState === 'disconnected';
        if (connected) {
            clearTimeout(this.restartTimer);
            this.restartTimer = undefined;
        } else if (broken) {
            this.restartSoon(iceConnectionState === 'disconnected' ? restartAfter : 0);
        }
        if (connected === this.connected) return;
        this.connected = connected;
        this.emit('connectedChanged');
    }

    private restartSoon(delay: number): void {
        this.restartTimer ??= setTimeout(() => {
            this.restartTimer = undefined;
            if (this.closed || this.connected) return;
            // Without signalling there is nobody to offer to; the call restarts media when it is back.
            if (this.canExchange()) void this.restart().catch(() => {});
            this.restartSoon(restartAgainAfter);
        }, delay);
    }
}

function orderCodecs(transceiver: RTCRtpTransceiver, first?: VideoCodec): void {
    const capabilities = RTCRtpReceiver.getCapabilities?.('video')?.codecs;
    const codecs = capabilities && preferredCodecs(capabilities, first);
    if (!codecs) return;
    try {
        transceiver.setCodecPreferences(codecs);
    } catch {
        // The browser's own order has to do; the server takes what it can forward.
    }
}
