// Every feature of the mirrored object model is there: real, or idle with a refusal that names it.
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { devices, golden, install, joined, pass, settle, signIn, StubPeerConnection, StubTrack } from './stubs.mjs';

const { Features } = library;

beforeEach(() => install());
afterEach(() => globalThis.window.dispatchEvent(new Event('pagehide')));

/** What an idle feature shows, and what it refuses: members, calls and events. */
const idle = {
    Recording: { shows: { isRecordingActive: false, recordings: [] }, events: ['isRecordingActiveChanged'] },
    LocalRecording: { shows: { isRecordingActive: false, recordings: [] }, events: ['localRecordingsUpdated'] },
    Transcription: { shows: { isTranscriptionActive: false }, events: ['isTranscriptionActiveChanged'] },
    Captions: { shows: {}, events: ['CaptionsKindChanged'] },
    RealTimeText: { refuses: [['sendRealTimeText', 'a']], events: ['realTimeTextReceived'] },
    MediaAccess: {
        refuses: ['permitAudio', 'forbidAudio', 'permitVideo', 'forbidVideo', 'permitOthersAudio', 'forbidOthersAudio'],
        events: ['mediaAccessChanged', 'meetingMediaAccessChanged'],
    },
    CallSurvey: { refuses: [['submitSurvey', {}]] },
    BreakoutRooms: { shows: { breakoutRooms: [], assignedBreakoutRooms: undefined }, events: ['breakoutRoomsUpdated'] },
    PPTLive: { shows: { isActive: false, target: undefined }, events: ['isActiveChanged'] },
    TogetherMode: { shows: { togetherModeStream: [] }, refuses: ['start'], events: ['togetherModeStreamsUpdated'] },
    TeamsMeetingAudioConferencing: { refuses: ['getTeamsMeetingAudioConferencingDetails'] },
    LiveStream: { shows: { liveStreams: [], participantCount: 0 }, events: ['liveStreamsUpdated'] },
    ComposedStream: { shows: { composedStreams: [] }, events: ['composedStreamsUpdated'] },
    Transfer: { events: ['transferAccepted', 'transferRequested'] },
    PreCallDiagnostics: { refuses: [['startTest', {}]] },
    VideoEffects: { shows: { activeEffects: [] }, refuses: [['startEffects', {}]], events: ['effectsStarted'] },
    AudioEffects: { refuses: [['startEffects', {}]], events: ['effectsStarted', 'effectsError'] },
};

const owners = {
    callApiCtor: async () => (await joined(library)).call,
    callClientApiCtor: async () => new library.CallClient({ endpoint: 'https://calls.example' }),
    videoStreamApiCtor: async () => new library.LocalVideoStream({ id: 'camera:a', name: '', deviceType: 'Unknown' }),
    audioStreamApiCtor: async () => new library.LocalAudioStream({ id: 'microphone:a' }),
};

const kindOf = factory => Object.keys(factory).find(key => key.endsWith('ApiCtor'));

describe('features', () => {
    for (const [name, factory] of Object.entries(Features)) {
        test(`${name} is made once, by its owner alone`, async () => {
            assert.equal(factory.name, name);
            const owner = await owners[kindOf(factory)]();
            const feature = owner.feature(factory);
            assert.equal(feature.name, name);
            assert.equal(owner.feature(factory), feature);
            for (const [kind, make] of Object.entries(owners)) {
                if (kind === kindOf(factory)) continue;
                const other = await make();
                assert.throws(
                    () => other.feature(factory),
                    { reason: 'featureNotSupported', code: 400, target: name, message: new RegExp(`^${name} is not`) },
                );
            }
        });
    }

    test('what is no feature is refused', async () => {
        const { agent, call } = await joined(library);
        for (const wrong of [undefined, null, {}, 'Recording', { name: 'Teleport' }]) {
            assert.throws(() => call.feature(wrong), { reason: 'featureNotSupported' });
            assert.throws(() => agent.feature(wrong), { reason: 'featureNotSupported' });
        }
    });

    test('the features of a call that is over can still be asked for', async () => {
        const { call } = await joined(library);
        const before = call.feature(Features.Recording);
        const hangingUp = call.hangUp();
        await pass(2_000);
        await hangingUp;
        assert.equal(call.feature(Features.Recording), before);
        assert.deepEqual(call.feature(Features.RaiseHand).getRaisedHands(), []);
        await assert.rejects(call.feature(Features.RaiseHand).raiseHand(), { reason: 'callEnded' });
        // Nothing is measured any more.
        StubPeerConnection.last.getStats = () => assert.fail('measured');
        call.feature(Features.UserFacingDiagnostics);
        await pass(10_000);
    });
});

