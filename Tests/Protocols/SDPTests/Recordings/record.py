#!/usr/bin/env python3
"""Records the SDP offers of real WebRTC clients that the SDP tests read, one .sdp file per scenario.

usage: record.py [chromium|firefox|aiortc ...]      (all three when none is named)

Needs Debian's chromium and firefox-esr, and from PyPI playwright, websockets and aiortc. The offers keep the client's
own ICE credentials and fingerprint: they are made for one short session and have no value afterwards.
"""
import asyncio
import os
import sys

from clients import Chromium, Firefox

HERE = os.path.dirname(os.path.abspath(__file__))

# Each scenario is a JavaScript expression that gives an RTCPeerConnection which is ready to offer; `media()`,
# `prefer()` and `slots()` come from clients.PAGE.
CHROMIUM = {
    # A plain caller: camera and microphone, H.264 put first.
    'chromium-camera-microphone': """
        (async () => { const pc = new RTCPeerConnection(), s = await media({audio: true, video: true});
          pc.addTransceiver(s.getAudioTracks()[0], {direction: 'sendonly', streams: [s]});
          prefer(pc.addTransceiver(s.getVideoTracks()[0], {direction: 'sendonly', streams: [s]}), 'video/H264');
          return pc; })()""",
    # What our own library offers: microphone, camera, screen, then slots to receive with.
    'chromium-slots': """
        (async () => { const pc = new RTCPeerConnection(), s = await media({audio: true, video: true});
          pc.addTransceiver(s.getAudioTracks()[0], {direction: 'sendonly', streams: [s]});
          prefer(pc.addTransceiver(s.getVideoTracks()[0], {direction: 'sendonly', streams: [s]}), 'video/H264');
          prefer(pc.addTransceiver('video', {direction: 'sendonly'}), 'video/H264');
          slots(pc, 3, 10, 'video/H264');
          return pc; })()""",
    # Three simulcast layers named by rid.
    'chromium-simulcast': """
        (async () => { const pc = new RTCPeerConnection(), s = await media({audio: true, video: true});
          pc.addTransceiver(s.getAudioTracks()[0], {direction: 'sendonly', streams: [s]});
          prefer(pc.addTransceiver(s.getVideoTracks()[0], {direction: 'sendonly', streams: [s], sendEncodings: [
            {rid: 'q', scaleResolutionDownBy: 4}, {rid: 'h', scaleResolutionDownBy: 2}, {rid: 'f'}]}), 'video/H264');
          return pc; })()""",
    # A page that knows nothing of us: sendrecv lines in the browser's own codec order, and a data channel.
    'chromium-plain': """
        (async () => { const pc = new RTCPeerConnection(), s = await media({audio: true, video: true});
          s.getTracks().forEach(t => pc.addTrack(t, s)); pc.createDataChannel('chat');
          return pc; })()""",
}
FIREFOX = {
    # Firefox without its OpenH264 plug-in: VP8 only.
    'firefox-camera-microphone-slots': """
        (async () => { const pc = new RTCPeerConnection(), s = await media({audio: true, video: true});
          pc.addTransceiver(s.getAudioTracks()[0], {direction: 'sendonly', streams: [s]});
          pc.addTransceiver(s.getVideoTracks()[0], {direction: 'sendonly', streams: [s]});
          slots(pc, 3, 2);
          return pc; })()""",
    'firefox-plain': """
        (async () => { const pc = new RTCPeerConnection(), s = await media({audio: true, video: true});
          s.getTracks().forEach(t => pc.addTrack(t, s));
          return pc; })()""",
}


def write(name, sdp):
    with open(os.path.join(HERE, name + '.sdp'), 'w', newline='') as file:
        file.write(sdp)
    print(name, len(sdp), 'bytes,', sdp.count('\r\nm='), 'm-lines')


async def record_browser(browser, scenarios):
    async with browser as page:
        for name, connection in scenarios.items():
            write(name, await page.evaluate(f'offer({connection})'))


async def record_aiortc():
    from aiortc import RTCPeerConnection
    from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
    connection = RTCPeerConnection()
    connection.addTrack(AudioStreamTrack())
    connection.addTrack(VideoStreamTrack())
    await connection.setLocalDescription(await connection.createOffer())
    write('aiortc-plain', connection.localDescription.sdp)
    await connection.close()


async def main():
    wanted = sys.argv[1:] or ['chromium', 'firefox', 'aiortc']
    if 'chromium' in wanted:
        await record_browser(Chromium(), CHROMIUM)
    if 'firefox' in wanted:
        await record_browser(Firefox(), FIREFOX)
    if 'aiortc' in wanted:
        await record_aiortc()


if __name__ == '__main__':
    asyncio.run(main())
