import type { RemoteParticipant } from '../calls/remote-participant';
import type { Roster } from '../calls/roster';
import { DataChannelReceiver } from './data-channel-receiver';
import type { ReceivedFrame } from './data-frame';
import type { DataChannelReliability } from './data-path';

/** How long a sender may be silent until the receiver closes, milliseconds. */
const mostSilence = 120_000;
/** The most channels that are received of one participant; the messages of others are not taken. */
const mostReceivers = 64;
/** The most messages that are kept until the roster says who their sender is. */
const mostEarly = 64;

interface Entry {
    readonly receiver: DataChannelReceiver;
    lastHeard: number;
    timer: ReturnType<typeof setTimeout>;
}

interface Early {
    readonly reliability: DataChannelReliability;
    readonly frame: ReceivedFrame;
}

/** Sorts what comes by participant and channel. */
export class DataReceivers {
    /** By participant, then by channel and reliability. */
    private readonly byParticipant = new Map<string, Map<string, Entry>>();
    private early: Early[] = [];

    constructor(
        private readonly roster: Roster,
        private readonly created: (receiver: DataChannelReceiver) => void,
    ) {}

    take(reliability: DataChannelReliability, frame: ReceivedFrame): void {
        const participant = this.roster.find(frame.participantId);
        if (!participant) {
            // Data is faster than the news that somebody has come.
            if (this.early.length >= mostEarly) this.early.shift();
            this.early.push({ reliability, frame });
            return;
        }
        const entry = this.entry(participant, reliability, frame.channelId);
        if (!entry) return;
        entry.lastHeard = Date.now();
        entry.receiver.take({ data: frame.payload, sequenceNumber: frame.sequenceNumber });
    }

    /** People came and went. */
    rosterUpdated(removed: readonly RemoteParticipant[]): void {
        for (const { participantId } of removed) {
            const entries = this.byParticipant.get(participantId) ?? new Map<string, Entry>();
            for (const key of [...entries.keys()]) this.close(participantId, key);
        }
        const early = this.early;
        this.early = [];
        for (const { reliability, frame } of early) this.take(reliability, frame);
    }

    closeAll(): void {
        this.early = [];
        for (const [participantId, entries] of [...this.byParticipant]) {
            for (const key of [...entries.keys()]) this.close(participantId, key);
        }
    }

    private entry(
        participant: RemoteParticipant,
        reliability: DataChannelReliability,
        channelId: number,
    ): Entry | undefined {
        const { participantId } = participant;
        const entries = this.byParticipant.get(participantId) ?? new Map<string, Entry>();
        const key = `${channelId} ${reliability}`;
        const known = entries.get(key);
        if (known || entries.size >= mostReceivers) return known;
        const receiver = new DataChannelReceiver(channelId, participant.identifier, reliability);
        const entry: Entry = { receiver, lastHeard: Date.now(), timer: this.watch(participantId, key, mostSilence) };
        entries.set(key, entry);
        this.byParticipant.set(participantId, entries);
        this.created(receiver);
        return entry;
    }

    private watch(participantId: string, key: string, delay: number): ReturnType<typeof setTimeout> {
        return setTimeout(() => {
            const entry = this.byParticipant.get(participantId)?.get(key);
            if (!entry) return;
            const left = entry.lastHeard + mostSilence - Date.now();
            if (left > 0) entry.timer = this.watch(participantId, key, left);
            else this.close(participantId, key);
        }, delay);
    }

    private close(participantId: string, key: string): void {
        const entries = this.byParticipant.get(participantId);
        const entry = entries?.get(key);
        if (!entries || !entry) return;
        clearTimeout(entry.timer);
        entries.delete(key);
        if (entries.size === 0) this.byParticipant.delete(participantId);
        entry.receiver.emit('close');
    }
}
