import { EventSource } from '../events';
import type { CommunicationIdentifier } from '../identifiers';
import type { DataChannelReliability } from './data-path';

export interface DataChannelMessage {
    readonly data: Uint8Array;
    /** Grows by one with each message that the sender has sent on this channel; a gap is a message that was lost. */
    readonly sequenceNumber: number;
}

export interface DataChannelReceiverEvents {
    /** There is a message more to read. */
    messageReady: void;
    /** No more messages come: the sender left, or was silent for two minutes. What has come can still be read. */
    close: void;
}

/** The most messages that wait to be read. Durable ones are 32 MiB at most, lossy ones go out of date. */
const mostUnread: Record<DataChannelReliability, number> = { Durable: 1_024, Lossy: 256 };

/** What one participant sends on one channel. */
export class DataChannelReceiver extends EventSource<DataChannelReceiverEvents> {
    private readonly unread: DataChannelMessage[] = [];
    private dropped = 0;

    /** @internal */
    constructor(
        readonly channelId: number,
        readonly senderParticipantIdentifier: CommunicationIdentifier,
        /** Our addition: how the sender sends. */
        readonly reliability: DataChannelReliability,
    ) {
        super();
    }

    /** The receiver itself, for listeners that take the event apart: `({ receiver }) => …`. Our addition. */
    get receiver(): DataChannelReceiver {
        return this;
    }

    /** How many messages were thrown away because the app did not read them; the oldest go first. Our addition. */
    get droppedMessageCount(): number {
        return this.dropped;
    }

    /** The next message; undefined when all have been read. */
    readMessage(): DataChannelMessage | undefined {
        return this.unread.shift();
    }

    /** @internal */
    take(message: DataChannelMessage): void {
        if (this.unread.length >= mostUnread[this.reliability]) {
            this.unread.shift();
            this.dropped += 1;
        }
        this.unread.push(message);
        this.emit('messageReady');
    }
}
