// Every act in every wrong state, with the codes that the mirrored SDK documents.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { devices, golden, install, joined, pass, settle, signIn, StubElement } from './stubs.mjs';

const grace = { communicationUserId: golden('incomingCall').from.userId };
const groupId = golden('call.join').groupId;
const camera = id => new library.LocalVideoStream({ id: `camera:${id}`, name: id, deviceType: 'UsbCamera' });
const quiet = promise => promise.catch(() => {});

beforeEach(() => install());
afterEach(() => globalThis.window.dispatchEvent(new Event('pagehide')));

/** Calls in the states in which acts are tried. */
const calls = {
    connecting: async () => {
        const { agent } = await signIn(library);
        const call = agent.join({ groupId });
        await settle();
        return call;
    },
    connected: async () => (await joined(library)).call,
    over: async () => {
        const { call, socket } = await joined(library);
        socket.receive(golden('call.state.disconnected'));
        return call;
    },
    withCamera: async () => {
        const { call } = await joined(library);
        quiet(call.startVideo(camera('a')));
        await settle();
        return call;
    },
    withScreen: async () => {
        const { call } = await joined(library);
        quiet(call.startScreenSharing());
        await settle();
        return call;
    },
};

const features = library.Features;
const ended = '410/0';
const early = '412/0';

/** State, act, and the code with which it is refused. */
const table = [
    ['over', 'mute', call => call.mute(), ended],
    ['over', 'unmute', call => call.unmute(), ended],
    ['over', 'hold', call => call.hold(), ended],
    ['over', 'resume', call => call.resume(), ended],
    ['over', 'muteIncomingAudio', call => call.muteIncomingAudio(), ended],
    ['over', 'muteAllRemoteParticipants', call => call.muteAllRemoteParticipants(), ended],
    ['over', 'startVideo', call => call.startVideo(camera('a')), ended],
    ['over', 'stopVideo', call => call.stopVideo(camera('a')), ended],
    ['over', 'startScreenSharing', call => call.startScreenSharing(), ended],
    ['over', 'stopScreenSharing', call => call.stopScreenSharing(), ended],
    ['over', 'startAudio', call => call.startAudio(), ended],
    ['over', 'stopAudio', call => call.stopAudio(), ended],
    ['over', 'addParticipant', async call => call.addParticipant(grace), ended],
    ['over', 'removeParticipant', call => call.removeParticipant(grace), ended],
    ['over', 'sendDtmf', call => call.sendDtmf('Num1'), ended],
    ['over', 'raiseHand', call => call.feature(features.RaiseHand).raiseHand(), ended],
    ['over', 'startSpotlight', call => call.feature(features.Spotlight).startSpotlight(), ended],
    ['over', 'sendReaction', call => call.feature(features.Reaction).sendReaction({ reactionType: 'like' }), ended],
    ['over', 'createDataChannelSender', async call => call.feature(features.DataChannel).createDataChannelSender(), ended],
    ['connecting', 'hold', call => call.hold(), early],
    ['connecting', 'muteAllRemoteParticipants', call => call.muteAllRemoteParticipants(), early],
    ['connecting', 'addParticipant', async call => call.addParticipant(grace), early],
    ['connecting', 'removeParticipant', call => call.removeParticipant(grace), early],
    ['connecting', 'raiseHand', call => call.feature(features.RaiseHand).raiseHand(), early],
    ['connecting', 'startScreenSharing', call => call.startScreenSharing(), '412/41071'],
    ['connected', 'startVideo with nothing', call => call.startVideo(), '400/41025'],
    ['connected', 'startVideo with a device', call => call.startVideo({ id: 'camera:a' }), '400/41025'],
    ['connected', 'stopVideo', call => call.stopVideo(camera('a')), '400/41030'],
    ['connected', 'stopScreenSharing', call => call.stopScreenSharing(), '400/41041'],
    ['connected', 'sendDtmf', call => call.sendDtmf('Num1'), '405/0'],
    ['connected', 'addParticipant of a telephone', async call => call.addParticipant({ phoneNumber: '+1425' }), '405/0'],
    ['connected', 'addParticipant of a string', async call => call.addParticipant('8:acs:a_b'), '400/0'],
    ['connected', 'addParticipant to a thread', async call => call.addParticipant(grace, { threadId: 'x' }), '405/0'],
    ['connected', 'removeParticipant of a stranger', call => call.removeParticipant({ communicationUserId: 'x' }), '400/0'],
    ['connected', 'getConversationUrl', call => call.info.getConversationUrl(), '405/0'],
    ['withCamera', 'startVideo', call => call.startVideo(camera('b')), '400/41027'],
    ['withCamera', 'stopVideo of another', call => call.stopVideo(camera('a')), '400/41032'],
    ['withCamera', 'switchSource to the same', call => call.localVideoStreams[0].switchSource({ id: 'camera:a' }), '400/43005'],
    ['withCamera', 'switchSource to nothing', call => call.localVideoStreams[0].switchSource(), '400/43004'],
    ['withCamera', 'switchSource to a name', call => call.localVideoStreams[0].switchSource('b'), '400/43004'],
    ['withScreen', 'startScreenSharing', call => call.startScreenSharing(), '400/41035'],
    ['withScreen', 'stopScreenSharing of another', call => call.stopScreenSharing(camera('a')), '400/41032'],
];

