import { EventSource } from '../events';
import type { SignallingConnection } from '../signalling/connection';
import type { WireIceServer } from '../signalling/protocol';

/** How long servers are used that the server gives no time for, seconds. */
const usualLife = 3_600;
/** The pause after a failed request, milliseconds. */
const retryPause = 60_000;

/** How calls reach the server's media port. */
export interface NetworkConfiguration {
    /** STUN and TURN servers to use instead of those that the server names. */
    turn?: { iceServers: RTCIceServer[] };
    /** Our addition: `relay` sends all media through a TURN server, which also hides this device's addresses. */
    iceTransportPolicy?: RTCIceTransportPolicy;
}

/**
 * The STUN and TURN servers of this session.
 *
 * The server is asked right after signing in, so that the answer is there when a call begins, and again when three
 * quarters of the life of the credentials are over.
 */
export class IceServers extends EventSource<{ changed: void }> {
    private servers: RTCIceServer[];
    private refreshAt = 0;
    private asking = false;
    private unknown = false;
    private closed = false;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private readonly first: Promise<void>;
    private answered: () => void = () => {};

    constructor(
        private readonly connection: SignallingConnection,
        private readonly network: NetworkConfiguration = {},
    ) {
        super();
        const own = network.turn?.iceServers;
        this.servers = own ?? [];
        this.first = new Promise(resolve => (this.answered = resolve));
        if (own) {
            this.answered();
            return;
        }
        connection.on('welcome', () => {
            // Another server may have taken over, which knows more than the one before.
            this.unknown = false;
            if (Date.now() >= this.refreshAt) void this.ask();
        });
        connection.on('closed', () => {
            this.closed = true;
            clearTimeout(this.timer);
        });
        void this.ask();
    }

    get current(): RTCIceServer[] {
        return this.servers;
    }

    /** For a new peer connection. */
    get configuration(): RTCConfiguration {
        const { iceTransportPolicy } = this.network;
        return { iceServers: this.servers, ...(iceTransportPolicy && { iceTransportPolicy }) };
    }

    /** Resolves when a call may begin: at once, except where nothing but a TURN server will do. */
    async ready(patience: number): Promise<void> {
        if (this.network.iceTransportPolicy !== 'relay') return;
        await Promise.race([this.first, new Promise(resolve => setTimeout(resolve, patience))]);
    }

    private async ask(): Promise<void> {
        if (this.asking || this.unknown) return;
        this.asking = true;
        let pause = retryPause;
        try {
            const reply = await this.connection.request('media.servers', {});
            const { iceServers = [], expiresInSeconds = usualLife } = reply;
            pause = Math.max(10, expiresInSeconds) * 750;
            this.refreshAt = Date.now() + pause;
            this.adopt(iceServers);
            this.answered();
        } catch (error) {
            // A server that does not know the question has no such servers.
            this.unknown = (error as { reason?: string }).reason === 'unknownType';
            if (this.unknown) this.answered();
        } finally {
            this.asking = false;
        }
        clearTimeout(this.timer);
        // Timers cannot wait longer than 24 days.
        if (!this.unknown && !this.closed) this.timer = setTimeout(() => void this.ask(), Math.min(pause, 2 ** 31 - 1));
    }

    private adopt(servers: WireIceServer[]): void {
        const usable = servers.filter(({ urls }) => [urls].flat().every(url => /^(stun|turn)s?:/.test(url)));
        if (JSON.stringify(usable) === JSON.stringify(this.servers)) return;
        this.servers = usable;
        this.emit('changed');
    }
}
