"""What a receiver on a bad network sees: the picture follows the rate, and loss is lived with."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from rig import chromium, media
from rig.namespaces import Namespace
from rig.netem import BadNetwork
from rig.person import Person
from rig.polling import eventually, grows
from rig.server import Server

WIDTH, HEIGHT = 1280, 720
# The layers of a camera have 180, 360 and 720 lines.
MIDDLE_HEIGHT = 360

# The encoders of Chromium need some seconds before they send all layers, and on a busy machine many more.
START_SECONDS = 60.0
# The first probes of a connection may promise more than the next seconds keep.
STEADY_SECONDS = 4.0
FALL_SECONDS = 30.0
RISE_SECONDS = 60.0
# A picture that has to change its layer on a link that is full; a call that froze would wait for ever.
LONGEST_GAP_SECONDS = 8.0

MEASURE = """async () => {
    const sum = { framesDecoded: 0, frameHeight: 0, nackCount: 0, freezeCount: 0, videoPacketsLost: 0,
        audioPackets: 0, audioPacketsLost: 0, concealmentEvents: 0 };
    for (const connection of observed.connections) {
        if (connection.connectionState === "closed") continue;
        for (const entry of (await connection.getStats()).values()) {
            if (entry.type !== "inbound-rtp") continue;
            if (entry.kind === "audio") {
                sum.audioPackets += entry.packetsReceived ?? 0;
                sum.audioPacketsLost += entry.packetsLost ?? 0;
                sum.concealmentEvents += entry.concealmentEvents ?? 0;
            } else if (entry.framesDecoded > 0) {
                sum.framesDecoded += entry.framesDecoded;
                sum.frameHeight = Math.max(sum.frameHeight, entry.frameHeight ?? 0);
                sum.nackCount += entry.nackCount ?? 0;
                sum.freezeCount += entry.freezeCount ?? 0;
                sum.videoPacketsLost += entry.packetsLost ?? 0;
            }
        }
    }
    return sum;
}"""

# On a machine that is short of cores or bits the browser makes the picture of a layer smaller than the layer is. That
# has to stay out of a test about the choice between layers.
KEEP_RESOLUTION = """() => {
    const setParameters = RTCRtpSender.prototype.setParameters;
    RTCRtpSender.prototype.setParameters = function (parameters) {
        if (this.track?.kind === "video") parameters.degradationPreference = "maintain-resolution";
        return setParameters.call(this, parameters);
    };
}"""

LISTEN_TO_ALLOCATIONS = """() => {
    observed.allocations = [];
    for (const socket of observed.sockets) {
        socket.addEventListener("message", (event) => {
            const message = JSON.parse(event.data);
            if (message.type === "media.allocation") observed.allocations.push(message);
        });
    }
}"""


def sends_layers_as_they_are(person: Person) -> None:
    """Keeps the browser of somebody who is going to send from scaling pictures down by itself."""
    page = person.page
    assert isinstance(page, chromium.ChromiumPage)
    page.page.evaluate(KEEP_RESOLUTION)


class Reception:
    """What one person's browser receives of one camera, by its own counters, and what the server says about it."""

    def __init__(self, person: Person) -> None:
        page = person.page
        assert isinstance(page, chromium.ChromiumPage)
        self._page = page.page
        # A picture is sent as large as it is shown.
        self._page.set_viewport_size({"width": WIDTH + 40, "height": HEIGHT + 40})
        size = f"width: {WIDTH}px !important; height: {HEIGHT}px !important"
        self._page.add_style_tag(content=f"#views > div {{ {size} }}")
        self._page.evaluate(LISTEN_TO_ALLOCATIONS)
        self.longest_gap = 0.0
        self._frames, self._since = -1, time.monotonic()

    def measure(self) -> dict:
        """The counters now; looks at the time between two frames as well."""
        counters = self._page.evaluate(MEASURE)
        if counters["framesDecoded"] != self._frames:
            self._frames, self._since = counters["framesDecoded"], time.monotonic()
        else:
            self.longest_gap = max(self.longest_gap, time.monotonic() - self._since)
        return counters

    def forget_gap(self) -> None:
        self.longest_gap, self._frames = 0.0, -1

    def height(self) -> int:
        return self.measure()["frameHeight"]

    def waits_for(self, is_right: Callable[[int], bool], what: str, within: float, steady: float = 0) -> float:
        """Waits until the decoded picture has had the right height for `steady` seconds; how long that took."""
        began = right_since = time.monotonic()
        seen: list[int] = []

        def look() -> bool:
            nonlocal right_since
            seen.append(self.height())
            if not is_right(seen[-1]):
                right_since = time.monotonic()
                return False
            return time.monotonic() - right_since >= steady

        try:
            eventually(look, what, within)
        except AssertionError:
            heights = [height for index, height in enumerate(seen) if index == 0 or seen[index - 1] != height]
            raise AssertionError(
                f"not within {within:.0f} s: {what}; heights in turn: {heights}, allocation: {self.allocations()[-3:]}"
            ) from None
        return time.monotonic() - began

    def plays_on(self, times: int = 3) -> None:
        for _ in range(times):
            grows(lambda: self.measure()["framesDecoded"], 10, "decoded frames")

    def allocations(self) -> list[dict]:
        """Every `media.allocation` that the server has sent."""
        return self._page.evaluate("observed.allocations")

    def reasons(self) -> list[str]:
        """Why the slots with a layer in them get no better one, as said last."""
        return [slot["reason"] for slot in (self.allocations() or [{"slots": []}])[-1]["slots"]]


