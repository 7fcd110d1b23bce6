/** Where the tab keeps what it needs to know of its sessions after a reload. */
const storageName = 'switchboard-calling';
/** The most sessions that are remembered, which is more than a page has users. */
const mostSessions = 8;
/** How long a page that is going away may hold on to its sessions, milliseconds. */
const departurePatience = 500;

/** What the next page of the tab needs to know. */
export interface KeptSession {
    readonly url: string;
    readonly userId: string;
    readonly endpointId: string;
    readonly resume: string;
}

/**
 * Sees to it that sessions end with their page.
 *
 * What is sent over a socket while a page goes away often does not get out, so a beacon ends the session. Where that
 * fails as well, the next page in the same tab finds the session's key in the storage of the tab and has it replaced.
 * A duplicated tab starts with a copy of that storage; the lock that a living page holds tells it to leave the session
 * alone.
 */
export class SessionKeeper {
    private kept: KeptSession | undefined;
    private release: (() => void) | undefined;
    private isLeaving = false;

    /** `url` is that of the signalling connection. */
    constructor(private readonly url: string) {}

    /** The session of the same user that a page of this tab left behind; it is not given a second time. */
    async takeAbandoned(token: string): Promise<KeptSession | undefined> {
        const locks = lockManager();
        // Without locks nobody can tell a reload from a duplicated tab.
        if (!locks) return undefined;
        const own = load().filter(session => session.url === this.url && isUserOf(token, session.userId));
        for (const session of own) {
            forget(session);
            if (await isFree(locks, session.resume)) return session;
        }
        return undefined;
    }

    /** The session of this page has this key from now on. */
    keep({ userId, endpointId, resume }: Omit<KeptSession, 'url'>): void {
        if (this.kept?.resume === resume) return;
        this.isLeaving = false;
        this.drop();
        this.kept = { url: this.url, userId, endpointId, resume };
        save([...load(), this.kept].slice(-mostSessions));
        // Held until the session ends, or until the browser does away with the page.
        lockManager()
            ?.request(lockName(resume), () => new Promise<void>(resolve => (this.release = resolve)))
            .catch(() => {});
    }

    /** The page goes away: ends the session in a way that gets out. */
    leave(): void {
        if (!this.kept) return;
        // The next page of the tab makes sure of it.
        this.isLeaving = true;
        const address = `${this.url.replace(/^ws/, 'http')}/leave`;
        try {
            // A string travels as text/plain, which needs no permission from servers of other origins.
            navigator.sendBeacon?.(address, JSON.stringify({ resume: this.kept.resume }));
        } catch {
            // A browser may refuse what is too much for it.
        }
    }

    /** The session is over, so that there is nothing to be replaced; unless the page goes away, which it may not hear. */
    drop(): void {
        if (this.kept && !this.isLeaving) forget(this.kept);
        this.kept = undefined;
        this.release?.();
        this.release = undefined;
    }
}

const lockName = (resume: string) => `${storageName} ${resume}`;

const lockManager = () => (globalThis.navigator as { locks?: LockManager } | undefined)?.locks;

/** Whether nobody holds the lock, or does not any more after a moment. */
async function isFree(locks: LockManager, resume: string): Promise<boolean> {
    const waiting = new AbortController();
    const timer = setTimeout(() => waiting.abort(), departurePatience);
    try {
        return await locks.request(lockName(resume), { signal: waiting.signal }, async () => true);
    } catch {
        return false;
    } finally {
        clearTimeout(timer);
    }
}

/** Whether a token is one of that user, as far as a client can read it. */
function isUserOf(token: string, userId: string): boolean {
    try {
        const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/');
        return atob(payload).includes(userId.replace(/^8:/, ''));
    } catch {
        return false;
    }
}

function forget(session: KeptSession): void {
    save(load().filter(it => it.resume !== session.resume));
}

function load(): KeptSession[] {
    try {
        const sessions: unknown = JSON.parse(sessionStorage.getItem(storageName) ?? '[]');
        return Array.isArray(sessions) ? sessions.filter(isKept) : [];
    } catch {
        // Storage that is blocked, or that somebody else has written into.
        return [];
    }
}

function save(sessions: KeptSession[]): void {
    try {
        if (sessions.length > 0) sessionStorage.setItem(storageName, JSON.stringify(sessions));
        else sessionStorage.removeItem(storageName);
    } catch {
        // The beacon has to do.
    }
}

function isKept(value: unknown): value is KeptSession {
    const { url, userId, endpointId, resume } = (value ?? {}) as Partial<KeptSession>;
    return [url, userId, endpointId, resume].every(member => typeof member === 'string');
}
