import type { DataPath } from '../data/data-path';
import { asCallingError, callingError } from '../errors';
import { EventSource } from '../events';
import type { LinePurpose, WireLayer, WireMediaAnswer, WireMediaOffer } from '../signalling/protocol';
import { orderCodecs, type VideoCodec } from './codecs';
import { PathRepair } from './path-repair';
import { PathWatch, packetsReceived } from './path-watch';
import { refusesData, simulcastMids, withOpusWishes } from './sdp';
import { initialEncodings, SendLine, type SendPurpose } from './send-line';
import type { SendLimits } from './simulcast';
import { initialVideoSlots } from './slot-table';

/** How many people are heard at the same moment. */
const audioSlots = 3;
/** How often it is looked whether a camera delivers another size, since no event tells; milliseconds. */
const captureCheckInterval = 1_000;
/** Servers that become known after the first offer are tried if there is no connection after this, milliseconds. */
const lateServersPatience = 2_000;
/** How long a path may be silent until another is looked for, which costs little; milliseconds. */
const disconnectedPatience = 500;

export interface MediaSessionEvents {
    /** `isConnected` changed. */
    connectedChanged: void;
    /** Nothing comes any more, though the browser does not say so yet. */
    pathSilent: void;
    /** Slots were added. */
    slotsChanged: void;
}

type SlotPurpose = Exclude<LinePurpose, SendPurpose>;

interface SlotLine {
    readonly purpose: SlotPurpose;
    readonly transceiver: RTCRtpTransceiver;
    readonly stream: MediaStream;
}

/**
 * The peer connection of one call: lines for what is sent, slots for what is received, and all offers.
 *
 * Offers are made one at a time. Whatever asks for an offer while one is under way is served by the next.
 */
export class MediaSession extends EventSource<MediaSessionEvents> {
    private readonly connection: RTCPeerConnection;
    private readonly sendLines: SendLine[] = [];
    private readonly slotLines: SlotLine[] = [];
    private readonly repair: PathRepair;
    private readonly watch: PathWatch;
    private readonly captureTimer: ReturnType<typeof setInterval>;
    private negotiation: Promise<void> | undefined;
    private again: Promise<void> | undefined;
    private restartWanted = false;
    private offerFailed = false;
    private data: DataPath | undefined;
    /** Whether the offer that was made last has a line for data. */
    private dataOffered = false;
    private answered = false;
    private connected = false;
    private everConnected = false;
    private closed = false;

