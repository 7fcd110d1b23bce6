"""What an operator changes while calls go on: the certificate, the log, by signals."""

import re
import signal
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig.certificates import Pair, https_certificate, turns_certificate
from rig.plain_client import PlainClient
from rig.polling import eventually, grows
from rig.server import Server


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path / "tls")


@pytest.fixture
def with_pair(binary: Path, tmp_path: Path, pair: Pair) -> Iterator[Server]:
    """A server with a certificate of its operator."""
    server = Server(
        tmp_path / "data", "--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key)
    ).start()
    yield server
    server.stop()


@pytest.fixture
def in_a_call(with_pair: Server, group_id: str) -> Iterator[tuple[PlainClient, PlainClient]]:
    """Two people in a call, of whom the second watches the first."""
    clients = [
        PlainClient(with_pair.origin, with_pair.identity.create(), name, voice_hertz=700) for name in ("Ada", "Grace")
    ]
    try:
        ada, grace = (client.connect() for client in clients)
        ada.join(group_id)
        grace.join(group_id)
        grace.watch(ada.participant_id)
        grows(lambda: grace.frames["video"], by=5, what="the pictures that Grace sees")
        yield ada, grace
    finally:
        for client in clients:
            client.close()


def reload(server: Server) -> None:
    before = server.log().count("reloading")
    server.send(signal.SIGHUP)
    eventually(lambda: server.log().count("reloading") > before, "the server reloads")


def test_a_renewed_certificate_is_taken_in_mid_call(
    with_pair: Server, pair: Pair, in_a_call: tuple[PlainClient, PlainClient]
) -> None:
    ada, grace = in_a_call
    old = ssl.PEM_cert_to_DER_cert(pair.certificate.read_text())
    assert https_certificate(with_pair.https_port) == old
    assert turns_certificate(with_pair.https_port) == old
    new = pair.renew()
    assert https_certificate(with_pair.https_port) == old
    reload(with_pair)
    eventually(lambda: https_certificate(with_pair.https_port) == new, "HTTPS shows the new certificate")
    assert turns_certificate(with_pair.https_port) == new
    shown = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{with_pair.https_port}", "-servername", "localhost"],
        input="", capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert new == ssl.PEM_cert_to_DER_cert(
        shown.stdout[shown.stdout.index("-----BEGIN") : shown.stdout.index("-----END") + 25].strip() + "\n"
    )

    grows(lambda: grace.frames["video"], by=10, what="the pictures that Grace sees")
    assert ada.request("media.servers")["type"] == "reply", "the connections stay"


@pytest.mark.parametrize("fault", ["other key", "rubbish", "missing", "ended"])
def test_a_certificate_that_cannot_be_used_changes_nothing(with_pair: Server, pair: Pair, fault: str) -> None:
    old = https_certificate(with_pair.https_port)
    match fault:
        case "other key":
            pair.renew(key=False)
        case "rubbish":
            pair.certificate.write_text("rubbish")
        case "missing":
            pair.certificate.unlink()
        case "ended":
            pair.renew(days=-1)
    reload(with_pair)
    line = eventually(
        lambda: [line for line in with_pair.log().splitlines() if "the certificate stays as it is" in line],
        "the log says why",
    )[0]
    assert str(pair.certificate) in line and " error " in line
    assert https_certificate(with_pair.https_port) == old
    assert with_pair.is_running()
    failure = re.compile(r'^switchboard_reloads(_total)?\{result="failed"\} 1$', re.M)
    eventually(lambda: failure.search(with_pair.metrics()), "the failure is counted")

    new = pair.renew()
    reload(with_pair)
    eventually(lambda: https_certificate(with_pair.https_port) == new, "a good one is taken afterwards")


def test_the_own_certificate_is_made_anew_near_its_end(own_server: Server, tmp_path: Path) -> None:
    first = https_certificate(own_server.https_port)
    old = Pair(tmp_path / "old")
    ending = old.renew(days=20)
    (own_server.data / "tls" / "key.pem").write_bytes(old.key.read_bytes())
    own_server.certificate.write_bytes(old.certificate.read_bytes())
    reload(own_server)
    eventually(lambda: https_certificate(own_server.https_port) not in (first, ending), "another certificate")
    assert ssl.PEM_cert_to_DER_cert(own_server.certificate.read_text()) == https_certificate(own_server.https_port)


def test_no_signal_but_those_that_stop_ends_the_server(own_server: Server) -> None:
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE):
        own_server.send(number)
    eventually(lambda: "reloading" in own_server.log(), "the server has seen them")
    assert own_server._is_ready()
    assert own_server.stop() == 0


def caught(process: subprocess.Popen) -> bool:
    """Whether the process has begun to catch SIGHUP."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    mask = int(next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1], 16)
    return bool(mask >> (signal.SIGHUP - 1) & 1)


def test_hangups_during_the_start_and_the_stop_do_no_harm(binary: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    ready = server._is_ready

    def hang_up_and_look() -> bool:
        if caught(server.process):
            server.send(signal.SIGHUP)
        return ready()

    server._is_ready = hang_up_and_look
    server.start()
    server.process.send_signal(signal.SIGTERM)
    while server.process.poll() is None:
        server.process.send_signal(signal.SIGHUP)
        try:
            server.process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
    assert server.process.returncode == 0, server.log_tail()


def test_the_log_is_reopened_and_its_level_changes(binary: Path, tmp_path: Path) -> None:
    log, config = tmp_path / "switchboard.log", tmp_path / "switchboard.yaml"
    config.write_text(f"log:\n  file: {log}\n  level: info\n")
    server = Server(tmp_path / "data", "--config", str(config)).start()
    try:
        rotated = log.with_suffix(".log.1")
        log.rename(rotated)
        server.send(signal.SIGUSR1)
        eventually(log.exists, "the file is there again")
        config.write_text(f"log:\n  file: {log}\n  level: debug\nmedia:\n  workers: 7\n")
        server.send(signal.SIGHUP)
        eventually(lambda: "wait for the next start: media.workers" in log.read_text(), "what waits is named")
        eventually(lambda: " debug " in log.read_text(), "lines of the new level")

        config.write_text("log:\n  level: loud\n")
        server.send(signal.SIGHUP)
        eventually(lambda: "the settings stay as they are" in log.read_text(), "what is wrong is said")
        assert server.is_running()
        assert rotated.read_text()
    finally:
        assert server.stop() == 0
