import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { BackOff, parseServerMessage, SignallingConnection } from '../build/internals.js';
import { golden, install, pass, settle, StubSocket } from './stubs.mjs';

beforeEach(install);

const tokens = () => ({
    canRefresh: false,
    asked: [],
    async getToken(options) {
        this.asked.push(options?.forceRefresh ?? false);
        return { token: golden('hello').token };
    },
});

async function connected(options = {}) {
    const connection = new SignallingConnection({
        url: 'wss://calls.example:8443/calling',
        tokens: options.tokens ?? tokens(),
        displayName: 'Ada',
        random: () => 0.5,
    });
    const events = [];
    for (const name of ['openChanged', 'sessionLost', 'closed']) {
        connection.on(name, value => events.push(value ? `${name} ${value.reason}` : name));
    }
    const waiting = connection.connect();
    await settle();
    const socket = StubSocket.last;
    socket.open();
    if (!options.silent) {
        socket.receive(golden('welcome'));
        await waiting;
    }
    return { connection, socket, events, waiting };
}

/** Lets the next attempt begin and succeed. */
async function reconnect(wait, welcome = golden('welcome.resumed')) {
    const before = StubSocket.all.length;
    await pass(wait);
    assert.equal(StubSocket.all.length, before + 1, 'there should be a new connection');
    const socket = StubSocket.last;
    socket.open();
    socket.receive(welcome);
    await settle();
    return socket;
}

describe('requests', () => {
    test('are numbered, and answered in any order', async () => {
        const { connection, socket } = await connected();
        const first = connection.request('call.reject', { callId: 'a' });
        const second = connection.request('call.reject', { callId: 'b' });
        const [one, two] = socket.sent.filter(it => it.type === 'call.reject');
        assert.deepEqual([one.id, two.id], [1, 2]);
        socket.receive({ type: 'reply', to: 2, participantId: 'x' });
        socket.receive({ type: 'reply', to: 1 });
        assert.equal((await second).participantId, 'x');
        assert.equal((await first).to, 1);
    });

    test('are rejected with what the server says', async () => {
        const { connection, socket } = await connected();
        const request = connection.request('call.reject', { callId: 'a' });
        socket.receive({ ...golden('error'), to: 1 });
        await assert.rejects(request, { name: 'CallingError', code: 404, reason: 'callNotFound', subCode: 0 });
    });

    test('odd frames, unknown pushes and answers to nobody are survived', async () => {
        const { connection, socket } = await connected();
        const frames = ['', '{', '[]', 'null', '7', '{"type":5}', '{"type":"reply","to":99}'];
        for (const frame of frames) socket.receive(frame);
        socket.receive({ type: 'error', to: 99, error: golden('error').error });
        socket.receive({ type: 'somethingNew', callId: 'x' });
        assert.ok(connection.isOpen);
        assert.equal(parseServerMessage(new Uint8Array(3)), undefined);
    });
});

describe('heartbeat', () => {
    test('pings at the rate that the server wants', async () => {
        const { socket } = await connected();
        await pass(5_000);
        socket.receive({ type: 'pong', time: socket.find('ping').time });
        await pass(5_000);
        assert.equal(socket.count('ping'), 2);
    });

    test('counts the connection as lost after three silent beats, and not before', async () => {
        const { connection, socket, events } = await connected();
        await pass(14_999);
        assert.ok(connection.isOpen);
        socket.receive({ type: 'pong', time: 1 });
        await pass(14_999);
        assert.ok(connection.isOpen);
        await pass(1);
        assert.ok(!connection.isOpen);
        assert.deepEqual(events, ['openChanged', 'openChanged']);
    });

    test('a barrier is passed with its pong', async () => {
        const { connection, socket } = await connected();
        let passed = false;
        const barrier = connection.barrier().then(() => (passed = true));
        await settle();
        assert.ok(!passed);
        socket.receive({ type: 'pong', time: socket.find('ping').time });
        await barrier;
    });
});

