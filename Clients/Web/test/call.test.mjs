import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import {
    devices,
    golden,
    install,
    joined,
    pass,
    settle,
    signIn,
    StubElement,
    StubPeerConnection,
    StubResizeObserver,
    StubSocket,
    StubStream,
    StubTrack,
} from './stubs.mjs';

const { LocalVideoStream, VideoStreamRenderer } = library;
const group = { groupId: golden('call.join').groupId };
const grace = { communicationUserId: golden('incomingCall').from.userId };
const camera = { id: 'camera:front', name: 'Front', deviceType: 'UsbCamera' };
const callId = golden('call.state').callId;

beforeEach(install);

/** What is sent on the microphone, camera and screen lines. */
const sent = () => StubPeerConnection.last.transceivers.slice(0, 3).map(it => it.sender.track);

async function resume(snapshot, welcome = 'welcome.resumed') {
    await pass(700);
    const socket = StubSocket.last;
    socket.open();
    socket.receive({ ...golden(welcome), ...(snapshot && { calls: [snapshot] }) });
    await settle();
    return socket;
}

describe('beginning', () => {
    test('the connection goes to the server that was named', async () => {
        const { socket } = await signIn(library);
        assert.equal(socket.url, 'wss://calls.example:8443/calling');
        const astray = new library.CallClient({ endpoint: 'nonsense' });
        const credential = new library.AzureCommunicationTokenCredential(golden('hello').token);
        await assert.rejects(astray.createCallAgent(credential), { reason: 'invalidArgument', target: 'nonsense' });
    });

    test('one agent for a user in a page', async () => {
        await signIn(library);
        await assert.rejects(signIn(library), { code: 409, subCode: 40228 });
    });

    test('wrong arguments are refused at once', async () => {
        const { agent } = await signIn(library);
        assert.throws(() => agent.join({ groupId: 'lunch' }), { reason: 'invalidGroupId' });
        assert.throws(() => agent.startCall([]), { reason: 'invalidArgument' });
        assert.deepEqual(agent.calls, []);
    });

    test('a call that the server refuses ends with the reason', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.startCall([grace]);
        await settle();
        assert.equal(call.state, 'Connecting');
        socket.fail('call.start', { code: 400, subCode: 0, reason: 'invalidTarget', message: 'Nobody has this id.' });
        await settle();
        assert.equal(call.state, 'Disconnected');
        assert.equal(call.callEndReason.message, 'Nobody has this id.');
        assert.equal(StubPeerConnection.last.connectionState, 'closed');
        assert.deepEqual(agent.calls, []);
    });

    test('accept gives the call, and rejects when the caller was faster', async () => {
        const { agent, socket } = await signIn(library);
        const ringing = [];
        agent.on('incomingCall', event => ringing.push(event.incomingCall));
        socket.receive(golden('incomingCall'));
        socket.receive(golden('incomingCall'));
        assert.equal(ringing.length, 1);
        const accepting = ringing[0].accept({ audioOptions: { muted: true } });
        await settle();
        socket.fail('call.accept', golden('error').error);
        await settle();
        socket.receive({ type: 'pong', time: socket.find('ping').time });
        await assert.rejects(accepting, { subCode: 41006 });
        await assert.rejects(ringing[0].accept(), { subCode: 41006 });
    });

    test('pushes that overtake the reply are not lost', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.join(group);
        await settle();
        socket.receive(golden('call.roster'));
        const { type, to, ...members } = golden('reply.call.withMedia');
        socket.reply('call.join', members);
        await settle();
        assert.deepEqual(call.remoteParticipants.map(it => it.displayName), ['Grace', 'Linus']);
    });

    test('hanging up before the server has answered hangs up there as well', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.join(group);
        await settle();
        await call.hangUp();
        assert.equal(call.state, 'Disconnected');
        const { type, to, ...members } = golden('reply.call.withMedia');
        socket.reply('call.join', members);
        await settle();
        assert.equal(socket.find('call.hangUp').callId, callId);
    });

    test('hanging up does not wait for a server that is silent', async () => {
        const { call } = await joined(library);
        const hanging = call.hangUp({ forEveryone: true });
        assert.equal(call.state, 'Disconnecting');
        await pass(2_000);
        await hanging;
        assert.equal(call.callEndReason.subCode, 4097);
    });
});

