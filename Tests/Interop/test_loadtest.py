"""`switchboard loadtest`: many clients of our own against the server."""

import json

import pytest

from rig.server import Server, run_binary

# What congestion control lets through from the beginning, so that every picture comes.
SMALL = ("--publishers", "2", "--subscribers", "10", "--video", "360p", "--bitrate", "300k")


def test_two_publishers_reach_ten_subscribers_unharmed(server: Server) -> None:
    assert server.process is not None
    made = run_binary(
        "loadtest", "--server", server.origin, *SMALL, "--duration", "5", "--warm-up", "2", "--join-rate", "20",
        "--server-pid", str(server.process.pid), "--json",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    report = json.loads(made.stdout)

    assert report["scenario"]["publishers"] == 2 and report["scenario"]["subscribers"] == 10
    assert report["joins"]["connected"] == 12 and report["joins"]["failed"] == 0
    assert report["joins"]["perSecond"] > 0 and report["joins"]["allPicturesAfterSeconds"] >= 0
    assert report["joins"]["setUpMilliseconds"]["count"] == 12

    sent, received = report["sent"], report["received"]
    assert sent["videoFrames"] > 0 and sent["audioPackets"] > 0
    assert received["lostPackets"] == 0 and received["loss"] == 0
    assert received["corruptedFrames"] == 0 and received["refusedPackets"] == 0
    assert received["missingFrames"] == 0 and received["endedSessions"] == 0
    assert received["expectedVideoFrames"] == 10 * sent["videoFrames"]
    assert received["videoFrames"] == received["expectedVideoFrames"] - 10 * sent["droppedFrames"]
    assert received["forwardedPackets"] == received["videoPackets"] + received["audioPackets"]

    for name in ("videoFirstPacket", "videoFrame", "audio"):
        latency = report["latencyMilliseconds"][name]
        assert 0 <= latency["p50"] <= latency["p95"] <= latency["p99"] <= latency["max"], name
    cost = report["server"]
    for name in (
        "cpuSeconds", "cpuShare", "cpuNanosecondsPerForwardedPacket", "cpuMillisecondsPerJoin", "residentBytesBefore",
        "residentBytesJoined", "residentBytesAtEnd", "bytesPerParticipant",
    ):  # fmt: skip
        assert name in cost
    assert cost["cpuNanosecondsPerForwardedPacket"] > 0
    assert report["generator"]["cpuSeconds"] > 0


def test_the_table_is_for_people(server: Server) -> None:
    made = run_binary(
        "loadtest", "--server", server.origin, "--subscribers", "1", "--video", "off", "--duration", "1",
        "--warm-up", "0",
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    for line in ("scenario", "joins", "forwarded", "loss", "latency, sound"):
        assert line in made.stdout
    assert "1 publishers" in made.stdout and "no video" in made.stdout


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--video", "4k"), "--video must be one of"),
        (("--publishers", "0"), "publishers"),
        (("--speakers", "9"), "can speak"),
        (("--visible", "26"), "from 0 to 25 pictures"),
        (("--bitrate", "fast"), "--bitrate must be bits per second"),
        (("--group", "lunch"), "--group must be a GUID"),
        (("--duration", "0"), "duration must be above 0"),
        (("--join-rate", "0"), "join rate"),
        (("--video", "off", "--audio", "off"), "nothing to send"),
        (("--server-pid", "999999999"), "There is no process 999999999"),
        (("--server", "localhost"), "is not the address of a server"),
        (("--server", "http://127.0.0.1:1"), "No answer from http://127.0.0.1:1"),
    ],
)
def test_what_cannot_be_done_is_explained(server: Server, arguments: tuple[str, ...], sentence: str) -> None:
    address = () if "--server" in arguments else ("--server", server.origin)
    answer = run_binary("loadtest", *address, *arguments)
    assert answer.returncode != 0
    # The command line is shown with lines wrapped.
    assert sentence in " ".join(answer.stderr.split())


def test_a_broken_connection_string_is_explained() -> None:
    answer = run_binary("loadtest", "--server", "http://127.0.0.1:1", "--connection-string", "nonsense")
    assert answer.returncode == 1
    assert "nonsense" in answer.stderr
