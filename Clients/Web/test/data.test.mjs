// Data channels: the way for them, what is sent when and to whom, and what is received.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { golden, install, joined, pass, settle, signIn, StubPeerConnection, StubSocket } from './stubs.mjs';

beforeEach(install);

const { Features, RateLimit, DataPath } = library;
const group = { groupId: golden('call.join').groupId };
const [graceEntry] = golden('reply.call.withMedia').call.participants;
const [linusEntry] = golden('call.roster').added;
const grace = { kind: 'communicationUser', communicationUserId: graceEntry.userId };
const linus = { kind: 'communicationUser', communicationUserId: linusEntry.userId };
const bytes = text => new TextEncoder().encode(text);
const text = message => message && new TextDecoder().decode(message.data);
const peer = () => StubPeerConnection.last;
const { durable, lossy } = { durable: () => peer().data.durable, lossy: () => peer().data.lossy };
const payloads = channel => channel.sent.map(([, , payload]) => payload);

/** A call in which data can flow. */
async function flowing(options = {}) {
    const { call, socket, agent } = await joined(library);
    const feature = call.feature(Features.DataChannel);
    const sender = feature.createDataChannelSender({ channelId: 1000, reliability: 'Durable', ...options });
    await settle();
    socket.reply('media.offer', { media: golden('reply.media').media });
    await settle();
    durable().open();
    lossy().open();
    return { call, socket, agent, feature, sender };
}

/** What a promise has come to: `waiting`, `done` or the reason of its error. */
function watch(promise) {
    const state = { is: 'waiting' };
    promise.then(
        () => (state.is = 'done'),
        error => (state.is = error.reason ?? String(error)),
    );
    return state;
}

function rosterPush(sequence, change) {
    return { ...golden('call.roster'), sequence, added: [], changed: [], removed: [], ...change };
}
const leaves = (sequence, { participantId }) =>
    rosterPush(sequence, { removed: [{ participantId, reason: { code: 0, subCode: 0, message: '' } }] });

