import type {
    AllocationReason,
    Call,
    IncomingVideoMediaStats,
    MediaStatsCollector,
    MediaStatsReportSample,
    OutgoingVideoMediaStats,
} from '/sdk/switchboard-calling.js';
import { Features } from '/sdk/switchboard-calling.js';

type Incoming = IncomingVideoMediaStats<number, string>;
type Outgoing = OutgoingVideoMediaStats<number, string>;

const reasons: Record<AllocationReason, string> = {
    best: 'the best there is',
    viewSize: 'enough for its size here',
    bandwidth: 'held back by the bandwidth',
    caution: 'waiting before the next step up',
    priority: 'others come first',
    paused: 'paused, too little bandwidth',
    notSent: 'better is not sent now',
    publisherBandwidth: 'the sender’s connection carries no more',
    serverBusy: 'the server is busy',
};

/** Measures a call while somebody wants to see the numbers. */
export class Statistics {
    private collector: MediaStatsCollector | undefined;

    constructor(
        private readonly call: Call,
        private readonly show: (sample: MediaStatsReportSample | undefined) => void,
    ) {}

    get isOn(): boolean {
        return this.collector !== undefined;
    }

    toggle(on = !this.isOn): void {
        this.collector?.dispose();
        this.collector = undefined;
        if (on) {
            this.collector = this.call.feature(Features.MediaStats).createCollector();
            this.collector.on('sampleReported', this.show);
        } else {
            this.show(undefined);
        }
    }
}

/** Says how a remote picture comes in: layer, size, bitrate, and why it is not better. */
export function describeIncoming(stats: Incoming): string {
    const layer = stats.rid ? `layer ${stats.rid}` : 'one stream';
    const lines = [
        `${layer} · ${stats.codecName ?? '?'} · ${size(stats.frameWidthReceived, stats.frameHeightReceived)}`,
        `${kilobits(stats.bitrate)} · ${stats.frameRateDecoded ?? 0} fps · lost ${stats.packetsLostPerSecond ?? 0}/s`,
    ];
    if (stats.freezes) lines.push(`${stats.freezes} freezes, ${stats.totalFreezeDurationInMs} ms`);
    if (stats.allocationReason) lines.push(reasons[stats.allocationReason as AllocationReason] ?? stats.allocationReason);
    return lines.join('\n');
}

/** Says how one's own picture goes out, layer by layer. */
export function describeOutgoing(layers: Outgoing[]): string {
    const order = ['q', 'h', 'f'];
    return [...layers]
        .sort((a, b) => order.indexOf(a.rid ?? '') - order.indexOf(b.rid ?? ''))
        .map(layer => {
            const name = layer.rid ?? 'sent';
            if (!layer.bitrate) return `${name}: paused`;
            const limit = layer.qualityLimitationReason;
            const why = limit && limit !== 'none' ? ` · ${limit}` : '';
            const { frameWidthSent, frameHeightSent } = layer;
            return `${name}: ${size(frameWidthSent, frameHeightSent)} · ${kilobits(layer.bitrate)}${why}`;
        })
        .join('\n');
}

function size(width?: number, height?: number): string {
    return width && height ? `${width} × ${height}` : 'no picture';
}

function kilobits(bitrate = 0): string {
    return bitrate >= 1e6 ? `${(bitrate / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bitrate / 1000)} kbit/s`;
}