describe('acts in calls', () => {
    for (const [state, name, act, codes] of table) {
        test(`${state}: ${name} is ${codes}`, async () => {
            const call = await calls[state]();
            const error = await act(call).then(() => assert.fail('was not refused'), thrown => thrown);
            assert.ok(error instanceof library.CallingError, String(error));
            assert.equal(`${error.code}/${error.subCode}`, codes);
            assert.deepEqual(error.resultCategories, ['ExpectedError']);
            assert.ok(error.message.length > 10 && error.name === 'CallingError' && error.reason);
        });
    }

    for (const [refusal, codes] of [['NotAllowedError', '403/43001'], ['NotReadableError', '412/43000'], ['NotFoundError', '412/43013']]) {
        test(`a camera with ${refusal} is ${codes}`, async () => {
            const call = await calls.connected();
            devices.refuse = refusal;
            const error = await call.startVideo(camera('a')).then(() => assert.fail(), thrown => thrown);
            assert.equal(`${error.code}/${error.subCode}`, codes);
        });
    }

    test('what does no harm twice is no error', async () => {
        const call = await calls.over();
        await call.hangUp();
        call.dispose();
        const { agent, socket } = await signIn(library, { welcome: { userId: '8:acs:a_twice' } });
        assert.equal(socket.readyState, 1);
        await agent.dispose();
        await agent.dispose();
    });

    test('dispose leaves the call', async () => {
        const { call, socket } = await joined(library);
        call.dispose();
        socket.reply('call.hangUp');
        await settle();
        assert.equal(call.state, 'Disconnected');
        assert.deepEqual(call.callEndReason.resultCategories, ['Success']);
    });
});

