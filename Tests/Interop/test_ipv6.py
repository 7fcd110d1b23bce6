"""A machine that has addresses of IPv6 only, with no setting that says so."""

import re
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest
from rig.namespaces import run
from rig.relayed_peer import OFFER
from rig.server import Server

ADDRESS = "2001:db8::7"


class Island(Server):
    """A server inside a network namespace that has one address of IPv6, besides loopback."""

    def __init__(self, name: str, data: Path) -> None:
        super().__init__(data)
        self.name = name
        self.command_prefix = ["ip", "netns", "exec", name]

    def curl(self, *arguments: str) -> str:
        command = [*self.command_prefix, "curl", "--silent", "--insecure", "--max-time", "10", *arguments]
        return subprocess.run(command, capture_output=True, text=True).stdout

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log_tail()
        return self.curl(f"{self.origin}/readyz") == "ready\n"


@pytest.fixture
def island(binary: Path, tmp_path: Path) -> Iterator[Island]:
    name = f"sb6-{tmp_path.parent.name[-6:]}-{id(tmp_path) % 10_000}"
    try:
        run("ip", "netns", "add", name)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no network namespace can be made here: {error}")
    server = Island(name, tmp_path / "data")
    try:
        for command in (
            "link set lo up",
            "link add near type veth peer name far",
            "link set near up",
            "link set far up",
            f"addr add {ADDRESS}/64 dev near nodad",
        ):
            run("ip", "-n", name, *command.split())
        yield server.start()
    finally:
        server.stop()
        subprocess.run(["ip", "netns", "del", name], capture_output=True)


def test_a_server_on_ipv6_alone_is_reached(island: Island) -> None:
    assert "addresses of IPv6 only" in island.log()
    assert island.curl(f"https://[{ADDRESS}]:{island.https_port}/healthz") == "ok\n"
    user = island.curl(
        "-X", "POST", "-H", "content-type: application/json", "-d", '{"displayName":"Ada"}',
        f"https://[{ADDRESS}]:{island.https_port}/switchboard/v1/development/users",
    )  # fmt: skip
    token = re.search(r'"token":"([^"]+)"', user)[1]
    offer = OFFER.format(fingerprint=":".join(["AB"] * 32), ufrag="abcd", password="a" * 22)
    answer = island.curl(
        "-i", "-X", "POST", "-H", f"authorization: Bearer {token}", "-H", "content-type: application/sdp",
        "--data-binary", offer.replace("a=sendrecv", "a=sendonly"),
        f"https://[{ADDRESS}]:{island.https_port}/switchboard/v1/whip/6e1f6a3c-6f0e-4c7b-9f57-0d5a4f2f8f11",
    )  # fmt: skip
    ports = range(island.media_port, island.media_port + 64)
    candidates = re.findall(r"a=candidate:\S+ 1 (udp|tcp) \d+ (\S+) (\d+)", answer)
    outward = {transport for transport, address, _ in candidates if ip_address(address) == ip_address(ADDRESS)}
    assert outward == {"udp", "tcp"}, answer
    assert all(int(port) in ports for _, _, port in candidates)
    sockets = subprocess.run([*island.command_prefix, "ss", "-tulnH"], capture_output=True, text=True).stdout
    turn = re.search(r'turn:[^"]*:(\d+)\?transport=udp', answer)
    assert turn is None or re.search(rf"\*:{turn[1]}\b|\[::\]:{turn[1]}\b", sockets), sockets
