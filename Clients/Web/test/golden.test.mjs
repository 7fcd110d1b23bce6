// Both directions of the protocol against the golden messages, which the server is tested against as well: what the
// library sends is equal to the client's messages, and what the server sends has the effect that it should have.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import {
    golden,
    install,
    joined,
    pass,
    settle,
    signIn,
    StubPeerConnection,
    StubResizeObserver,
    StubSocket,
} from './stubs.mjs';

const { Features } = library;

const folder = new URL('../../../Tests/Golden/signalling/', import.meta.url);
const files = readdirSync(folder).map(name => name.replace(/\.json$/, ''));
const read = name => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));
const clientFiles = files.filter(name => read(name).direction === 'client');
const serverFiles = files.filter(name => read(name).direction === 'server');

beforeEach(install);

const callId = golden('call.state').callId;
const grace = golden('incomingCall').from.userId;
const linus = golden('call.add').target;

/** Compares without the number of the request, which depends on what went before. */
function same(actual, name) {
    assert.ok(actual, `nothing was sent for ${name}`);
    const expected = golden(name);
    const number = message => ({ ...message, id: typeof message.id });
    assert.deepEqual(number(actual), number(expected));
}

/** How the library is brought to send each of the client's messages. */
const senders = {
    hello: async () => (await signIn(library)).socket.find('hello'),
    'hello.replaces': async () => {
        const { token, endpointId, replaces } = golden('hello.replaces');
        const { userId } = golden('welcome');
        const kept = { url: 'wss://calls.example:8443/calling', userId, endpointId, resume: replaces };
        globalThis.sessionStorage = { getItem: () => JSON.stringify([kept]), setItem: () => {}, removeItem: () => {} };
        navigator.locks = { request: async (name, options, callback) => callback?.() };
        try {
            const payload = Buffer.from(JSON.stringify({ exp: 1_795_518_000, sub: userId.slice(2) })).toString('base64url');
            const credential = new library.AzureCommunicationTokenCredential(`a.${payload}.b`);
            // The example's token names nobody, and whose session is left behind is read from the token.
            return { ...(await signIn(library, { credential })).socket.find('hello'), token };
        } finally {
            delete globalThis.sessionStorage;
        }
    },
    'hello.resume': async () => {
        const { socket } = await signIn(library);
        socket.drop();
        await pass(700);
        StubSocket.last.open();
        return StubSocket.last.find('hello');
    },
    ping: async () => {
        const { socket } = await signIn(library);
        await pass(5_000);
        return { ...socket.find('ping'), time: 123 };
    },
    token: async () => {
        const renewed = golden('token').token;
        const credential = new library.AzureCommunicationTokenCredential({
            tokenRefresher: async () => renewed,
            token: golden('hello').token,
        });
        const { socket } = await signIn(library, { credential });
        socket.receive(golden('tokenExpiring'));
        await settle();
        socket.reply('token');
        return socket.find('token');
    },
    bye: async () => {
        const { agent, socket } = await signIn(library);
        await agent.dispose();
        return socket.find('bye');
    },
    'media.servers': async () => (await signIn(library)).socket.find('media.servers'),
    'call.start.withMedia': async () => {
        const { agent, socket } = await signIn(library);
        agent.startCall([{ communicationUserId: grace }]);
        await settle();
        return socket.find('call.start');
    },
    'call.start': async () => withoutMedia(await senders['call.start.withMedia']()),
    'call.start.group': async () => {
        const { agent, socket } = await signIn(library);
        agent.startCall([{ communicationUserId: grace }, { communicationUserId: linus }], {
            audioOptions: { muted: true },
        });
        await settle();
        return withoutMedia(socket.find('call.start'));
    },
    'call.start.withContext': async () => {
        const { agent, socket } = await signIn(library);
        const { customContext } = golden('call.start.withContext');
        const [sip, voip] = customContext.headers;
        const context = { userToUser: customContext.userToUser, voipHeaders: [voip], sipHeaders: [sip] };
        agent.startCall([{ communicationUserId: grace }], { customContext: context });
        await settle();
        const { customContext: sent, ...rest } = withoutMedia(socket.find('call.start'));
        return { ...rest, customContext: { ...sent, headers: [...sent.headers].reverse() } };
    },
    'call.join': async () => withoutMedia((await joined(library)).socket.find('call.join')),
    'call.join.withMedia': async () =>
        (await joined(library, { audioOptions: { muted: true } })).socket.find('call.join'),
    'call.accept.withMedia': async () => {
        const { socket, incoming } = await ringing();
        unanswered(incoming.accept());
        await settle();
        return socket.find('call.accept');
    },
    'call.accept': async () => withoutMedia(await senders['call.accept.withMedia']()),
    'call.reject': async () => {
        const { socket, incoming } = await ringing();
        unanswered(incoming.reject());
        return socket.find('call.reject');
    },
    'call.reject.busy': async () => {
        const { socket, incoming } = await ringing();
        unanswered(incoming.reject({ reason: 'busy' }));
        return socket.find('call.reject');
    },
    'call.hangUp': inCall('call.hangUp', call => unanswered(call.hangUp())),
    'call.add': inCall('call.add', call => call.addParticipant({ communicationUserId: linus })),
    'call.remove': inCall('call.remove', call => unanswered(call.removeParticipant({ communicationUserId: grace }))),
    'call.mute': inCall('call.mute', call => unanswered(call.mute())),
    'call.muteParticipants': inCall('call.muteParticipants', call => unanswered(call.remoteParticipants[0].mute())),
    'call.muteParticipants.all': inCall('call.muteParticipants', call => unanswered(call.muteAllRemoteParticipants())),
    'call.hold': inCall('call.hold', call => unanswered(call.hold())),
    'call.publish': inCall('call.publish', call => {
        const camera = { id: 'camera:a', name: 'A', deviceType: 'UsbCamera' };
        unanswered(call.startVideo(new library.LocalVideoStream(camera)));
    }),
    'call.raiseHand': inCall('call.raiseHand', call => unanswered(call.feature(Features.RaiseHand).raiseHand())),
    'call.lowerHands': inCall('call.lowerHands', call =>
        unanswered(call.feature(Features.RaiseHand).lowerHands([user(grace)])),
    ),
    'call.lowerHands.all': inCall('call.lowerHands', call =>
        unanswered(call.feature(Features.RaiseHand).lowerAllHands()),
    ),
    'call.spotlight': inCall('call.spotlight', call =>
        unanswered(call.feature(Features.Spotlight).startSpotlight([user(grace)])),
    ),
    'call.spotlight.end': inCall('call.spotlight', call =>
        unanswered(call.feature(Features.Spotlight).stopAllSpotlight()),
    ),
    'call.react': inCall('call.react', call =>
        unanswered(call.feature(Features.Reaction).sendReaction({ reactionType: 'applause' })),
    ),
    'media.offer': inCall('media.offer', () => StubPeerConnection.last.become('failed')),
    'media.receive': inCall('media.receive', async (call, socket) => {
        socket.receive(golden('call.roster'));
        const [first, second] = call.remoteParticipants;
        socket.receive({
            ...golden('call.roster'),
            sequence: 6,
            added: [],
            changed: [{ ...golden('call.roster').added[0], state: 'Connected', camera: true }],
        });
        const views = [first, second].map(it => new library.VideoStreamRenderer(it.videoStreams[0]));
        await views[0].createView();
        await views[1].createView();
        StubResizeObserver.all[0].resize(160, 90);
        await pass(1);
        socket.reply('media.receive');
        // Grace gets a larger view in the moment in which Linus is no longer looked at.
        await views[0].createView();
        StubResizeObserver.all[2].resize(320, 180);
        views[1].dispose();
        await pass(1);
    }),
    'data.recipients': inCall('data.recipients', call => {
        const sender = call.feature(library.Features.DataChannel).createDataChannelSender({ channelId: 1000 });
        sender.setParticipants([{ communicationUserId: grace }]);
    }),
    'data.recipients.everybody': inCall('data.recipients', async (call, socket) => {
        const sender = call.feature(library.Features.DataChannel).createDataChannelSender({ channelId: 1000 });
        sender.setParticipants([{ communicationUserId: grace }]);
        await pass(0);
        socket.reply('data.recipients');
        await pass(0);
        sender.setParticipants([]);
    }),
};

