"""What a receiver has of a call on a bad link: real Chromiums, once through a Switchboard server and once peer to peer.

Each scenario is a script of rates, loss and jitter that `switchboard netem` plays, in front of the receiver or of the sender, the
same for both ways of the call. One browser sends a camera of 720 lines and a voice, another one receives. Run by
`script/bench` with a release build in $SWITCHBOARD_BINARY; prints a Markdown table for docs/performance.md.

    .venv/bin/python Benchmarks/quality.py                    # all scenarios
    WAYS=peer .venv/bin/python Benchmarks/quality.py          # without the server alone
    SCENARIOS=drop,jitter ROUNDS=2 .venv/bin/python Benchmarks/quality.py
"""

import os
import statistics
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "Tests" / "Interop"))

from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from rig import chromium, media  # noqa: E402
from rig.netem import BadNetwork, Netem  # noqa: E402
from rig.pages import PageServer  # noqa: E402
from rig.person import Person  # noqa: E402
from rig.server import Server  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "1"))
HEIGHT = int(os.environ.get("HEIGHT", "720"))
WIDTH = HEIGHT * 16 // 9
FRAME_RATE = 30
# What is judged begins with the first picture; a sender's encoders and estimates need some seconds more.
SETTLING_SECONDS = 10


@dataclass
class Scenario:
    """Conditions of the link in front of one side, and what changes later: seconds after the settling, and a line for netem."""

    name: str
    conditions: str
    seconds: int = 40
    side: str = "down"
    changes: list[tuple[int, str]] = field(default_factory=list)


SCENARIOS = {
    "steady": Scenario("steady 3 Mbit/s", "rate=3M delay=20ms"),
    "drop": Scenario(
        "3, 0.8, 3 Mbit/s", "rate=3M delay=20ms", 50, changes=[(10, "rate=800k"), (30, "rate=3M")]
    ),
    "loss": Scenario("10 % random loss, 4 Mbit/s", "rate=4M delay=20ms loss=10%"),
    "jitter": Scenario("bursts of 4 % loss, 60 ms jitter, 5 Mbit/s", "rate=5M delay=20ms jitter=60ms burst-loss=1%,25%"),
    "uplink": Scenario(
        "sender's link 2, 0.5, 2 Mbit/s", "rate=2M delay=20ms", 50, "up", [(10, "rate=500k"), (30, "rate=2M")]
    ),
    "narrow": Scenario("0.8 Mbit/s", "rate=800k delay=20ms"),
    "long": Scenario("2 Mbit/s, 300 ms round trip", "rate=2M delay=150ms"),
}

MEASURE = """async () => {
    const sum = { frames: 0, height: 0, freezes: 0, concealed: 0, samples: 0, jitter: 0, emitted: 0 };
    for (const connection of observed.connections) {
        if (connection.connectionState === "closed") continue;
        for (const entry of (await connection.getStats()).values()) {
            if (entry.type !== "inbound-rtp") continue;
            if (entry.kind === "audio") {
                sum.concealed += (entry.concealedSamples ?? 0) - (entry.silentConcealedSamples ?? 0);
                sum.samples += entry.totalSamplesReceived ?? 0;
            } else {
                sum.frames += entry.framesDecoded ?? 0;
                sum.height = Math.max(sum.height, entry.frameHeight ?? 0);
                sum.freezes += entry.totalFreezesDuration ?? 0;
                sum.jitter += entry.jitterBufferDelay ?? 0;
                sum.emitted += entry.jitterBufferEmittedCount ?? 0;
            }
        }
    }
    return sum;
}"""

# How long the sender has made less of its camera than the link would carry because its processor is too slow.
PROCESSOR = """async () => {
    let seconds = 0;
    for (const connection of observed.connections) {
        if (connection.connectionState === "closed") continue;
        for (const entry of (await connection.getStats()).values()) {
            if (entry.type !== "outbound-rtp" || entry.kind !== "video") continue;
            seconds = Math.max(seconds, entry.qualityLimitationDurations?.cpu ?? 0);
        }
    }
    return seconds;
}"""

# A call without a server: both ends in their pages, joined by the test. The sender is told of the relay's port alone, and the
# receiver of nothing, so that what goes either way crosses the emulated link. Only a page that may use a microphone has a
# candidate for each address, and with it one on the loopback address, where the relay sends to.
PEER = """async ({ sends }) => {
    const connection = new RTCPeerConnection();
    window.peer = connection;
    if (sends) {
        const stream = await navigator.mediaDevices.getUserMedia({
            audio: true, video: { width: %d, height: %d, frameRate: %d } });
        for (const track of stream.getTracks()) connection.addTrack(track, stream);
    } else {
        (await navigator.mediaDevices.getUserMedia({ audio: true })).getTracks().forEach(track => track.stop());
        connection.ontrack = ({ track, streams }) => {
            const element = document.createElement(track.kind);
            element.srcObject = streams[0];
            element.autoplay = true;
            document.body.append(element);
        };
    }
}""" % (WIDTH, HEIGHT, FRAME_RATE)