def follows_the_rate(ada: Person, grace: Person, group_id: str, limit: Callable[[str], None], record) -> None:
    """Ada sends 720 lines; Grace's link has five megabits, then little, then five again. `limit` takes `5M`, `400k`."""
    reception = Reception(grace)
    limit("5M")
    sends_layers_as_they_are(ada)
    ada.do("join", groupId=group_id)
    grace.do("join", groupId=group_id, camera=False, muted=True)
    grace.waits_for_people(ada.id)
    reception.waits_for(
        lambda height: height == HEIGHT, f"Grace goes on decoding {HEIGHT} lines", START_SECONDS, STEADY_SECONDS
    )

    reception.forget_gap()
    # Too little for the largest layer, however little its publisher spends on it.
    limit("400k")
    took = reception.waits_for(
        lambda height: 0 < height <= MIDDLE_HEIGHT, f"the picture falls to {MIDDLE_HEIGHT} lines", FALL_SECONDS
    )
    record("fall_seconds", round(took, 1))
    reception.plays_on()
    eventually(lambda: "bandwidth" in reception.reasons(), "the server says that the bandwidth limits Grace")
    assert reception.height() <= MIDDLE_HEIGHT
    record("longest_gap_seconds", round(reception.longest_gap, 1))
    assert reception.longest_gap < LONGEST_GAP_SECONDS, "frames go on while the picture falls"

    limit("5M")
    took = reception.waits_for(lambda height: height == HEIGHT, f"the picture rises to {HEIGHT} lines", RISE_SECONDS)
    record("rise_seconds", round(took, 1))
    reception.plays_on()
    eventually(lambda: "bandwidth" not in reception.reasons(), "the server says that the bandwidth limits no more")


@pytest.fixture
def record(record_property) -> Callable[[str, object], None]:
    """Keeps a figure in the report of the run, and shows it."""

    def keep(name: str, value: object) -> None:
        record_property(name, value)
        print(f"{name}: {value}")

    return keep


