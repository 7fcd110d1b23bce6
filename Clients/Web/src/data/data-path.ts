import { callingError, type CallingError } from '../errors';
import { EventSource } from '../events';
import { decodeFrame, decodeReceipt, receiptProtocol, type Receipt, type ReceivedFrame } from './data-frame';

/** What happens to a message that is lost on its way: `Durable` sends it again, and keeps the order. */
export type DataChannelReliability = 'Lossy' | 'Durable';

interface DataPathEvents {
    received: { reliability: DataChannelReliability; frame: ReceivedFrame };
    /** The server has taken or refused a durable message. */
    receipt: Receipt;
    /** The durable channel is gone, and with it what was on the way. */
    interrupted: void;
    /** There may be room again. */
    writable: void;
    /** See `failure`. */
    failed: void;
}

/** The browser is given no more while so many bytes wait in it, so that urgent messages do not queue behind many. */
const mostBuffered = 16_384;
/** How long until a channel that was closed from outside is opened again, milliseconds. */
const reopenDelay = 1_000;

const channels: Record<DataChannelReliability, { label: string; options: RTCDataChannelInit }> = {
    Durable: { label: 'durable', options: { ordered: true, protocol: receiptProtocol } },
    Lossy: { label: 'lossy', options: { ordered: false, maxRetransmits: 0 } },
};

/** The two WebRTC data channels of a call, on whichever peer connection it has. */
export class DataPath extends EventSource<DataPathEvents> {
    private connection: RTCPeerConnection | undefined;
    private readonly open = new Map<DataChannelReliability, RTCDataChannel>();
    private readonly timers = new Set<ReturnType<typeof setTimeout>>();
    /** How many bytes the browser has been given in all. */
    private readonly given: Record<DataChannelReliability, number> = { Durable: 0, Lossy: 0 };
    private refusal: CallingError | undefined;

    /** Why no data can be sent or received; undefined while there is hope. */
    get failure(): CallingError | undefined {
        return this.refusal;
    }

    /** Opens the channels on `connection`, in place of those on one before. They open once it is negotiated. */
    attach(connection: RTCPeerConnection): void {
        if (connection === this.connection) return;
        this.detach();
        this.connection = connection;
        this.refusal = undefined;
        for (const reliability of ['Durable', 'Lossy'] as const) this.create(reliability);
    }

    /** The server takes no data: what waits need not wait any longer. */
    fail(error: CallingError = callingError('dataChannelsUnavailable')): void {
        this.refusal = error;
        this.stopTimers();
        this.emit('failed');
    }

    /** Whether the browser takes another message now. */
    isWritable(reliability: DataChannelReliability): boolean {
        const channel = this.open.get(reliability);
        return channel?.readyState === 'open' && channel.bufferedAmount <= mostBuffered;
    }

    /** Whether the server says what became of each durable message. */
    get hasReceipts(): boolean {
        return this.open.get('Durable')?.protocol === receiptProtocol;
    }

    /** Gives a message to the browser; false when that does not want it. */
    send(reliability: DataChannelReliability, frame: Uint8Array): boolean {
        try {
            this.open.get(reliability)?.send(frame);
        } catch {
            return false;
        }
        this.given[reliability] += frame.byteLength;
        return true;
    }

    /** A mark behind everything that the browser has been given up to now. */
    mark(reliability: DataChannelReliability): number {
        return this.given[reliability];
    }

    /** Whether the browser has sent everything before `mark`. */
    hasSent(reliability: DataChannelReliability, mark: number): boolean {
        return this.given[reliability] - (this.open.get(reliability)?.bufferedAmount ?? 0) >= mark;
    }

    close(): void {
        this.detach();
        this.connection = undefined;
    }

    private create(reliability: DataChannelReliability): void {
        const { connection } = this;
        if (!connection || connection.signalingState === 'closed') return;
        if (connection.sctp?.state === 'closed') {
            this.fail();
            return;
        }
        const { label, options } = channels[reliability];
        const channel = connection.createDataChannel(label, options);
        channel.binaryType = 'arraybuffer';
        channel.bufferedAmountLowThreshold = mostBuffered;
        this.open.set(reliability, channel);
        const listen = (event: string, listener: (event: Event) => void) =>
            channel.addEventListener(event, happened => {
                if (this.open.get(reliability) === channel) listener(happened);
            });
        listen('open', () => {
            this.refusal = undefined;
            this.emit('writable');
        });
        listen('bufferedamountlow', () => this.emit('writable'));
        listen('message', event => {
            const { data } = event as MessageEvent;
            const frame = decodeFrame(data);
            const receipt = reliability === 'Durable' && !frame ? decodeReceipt(data) : undefined;
            if (frame) this.emit('received', { reliability, frame });
            else if (receipt) this.emit('receipt', receipt);
        });
        listen('close', () => {
            this.open.delete(reliability);
            if (reliability === 'Durable') this.emit('interrupted');
            if (!this.refusal) this.later(() => this.create(reliability));
        });
    }

    private detach(): void {
        this.stopTimers();
        const before = [...this.open.values()];
        if (this.open.has('Durable')) this.emit('interrupted');
        this.open.clear();
        for (const channel of before) channel.close();
    }

    private later(action: () => void): void {
        const timer = setTimeout(() => {
            this.timers.delete(timer);
            action();
        }, reopenDelay);
        this.timers.add(timer);
    }

    private stopTimers(): void {
        for (const timer of this.timers) clearTimeout(timer);
        this.timers.clear();
    }
}