describe('what is sent', () => {
    test('the microphone from the beginning, and the camera with its limits', async () => {
        const { call, socket } = await joined(library);
        assert.equal(sent()[0].kind, 'audio');
        assert.equal(sent()[1], null);
        const stream = new LocalVideoStream(camera);
        const starting = call.startVideo(stream);
        await settle();
        assert.deepEqual(
            [socket.find('call.publish').camera, call.isLocalVideoStarted, call.localVideoStreams],
            [true, true, [stream]],
        );
        socket.reply('call.publish');
        await starting;
        assert.deepEqual(devices.streams.at(-1).constraints.video.deviceId, { exact: 'front' });
        const { parameters } = StubPeerConnection.last.transceivers[1].sender;
        assert.equal(parameters.encodings[0].maxBitrate, 1_700_000);
        assert.equal(parameters.degradationPreference, 'balanced');
        await assert.rejects(call.startVideo(new LocalVideoStream(camera)), { code: 400, subCode: 41027 });
        const stopping = call.stopVideo(stream);
        await settle();
        socket.reply('call.publish');
        await stopping;
        assert.equal(sent()[1], null);
        assert.equal(devices.streams.at(-1).tracks[0].readyState, 'ended');
    });

    test('a camera that is on when the call begins is published with the reply', async () => {
        const videoOptions = { localVideoStreams: [new LocalVideoStream(camera)] };
        const { socket } = await joined(library, { videoOptions });
        assert.equal(socket.find('call.publish').camera, true);
    });

    test('what the devices refuse is told', async () => {
        devices.refuse = 'NotAllowedError';
        const { call } = await joined(library, { videoOptions: { localVideoStreams: [new LocalVideoStream(camera)] } });
        assert.equal(call.state, 'Connected');
        assert.equal(call.localMediaErrors.microphone.reason, 'microphonePermissionDenied');
        assert.equal(call.localMediaErrors.camera.subCode, 43001);
        devices.refuse = 'NotFoundError';
        await assert.rejects(call.startVideo(new LocalVideoStream(camera)), { code: 412, subCode: 43013 });
        devices.refuse = undefined;
        await call.startAudio();
        assert.equal(call.localMediaErrors.microphone, undefined);
    });

    test('another camera takes over the same line', async () => {
        const { call } = await joined(library);
        const stream = new LocalVideoStream(camera);
        call.startVideo(stream).catch(() => {});
        await settle();
        const before = sent()[1];
        await stream.switchSource({ ...camera, id: 'camera:back' });
        await settle();
        assert.notEqual(sent()[1], before);
        assert.equal(before.readyState, 'ended');
        assert.equal(stream.source.id, 'camera:back');
    });

    test('a microphone that is chosen, and one that is pulled out', async () => {
        devices.list = [
            { kind: 'audioinput', deviceId: 'one', label: 'One' },
            { kind: 'audioinput', deviceId: 'two', label: 'Two' },
        ];
        const { call, client } = await joined(library);
        const manager = await client.getDeviceManager();
        assert.equal(manager.selectedMicrophone.name, 'One');
        const first = sent()[0];
        await manager.selectMicrophone((await manager.getMicrophones())[1]);
        await settle();
        const second = sent()[0];
        assert.notEqual(second, first);
        devices.list.pop();
        second.unplug();
        await settle();
        assert.notEqual(sent()[0], second);
        assert.equal(sent()[0].readyState, 'live');
        assert.equal(call.localMediaErrors.microphone, undefined);
    });

    test('devices that come and go are told', async () => {
        const { client } = await signIn(library);
        const manager = await client.getDeviceManager();
        const heard = [];
        manager.on('videoDevicesUpdated', event => heard.push([event.added.length, event.removed.length]));
        devices.list = [{ kind: 'videoinput', deviceId: 'a', label: 'OBS Virtual Camera' }];
        navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
        await settle();
        assert.equal((await manager.getCameras())[0].deviceType, 'Virtual');
        devices.list = [];
        navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
        await settle();
        assert.deepEqual(heard, [[1, 0], [0, 1]]);
    });

    test('the screen, until the person ends it in the browser', async () => {
        const { call, socket } = await joined(library);
        socket.receive({ ...golden('call.state'), state: 'Connecting' });
        await assert.rejects(call.startScreenSharing(), { code: 412, subCode: 41071 });
        socket.receive(golden('call.state'));
        const sharing = call.startScreenSharing();
        await settle();
        socket.reply('call.publish');
        await sharing;
        assert.equal(socket.find('call.publish').screen, true);
        assert.equal(sent()[2].contentHint, 'detail');
        await assert.rejects(call.startScreenSharing(), { subCode: 41035 });
        sent()[2].unplug();
        await settle();
        assert.equal(call.isScreenSharingOn, false);
        assert.equal(socket.find('call.publish').screen, false);
    });

    test('a stream of the app is sent and never stopped', async () => {
        const { call } = await joined(library);
        const track = new StubTrack('video');
        const stream = new LocalVideoStream(new StubStream([track]));
        assert.equal(stream.mediaStreamType, 'RawMedia');
        call.startVideo(stream).catch(() => {});
        await settle();
        assert.equal(sent()[1], track);
        await call.hangUp().catch(() => {}, await pass(2_000));
        assert.equal(track.readyState, 'live');
    });

    test('nothing while on hold, and everything again afterwards', async () => {
        const { call, socket } = await joined(library);
        call.startVideo(new LocalVideoStream(camera)).catch(() => {});
        const [stream] = call.remoteParticipants[0].videoStreams;
        await new VideoStreamRenderer(stream).createView();
        await pass(1);
        const before = sent();
        const holding = call.hold();
        socket.reply('call.hold');
        await holding;
        await pass(1);
        assert.deepEqual(sent(), [null, null, null]);
        assert.deepEqual(socket.find('media.receive').slots, [{ mid: '6', participantId: null }]);
        socket.receive({ ...golden('call.state'), state: 'LocalHold' });
        assert.equal(call.state, 'LocalHold');
        const resuming = call.resume();
        socket.reply('call.hold');
        await resuming;
        await pass(1);
        assert.deepEqual(sent(), before);
        assert.equal(socket.find('media.receive').slots[0].participantId, stream.participantId);
    });

    test('a closed microphone stays closed until its owner opens it', async () => {
        const { call, socket } = await joined(library);
        const muting = call.mute();
        socket.receive({ ...golden('call.self'), muted: false, mutedBy: null });
        assert.ok(call.isMuted);
        assert.equal(sent()[0].enabled, false);
        socket.reply('call.mute');
        await muting;
        socket.receive({ ...golden('call.self'), muted: false, mutedBy: null });
        assert.ok(call.isMuted);
        assert.equal(socket.count('call.mute'), 2);
        assert.equal(socket.find('call.mute').muted, true);
    });
});