describe('whom to call', () => {
    const refused = {
        'a string': ['8:acs:a_b', '400/0'],
        nothing: [undefined, '400/0'],
        'null': [null, '400/0'],
        'an empty object': [{}, '400/0'],
        'an empty user': [{ communicationUserId: '' }, '400/0'],
        'a telephone': [{ phoneNumber: '+14255550100' }, '405/0'],
        'a Teams user': [{ microsoftTeamsUserId: 'u' }, '405/0'],
        'a Teams app': [{ teamsAppId: 'a' }, '405/0'],
        'the echo bot': [{ id: '8:echo123' }, '405/0'],
    };
    for (const [name, [identifier, codes]] of Object.entries(refused)) {
        test(`${name} is refused with ${codes}`, async () => {
            const { agent } = await signIn(library);
            for (const participants of [[identifier], [grace, identifier]]) {
                assert.throws(
                    () => agent.startCall(participants),
                    error => error instanceof library.CallingError && `${error.code}/${error.subCode}` === codes,
                );
            }
            assert.deepEqual(agent.calls, []);
        });
    }

    test('people are given as a list', async () => {
        const { agent } = await signIn(library);
        for (const wrong of ['8:acs:a_b', grace, [], undefined, null]) {
            assert.throws(() => agent.startCall(wrong), { code: 400, reason: 'invalidArgument' });
        }
    });

    test('whom the server does not know ends the call, and the participation, with what it says', async () => {
        const { call, agent, socket } = await joined(library);
        const target = '8:acs:a_gone';
        const error = { code: 404, subCode: 0, reason: 'userNotFound', message: 'There is no such user.', target };
        const participant = call.addParticipant({ communicationUserId: target });
        socket.fail('call.add', error);
        await settle();
        assert.equal(participant.callEndReason.code, 404);
        const second = agent.startCall([{ communicationUserId: target }]);
        await settle();
        socket.fail('call.start', error);
        await settle();
        const { code, subCode, message, resultCategories } = second.callEndReason;
        assert.deepEqual([code, subCode, message, resultCategories], [404, 0, error.message, ['ExpectedError']]);
    });

    test('other ways into calls are refused by name', async () => {
        const { agent } = await signIn(library);
        for (const locator of [{ roomId: '1' }, { meetingLink: 'x' }, { meetingId: '1' }, { threadId: '1' }]) {
            assert.throws(() => agent.join(locator), { code: 405, reason: 'featureNotOffered' });
        }
        assert.throws(() => agent.join(), { code: 400, reason: 'invalidGroupId' });
        assert.throws(() => agent.startCall([grace], { threadId: 'x' }), { code: 405 });
        await assert.rejects(agent.handlePushNotification({ incomingCallContext: '' }), { code: 405 });
    });

    test('options are carried or refused', async () => {
        const { agent, socket } = await signIn(library);
        const long = 'x'.repeat(257);
        const headers = Array.from({ length: 6 }, (_, index) => ({ key: `k${index}`, value: '' }));
        for (const customContext of [
            { userToUser: long },
            { voipHeaders: headers },
            { voipHeaders: [{ key: '', value: '' }] },
            { sipHeaders: [{ key: 'a', value: long }] },
            { xHeaders: [{ key: long, value: '' }] },
        ]) {
            assert.throws(() => agent.startCall([grace], { customContext }), { code: 400, reason: 'invalidArgument' });
        }
        agent.startCall([grace], { alternateCallerId: { phoneNumber: '+1' }, customContext: { userToUser: 'a' } });
        await settle();
        assert.deepEqual(socket.find('call.start').customContext, { userToUser: 'a' });
    });
});