function withoutMedia(message) {
    const { media, ...rest } = message;
    assert.ok(media.sdp && media.lines.length > 0);
    return rest;
}

/** An identifier as the library gives it. */
function user(communicationUserId) {
    return { kind: 'communicationUser', communicationUserId };
}

/** The test ends before the server has answered. */
function unanswered(promise) {
    promise.catch(() => {});
}

function inCall(type, action) {
    return async () => {
        const { call, socket } = await joined(library);
        await action(call, socket);
        await pass(0);
        return StubSocket.last.find(type);
    };
}

async function ringing() {
    const { agent, socket } = await signIn(library);
    let incoming;
    agent.on('incomingCall', event => (incoming = event.incomingCall));
    socket.receive(golden('incomingCall'));
    return { agent, socket, incoming };
}

describe('client messages', () => {
    for (const name of clientFiles) {
        test(name, async () => {
            assert.ok(senders[name], `there is no test for the golden message ${name}`);
            same(await senders[name](), name);
        });
    }
});

/** What each of the server's messages brings about. */
const effects = {
    welcome: async () => {
        const { agent } = await signIn(library);
        assert.deepEqual(agent.identifier, user(golden('welcome').userId));
        assert.equal(agent.connectionState, 'Connected');
    },
    'welcome.resumed': async () => {
        const { call, socket } = await joined(library);
        socket.drop();
        assert.ok(call.isReconnecting);
        await pass(700);
        StubSocket.last.open();
        StubSocket.last.receive(golden('welcome.resumed'));
        assert.equal(call.state, 'Connected');
        assert.equal(call.remoteParticipants.length, 1);
        assert.ok(!call.isReconnecting);
    },
    pong: async () => {
        const { agent, socket } = await signIn(library);
        for (let beat = 0; beat < 10; beat += 1) {
            await pass(5_000);
            socket.receive(golden('pong'));
        }
        assert.equal(agent.connectionState, 'Connected');
    },
    tokenExpiring: async () => assert.ok(await senders.token()),
    serverClosing: async () => {
        const { agent, socket } = await signIn(library);
        let heard;
        agent.on('serverClosing', event => (heard = event));
        socket.receive(golden('serverClosing'));
        assert.equal(heard.inSeconds, 5);
    },
    error: async () => {
        const { call, socket } = await joined(library);
        const muting = assert.rejects(call.mute(), { reason: 'callNotFound', code: 404, target: callId });
        socket.receive({ ...golden('error'), to: socket.find('call.mute').id });
        await muting;
    },
    'error.withoutRequest': async () => {
        const { agent, socket } = await signIn(library);
        socket.receive(golden('error.withoutRequest'));
        assert.equal(agent.connectionState, 'Connected');
    },
    reply: async () => {
        const { socket, incoming } = await ringing();
        const rejecting = incoming.reject();
        socket.receive({ ...golden('reply'), to: socket.find('call.reject').id });
        await rejecting;
        assert.equal(incoming.callEndReason.code, 603);
    },
    'reply.call': async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.startCall([{ communicationUserId: grace }]);
        await settle();
        socket.receive({ ...golden('reply.call'), to: socket.find('call.start').id });
        await settle();
        assert.equal(call.id, callId);
        assert.equal(call.state, 'Connecting');
        assert.equal(call.isGroupCall, false);
        assert.equal(call.remoteParticipants[0].state, 'Connecting');
        // The reply brought no media, so an offer of its own follows.
        assert.equal(socket.count('media.offer'), 1);
    },
    'reply.call.withMedia': async () => {
        const { call } = await joined(library);
        assert.equal(call.state, 'Connected');
        assert.equal(call.info.groupId, golden('call.join').groupId);
        assert.equal(call.remoteParticipants[0].displayName, 'Grace');
        assert.equal(StubPeerConnection.last.remoteDescription.sdp, golden('reply.call.withMedia').media.sdp);
        const { dominantSpeakers } = call.feature(library.Features.DominantSpeakers);
        assert.deepEqual(dominantSpeakers.speakersList, [user(grace)]);
    },
    'reply.participant': async () => {
        const { call, socket } = await joined(library);
        const participant = call.addParticipant({ communicationUserId: linus });
        socket.receive({ ...golden('reply.participant'), to: socket.find('call.add').id });
        await settle();
        assert.deepEqual(participant.endpointDetails, [{ participantId: golden('reply.participant').participantId }]);
        socket.receive(golden('call.roster'));
        assert.equal(participant.state, 'Ringing');
        assert.equal(call.remoteParticipants.length, 2);
    },
    'reply.media': async () => {
        const { socket } = await joined(library);
        StubPeerConnection.last.remoteDescription = undefined;
        StubPeerConnection.last.become('failed');
        await pass(0);
        socket.receive({ ...golden('reply.media'), to: socket.find('media.offer').id });
        await settle();
        assert.equal(StubPeerConnection.last.remoteDescription.sdp, golden('reply.media').media.sdp);
    },
    'reply.servers': async () => {
        const { agent, socket } = await signIn(library);
        socket.receive({ ...golden('reply.servers'), to: socket.find('media.servers').id });
        await settle();
        agent.join({ groupId: golden('call.join').groupId });
        assert.deepEqual(StubPeerConnection.last.configuration.iceServers, golden('reply.servers').iceServers);
    },
    'reply.servers.none': async () => {
        const { agent, socket } = await signIn(library);
        socket.receive({ ...golden('reply.servers.none'), to: socket.find('media.servers').id });
        await settle();
        agent.join({ groupId: golden('call.join').groupId });
        assert.deepEqual(StubPeerConnection.last.configuration.iceServers, []);
        assert.equal(socket.count('media.servers'), 1);
    },
    incomingCall: async () => {
        const { incoming } = await ringing();
        assert.equal(incoming.id, callId);
        assert.deepEqual(incoming.callerInfo, { identifier: user(grace), displayName: 'Grace' });
        assert.equal(incoming.isGroupCall, false);
    },
    'incomingCall.withContext': async () => {
        const { agent, socket } = await signIn(library);
        let incoming;
        agent.on('incomingCall', event => (incoming = event.incomingCall));
        socket.receive(golden('incomingCall.withContext'));
        const { userToUser, voipHeaders, sipHeaders, xHeaders } = incoming.customContext;
        const [sip, voip] = golden('incomingCall.withContext').customContext.headers;
        assert.deepEqual([userToUser, voipHeaders, sipHeaders, xHeaders], ['order 4711', [voip], [sip], [sip]]);
    },
    incomingCallEnded: async () => {
        const { socket, incoming } = await ringing();
        let ended;
        incoming.on('callEnded', event => (ended = event.callEndReason));
        socket.receive(golden('incomingCallEnded'));
        assert.equal(ended.subCode, 10003);
        await assert.rejects(incoming.accept(), { code: 400, subCode: 41006 });
        await assert.rejects(incoming.reject(), { code: 400, subCode: 41007 });
    },
    'call.state': async () => {
        const { call, socket } = await joined(library);
        socket.receive({ ...golden('call.state'), state: 'RemoteHold' });
        assert.equal(call.state, 'RemoteHold');
        socket.receive(golden('call.state'));
        assert.equal(call.state, 'Connected');
    },
    'call.state.disconnected': async () => {
        const { agent, call, socket } = await joined(library);
        socket.receive(golden('call.state.disconnected'));
        assert.equal(call.state, 'Disconnected');
        assert.equal(call.callEndReason.code, 603);
        assert.deepEqual(agent.calls, []);
        assert.equal(StubPeerConnection.last.connectionState, 'closed');
    },
    'call.roster': async () => {
        const { call, socket } = await joined(library);
        const updates = [];
        call.on('remoteParticipantsUpdated', event => updates.push(event.added.map(it => it.displayName)));
        socket.receive(golden('call.roster'));
        socket.receive(golden('call.roster'));
        assert.deepEqual(updates, [['Linus']]);
        assert.deepEqual(call.remoteParticipants.map(it => [it.state, it.isMuted]), [
            ['Connected', true],
            ['Ringing', false],
        ]);
    },
    'call.roster.removed': async () => {
        const { call, socket } = await joined(library);
        const [participant] = call.remoteParticipants;
        socket.receive(golden('call.roster.removed'));
        assert.deepEqual(call.remoteParticipants, []);
        assert.equal(participant.state, 'Disconnected');
        assert.equal(participant.callEndReason.message, 'The participant hung up.');
        assert.equal(participant.videoStreams[0].isAvailable, false);
    },
    'call.self': async () => {
        const { call, socket } = await joined(library);
        const heard = [];
        call.on('mutedByOthers', () => heard.push('mutedByOthers'));
        socket.receive(golden('call.self'));
        assert.ok(call.isMuted);
        assert.deepEqual(heard, ['mutedByOthers']);
        const [track] = (await call.localAudioStreams[0].getMediaStream()).getTracks();
        assert.equal(track.enabled, false);
    },
    'call.roster.marked': async () => {
        const { call, socket } = await joined(library);
        socket.receive(golden('call.roster.marked'));
        const { participantId } = golden('call.roster.marked').changed[0];
        const marked = [{ identifier: user(grace), participantId, order: 1 }];
        assert.deepEqual(call.feature(Features.RaiseHand).getRaisedHands(), marked);
        assert.deepEqual(call.feature(Features.Spotlight).getSpotlightedParticipants(), marked);
    },
    'call.self.marked': async () => {
        const { agent, call, socket } = await joined(library);
        socket.receive(golden('call.self.marked'));
        const { participantId } = call.info;
        const marked = [{ identifier: agent.identifier, participantId, order: 1 }];
        assert.deepEqual(call.feature(Features.RaiseHand).getRaisedHands(), marked);
        assert.deepEqual(call.feature(Features.Spotlight).getSpotlightedParticipants(), marked);
    },
    'call.reactions': async () => {
        const { call, socket } = await joined(library);
        const heard = [];
        call.feature(Features.Reaction).on('reaction', event => heard.push(event));
        socket.receive(golden('call.reactions'));
        const { participantId } = golden('call.reactions').reactions[0];
        const reactionMessage = { reactionType: 'heart' };
        assert.deepEqual(heard, [{ identifier: user(grace), participantId, reactionMessage }]);
    },
    'call.speakers': async () => {
        const { call, socket } = await joined(library);
        socket.receive(golden('call.speakers'));
        assert.ok(call.remoteParticipants[0].isSpeaking);
        socket.receive({ ...golden('call.speakers'), dominant: [], levels: {} });
        assert.ok(!call.remoteParticipants[0].isSpeaking);
    },
    'media.state': async () => {
        const { socket } = await joined(library);
        StubPeerConnection.last.become('connected');
        socket.receive(golden('media.state'));
        await settle();
        assert.deepEqual(StubPeerConnection.last.offers.at(-1), { iceRestart: true });
    },
    'media.slots': async () => {
        const { call, socket } = await joined(library);
        const [stream] = call.remoteParticipants[0].videoStreams;
        await new library.VideoStreamRenderer(stream).createView();
        await pass(0);
        assert.equal(stream.isReceiving, false);
        socket.receive(golden('media.slots'));
        assert.equal(stream.isReceiving, true);
        const [, , unavailable] = golden('media.slots').slots;
        socket.receive({
            ...golden('media.slots'),
            slots: [{ ...unavailable, mid: '6', participantId: golden('media.slots').slots[1].participantId }],
        });
        assert.equal(stream.isReceiving, false);
        assert.equal(stream.unavailableReason.reason, 'codecNotSupported');
    },
    'media.layers': async () => {
        const { socket } = await joined(library);
        const { sender } = StubPeerConnection.last.transceivers[1];
        // The golden answer takes no layers; another does.
        socket.receive({ ...golden('media.state'), state: 'interrupted' });
        StubPeerConnection.last.become('failed');
        await pass(0);
        const sdp = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 108\r\na=mid:1\r\na=simulcast:recv q;h;f\r\n';
        socket.reply('media.offer', { media: { sdp } });
        await settle();
        assert.deepEqual(sender.layers.map(([rid]) => rid), ['q', 'h', 'f']);
        socket.receive(golden('media.layers'));
        await settle();
        assert.deepEqual(sender.layers.map(([rid, , bitrate]) => [rid, bitrate]), [['q', 150_000], ['h', 320_000]]);
    },
    'media.allocation': async () => {
        const { call, socket } = await joined(library);
        const { slots } = golden('media.slots');
        socket.receive({ ...golden('media.slots'), slots: [slots[1]] });
        socket.receive(golden('media.allocation'));
        const samples = [];
        call.feature(library.Features.MediaStats).createCollector().on('sampleReported', it => samples.push(it));
        StubPeerConnection.last.report = [
            { id: 'T', type: 'transport', timestamp: 0 },
            { id: 'I', type: 'inbound-rtp', kind: 'video', mid: '6', timestamp: 0 },
        ];
        await pass(1_000);
        const [{ video, transports }] = samples;
        const [{ rid, allocationReason, allocatedBitrate, participantId }] = video.receive;
        assert.deepEqual([rid, allocationReason, allocatedBitrate], ['h', 'bandwidth', 520_000]);
        assert.equal(participantId, slots[1].participantId);
        const [{ availableIncomingBitrate, incomingCongestion }] = transports;
        assert.deepEqual([availableIncomingBitrate, incomingCongestion], [1_800_000, 'delayLimited']);
    },
    'media.codec': async () => {
        const { socket } = await joined(library);
        const connection = StubPeerConnection.last;
        assert.equal(connection.transceivers[1].preferences[0].mimeType, 'video/H264');
        socket.receive(golden('media.codec'));
        await settle();
        assert.equal(connection.transceivers[1].preferences[0].mimeType, 'video/VP8');
        assert.equal(socket.count('media.offer'), 1);
    },
};

describe('server messages', () => {
    for (const name of serverFiles) {
        test(name, async t => {
            t.mock.method(console, 'warn', () => {});
            assert.ok(effects[name], `there is no test for the golden message ${name}`);
            assert.equal(library.parseServerMessage(JSON.stringify(golden(name))).type, golden(name).type);
            await effects[name]();
        });
    }
});
