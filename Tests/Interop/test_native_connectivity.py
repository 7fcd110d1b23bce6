"""Ways of our own client to the media besides plain UDP: ICE over TCP, and TURN over UDP, TCP and TLS."""

import re
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rig import blocked_network
from rig.blocked_network import BlockedNetwork
from rig.media import VOICES_HZ
from rig.native_caller import NativeCaller, decoded, loudest_hertz
from rig.plain_client import PlainClient
from rig.polling import eventually
from rig.server import Server, free_tcp_port

needs_namespaces = pytest.mark.skipif(
    blocked_network.why_not() is not None, reason=f"no network of its own: {blocked_network.why_not()}"
)


@pytest.fixture
def network(tmp_path: Path) -> Iterator[BlockedNetwork]:
    """A network that lets everything through until a test says otherwise."""
    network = BlockedNetwork(tmp_path)
    yield network
    network.close()


NewServer = Callable[..., Server]


@pytest.fixture
def outside(network: BlockedNetwork, binary: Path, tmp_path: Path) -> Iterator[NewServer]:
    """Starts a server that the network reaches."""
    started: list[Server] = []

    def start(*arguments: str) -> Server:
        started.append(
            Server(
                tmp_path / "data", "--http-bind", "0.0.0.0", "--turn-host", network.host, "--tls-names",
                f"localhost,{network.host}", "--media-advertised-addresses", network.host, *arguments,
            ).start()
        )  # fmt: skip
        return started[-1]

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def callers(tmp_path: Path) -> Iterator[list[NativeCaller]]:
    """Stops whoever is put into it."""
    started: list[NativeCaller] = []
    yield started
    for caller in started:
        caller.finish()


def turn_server(server: Server) -> dict:
    """What the server says of its TURN server to a client."""
    client = PlainClient(server.origin, server.identity.create(), "Plain", voice_hertz=700)
    try:
        client.connect()
        return client.request("media.servers")["iceServers"][0]
    finally:
        client.close()


def turn_port(server: Server) -> int:
    return int(re.fullmatch(r"turn:.+:(\d+)\?transport=udp", turn_server(server)["urls"][0])[1])


class Pair:
    """Ada outside and Grace in the network, who send each other picture and sound and record them."""

    def __init__(self, server: Server, network: BlockedNetwork, callers, video: Path, media_files, folder: Path,
                 group_id: str, *arguments: str) -> None:  # fmt: skip
        def start(name: str, voice: str, *more: str, **where) -> NativeCaller:
            caller = NativeCaller(
                server, server.identity.create(), folder / name, "--group", group_id, "--video", str(video),
                "--audio", str(media_files[voice]), "--record", str(folder / name / "record"), *more, **where,
            )  # fmt: skip
            callers.append(caller)
            return caller

        self.ada = start("Ada", "ada")
        self.ada.waits_for("media", state="connected")
        self.grace = start("Grace", "grace", *arguments, host=network.host, inside=network.inside)
        self.grace.waits_for("media", state="connected")

    def path(self) -> str:
        """What carries Grace's media, as her latest statistics have it."""
        return eventually(lambda: self.grace.events("statistics"), "statistics of Grace")[-1]["path"]

    def finish(self) -> None:
        """Ends the call and looks at what both have got."""
        assert self.grace.finish() == 0
        assert self.ada.finish() == 0
        for listener, voice in ((self.ada, "grace"), (self.grace, "ada")):
            size, pictures = decoded(listener.recording("-camera.h264"))
            assert size == (320, 180)
            assert pictures > 30
            assert abs(loudest_hertz(listener.recording(".wav")) - VOICES_HZ[voice]) < 5


@needs_namespaces
@pytest.mark.parametrize("way", ["ice-tcp", "turn-tcp", "turn-tls"])
def test_without_udp_the_call_takes_another_way(
    way: str, network, outside: NewServer, callers, small_video: Path, media_files, tmp_path: Path, group_id: str
) -> None:
    server = outside(f"--media-tcp={str(way == 'ice-tcp').lower()}")
    network.drop("-p udp")
    if way == "turn-tls":
        network.drop(f"-p tcp -m multiport --ports {turn_port(server)}")
    pair = Pair(server, network, callers, small_video, media_files, tmp_path, group_id)
    expected = {"ice-tcp": "host-tcp", "turn-tcp": "relay-tcp", "turn-tls": "relay-tls"}[way]
    assert pair.path() == expected
    pair.finish()
    assert network.dropped_packets() > 0, "UDP was tried as well"


@needs_namespaces
@pytest.mark.parametrize(
    ("policy", "expected"), [("any", "host-udp"), ("tcp", "host-tcp"), ("relay", "relay-udp")]
)
def test_where_everything_works_the_best_way_is_taken(
    policy: str, expected: str, network, outside: NewServer, callers, small_video: Path, media_files,
    tmp_path: Path, group_id: str,
) -> None:  # fmt: skip
    pair = Pair(
        outside(), network, callers, small_video, media_files, tmp_path, group_id, "--transport", policy
    )
    assert pair.path() == expected
    pair.finish()


