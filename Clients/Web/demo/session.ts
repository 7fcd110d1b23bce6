/** Who is signed in on this page. */
export interface Session {
    userId?: string;
    token: string;
    displayName: string;
    /** ISO 8601; absent for a pasted token. */
    expiresOn?: string;
}

/** The server does not make users for this page, see {@link createUser}. */
export class DevelopmentModeOff extends Error {}

const key = 'switchboard.session';

/** Makes a user on the server; only servers in development mode do that. */
export async function createUser(displayName: string): Promise<Session> {
    let response: Response;
    try {
        response = await fetch('/switchboard/v1/development/users', {
            method: 'POST',
            headers: { 'Content-Type': 'application/json' },
            body: JSON.stringify({ displayName }),
        });
    } catch {
        throw new Error('The server does not answer. Is it running, and are you online?');
    }
    const body = await response.json().catch(() => undefined);
    if (response.status === 404 && (body?.error?.code ?? 'DevelopmentModeOff') === 'DevelopmentModeOff') {
        throw new DevelopmentModeOff();
    }
    if (!response.ok) throw new Error(body?.error?.message ?? `The server answered ${response.status}.`);
    return body as Session;
}

/** The session of this tab before it was loaded again. */
export function storedSession(): Session | undefined {
    try {
        const session = JSON.parse(sessionStorage.getItem(key) ?? 'null') as Session | null;
        if (!session || (session.expiresOn && Date.parse(session.expiresOn) < Date.now() + 60_000)) return undefined;
        return session;
    } catch {
        return undefined;
    }
}

export function storeSession(session: Session | undefined): void {
    try {
        if (session) sessionStorage.setItem(key, JSON.stringify(session));
        else sessionStorage.removeItem(key);
    } catch {
        // Without storage one signs in again after a reload.
    }
}