# H.264 first, as in calls through the server.
OFFER = """async () => {
    for (const transceiver of peer.getTransceivers()) {
        if (transceiver.sender.track?.kind !== "video") continue;
        const { codecs } = RTCRtpSender.getCapabilities("video");
        transceiver.setCodecPreferences([...codecs.filter(it => it.mimeType === "video/H264"),
            ...codecs.filter(it => it.mimeType !== "video/H264")]);
    }
    await peer.setLocalDescription();
    await gathered(peer);
    return peer.localDescription.sdp;
}"""
ANSWER = """async (sdp) => {
    await peer.setRemoteDescription({ type: "offer", sdp });
    await peer.setLocalDescription();
    await gathered(peer);
    return peer.localDescription.sdp;
}"""
ACCEPT = """async (sdp) => { await peer.setRemoteDescription({ type: "answer", sdp }); }"""
GATHERED = """() => {
    window.gathered = (connection) => new Promise(resolve => {
        if (connection.iceGatheringState === "complete") return resolve();
        connection.addEventListener("icegatheringstatechange", () => {
            if (connection.iceGatheringState === "complete") resolve();
        });
    });
}"""


def port_of(sdp: str) -> int:
    """The UDP port of the candidate on the loopback address."""
    for line in sdp.splitlines():
        words = line.split()
        if line.startswith("a=candidate:") and words[2].lower() == "udp" and words[4] == "127.0.0.1":
            return int(words[5])
    raise AssertionError(f"no candidate on 127.0.0.1 in {sdp}")


