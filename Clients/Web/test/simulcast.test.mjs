// What a camera and a screen are sent as: layers, their limits, and who watches them.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { activeLayers, layerSettings, SendLine, simulcastMids, withOpusWishes } from '../build/internals.js';
import { install, joined, settle, pass, StubPeerConnection, StubSender, StubStream, StubTrack } from './stubs.mjs';
import * as library from '../build/internals.js';

beforeEach(install);

const hd = { width: 1280, height: 720, frameRate: 30 };
const useful = settings => settings.filter(it => it.useful).map(it => [it.scaleResolutionDownBy, it.maxBitrate]);

describe('layer settings', () => {
    test('three layers of 720p', () => {
        assert.deepEqual(useful(layerSettings(hd, {}, 3)), [[4, 150_000], [2, 500_000], [1, 1_700_000]]);
    });

    test('as many layers as a browser sends of that many pixels, the last with the whole picture', () => {
        const scales = (width, height) => useful(layerSettings({ ...hd, width, height }, {}, 3)).map(it => it[0]);
        for (const [width, height, expected] of [
            [160, 120, [1]], [320, 180, [1]], [320, 240, [1]], [424, 240, [1]], [480, 270, [2, 1]], [640, 360, [2, 1]],
            [640, 480, [2, 1]], [800, 600, [2, 1]], [960, 540, [4, 2, 1]], [1280, 720, [4, 2, 1]], [1920, 1080, [4, 2, 1]],
        ]) {
            assert.deepEqual(scales(width, height), expected, `${width}x${height}`);
            assert.deepEqual(scales(height, width), expected, `${height}x${width}`);
        }
    });

    test('a small picture uses the first encodings, since browsers leave out the last', () => {
        const used = (width, height) => layerSettings({ ...hd, width, height }, {}, 3).map(it => it.useful);
        assert.deepEqual(used(640, 480), [true, true, false]);
        assert.deepEqual(used(320, 240), [true, false, false]);
        assert.deepEqual(layerSettings({ ...hd, width: 640, height: 480 }, {}, 3).map(it => it.scaleResolutionDownBy), [2, 1, 1]);
    });

    test('the limits of the app hold for all layers together', () => {
        const settings = layerSettings(hd, { maxBitrate: 1_000_000, maxFramerate: 15, maxHeight: 360 }, 3);
        assert.deepEqual(useful(settings), [[4, 150_000], [2, 500_000]]);
        assert.equal(settings[1].maxFramerate, 15);
        const tight = useful(layerSettings(hd, { maxBitrate: 470_000 }, 3));
        assert.deepEqual(tight.map(it => it[1]), [30_000, 100_000, 340_000]);
    });

    test('an encoding that is not used is stood in for by the largest that is', () => {
        assert.deepEqual(activeLayers([true, true, true], [true, false, false]), [true, false, false]);
        assert.deepEqual(activeLayers([true, true, false], [false, false, true]), [false, true, false]);
        assert.deepEqual(activeLayers([true, true, false], [true, false, true]), [true, true, false]);
        assert.deepEqual(activeLayers([true, true, false], [false, false, false]), [false, false, false]);
        assert.deepEqual(activeLayers([true, false, false], [false, true, false]), [true, false, false]);
    });
});

function line(purpose = 'camera', rids = ['q', 'h', 'f']) {
    const sender = new StubSender(rids.map(rid => ({ rid, active: true })));
    return { sender, line: new SendLine(purpose, { sender, mid: '1' }) };
}

const watch = (...rids) => ['q', 'h', 'f'].map(rid => ({ rid, active: rids.includes(rid) }));