describe('coming back', () => {
    test('the pauses grow from half a second to eight, and spread', () => {
        const even = new BackOff(() => 0.5);
        assert.deepEqual(Array.from({ length: 6 }, () => even.next()), [500, 1000, 2000, 4000, 8000, 8000]);
        even.reset();
        assert.equal(even.next(), 500);
        assert.equal(new BackOff(() => 0).next(), 375);
        assert.ok(new BackOff(() => 0.999).next() < 625);
    });

    test('resumes the session and sends what waited', async () => {
        const { connection, socket, events } = await connected();
        socket.drop();
        const waiting = connection.request('call.hangUp', { callId: 'a', forEveryone: false });
        const next = await reconnect(500);
        assert.deepEqual(next.sent[0], golden('hello.resume'));
        assert.deepEqual(next.sent[1], { type: 'call.hangUp', id: 1, callId: 'a', forEveryone: false });
        next.reply('call.hangUp');
        await waiting;
        assert.deepEqual(events, ['openChanged', 'openChanged', 'openChanged']);
    });

    test('keeps trying with growing pauses', async () => {
        const { socket } = await connected();
        socket.drop();
        for (const wait of [500, 1000, 2000, 4000, 8000]) {
            const before = StubSocket.all.length;
            await pass(wait - 1);
            assert.equal(StubSocket.all.length, before);
            await pass(1);
            assert.equal(StubSocket.all.length, before + 1);
            StubSocket.last.drop();
        }
    });

    test('sends again what is safe to repeat and rejects the rest', async () => {
        const { connection, socket } = await connected();
        const mute = connection.request('call.mute', { callId: 'a', muted: true });
        const add = connection.request('call.add', { callId: 'a', target: 'b' });
        socket.drop();
        const refused = assert.rejects(add, { reason: 'connectionLost', code: 490, subCode: 4502 });
        const next = await reconnect(500);
        await refused;
        assert.deepEqual(next.sent.slice(1).map(it => [it.type, it.id]), [['call.mute', 3]]);
        next.reply('call.mute');
        await mute;
    });

    test('what calls say after the welcome comes after what had waited', async () => {
        const { connection, socket } = await connected();
        socket.drop();
        connection.request('call.mute', { callId: 'a', muted: true }).catch(() => {});
        connection.on('openChanged', () => {
            if (connection.isOpen) connection.request('call.publish', { callId: 'a', camera: true, screen: false });
        });
        const next = await reconnect(500);
        assert.deepEqual(next.sent.map(it => it.type), ['hello', 'call.mute', 'call.publish']);
    });

    test('a session that is gone is told, and everything under way rejected', async () => {
        const { connection, socket, events } = await connected();
        const request = connection.request('call.mute', { callId: 'a', muted: true });
        socket.drop();
        const refused = assert.rejects(request, { reason: 'connectionLost' });
        await reconnect(500, golden('welcome'));
        await refused;
        assert.ok(events.includes('sessionLost connectionLost'));
        assert.ok(connection.isOpen);
    });

    test('after the resume window the session is given up, but not the server', async () => {
        const { socket, events } = await connected();
        socket.drop();
        for (let attempt = 0; attempt < 12 && !events.some(it => it.startsWith('sessionLost')); attempt += 1) {
            await pass(8_000);
            if (StubSocket.last !== socket && StubSocket.last.readyState === 0) StubSocket.last.drop();
        }
        assert.ok(events.includes('sessionLost connectionLost'));
        assert.ok(!events.some(it => it.startsWith('closed')));
        const next = await reconnect(8_000, golden('welcome'));
        assert.equal(next.sent[0].resume, undefined);
        assert.equal(next.sent[0].endpointId, golden('welcome').endpointId);
    });

    test('a network that comes back is used at once', async () => {
        const { connection, socket } = await connected();
        socket.drop();
        connection.networkChanged();
        await settle();
        assert.equal(StubSocket.all.length, 2);
    });

    test('after a change of network an open connection must answer soon', async () => {
        const { connection, socket } = await connected();
        connection.networkChanged();
        assert.equal(socket.count('ping'), 1);
        await pass(3_999);
        assert.ok(connection.isOpen);
        await pass(1);
        assert.ok(!connection.isOpen);
        assert.equal(socket.closedWith, 1005);
    });

    test('a connection that never gets its welcome is given up', async () => {
        const { waiting } = await connected({ silent: true });
        const refused = assert.rejects(waiting, { reason: 'serverUnreachable' });
        await pass(10_000);
        await refused;
    });
});

describe('endings', () => {
    test('bye', async () => {
        const { connection, socket, events } = await connected();
        connection.close();
        assert.deepEqual(socket.sent.at(-1), golden('bye'));
        assert.deepEqual(events.slice(1), ['openChanged', 'closed agentDisposed']);
        await assert.rejects(connection.request('call.reject', { callId: 'a' }), { reason: 'agentDisposed' });
    });

    for (const [code, reason] of [[4400, 'refused'], [4401, 'unauthorized'], [4409, 'resumedElsewhere']]) {
        test(`close code ${code} is final`, async () => {
            const { socket, events } = await connected();
            socket.drop(code);
            await pass(60_000);
            assert.equal(StubSocket.all.length, 1);
            assert.ok(events.includes(`closed ${reason}`));
        });
    }

    test('the error before the close says why', async () => {
        const { socket, waiting } = await connected({ silent: true });
        socket.receive({
            type: 'error',
            error: { code: 401, subCode: 10009, reason: 'unauthorized', message: 'The token was revoked.' },
        });
        const refused = assert.rejects(waiting, { reason: 'unauthorized', message: 'The token was revoked.' });
        socket.drop(4401);
        await refused;
    });

    test('a refused token is renewed once', async () => {
        const source = Object.assign(tokens(), { canRefresh: true });
        const { socket, events } = await connected({ tokens: source });
        socket.drop(4401);
        assert.ok(events.includes('sessionLost unauthorized'));
        await pass(500);
        assert.deepEqual(source.asked, [false, true]);
        StubSocket.last.open();
        StubSocket.last.drop(4401);
        assert.ok(events.includes('closed unauthorized'));
    });

    test('too many messages: the next attempt takes its time', async () => {
        const { socket } = await connected();
        socket.drop(4429);
        await pass(7_999);
        assert.equal(StubSocket.all.length, 1);
        await pass(1);
        assert.equal(StubSocket.all.length, 2);
    });
});
