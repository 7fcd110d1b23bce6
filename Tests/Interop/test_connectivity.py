"""Ways to the media ports besides plain UDP: ICE over TCP, and the TURN server over UDP, TCP and TLS."""

import asyncio
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import aioice
import pytest
from aioice import turn
from playwright.sync_api import Browser

from rig import blocked_network, network_peer
from rig.blocked_network import BlockedNetwork
from rig.network_peer import NetworkPeer
from rig.plain_client import PlainClient
from rig.polling import eventually, grows
from rig.relayed_peer import RelayedPeer
from rig.server import Server


@pytest.fixture(scope="module")
def any_certificate(playwright) -> Iterator[Browser]:
    browser = network_peer.launch(playwright, network_peer.EXECUTABLE, "--ignore-certificate-errors")
    yield browser
    browser.close()


def wait_until_connected(peer: NetworkPeer) -> dict:
    try:
        eventually(peer.is_connected, "the connection is up")
    except AssertionError:
        raise AssertionError(f"not connected: {peer.describe()}") from None
    return peer.state()


def call_works(peer: NetworkPeer, other: PlainClient, group_id: str) -> None:
    """Waits until pictures of the peer are decoded by somebody else, and that one's voice has come to the peer."""
    (participant,) = other.join(group_id)["participants"]
    other.watch(participant["participantId"])
    grows(lambda: other.frames["video"], 20, "frames of the peer that the other one decodes")
    grows(lambda: peer.state()["audioEnergy"], 0.01, "audio energy at the peer")


def urls_of(client: PlainClient) -> list[str]:
    reply = client.request("media.servers")
    return [url for server in reply["iceServers"] for url in server["urls"]]


# What clients are told


def test_clients_are_told_of_the_turn_server(plain_client: PlainClient, server: Server) -> None:
    reply = plain_client.request("media.servers")
    assert reply["type"] == "reply"
    assert reply["expiresInSeconds"] == 3600
    (named,) = reply["iceServers"]
    expiry, _, user = named["username"].partition(":")
    assert expiry.isdigit() and user == plain_client.account.user_id
    port = re.fullmatch(r"turn:localhost:(\d+)\?transport=udp", named["urls"][0])[1]
    assert named["urls"][1:] == [
        f"turn:localhost:{port}?transport=tcp",
        f"turns:localhost:{server.https_port}?transport=tcp",
    ]


