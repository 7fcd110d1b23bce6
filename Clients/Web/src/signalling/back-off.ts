/** The first pause before connecting again, milliseconds. */
const firstPause = 500;
/** Pauses double up to this, milliseconds. */
const longestPause = 8_000;

/**
 * The pauses between attempts to connect: 0.5, 1, 2, 4, 8, 8 … seconds, each up to a quarter shorter or longer so that
 * the clients of a restarted server do not all come at the same moment.
 */
export class BackOff {
    private pause = firstPause;

    /** `random` gives numbers from 0 up to 1. */
    constructor(private readonly random: () => number) {}

    /** The next pause, milliseconds. */
    next(): number {
        const pause = this.pause;
        this.pause = Math.min(pause * 2, longestPause);
        return pause * (0.75 + this.random() / 2);
    }

    /** Starts over, after a connection was made or when the network has come back. */
    reset(): void {
        this.pause = firstPause;
    }

    /** Goes to the longest pause, when the server says that we come too often. */
    slowDown(): void {
        this.pause = longestPause;
    }
}