describe('what is received', () => {
    test('several views of a stream share one slot of the largest size', async () => {
        const { call, socket } = await joined(library);
        const [stream] = call.remoteParticipants[0].videoStreams;
        const renderer = new VideoStreamRenderer(stream);
        const large = await renderer.createView({ scalingMode: 'Fit' });
        const small = await new VideoStreamRenderer(stream).createView();
        StubResizeObserver.all[0].resize(600, 400);
        StubResizeObserver.all[1].resize(100, 50);
        await pass(1);
        assert.deepEqual(
            socket.find('media.receive').slots.map(it => [it.mid, it.width, it.height]),
            [['6', 1200, 800]],
        );
        assert.equal(large.target.children[0].style.objectFit, 'contain');
        assert.equal(large.target.children[0].srcObject, small.target.children[0].srcObject);
        socket.reply('media.receive');
        large.dispose();
        await pass(1);
        assert.deepEqual(socket.find('media.receive').slots.map(it => it.width), [200]);
        small.dispose();
        await pass(1);
        assert.deepEqual(socket.find('media.receive').slots, [{ mid: '6', participantId: null }]);
        await assert.rejects((renderer.dispose(), renderer.createView()), { reason: 'rendererDisposed' });
    });

    test('a picture is hidden until the slot shows the right person', async () => {
        const { call, socket } = await joined(library);
        const [participant] = call.remoteParticipants;
        const view = await new VideoStreamRenderer(participant.videoStreams[0]).createView();
        await pass(1);
        assert.equal(view.target.children[0].style.visibility, 'hidden');
        const slot = golden('media.slots').slots[1];
        socket.receive({ ...golden('media.slots'), slots: [{ ...slot, participantId: 'somebody-else' }] });
        assert.equal(view.target.children[0].style.visibility, 'hidden');
        socket.receive({ ...golden('media.slots'), slots: [slot] });
        assert.equal(view.target.children[0].style.visibility, 'visible');
    });

    test('more views than slots bring an offer with more slots', async () => {
        const { call, socket } = await joined(library);
        const added = Array.from({ length: 6 }, (_, index) => ({
            ...golden('call.roster').added[0],
            participantId: `p${index}`,
            camera: true,
        }));
        socket.receive({ ...golden('call.roster'), added, changed: [] });
        for (const participant of call.remoteParticipants) {
            await new VideoStreamRenderer(participant.videoStreams[0]).createView();
        }
        await pass(1);
        assert.deepEqual(socket.find('media.receive').slots.map(it => it.mid), ['6', '7', '8', '9']);
        const { lines } = socket.find('media.offer');
        assert.equal(lines.filter(it => it.purpose === 'videoSlot').length, 9);
        socket.reply('media.offer', { media: golden('reply.media').media });
        await settle();
        await pass(1);
        assert.deepEqual(socket.find('media.receive').slots.map(it => it.mid), ['11', '12', '13']);
    });

    test('a camera that is switched off is not wanted any more', async () => {
        const { call, socket } = await joined(library);
        const [stream] = call.remoteParticipants[0].videoStreams;
        await new VideoStreamRenderer(stream).createView();
        await pass(1);
        const [changed] = golden('call.roster').changed;
        socket.receive({ ...golden('call.roster'), added: [], changed: [{ ...changed, camera: false }] });
        await pass(1);
        assert.equal(stream.isAvailable, false);
        assert.deepEqual(socket.find('media.receive').slots, [{ mid: '6', participantId: null }]);
        socket.receive({ ...golden('call.roster'), sequence: 6, added: [], changed: [changed] });
        await pass(1);
        assert.equal(socket.find('media.receive').slots[0].participantId, changed.participantId);
    });

    test('sound that the browser refuses to play is told, and a click repairs it', async () => {
        StubElement.playRefused = true;
        const { call } = await joined(library);
        assert.ok(call.isAudioPlaybackBlocked);
        let changed = 0;
        call.on('isAudioPlaybackBlockedChanged', () => (changed += 1));
        StubElement.playRefused = false;
        document.dispatchEvent(new Event('pointerup'));
        await settle();
        assert.ok(!call.isAudioPlaybackBlocked);
        assert.equal(changed, 1);
    });
});