describe('idle features', () => {
    for (const [name, { shows = {}, refuses = [], events = [] }] of Object.entries(idle)) {
        test(name, async () => {
            const feature = (await owners[kindOf(Features[name])]()).feature(Features[name]);
            for (const [member, value] of Object.entries(shows)) assert.deepEqual(feature[member], value, member);
            for (const event of events) {
                const listener = () => assert.fail(event);
                feature.on(event, listener);
                feature.off(event, listener);
            }
            for (const act of refuses) {
                const [method, ...args] = [act].flat();
                const refusal = { name: 'CallingError', code: 405, reason: 'featureNotOffered', target: name };
                await assert.rejects(feature[method](...args), refusal, method);
                await assert.rejects(feature[method](...args), new RegExp(`${name}\\.${method}`));
            }
            feature.dispose();
        });
    }

    test('captions name themselves and refuse to begin', async () => {
        const { captions } = (await owners.callApiCtor()).feature(Features.Captions);
        assert.deepEqual(
            [captions.kind, captions.isCaptionsFeatureActive, captions.supportedSpokenLanguages],
            ['Captions', false, []],
        );
        captions.on('CaptionsReceived', () => {});
        for (const method of ['startCaptions', 'stopCaptions', 'setSpokenLanguage', 'setCaptionLanguage']) {
            await assert.rejects(captions[method]('en-us'), { code: 405, target: 'Captions' }, method);
        }
    });

    test('a transfer fails once the app can hear of it', async () => {
        const feature = (await owners.callApiCtor()).feature(Features.Transfer);
        const transfer = feature.transfer({ targetCallId: 'x' });
        const states = [transfer.state];
        transfer.on('stateChanged', () => states.push(transfer.state));
        await settle();
        assert.deepEqual(states, ['None', 'Failed']);
        assert.deepEqual(transfer.error, { code: 405, subCode: 0 });
    });

    test('effects are not supported, and the lobby is empty', async () => {
        const call = await owners.callApiCtor();
        const video = (await owners.videoStreamApiCtor()).feature(Features.VideoEffects);
        assert.equal(await video.isSupported({ name: 'BackgroundBlur' }), false);
        await video.stopEffects();
        assert.deepEqual(call.lobby.participants, []);
        await assert.rejects(call.lobby.admit({ communicationUserId: '8:acs:a_b' }), { code: 405, target: 'Lobby' });
        assert.deepEqual(await call.lobby.admitAll(), { successCount: 0, failureCount: 0 });
    });
});

describe('capabilities', () => {
    test('tell what the server lets everybody do, and why not the rest', async () => {
        const call = await owners.callApiCtor();
        const { capabilities } = call.feature(Features.Capabilities);
        assert.deepEqual(capabilities.raiseHand, { isPresent: true, reason: 'Capable' });
        assert.deepEqual(capabilities.addPhoneNumber, { isPresent: false, reason: 'FeatureNotSupported' });
        assert.equal(Object.keys(capabilities).length, 25);
        for (const { isPresent, reason } of Object.values(capabilities)) {
            assert.equal(isPresent, reason === 'Capable');
        }
    });

    test('a browser that cannot share a screen says so', async () => {
        const call = await owners.callApiCtor();
        const { getDisplayMedia } = navigator.mediaDevices;
        navigator.mediaDevices.getDisplayMedia = undefined;
        const { capabilities } = call.feature(Features.Capabilities);
        navigator.mediaDevices.getDisplayMedia = getDisplayMedia;
        assert.deepEqual(capabilities.shareScreen, { isPresent: false, reason: 'ClientRestricted' });
        assert.deepEqual(capabilities.turnVideoOn, { isPresent: true, reason: 'Capable' });
    });
});

