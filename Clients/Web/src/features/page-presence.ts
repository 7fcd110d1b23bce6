import { EventSource } from '../events';
import { randomId } from '../random-id';

/** The name of channel and locks; another version of the library that changes its messages takes another. */
const channelName = 'switchboard-calling-1';

interface Message {
    readonly type: 'hello' | 'here' | 'bye';
    readonly page: string;
}

export interface PagePresenceEvents {
    otherPagesChanged: void;
    clientsHereChanged: void;
}

/**
 * Which other pages of this browser have a client, too.
 *
 * Pages greet each other over a BroadcastChannel. A page that dies says nothing, so each holds a lock as long as it
 * lives, and the others wait for it. Where browsers have no such thing, no other page is ever seen.
 */
export class PagePresence extends EventSource<PagePresenceEvents> {
    private readonly page = randomId();
    private readonly others = new Set<string>();
    private channel: BroadcastChannel | undefined;
    private clients = 0;

    /** How many clients of this page have an agent. */
    get clientsHere(): number {
        return this.clients;
    }

    get isInOtherPages(): boolean {
        return this.others.size > 0;
    }

    /** A client of this page has an agent now, or has none any more. */
    clientActive(active: boolean): void {
        const before = this.clients > 1;
        this.clients += active ? 1 : -1;
        if (before !== this.clients > 1) this.emit('clientsHereChanged');
    }

    /** This page has a client. */
    enter(): void {
        if (this.channel || typeof BroadcastChannel === 'undefined' || typeof window === 'undefined') return;
        this.channel = new BroadcastChannel(channelName);
        // Node's own keeps a process alive; browsers' have no such method.
        (this.channel as { unref?(): void }).unref?.();
        this.channel.onmessage = event => this.heard(event.data as Message);
        this.holdLock().then(() => this.say('hello'));
        window.addEventListener('pagehide', () => this.say('bye'));
        window.addEventListener('pageshow', event => {
            if ((event as PageTransitionEvent).persisted) this.say('hello');
        });
    }

    /** Resolves once the lock is held: a page that heard of this one before would get it, and take this page for gone. */
    private holdLock(): Promise<void> {
        return new Promise(resolve => {
            const held = () => {
                resolve();
                return new Promise<never>(() => {});
            };
            // Refused to pages without an origin of their own, such as sandboxed frames.
            (locks()?.request(lockOf(this.page), held) ?? Promise.reject()).catch(() => resolve());
        });
    }

    private say(type: Message['type']): void {
        this.channel?.postMessage({ type, page: this.page });
    }

    private heard({ type, page }: Message): void {
        if (type === 'bye') {
            this.forget(page);
            return;
        }
        if (type === 'hello') this.say('here');
        if (this.others.has(page)) return;
        this.others.add(page);
        if (this.others.size === 1) this.emit('otherPagesChanged');
        // Granted when that page is gone, however it went.
        locks()?.request(lockOf(page), () => this.forget(page)).catch(() => {});
    }

    private forget(page: string): void {
        if (this.others.delete(page) && this.others.size === 0) this.emit('otherPagesChanged');
    }
}

const lockOf = (page: string) => `${channelName} ${page}`;

const locks = () => (navigator as { locks?: LockManager }).locks;