describe('reconnecting', () => {
    test('a broken path is restarted after half a second, and again until it works', async () => {
        const { call, socket } = await joined(library);
        const peer = StubPeerConnection.last;
        peer.become('connected');
        assert.ok(!call.isReconnecting);
        peer.become('connected', 'disconnected');
        assert.ok(call.isReconnecting);
        await pass(499);
        assert.equal(socket.count('media.offer'), 0);
        await pass(1);
        assert.equal(socket.count('media.offer'), 1);
        assert.deepEqual(peer.offers.at(-1), { iceRestart: true });
        socket.reply('media.offer', { media: golden('reply.media').media });
        await pass(1_500);
        assert.equal(socket.count('media.offer'), 2);
        socket.reply('media.offer', { media: golden('reply.media').media });
        peer.become('connected');
        await pass(10_000);
        assert.equal(socket.count('media.offer'), 2);
        assert.ok(!call.isReconnecting);
    });

    test('the resumed session repairs media that broke as well', async () => {
        const { call, socket } = await joined(library);
        const peer = StubPeerConnection.last;
        peer.become('connected');
        socket.drop();
        peer.become('failed');
        const next = await resume();
        assert.deepEqual(peer.offers.at(-1), { iceRestart: true });
        assert.equal(next.count('media.offer'), 1);
        assert.ok(call.isReconnecting);
        next.reply('media.offer', { media: golden('reply.media').media });
        peer.become('connected');
        assert.ok(!call.isReconnecting);
        assert.equal(call.state, 'Connected');
    });

    test('media that never broke is left alone', async () => {
        const { socket } = await joined(library);
        StubPeerConnection.last.become('connected');
        socket.drop();
        const next = await resume();
        assert.equal(next.count('media.offer'), 0);
    });

    test('what changed on either side meanwhile is reconciled', async () => {
        const { call, socket } = await joined(library);
        socket.drop();
        call.mute().catch(() => {});
        call.startVideo(new LocalVideoStream(camera)).catch(() => {});
        await settle();
        const snapshot = golden('welcome.resumed').calls[0];
        const linus = golden('call.roster').added[0];
        const next = await resume({ ...snapshot, participants: [linus] });
        assert.deepEqual(call.remoteParticipants.map(it => it.displayName), ['Linus']);
        assert.equal(next.find('call.mute').muted, true);
        assert.equal(next.find('call.publish').camera, true);
    });

    test('a call that ended meanwhile has ended', async () => {
        const { call, socket } = await joined(library);
        socket.drop();
        await pass(700);
        StubSocket.last.open();
        StubSocket.last.receive({ ...golden('welcome.resumed'), calls: [] });
        assert.equal(call.state, 'Disconnected');
    });

    test('calls of a session that is gone end with 490/4502', async () => {
        const { agent, call, socket } = await joined(library);
        socket.drop();
        await resume(undefined, 'welcome');
        assert.deepEqual([call.callEndReason.code, call.callEndReason.subCode], [490, 4502]);
        assert.equal(agent.connectionState, 'Connected');
    });

    test('a lost reply is made good by the snapshot', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.join(group);
        await settle();
        socket.drop();
        const next = await resume();
        assert.equal(call.id, callId);
        assert.equal(call.state, 'Connected');
        assert.equal(next.count('media.offer'), 1);
        next.reply('media.offer', { media: golden('reply.media').media });
        await settle();
        assert.equal(StubPeerConnection.last.remoteDescription.sdp, golden('reply.media').media.sdp);
    });

    test('a call of the session that nobody here knows is hung up', async () => {
        const { socket } = await signIn(library);
        socket.drop();
        const next = await resume();
        assert.equal(next.find('call.hangUp').callId, callId);
    });

    test('incoming calls that are not told again have ended', async () => {
        const { agent, socket } = await signIn(library);
        const ended = [];
        agent.on('incomingCall', ({ incomingCall }) => {
            incomingCall.on('callEnded', () => ended.push(incomingCall.id));
        });
        socket.receive(golden('incomingCall'));
        socket.receive({ ...golden('incomingCall'), callId: 'other' });
        socket.drop();
        await pass(700);
        const next = StubSocket.last;
        next.open();
        next.receive({ ...golden('welcome.resumed'), calls: [] });
        next.receive(golden('incomingCall'));
        next.receive({ type: 'pong', time: next.find('ping').time });
        await settle();
        assert.deepEqual(ended, ['other']);
    });

    test('a revoked token ends everything', async () => {
        const { agent, call, socket } = await joined(library);
        const ended = [];
        agent.on('sessionEnded', error => ended.push(error.reason));
        socket.drop(4401);
        assert.deepEqual(ended, ['unauthorized']);
        assert.deepEqual([call.callEndReason.code, call.callEndReason.subCode], [401, 10009]);
        assert.equal(agent.connectionState, 'Disconnected');
    });

    test('closing the page says goodbye', async () => {
        const { socket } = await joined(library);
        window.dispatchEvent(new Event('pagehide'));
        assert.deepEqual(socket.sent.at(-1), golden('bye'));
    });
});

