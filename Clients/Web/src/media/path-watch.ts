/** How often it is looked whether packets come, milliseconds. */
const interval = 500;
/** So many looks in a row must have seen packets for silence to mean anything … */
const regularFlow = 4;
/** … and so many without any are silence: 1.5 s, where browsers take 5 to 8 to say `disconnected`. */
const silence = 3;

/**
 * Notices that a flow of packets has stopped, which is the first sign of a network that has gone.
 *
 * A wrong guess (everybody has fallen silent) costs an offer and an answer, and nothing that is heard or seen.
 */
export class PathWatch {
    private readonly timer: ReturnType<typeof setInterval>;
    private last = 0;
    private flowing = 0;
    private silent = 0;
    private looking = false;

    /** `received` tells how many packets have come; `suspect` is called once for each silence. */
    constructor(
        private readonly received: () => Promise<number>,
        private readonly suspect: () => void,
    ) {
        this.timer = setInterval(() => void this.look(), interval);
    }

    stop(): void {
        clearInterval(this.timer);
    }

    private async look(): Promise<void> {
        if (this.looking) return;
        this.looking = true;
        const count = await this.received().catch(() => this.last);
        this.looking = false;
        if (count !== this.last) {
            this.flowing = this.silent === 0 ? this.flowing + 1 : 1;
            this.silent = 0;
            this.last = count;
            return;
        }
        this.silent += 1;
        if (this.silent === silence && this.flowing >= regularFlow) this.suspect();
    }
}

/** How many media packets have come over a connection. */
export async function packetsReceived(connection: RTCPeerConnection): Promise<number> {
    let packets = 0;
    for (const entry of (await connection.getStats()).values()) {
        if (entry.type === 'inbound-rtp') packets += entry.packetsReceived ?? 0;
    }
    return packets;
}