describe('ringing calls', () => {
    async function ringing() {
        const { agent, socket } = await signIn(library);
        let incoming;
        agent.on('incomingCall', event => (incoming = event.incomingCall));
        socket.receive(golden('incomingCall'));
        const heard = [];
        incoming.on('callEnded', ({ callEndReason: it }) => heard.push(`${it.code}/${it.subCode}`));
        return { agent, socket, incoming, heard };
    }

    const end = (code, subCode) => ({
        ...golden('incomingCallEnded'),
        reason: { code, subCode, message: 'Because.' },
    });
    const refuse = (socket, reason, code) =>
        socket.fail('call.accept', { code, subCode: 0, reason, message: 'Too late.' });
    const codesOf = it => `${it.code}/${it.subCode}`;

    test('the loser of two accepts is told 487/10003, whichever news comes first', async () => {
        for (const [order, word] of [
            ['push first', 'notRinging'],
            ['push first', 'answeredElsewhere'],
            ['refusal first', 'answeredElsewhere'],
            ['refusal alone', 'answeredElsewhere'],
            ['refusal alone', 'invalidState'],
        ]) {
            install();
            const { agent, socket, incoming, heard } = await ringing();
            const ended = [];
            agent.on('callsUpdated', ({ removed }) => ended.push(...removed));
            const accepting = incoming.accept();
            await settle();
            if (order === 'push first') socket.receive(end(487, 10003));
            refuse(socket, word, 409);
            await settle();
            if (order === 'refusal first') socket.receive(end(487, 10003));
            socket.receive({ type: 'pong', time: socket.find('ping').time });
            await assert.rejects(accepting, { code: 487, subCode: 10003, resultCategories: ['Success'] });
            assert.equal(codesOf(incoming.callEndReason), '487/10003', order);
            assert.deepEqual(heard, ['487/10003'], order);
            assert.deepEqual(ended.map(it => codesOf(it.callEndReason)), ['487/10003'], order);
            await assert.rejects(incoming.accept(), { code: 400, subCode: 41006 });
        }
    });

    test('accept after the caller gave up is 400/41006, and the call was cancelled', async () => {
        for (const [reason, code] of [['notRinging', 400], ['callEnded', 410], ['callNotFound', 404]]) {
            install();
            const { socket, incoming, heard } = await ringing();
            const accepting = incoming.accept();
            await settle();
            refuse(socket, reason, code);
            await settle();
            socket.receive({ type: 'pong', time: socket.find('ping').time });
            await assert.rejects(accepting, { code: 400, subCode: 41006 });
            assert.equal(codesOf(incoming.callEndReason), '487/0');
            assert.deepEqual(heard, ['487/0']);
        }
    });

    test('a server that does not answer the question why is not waited for', async () => {
        const { socket, incoming } = await ringing();
        const accepting = assert.rejects(incoming.accept(), { subCode: 41006 });
        await settle();
        refuse(socket, 'callEnded', 410);
        await settle();
        await pass(1_000);
        await accepting;
    });

    test('accept that fails for another reason ends with it', async () => {
        const { socket, incoming, heard } = await ringing();
        const accepting = incoming.accept();
        await settle();
        socket.fail('call.accept', { code: 410, subCode: 3100, reason: 'mediaNegotiationFailed', message: 'No codec.' });
        await settle();
        socket.receive({ type: 'pong', time: socket.find('ping').time });
        await assert.rejects(accepting, { code: 410, subCode: 3100 });
        assert.deepEqual(heard, ['410/3100']);
        assert.equal(incoming.callEndReason.message, 'No codec.');
    });

    test('an accepted call ends its ringing with a reason', async () => {
        const { socket, incoming, heard } = await ringing();
        const accepting = incoming.accept();
        await settle();
        assert.deepEqual(heard, []);
        const { type, to, ...members } = golden('reply.call.withMedia');
        socket.reply('call.accept', members);
        const call = await accepting;
        assert.deepEqual(heard, ['0/0']);
        assert.equal(call.id, incoming.id);
        assert.deepEqual(incoming.callEndReason.resultCategories, ['Success']);
    });

    test('what ends a ringing call is told as it is', async () => {
        for (const [code, subCode] of [[487, 0], [487, 10003], [487, 10004]]) {
            install();
            const { socket, incoming, heard } = await ringing();
            socket.receive(end(code, subCode));
            socket.receive(end(code, subCode));
            assert.deepEqual(heard, [`${code}/${subCode}`]);
            await assert.rejects(incoming.accept(), { code: 400, subCode: 41006 });
            await assert.rejects(incoming.reject(), { code: 400, subCode: 41007 });
        }
    });

    test('a second press of the button is 400/41006 or 41007', async () => {
        const { incoming } = await ringing();
        quiet(incoming.accept());
        await assert.rejects(incoming.accept(), { subCode: 41006 });
        await assert.rejects(incoming.reject(), { subCode: 41007 });
    });
});

