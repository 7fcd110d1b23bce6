import type { Reception } from '../../calls/reception';
import type { MediaStatsReportSample } from '../../stats/media-stats-report';
import { DiagnosticQuality, type DiagnosticList } from './diagnostic-list';
import type { NetworkDiagnosticType } from './diagnostic-types';

/** What a link may be like to be called no worse: share of packets lost, milliseconds. */
interface Bounds {
    readonly loss: number;
    readonly roundTrip: number;
    readonly jitter: number;
}

/** Beyond these, people notice (docs of the mirrored SDK: "poor" quality). */
const poor: Bounds = { loss: 0.1, roundTrip: 500, jitter: 30 };
/** Beyond these, people cannot talk. */
const bad: Bounds = { loss: 0.25, roundTrip: 1_000, jitter: 100 };
/** So many measurements one after another must agree, so that one lost packet alarms nobody. */
const agreement = 3;

/** A grade that changes only when several measurements agree. */
class Grade {
    private value = DiagnosticQuality.Good;
    private recent: DiagnosticQuality[] = [];

    /** The grade after one more measurement. */
    take(measured: DiagnosticQuality): DiagnosticQuality {
        this.recent = [...this.recent, measured].slice(-agreement);
        if (this.recent.length === agreement) {
            // Worse only if all were worse, better only if all were better.
            const mildest = Math.min(...this.recent);
            const worst = Math.max(...this.recent);
            if (mildest > this.value) this.value = mildest;
            else if (worst < this.value) this.value = worst;
        }
        return this.value;
    }
}

interface Stream {
    packetsPerSecond?: number;
    packetsLostPerSecond?: number;
    rttInMs?: number;
    jitterInMs?: number;
}

/** Grades both directions of the link from what the browser measured and what the server says of it. */
export class LinkQuality {
    private readonly receiving = new Grade();
    private readonly sending = new Grade();

    constructor(
        private readonly reception: Reception,
        private readonly list: DiagnosticList<NetworkDiagnosticType>,
    ) {}

    take({ audio, video, screenShare }: MediaStatsReportSample): void {
        const receive = [...audio.receive, ...video.receive, ...screenShare.receive];
        const send = [...audio.send, ...video.send, ...screenShare.send];
        let received = gradeOf(receive);
        // The server sends no picture at all where not even the smallest fits.
        if (this.reception.isPaused) received = DiagnosticQuality.Bad;
        this.list.grade('networkReceiveQuality', this.receiving.take(received));
        this.list.grade('networkSendQuality', this.sending.take(gradeOf(send)));
    }
}

function gradeOf(streams: readonly Stream[]): DiagnosticQuality {
    const sum = (member: keyof Stream) => streams.reduce((total, stream) => total + (stream[member] ?? 0), 0);
    const most = (member: keyof Stream) => streams.reduce((value, stream) => Math.max(value, stream[member] ?? 0), 0);
    const lost = sum('packetsLostPerSecond');
    const loss = lost > 0 ? lost / (lost + sum('packetsPerSecond')) : 0;
    const exceeds = (bounds: Bounds) =>
        loss > bounds.loss || most('rttInMs') > bounds.roundTrip || most('jitterInMs') > bounds.jitter;
    if (exceeds(bad)) return DiagnosticQuality.Bad;
    return exceeds(poor) ? DiagnosticQuality.Poor : DiagnosticQuality.Good;
}
