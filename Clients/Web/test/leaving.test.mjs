// What a page does so that its session does not outlive it.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { golden, install, joined, pass, settle, signIn, StubSocket } from './stubs.mjs';

const key = golden('welcome').resume;
const userId = golden('welcome').userId;

/** The lock manager of a browser, as far as one page or several of them use it. */
class StubLocks {
    held = new Map();

    async request(name, options, callback = options) {
        const { signal } = typeof options === 'function' ? {} : options;
        while (this.held.has(name)) {
            const aborted = new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
            await Promise.race([this.held.get(name), aborted]);
        }
        const use = Promise.resolve(callback({ name }));
        this.held.set(name, use);
        return use.finally(() => this.held.delete(name));
    }
}

class StubStorage {
    items = new Map();
    getItem(name) {
        return this.items.get(name) ?? null;
    }
    setItem(name, value) {
        this.items.set(name, value);
    }
    removeItem(name) {
        this.items.delete(name);
    }
}

/** A browser tab; `load` is a page in it. */
let beacons;

function browser() {
    install();
    beacons = [];
    globalThis.sessionStorage = new StubStorage();
    navigator.locks = new StubLocks();
    navigator.sendBeacon = (url, body) => beacons.push([url, JSON.parse(body)]);
}

/** A token that names the user, as the server's do. */
function credential(user = userId) {
    const payload = { exp: Math.floor(Date.now() / 1000) + 3_600, sub: user.replace('8:', '') };
    const token = `eyJhbGciOiJSUzI1NiJ9.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;
    return new library.AzureCommunicationTokenCredential(token);
}

const stored = () => JSON.parse(sessionStorage.getItem('switchboard-calling') ?? '[]');

/** The page is gone: its locks are released, and nothing of it runs any more. */
async function die({ persisted = false } = {}) {
    window.dispatchEvent(Object.assign(new Event('pagehide'), { persisted }));
    navigator.locks.held.clear();
    await settle();
}

beforeEach(() => browser());
afterEach(() => {
    window.dispatchEvent(new Event('pagehide'));
    delete globalThis.sessionStorage;
});

describe('a page that goes away', () => {
    test('ends its session by a beacon and over the socket', async () => {
        const { socket } = await joined(library, {}, { credential: credential() });
        await die();
        assert.deepEqual(beacons, [['https://calls.example:8443/calling/leave', { resume: key }]]);
        assert.equal(socket.count('bye'), 1);
    });

    test('into the cache of pages ends its calls, but not a session without calls', async () => {
        const { agent, socket } = await signIn(library, { credential: credential() });
        await die({ persisted: true });
        assert.deepEqual([beacons, socket.count('bye')], [[], 0]);
        agent.join({ groupId: golden('call.join').groupId });
        await die({ persisted: true });
        assert.deepEqual([beacons.length, socket.count('bye')], [1, 0]);
    });

    test('without a beacon, storage or locks still says goodbye', async () => {
        navigator.sendBeacon = navigator.locks = undefined;
        Object.defineProperty(globalThis, 'sessionStorage', {
            get: () => assert.fail('blocked'),
            configurable: true,
        });
        const { socket } = await signIn(library, { credential: credential() });
        window.dispatchEvent(new Event('pagehide'));
        assert.equal(socket.count('bye'), 1);
    });
});

describe('the next page of the tab', () => {
    test('has the session replaced that the last one left behind', async () => {
        await signIn(library, { credential: credential() });
        await die();
        const { socket } = await signIn(library, {
            credential: credential(),
            welcome: { resume: 'r-next' },
        });
        const { token, ...hello } = socket.find('hello');
        const { token: other, ...expected } = golden('hello.replaces');
        assert.deepEqual(hello, { ...expected, replaces: key, endpointId: golden('welcome').endpointId });
        assert.equal(socket.find('hello').resume, undefined);
        assert.deepEqual(stored().map(it => it.resume), ['r-next']);
        // Once is enough: later connections of this page resume its own session.
        socket.drop();
        await pass(1_000);
        await settle();
        StubSocket.last.open();
        assert.equal(StubSocket.last.find('hello').replaces, undefined);
        assert.equal(StubSocket.last.find('hello').resume, 'r-next');
    });

    test('also when the last one crashed', async () => {
        await signIn(library, { credential: credential() });
        const storage = globalThis.sessionStorage;
        navigator.locks.held.clear();
        install();
        navigator.locks = new StubLocks();
        globalThis.sessionStorage = storage;
        storage.setItem('switchboard-calling', JSON.stringify([
            { url: 'wss://calls.example:8443/calling', userId, endpointId: 'e', resume: 'r-crashed' },
        ]));
        const { socket } = await signIn(library, { credential: credential() });
        assert.equal(socket.find('hello').replaces, 'r-crashed');
    });

    test('leaves sessions of other users and servers alone', async () => {
        sessionStorage.setItem('switchboard-calling', JSON.stringify([
            { url: 'wss://calls.example:8443/calling', userId: '8:acs:a_somebody', endpointId: 'e', resume: 'r-other-user' },
            { url: 'wss://elsewhere.example/calling', userId, endpointId: 'e', resume: 'r-other-server' },
            'nonsense',
            null,
        ]));
        const { socket } = await signIn(library, { credential: credential() });
        assert.equal(socket.find('hello').replaces, undefined);
        assert.deepEqual(stored().map(it => it.resume), ['r-other-user', 'r-other-server', key]);
    });

    test('of a duplicated tab leaves the session of the living one alone', async () => {
        await signIn(library, { credential: credential() });
        const copy = new Map(sessionStorage.items);
        sessionStorage.items = copy;
        const { locks } = navigator;
        install();
        await settle();
        navigator.locks = locks;
        // The page that was copied lives on and holds its lock.
        locks.held.set(`switchboard-calling ${key}`, new Promise(() => {}));
        sessionStorage.setItem('switchboard-calling', JSON.stringify([
            { url: 'wss://calls.example:8443/calling', userId, endpointId: 'e', resume: key },
        ]));
        const client = new library.CallClient({ endpoint: 'https://calls.example:8443' });
        const waiting = client.createCallAgent(credential());
        await settle();
        assert.equal(StubSocket.all.length, 0);
        await pass(500);
        const socket = StubSocket.last;
        socket.open();
        assert.equal(socket.find('hello').replaces, undefined);
        socket.receive({ ...golden('welcome'), resume: 'r-copy' });
        await waiting;
        assert.deepEqual(stored().map(it => it.resume), ['r-copy']);
    });

    test('after dispose has nothing to replace', async () => {
        const { agent } = await signIn(library, { credential: credential() });
        await agent.dispose();
        assert.deepEqual(stored(), []);
        await die();
        assert.deepEqual(beacons, []);
        const { socket } = await signIn(library, { credential: credential() });
        assert.equal(socket.find('hello').replaces, undefined);
    });

    test('without locks relies on the beacon', async () => {
        await signIn(library, { credential: credential() });
        await die();
        navigator.locks = undefined;
        const { socket } = await signIn(library, { credential: credential() });
        assert.equal(socket.find('hello').replaces, undefined);
    });
});