@needs_namespaces
def test_media_is_answered_from_the_address_that_was_asked(
    network, outside: NewServer, callers, small_video: Path, media_files, tmp_path: Path, group_id: str
) -> None:
    """The advertised address is not the one that the route to the client would choose."""
    network.give_alias()
    server = outside("--media-advertised-addresses", network.alias)
    pair = Pair(server, network, callers, small_video, media_files, tmp_path, group_id, "--transport", "any")
    assert pair.path() == "host-udp"
    assert pair.grace.events("statistics")[-1]["remoteAddress"].startswith(f"{network.alias}:")
    pair.finish()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
def test_a_turn_server_by_name_and_by_address(
    way: str, host: str, binary: Path, tmp_path: Path, callers, group_id: str
) -> None:
    server = Server(
        tmp_path / "data", "--turn-bind-address", "::", "--https-bind", "::", "--turn-host", "nowhere.invalid"
    ).start()
    try:
        told, port = turn_server(server), turn_port(server)
        url = {
            "udp": f"turn:{host}:{port}",
            "tcp": f"turn:{host}:{port}?transport=tcp",
            "tls": f"turns:{host}:{server.https_port}",
        }[way]
        caller = NativeCaller(
            server, server.identity.create(), tmp_path / "caller", "--group", group_id, "--transport", "relay",
            "--turn", url, "--turn-user", told["username"], "--turn-password", told["credential"],
        )  # fmt: skip
        callers.append(caller)
        caller.waits_for("media", state="connected")
        caller.waits_for("statistics", path=f"relay-{way}")
        assert caller.finish() == 0
    finally:
        server.stop()


@needs_namespaces
@pytest.mark.skipif(shutil.which("turnserver") is None, reason="coturn is not installed")
@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
def test_coturn_relays_the_call(
    way: str, network, outside: NewServer, callers, small_video: Path, media_files, tmp_path: Path, group_id: str
) -> None:
    """A TURN server that is not ours."""
    server = outside("--turn-enabled=false")
    with coturn(network.host, server, tmp_path) as (port, tls_port):
        host = network.host
        url = {
            "udp": f"turn:{host}:{port}?transport=udp",
            "tcp": f"turn:{host}:{port}?transport=tcp",
            "tls": f"turns:{host}:{tls_port}?transport=tcp",
        }[way]
        pair = Pair(
            server, network, callers, small_video, media_files, tmp_path, group_id,
            "--transport", "relay", "--turn", url, "--turn-user", "ada", "--turn-password", "secret",
        )  # fmt: skip
        assert pair.path() == f"relay-{way}"
        pair.finish()


@contextmanager
def coturn(host: str, server: Server, folder: Path) -> Iterator[tuple[int, int]]:
    """A `turnserver` with the certificate of our own server; its ports without and with TLS."""
    port, tls_port = free_tcp_port(), free_tcp_port()
    with (folder / "coturn.log").open("w") as log:
        process = subprocess.Popen(
            [
                "turnserver", "-n", "--no-cli", "--listening-ip", host, "--relay-ip", host,
                "--listening-port", str(port), "--tls-listening-port", str(tls_port),
                "--lt-cred-mech", "--realm", "example.com", "--user", "ada:secret", "--no-dtls",
                "--cert", str(server.certificate), "--pkey", str(server.certificate.with_name("key.pem")),
                "--log-file", "stdout", "--userdb", str(folder / "turndb"), "--pidfile", str(folder / "coturn.pid"),
            ],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        eventually(lambda: answers(host, port) and answers(host, tls_port), "coturn takes connections")
        yield port, tls_port
    finally:
        process.terminate()
        process.wait(timeout=20)


def answers(host: str, port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((host, port)) == 0


@needs_namespaces
@pytest.mark.parametrize("media_tcp", [True, False])
def test_a_network_that_begins_to_block_udp(
    media_tcp: bool, network, outside: NewServer, callers, small_video: Path, media_files, tmp_path: Path,
    group_id: str,
) -> None:  # fmt: skip
    """An ICE restart finds another way, and the call goes on in the same sessions."""
    pair = Pair(
        outside(f"--media-tcp={str(media_tcp).lower()}"), network, callers, small_video, media_files, tmp_path,
        group_id,
    )  # fmt: skip
    assert pair.path() == "host-udp"
    network.drop("-p udp")
    pair.grace.waits_for("media", state="interrupted")
    expected = "host-tcp" if media_tcp else "relay-tcp"
    pair.grace.waits_for("statistics", path=expected)
    received = pair.ada.events("statistics")[-1]["receivedPackets"]
    eventually(
        lambda: pair.ada.events("statistics")[-1]["receivedPackets"] > received + 100, "packets of Grace at Ada"
    )
    assert not pair.grace.events("ended")
    pair.finish()
