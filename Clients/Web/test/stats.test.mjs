// Media statistics, from reports like those of browsers.
import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import * as library from '../build/internals.js';
import { golden, install, joined, pass, StubPeerConnection } from './stubs.mjs';

beforeEach(install);

const { Features } = library;
const [, slot] = golden('media.slots').slots;

/** The report after that many seconds. */
function report(seconds, more = {}) {
    const timestamp = seconds * 1000;
    return [
        { id: 'C', type: 'codec', mimeType: 'video/H264', timestamp },
        { id: 'T', type: 'transport', selectedCandidatePairId: 'P', timestamp },
        { id: 'P', type: 'candidate-pair', currentRoundTripTime: 0.02, availableOutgoingBitrate: 3e6, timestamp },
        { id: 'S', type: 'media-source', width: 1280, height: 720, framesPerSecond: 30, timestamp },
        { id: 'A', type: 'media-source', audioLevel: 0.5, timestamp },
        { id: 'R', type: 'remote-inbound-rtp', jitter: 0.004, roundTripTime: 0.025, packetsLost: 2, timestamp },
        {
            id: 'O0', type: 'outbound-rtp', kind: 'audio', mid: '0', mediaSourceId: 'A', remoteId: 'R', timestamp,
            bytesSent: seconds * 4_000, packetsSent: seconds * 50, transportId: 'T',
        },
        {
            id: 'O1', type: 'outbound-rtp', kind: 'video', mid: '1', rid: 'h', mediaSourceId: 'S', codecId: 'C', timestamp,
            bytesSent: seconds * 60_000, framesEncoded: seconds * 30, framesSent: seconds * 30, frameWidth: 640,
            frameHeight: 360, scalabilityMode: 'L1T3', qualityLimitationReason: 'none',
        },
        {
            id: 'I6', type: 'inbound-rtp', kind: 'video', mid: '6', codecId: 'C', jitter: 0.01, timestamp, transportId: 'T',
            bytesReceived: seconds * 50_000, packetsReceived: seconds * 100, packetsLost: seconds, frameWidth: 640,
            frameHeight: 360, framesReceived: seconds * 25, framesDecoded: seconds * 24, freezeCount: 1,
            totalFreezesDuration: 0.5, jitterBufferDelay: seconds * 2, jitterBufferEmittedCount: seconds * 40, ...more,
        },
        { id: 'I7', type: 'inbound-rtp', kind: 'video', mid: '7', timestamp, bytesReceived: 0 },
    ];
}

async function measuring(options) {
    const { call, socket } = await joined(library);
    socket.receive({ ...golden('media.slots'), slots: [slot] });
    const collector = call.feature(Features.MediaStats).createCollector(options);
    const samples = [];
    const summaries = [];
    collector.on('sampleReported', sample => samples.push(sample));
    collector.on('summaryReported', summary => summaries.push(summary));
    let seconds = 0;
    const next = async more => {
        StubPeerConnection.last.report = report((seconds += 1), more);
        await pass(1_000);
        return samples.at(-1);
    };
    return { call, socket, collector, samples, summaries, next };
}

describe('samples', () => {
    test('have the rates of the last second', async () => {
        const { next } = await measuring();
        await next();
        const { audio, video, transports } = await next();
        const [microphone] = audio.send;
        assert.deepEqual(
            [microphone.bitrate, microphone.packetsPerSecond, microphone.jitterInMs, microphone.audioInputLevel],
            [32_000, 50, 4, 32_768],
        );
        const [camera] = video.send;
        assert.deepEqual(
            [camera.rid, camera.codecName, camera.bitrate, camera.frameRateSent, camera.frameWidthSent, camera.frameHeightInput],
            ['h', 'H264', 480_000, 30, 640, 720],
        );
        assert.equal(video.receive.length, 1);
        const [grace] = video.receive;
        assert.deepEqual(
            [grace.participantId, grace.streamId, grace.bitrate, grace.packetsLostPerSecond, grace.frameRateDecoded],
            [slot.participantId, 1, 400_000, 1, 24],
        );
        assert.deepEqual([grace.jitterBufferDelayInMs, grace.rttInMs, grace.jitterInMs], [50, 20, 10]);
        assert.deepEqual([transports[0].rttInMs, transports[0].availableOutgoingBitrate], [20, 3_000_000]);
    });

    test('count the freezes of the one who is in the slot', async () => {
        const { next, socket } = await measuring();
        await next();
        const frozen = { freezeCount: 3, totalFreezesDuration: 1.1 };
        const [before] = (await next(frozen)).video.receive;
        assert.deepEqual(
            [before.freezes, before.totalFreezeDurationInMs, before.longestFreezeDurationInMs],
            [2, 600, 300],
        );
        socket.receive({ ...golden('media.slots'), slots: [{ ...slot, participantId: 'another' }] });
        const [after] = (await next(frozen)).video.receive;
        assert.deepEqual([after.freezes, after.totalFreezeDurationInMs, after.participantId], [0, 0, 'another']);
    });

    test('find the line by its track where the browser does not tell the mid', async () => {
        const { next } = await measuring();
        Object.assign(StubPeerConnection.last.transceivers[6].receiver.track, { id: 'track-6' });
        const { video } = await next({ mid: undefined, trackIdentifier: 'track-6' });
        assert.equal(video.receive[0].participantId, slot.participantId);
    });

    test('end with the collector, and with the call', async () => {
        const { call, collector, samples, next } = await measuring();
        const other = call.feature(Features.MediaStats).createCollector();
        let reported = 0;
        other.on('sampleReported', () => (reported += 1));
        await next();
        collector.dispose();
        await next();
        assert.deepEqual([samples.length, reported], [1, 2]);
        call.hangUp().catch(() => {});
        await pass(2_000);
        reported = 0;
        await pass(3_000);
        assert.equal(reported, 0);
    });
});

test('summaries have every sample and their aggregation by interval', async () => {
    const { next, summaries } = await measuring({ aggregationInterval: 2, dataPointsPerAggregation: 2 });
    for (let second = 0; second < 4; second += 1) await next({ frameWidth: 320 + second });
    assert.equal(summaries.length, 1);
    const { frameWidthReceived, codecName } = summaries[0].video.receive[0];
    assert.deepEqual(frameWidthReceived.raw, [320, 321, 322, 323]);
    assert.deepEqual(frameWidthReceived.aggregation, {
        count: [2, 2], sum: [641, 645], min: [320, 322], max: [321, 323],
    });
    assert.deepEqual([codecName.raw.length, codecName.aggregation], [4, undefined]);
    for (let second = 0; second < 3; second += 1) await next();
    assert.equal(summaries.length, 1);
    await next();
    assert.equal(summaries.length, 2);
});

test('options that are no whole numbers are refused', async () => {
    const { call } = await joined(library);
    const feature = call.feature(Features.MediaStats);
    assert.throws(() => feature.createCollector({ aggregationInterval: 0 }), { reason: 'invalidArgument' });
    assert.throws(() => feature.createCollector({ dataPointsPerAggregation: 1.5 }), { reason: 'invalidArgument' });
});
