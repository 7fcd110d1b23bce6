import type { Reception } from '../calls/reception';
import type { LinePurpose } from '../signalling/protocol';
import type {
    IncomingAudioMediaStats,
    IncomingVideoMediaStats,
    MediaStatsReportSample,
    OutgoingAudioMediaStats,
    OutgoingVideoMediaStats,
    TransportMediaStats,
} from './media-stats-report';

/** An entry of the browser's report, of whatever kind: members by name. */
type Entry = Record<string, unknown> & { id: string; type: string; timestamp: number };

/** What a sample is made of. */
export interface StatsSource {
    readonly connection: Pick<RTCPeerConnection, 'getStats' | 'getTransceivers'>;
    /** What each line is for, by mid. */
    readonly purposes: Map<string, LinePurpose>;
    readonly reception: Reception;
    /** The `id` of the stream that a slot shows. */
    streamId(mid: string): number | undefined;
}

/** Makes samples of the browser's reports, which only hold totals. */
export class StatsSampler {
    private readonly previous = new Map<string, Entry>();
    private readonly freezes = new Map<string, { occupant: string; count: number; total: number; longest: number }>();
    private entries = new Map<string, Entry>();

    constructor(private readonly source: StatsSource) {}

    async sample(): Promise<MediaStatsReportSample> {
        const report = await this.source.connection.getStats();
        this.entries = new Map();
        report.forEach((entry: Entry) => this.entries.set(entry.id, entry));
        const sample: MediaStatsReportSample = {
            audio: { send: [], receive: [] },
            video: { send: [], receive: [] },
            screenShare: { send: [], receive: [] },
            transports: [],
        };
        for (const entry of this.entries.values()) {
            if (entry.type === 'transport') sample.transports.push(this.transport(entry));
            if (entry.type !== 'inbound-rtp' && entry.type !== 'outbound-rtp') continue;
            const mid = this.midOf(entry);
            if (mid !== undefined) this.add(entry, mid, sample);
        }
        this.previous.clear();
        for (const [id, entry] of this.entries) this.previous.set(id, entry);
        return sample;
    }

    private add(entry: Entry, mid: string, { audio, video, screenShare }: MediaStatsReportSample): void {
        const purpose = this.source.purposes.get(mid);
        // A slot that shows nobody has nothing to tell.
        if (entry.type === 'inbound-rtp' && !this.source.reception.slot(mid)?.participantId) return;
        switch (purpose) {
            case 'microphone':
                audio.send.push(this.outgoingAudio(entry));
                return;
            case 'camera':
                video.send.push(this.outgoingVideo(entry));
                return;
            case 'screen':
                screenShare.send.push(this.outgoingVideo(entry));
                return;
            case 'audioSlot':
                audio.receive.push(this.incomingAudio(entry, mid));
                return;
            case 'videoSlot':
                video.receive.push(this.incomingVideo(entry, mid));
                return;
            case 'screenSlot':
                screenShare.receive.push(this.incomingVideo(entry, mid));
                return;
        }
    }

    /** Older browsers do not tell the mid, but the track. */
    private midOf(entry: Entry): string | undefined {
        if (typeof entry.mid === 'string') return entry.mid;
        const track = text(entry.trackIdentifier) ?? text(this.linked(entry, 'mediaSourceId')?.trackIdentifier);
        const transceiver = this.source.connection
            .getTransceivers()
            .find(it => track !== undefined && (it.receiver.track.id === track || it.sender.track?.id === track));
        return transceiver?.mid ?? undefined;
    }

    private linked(entry: Entry | undefined, member: string): Entry | undefined {
        const id = text(entry?.[member]);
        return id === undefined ? undefined : this.entries.get(id);
    }

    /** How much a total has grown, by the second. */
    private rate(entry: Entry | undefined, member: string): number | undefined {
        const before = entry && this.previous.get(entry.id);
        const from = number(before?.[member]);
        const to = number(entry?.[member]);
        if (!entry || !before || from === undefined || to === undefined) return undefined;
        const seconds = (entry.timestamp - before.timestamp) / 1000;
        return seconds > 0 ? Math.max(0, to - from) / seconds : undefined;
    }

    /** The growth of one total for each unit of growth of another; over the whole time if neither grew. */
    private ratio(entry: Entry, upper: string, lower: string): number | undefined {
        const divisor = this.rate(entry, lower);
        const value = divisor
            ? (this.rate(entry, upper) ?? 0) / divisor
            : (number(entry[upper]) ?? NaN) / (number(entry[lower]) || NaN);
        return Number.isFinite(value) ? value : undefined;
    }

    private outgoing(entry: Entry): OutgoingAudioMediaStats<number, string> {
        const remote = this.linked(entry, 'remoteId');
        return {
            id: entry.id,
            codecName: codecName(this.linked(entry, 'codecId')),
            bitrate: bits(this.rate(entry, 'bytesSent')),
            jitterInMs: milliseconds(remote?.jitter),
            packets: number(entry.packetsSent),
            packetsPerSecond: rounded(this.rate(entry, 'packetsSent')),
            packetsLost: number(remote?.packetsLost),
            packetsLostPerSecond: rounded(this.rate(remote, 'packetsLost')),
            rttInMs: milliseconds(remote?.roundTripTime),
            transportId: text(entry.transportId),
        };
    }

    private outgoingAudio(entry: Entry): OutgoingAudioMediaStats<number, string> {
        return { ...this.outgoing(entry), audioInputLevel: level(this.linked(entry, 'mediaSourceId')?.audioLevel) };
    }

