"""Starting a server where something is in the way, or is named as our settings are."""

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from rig.certificates import connect
from rig.polling import eventually
from rig.server import Server, free_tcp_port, run_binary

# What Kubernetes makes of two services, `switchboard` and `switchboard-media`.
SERVICE_LINKS = {
    "SWITCHBOARD_PORT": "tcp://10.96.0.7:8443",
    "SWITCHBOARD_SERVICE_HOST": "10.96.0.7",
    "SWITCHBOARD_SERVICE_PORT": "8443",
    "SWITCHBOARD_SERVICE_PORT_HTTPS": "8443",
    "SWITCHBOARD_PORT_8443_TCP": "tcp://10.96.0.7:8443",
    "SWITCHBOARD_PORT_8443_TCP_ADDR": "10.96.0.7",
    "SWITCHBOARD_PORT_8443_TCP_PORT": "8443",
    "SWITCHBOARD_PORT_8443_TCP_PROTO": "tcp",
    "SWITCHBOARD_MEDIA_PORT": "udp://10.96.0.8:29200",
    "SWITCHBOARD_MEDIA_SERVICE_HOST": "10.96.0.8",
}


def test_variables_of_services_are_passed_over(binary: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--log-level", "debug")
    server.variables = SERVICE_LINKS
    server.start()
    try:
        line = next(line for line in server.log().splitlines() if "passed over" in line)
        assert all(name in line for name in SERVICE_LINKS)
    finally:
        assert server.stop() == 0


def test_a_misspelt_variable_is_still_an_error(binary: Path, tmp_path: Path) -> None:
    answer = subprocess.run(
        [str(binary), "serve", "--data", str(tmp_path / "data")],
        env={"PATH": os.environ["PATH"], **SERVICE_LINKS, "SWITCHBOARD_PORT": "8443"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert answer.returncode != 0
    assert "There is no setting SWITCHBOARD_PORT" in answer.stderr


@pytest.mark.parametrize(
    ("flag", "kind"),
    [("media-port", socket.SOCK_DGRAM), ("media-port", socket.SOCK_STREAM), ("turn-port", socket.SOCK_DGRAM),
     ("https-port", socket.SOCK_STREAM), ("http-port", socket.SOCK_STREAM)],
)  # fmt: skip
def test_a_taken_port_names_its_holder(binary: Path, tmp_path: Path, flag: str, kind: int) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        port = holder.getsockname()[1]
        ports = {"https-port": "0", "http-port": "0", "media-port": "0", "turn-port": "0", flag: str(port)}
        arguments = [word for name, value in ports.items() for word in (f"--{name}", value)]
        answer = run_binary("serve", "--data", str(tmp_path / "data"), "--media-workers", "1", *arguments)
        assert answer.returncode != 0
        transport = "UDP" if kind == socket.SOCK_DGRAM else "TCP"
        program = Path("/proc/self/comm").read_text().strip()
        assert f"{transport} port {port} is held by {program} (process {os.getpid()})" in answer.stderr, answer.stderr
        assert flag.replace("-", ".") in answer.stderr


def status(url: str, **headers: str) -> int:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def secure_status(port: int, path: str) -> int:
    with connect(port) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        return int(connection.recv(4096).split()[1])


def test_measurements_are_not_public(own_server: Server) -> None:
    assert status(f"{own_server.origin}/metrics") == 200
    assert secure_status(own_server.https_port, "/metrics") == 404
    assert secure_status(own_server.https_port, "/healthz") == 200
    for name in ("X-Forwarded-For", "Forwarded", "Via"):
        assert status(f"{own_server.origin}/metrics", **{name: "192.0.2.1"}) == 403


def test_measurements_have_an_address_of_their_own(binary: Path, tmp_path: Path) -> None:
    port = free_tcp_port()
    server = Server(tmp_path / "data", "--metrics-bind", "127.0.0.1", "--metrics-port", str(port)).start()
    try:
        origin = f"http://127.0.0.1:{port}"
        eventually(lambda: status(f"{origin}/metrics") == 200, "measurements")
        assert status(f"{origin}/readyz") == 200
        assert status(f"{origin}/") == 404, "nothing else is there"
    finally:
        assert server.stop() == 0


def test_measurements_can_be_public(binary: Path, tmp_path: Path) -> None:
    server = Server(tmp_path / "data", "--metrics-public").start()
    try:
        assert secure_status(server.https_port, "/metrics") == 200
        assert status(f"{server.origin}/metrics", **{"X-Forwarded-For": "192.0.2.1"}) == 200
    finally:
        assert server.stop() == 0


def test_the_service_manager_is_told(binary: Path, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(30)
        server = Server(tmp_path / "data")
        server.variables = {"NOTIFY_SOCKET": str(tmp_path / "notify")}
        server.start()
        assert manager.recv(100) == b"READY=1"
        server.send(signal.SIGHUP)
        assert manager.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert manager.recv(100) == b"READY=1"
        assert server.stop() == 0
        assert manager.recv(100) == b"STOPPING=1"