describe('a line that is sent', () => {
    test('pauses the layers that nobody watches, and writes nothing twice', async () => {
        const { sender, line: camera } = line();
        await camera.send(new StubTrack('video'));
        assert.deepEqual(sender.layers.map(it => it[0]), ['q', 'h', 'f']);
        await camera.watch(watch('q'));
        assert.deepEqual(sender.layers.map(it => it[0]), ['q']);
        const { writes } = sender;
        await camera.watch(watch('q'));
        await camera.watch([{ rid: 'z', active: true }]);
        assert.equal(sender.writes, writes);
        await camera.watch([{ rid: 'f', active: true }]);
        assert.deepEqual(sender.layers.map(it => it[0]), ['q', 'f']);
        await camera.watch(watch());
        assert.deepEqual(sender.layers, []);
    });

    test('many changes at the same moment are written one after the other', async () => {
        const { sender, line: camera } = line();
        const track = new StubTrack('video');
        await Promise.all([
            camera.send(track), camera.watch(watch('h')), camera.constrain({ maxFramerate: 10 }), camera.answered(true),
        ]);
        assert.deepEqual(sender.layers.map(it => it[0]), ['h']);
        assert.equal(sender.parameters.encodings[1].maxFramerate, 10);
        assert.equal(sender.track, track);
    });

    test('parameters that somebody else wrote meanwhile are read again', async () => {
        const { sender, line: camera } = line();
        const sending = camera.send(new StubTrack('video'));
        sender.getParameters();
        await sending;
        assert.deepEqual(sender.layers[2], ['f', 1, 1_700_000]);
    });

    test('a server that takes no layers gets the whole picture on the one that is left', async () => {
        const { sender, line: camera } = line();
        await camera.send(new StubTrack('video'));
        await camera.answered(false);
        assert.deepEqual(sender.layers, [['q', 1, 1_700_000]]);
        await camera.watch(watch('f'));
        assert.deepEqual(sender.layers, [['q', 1, 1_700_000]]);
        await camera.watch(watch());
        assert.deepEqual(sender.layers, []);
    });

    test('a browser that dropped the other encodings does so as well', async () => {
        const { sender, line: camera } = line('camera', ['q']);
        await camera.send(new StubTrack('video'));
        await camera.answered(true);
        assert.deepEqual(sender.layers, [['q', 1, 1_700_000]]);
    });

    test('another size of the capture is noticed', async () => {
        const { sender, line: camera } = line();
        const track = new StubTrack('video');
        await camera.send(track);
        track.settings = { width: 640, height: 360, frameRate: 15 };
        await camera.checkCapture();
        assert.deepEqual(sender.layers, [['q', 2, 150_000], ['h', 1, 500_000]]);
        assert.equal(sender.parameters.encodings[1].maxFramerate, 15);
        const { writes } = sender;
        await camera.checkCapture();
        assert.equal(sender.writes, writes);
    });

    test('no more is spent on a layer than those who watch can use', async () => {
        const { sender, line: camera } = line();
        await camera.send(new StubTrack('video'));
        const bitrates = () => sender.parameters.encodings.map(it => it.maxBitrate);
        const usual = bitrates();
        await camera.watch([{ rid: 'f', active: true, maxBitrate: 680_000 }]);
        assert.deepEqual(bitrates(), [usual[0], usual[1], 680_000]);
        assert.deepEqual(sender.parameters.encodings.map(it => it.scaleResolutionDownBy), [4, 2, 1.6]);
        await camera.watch([{ rid: 'f', active: true, maxBitrate: 1_000_000 }]);
        assert.equal(sender.parameters.encodings[2].scaleResolutionDownBy, 4 / 3);
        await camera.watch([{ rid: 'f', active: true, maxBitrate: 1_500_000 }]);
        assert.equal(sender.parameters.encodings[2].scaleResolutionDownBy, 1);
        await camera.watch([{ rid: 'f', active: true, maxBitrate: 99_000_000 }]);
        assert.deepEqual(bitrates(), usual);
        await camera.watch([{ rid: 'h', active: true, maxBitrate: 200_000 }, { rid: 'f', active: true }]);
        assert.deepEqual(bitrates(), [usual[0], 200_000, usual[2]]);
        await camera.watch([{ rid: 'h', active: true, maxBitrate: null }]);
        assert.deepEqual(bitrates(), usual);
    });

    test('a layer whose link leaves it few bits is made smaller, not slower', async () => {
        const { sender, line: camera } = line();
        await camera.send(new StubTrack('video'));
        const scales = () => sender.parameters.encodings.map(it => it.scaleResolutionDownBy);
        let bitrate = 500_000;
        sender.getStats = async () => new Map([
            ['h', { type: 'outbound-rtp', rid: 'h', targetBitrate: bitrate }],
            ['f', { type: 'outbound-rtp', rid: 'f' }],
        ]);
        const looks = async (count) => {
            for (let look = 0; look < count; look++) await camera.checkLoad();
        };
        await looks(3);
        assert.deepEqual(scales(), [4, 2, 1]);
        bitrate = 200_000;
        await looks(1);
        assert.deepEqual(scales(), [4, 2, 1]);
        await looks(1);
        assert.deepEqual(scales(), [4, 3.2, 1]);
        const { writes } = sender;
        await looks(5);
        assert.equal(sender.writes, writes);
        bitrate = 500_000;
        await looks(3);
        assert.deepEqual(scales(), [4, 3.2, 1]);
        await looks(1);
        assert.deepEqual(scales(), [4, 2, 1]);
    });

    test('the browser scales no layers by itself, unless it cannot know that or is too slow', async () => {
        const { sender, line: camera } = line();
        await camera.send(new StubTrack('video'));
        const preference = () => sender.parameters.degradationPreference;
        assert.equal(preference(), 'maintain-framerate-and-resolution');
        let seconds = 0;
        sender.getStats = async () => new Map([['o', { type: 'outbound-rtp', totalEncodeTime: seconds }]]);
        const now = Date.now;
        let time = 1_000_000;
        Date.now = () => time;
        try {
            const look = async (busy) => {
                time += 1_000;
                seconds += busy;
                await camera.checkLoad();
            };
            await look(0);
            for (const busy of [0.5, 0.9, 0.5, 0.9]) await look(busy);
            assert.equal(preference(), 'maintain-framerate-and-resolution');
            await look(0.9);
            assert.equal(preference(), 'balanced');
        } finally {
            Date.now = now;
        }
        const old = line();
        old.sender.refusedPreferences = ['maintain-framerate-and-resolution'];
        await old.line.send(new StubTrack('video'));
        assert.equal(old.sender.parameters.degradationPreference, 'balanced');
        await old.line.answered(false);
        assert.equal(old.sender.parameters.degradationPreference, 'balanced');
    });

    test('temporal layers where the codec has them', async () => {
        const { sender, line: camera } = line();
        await camera.send(new StubTrack('video'));
        assert.equal(sender.parameters.encodings[0].scalabilityMode, undefined);
        sender.parameters.codecs = [{ mimeType: 'video/VP8' }];
        await camera.answered(true);
        assert.ok(sender.parameters.encodings.every(it => it.scalabilityMode === 'L1T3'));
        sender.parameters.codecs = [{ mimeType: 'video/H264' }];
        sender.refusedModes = ['L1T3'];
        await camera.watch(watch('q'));
        assert.ok(sender.parameters.encodings.every(it => it.scalabilityMode === undefined));
        assert.deepEqual(sender.layers.map(it => it[0]), ['q']);
        const { writes } = sender;
        await camera.answered(true);
        assert.equal(sender.writes, writes);
    });

    test('a shared screen is one stream, and sharp unless it moves', async () => {
        const { sender, line: screen } = line('screen', [undefined]);
        const track = new StubTrack('video');
        await screen.send(track);
        assert.equal(track.contentHint, 'detail');
        assert.equal(sender.parameters.degradationPreference, 'maintain-resolution');
        assert.equal(sender.parameters.encodings[0].maxBitrate, 2_500_000);
        const film = Object.assign(new StubTrack('video'), { contentHint: 'motion' });
        await screen.send(film);
        assert.equal(film.contentHint, 'motion');
        assert.equal(sender.parameters.degradationPreference, 'balanced');
        await screen.watch([{ rid: null, active: false }]);
        assert.deepEqual(sender.layers, []);
    });
});