describe('the way for data', () => {
    test('is made with the first sender, by one offer whose lines are those of before', async () => {
        const { call, socket } = await joined(library);
        const feature = call.feature(Features.DataChannel);
        await settle();
        assert.deepEqual([socket.count('media.offer'), peer().data], [0, {}]);
        feature.createDataChannelSender({ channelId: 1 });
        feature.createDataChannelSender({ channelId: 2 });
        await settle();
        assert.equal(socket.count('media.offer'), 1);
        assert.deepEqual(socket.find('media.offer').lines, golden('call.start.withMedia').media.lines);
        assert.deepEqual(durable().options, { ordered: true, protocol: 'receipts' });
        assert.deepEqual(lossy().options, { ordered: false, maxRetransmits: 0 });
        assert.deepEqual([durable().label, lossy().label, durable().binaryType], ['durable', 'lossy', 'arraybuffer']);
    });

    test('is made for whoever only listens', async () => {
        const { call, socket } = await joined(library);
        call.feature(Features.DataChannel).on('dataChannelReceiverCreated', () => {});
        await settle();
        assert.equal(socket.count('media.offer'), 1);
    });

    test('is in the first offer when it is wanted before', async () => {
        const { agent, socket } = await signIn(library);
        agent.join(group).feature(Features.DataChannel).createDataChannelSender();
        await settle();
        const { type, to, ...members } = golden('reply.call.withMedia');
        socket.reply('call.join', members);
        await settle();
        assert.ok(durable());
        assert.equal(socket.count('media.offer'), 0);
    });

    test('waits for the answer to the first offer', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.join(group);
        await settle();
        call.feature(Features.DataChannel).createDataChannelSender();
        await settle();
        assert.equal(peer().offers.length, 1);
        const { type, to, ...members } = golden('reply.call.withMedia');
        socket.reply('call.join', members);
        await settle();
        assert.deepEqual([peer().offers.length, socket.count('media.offer')], [2, 1]);
    });

    test('is offered again when signalling broke on the way', async () => {
        const { call, socket } = await joined(library);
        const sending = watch(call.feature(Features.DataChannel).createDataChannelSender().sendMessage(bytes('a')));
        await settle();
        socket.drop();
        await pass(700);
        const next = StubSocket.last;
        next.open();
        next.receive(golden('welcome.resumed'));
        await settle();
        assert.equal(next.count('media.offer'), 1);
        assert.equal(sending.is, 'waiting');
        next.reply('media.offer', { media: golden('reply.media').media });
        await settle();
        lossy().open();
        await settle();
        assert.deepEqual([sending.is, payloads(lossy())], ['done', ['a']]);
    });

    test('a server that turns the line away is told of at once', async () => {
        const { call, socket } = await joined(library);
        const sender = call.feature(Features.DataChannel).createDataChannelSender();
        const sending = watch(sender.sendMessage(bytes('a')));
        await settle();
        const { media } = golden('reply.media');
        const sdp = `${media.sdp}m=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n`;
        socket.reply('media.offer', { media: { ...media, sdp } });
        await settle();
        assert.equal(sending.is, 'dataChannelsUnavailable');
        await assert.rejects(sender.sendMessage(bytes('b')), { reason: 'dataChannelsUnavailable', code: 412 });
    });

    test('a server that refuses the offer is told of with its reason', async () => {
        const { call, socket } = await joined(library);
        const sending = watch(call.feature(Features.DataChannel).createDataChannelSender().sendMessage(bytes('a')));
        await settle();
        socket.fail('media.offer', { code: 410, subCode: 3100, reason: 'mediaNegotiationFailed', message: 'No.' });
        await settle();
        assert.equal(sending.is, 'mediaNegotiationFailed');
    });

    test('a browser that cannot offer it is told of as a CallingError', async () => {
        const { call } = await joined(library);
        peer().createOffer = async () => {
            throw new Error('no more lines');
        };
        const sender = call.feature(Features.DataChannel).createDataChannelSender();
        await assert.rejects(sender.sendMessage(bytes('a')), library.CallingError);
        const expected = { reason: 'dataChannelsUnavailable', message: /no more lines/ };
        await assert.rejects(sender.sendMessage(bytes('b')), expected);
    });

    test('is made again when a channel closes, and messages wait for it', async () => {
        const { sender } = await flowing();
        const before = durable();
        await sender.sendMessage(bytes('a'));
        before.close();
        const sending = watch(sender.sendMessage(bytes('b')));
        await pass(1_000);
        assert.notEqual(durable(), before);
        assert.equal(sending.is, 'waiting');
        durable().open();
        await settle();
        assert.deepEqual([sending.is, durable().sent], ['done', [[1000, 2, 'b']]]);
    });

    test('moves to another peer connection, and forgets the one before', async () => {
        const path = new DataPath();
        const heard = [];
        path.on('received', ({ reliability, frame }) => heard.push([reliability, frame.sequenceNumber]));
        const first = new StubPeerConnection();
        const second = new StubPeerConnection();
        path.attach(first);
        path.attach(first);
        const old = first.data.durable;
        old.open();
        path.attach(second);
        assert.equal(old.readyState, 'closed');
        assert.equal(path.isWritable('Durable'), false);
        second.data.durable.open();
        assert.equal(path.isWritable('Durable'), true);
        old.deliver('p', 1, 1, 'late');
        second.data.durable.deliver('p', 1, 2, 'new');
        await pass(5_000);
        assert.deepEqual(heard, [['Durable', 2]]);
        assert.deepEqual([first.data.durable, second.data.durable.readyState], [old, 'open']);
    });
});