test('slots of an offer that failed are offered again, not added once more', async () => {
    const { call, socket } = await joined(library);
    const person = { ...golden('call.roster').added[0], camera: true };
    const crowd = Array.from({ length: 5 }, (_, index) => ({ ...person, participantId: `p${index}` }));
    socket.receive({ ...golden('call.roster'), added: crowd, changed: [] });
    const look = async index =>
        (await new VideoStreamRenderer(call.remoteParticipants[index].videoStreams[0]).createView(), pass(1));
    for (let index = 0; index < 5; index += 1) await look(index);
    socket.fail('media.offer', golden('error').error);
    await settle();
    await look(5);
    assert.equal(socket.count('media.offer'), 2);
    assert.equal(socket.find('media.offer').lines.filter(it => it.purpose === 'videoSlot').length, 9);
});

describe('people', () => {
    test('somebody who cannot be added leaves with the reason', async () => {
        const { call, socket } = await joined(library);
        const updates = [];
        call.on('remoteParticipantsUpdated', event => updates.push([event.added.length, event.removed.length]));
        const participant = call.addParticipant({ communicationUserId: '8:acs:nobody' });
        assert.equal(participant.state, 'Connecting');
        socket.fail('call.add', { code: 400, subCode: 0, reason: 'invalidTarget', message: 'Nobody has this id.' });
        await settle();
        assert.equal(participant.state, 'Disconnected');
        assert.equal(participant.callEndReason.message, 'Nobody has this id.');
        assert.deepEqual(updates, [[1, 0], [0, 1]]);
    });

    test('dominant speakers are told in their order', async () => {
        const { call, socket } = await joined(library);
        const feature = call.feature(library.Features.DominantSpeakers);
        assert.equal(feature, call.feature(library.Features.DominantSpeakers));
        assert.throws(() => call.feature({ name: 'Captions' }), { reason: 'featureNotSupported' });
        let changes = 0;
        feature.on('dominantSpeakersChanged', () => (changes += 1));
        socket.receive(golden('call.roster'));
        const [first, second] = call.remoteParticipants.map(it => it.endpointDetails[0].participantId);
        socket.receive({ ...golden('call.speakers'), dominant: [second, first] });
        socket.receive({ ...golden('call.speakers'), dominant: [second, first] });
        assert.equal(changes, 1);
        assert.deepEqual(
            feature.dominantSpeakers.speakersList,
            call.remoteParticipants.map(it => it.identifier).reverse(),
        );
    });

    test('a call between two becomes a group call', async () => {
        const { agent, socket } = await signIn(library);
        const call = agent.startCall([grace]);
        await settle();
        socket.reply('call.start', { call: golden('reply.call').call, media: golden('reply.media').media });
        await settle();
        let changes = 0;
        call.on('isGroupCallChanged', () => (changes += 1));
        socket.receive(golden('call.state'));
        assert.ok(call.isGroupCall);
        assert.equal(call.id, callId);
        assert.equal(changes, 1);
    });
});