describe('in a call', () => {
    const offered = () => StubPeerConnection.last.transceivers.slice(1, 3).map(it => it.sender.parameters.encodings);

    test('the camera is offered in three layers and the screen in one, with priority', async () => {
        await joined(library);
        const [camera, screen] = offered();
        assert.deepEqual(camera.map(it => it.rid), ['q', 'h', 'f']);
        assert.deepEqual(screen.map(it => [it.rid, it.priority]), [[undefined, 'high']]);
    });

    test('a browser that offers no encodings sends what it can', async () => {
        const { call } = await joined(library);
        StubPeerConnection.last.transceivers[1].sender.parameters.encodings = [];
        call.startVideo(new library.LocalVideoStream(new StubStream([new StubTrack('video')]))).catch(() => {});
        await settle();
        assert.ok(call.isLocalVideoStarted);
    });

    test('a camera that turns is looked at every second', async () => {
        const { call } = await joined(library);
        const track = new StubTrack('video');
        call.startVideo(new library.LocalVideoStream(new StubStream([track]))).catch(() => {});
        await settle();
        const { sender } = StubPeerConnection.last.transceivers[1];
        track.settings = { width: 320, height: 240, frameRate: 30 };
        await pass(1_000);
        assert.deepEqual(sender.layers, [['q', 1, 190_000]]);
    });
});

describe('descriptions', () => {
    const sdp = [
        'v=0', 'm=audio 9 X 111 63', 'a=mid:0', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1',
        'a=rtpmap:63 red/48000/2', 'a=fmtp:63 111/111', 'm=video 9 X 96', 'a=mid:1', 'a=simulcast:recv q;h', '',
    ].join('\r\n');

    test('opus is asked to be silent during silence', () => {
        const wished = withOpusWishes(sdp);
        assert.ok(wished.includes('\r\na=fmtp:111 minptime=10;useinbandfec=1;usedtx=1\r\n'));
        assert.ok(wished.includes('\r\na=fmtp:63 111/111\r\n'));
        assert.equal(withOpusWishes(wished), wished);
        assert.ok(withOpusWishes('a=rtpmap:96 opus/48000/2\r\n').includes('a=fmtp:96 useinbandfec=1;usedtx=1'));
        const refused = sdp.replace('useinbandfec=1', 'useinbandfec=1;usedtx=0');
        assert.equal(withOpusWishes(refused), refused);
    });

    test('lines that take layers are found', () => {
        assert.deepEqual([...simulcastMids(sdp)], ['1']);
    });
});
