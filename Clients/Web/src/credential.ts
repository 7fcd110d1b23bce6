import { callingError } from './errors';

/** A token and when it ends. */
export interface CommunicationAccessToken {
    token: string;
    /** Milliseconds since 1970. */
    expiresOnTimestamp: number;
}

/** What {@link CallClient.createCallAgent} wants: something that has a user access token. */
export interface CommunicationTokenCredential {
    getToken(options?: CommunicationGetTokenOptions): Promise<CommunicationAccessToken>;
    dispose(): void;
}

export interface CommunicationGetTokenOptions {
    /** Ask the `tokenRefresher` even when the present token still holds (the server revoked it, for example). */
    forceRefresh?: boolean;
}

/** How a credential gets new tokens. */
export interface CommunicationTokenRefreshOptions {
    /** Fetches a new token from the app's own server. */
    tokenRefresher: () => Promise<string>;
    /** Fetch the next token ten minutes before the present one ends, rather than when it is first missed. */
    refreshProactively?: boolean;
    /** The first token; without one the refresher is asked at once when a token is needed. */
    token?: string;
}

/** A token this close to its end (milliseconds) is replaced when proactive refresh is on. */
const proactiveMargin = 10 * 60_000;
/** A token this close to its end (milliseconds) is no longer handed out when another can be had. */
const onDemandMargin = 2 * 60_000;
/** setTimeout overflows above this number of milliseconds. */
const longestTimer = 2 ** 31 - 1;

/** A user access token, fixed or renewed through a function of the app. */
export class AzureCommunicationTokenCredential implements CommunicationTokenCredential {
    private current: CommunicationAccessToken | undefined;
    private readonly refresher: (() => Promise<string>) | undefined;
    private readonly proactive: boolean;
    private refreshing: Promise<CommunicationAccessToken> | undefined;
    private timer: ReturnType<typeof setTimeout> | undefined;
    private disposed = false;
    private readonly observers = new Set<(token: string) => void>();

    constructor(tokenOrOptions: string | CommunicationTokenRefreshOptions) {
        if (typeof tokenOrOptions === 'string') {
            this.current = parseToken(tokenOrOptions);
            this.proactive = false;
        } else {
            this.refresher = tokenOrOptions.tokenRefresher;
            this.proactive = tokenOrOptions.refreshProactively ?? false;
            if (tokenOrOptions.token !== undefined) this.current = parseToken(tokenOrOptions.token);
            this.schedule();
        }
    }

    /** The present token; renewed first when it is about to end and a refresher is there. */
    async getToken(options: CommunicationGetTokenOptions = {}): Promise<CommunicationAccessToken> {
        if (this.disposed) throw callingError('disposed', 'The token credential has been disposed.');
        if (!this.refresher) {
            if (!this.current) throw callingError('noToken');
            return this.current;
        }
        const remaining = this.current ? this.current.expiresOnTimestamp - Date.now() : 0;
        if (this.current && remaining > onDemandMargin && !options.forceRefresh) return this.current;
        return this.refresh();
    }

    /** Stops refreshing. */
    dispose(): void {
        this.disposed = true;
        clearTimeout(this.timer);
        this.observers.clear();
    }

    /** @internal Whether a token that the server no longer accepts can be replaced. */
    get canRefresh(): boolean {
        return this.refresher !== undefined && !this.disposed;
    }

    /** @internal Tells of every renewed token; returns a function that ends this. */
    observe(observer: (token: string) => void): () => void {
        this.observers.add(observer);
        return () => this.observers.delete(observer);
    }

    private refresh(): Promise<CommunicationAccessToken> {
        // Several callers at the same moment share one question to the app's server.
        this.refreshing ??= this.fetch().finally(() => {
            this.refreshing = undefined;
        });
        return this.refreshing;
    }

    private async fetch(): Promise<CommunicationAccessToken> {
        const refresher = this.refresher;
        if (!refresher) throw callingError('noToken');
        let token: CommunicationAccessToken;
        try {
            token = parseToken(await refresher());
        } catch (error) {
            this.schedule(30_000);
            const detail = error instanceof Error ? error.message : String(error);
            throw callingError('noToken', `The tokenRefresher gave no valid token: ${detail}`);
        }
        if (token.expiresOnTimestamp <= Date.now()) {
            throw callingError('noToken', 'The tokenRefresher gave a token that has already ended.');
        }
        this.current = token;
        this.schedule();
        for (const observer of [...this.observers]) observer(token.token);
        return token;
    }

    private schedule(atLeast = 0): void {
        clearTimeout(this.timer);
        if (!this.proactive || this.disposed) return;
        const remaining = (this.current?.expiresOnTimestamp ?? 0) - Date.now();
        // A token that lives less than the margin is renewed at half of its life, or we would ask without pause.
        const wait = remaining > proactiveMargin ? remaining - proactiveMargin : remaining / 2;
        this.timer = setTimeout(() => {
            this.refresh().catch(error => console.warn('Token refresh failed; it will be tried again.', error));
        }, Math.min(Math.max(wait, atLeast, 0), longestTimer));
    }
}

/** Reads the end of a JSON Web Token; the signature is the server's business. */
function parseToken(token: string): CommunicationAccessToken {
    const payload = typeof token === 'string' ? token.split('.')[1] : undefined;
    try {
        const text = atob((payload ?? '').replace(/-/g, '+').replace(/_/g, '/'));
        const seconds: unknown = JSON.parse(text).exp;
        if (typeof seconds === 'number') return { token, expiresOnTimestamp: seconds * 1000 };
    } catch {
        // Falls through to the one error below.
    }
    throw callingError('noToken', 'The access token is not a JSON Web Token with an expiry time.');
}