@pytest.fixture(scope="module")
def large_camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A moving test picture of 720 lines, four seconds long."""
    path = tmp_path_factory.mktemp("adaptation") / "camera720.y4m"
    source = f"testsrc2=size={WIDTH}x{HEIGHT}:rate={media.FRAME_RATE}"
    media.run_ffmpeg("-f", "lavfi", "-i", source, "-t", "4", "-pix_fmt", "yuv420p", str(path))
    return path


@pytest.fixture
def large_browser(playwright: Playwright, large_camera: Path, media_files: dict[str, Path]) -> Iterator[Browser]:
    """A Chromium with a camera of 720 lines."""
    browser = chromium.launch(playwright, large_camera, media_files["ada"])
    yield browser
    browser.close()


@pytest.fixture
def network(server: Server) -> Iterator[BadNetwork]:
    network = BadNetwork(server, "--delay", "15ms")
    yield network
    network.close()


def test_picture_falls_and_rises_with_the_rate(large_browser, network, new_person, group_id, record) -> None:
    ada, grace = new_person("Ada", browser=large_browser), new_person("Grace", cable=network)
    follows_the_rate(ada, grace, group_id, lambda rate: network.change(f"down rate={rate}"), record)
    assert network.total("down", "passedPackets") > 0, "media took the emulated link"


SENT_BITRATES = """() => observed.connections.flatMap(connection => connection.getSenders())
    .filter(sender => sender.track?.kind === "video")
    .flatMap(sender => sender.getParameters().encodings).filter(encoding => encoding.rid === "f")
    .map(encoding => encoding.maxBitrate)"""


def test_a_link_between_two_layers_gets_the_larger_one_at_its_rate(
    large_browser, network, new_person, group_id, record
) -> None:
    ada, grace = new_person("Ada", browser=large_browser), new_person("Grace", cable=network)
    reception = Reception(grace)
    network.change("down rate=5M")
    sends_layers_as_they_are(ada)
    ada.do("join", groupId=group_id)
    grace.do("join", groupId=group_id, camera=False, muted=True)
    grace.waits_for_people(ada.id)
    reception.waits_for(
        lambda height: height == HEIGHT, f"Grace goes on decoding {HEIGHT} lines", START_SECONDS, STEADY_SECONDS
    )
    page = ada.page
    assert isinstance(page, chromium.ChromiumPage)
    usual = page.page.evaluate(SENT_BITRATES)[0]

    network.change("down rate=950k")
    eventually(lambda: page.page.evaluate(SENT_BITRATES)[0] < 950_000, "Ada is asked to send less")
    # The sender makes the larger layer a little smaller, as its fewer bits want it.
    took = reception.waits_for(
        lambda height: height > MIDDLE_HEIGHT, f"Grace goes on decoding more than {MIDDLE_HEIGHT} lines", RISE_SECONDS,
        STEADY_SECONDS,
    )  # fmt: skip
    record("seconds_to_the_larger_layer", round(took, 1))
    eventually(
        lambda: sum(slot["bitrate"] for slot in reception.allocations()[-1]["slots"]) < 950_000,
        "the server sends what the link carries",
    )
    network.change("down rate=5M")
    eventually(lambda: page.page.evaluate(SENT_BITRATES)[0] == usual, "Ada may send as ever again", RISE_SECONDS)
    reception.waits_for(lambda height: height == HEIGHT, f"Grace decodes {HEIGHT} lines again", RISE_SECONDS)


def test_ten_percent_loss_keeps_sound_and_picture(large_browser, network, new_person, group_id, record) -> None:
    ada, grace = new_person("Ada", browser=large_browser), new_person("Grace", cable=network)
    reception = Reception(grace)
    ada.do("join", groupId=group_id)
    grace.do("join", groupId=group_id, camera=False, muted=True)
    grace.waits_for_people(ada.id)
    reception.plays_on(1)

    network.change("both loss=10%")
    before = reception.measure()
    reception.forget_gap()
    for _ in range(10):
        reception.plays_on(1)
        grace.hears_somebody()
    after = reception.measure()
    for counter in ("concealmentEvents", "audioPacketsLost", "videoPacketsLost", "nackCount", "freezeCount"):
        record(counter, after[counter] - before[counter])
    record("height", after["frameHeight"])
    record("longest_gap_seconds", round(reception.longest_gap, 1))
    eventually(lambda: network.total("down", "lostPackets") > 0, "the link has lost packets on the way down")
    eventually(lambda: network.total("up", "lostPackets") > 0, "the link has lost packets on the way up")
    assert after["audioPackets"] > before["audioPackets"]


@pytest.fixture
def own_server(namespace: Namespace, tmp_path: Path) -> Iterator[Server]:
    """A server whose media is reached at the machine's end of the cable."""
    server = Server(tmp_path / "data", "--media-advertised-addresses", namespace.host).start()
    yield server
    server.stop()


def test_picture_follows_a_link_limited_by_the_kernel(
    namespace, own_server, pages, large_browser, browser_inside, new_person, group_id, record
) -> None:
    for origin in (own_server.origin, pages.origin):
        namespace.bring(int(origin.rpartition(":")[2]))
    ada = new_person("Ada", at=own_server, browser=large_browser)
    grace = new_person("Grace", at=own_server, browser=browser_inside)
    follows_the_rate(ada, grace, group_id, namespace.limit_down, record)
