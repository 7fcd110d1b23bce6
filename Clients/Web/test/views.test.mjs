// At what size a remote picture is asked for.
import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import * as library from '../build/internals.js';
import { install, joined, pass, StubIntersectionObserver, StubResizeObserver } from './stubs.mjs';

beforeEach(install);

async function watching(scalingMode) {
    const { call, socket } = await joined(library);
    const [stream] = call.remoteParticipants[0].videoStreams;
    const view = await new library.VideoStreamRenderer(stream).createView({ scalingMode });
    const [video] = view.target.children;
    const asked = () => {
        const slot = socket.find('media.receive')?.slots.find(it => it.mid === '6');
        return slot.participantId === null ? null : [slot.width, slot.height];
    };
    const resize = (width, height) => StubResizeObserver.all[0].resize(width, height);
    const see = isVisible => StubIntersectionObserver.all[0].see(isVisible);
    return { view, video, asked, resize, see, socket };
}

test('in device pixels, at once and then when the layout is quiet', async () => {
    const { asked, resize, socket } = await watching();
    resize(320, 180);
    await pass(1);
    assert.deepEqual(asked(), [640, 360]);
    resize(400, 225);
    await pass(150);
    resize(480, 270);
    await pass(150);
    assert.deepEqual(asked(), [640, 360]);
    await pass(51);
    assert.deepEqual(asked(), [960, 540]);
    const { length } = socket.sent.filter(it => it.type === 'media.receive');
    resize(500, 281);
    await pass(1_000);
    assert.equal(socket.count('media.receive'), length);
});

test('a change that is taken back is not told', async () => {
    const { resize, socket } = await watching();
    resize(320, 180);
    await pass(1);
    resize(640, 360);
    await pass(100);
    resize(320, 180);
    await pass(1_000);
    assert.equal(socket.count('media.receive'), 1);
});

test('in the shape of the picture, for the way in which it fills its place', async () => {
    const { view, video, asked, resize } = await watching('Crop');
    resize(100, 200);
    await pass(1);
    assert.deepEqual(asked(), [200, 400]);
    Object.assign(video, { videoWidth: 640, videoHeight: 360 });
    video.dispatchEvent(new Event('resize'));
    await pass(201);
    assert.deepEqual(asked(), [711, 400]);
    await view.updateScalingMode('Fit');
    await pass(201);
    assert.deepEqual(asked(), [200, 113]);
    await view.updateScalingMode('Stretch');
    await pass(201);
    assert.deepEqual(asked(), [200, 400]);
});

test('nothing once it has been out of sight for a second, and at once when it is back', async () => {
    const { asked, resize, see } = await watching();
    resize(320, 180);
    await pass(1);
    see(false);
    await pass(999);
    see(true);
    await pass(1_001);
    assert.deepEqual(asked(), [640, 360]);
    see(false);
    await pass(1_000);
    await pass(1);
    assert.equal(asked(), null);
    see(true);
    await pass(1);
    assert.deepEqual(asked(), [640, 360]);
});

test('an element in no page may be drawn elsewhere', async () => {
    const { view, asked, see } = await watching();
    view.target.isConnected = false;
    see(false);
    await pass(1_001);
    assert.deepEqual(asked(), [640, 360]);
});

test('little while the page is hidden, unless the picture floats above others', async () => {
    const { video, asked, resize } = await watching();
    resize(320, 180);
    await pass(1);
    document.visibilityState = 'hidden';
    document.dispatchEvent(new Event('visibilitychange'));
    await pass(201);
    assert.deepEqual(asked(), [160, 90]);
    document.pictureInPictureElement = video;
    video.dispatchEvent(new Event('enterpictureinpicture'));
    await pass(201);
    assert.deepEqual(asked(), [640, 360]);
});
