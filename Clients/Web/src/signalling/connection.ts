import { CallingError, callingError } from '../errors';
import { EventSource } from '../events';
import { BackOff } from './back-off';
import {
    closeCodes,
    parseServerMessage,
    protocolVersion,
    repeatable,
    type CallPush,
    type RequestType,
    type Requests,
    type ServerMessage,
    type SessionPush,
    type WireReply,
    type WireWelcome,
} from './protocol';
import { SessionKeeper, type KeptSession } from './session-keeper';
import { steadyInterval } from './steady-interval';

/** Where the token comes from; asked before each attempt to connect. */
export interface TokenSource {
    getToken(options?: { forceRefresh?: boolean }): Promise<{ token: string }>;
    readonly canRefresh: boolean;
}

export interface ConnectionOptions {
    url: string;
    tokens: TokenSource;
    displayName?: string;
    /** Numbers from 0 up to 1, for the spread of the back-off. */
    random?: () => number;
}

export interface ConnectionEvents {
    /** `isOpen` changed; when it became true, queued requests have been sent. */
    openChanged: void;
    /** A connection is up, before any queued request is sent: the place to compare calls with `welcome.calls`. */
    welcome: WireWelcome;
    push: CallPush | SessionPush;
    /** The session could not be kept: its calls are over. The connection goes on trying, unless `closed` follows. */
    sessionLost: CallingError;
    /** No further attempt is made. */
    closed: CallingError;
}

interface Pending {
    readonly type: RequestType;
    readonly body: object;
    readonly resolve: (reply: WireReply) => void;
    readonly reject: (error: CallingError) => void;
}

/** How long a connection may take until `welcome`, milliseconds. */
const openTimeout = 10_000;
/** How long a probed connection may stay silent, milliseconds. */
const probeTimeout = 4_000;

/**
 * The signalling connection of one session: requests and their answers, heartbeat, and coming back after a loss.
 *
 * While the connection is down requests wait. When it is back with the same session they are sent; those that were
 * under way are sent again if that is safe and otherwise rejected with `connectionLost`. When the session is gone all
 * are rejected.
 */
export class SignallingConnection extends EventSource<ConnectionEvents> {
    private socket: WebSocket | undefined;
    private welcome: WireWelcome | undefined;
    private open = false;
    private closed = false;
    private nextId = 1;
    private nextPing = 1;
    private readonly inFlight = new Map<number, Pending>();
    private unanswered: Pending[] = [];
    private queue: Pending[] = [];
    private readonly barriers = new Map<number, () => void>();
    private readonly backOff: BackOff;
    private readonly keeper: SessionKeeper;
    private abandoned: KeptSession | undefined;
    private endpointId: string | undefined;
    private forceRefresh = false;
    private tokenRefused = false;
    private opening: { resolve(welcome: WireWelcome): void; reject(error: CallingError): void } | undefined;
    private stopHeartbeat: (() => void) | undefined;
    private silenceTimer: ReturnType<typeof setTimeout> | undefined;
    private retryTimer: ReturnType<typeof setTimeout> | undefined;
    private sessionTimer: ReturnType<typeof setTimeout> | undefined;
    private lastError: CallingError | undefined;

    constructor(private readonly options: ConnectionOptions) {
        super();
        this.backOff = new BackOff(options.random ?? Math.random);
        this.keeper = new SessionKeeper(options.url);
    }

    /** Whether requests travel at once. */
    get isOpen(): boolean {
        return this.open;
    }

    /** Why the connection was lost, if the server or this side said so. */
    get cause(): CallingError | undefined {
        return this.lastError;
    }

    /** Makes the first connection. Rejects when it fails; only later losses are repaired by themselves. */
    connect(): Promise<WireWelcome> {
        return new Promise((resolve, reject) => {
            this.opening = { resolve, reject };
            void this.attempt();
        });
    }

    /** Sends a request and gives its reply; see the type's description for what a lost connection does to it. */
    request<Type extends RequestType>(type: Type, body: Requests[Type]): Promise<WireReply> {
        return new Promise((resolve, reject) => {
            if (this.closed) {
                reject(this.lastError ?? callingError('connectionLost'));
                return;
            }
            const pending: Pending = { type, body, resolve, reject };
            if (this.open) this.transmit(pending);
            else this.queue.push(pending);
        });
    }

    /** Resolves when the server has answered everything up to now (or the connection is lost meanwhile). */
    barrier(): Promise<void> {
        return new Promise(resolve => {
            if (!this.open) {
                resolve();
                return;
            }
            this.barriers.set(this.ping(), resolve);
        });
    }

