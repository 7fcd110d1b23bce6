/**
 * How much may be sent ahead of the rate, milliseconds. A second, since browsers let the timers of a hidden page run
 * only once in a second; and a message of the largest size must fit in one go.
 */
const burst = 1_000;

/** A token bucket: lets messages go at a bit rate. Times are milliseconds. */
export class RateLimit {
    /** When all that has been spent would have gone at the rate. */
    private paidUntil = 0;
    private last = 0;

    constructor(private readonly kilobitsPerSecond: number) {}

    /** From when on another message may go. */
    due(now: number): number {
        // The clock of the device was set back.
        if (now < this.last) this.paidUntil += now - this.last;
        this.last = now;
        return this.paidUntil - burst;
    }

    spend(bytes: number, now: number): void {
        // Kilobits in a second are bits in a millisecond.
        this.paidUntil = Math.max(this.paidUntil, now) + (bytes * 8) / this.kilobitsPerSecond;
    }
}
