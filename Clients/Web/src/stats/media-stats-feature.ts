import type { CallMedia } from '../calls/call-media';
import { callingError } from '../errors';
import { EventSource } from '../events';
import type { CallFeatureContext } from '../features/call-feature-context';
import type { BaseFeature } from '../features/feature';
import type { MediaStatsReportSample, MediaStatsReportSummary } from './media-stats-report';
import type { StatsSampler } from './stats-sampler';
import { StatsSummary } from './stats-summary';

export interface MediaStatsCollectorOptions {
    /** How many seconds one number of a summary stands for; 10 unless told. */
    aggregationInterval?: number;
    /** How many such numbers a summary has, for each member of each stream; 6 unless told. */
    dataPointsPerAggregation?: number;
}

export interface MediaStatsCollectorEvents {
    /** Every second. */
    sampleReported: MediaStatsReportSample;
    /** Every `aggregationInterval` × `dataPointsPerAggregation` seconds. */
    summaryReported: MediaStatsReportSummary;
}

/** How often samples are taken, milliseconds. */
const sampleInterval = 1_000;

/** Measures the streams of a call until it is disposed or the call ends. */
export class MediaStatsCollector extends EventSource<MediaStatsCollectorEvents> {
    private readonly summary = new StatsSummary();
    private samples = 0;
    private isMeasuring = false;
    private readonly timer: ReturnType<typeof setInterval>;

    /** @internal */
    constructor(
        private readonly sampler: StatsSampler,
        private readonly interval: number,
        private readonly points: number,
        private readonly disposed: (collector: MediaStatsCollector) => void,
    ) {
        super();
        this.timer = setInterval(() => {
            // A busy browser may take longer for a report than until the next.
            if (this.isMeasuring) return;
            this.isMeasuring = true;
            this.measure()
                .catch(() => {})
                .finally(() => (this.isMeasuring = false));
        }, sampleInterval);
    }

    /** Ends the measuring. */
    dispose(): void {
        clearInterval(this.timer);
        this.disposed(this);
    }

    private async measure(): Promise<void> {
        const sample = await this.sampler.sample();
        this.summary.add(sample, Math.floor(this.samples / this.interval), new Date());
        this.samples += 1;
        this.emit('sampleReported', sample);
        if (this.samples < this.interval * this.points) return;
        this.samples = 0;
        this.emit('summaryReported', this.summary.take());
    }
}

/** How well sound and pictures travel in a call. */
export class MediaStatsCallFeature implements BaseFeature {
    readonly name = 'MediaStats';
    private readonly collectors = new Set<MediaStatsCollector>();

    private readonly media: CallMedia;

    /** @internal */
    constructor({ media }: CallFeatureContext) {
        this.media = media;
    }

    /** Begins to measure; each collector reports by itself. */
    createCollector(options: MediaStatsCollectorOptions = {}): MediaStatsCollector {
        const { aggregationInterval = 10, dataPointsPerAggregation = 6 } = options;
        for (const number of [aggregationInterval, dataPointsPerAggregation]) {
            if (!Number.isInteger(number) || number < 1) {
                throw callingError('invalidArgument', 'Collector options are whole numbers from 1.', String(number));
            }
        }
        const collector = new MediaStatsCollector(this.media.makeSampler(), aggregationInterval, dataPointsPerAggregation, it =>
            this.collectors.delete(it),
        );
        this.collectors.add(collector);
        return collector;
    }

    /** Ends all collectors, as the end of the call does. */
    disposeAllCollectors(): void {
        for (const collector of [...this.collectors]) collector.dispose();
    }

    /** Ends all collectors. */
    dispose(): void {
        this.disposeAllCollectors();
    }
}
