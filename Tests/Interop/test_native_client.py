"""`switchboard call`, our own client without a browser, with people in Chromium and with itself."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.cable import Cable
from rig.media import VOICES_HZ, run_ffmpeg
from rig.native_caller import NativeCaller, decoded, loudest_hertz
from rig.plain_client import PlainClient
from rig.polling import eventually
from rig.server import Server

FULL_HD = (1920, 1080)


@pytest.fixture
def call(server: Server, tmp_path: Path) -> Iterator[Callable[..., NativeCaller]]:
    """Starts native callers, and stops them by their process ids."""
    started: list[NativeCaller] = []

    def start(name: str, *arguments: str) -> NativeCaller:
        caller = NativeCaller(
            server, server.identity.create(), tmp_path / name, "--display-name", name, *arguments
        )
        started.append(caller)
        return caller

    yield start
    for caller in started:
        caller.finish()


@pytest.fixture(scope="session")
def full_hd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of 1080p30, as a camera's encoder makes it."""
    path = tmp_path_factory.mktemp("native") / "full-hd.mp4"
    run_ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=size={FULL_HD[0]}x{FULL_HD[1]}:rate=30", "-t", "2", "-c:v", "libx264",
        "-preset", "veryfast", "-tune", "zerolatency", "-bf", "0", "-g", "30", "-b:v", "2M", "-pix_fmt", "yuv420p",
        str(path),
    )  # fmt: skip
    return path


def test_chromium_and_native_client_see_and_hear_each_other(
    new_person, browser_of, call, small_video: Path, media_files, tmp_path: Path
) -> None:
    ada = new_person("Ada", browser=browser_of("ada"))
    grace = call(
        "Grace", "--accept", "--video", str(small_video), "--audio", str(media_files["grace"]),
        "--record", str(tmp_path / "Grace" / "record"),
    )  # fmt: skip
    grace.waits_for("signedIn")
    ada.do("start", users=[grace.id])
    ada.waits_for_state("Connected")
    grace.waits_for("media", state="connected")

    ada.sees(grace.id, frames=30)
    ada.hears_tones(VOICES_HZ["grace"])
    assert ada.view_of(grace.id)["width"] == 320
    # Long enough for a recording that says something.
    eventually(lambda: ada.frames_of(grace.id) > 60, "60 pictures of the native client in Chromium")

    ada.do("hangUp")
    grace.waits_for("ended")
    assert grace.finish() == 0
    _, pictures = decoded(grace.recording("-camera.h264"))
    assert pictures > 20
    assert abs(loudest_hertz(grace.recording(".wav")) - VOICES_HZ["ada"]) < 5


def test_full_hd_between_native_clients(call, full_hd: Path, group_id, media_files, tmp_path: Path) -> None:
    grace = call("Grace", "--group", group_id, "--record", str(tmp_path / "Grace" / "record"))
    grace.waits_for("media", state="connected")
    ada = call(
        "Ada", "--group", group_id, "--video", str(full_hd), "--audio", str(media_files["ada"]), "--duration", "12"
    )
    ada.waits_for("ended", code=0)
    assert ada.finish() == 0
    assert grace.finish() == 0
    size, pictures = decoded(grace.recording("-camera.h264"))
    assert size == FULL_HD
    # The server's estimate of the way to Grace has to grow to the rate of the one layer there is.
    assert pictures > 12 * 30 / 2
    assert abs(loudest_hertz(grace.recording(".wav")) - VOICES_HZ["ada"]) < 5
    assert all(told["refusedPackets"] == 0 for told in grace.events("statistics"))


def test_full_hd_is_decoded_in_chromium_as_it_is(new_person, call, full_hd: Path, group_id) -> None:
    ada = new_person("Ada")
    ada.do("join", groupId=group_id, camera=False, muted=True)
    ada.waits_for_state("Connected")
    grace = call("Grace", "--group", group_id, "--video", str(full_hd))
    grace.waits_for("media", state="connected")
    ada.waits_for_people(grace.id)
    ada.sees(grace.id, frames=60)
    assert (ada.view_of(grace.id)["width"], ada.view_of(grace.id)["height"]) == FULL_HD
    assert grace.finish() == 0


def test_simulcast_from_files(new_person, call, small_video: Path, full_hd: Path, group_id) -> None:
    """The layers of one camera are one picture to the others."""
    ada = new_person("Ada")
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")
    grace = call("Grace", "--group", group_id, "--video", str(small_video), "--video", str(full_hd))
    grace.waits_for("media", state="connected")
    ada.waits_for_people(grace.id)
    ada.sees(grace.id, frames=20)
    assert ada.view_of(grace.id)["width"] in (320, FULL_HD[0])
    assert grace.finish() == 0


def test_lost_signalling_is_taken_up_in_the_same_call(
    new_person, call, cable: Cable, small_video: Path, media_files
) -> None:
    ada = new_person("Ada")
    grace = call(
        "Grace", "--to", ada.id, "--video", str(small_video), "--audio", str(media_files["grace"]),
        "--server", cable.origin,
    )  # fmt: skip
    ada.waits_for_ring(grace)
    ada.do("accept")
    ada.waits_for_people(grace.id)
    ada.sees(grace.id)

    cable.pull()
    grace.waits_for("connection", state="interrupted")
    # Media does not go through the cable, and goes on.
    ada.sees(grace.id)
    cable.plug()
    grace.waits_for("connection", state="connected")
    ada.waits_for_people(grace.id)
    ada.sees(grace.id)
    assert len(ada.log("participantAdded")) == 1
    assert not ada.log("participantRemoved")
    assert not grace.events("ended")

    assert grace.finish() == 0
    assert ada.waits_for_end()[0] == 0


def test_declined_call_ends_with_its_reason(new_person, call) -> None:
    ada = new_person("Ada")
    grace = call("Grace", "--to", ada.id)
    grace.waits_for("call")
    ada.waits_for_ring(grace)
    ada.do("reject")
    grace.waits_for("ended", code=603)
    assert grace.finish() == 2


def test_missing_file_is_said_before_anything_rings(call) -> None:
    grace = call("Grace", "--accept", "--video", "no-such-file.mp4")
    assert grace.process.wait(timeout=20) == 1
    assert "no-such-file.mp4" in (grace.folder / "errors.txt").read_text()
    assert not grace.events("signedIn")


def test_lines_go_out_as_data_and_data_of_others_is_told(
    call: Callable[..., NativeCaller], plain_client: PlainClient, group_id: str
) -> None:
    native = call("native", "--group", group_id, "--data")
    plain_client.join(group_id, labels=("durable",))
    eventually(lambda: plain_client.data_state("durable") == "open", "the plain client's channel is open")

    def is_heard() -> bool:
        native.say("hello")
        return any(message.payload == b"hello" for message in plain_client.data)

    eventually(is_heard, "the plain client has the native one's hello")
    native.say("Grüße")
    eventually(
        lambda: any(message.payload.decode() == "Grüße" for message in plain_client.data), "a line in UTF-8 came whole"
    )
    plain_client.send_data("durable", 7, 41, b"from plain")
    event = native.waits_for("data", text="from plain")
    assert (event["channelId"], event["sequenceNumber"], event["reliability"]) == (7, 41, "durable")
    assert event["from"] == plain_client.participant_id
    other = call("other", "--group", group_id, "--data")
    other.waits_for("media", state="connected")

    def is_told() -> bool:
        native.say("to the other")
        return any(event.get("text") == "to the other" for event in other.events("data"))

    eventually(is_told, "one native client has the other's line")