    /** The network has changed or come back: try at once, and do not trust the present connection. */
    networkChanged(): void {
        if (this.closed) return;
        if (this.open) {
            this.ping();
            this.expectSoundWithin(probeTimeout);
        } else if (this.retryTimer !== undefined) {
            this.backOff.reset();
            clearTimeout(this.retryTimer);
            this.retryTimer = undefined;
            void this.attempt();
        }
    }

    /** Ends the session: the server hangs up its calls at once. */
    close(): void {
        if (this.closed) return;
        if (this.open) this.sendRaw({ type: 'bye' });
        this.finish(callingError('agentDisposed'));
    }

    /** The page goes away, and with it the session. */
    leave(): void {
        if (!this.closed) this.keeper.leave();
    }

    private async attempt(): Promise<void> {
        this.retryTimer = undefined;
        let token: string;
        try {
            token = (await this.options.tokens.getToken({ forceRefresh: this.forceRefresh })).token;
            this.forceRefresh = false;
        } catch (error) {
            const cause = error instanceof CallingError ? error : callingError('noToken', String(error));
            if (this.closed) return;
            if (this.opening || !this.options.tokens.canRefresh) this.finish(cause);
            else this.retryLater();
            return;
        }
        if (this.opening) this.abandoned ??= await this.keeper.takeAbandoned(token);
        this.endpointId ??= this.abandoned?.endpointId;
        if (this.closed) return;
        let socket: WebSocket;
        try {
            socket = new WebSocket(this.options.url);
        } catch (error) {
            this.finish(callingError('invalidArgument', `"${this.options.url}" cannot be connected to: ${error}`));
            return;
        }
        this.socket = socket;
        this.lastError = undefined;
        socket.onopen = () =>
            this.sendRaw({
                type: 'hello',
                version: protocolVersion,
                token,
                ...(this.options.displayName === undefined ? {} : { displayName: this.options.displayName }),
                ...(this.endpointId === undefined ? {} : { endpointId: this.endpointId }),
                ...(this.welcome ? { resume: this.welcome.resume } : {}),
                ...(this.abandoned ? { replaces: this.abandoned.resume } : {}),
            });
        socket.onmessage = event => {
            if (socket === this.socket) this.received(parseServerMessage(event.data));
        };
        socket.onclose = event => {
            if (socket === this.socket) this.lost(event.code, event.reason);
        };
        this.expectSoundWithin(openTimeout);
    }

    private lost(closeCode: number, closeReason = ''): void {
        this.socket = undefined;
        this.stopHeartbeat?.();
        clearTimeout(this.silenceTimer);
        this.unanswered.push(...this.inFlight.values());
        this.inFlight.clear();
        for (const resolve of this.barriers.values()) resolve();
        this.barriers.clear();
        const wasOpen = this.open;
        this.open = false;
        if (wasOpen && this.welcome) {
            this.sessionTimer ??= setTimeout(
                () => this.loseSession(callingError('connectionLost')),
                this.welcome.resumeWindowSeconds * 1000,
            );
        }
        if (wasOpen) this.emit('openChanged');

        if (closeCode === closeCodes.unauthorized) {
            const cause = this.lastError ?? callingError('unauthorized', closeReason || undefined);
            // One try with a fresh token; if that is refused as well there is no sense in asking again.
            if (this.tokenRefused || !this.options.tokens.canRefresh) {
                this.finish(cause);
                return;
            }
            this.tokenRefused = this.forceRefresh = true;
            if (wasOpen) this.loseSession(cause);
            this.retryLater();
            return;
        } else if (closeCode === closeCodes.noHello) {
            this.finish(this.lastError ?? callingError('refused', closeReason || undefined));
            return;
        } else if (closeCode === closeCodes.resumedElsewhere) {
            this.finish(callingError('resumedElsewhere'));
            return;
        } else if (closeCode === closeCodes.tooManyMessages) {
            this.backOff.slowDown();
        }
        if (this.opening) {
            this.finish(this.lastError ?? callingError('serverUnreachable', undefined, this.options.url));
            return;
        }
        this.retryLater();
    }

    private retryLater(): void {
        if (this.closed) return;
        this.retryTimer = setTimeout(() => void this.attempt(), this.backOff.next());
    }

    private loseSession(cause: CallingError): void {
        clearTimeout(this.sessionTimer);
        this.sessionTimer = undefined;
        if (!this.welcome) return;
        this.welcome = undefined;
        this.rejectAll(cause);
        this.emit('sessionLost', cause);
    }

