import { asCallingError, callingError, type CallingError } from '../errors';
import { getIdentifierRawId, type CommunicationIdentifier } from '../identifiers';
import { encodeFrame, maximumPayload, numberFrame } from './data-frame';
import type { DataChannelPriority, PacedSource } from './data-pacer';
import type { DataChannelReliability, DataPath } from './data-path';
import { RateLimit } from './rate-limit';
import { mostRecipients, type Audience, type Recipients } from './recipients';

export interface DataChannelSenderOptions {
    /** What the messages are for, by agreement among apps: 1 to 65535. The lowest that is free unless told. */
    channelId?: number;
    /** `Lossy` unless told. */
    reliability?: DataChannelReliability;
    /** `Normal` unless told. */
    priority?: DataChannelPriority;
    /** The most that is sent, kilobits in a second; 500 unless told, which is what the server takes of all senders. */
    bitrateInKbps?: number;
    /** Who gets the messages, as with {@link DataChannelSender.setParticipants}; everybody unless told. */
    participants?: CommunicationIdentifier[];
}

/** @internal What outlives a sender: a later one of the same channel goes on with it. */
export interface OutgoingChannel {
    readonly recipients: Recipients;
    /** Behind the last message of the channel; see `DataPath.mark`. */
    readonly marks: Record<DataChannelReliability, number>;
    nextSequenceNumber: number;
}

/** @internal */
export interface SenderHost {
    readonly path: DataPath;
    /** Whether the server can be asked something in this call. */
    readonly isEstablished: boolean;
    mustBeAlive(): void;
    /** Something may be sent. */
    wake(): void;
    closed(sender: DataChannelSender): void;
    /** The sender is closed, and its last message has left. */
    finished(source: PacedSource): void;
}

interface Waiting {
    readonly frame: Uint8Array;
    readonly audience: Audience;
    resolve(): void;
    reject(error: CallingError): void;
}

/** Why a durable message was refused, for a person. */
const refusals: Record<string, string> = {
    onHold: 'The call is on hold.',
    notConnected: 'The call is not connected yet.',
    tooManyWaiting: 'Too much waits for people whose listeners are not ready; try again later.',
    receiverBehind: 'Somebody has not taken earlier messages, and does not get this one.',
};

const unknownFate = () => callingError('connectionLost', 'It is not known whether the message has arrived.');

/** How long the server is waited for to say what became of a message, milliseconds: as long as calls are resumed. */
const receiptPatience = 60_000;
/** The most messages that wait to be sent. */
const mostWaiting = 256;
/** How often it is looked whether the browser has sent what earlier recipients shall get, milliseconds. */
const sentCheckInterval = 50;

/** Sends messages to everybody in the call, or to those that `setParticipants` names. */
export class DataChannelSender {
    readonly channelId: number;
    readonly reliability: DataChannelReliability;
    readonly priority: DataChannelPriority;
    readonly bitrateInKbps: number;
    /** The most bytes of a message: 32,768. */
    readonly maxMessageSizeInBytes = maximumPayload;
    /** The same under the name that the mirrored SDK's declarations have. */
    readonly maxMessageSize = maximumPayload;
    private readonly rate: RateLimit;
    private waiting: Waiting[] = [];
    /** Durable messages that have left and that the server has not confirmed, by their numbers. */
    private readonly unconfirmed = new Map<number, Waiting & { timer: ReturnType<typeof setTimeout> }>();
    private audience: Audience;
    private isClosed = false;

    /** @internal */
    constructor(
        private readonly host: SenderHost,
        private readonly channel: OutgoingChannel,
        options: DataChannelSenderOptions & { channelId: number },
    ) {
        this.channelId = options.channelId;
        this.reliability = options.reliability ?? 'Lossy';
        this.priority = options.priority ?? 'Normal';
        this.bitrateInKbps = options.bitrateInKbps ?? 500;
        this.rate = new RateLimit(this.bitrateInKbps);
    }

    /**
     * Sends bytes. A durable message resolves when the server has taken it, for everybody who listens now and for those
     * whose listeners are on their way; it rejects when some of them will not get it. A lossy one resolves when it has
     * left this page. While many wait, it is well to wait for that. Messages wait while the call is on hold or has no
     * connection.
     */
    async sendMessage(message: Uint8Array): Promise<void> {
        this.host.mustBeAlive();
        if (this.isClosed) throw callingError('disposed');
        if (!ArrayBuffer.isView(message)) throw callingError('invalidArgument', 'A message is a Uint8Array.');
        if (message.byteLength > maximumPayload) throw callingError('messageTooLarge');
        if (this.host.path.failure) throw this.host.path.failure;
        if (this.waiting.length + this.unconfirmed.size >= mostWaiting) throw callingError('dataQueueFull');
        const frame = encodeFrame(this.channelId, message);
        await new Promise<void>((resolve, reject) => {
            this.waiting.push({ frame, audience: this.audience, resolve, reject });
            this.host.wake();
        });
    }