describe('optimal video count', () => {
    const allocation = (availableBitrate, state = 'atMaximum') => ({
        ...golden('media.allocation'),
        availableBitrate,
        state,
    });

    test('falls at once with the link, and grows when it holds', async () => {
        navigator.hardwareConcurrency = 8;
        const { call, socket } = await joined(library);
        const feature = call.feature(Features.OptimalVideoCount);
        const heard = [];
        feature.on('optimalVideoCountChanged', () => heard.push(feature.optimalVideoCount));
        assert.equal(feature.optimalVideoCount, 20);
        socket.receive(allocation(500_000));
        assert.deepEqual(heard, [2]);
        socket.receive(allocation(3_000_000));
        await pass(3_000);
        socket.receive(allocation(1_000_000));
        await pass(2_000);
        // The least of what was possible meanwhile.
        assert.deepEqual(heard, [2, 6]);
        // Little was sent, which says nothing of what could be.
        socket.receive(allocation(100_000, 'applicationLimited'));
        assert.deepEqual(heard, [2, 6]);
        socket.receive(allocation(null, null));
        socket.receive(allocation(100_000, 'delayLimited'));
        assert.deepEqual(heard, [2, 6, 1]);
    });

    test('a small processor is not asked for more than it can do', async () => {
        navigator.hardwareConcurrency = 2;
        const { call } = await joined(library);
        assert.equal(call.feature(Features.OptimalVideoCount).optimalVideoCount, 6);
    });
});

describe('debug info', () => {
    test('names the last call and where it ran', async () => {
        const { client, call } = await joined(library);
        const feature = client.feature(Features.DebugInfo);
        assert.equal(feature.lastCallId, call.id);
        assert.equal(feature.lastLocalParticipantId, call.info.participantId);
        assert.equal((await feature.getEnvironmentInfo()).environment.browser, 'chrome');
        const { dumpId, dump } = feature.dumpDebugInfo();
        assert.match(dumpId, /^[0-9a-f-]{36}$/);
        const { lastCall, environment } = JSON.parse(dump);
        assert.deepEqual([lastCall.id, lastCall.state, environment.environment.platform], [call.id, 'Connected', 'linux']);
        assert.ok(!dump.includes('Grace'));
    });

    test('knows of a second client of the page with an agent', async () => {
        const { client, agent } = await signIn(library);
        const feature = client.feature(Features.DebugInfo);
        const heard = [];
        feature.on('isAnotherCallClientActiveInSameTabChanged', () => heard.push(feature.isAnotherCallClientActiveInSameTab));
        const second = await signIn(library, { welcome: { userId: '8:acs:a_second' } });
        await second.agent.dispose();
        await agent.dispose();
        assert.deepEqual(heard, [true, false]);
    });

    test('knows no call before the first', () => {
        const feature = new library.CallClient({ endpoint: 'https://calls.example' }).feature(Features.DebugInfo);
        assert.equal(feature.lastCallId, undefined);
        assert.equal(feature.lastLocalParticipantId, undefined);
    });
});