describe('names and ids', () => {
    test('calls have an id at once, each its own', async () => {
        const { agent, socket } = await signIn(library);
        const [first, second] = [agent.startCall([grace]), agent.startCall([grace])];
        assert.match(first.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        assert.notEqual(first.id, second.id);
        const heard = [];
        second.on('idChanged', () => heard.push(second.id));
        await settle();
        const before = second.id;
        const { call } = golden('reply.call');
        socket.reply('call.start', { call });
        await settle();
        assert.deepEqual(heard, [call.callId]);
        assert.equal(await second.info.getServerCallId(), call.callId);
        assert.notEqual(before, second.id);
    });

    test('a call that never began has no id on the server', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.startCall([grace]);
        const asking = assert.rejects(call.info.getServerCallId(), { reason: 'callEnded' });
        await settle();
        socket.fail('call.start', { code: 503, subCode: 0, reason: 'serverClosing', message: 'Later.' });
        await asking;
        assert.deepEqual(call.callEndReason.resultCategories, ['UnexpectedServerError']);
    });

    test('streams have ids of their own, and devices of one person are told apart', async () => {
        const { call, socket } = await joined(library);
        const roster = golden('call.roster');
        const entry = { ...roster.changed[0], camera: true, screen: true };
        const other = { ...entry, participantId: 'd4444444-0c2d-4e3f-8a4b-5c6d7e8f9a04' };
        socket.receive({ ...roster, added: [other], changed: [entry] });
        const streams = call.remoteParticipants.flatMap(it => it.videoStreams);
        assert.equal(streams.length, 4);
        assert.equal(new Set(streams.map(it => it.id)).size, 4);
        assert.ok(streams.every(it => Number.isInteger(it.id) && it.tags.length === 0));
        const [first, second] = call.remoteParticipants;
        assert.deepEqual(first.identifier, second.identifier);
        assert.notDeepEqual(first.endpointDetails, second.endpointDetails);
        assert.deepEqual([first.role, call.role, first.hasDisplayNameChanged], ['Unknown', 'Unknown', false]);
        socket.receive({ ...roster, sequence: 6, added: [], changed: [{ ...entry, displayName: 'Admiral' }] });
        assert.deepEqual([first.hasDisplayNameChanged, second.hasDisplayNameChanged], [true, false]);
    });

    test('a shared screen names its source', async () => {
        const call = await calls.withScreen();
        const [{ source, mediaStreamType }] = call.localVideoStreams;
        assert.deepEqual([mediaStreamType, source.deviceType], ['ScreenSharing', 'ScreenSharing']);
        assert.match(source.id, /^screen:/);
    });

    test('kinds', async () => {
        const { agent, call } = await joined(library);
        assert.equal(agent.kind, library.CallAgentKind.CallAgent);
        assert.equal(call.kind, library.CallKind.Call);
        assert.equal(library.IncomingCallKind.IncomingCall, 'IncomingCall');
    });
});

describe('audio streams', () => {
    test('are listed and told as they come and go', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.join({ groupId });
        const heard = [];
        for (const side of ['local', 'remote']) {
            call.on(`${side}AudioStreamsUpdated`, ({ added, removed }) => heard.push([side, added.length, removed.length]));
        }
        assert.deepEqual([call.localAudioStreams, call.remoteAudioStreams], [[], []]);
        await settle();
        const { type, to, ...members } = golden('reply.call.withMedia');
        socket.reply('call.join', members);
        await settle();
        assert.deepEqual([call.localAudioStreams.length, call.remoteAudioStreams.length], [1, 1]);
        await call.stopAudio();
        await call.startAudio();
        socket.receive(golden('call.state.disconnected'));
        assert.deepEqual(heard, [
            ['local', 1, 0],
            ['remote', 1, 0],
            ['local', 0, 1],
            ['local', 1, 0],
            ['local', 0, 1],
            ['remote', 0, 1],
        ]);
        assert.deepEqual([call.localAudioStreams, call.remoteAudioStreams], [[], []]);
    });

    test('a microphone that is denied is not in the list', async () => {
        devices.refuse = 'NotAllowedError';
        const { call } = await joined(library);
        assert.deepEqual(call.localAudioStreams, []);
    });

    test('tell of another source', async () => {
        const stream = new library.LocalAudioStream({ id: 'microphone:a' });
        let heard;
        stream.on('audioSourceChanged', ({ source }) => (heard = source));
        await stream.switchSource({ id: 'microphone:b' });
        assert.equal(heard, stream);
        const picture = camera('a');
        picture.on('videoSourceChanged', ({ source }) => (heard = source));
        await picture.switchSource({ id: 'camera:b' });
        assert.equal(heard, picture);
    });

    test('a microphone that no call uses is started to measure it, and freed again', async () => {
        globalThis.AudioContext = class {
            createAnalyser() {
                return { getFloatTimeDomainData: samples => samples.fill(0.1) };
            }
            createMediaStreamSource() {
                return { connect() {} };
            }
            async close() {}
        };
        try {
            const stream = new library.LocalAudioStream({ id: 'microphone:a' });
            assert.equal(stream.volume.level, 0);
            assert.equal(devices.streams.length, 0);
            const volume = await stream.getVolume();
            let heard = 0;
            volume.on('levelChanged', () => (heard += 1));
            await pass(100);
            assert.deepEqual([volume.level, heard, devices.streams.length], [67, 1, 1]);
            stream.dispose();
            assert.equal(devices.streams[0].getAudioTracks()[0].readyState, 'ended');
            const { call } = await joined(library);
            assert.equal(await call.remoteAudioStreams[0].getVolume(), call.remoteAudioStreams[0].volume);
        } finally {
            delete globalThis.AudioContext;
        }
    });
});