    private outgoingVideo(entry: Entry): OutgoingVideoMediaStats<number, string> {
        const source = this.linked(entry, 'mediaSourceId');
        return {
            ...this.outgoing(entry),
            frameRateInput: rounded(number(source?.framesPerSecond)),
            frameWidthInput: number(source?.width),
            frameHeightInput: number(source?.height),
            framesEncoded: number(entry.framesEncoded),
            frameRateEncoded: rounded(this.rate(entry, 'framesEncoded')),
            framesSent: number(entry.framesSent),
            frameRateSent: rounded(this.rate(entry, 'framesSent')),
            frameWidthSent: number(entry.frameWidth),
            frameHeightSent: number(entry.frameHeight),
            keyFramesEncoded: number(entry.keyFramesEncoded),
            rid: text(entry.rid),
            qualityLimitationReason: text(entry.qualityLimitationReason),
            scalabilityMode: text(entry.scalabilityMode),
        };
    }

    private incoming(entry: Entry, mid: string): IncomingAudioMediaStats<number, string> {
        const delay = this.ratio(entry, 'jitterBufferDelay', 'jitterBufferEmittedCount');
        return {
            id: entry.id,
            codecName: codecName(this.linked(entry, 'codecId')),
            bitrate: bits(this.rate(entry, 'bytesReceived')),
            jitterInMs: milliseconds(entry.jitter),
            packets: number(entry.packetsReceived),
            packetsPerSecond: rounded(this.rate(entry, 'packetsReceived')),
            packetsLost: number(entry.packetsLost),
            packetsLostPerSecond: rounded(this.rate(entry, 'packetsLost')),
            rttInMs: milliseconds(this.pair(entry)?.currentRoundTripTime),
            transportId: text(entry.transportId),
            jitterBufferDelayInMs: milliseconds(delay),
            participantId: this.source.reception.slot(mid)?.participantId ?? undefined,
        };
    }

    private incomingAudio(entry: Entry, mid: string): IncomingAudioMediaStats<number, string> {
        return {
            ...this.incoming(entry, mid),
            audioOutputLevel: level(entry.audioLevel),
            healedRatio: this.ratio(entry, 'concealedSamples', 'totalSamplesReceived'),
        };
    }

    private incomingVideo(entry: Entry, mid: string): IncomingVideoMediaStats<number, string> {
        const { reception } = this.source;
        const allocation = reception.allocation(mid);
        return {
            ...this.incoming(entry, mid),
            ...this.freezesOf(entry, mid),
            streamId: this.source.streamId(mid),
            frameRateDecoded: rounded(this.rate(entry, 'framesDecoded')),
            frameRateReceived: rounded(this.rate(entry, 'framesReceived')),
            frameRateOutput: rounded(number(entry.framesPerSecond) ?? this.rate(entry, 'framesDecoded')),
            frameWidthReceived: number(entry.frameWidth),
            frameHeightReceived: number(entry.frameHeight),
            framesReceived: number(entry.framesReceived),
            framesDropped: number(entry.framesDropped),
            framesDecoded: number(entry.framesDecoded),
            keyFramesDecoded: number(entry.keyFramesDecoded),
            rid: allocation?.rid ?? undefined,
            allocatedBitrate: allocation?.bitrate,
            allocationReason: allocation?.reason,
        };
    }

    /** A slot shows one after another, and nobody is to blame for the freezes of the one before. */
    private freezesOf(entry: Entry, mid: string): Partial<IncomingVideoMediaStats<number, string>> {
        const slot = this.source.reception.slot(mid);
        const occupant = `${slot?.participantId} ${slot?.source}`;
        const count = number(entry.freezeCount);
        const total = (number(entry.totalFreezesDuration) ?? 0) * 1000;
        if (count === undefined) return {};
        let record = this.freezes.get(mid);
        if (record?.occupant !== occupant) {
            record = { occupant, count, total, longest: 0 };
            this.freezes.set(mid, record);
        }
        const before = this.previous.get(entry.id);
        const fresh = count - (number(before?.freezeCount) ?? count);
        const duration = total - (number(before?.totalFreezesDuration) ?? total / 1000) * 1000;
        if (fresh > 0) record.longest = Math.max(record.longest, duration / fresh);
        return {
            freezes: count - record.count,
            totalFreezeDurationInMs: Math.round(total - record.total),
            longestFreezeDurationInMs: Math.round(record.longest),
        };
    }

    private pair(entry: Entry): Entry | undefined {
        const transport = entry.type === 'transport' ? entry : this.linked(entry, 'transportId');
        const selected = this.linked(transport, 'selectedCandidatePairId');
        if (selected) return selected;
        for (const other of this.entries.values()) {
            if (other.type !== 'candidate-pair') continue;
            if (other.selected || (other.nominated && other.state === 'succeeded')) return other;
        }
        return undefined;
    }

    private transport(entry: Entry): TransportMediaStats<number, string> {
        const pair = this.pair(entry);
        const { link } = this.source.reception;
        return {
            id: entry.id,
            rttInMs: milliseconds(pair?.currentRoundTripTime),
            availableIncomingBitrate: link?.availableBitrate ?? undefined,
            availableOutgoingBitrate: number(pair?.availableOutgoingBitrate),
            incomingCongestion: link?.state ?? undefined,
        };
    }
}

const number = (value: unknown) => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const rounded = (value: number | undefined) => (value === undefined ? undefined : Math.round(value * 10) / 10);
const bits = (bytesPerSecond: number | undefined) =>
    bytesPerSecond === undefined ? undefined : Math.round(bytesPerSecond * 8);

function milliseconds(seconds: unknown): number | undefined {
    const value = number(seconds);
    return value === undefined ? undefined : Math.round(value * 10_000) / 10;
}

function level(value: unknown): number | undefined {
    const part = number(value);
    return part === undefined ? undefined : Math.round(part * 65_536);
}

function codecName(codec: Entry | undefined): string | undefined {
    return text(codec?.mimeType)?.split('/')[1];
}