    /**
     * Names who gets the messages that are sent from now on, at most 64 people; an empty list is everybody. Who is
     * named and not in the call gets them from when they come.
     */
    setParticipants(participants: CommunicationIdentifier[]): void {
        this.host.mustBeAlive();
        if (this.isClosed) throw callingError('disposed');
        if (!Array.isArray(participants) || participants.length > mostRecipients) {
            throw callingError('invalidArgument', `A message has at most ${mostRecipients} recipients.`);
        }
        this.audience = participants.length > 0 ? [...new Set(participants.map(getIdentifierRawId))] : undefined;
        this.prepare();
    }

    /** Sends what waits, and no more. */
    close(): void {
        if (this.isClosed) return;
        this.isClosed = true;
        this.host.closed(this);
        this.finishIfEmpty();
    }

    // -- for the pacer

    /** @internal */
    due(now: number): number | undefined {
        const [next] = this.waiting;
        if (!next) return undefined;
        const recipients = this.channel.recipients.of(next.audience);
        if (recipients?.length === 0) return now;
        if (this.channel.recipients.isTold(recipients)) return this.rate.due(now);
        return this.ask(recipients, next.audience) ? undefined : now + sentCheckInterval;
    }

    /** @internal */
    sendNext(now: number): boolean {
        const [next] = this.waiting;
        // With none of its recipients in the call a message is sent to nobody.
        if (this.channel.recipients.of(next.audience)?.length !== 0) {
            const number = this.channel.nextSequenceNumber;
            numberFrame(next.frame, number);
            if (!this.host.path.send(this.reliability, next.frame)) return false;
            this.channel.nextSequenceNumber = (number + 1) >>> 0;
            this.channel.marks[this.reliability] = this.host.path.mark(this.reliability);
            this.rate.spend(next.frame.byteLength, now);
            if (this.reliability === 'Durable' && this.host.path.hasReceipts) {
                this.waiting.shift();
                const timer = setTimeout(() => this.giveUp(number), receiptPatience);
                this.unconfirmed.set(number, { ...next, timer });
                return true;
            }
        }
        this.waiting.shift();
        next.resolve();
        this.finishIfEmpty();
        return true;
    }

    // -- for the feature

    /** @internal The roster or the recipients changed: tells the server before there is a message. */
    prepare(): void {
        if (this.waiting.length > 0 || this.isClosed || !this.host.isEstablished) {
            this.host.wake();
            return;
        }
        const recipients = this.channel.recipients.of(this.audience);
        if (recipients?.length === 0 || this.channel.recipients.isTold(recipients)) return;
        this.ask(recipients, this.audience);
    }

    /** @internal Nothing of what waits can be sent. */
    fail(error: CallingError): void {
        this.rejectUnconfirmed(error);
        this.reject(error, () => true);
    }

    /** @internal The server has taken message `number`, or refused it; false if it is none of this sender's. */
    confirm(number: number, refusal: string | undefined): boolean {
        const message = this.unconfirmed.get(number);
        if (!message) return false;
        this.unconfirmed.delete(number);
        clearTimeout(message.timer);
        if (refusal === undefined) message.resolve();
        else message.reject(callingError('messageNotDelivered', refusals[refusal], refusal));
        this.finishIfEmpty();
        return true;
    }

    /** @internal Nobody will say what became of the messages that were on their way. */
    interrupt(): void {
        this.rejectUnconfirmed(unknownFate());
        this.finishIfEmpty();
    }

    private giveUp(number: number): void {
        const message = this.unconfirmed.get(number);
        this.unconfirmed.delete(number);
        message?.reject(unknownFate());
        this.finishIfEmpty();
    }

    private rejectUnconfirmed(error: CallingError): void {
        const rejected = [...this.unconfirmed.values()];
        this.unconfirmed.clear();
        for (const message of rejected) {
            clearTimeout(message.timer);
            message.reject(error);
        }
    }

    /** Tells the server who the recipients are; false if earlier messages have to leave before. */
    private ask(recipients: string[] | undefined, audience: Audience): boolean {
        const { path } = this.host;
        const { marks } = this.channel;
        if (!path.hasSent('Durable', marks.Durable) || !path.hasSent('Lossy', marks.Lossy)) return false;
        this.channel.recipients.ask(recipients, error => {
            const unchanged = recipients?.join() === this.channel.recipients.of(audience)?.join();
            // Otherwise somebody left or came in between, and the server is asked again.
            if (error !== undefined && unchanged) {
                this.reject(asCallingError(error, 'dataChannelsUnavailable'), it => it.audience === audience);
            }
            this.host.wake();
        });
        return true;
    }

    private reject(error: CallingError, which: (message: Waiting) => boolean): void {
        const rejected = this.waiting.filter(which);
        this.waiting = this.waiting.filter(it => !which(it));
        for (const message of rejected) message.reject(error);
        this.finishIfEmpty();
    }

    private finishIfEmpty(): void {
        if (this.isClosed && this.waiting.length + this.unconfirmed.size === 0) this.host.finished(this);
    }
}