describe('sending', () => {
    test('has the header of the protocol before the bytes, which the app may then change', async () => {
        const { sender } = await flowing();
        const raw = [];
        durable().send = frame => raw.push(Buffer.from(frame).toString('hex'));
        const message = bytes('xyz').subarray(1);
        const sent = sender.sendMessage(message);
        message.fill(0);
        await sent;
        await sender.sendMessage(new Uint8Array());
        assert.deepEqual(raw, ['010003e800000001797a', '010003e800000002']);
    });

    test('counts messages in 32 bits, on through another sender of the channel', async () => {
        const { feature, sender } = await flowing();
        await sender.sendMessage(bytes('a'));
        sender.close();
        await assert.rejects(sender.sendMessage(bytes('b')), { reason: 'disposed' });
        const next = feature.createDataChannelSender({ channelId: 1000, reliability: 'Durable' });
        next.channel.nextSequenceNumber = 0xffff_ffff;
        await next.sendMessage(bytes('c'));
        await next.sendMessage(bytes('d'));
        assert.deepEqual(durable().sent.map(([, number]) => number), [1, 0xffff_ffff, 0]);
    });

    test('a durable message is sent when the server has taken it, a lossy one when it has left', async () => {
        const { feature, sender } = await flowing();
        durable().protocol = 'receipts';
        const [first, second] = [watch(sender.sendMessage(bytes('a'))), watch(sender.sendMessage(bytes('b')))];
        const pointer = feature.createDataChannelSender({ channelId: 2, reliability: 'Lossy' });
        const lost = watch(pointer.sendMessage(bytes('c')));
        await settle();
        assert.deepEqual(payloads(durable()), ['a', 'b']);
        assert.deepEqual([first.is, second.is, lost.is], ['waiting', 'waiting', 'done']);
        durable().confirm(1000, 2);
        durable().confirm(7, 1);
        await settle();
        assert.deepEqual([first.is, second.is], ['waiting', 'done']);
        durable().confirm(1000, 1);
        durable().confirm(1000, 1);
        await settle();
        assert.equal(first.is, 'done');
    });

    test('a durable message that somebody does not get rejects with the reason of the server', async () => {
        const { sender } = await flowing();
        durable().protocol = 'receipts';
        const sent = sender.sendMessage(bytes('a'));
        durable().confirm(1000, 1, 'receiverBehind');
        await assert.rejects(sent, { code: 409, reason: 'messageNotDelivered', target: 'receiverBehind' });
        const unknown = sender.sendMessage(bytes('b'));
        durable().confirm(1000, 2, 'aLaterWord');
        await assert.rejects(unknown, { reason: 'messageNotDelivered', target: 'aLaterWord' });
    });

    test('what the server has not answered when the channel breaks, or the call ends, rejects', async () => {
        const { call, socket, sender } = await flowing();
        durable().protocol = 'receipts';
        const broken = watch(sender.sendMessage(bytes('a')));
        durable().dispatchEvent(new Event('close'));
        await settle();
        assert.equal(broken.is, 'connectionLost');
        pass(1_000);
        durable().open();
        durable().protocol = 'receipts';
        const last = watch(sender.sendMessage(bytes('b')));
        const hangingUp = call.hangUp();
        await settle();
        socket.reply('call.hangUp');
        await hangingUp;
        await settle();
        assert.equal(last.is, 'callEnded');
    });

    test('a message of which the server says nothing for a minute rejects', async () => {
        const { sender } = await flowing();
        durable().protocol = 'receipts';
        const sent = watch(sender.sendMessage(bytes('a')));
        await settle();
        pass(59_000);
        await settle();
        assert.equal(sent.is, 'waiting');
        pass(2_000);
        await settle();
        assert.equal(sent.is, 'connectionLost');
        durable().confirm(1000, 1);
    });

    test('messages that the server has not answered count among those that wait', async () => {
        const { sender } = await flowing();
        durable().protocol = 'receipts';
        for (let index = 0; index < 256; index += 1) watch(sender.sendMessage(bytes('a')));
        await assert.rejects(sender.sendMessage(bytes('b')), { reason: 'dataQueueFull' });
        durable().confirm(1000, 1);
        await settle();
        const sent = watch(sender.sendMessage(bytes('c')));
        await settle();
        assert.equal(sent.is, 'waiting');
    });

    test('keeps to the bit rate, after a second of it at once', async () => {
        const { sender } = await flowing({ bitrateInKbps: 80 });
        for (let index = 0; index < 4; index += 1) watch(sender.sendMessage(new Uint8Array(9_992)));
        await settle();
        // 10,000 bytes of frame are a second at 80 kbit/s; the one that begins within the second goes whole.
        assert.equal(durable().sent.length, 2);
        await pass(999);
        assert.equal(durable().sent.length, 2);
        await pass(1);
        assert.equal(durable().sent.length, 3);
        await pass(1_000);
        assert.equal(durable().sent.length, 4);
    });

    test('a clock that is set back stops nobody', () => {
        const rate = new RateLimit(500);
        rate.spend(125_000, 10_000_000);
        assert.equal(rate.due(10_000_500), 10_001_000);
        assert.equal(rate.due(5_000_000), 5_000_500);
    });

    test('gives the browser little ahead, then urgent messages first and equals in turn', async () => {
        const { feature, sender } = await flowing();
        const other = feature.createDataChannelSender({ channelId: 2, reliability: 'Durable' });
        const urgent = feature.createDataChannelSender({ channelId: 3, reliability: 'Durable', priority: 'High' });
        durable().holds = true;
        await sender.sendMessage(new Uint8Array(20_000));
        for (const name of ['a', 'b']) watch(sender.sendMessage(bytes(name)));
        for (const name of ['x', 'y']) watch(other.sendMessage(bytes(name)));
        watch(urgent.sendMessage(bytes('!')));
        await settle();
        assert.equal(durable().sent.length, 1);
        durable().drain();
        await settle();
        assert.deepEqual(payloads(durable()).slice(1), ['!', 'x', 'a', 'y', 'b']);
        assert.ok(durable().bufferedAmountLowThreshold > 0);
    });

    test('one reliability does not wait for the other', async () => {
        const { feature, sender } = await flowing();
        const pointer = feature.createDataChannelSender({ channelId: 2 });
        durable().holds = true;
        await sender.sendMessage(new Uint8Array(20_000));
        watch(sender.sendMessage(bytes('later')));
        await pointer.sendMessage(bytes('now'));
        assert.deepEqual([payloads(lossy()), durable().sent.length], [['now'], 1]);
    });

    test('a browser that throws is asked again when it has room', async () => {
        const { sender } = await flowing();
        const { send } = durable();
        durable().send = () => {
            throw Object.assign(new Error('full'), { name: 'OperationError' });
        };
        const sending = watch(sender.sendMessage(bytes('a')));
        await settle();
        assert.equal(sending.is, 'waiting');
        durable().send = send;
        durable().drain();
        await settle();
        assert.deepEqual([sending.is, durable().sent], ['done', [[1000, 1, 'a']]]);
    });

    test('waits while the call is on hold', async () => {
        const { call, socket, sender } = await flowing();
        socket.receive({ ...golden('call.self'), muted: false, onHold: true });
        const sending = watch(sender.sendMessage(bytes('a')));
        await settle();
        assert.equal(sending.is, 'waiting');
        socket.receive({ ...golden('call.self'), muted: false, onHold: false });
        await settle();
        assert.deepEqual([sending.is, payloads(durable())], ['done', ['a']]);
        assert.equal(call.state, 'Connected');
    });

    test('takes no message that is too large, and not too many', async () => {
        const { feature, sender } = await flowing();
        assert.equal(sender.maxMessageSizeInBytes, 32_768);
        await sender.sendMessage(new Uint8Array(32_768));
        await assert.rejects(sender.sendMessage(new Uint8Array(32_769)), { code: 413, reason: 'messageTooLarge' });
        await assert.rejects(sender.sendMessage('text'), { reason: 'invalidArgument' });
        durable().holds = true;
        await sender.sendMessage(new Uint8Array(20_000));
        for (let index = 0; index < 256; index += 1) watch(sender.sendMessage(bytes('a')).catch(() => {}));
        await assert.rejects(sender.sendMessage(bytes('b')), { code: 429, reason: 'dataQueueFull' });
        const wrong = [
            { channelId: 0 }, { channelId: 65_536 }, { channelId: 1.5 }, { reliability: 'Perfect' },
            { priority: 'Low' }, { bitrateInKbps: 0 }, { bitrateInKbps: Infinity },
        ];
        for (const options of wrong) {
            assert.throws(() => feature.createDataChannelSender(options), { reason: 'invalidArgument' });
        }
        assert.throws(() => feature.createDataChannelSender({ channelId: 1000 }), { code: 409 });
        assert.deepEqual([1, 2].map(() => feature.createDataChannelSender().channelId), [1, 2]);
        const { reliability, priority, bitrateInKbps } = feature.createDataChannelSender();
        assert.deepEqual([reliability, priority, bitrateInKbps], ['Lossy', 'Normal', 500]);
    });

    test('a closed sender sends what waits', async () => {
        const { sender } = await flowing();
        durable().holds = true;
        await sender.sendMessage(new Uint8Array(20_000));
        const sending = watch(sender.sendMessage(bytes('last')));
        sender.close();
        durable().drain();
        await settle();
        assert.deepEqual([sending.is, payloads(durable())[1]], ['done', 'last']);
    });

    test('ends with the call', async () => {
        const { call, feature, sender } = await flowing();
        durable().holds = true;
        await sender.sendMessage(new Uint8Array(20_000));
        const sending = watch(sender.sendMessage(bytes('a')));
        call.hangUp().catch(() => {});
        await pass(2_000);
        assert.equal(sending.is, 'callEnded');
        await assert.rejects(sender.sendMessage(bytes('b')), { reason: 'callEnded' });
        assert.throws(() => feature.createDataChannelSender(), { reason: 'callEnded' });
        feature.on('dataChannelReceiverCreated', () => {});
        assert.equal(durable().readyState, 'closed');
        await pass(5_000);
        assert.equal(durable().readyState, 'closed');
    });
});