    private finish(cause: CallingError): void {
        if (this.closed) return;
        const wasOpen = this.open;
        this.closed = true;
        this.open = false;
        this.lastError = cause;
        this.keeper.drop();
        for (const timer of [this.silenceTimer, this.retryTimer, this.sessionTimer]) clearTimeout(timer);
        this.stopHeartbeat?.();
        const socket = this.socket;
        this.socket = undefined;
        socket?.close(1000);
        this.opening?.reject(cause);
        this.opening = undefined;
        this.unanswered.push(...this.inFlight.values());
        this.inFlight.clear();
        this.rejectAll(cause);
        for (const resolve of this.barriers.values()) resolve();
        this.barriers.clear();
        if (wasOpen) this.emit('openChanged');
        this.emit('closed', cause);
    }

    private rejectAll(cause: CallingError): void {
        const all = [...this.unanswered, ...this.queue];
        this.unanswered = [];
        this.queue = [];
        for (const pending of all) pending.reject(cause);
    }

    // -- messages

    private received(message: ServerMessage | undefined): void {
        if (this.open && this.welcome) this.expectSoundWithin(this.welcome.heartbeatSeconds * 3000);
        if (!message) return;
        switch (message.type) {
            case 'welcome':
                this.welcomed(message);
                return;
            case 'pong':
                this.barriers.get(message.time)?.();
                this.barriers.delete(message.time);
                return;
            case 'reply':
                this.take(message.to)?.resolve(message);
                return;
            case 'error': {
                const error = new CallingError(message.error);
                if (message.to === undefined) {
                    // Before a close this says why; otherwise it is about a message of ours that was no request.
                    this.lastError = error;
                    if (this.open) console.warn(`The server reports: ${error.message}`);
                } else {
                    this.take(message.to)?.reject(error);
                }
                return;
            }
            default:
                this.emit('push', message);
        }
    }

    private welcomed(welcome: WireWelcome): void {
        const previous = this.welcome;
        this.welcome = welcome;
        this.abandoned = undefined;
        this.keeper.keep(welcome);
        this.endpointId = welcome.endpointId;
        this.tokenRefused = false;
        clearTimeout(this.sessionTimer);
        this.sessionTimer = undefined;
        this.backOff.reset();
        this.open = true;
        this.expectSoundWithin(welcome.heartbeatSeconds * 3000);
        this.stopHeartbeat = steadyInterval(welcome.heartbeatSeconds * 1000, () => {
            if (this.open) this.ping();
        });
        if (previous && !welcome.resumed) {
            const cause = callingError('connectionLost');
            this.rejectAll(cause);
            this.emit('sessionLost', cause);
        }
        // Listeners first: they may recognise in `calls` what an unanswered request has brought about.
        this.emit('welcome', welcome);
        const unanswered = this.unanswered;
        const queue = this.queue;
        this.unanswered = [];
        this.queue = [];
        for (const pending of unanswered) {
            if (repeatable.has(pending.type)) this.transmit(pending);
            else pending.reject(callingError('connectionLost'));
        }
        for (const pending of queue) this.transmit(pending);
        // Last, so that what calls now say about their state comes after what they said before the loss.
        this.emit('openChanged');
        this.opening?.resolve(welcome);
        this.opening = undefined;
    }

    private transmit(pending: Pending): void {
        const id = this.nextId++;
        this.inFlight.set(id, pending);
        this.sendRaw({ type: pending.type, id, ...pending.body });
    }

    private take(id: number): Pending | undefined {
        const pending = this.inFlight.get(id);
        this.inFlight.delete(id);
        return pending;
    }

    private ping(): number {
        const time = this.nextPing++;
        this.sendRaw({ type: 'ping', time });
        return time;
    }

    private sendRaw(message: object): void {
        // A socket that is closing swallows what it is given; `lost` then takes care of what was under way.
        if (this.socket?.readyState === 1) this.socket.send(JSON.stringify(message));
    }

    private expectSoundWithin(milliseconds: number): void {
        clearTimeout(this.silenceTimer);
        this.silenceTimer = setTimeout(() => {
            const socket = this.socket;
            if (!socket) return;
            // The close handshake of a dead connection can take minutes, so it is not waited for.
            socket.onclose = socket.onmessage = socket.onopen = null;
            socket.close();
            this.lost(4408);
        }, milliseconds);
    }
}
