"""`switchboard doctor` beside a running server, without one, and where something is wrong."""

import datetime
import ipaddress
import json
import os
import resource
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from rig import blocked_network
from rig.blocked_network import BlockedNetwork
from rig.polling import eventually
from rig.server import Server, environment, free_tcp_port, free_udp_ports, server_binary

WAYS = ["UDP", "ICE over TCP", "TURN over UDP", "TURN over TCP", "TURN over TLS"]


class Report:
    """What the doctor found."""

    def __init__(self, answer: subprocess.CompletedProcess) -> None:
        assert answer.returncode in (0, 1), answer.stderr
        self.code = answer.returncode
        self.server_runs = json.loads(answer.stdout)["serverRuns"]
        self.findings = json.loads(answer.stdout)["findings"]

    def words(self, check: str, severity: str | None = None) -> list[str]:
        return [one["word"] for one in self.of(check) if severity in (None, one["severity"])]

    def of(self, check: str) -> list[dict]:
        return [one for one in self.findings if one["check"] == check]

    def problems(self) -> list[str]:
        return [f"{one['check']}: {one['message']}" for one in self.findings if one["severity"] == "problem"]


def settings_of(server: Server) -> list[str]:
    return [
        "--data", str(server.data), "--https-port", str(server.https_port), "--http-port", str(server.http_port),
        "--media-port", str(server.media_port), "--development", "--turn-port", "0",
    ]  # fmt: skip


def examine(*settings: str, inside: tuple[str, ...] = (), before: Callable[[], None] | None = None) -> Report:
    return Report(
        subprocess.run(
            [*inside, str(server_binary()), "doctor", "--json", *settings], env=environment(), capture_output=True,
            text=True, timeout=90, preexec_fn=before,
        )
    )  # fmt: skip


def unused(data: Path) -> list[str]:
    """Settings of a server that does not run, with ports that are free."""
    first = free_udp_ports(1)
    return [
        "--data", str(data), "--https-port", str(free_tcp_port()), "--http-port", str(free_tcp_port()),
        "--media-port", str(first), "--media-workers", "1", "--turn-port", str(free_tcp_port()),
    ]  # fmt: skip


def test_a_server_that_is_well(server: Server) -> None:
    report = examine(*settings_of(server))
    assert report.problems() == []
    assert report.code == 0
    assert report.server_runs
    assert report.words("ports", "problem") == []
    assert report.words("https") == ["ready"]
    ways = report.of("paths")
    assert [one["message"].split(" works")[0] for one in ways if one["word"] == "works"] == WAYS
    assert "detour" not in report.words("paths")


def test_the_calls_leave_nobody_behind(own_server: Server) -> None:
    assert examine(*settings_of(own_server)).problems() == []
    eventually(
        lambda: "\nswitchboard_call_participants 0\n" in own_server.metrics(), "the calls of the doctor are over"
    )


def test_lines_for_people(server: Server) -> None:
    answer = subprocess.run(
        [str(server_binary()), "doctor", *settings_of(server)], env=environment(), capture_output=True, text=True,
        timeout=90,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stdout + answer.stderr
    lines = answer.stdout.splitlines()
    assert any(line.startswith("✓ paths: UDP works") for line in lines), answer.stdout
    assert lines[-1].startswith("0 problems, ")


def test_without_a_server(binary: Path, tmp_path: Path) -> None:
    report = examine(*unused(tmp_path / "data"))
    assert report.problems() == []
    assert not report.server_runs
    assert report.words("https") == ["notRunning"]
    assert report.words("paths") == []
    assert not (tmp_path / "data").exists(), "the doctor leaves no data folder behind"


def test_a_taken_port(binary: Path, tmp_path: Path) -> None:
    settings = unused(tmp_path / "data")
    port = int(settings[settings.index("--media-port") + 1])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("0.0.0.0", port))
        report = examine(*settings)
    assert report.code == 1
    (taken,) = [one for one in report.of("ports") if one["word"] == "portTaken"]
    assert f"UDP {port}" in taken["message"] and f"(process {os.getpid()})" in taken["message"]
    assert "media.port" in taken["remedy"]


def test_settings_of_another_server(server: Server) -> None:
    settings = settings_of(server)
    settings[settings.index("--https-port") + 1] = str(free_tcp_port())
    report = examine(*settings)
    assert report.code == 1
    assert report.words("ports", "problem") == ["portMissing"]


