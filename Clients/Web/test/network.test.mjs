// The way media takes: STUN and TURN servers, and another network.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { golden, install, joined, pass, settle, signIn, StubPeerConnection, StubSocket } from './stubs.mjs';

beforeEach(install);

const turn = { urls: ['turn:calls.example:3478'], username: 'u', credential: 'c' };
const group = { groupId: golden('call.join').groupId };
const unknown = { code: 400, subCode: 0, reason: 'unknownType', message: 'There is no message type media.servers.' };

describe('STUN and TURN servers', () => {
    test('are asked for once signed in, and used for the next call', async () => {
        const { agent, socket } = await signIn(library);
        socket.reply('media.servers', { iceServers: [turn, { urls: 'http://no' }], expiresInSeconds: 3600 });
        await settle();
        agent.join(group);
        assert.deepEqual(StubPeerConnection.last.configuration.iceServers, [turn]);
        assert.equal(StubPeerConnection.last.configuration.iceTransportPolicy, undefined);
    });

    test('do not delay a call, and reach one that has begun', async () => {
        const { agent, socket } = await signIn(library);
        agent.join(group);
        await settle();
        assert.equal(socket.count('call.join'), 1);
        assert.deepEqual(StubPeerConnection.last.configuration.iceServers, []);
        socket.reply('media.servers', { iceServers: [turn], expiresInSeconds: 3600 });
        await settle();
        assert.deepEqual(StubPeerConnection.last.configuration.iceServers, [turn]);
        assert.equal(StubPeerConnection.last.configuration.bundlePolicy, 'max-bundle');
    });

    test('are asked for again when three quarters of their life are over', async () => {
        const { socket } = await signIn(library);
        socket.reply('media.servers', { iceServers: [turn], expiresInSeconds: 60 });
        await settle();
        const beating = setInterval(() => socket.receive({ type: 'pong', time: 0 }), 4_000);
        for (let beat = 0; beat < 44; beat += 1) await pass(1_000);
        assert.equal(socket.count('media.servers'), 1);
        await pass(1_000);
        assert.equal(socket.count('media.servers'), 2);
        clearInterval(beating);
    });

    test('a server that does not know the question is not asked twice', async () => {
        const { agent, socket } = await signIn(library);
        socket.fail('media.servers', unknown);
        await settle();
        await pass(10_000);
        socket.receive(golden('pong'));
        agent.join(group);
        assert.deepEqual(StubPeerConnection.last.configuration.iceServers, []);
        assert.equal(socket.count('media.servers'), 1);
    });

    test('of the app take their place', async () => {
        const networkConfiguration = { turn: { iceServers: [turn] } };
        const { agent, socket } = await signIn(library, { client: { networkConfiguration } });
        assert.equal(socket.count('media.servers'), 0);
        agent.join(group);
        assert.deepEqual(StubPeerConnection.last.configuration.iceServers, [turn]);
    });

    test('a call that may only go through them waits for them, but not for ever', async () => {
        const client = { networkConfiguration: { iceTransportPolicy: 'relay' } };
        const first = await signIn(library, { client });
        first.agent.join(group);
        await settle();
        assert.equal(first.socket.count('call.join'), 0);
        first.socket.reply('media.servers', { iceServers: [turn], expiresInSeconds: 3600 });
        await settle();
        assert.equal(first.socket.count('call.join'), 1);
        const { iceServers, iceTransportPolicy } = StubPeerConnection.last.configuration;
        assert.deepEqual([iceServers, iceTransportPolicy], [[turn], 'relay']);
        install();
        const second = await signIn(library, { client });
        second.agent.join(group);
        await pass(3_000);
        assert.equal(second.socket.count('call.join'), 1);
    });
});

describe('another network', () => {
    test('is taken at once, while the old path may still work', async () => {
        const { call, socket } = await joined(library);
        const peer = StubPeerConnection.last;
        peer.become('connected');
        window.dispatchEvent(new Event('online'));
        await settle();
        assert.deepEqual(peer.offers.at(-1), { iceRestart: true });
        assert.equal(socket.count('media.offer'), 1);
        assert.ok(!call.isReconnecting);
    });

    test('is taken when signalling is back, even if media seems well', async () => {
        const { socket } = await joined(library);
        const peer = StubPeerConnection.last;
        peer.become('connected');
        socket.drop();
        window.dispatchEvent(new Event('online'));
        await settle();
        const next = StubSocket.last;
        next.open();
        next.receive(golden('welcome.resumed'));
        await settle();
        assert.equal(next.count('media.offer'), 1);
        assert.deepEqual(peer.offers.at(-1), { iceRestart: true });
    });

    const flow = async (peer, looks, packets) => {
        for (let look = 0; look < looks; look += 1) {
            const before = peer.report[0]?.packetsReceived ?? 0;
            peer.report = [{ id: 'in', type: 'inbound-rtp', kind: 'audio', packetsReceived: before + packets }];
            await pass(500);
        }
    };

    test('is looked for as soon as a regular flow of packets stops, once for each silence', async () => {
        const { socket } = await joined(library);
        const peer = StubPeerConnection.last;
        peer.become('connected');
        await flow(peer, 6, 25);
        const pings = socket.count('ping');
        await flow(peer, 2, 0);
        assert.equal(socket.count('media.offer'), 0);
        await flow(peer, 1, 0);
        assert.equal(socket.count('media.offer'), 1);
        assert.deepEqual(peer.offers.at(-1), { iceRestart: true });
        assert.equal(socket.count('ping'), pings + 1);
        socket.reply('media.offer', { media: golden('reply.media').media });
        await flow(peer, 4, 0);
        assert.equal(socket.count('media.offer'), 1);
        socket.receive(golden('pong'));
        await flow(peer, 5, 25);
        await flow(peer, 3, 0);
        assert.equal(socket.count('media.offer'), 2);
    });

    test('is not looked for when packets come now and then', async () => {
        const { socket } = await joined(library);
        const peer = StubPeerConnection.last;
        peer.become('connected');
        for (let round = 0; round < 5; round += 1) {
            await flow(peer, 2, 1);
            await flow(peer, 4, 0);
            socket.receive(golden('pong'));
        }
        assert.equal(socket.count('media.offer'), 0);
    });

    test('a silent path is reason to doubt the signalling too', async () => {
        const { socket } = await joined(library);
        const peer = StubPeerConnection.last;
        peer.become('connected');
        const pings = socket.count('ping');
        peer.become('connected', 'disconnected');
        assert.equal(socket.count('ping'), pings + 1);
    });
});
