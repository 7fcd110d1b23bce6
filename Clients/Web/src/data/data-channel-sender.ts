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
     * Sends bytes. Resolves when they have left this page, which says nothing about their arrival; while many wait, it
     * is well to wait for that. Messages wait while the call is on hold or has no connection.
     */
    async sendMessage(message: Uint8Array): Promise<void> {
        this.host.mustBeAlive();
        if (this.isClosed) throw callingError('disposed');
        if (!ArrayBuffer.isView(message)) throw callingError('invalidArgument', 'A message is a Uint8Array.');
        if (message.byteLength > maximumPayload) throw callingError('messageTooLarge');
        if (this.host.path.failure) throw this.host.path.failure;
        if (this.waiting.length >= mostWaiting) throw callingError('dataQueueFull');
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
            numberFrame(next.frame, this.channel.nextSequenceNumber);
            if (!this.host.path.send(this.reliability, next.frame)) return false;
            this.channel.nextSequenceNumber = (this.channel.nextSequenceNumber + 1) >>> 0;
            this.channel.marks[this.reliability] = this.host.path.mark(this.reliability);
            this.rate.spend(next.frame.byteLength, now);
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
        this.reject(error, () => true);
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
        if (this.isClosed && this.waiting.length === 0) this.host.finished(this);
    }
}
