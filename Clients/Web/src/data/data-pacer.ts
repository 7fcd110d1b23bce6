import type { DataChannelReliability, DataPath } from './data-path';

/** Which messages go first when there is not enough room for all. */
export type DataChannelPriority = 'Normal' | 'High';

/** Something with messages to send. */
export interface PacedSource {
    readonly reliability: DataChannelReliability;
    readonly priority: DataChannelPriority;
    /** When the next message may go, milliseconds; undefined while there is none, or what it waits for will tell. */
    due(now: number): number | undefined;
    /** Sends the next message; false if it could not be sent after all. */
    sendNext(now: number): boolean;
}

/** Decides which message is sent when: `High` before `Normal`, and equals in turn. */
export class DataPacer {
    private sources: PacedSource[] = [];
    private timer: ReturnType<typeof setTimeout> | undefined;
    private paused = false;
    private running = false;

    constructor(private readonly path: DataPath) {
        path.on('writable', () => this.run());
    }

    add(source: PacedSource): void {
        this.sources.push(source);
    }

    remove(source: PacedSource): void {
        this.sources = this.sources.filter(it => it !== source);
    }

    setPaused(paused: boolean): void {
        this.paused = paused;
        this.run();
    }

    /** Sends what can be sent now, and comes back when more can. */
    run(): void {
        if (this.running) return;
        this.running = true;
        clearTimeout(this.timer);
        try {
            while (!this.paused && this.sendOne()) {}
        } finally {
            this.running = false;
        }
    }

    close(): void {
        this.paused = true;
        this.sources = [];
        clearTimeout(this.timer);
    }

    private sendOne(): boolean {
        const now = Date.now();
        let next = Infinity;
        for (const source of [...this.sources.filter(isHigh), ...this.sources.filter(it => !isHigh(it))]) {
            // A full browser tells when there is room.
            if (!this.path.isWritable(source.reliability)) continue;
            const due = source.due(now);
            if (due === undefined) continue;
            if (due > now) {
                next = Math.min(next, due);
                continue;
            }
            if (!source.sendNext(now)) continue;
            if (this.sources.includes(source)) {
                this.remove(source);
                this.add(source);
            }
            return true;
        }
        if (next < Infinity) this.timer = setTimeout(() => this.run(), next - now);
        return false;
    }
}

const isHigh = (source: PacedSource) => source.priority === 'High';