def through(sdp: str, port: int) -> str:
    """The same description with one candidate alone, at a local port."""
    lines, is_told = [], False
    for line in sdp.splitlines():
        if not line.startswith("a=candidate:"):
            lines.append(line)
        elif not is_told:
            is_told = True
            lines.append(f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host")
    return "\r\n".join(lines) + "\r\n"


def without_candidates(sdp: str) -> str:
    return "\r\n".join(line for line in sdp.splitlines() if not line.startswith("a=candidate:")) + "\r\n"


class Bench:
    """Browsers, pages and a server for all scenarios."""

    def __init__(self, playwright) -> None:
        folder = Path(tempfile.mkdtemp(prefix="switchboard-quality-"))
        camera = folder / "camera.y4m"
        # Something of everything: a moving scene with some noise costs about what a talking head before a room does.
        source = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={FRAME_RATE}"
        media.run_ffmpeg("-f", "lavfi", "-i", source, "-t", "6", "-pix_fmt", "yuv420p", str(camera))
        voice = media.make_voice(folder, "ada", media.VOICES_HZ["ada"])
        self._playwright, self._camera, self._voice = playwright, camera, voice
        self.pages = PageServer()
        self.server = Server(folder / "data").start()

    def browser(self) -> Browser:
        return chromium.launch(self._playwright, self._camera, self._voice, ["--allow-loopback-in-peer-connection"])

    def close(self) -> None:
        self.server.stop()
        self.pages.close()

    def by_server(self, scenario: Scenario) -> dict:
        network = BadNetwork(self.server, *arguments(scenario))
        browsers = [self.browser(), self.browser()]
        try:
            group = str(uuid.uuid4())

            def person(name: str, browser: Browser, cable: BadNetwork | None) -> Person:
                page = chromium.ChromiumPage(browser, f"{self.pages.origin}/person.html")
                made = Person(name, self.server.identity.create(), page)
                ports = range(self.server.media_port, self.server.media_port + (os.cpu_count() or 1))
                made.do(
                    "signIn", server=self.server.origin, token=made.account.token, displayName=name,
                    mediaPorts={str(port): cable.media_port(port) for port in ports} if cable else {},
                )
                return made

            ada = person("Ada", browsers[0], network if scenario.side == "up" else None)
            grace = person("Grace", browsers[1], network if scenario.side == "down" else None)
            page = grace.page.page
            page.set_viewport_size({"width": WIDTH + 40, "height": HEIGHT + 40})
            size = f"width: {WIDTH}px !important; height: {HEIGHT}px !important"
            page.add_style_tag(content=f"#views > div {{ {size} }}")
            ada.do("join", groupId=group)
            time.sleep(2)
            begin = time.monotonic()
            grace.do("join", groupId=group, camera=False, muted=True)
            relays = [*network._relays.values()]
            measured = watch(page, ada.page.page, scenario, network.change, lambda: queue_of(relays, scenario), begin)
            check_that_media_crossed(relays)
            return measured
        finally:
            for browser in browsers:
                browser.close()
            network.close()

    def peer_to_peer(self, scenario: Scenario) -> dict:
        browsers = [self.browser(), self.browser()]
        relay: Netem | None = None
        try:
            pages = [chromium.ChromiumPage(browser, f"{self.pages.origin}/person.html").page for browser in browsers]
            for page, sends in zip(pages, (True, False)):
                page.evaluate(GATHERED)
                page.evaluate(PEER, {"sends": sends})
            begin = time.monotonic()
            offer = pages[0].evaluate(OFFER)
            # The receiver has no candidate of the sender's, and answers where the checks come from: the relay.
            answer = pages[1].evaluate(ANSWER, without_candidates(offer))
            # From the sender to the receiver is "up" here, whichever side the link is thought to belong to.
            relay = Netem(port_of(answer), *arguments(scenario, direction="up"))
            pages[0].evaluate(ACCEPT, through(answer, relay.port))

            def change(line: str) -> None:
                assert relay is not None
                relay.change("up " + line.partition(" ")[2])

            measured = watch(pages[1], pages[0], scenario, change, lambda: queue_of([relay], scenario, "up"), begin)
            check_that_media_crossed([relay])
            return measured
        finally:
            for browser in browsers:
                browser.close()
            if relay:
                relay.close()


def arguments(scenario: Scenario, direction: str | None = None) -> list[str]:
    """The link's options: the limits on media's way, the delay on both."""
    words = dict(word.split("=", 1) for word in scenario.conditions.split())
    made = ["--delay", words.pop("delay")]
    for name, value in words.items():
        made += [f"--{direction or scenario.side}-{name}", value]
    return made


def queue_of(relays: list[Netem], scenario: Scenario, direction: str | None = None) -> float:
    delays = [relay.report.get(direction or scenario.side, {}).get("queueDelayInMs", 0) for relay in relays]
    return max(delays, default=0)


def check_that_media_crossed(relays: list[Netem]) -> None:
    """Fails when media or its feedback found a way around the emulated link: then nothing was measured."""
    for direction in ("up", "down"):
        passed = sum(relay.report.get(direction, {}).get("passedPackets", 0) for relay in relays)
        assert passed > 100, f"only {passed} packets crossed the link {direction}"


def watch(page, sender, scenario: Scenario, change, queue, begin: float) -> dict:
    """Plays the script and measures what the page decodes, and whether the sender's machine was fast enough."""
    while page.evaluate(MEASURE)["frames"] == 0:
        assert time.monotonic() - begin < 60, "no picture"
        time.sleep(0.02)
    first = time.monotonic() - begin
    time.sleep(SETTLING_SECONDS)
    before, start = page.evaluate(MEASURE), time.monotonic()
    slow_before = sender.evaluate(PROCESSOR)
    heights: list[int] = []
    queues: list[float] = []
    changes = list(scenario.changes)
    while (elapsed := time.monotonic() - start) < scenario.seconds:
        if changes and elapsed >= changes[0][0]:
            change(f"{scenario.side} {changes.pop(0)[1]}")
        heights.append(page.evaluate(MEASURE)["height"])
        queues.append(queue())
        time.sleep(0.25)
    after, seconds = page.evaluate(MEASURE), time.monotonic() - start
    delta = {name: after[name] - before[name] for name in before}
    return {
        "lines": statistics.mean(heights),
        "pictures": delta["frames"] / seconds,
        "freezes": delta["freezes"] * 60 / seconds,
        "concealed": 100 * delta["concealed"] / max(delta["samples"], 1),
        "first": first,
        "buffer": 1000 * delta["jitter"] / max(delta["emitted"], 1),
        "queue": max(queues),
        "slow": 100 * (sender.evaluate(PROCESSOR) - slow_before) / seconds,
    }


def main() -> None:
    chosen = [SCENARIOS[name] for name in os.environ.get("SCENARIOS", ",".join(SCENARIOS)).split(",")]
    ways = os.environ.get("WAYS", "server,peer").split(",")
    print(
        "| scenario | | lines | pictures/s | freezes, s/min | sound made up | first picture | player's buffer | queue "
        "| short of processor |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    with sync_playwright() as playwright:
        bench = Bench(playwright)
        for scenario in chosen:
            for way in ways:
                play = bench.by_server if way == "server" else bench.peer_to_peer
                rounds = [play(scenario) for _ in range(ROUNDS)]
                mean = {name: statistics.mean(found[name] for found in rounds) for name in rounds[0]}
                print(
                    f"| {scenario.name} | {'Switchboard' if way == 'server' else 'peer to peer'} | {mean['lines']:.0f} "
                    f"| {mean['pictures']:.1f} | {mean['freezes']:.1f} | {mean['concealed']:.2f} % "
                    f"| {mean['first']:.1f} s | {mean['buffer']:.0f} ms | {mean['queue']:.0f} ms "
                    f"| {mean['slow']:.0f} % |",
                    flush=True,
                )
        bench.close()


if __name__ == "__main__":
    main()