test('a data channel begins with its recipients', async () => {
    const { call, socket } = await joined(library);
    const feature = call.feature(features.DataChannel);
    const sender = feature.createDataChannelSender({ channelId: 9, participants: [grace] });
    await settle();
    const { participantId } = call.remoteParticipants[0];
    assert.deepEqual(socket.find('data.recipients').participantIds, [participantId]);
    assert.equal(sender.maxMessageSize, 32_768);
    const participants = Array.from({ length: 65 }, (_, index) => ({ communicationUserId: `8:acs:a_${index}` }));
    assert.throws(() => feature.createDataChannelSender({ channelId: 10, participants }), { code: 400 });
    feature.createDataChannelSender({ channelId: 10 });
});

test('renderers refuse what comes too late', async () => {
    const renderer = new library.VideoStreamRenderer(camera('a'));
    assert.ok((await renderer.createView()).target instanceof StubElement);
    assert.deepEqual(renderer.size, { width: 1280, height: 720 });
    renderer.dispose();
    assert.throws(() => renderer.dispose(), { code: 400, subCode: 43210 });
    await assert.rejects(renderer.createView(), { code: 405, subCode: 43209 });
});

test('an agent tells why it is not connected', async () => {
    const { agent, socket } = await signIn(library);
    const heard = [];
    agent.on('connectionStateChanged', event => heard.push(event));
    socket.drop();
    const { oldState, newState, oldValue, newValue, reason } = heard[0];
    assert.deepEqual(
        [oldState, newState, oldValue, newValue, reason],
        ['Connected', 'Disconnected', 'Connected', 'Disconnected', 'connectionIssue'],
    );
    install();
    const second = await signIn(library, { welcome: { userId: '8:acs:a_other' } });
    second.agent.on('connectionStateChanged', event => heard.push(event));
    const error = { code: 401, subCode: 10009, reason: 'unauthorized', message: 'Revoked.' };
    second.socket.receive({ type: 'error', error });
    second.socket.drop(4401);
    assert.equal(heard.at(-1).reason, 'invalidToken');
});

test('a server that is not there is 408/40114, and a second agent 409/40228', async () => {
    const { client, credential } = await signIn(library);
    const waiting = client.createCallAgent(credential);
    await settle();
    const { StubSocket } = await import('./stubs.mjs');
    StubSocket.last.open();
    StubSocket.last.receive(golden('welcome'));
    await assert.rejects(waiting, { code: 409, subCode: 40228 });
    const other = client.createCallAgent(credential);
    await settle();
    StubSocket.last.drop();
    await assert.rejects(other, { code: 408, subCode: 40114, resultCategories: ['UnexpectedClientError'] });
});