    /** `exchange` sends an offer to the server and gives its answer; `canExchange` tells whether it makes sense now. */
    constructor(
        private readonly exchange: (offer: WireMediaOffer) => Promise<WireMediaAnswer>,
        private readonly canExchange: () => boolean,
        configuration: RTCConfiguration = {},
    ) {
        super();
        if (typeof RTCPeerConnection === 'undefined') throw callingError('webRtcMissing');
        this.connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle', ...configuration });
        this.connection.addEventListener('connectionstatechange', () => this.stateChanged());
        this.connection.addEventListener('iceconnectionstatechange', () => this.stateChanged());
        this.repair = new PathRepair(() => {
            // Without signalling there is nobody to offer to; the call restarts media when it is back.
            if (this.canExchange()) void this.restart().catch(() => {});
        });
        this.watch = new PathWatch(
            () => packetsReceived(this.connection),
            () => {
                if (!this.connected) return;
                this.emit('pathSilent');
                this.networkChanged();
            },
        );
        for (const purpose of ['microphone', 'camera', 'screen'] as const) this.addSendLine(purpose);
        for (let index = 0; index < audioSlots; index += 1) this.addSlot('audioSlot');
        for (let index = 0; index < initialVideoSlots; index += 1) this.addSlot('videoSlot');
        this.addSlot('screenSlot');
        this.captureTimer = setInterval(() => {
            for (const line of this.sendLines) {
                if (line.purpose !== 'camera') continue;
                void line.checkCapture();
                void line.checkLoad();
            }
        }, captureCheckInterval);
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

    /** What each negotiated line is for, by mid. */
    get purposes(): Map<string, LinePurpose> {
        const lines = [...this.sendLines, ...this.slotLines];
        return new Map(lines.flatMap(({ purpose, transceiver: { mid } }) => (mid === null ? [] : [[mid, purpose]])));
    }

    /** The mids of the slots of one purpose that have been negotiated. */
    slots(purpose: SlotPurpose): string[] {
        return this.slotLines
            .filter(line => line.purpose === purpose && line.transceiver.currentDirection !== null)
            .map(line => line.transceiver.mid)
            .filter((mid): mid is string => mid !== null);
    }

    /** The stream that a slot plays. */
    slotStream(mid: string): MediaStream | undefined {
        return this.slotLines.find(line => line.transceiver.mid === mid)?.stream;
    }

    /** The tracks of the audio slots. */
    get audioTracks(): MediaStreamTrack[] {
        return this.slotLines
            .filter(line => line.purpose === 'audioSlot')
            .map(line => line.transceiver.receiver.track);
    }

    /** Sends `track`, or nothing. Needs no negotiation. */
    async send(purpose: SendPurpose, track: MediaStreamTrack | null): Promise<void> {
        if (!this.closed) await this.sendLines.find(line => line.purpose === purpose)?.send(track);
    }

    /** Sets the most that may be sent of a picture; members left out stay as they are. */
    async constrain(purpose: SendPurpose, limits: SendLimits): Promise<void> {
        if (!this.closed) await this.sendLines.find(line => line.purpose === purpose)?.constrain(limits);
    }

    /** Pauses the layers of a line that nobody watches, and sends those that somebody does. */
    async watchLayers(mid: string, layers: readonly WireLayer[]): Promise<void> {
        if (!this.closed) await this.sendLines.find(line => line.transceiver.mid === mid)?.watch(layers);
    }

    /** Takes other STUN and TURN servers, for this and later connections to the server. */
    setIceServers(iceServers: RTCIceServer[]): void {
        if (this.closed) return;
        try {
            this.connection.setConfiguration({ ...this.connection.getConfiguration(), iceServers });
        } catch (error) {
            console.warn('The STUN and TURN servers cannot be used:', error);
            return;
        }
        if (!this.everConnected && this.connection.localDescription) this.repair.start(lateServersPatience);
    }

    /** The device has changed networks: finds a new path while the old one may still work. */
    networkChanged(): void {
        if (this.closed || !this.connection.localDescription) return;
        this.restartWanted = true;
        if (this.canExchange()) void this.negotiate().catch(() => {});
        // The call restarts media when signalling is back.
        else this.offerFailed = true;
    }

    /** Carries data from now on: opens the channels of `path`, and offers a line for them. */
    openData(path: DataPath): void {
        if (this.closed) return;
        this.data = path;
        path.attach(this.connection);
        // The first offer has the line if it is not made yet; if it waits for its answer, `accept` offers again.
        if (this.answered) this.offerData(path);
    }

    /** The first offer, to travel with the request that begins the call. Its answer goes to `accept`. */
    async firstOffer(): Promise<WireMediaOffer> {
        this.dataOffered = this.data !== undefined;
        await this.connection.setLocalDescription(await this.connection.createOffer());
        return this.localOffer();
    }

    /** Takes the answer to `firstOffer`. */
    async accept(answer: WireMediaAnswer): Promise<void> {
        if (this.closed) return;
        try {
            await this.connection.setRemoteDescription({ type: 'answer', sdp: withOpusWishes(answer.sdp) });
        } catch (error) {
            throw asCallingError(error, 'mediaNegotiationFailed');
        }
        const mids = simulcastMids(answer.sdp);
        for (const line of this.sendLines) void line.answered(mids.has(line.transceiver.mid ?? ''));
        this.answered = true;
        if (this.data && !this.dataOffered) this.offerData(this.data);
        else if (refusesData(answer.sdp)) this.data?.fail();
        this.emit('slotsChanged');
    }

    /** Sees to it that there are `count` video slots. */
    async growVideoSlots(count: number): Promise<void> {
        // Those of an offer that failed are still there, and are offered again.
        const present = this.slotLines.filter(line => line.purpose === 'videoSlot').length;
        for (let index = present; index < count; index += 1) this.addSlot('videoSlot');
        await this.negotiate();
    }

    /** Sends or receives a line with another codec from now on. */
    async preferCodec(mid: string, codec: VideoCodec): Promise<void> {
        const lines = [...this.sendLines, ...this.slotLines];
        const transceiver = lines.map(line => line.transceiver).find(candidate => candidate.mid === mid);
        if (!transceiver || this.closed) return;
        orderCodecs(transceiver, codec);
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
        clearInterval(this.captureTimer);
        this.repair.stop();
        this.watch.stop();
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
            this.dataOffered = this.data !== undefined;
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

    private offerData(path: DataPath): void {
        this.negotiate().catch(thrown => {
            const error = asCallingError(thrown, 'dataChannelsUnavailable');
            // Without signalling the call offers again by itself when that is back.
            if (this.canExchange() && error.reason !== 'connectionLost') path.fail(error);
        });
    }

    private localOffer(): WireMediaOffer {
        const lines = [...this.purposes].map(([mid, purpose]) => ({ mid, purpose }));
        return { sdp: withOpusWishes(this.connection.localDescription?.sdp ?? ''), lines };
    }

    private addSendLine(purpose: SendPurpose): void {
        const kind = purpose === 'microphone' ? 'audio' : 'video';
        const sendEncodings = initialEncodings(purpose);
        const transceiver = this.connection.addTransceiver(kind, {
            direction: 'sendonly',
            ...(sendEncodings && { sendEncodings }),
        });
        if (kind === 'video') orderCodecs(transceiver);
        this.sendLines.push(new SendLine(purpose, transceiver));
    }

    private addSlot(purpose: SlotPurpose): void {
        const kind = purpose === 'audioSlot' ? 'audio' : 'video';
        const transceiver = this.connection.addTransceiver(kind, { direction: 'recvonly' });
        if (kind === 'video') orderCodecs(transceiver);
        this.slotLines.push({ purpose, transceiver, stream: new MediaStream([transceiver.receiver.track]) });
    }

    private stateChanged(): void {
        if (this.closed) return;
        const { connectionState, iceConnectionState } = this.connection;
        const iceConnected = iceConnectionState === 'connected' || iceConnectionState === 'completed';
        const connected = connectionState === 'connected' && iceConnected;
        if (connected) this.everConnected = true;
        const broken =
            connectionState === 'failed' || iceConnectionState === 'failed' || iceConnectionState === 'disconnected';
        if (connected) this.repair.stop();
        else if (broken) this.repair.start(iceConnectionState === 'disconnected' ? disconnectedPatience : 0);
        if (connected === this.connected) return;
        this.connected = connected;
        this.emit('connectedChanged');
    }
}
