"""What an attack costs the server, and what a healthy call beside it loses."""

import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from .target import HOST

from rig.polling import eventually  # noqa: E402  (found by tools.target)
from rig.server import Server, environment, server_binary  # noqa: E402

MEGABYTE = 1_000_000


def cpu_seconds(pid: int) -> float:
    """CPU time of a process by the scheduler's own count, in nanoseconds where /proc/PID/stat has hundredths."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            total += int((task / "schedstat").read_text().split()[0])
        except (OSError, IndexError):
            continue  # the thread has just ended
    return total / 1e9


def resident_bytes(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


class Meter:
    """Watches a process from a thread until it is stopped."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.start_cpu, self.start_time = cpu_seconds(pid), time.monotonic()
        self.start_bytes = self.peak_bytes = resident_bytes(pid)
        self.start_descriptors = self.peak_descriptors = descriptors(pid)
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            try:
                self.peak_bytes = max(self.peak_bytes, resident_bytes(self.pid))
                self.peak_descriptors = max(self.peak_descriptors, descriptors(self.pid))
            except OSError:
                return  # the server is gone, which the driver tells

    def stop(self) -> None:
        self._done.set()
        self._thread.join()
        self.seconds = time.monotonic() - self.start_time
        self.cpu = cpu_seconds(self.pid) - self.start_cpu


@dataclass
class Readiness:
    """Asks `/readyz` twice a second on a new connection each time."""

    port: int
    asked: int = 0
    answered: int = 0
    slowest: float = 0
    _done: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Readiness":
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self._thread.start()
        return self

    def _ask(self) -> None:
        while not self._done.wait(0.5):
            began = time.monotonic()
            self.asked += 1
            try:
                with urllib.request.urlopen(f"http://{HOST}:{self.port}/readyz", timeout=10) as answer:
                    self.answered += answer.status == 200
            except (urllib.error.URLError, OSError):
                pass
            self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


class HealthyCall:
    """One publisher and two subscribers with picture and sound, played by `switchboard loadtest`."""

    warm_up = 3

    def __init__(self, server: Server, group: str, seconds: float) -> None:
        self._server = server
        self.process = subprocess.Popen(
            [
                str(server_binary()), "loadtest", "--server", server.origin, "--group", group, "--publishers", "1",
                "--subscribers", "2", "--video", "360p", "--transport", "udp", "--warm-up", str(self.warm_up),
                "--duration", str(seconds), "--json",
            ],
            env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def wait_until_measured(self) -> None:
        """Returns when all are in the call and the warm-up is over."""
        eventually(self._is_complete, "the healthy call is complete")
        time.sleep(self.warm_up + 0.5)

    def _is_complete(self) -> bool:
        if self.process.poll() is not None:
            raise AssertionError(f"the healthy call ended: {self.process.communicate()}")
        return "\nswitchboard_call_participants 3\n" in self._server.metrics()

    def report(self) -> dict | None:
        """What it lost; None when it did not come to its end."""
        try:
            out, _ = self.process.communicate(timeout=90)
        except subprocess.TimeoutExpired:
            self.stop()
            return None
        return json.loads(out) if out.strip() else None

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.communicate()