describe('user facing diagnostics', () => {
    /** Lets time pass in steps, with a server that answers. */
    async function live(milliseconds, socket, step = 1_000) {
        for (let time = 0; time < milliseconds; time += step) {
            await pass(step);
            socket.receive({ type: 'pong', time: 0 });
        }
    }

    async function watched(options) {
        const world = await joined(library, options);
        StubPeerConnection.last.become('connected');
        await pass(0);
        const feature = world.call.feature(Features.UserFacingDiagnostics);
        const heard = [];
        for (const list of [feature.network, feature.media]) {
            list.on('diagnosticChanged', it => heard.push([it.diagnostic, it.value]));
        }
        return { ...world, feature, heard };
    }

    test('nothing is wrong in a good call', async () => {
        const { feature, heard, socket } = await watched();
        await live(20_000, socket);
        assert.deepEqual([feature.network.getLatest(), feature.media.getLatest(), heard], [{}, {}, []]);
        assert.deepEqual(feature.remote.getLatest(), { diagnostics: [] });
    });

    test('an interrupted path is poor, one that stays away bad, and both are over when it is back', async () => {
        const { heard, feature, socket } = await watched();
        StubPeerConnection.last.become('disconnected');
        assert.deepEqual(heard, [['networkReconnect', 2]]);
        await live(10_000, socket);
        StubPeerConnection.last.become('connected');
        assert.deepEqual(heard, [['networkReconnect', 2], ['networkReconnect', 3], ['networkReconnect', 1]]);
        const { value, valueType } = feature.network.getLatest().networkReconnect;
        assert.deepEqual([value, valueType], [1, 'DiagnosticQuality']);
    });

    test('a device that is offline has no network', async () => {
        const { heard } = await watched();
        navigator.onLine = false;
        window.dispatchEvent(new Event('offline'));
        navigator.onLine = true;
        window.dispatchEvent(new Event('online'));
        assert.deepEqual(heard, [['noNetwork', true], ['noNetwork', false]]);
    });

    test('relays that were asked and gave nothing are out of reach', async () => {
        const { heard } = await watched();
        const connection = StubPeerConnection.last;
        const tell = (type, members) => connection.dispatchEvent(Object.assign(new Event(type), members));
        tell('icecandidateerror', { url: 'stun:a:3478' });
        tell('icecandidate', { candidate: null });
        assert.deepEqual(heard, []);
        tell('icecandidateerror', { url: 'turn:a:3478?transport=udp' });
        tell('icecandidate', { candidate: { candidate: 'candidate:1 1 udp 1 10.0.0.1 9 typ host generation 0' } });
        tell('icecandidate', { candidate: null });
        assert.deepEqual(heard, [['networkRelaysNotReachable', true]]);
        tell('icecandidate', { candidate: { candidate: 'candidate:1 1 udp 1 10.0.0.1 9 typ relay raddr 0.0.0.0' } });
        assert.deepEqual(heard.at(-1), ['networkRelaysNotReachable', false]);
    });

    /** Reports in which a receiver lost that share of its packets every two seconds. */
    async function lose(share, times, state) {
        for (let time = 0; time < times; time += 1) {
            state.time += 2_000;
            state.received += 100 * (1 - share);
            state.lost += 100 * share;
            StubPeerConnection.last.report = [
                {
                    id: 'I',
                    type: 'inbound-rtp',
                    kind: 'video',
                    mid: '6',
                    timestamp: state.time,
                    packetsReceived: state.received,
                    packetsLost: state.lost,
                },
            ];
            await live(2_000, state.socket);
        }
    }

    test('loss is told when it lasts, and is over when it does', async () => {
        const { socket, heard } = await watched();
        const [, active] = golden('media.slots').slots;
        socket.receive({ ...golden('media.slots'), slots: [active] });
        const state = { socket, time: 0, received: 0, lost: 0 };
        await lose(0, 4, state);
        await lose(0.5, 2, state);
        await lose(0, 3, state);
        assert.deepEqual(heard, []);
        await lose(0.15, 3, state);
        await lose(0.5, 3, state);
        await lose(0, 3, state);
        const quality = value => ['networkReceiveQuality', value];
        assert.deepEqual(heard, [quality(2), quality(3), quality(1)]);
    });

    test('a picture that the server keeps back for lack of room is bad reception', async () => {
        const { socket, heard } = await watched();
        const push = golden('media.allocation');
        socket.receive({ ...push, slots: [{ ...push.slots[0], reason: 'paused' }] });
        await live(6_000, socket);
        assert.deepEqual(heard, [['networkReceiveQuality', 3]]);
    });

    test('cameras that are busy, slow, pulled out and back again', async () => {
        const { call, heard } = await watched();
        const camera = () => new library.LocalVideoStream({ id: 'camera:a', name: 'A', deviceType: 'Unknown' });
        devices.refuse = 'NotReadableError';
        await assert.rejects(call.startVideo(camera()));
        devices.refuse = 'NotAllowedError';
        await assert.rejects(call.startVideo(camera()));
        devices.refuse = undefined;
        assert.deepEqual(heard.splice(0), [['cameraStartFailed', true], ['cameraPermissionDenied', true]]);
        let release;
        const { getUserMedia } = navigator.mediaDevices;
        navigator.mediaDevices.getUserMedia = constraints =>
            new Promise(resolve => (release = () => resolve(getUserMedia(constraints))));
        const starting = call.startVideo(camera());
        await pass(10_000);
        assert.deepEqual(heard.splice(0), [['cameraStartTimedOut', true]]);
        release();
        navigator.mediaDevices.getUserMedia = getUserMedia;
        await settle();
        const over = ['cameraStartFailed', 'cameraStartTimedOut', 'cameraPermissionDenied'];
        assert.deepEqual(heard.splice(0), over.map(name => [name, false]));
        devices.streams.at(-1).getVideoTracks()[0].unplug();
        await settle();
        assert.deepEqual(heard.splice(0), [['cameraStoppedUnexpectedly', true]]);
        starting.catch(() => {});
    });

    test('a camera that delivers no more pictures is frozen', async () => {
        const { call, heard } = await watched();
        call.startVideo(new library.LocalVideoStream({ id: 'camera:a', name: 'A', deviceType: 'Unknown' })).catch(() => {});
        await settle();
        const report = framesPerSecond => [
            { id: 'O', type: 'outbound-rtp', kind: 'video', mid: '1', mediaSourceId: 'S', timestamp: 0 },
            { id: 'S', type: 'media-source', kind: 'video', timestamp: 0, framesPerSecond },
        ];
        StubPeerConnection.last.report = report(30);
        await pass(4_000);
        StubPeerConnection.last.report = report(0);
        await pass(2_000);
        assert.deepEqual(heard, []);
        await pass(2_000);
        StubPeerConnection.last.report = report(15);
        await pass(2_000);
        assert.deepEqual(heard, [['cameraFreeze', true], ['cameraFreeze', false]]);
    });

    test('a microphone that is denied, and one that the system silences', async () => {
        const { call, heard } = await watched();
        const [microphone] = call.localAudioStreams;
        const [track] = (await microphone.getMediaStream()).getAudioTracks();
        track.muted = true;
        track.dispatchEvent(new Event('mute'));
        track.muted = false;
        track.dispatchEvent(new Event('unmute'));
        assert.deepEqual(heard.splice(0), [['microphoneMuteUnexpectedly', true], ['microphoneMuteUnexpectedly', false]]);
        await call.stopAudio();
        devices.refuse = 'NotAllowedError';
        await assert.rejects(call.startAudio());
        devices.refuse = undefined;
        await call.startAudio();
        assert.deepEqual(heard, [['microphonePermissionDenied', true], ['microphonePermissionDenied', false]]);
    });

    test('what went wrong before anybody asked is known, too', async () => {
        devices.refuse = 'NotReadableError';
        const { feature } = await watched();
        assert.equal(feature.media.getLatest().microphoneNotFunctioning.value, true);
    });

    test('screens that fail, are forbidden by the system, or end by themselves', async () => {
        const { call, heard } = await watched();
        const { getDisplayMedia } = navigator.mediaDevices;
        const refuse = (name, message) => {
            navigator.mediaDevices.getDisplayMedia = async () => {
                throw Object.assign(new Error(message), { name });
            };
        };
        refuse('NotReadableError', 'no');
        await assert.rejects(call.startScreenSharing(), { reason: 'screenFailed' });
        refuse('NotAllowedError', 'Permission denied by system');
        await assert.rejects(call.startScreenSharing(), { reason: 'screenPermissionDeniedBySystem' });
        refuse('NotAllowedError', 'Permission denied');
        await assert.rejects(call.startScreenSharing(), { reason: 'screenPermissionDenied' });
        navigator.mediaDevices.getDisplayMedia = getDisplayMedia;
        assert.deepEqual(heard.splice(0), [['capturerStartFailed', true], ['screenshareRecordingDisabled', true]]);
        call.startScreenSharing().catch(() => {});
        await settle();
        devices.streams.at(-1).getVideoTracks()[0].unplug();
        await settle();
        assert.deepEqual(heard, [
            ['capturerStartFailed', false],
            ['screenshareRecordingDisabled', false],
            ['capturerStoppedUnexpectedly', true],
        ]);
    });

    test('missing microphones and loudspeakers, once the browser names devices', async () => {
        const { client, heard } = await watched();
        HTMLMediaElement.prototype.setSinkId = () => {};
        const manager = await client.getDeviceManager();
        const device = (kind, deviceId) => ({ kind, deviceId, label: deviceId });
        devices.list = [device('audioinput', 'm'), device('audiooutput', 's')];
        await manager.refresh();
        devices.list = [device('videoinput', 'c')];
        await manager.refresh();
        const missing = ['noMicrophoneDevicesEnumerated', 'noSpeakerDevicesEnumerated'];
        assert.deepEqual(heard.splice(0), missing.map(name => [name, true]));
        devices.list = [device('audioinput', 'm'), device('audiooutput', 's')];
        await manager.refresh();
        assert.deepEqual(heard, missing.map(name => [name, false]));
    });

    test('speech into a closed microphone', async () => {
        let loudness = 0;
        globalThis.AudioContext = class {
            createAnalyser() {
                return { getFloatTimeDomainData: samples => samples.fill(loudness) };
            }
            createMediaStreamSource() {
                return { connect() {} };
            }
            async close() {}
            async resume() {}
        };
        StubTrack.prototype.clone = function clone() {
            return new StubTrack(this.kind);
        };
        try {
            const { call, heard, socket } = await watched();
            loudness = 0.5;
            await live(2_000, socket, 100);
            assert.deepEqual(heard, []);
            call.mute().catch(() => {});
            await live(1_000, socket, 100);
            assert.deepEqual(heard, [['speakingWhileMicrophoneIsMuted', true]]);
            loudness = 0;
            await live(1_000, socket, 100);
            assert.equal(heard.length, 1);
            await live(1_500, socket, 100);
            assert.deepEqual(heard.at(-1), ['speakingWhileMicrophoneIsMuted', false]);
            loudness = 0.5;
            await live(1_000, socket, 100);
            call.unmute().catch(() => {});
            assert.deepEqual(heard.slice(2).map(([, value]) => value), [true, false]);

            // Syllables with pauses between them are speech; knocks that are far apart are none.
            heard.length = 0;
            loudness = 0;
            call.mute().catch(() => {});
            await live(600, socket, 100);
            for (let knock = 0; knock < 4; knock++) {
                loudness = 0.5;
                await live(200, socket, 100);
                loudness = 0;
                await live(800, socket, 100);
            }
            assert.deepEqual(heard, []);
            for (let syllable = 0; syllable < 2; syllable++) {
                loudness = 0.5;
                await live(200, socket, 100);
                loudness = 0;
                await live(200, socket, 100);
            }
            assert.deepEqual(heard, [['speakingWhileMicrophoneIsMuted', true]]);
        } finally {
            delete globalThis.AudioContext;
            delete StubTrack.prototype.clone;
        }
    });

    test('the end of the call ends the watching', async () => {
        const { call, heard } = await watched();
        const hangingUp = call.hangUp();
        await pass(2_000);
        await hangingUp;
        heard.length = 0;
        navigator.onLine = false;
        window.dispatchEvent(new Event('offline'));
        navigator.onLine = true;
        await pass(20_000);
        assert.deepEqual(heard, []);
    });
});

test('an agent has no features of its own yet', async () => {
    const { agent } = await signIn(library);
    assert.throws(() => agent.feature(Features.Recording), { reason: 'featureNotSupported' });
});
