"""A bare peer connection in Chromium, which uses only the paths to the server that a test allows it."""

import json
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Playwright

from .chromium import EXECUTABLE

# Sends a tone and a moving picture, neither of which needs permission or a secure page. `answerLines` is a regular
# expression of the lines of the answer that the browser gets to see among its candidates.
SCRIPT = """
async ({ url, token, groupId, servers, policy, answerCandidates }) => {
    const socket = new WebSocket(url);
    const waiting = new Map();
    let last = 0;
    await new Promise((resolve, reject) => {
        socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', version: 1, token, displayName: 'Peer' }));
        socket.onerror = () => reject(new Error('no WebSocket'));
        socket.onmessage = event => {
            const message = JSON.parse(event.data);
            if (message.type === 'welcome') resolve();
            waiting.get(message.to)?.(message);
        };
    });
    setInterval(() => socket.send(JSON.stringify({ type: 'ping', time: Date.now() })), 4000);
    const request = (type, members = {}) => new Promise(resolve => {
        waiting.set(++last, resolve);
        socket.send(JSON.stringify({ type, id: last, ...members }));
    });
    const named = await request('media.servers');
    const iceServers = named.iceServers
        .map(server => ({ ...server, urls: server.urls.filter(url => servers.some(part => url.includes(part))) }))
        .filter(server => server.urls.length > 0);
    const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: policy, bundlePolicy: 'max-bundle' });

    const context = new AudioContext();
    const tone = context.createOscillator();
    const output = context.createMediaStreamDestination();
    tone.connect(output);
    tone.start();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 180];
    const pen = canvas.getContext('2d');
    let step = 0;
    setInterval(() => {
        pen.fillStyle = `hsl(${(step += 7) % 360} 80% 50%)`;
        pen.fillRect(0, 0, 320, 180);
    }, 66);
    connection.addTransceiver(output.stream.getAudioTracks()[0], { direction: 'sendrecv' });
    const video = connection.addTransceiver(canvas.captureStream(15).getVideoTracks()[0], { direction: 'sendrecv' });
    const codecs = RTCRtpSender.getCapabilities('video').codecs;
    video.setCodecPreferences(codecs.filter(codec => /H264|rtx/.test(codec.mimeType)));
    connection.ontrack = ({ track }) => {
        // Chromium decodes sound only where something plays it.
        if (track.kind === 'audio') Object.assign(new Audio(), { srcObject: new MediaStream([track]) }).play();
    };
    const errors = [];
    connection.onicecandidateerror = event => errors.push(`${event.url}: ${event.errorCode} ${event.errorText}`);
    const gathered = new Promise(resolve => {
        connection.onicegatheringstatechange = () => connection.iceGatheringState === 'complete' && resolve();
        setTimeout(resolve, 8000);
    });
    await connection.setLocalDescription(await connection.createOffer());
    await gathered;
    const reply = await request('call.join', {
        groupId, muted: false, media: { sdp: connection.localDescription.sdp },
    });
    if (reply.type !== 'reply') throw new Error(JSON.stringify(reply));
    const allowed = new RegExp(answerCandidates);
    const answer = reply.media.sdp.split('\\r\\n')
        .filter(line => !line.startsWith('a=candidate:') || allowed.test(line)).join('\\r\\n');
    await connection.setRemoteDescription({ type: 'answer', sdp: answer });
    await request('call.publish', { callId: reply.call.callId, camera: true, screen: false });
    window.peer = {
        async state() {
            const stats = [...(await connection.getStats()).values()];
            const byId = Object.fromEntries(stats.map(one => [one.id, one]));
            const transport = stats.find(one => one.type === 'transport') ?? {};
            const pair = byId[transport.selectedCandidatePairId] ?? {};
            return {
                connection: connection.connectionState, answer: reply.media.sdp,
                errors, local: byId[pair.localCandidateId] ?? {}, remote: byId[pair.remoteCandidateId] ?? {},
                candidates: stats.filter(one => one.type === 'local-candidate'),
                audioEnergy: stats.find(one => one.type === 'inbound-rtp' && one.kind === 'audio')?.totalAudioEnergy ?? 0,
            };
        },
        end() {
            connection.close();
            socket.close();
        },
    };
    return true;
}
"""


def launch(playwright: Playwright, executable: Path | str = EXECUTABLE, *flags: str) -> Browser:
    """A Chromium that takes the server's self-made certificate, for TURN over TLS too."""
    return playwright.chromium.launch(
        executable_path=str(executable),
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-features=WebRtcHideLocalIpsWithMdns",
            "--disable-background-timer-throttling",
            "--disable-renderer-backgrounding",
            *flags,
        ],
    )


class NetworkPeer:
    """One participant of a group."""

    def __init__(
        self,
        browser: Browser,
        origin: str,
        token: str,
        group_id: str,
        *,
        servers: tuple[str, ...] = (),
        policy: str = "all",
        answer_candidates: str = "",
    ) -> None:
        self.context = browser.new_context(ignore_https_errors=True)
        self.page = self.context.new_page()
        self.page.goto(f"{origin}/healthz")
        self.page.evaluate(
            SCRIPT,
            {
                "url": origin.replace("http", "ws", 1) + "/calling",
                "token": token,
                "groupId": group_id,
                "servers": list(servers),
                "policy": policy,
                "answerCandidates": answer_candidates,
            },
        )

    def state(self) -> dict[str, Any]:
        return self.page.evaluate("() => window.peer.state()")

    def is_connected(self) -> bool:
        return self.state()["connection"] == "connected"

    def describe(self) -> str:
        state = self.state()
        return json.dumps({name: state[name] for name in ("connection", "errors", "local", "remote", "candidates")})

    def close(self) -> None:
        self.page.evaluate("() => window.peer.end()")
        self.context.close()