describe('recipients', () => {
    test('are told before the next message, which waits for the answer', async () => {
        const { socket, sender } = await flowing();
        await sender.sendMessage(bytes('all'));
        assert.equal(socket.count('data.recipients'), 0);
        sender.setParticipants([grace]);
        const sending = watch(sender.sendMessage(bytes('grace')));
        await settle();
        const { channelId, participantIds } = socket.find('data.recipients');
        assert.deepEqual([channelId, participantIds], [1000, [graceEntry.participantId]]);
        assert.deepEqual([sending.is, payloads(durable())], ['waiting', ['all']]);
        socket.reply('data.recipients');
        await settle();
        assert.deepEqual([sending.is, payloads(durable())], ['done', ['all', 'grace']]);
        sender.setParticipants([]);
        await settle();
        assert.equal(socket.find('data.recipients').participantIds, null);
    });

    test('other senders do not wait for them', async () => {
        const { socket, feature, sender } = await flowing();
        const other = feature.createDataChannelSender({ channelId: 2, reliability: 'Durable' });
        sender.setParticipants([grace]);
        watch(sender.sendMessage(bytes('grace')));
        await other.sendMessage(bytes('all'));
        assert.deepEqual(payloads(durable()), ['all']);
        socket.reply('data.recipients');
        await settle();
        assert.deepEqual(payloads(durable()), ['all', 'grace']);
    });

    test('are those of the moment when a message was sent', async () => {
        const { socket, sender } = await flowing();
        durable().holds = true;
        await sender.sendMessage(new Uint8Array(20_000));
        watch(sender.sendMessage(bytes('all')));
        sender.setParticipants([grace]);
        watch(sender.sendMessage(bytes('grace')));
        await settle();
        assert.equal(socket.count('data.recipients'), 0);
        durable().drain();
        await pass(50);
        // The message to all has been given to the browser, but has not left it.
        assert.deepEqual([payloads(durable())[1], socket.count('data.recipients')], ['all', 0]);
        durable().drain(1);
        await pass(50);
        assert.equal(socket.count('data.recipients'), 0);
        durable().drain(0);
        await pass(50);
        assert.equal(socket.count('data.recipients'), 1);
        assert.equal(durable().sent.length, 2);
        socket.reply('data.recipients');
        await settle();
        assert.equal(payloads(durable())[2], 'grace');
    });

    test('are told anew when somebody named leaves and comes back', async () => {
        const { socket, sender } = await flowing();
        socket.receive(golden('call.roster'));
        sender.setParticipants([grace, linus]);
        await settle();
        assert.deepEqual(socket.find('data.recipients').participantIds, [
            graceEntry.participantId, linusEntry.participantId,
        ]);
        socket.reply('data.recipients');
        await settle();
        socket.receive(leaves(6, graceEntry));
        await settle();
        assert.deepEqual(socket.find('data.recipients').participantIds, [linusEntry.participantId]);
        socket.reply('data.recipients');
        await settle();
        const back = { ...graceEntry, participantId: 'b4444444-0c2d-4e3f-8a4b-5c6d7e8f9a02' };
        socket.receive(rosterPush(7, { added: [back] }));
        await settle();
        assert.deepEqual(socket.find('data.recipients').participantIds, [
            back.participantId, linusEntry.participantId,
        ]);
        const sending = watch(sender.sendMessage(bytes('both')));
        await settle();
        assert.equal(sending.is, 'waiting');
        socket.reply('data.recipients');
        await settle();
        assert.equal(sending.is, 'done');
        // Who was not named changes nothing.
        socket.receive(rosterPush(8, { added: [{ ...graceEntry, participantId: 'x', userId: '8:acs:r_x' }] }));
        await settle();
        assert.equal(socket.count('data.recipients'), 3);
    });

    test('that are not in the call get nothing, and neither does anybody else', async () => {
        const { socket, sender } = await flowing();
        sender.setParticipants([linus]);
        await sender.sendMessage(bytes('linus'));
        assert.deepEqual([durable().sent, socket.count('data.recipients')], [[], 0]);
        socket.receive(golden('call.roster'));
        await settle();
        assert.deepEqual(socket.find('data.recipients').participantIds, [linusEntry.participantId]);
    });

    test('that the server does not take let their messages fail, and are told again for the next', async () => {
        const { socket, sender } = await flowing();
        sender.setParticipants([grace]);
        const first = watch(sender.sendMessage(bytes('a')));
        await settle();
        socket.fail('data.recipients', { ...golden('error').error, reason: 'internal', code: 500 });
        await settle();
        assert.deepEqual([first.is, durable().sent], ['internal', []]);
        const second = watch(sender.sendMessage(bytes('b')));
        await settle();
        assert.equal(socket.count('data.recipients'), 2);
        socket.reply('data.recipients');
        await settle();
        assert.deepEqual([second.is, payloads(durable())], ['done', ['b']]);
    });

    test('one of whom has just left are told again without', async () => {
        const { socket, sender } = await flowing();
        socket.receive(golden('call.roster'));
        sender.setParticipants([grace, linus]);
        const sending = watch(sender.sendMessage(bytes('a')));
        await settle();
        socket.receive(leaves(6, graceEntry));
        socket.fail('data.recipients', { code: 404, subCode: 0, reason: 'participantNotFound', message: 'Who?' });
        await settle();
        assert.deepEqual(socket.find('data.recipients').participantIds, [linusEntry.participantId]);
        socket.reply('data.recipients');
        await settle();
        assert.equal(sending.is, 'done');
    });

    test('are asked for again when the connection broke before the answer', async () => {
        const { socket, sender } = await flowing();
        sender.setParticipants([grace]);
        const sending = watch(sender.sendMessage(bytes('a')));
        await settle();
        socket.drop();
        await pass(700);
        const next = StubSocket.last;
        next.open();
        next.receive(golden('welcome.resumed'));
        await settle();
        assert.equal(next.count('data.recipients'), 1);
        next.reply('data.recipients');
        await settle();
        assert.equal(sending.is, 'done');
    });

    test('of a closed sender are not those of the next one of the channel', async () => {
        const { socket, feature, sender } = await flowing();
        sender.setParticipants([grace]);
        await settle();
        socket.reply('data.recipients');
        await settle();
        sender.close();
        const next = feature.createDataChannelSender({ channelId: 1000, reliability: 'Durable' });
        watch(next.sendMessage(bytes('all')));
        await settle();
        assert.deepEqual([socket.find('data.recipients').participantIds, durable().sent], [null, []]);
        socket.reply('data.recipients');
        await settle();
        assert.deepEqual(payloads(durable()), ['all']);
    });

    test('of a closed sender keep its last messages to themselves', async () => {
        const { socket, feature, sender } = await flowing();
        sender.setParticipants([grace]);
        await settle();
        socket.reply('data.recipients');
        await settle();
        durable().holds = true;
        await sender.sendMessage(bytes('grace'));
        sender.close();
        const next = feature.createDataChannelSender({ channelId: 1000 });
        watch(next.sendMessage(bytes('all')));
        await pass(50);
        assert.equal(socket.count('data.recipients'), 1);
        durable().drain();
        await pass(50);
        assert.equal(socket.count('data.recipients'), 2);
        socket.reply('data.recipients');
        await settle();
        assert.deepEqual(payloads(lossy()), ['all']);
    });

    test('are 64 at most', async () => {
        const { sender } = await flowing();
        const many = Array.from({ length: 65 }, (_, index) => ({ communicationUserId: `8:acs:r_${index}` }));
        assert.throws(() => sender.setParticipants(many), { reason: 'invalidArgument' });
        sender.setParticipants(many.slice(1));
    });
});