def test_a_wrong_setting(binary: Path) -> None:
    report = examine("--media-port", "seventy")
    assert report.code == 1
    assert report.words("settings") == ["settingsWrong"]
    assert "seventy" in report.problems()[0]


def test_few_descriptors(binary: Path, tmp_path: Path) -> None:
    report = examine(*unused(tmp_path / "data"), before=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (512, 512)))
    assert report.code == 1
    assert report.words("descriptors") == ["descriptorsFew"]
    assert "LimitNOFILE" in report.of("descriptors")[0]["remedy"]


def test_an_advertised_address_that_is_not_there(binary: Path, tmp_path: Path) -> None:
    report = examine(*unused(tmp_path / "data"), "--media-advertised-addresses", "203.0.113.7")
    assert "advertisedElsewhere" in report.words("addresses", "warning")
    assert any("203.0.113.7" in one["message"] for one in report.of("addresses"))


def test_a_stun_server_sees_the_machine(server: Server, binary: Path, tmp_path: Path) -> None:
    port = free_tcp_port()
    one = Server(tmp_path / "data", "--turn-port", str(port)).start()
    try:
        report = examine(*settings_of(one)[:-2], "--turn-port", str(port), "--stun", f"127.0.0.1:{port}")
        (seen,) = [finding for finding in report.of("addresses") if finding["word"] == "stunSeen"]
        assert "127.0.0.1" in seen["message"]
    finally:
        one.stop()
    silent = examine(*unused(tmp_path / "other"), "--stun", f"127.0.0.1:{port}")
    assert "stunUnanswered" in silent.words("addresses", "warning")


def test_the_clock_is_compared(server: Server) -> None:
    """The server's own date is as right as the machine's."""
    report = examine(*settings_of(server), "--time-from", f"{server.origin}/healthz")
    assert report.words("clock") == ["clockRight"]


@pytest.fixture
def certified(binary: Path, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts a server with a certificate of the test's."""
    started: list[Server] = []

    def start(**certificate: object) -> Server:
        files = make_certificate(tmp_path, **certificate)
        started.append(Server(tmp_path / "data", *files).start())
        started[-1].extra_arguments = files
        return started[-1]

    yield start
    for one in started:
        one.stop()


def make_certificate(folder: Path, names: tuple[str, ...] = ("localhost",), days_left: float = 60) -> tuple[str, ...]:
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.now(datetime.timezone.utc)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    alternatives = [x509.DNSName(one) if one[0].isalpha() else x509.IPAddress(ipaddress.ip_address(one)) for one in names]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=90))
        .not_valid_after(now + datetime.timedelta(days=days_left))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .sign(key, hashes.SHA256())
    )
    chain, private = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return "--tls-certificate", str(chain), "--tls-key", str(private)


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"names": ("calls.example.com",)}, ["wrongName"]),
        ({"days_left": -1}, ["expired"]),
        ({"days_left": 3}, ["endsSoon"]),
        ({}, ["valid"]),
    ],
)
def test_certificates(certificate: dict, words: list[str], certified: Callable[..., Server]) -> None:
    server = certified(**certificate)
    report = examine(*settings_of(server), *server.extra_arguments)
    assert report.words("certificate") == words
    # Nobody vouches for it here, so that the server cannot be reached as clients reach it.
    assert report.words("https") == ["unreachable"]
    assert "certificate" in report.of("https")[0]["message"]
    assert report.words("paths") == ["notTried"] * len(WAYS)


@pytest.mark.skipif(
    blocked_network.why_not() is not None, reason=f"no network of its own: {blocked_network.why_not()}"
)
def test_a_network_that_blocks_udp(binary: Path, tmp_path: Path) -> None:
    """Seen from outside: UDP ways fail, the others work."""
    network = BlockedNetwork(tmp_path, "-p udp")
    host = network.host
    addresses = (
        "--public-host", host, "--media-advertised-addresses", host, "--turn-host", host, "--media-workers", "1",
    )  # fmt: skip
    server = Server(tmp_path / "data", *addresses).start()
    try:
        report = examine("--outside", *settings_of(server), *addresses, inside=network.inside)
        outcomes = {one["message"].split(" works")[0].split(" does not")[0]: one["word"] for one in report.of("paths")}
        assert outcomes == {
            "UDP": "fails", "ICE over TCP": "works", "TURN over UDP": "fails", "TURN over TCP": "works",
            "TURN over TLS": "works",
        }  # fmt: skip
        assert report.code == 1
    finally:
        server.stop()
        network.close()
