import type { MediaStatsReportSample, MediaStatsReportSummary, MediaStatValue } from './media-stats-report';

type Stream = Record<string, unknown> & { id: string };

/** The series of one member of one stream. */
interface Series {
    readonly began: Date;
    readonly raw: unknown[];
    /** The numbers of each aggregation interval, undefined where the stream told none. */
    readonly intervals: (number[] | undefined)[];
}

const media = ['audio', 'video', 'screenShare'] as const;
const directions = ['send', 'receive'] as const;

/** Collects samples until a summary is due. */
export class StatsSummary {
    private readonly streams = new Map<string, Map<string, Map<string, Series>>>();

    /** Adds a sample that belongs to the aggregation interval with that number. */
    add(sample: MediaStatsReportSample, interval: number, now: Date): void {
        for (const [path, streams] of lists(sample)) {
            for (const stream of streams) {
                for (const [member, value] of Object.entries(stream)) {
                    if (member === 'id' || value === undefined) continue;
                    const series = this.series(path, stream.id, member, now);
                    series.raw.push(value);
                    if (typeof value === 'number') (series.intervals[interval] ??= []).push(value);
                }
            }
        }
    }

    /** Everything since the last summary. */
    take(): MediaStatsReportSummary {
        const of = (path: string) =>
            [...(this.streams.get(path) ?? [])].map(([id, members]) => ({
                id,
                ...Object.fromEntries([...members].map(([member, series]) => [member, value(series)])),
            }));
        const both = (kind: string) => ({ send: of(`${kind} send`), receive: of(`${kind} receive`) });
        const summary = {
            audio: both('audio'),
            video: both('video'),
            screenShare: both('screenShare'),
            transports: of('transports'),
        };
        this.streams.clear();
        return summary;
    }

    private series(path: string, id: string, member: string, now: Date): Series {
        const streams = entry(this.streams, path, () => new Map<string, Map<string, Series>>());
        const members = entry(streams, id, () => new Map<string, Series>());
        return entry(members, member, () => ({ began: now, raw: [], intervals: [] }));
    }
}

function* lists(sample: MediaStatsReportSample): Iterable<[string, Stream[]]> {
    for (const kind of media) {
        for (const direction of directions) {
            yield [`${kind} ${direction}`, sample[kind][direction] as unknown as Stream[]];
        }
    }
    yield ['transports', sample.transports as unknown as Stream[]];
}

function entry<Key, Value>(map: Map<Key, Value>, key: Key, make: () => Value): Value {
    let value = map.get(key);
    if (value === undefined) map.set(key, (value = make()));
    return value;
}

function value({ began, raw, intervals }: Series): MediaStatValue<unknown> {
    const groups = intervals.filter((numbers): numbers is number[] => numbers !== undefined);
    if (groups.length === 0) return { raw, timestamp: began };
    const aggregation = {
        count: groups.map(numbers => numbers.length),
        sum: groups.map(numbers => numbers.reduce((sum, it) => sum + it, 0)),
        min: groups.map(numbers => Math.min(...numbers)),
        max: groups.map(numbers => Math.max(...numbers)),
    };
    return { aggregation, raw, timestamp: began };
}