describe('receiving', () => {
    async function receiving() {
        const context = await flowing();
        const receivers = [];
        const heard = [];
        context.feature.on('dataChannelReceiverCreated', receiver => {
            receivers.push(receiver);
            receiver.on('messageReady', () => heard.push([receiver.channelId, text(receiver.readMessage())]));
            receiver.on('close', () => heard.push([receiver.channelId, 'closed']));
        });
        return { ...context, receivers, heard };
    }

    test('has one receiver for each channel of each sender', async () => {
        const { socket, receivers, heard } = await receiving();
        socket.receive(golden('call.roster'));
        durable().deliver(graceEntry.participantId, 7, 1, 'a');
        durable().deliver(graceEntry.participantId, 7, 2, 'b');
        lossy().deliver(graceEntry.participantId, 7, 1, 'c');
        durable().deliver(linusEntry.participantId, 7, 1, 'd');
        assert.deepEqual(heard, [[7, 'a'], [7, 'b'], [7, 'c'], [7, 'd']]);
        assert.deepEqual(
            receivers.map(it => [it.senderParticipantIdentifier, it.reliability]),
            [[grace, 'Durable'], [grace, 'Lossy'], [linus, 'Durable']],
        );
        assert.equal(receivers[0].receiver, receivers[0]);
    });

    test('messages can be read at any time, in order and with their numbers', async () => {
        const { feature } = await flowing();
        let receiver;
        feature.on('dataChannelReceiverCreated', event => ({ receiver } = event));
        durable().deliver(graceEntry.participantId, 9, 41, 'a');
        durable().deliver(graceEntry.participantId, 9, 42, 'b');
        const read = () => receiver.readMessage();
        const messages = [read(), read()];
        assert.deepEqual(messages.map(it => [it.sequenceNumber, text(it)]), [[41, 'a'], [42, 'b']]);
        assert.ok(messages[0].data instanceof Uint8Array);
        assert.equal(read(), undefined);
    });

    test('what the app does not read is kept up to a limit, and then counted', async () => {
        const { feature } = await flowing();
        const receivers = [];
        feature.on('dataChannelReceiverCreated', receiver => receivers.push(receiver));
        for (let number = 0; number < 300; number += 1) lossy().deliver(graceEntry.participantId, 9, number, 'x');
        for (let number = 0; number < 300; number += 1) durable().deliver(graceEntry.participantId, 9, number, 'x');
        const [fast, sure] = receivers;
        assert.deepEqual([fast.droppedMessageCount, fast.readMessage().sequenceNumber], [44, 44]);
        assert.deepEqual([sure.droppedMessageCount, sure.readMessage().sequenceNumber], [0, 0]);
        for (let number = 300; number < 1_400; number += 1) durable().deliver(graceEntry.participantId, 9, number, 'x');
        assert.equal(sure.droppedMessageCount, 375);
    });

    test('a receiver closes when its sender leaves, and can still be read', async () => {
        const { socket, feature } = await flowing();
        let receiver;
        let closed = 0;
        feature.on('dataChannelReceiverCreated', event => (receiver = event));
        durable().deliver(graceEntry.participantId, 9, 1, 'a');
        receiver.on('close', () => (closed += 1));
        socket.receive(leaves(5, graceEntry));
        assert.deepEqual([closed, text(receiver.readMessage())], [1, 'a']);
    });

    test('a receiver closes after two minutes of silence, and another comes with the next message', async () => {
        const { socket, receivers, heard } = await receiving();
        const beating = setInterval(() => socket.receive({ type: 'pong', time: 0 }), 4_000);
        const minutes = async count => {
            for (let second = 0; second < count * 60; second += 1) await pass(1_000);
        };
        durable().deliver(graceEntry.participantId, 7, 1, 'a');
        await minutes(1.5);
        durable().deliver(graceEntry.participantId, 7, 2, 'b');
        await minutes(1.5);
        assert.deepEqual(heard, [[7, 'a'], [7, 'b']]);
        await minutes(0.5);
        assert.deepEqual(heard.at(-1), [7, 'closed']);
        durable().deliver(graceEntry.participantId, 7, 3, 'c');
        assert.deepEqual([receivers.length, heard.at(-1)], [2, [7, 'c']]);
        clearInterval(beating);
    });

    test('a message of somebody who is not in the roster yet waits for it', async () => {
        const { socket, heard } = await receiving();
        for (let number = 0; number < 70; number += 1) {
            durable().deliver(linusEntry.participantId, 7, number, `${number}`);
        }
        assert.deepEqual(heard, []);
        socket.receive(golden('call.roster'));
        assert.deepEqual([heard.length, heard[0], heard.at(-1)], [64, [7, '6'], [7, '69']]);
    });

    test('one participant has a limited number of channels, which takes nothing from others', async () => {
        const { socket, receivers } = await receiving();
        socket.receive(golden('call.roster'));
        for (let channel = 1; channel <= 100; channel += 1) lossy().deliver(graceEntry.participantId, channel, 1, 'x');
        assert.equal(receivers.length, 64);
        lossy().deliver(linusEntry.participantId, 1, 1, 'x');
        lossy().deliver(graceEntry.participantId, 64, 2, 'y');
        assert.equal(receivers.length, 65);
    });

    test('what is no message of the protocol is ignored', async () => {
        const { heard } = await receiving();
        const frames = [];
        durable().addEventListener('message', ({ data }) => frames.push(data));
        durable().deliver(graceEntry.participantId, 7, 1, '');
        const [whole] = frames;
        assert.equal(heard.length, 1);
        const deliver = data => durable().dispatchEvent(Object.assign(new Event('message'), { data }));
        for (let length = 0; length < whole.byteLength; length += 1) deliver(whole.slice(0, length));
        const changed = (offset, value) => {
            const copy = whole.slice(0);
            new Uint8Array(copy)[offset] = value;
            deliver(copy);
        };
        changed(0, 2);
        changed(1, 255);
        changed(1, 0);
        changed(3, 0);
        deliver('text');
        durable().deliver(graceEntry.participantId, 7, 1, 'x'.repeat(32_769));
        assert.equal(heard.length, 1);
        durable().deliver(graceEntry.participantId, 7, 1, 'x'.repeat(32_768));
        assert.equal(heard.length, 2);
    });

    test('ends with the call', async () => {
        const { call, heard } = await receiving();
        durable().deliver(graceEntry.participantId, 7, 1, 'a');
        call.hangUp().catch(() => {});
        await pass(2_000);
        assert.deepEqual(heard, [[7, 'a'], [7, 'closed']]);
    });
});