def test_without_turn_and_tcp_nothing_of_them_is_there(binary: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--turn-enabled=false", "--media-tcp=false").start()
    client = PlainClient(server.origin, server.identity.create(), "Plain", voice_hertz=700)
    try:
        client.connect()
        reply = client.request("media.servers")
        assert reply["iceServers"] == []
        assert "expiresInSeconds" not in reply
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", server.media_port)) != 0
    finally:
        client.close()
        assert server.stop() == 0


# The TURN server, with two kinds of clients


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
def test_aioice_connects_through_the_relay(
    way: str, plain_client: PlainClient, server: Server, group_id: str, monkeypatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    url = dict(zip(("udp", "tcp", "tls"), urls_of(plain_client), strict=True))[way]
    peer = RelayedPeer(plain_client, group_id, url)
    try:
        host, port = peer.connect()
        assert port > 0
    finally:
        peer.close()


@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
def test_chromium_calls_through_the_relay(
    way: str, any_certificate: Browser, server: Server, plain_client: PlainClient, group_id: str
) -> None:
    index = ("udp", "tcp", "tls").index(way)
    token = server.identity.create().token
    url = urls_of(plain_client)[index]
    peer = NetworkPeer(any_certificate, server.origin, token, group_id, servers=(url,), policy="relay")
    try:
        state = wait_until_connected(peer)
        assert state["local"]["relayProtocol"] == way, peer.describe()
        call_works(peer, plain_client, group_id)
        assert {one["candidateType"] for one in state["candidates"]} <= {"relay", "prflx"}
    finally:
        peer.close()


def test_the_relay_reaches_nothing_but_the_media_ports(plain_client: PlainClient, server: Server) -> None:
    (named,) = plain_client.request("media.servers")["iceServers"]
    port = int(re.search(r":(\d+)\?", named["urls"][0])[1])

    async def attempt(peer: tuple[str, int], password: str) -> None:
        transport, _ = await turn.create_turn_endpoint(
            asyncio.DatagramProtocol, ("127.0.0.1", port), named["username"], password
        )
        try:
            await transport._TurnTransport__inner_protocol.channel_bind(0x4000, peer)
        finally:
            transport.close()

    for peer in (("127.0.0.1", server.http_port), ("198.51.100.1", server.media_port), ("127.0.0.1", 22)):
        with pytest.raises(aioice.stun.TransactionFailed) as refusal:
            plain_client._run(attempt(peer, named["credential"]))
        assert refusal.value.response.attributes["ERROR-CODE"][0] == 403
    with pytest.raises(aioice.stun.TransactionFailed) as refusal:
        plain_client._run(attempt(("127.0.0.1", server.media_port), "wrong"))
    assert refusal.value.response.attributes["ERROR-CODE"][0] == 401


# ICE over TCP


def test_answers_name_tcp_after_udp(any_certificate: Browser, server: Server, group_id: str) -> None:
    peer = NetworkPeer(any_certificate, server.origin, server.identity.create().token, group_id)
    try:
        answer = wait_until_connected(peer)["answer"]
        lines = re.findall(r"a=candidate:\S+ 1 (udp|tcp) (\d+) (\S+) (\d+) typ host( tcptype passive)?", answer)
        transports = [line[0] for line in lines]
        assert transports == sorted(transports, reverse=True) and "tcp" in transports
        assert all(bool(line[4]) == (line[0] == "tcp") for line in lines)
        priorities = [int(line[1]) for line in lines]
        assert priorities == sorted(set(priorities), reverse=True)
        assert peer.state()["local"]["protocol"] == "udp", "UDP is taken where there is UDP"
    finally:
        peer.close()


def test_chromium_calls_over_tcp(
    any_certificate: Browser, server: Server, plain_client: PlainClient, group_id: str
) -> None:
    token = server.identity.create().token
    peer = NetworkPeer(any_certificate, server.origin, token, group_id, answer_candidates=" tcp ")
    try:
        state = wait_until_connected(peer)
        assert state["remote"]["protocol"] == "tcp", peer.describe()
        call_works(peer, plain_client, group_id)
        metrics = server.metrics()
        assert re.search(r"^switchboard_ice_tcp_connections_made_total [1-9]", metrics, re.MULTILINE)
        by_tcp = r"^switchboard_media_participants\{[^}]*transport=\"tcp\"[^}]*\} [1-9]"
        eventually(lambda: re.search(by_tcp, server.metrics(), re.MULTILINE), "a participant who comes by TCP")
    finally:
        peer.close()


# A second address


def test_udp_works_at_an_address_that_no_route_answers_from(
    any_certificate: Browser, binary: Path, tmp_path: Path, group_id: str
) -> None:
    """All of 127.0.0.0/8 is this machine, and left to the kernel every answer comes from 127.0.0.1."""
    server = Server(tmp_path / "data", "--media-advertised-addresses", "127.0.0.77").start()
    other = PlainClient(server.origin, server.identity.create(), "Plain", voice_hertz=900)
    peer = None
    try:
        other.connect()
        peer = NetworkPeer(any_certificate, server.origin, server.identity.create().token, group_id)
        state = wait_until_connected(peer)
        remote = state["remote"]
        assert (remote["protocol"], remote["address"]) == ("udp", "127.0.0.77"), peer.describe()
        call_works(peer, other, group_id)
    finally:
        if peer:
            peer.close()
        other.close()
        server.stop()


# IPv6


def global_ipv6() -> str | None:
    """An IPv6 address of this machine that a browser uses too."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        try:
            for interface in Path("/proc/net/if_inet6").read_text().splitlines():
                digits, _, _, scope, _, name = interface.split()
                if scope == "00" and name != "lo":
                    address = ":".join(digits[index : index + 4] for index in range(0, 32, 4))
                    probe.bind((address, 0))
                    return address
        except OSError:
            pass
    return None


@pytest.mark.skipif(global_ipv6() is None, reason="this machine has no IPv6 address besides loopback")
@pytest.mark.parametrize("way", ["udp", "tcp"])
def test_chromium_calls_over_ipv6(
    way: str, any_certificate: Browser, binary: Path, tmp_path: Path, group_id: str
) -> None:
    arguments = ["--media-bind-address", "::", "--turn-bind-address", "::", "--https-bind", "::"]
    server = Server(tmp_path / "data", *arguments).start()
    other = PlainClient(server.origin, server.identity.create(), "Plain", voice_hertz=900)
    try:
        other.connect()
        peer = NetworkPeer(
            any_certificate,
            server.origin,
            server.identity.create().token,
            group_id,
            answer_candidates=rf" {way} \d+ [0-9a-f]+:",
        )
        state = wait_until_connected(peer)
        assert ":" in state["remote"]["address"] and state["remote"]["protocol"] == way, peer.describe()
        # The other one may come by IPv4: one socket takes both.
        call_works(peer, other, group_id)
        peer.close()
    finally:
        other.close()
        server.stop()


# A network without UDP


needs_namespaces = pytest.mark.skipif(
    blocked_network.why_not() is not None, reason=f"no network of its own: {blocked_network.why_not()}"
)


@pytest.fixture
def no_udp(tmp_path: Path) -> Iterator[BlockedNetwork]:
    network = BlockedNetwork(tmp_path, "-p udp")
    yield network
    network.close()


@needs_namespaces
@pytest.mark.parametrize("way", ["ice-tcp", "turn-tcp", "turn-tls"])
def test_a_client_without_udp_gets_its_call(
    way: str, no_udp: BlockedNetwork, playwright, binary: Path, tmp_path: Path, group_id: str
) -> None:
    arguments = ["--http-bind", "0.0.0.0", "--turn-host", no_udp.host, "--tls-names", no_udp.host]
    arguments += ["--media-advertised-addresses", no_udp.host]
    arguments += [f"--media-tcp={str(way == 'ice-tcp').lower()}"]
    server = Server(tmp_path / "data", *arguments).start()
    browser = network_peer.launch(playwright, no_udp.chromium, "--ignore-certificate-errors")
    other = PlainClient(server.origin, server.identity.create(), "Plain", voice_hertz=900)
    try:
        other.connect()
        origin = f"http://{no_udp.host}:{server.http_port}"
        servers = {"ice-tcp": (), "turn-tcp": ("transport=tcp",), "turn-tls": ("turns:",)}[way]
        peer = NetworkPeer(browser, origin, server.identity.create().token, group_id, servers=servers)
        state = wait_until_connected(peer)
        if way == "ice-tcp":
            assert state["remote"]["protocol"] == "tcp", peer.describe()
        else:
            assert state["local"]["relayProtocol"] in ("tcp", "tls"), peer.describe()
        call_works(peer, other, group_id)
        assert no_udp.dropped_packets() > 0, "the client has tried UDP first"
        peer.close()
    finally:
        other.close()
        browser.close()
        server.stop()
