/** The pause until an attempt is repeated, milliseconds; the last one is repeated for ever. */
const pauses = [1_500, 3_000, 5_000];

/** Looks for a new path again and again while there is none. */
export class PathRepair {
    private timer: ReturnType<typeof setTimeout> | undefined;
    private due = 0;
    private attempts = 0;

    constructor(private readonly attempt: () => void) {}

    /** There is no path: makes an attempt after `delay`, and more until `stop`. An earlier attempt stays. */
    start(delay: number): void {
        if (this.timer !== undefined && this.due <= Date.now() + delay) return;
        clearTimeout(this.timer);
        this.due = Date.now() + delay;
        this.timer = setTimeout(() => {
            this.timer = undefined;
            const pause = pauses[Math.min(this.attempts, pauses.length - 1)];
            this.attempts += 1;
            this.start(pause);
            this.attempt();
        }, delay);
    }

    /** There is a path. */
    stop(): void {
        clearTimeout(this.timer);
        this.timer = undefined;
        this.attempts = 0;
    }
}
