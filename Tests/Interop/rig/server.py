"""The server under test: one process, its own data folder and ports."""

import os
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from .identity import IdentityAPI
from .polling import eventually

PROJECT = Path(__file__).resolve().parents[3]
DEFAULT_BINARY = PROJECT / ".build" / "debug" / "switchboard"


def server_binary() -> Path:
    return Path(os.environ.get("SWITCHBOARD_BINARY", DEFAULT_BINARY))


def run_binary(*arguments: str) -> subprocess.CompletedProcess:
    """Runs a command of the program and waits for its end."""
    return subprocess.run(
        [str(server_binary()), *arguments], env=environment(), capture_output=True, text=True, timeout=60
    )


def environment() -> dict[str, str]:
    """The test's own variables are no settings of the server, which would refuse to start."""
    return {name: value for name, value in os.environ.items() if not name.startswith("SWITCHBOARD_")}


def free_tcp_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def free_udp_ports(count: int) -> int:
    """The first of `count` neighbouring free UDP ports (the server takes one per worker, upwards)."""
    for first in range(41_000 + os.getpid() % 1000 * 8, 60_000, count):
        try:
            probes = []
            for port in range(first, first + count):
                probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                probes.append(probe)
                probe.bind(("0.0.0.0", port))
            return first
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise AssertionError("no free UDP ports")


class Server:
    """Starts `switchboard serve`, waits until it is ready, and stops it by its process id."""

    def __init__(self, data: Path, *extra_arguments: str) -> None:
        self.data = data
        self.log_path = data.parent / f"{data.name}.log"
        self.https_port, self.http_port = free_tcp_port(), free_tcp_port()
        self.media_port = free_udp_ports(os.cpu_count() or 1)
        self.extra_arguments = extra_arguments
        self.variables: dict[str, str] = {}
        self.command_prefix: list[str] = []
        self.process: subprocess.Popen | None = None

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def connection_string(self) -> str:
        """What the server wrote for its operator: `endpoint=…;accesskey=…`."""
        return (self.data / "connection-string").read_text().strip()

    @property
    def certificate(self) -> Path:
        """The certificate that the server made for itself."""
        return self.data / "tls" / "certificate.pem"

    @property
    def access_key(self) -> str:
        return dict(part.split("=", 1) for part in self.connection_string.split(";"))["accesskey"]

    @property
    def identity(self) -> IdentityAPI:
        return IdentityAPI(self.origin, self.access_key)

    def start(self) -> "Server":
        arguments = [
            *self.command_prefix, str(server_binary()), "serve", "--data", str(self.data), "--development",
            "--https-port", str(self.https_port),
            "--http-port", str(self.http_port),
            "--media-port", str(self.media_port),
            "--turn-port", "0",
            "--shutdown-grace", "1",
            *self.extra_arguments,
        ]  # fmt: skip
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                arguments, env={**environment(), **self.variables}, stdout=log, stderr=subprocess.STDOUT
            )
        eventually(self._is_ready, f"{' '.join(arguments)} is ready; its log: {self.log_path}")
        return self

    def _is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            code = None if self.process is None else self.process.returncode
            raise AssertionError(f"the server ended with code {code}:\n{self.log_tail()}")
        try:
            with urllib.request.urlopen(f"{self.origin}/readyz", timeout=2) as answer:
                return answer.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def stop(self, within: float = 20) -> int:
        """Asks the server to stop and returns its exit code; kills it when it does not obey."""
        process, self.process = self.process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            return process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return -signal.SIGKILL

    def kill(self) -> None:
        """Ends the server without a word, as a crash would."""
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def log(self) -> str:
        return self.log_path.read_text(errors="replace")

    def metrics(self) -> str:
        with urllib.request.urlopen(f"{self.origin}/metrics", timeout=5) as answer:
            return answer.read().decode()

    def log_tail(self, lines: int = 60) -> str:
        if not self.log_path.exists():
            return "(no log)"
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])


def wait_for_port_to_close(port: int) -> None:
    def is_closed() -> bool:
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", port)) != 0

    eventually(is_closed, f"port {port} closes")
