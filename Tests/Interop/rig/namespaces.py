"""A network of its own for one browser: a network namespace, a cable (veth) to the machine, and `tc` on it.

Only root can make one. Media takes the cable; pages and signalling reach the namespace's 127.0.0.1 by sockets that the
test itself holds, so that the page stays a secure context and a slow link slows nothing but media.
"""

import ctypes
import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

from .cable import copy, reset
from .chromium import EXECUTABLE

CLONE_NEWNET = 0x40000000


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, check=True, capture_output=True, text=True)


def why_unavailable() -> str | None:
    """Why there can be no namespace here; None when there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    for tool in ("ip", "tc"):
        if shutil.which(tool) is None:
            return f"{tool} is not installed (package iproute2)"
    try:
        with Namespace() as probe:
            probe.limit_down("1M")
    except (subprocess.CalledProcessError, OSError) as error:
        return f"this machine makes no network namespace with a limited link: {getattr(error, 'stderr', '') or error}"
    return None


class Namespace:
    """A namespace `sb-PID-N` with one cable; the machine's end is `host`, the other end `address`.

    `next_host` is the machine's end of the cable that `change_network` lays.
    """

    _made = 0

    def __init__(self) -> None:
        Namespace._made += 1
        number = Namespace._made
        self.name = f"sb-{os.getpid()}-{number}"
        self._near, self._far = f"sb{os.getpid()}-{number}h", f"sb{os.getpid()}-{number}n"
        # A neighbourhood for tests of network devices (RFC 2544), which no real network uses.
        third = os.getpid() % 250
        self.host, self.address = f"198.18.{third}.{number * 8 + 1}", f"198.18.{third}.{number * 8 + 2}"
        self.next_host, self._next_address = f"198.18.{third}.{number * 8 + 5}", f"198.18.{third}.{number * 8 + 6}"
        self._listeners: list[socket.socket] = []
        try:
            run("ip", "netns", "add", self.name)
            run("ip", "-n", self.name, "link", "set", "lo", "up")
            self._lay_cable()
        except BaseException:
            self.close()
            raise

    def _lay_cable(self) -> None:
        run("ip", "link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
        run("ip", "addr", "add", f"{self.host}/30", "dev", self._near)
        run("ip", "link", "set", self._near, "up")
        for command in (
            f"addr add {self.address}/30 dev {self._far}",
            f"link set {self._far} up",
            f"route add default via {self.host}",
        ):
            run("ip", "-n", self.name, *command.split())

    def change_network(self) -> None:
        """Takes the cable away and lays another one: other device, other addresses, as when Wi-Fi gives way."""
        run("ip", "link", "del", self._near)
        self._near, self._far = self._near + "b", self._far + "b"
        self.host, self.address = self.next_host, self._next_address
        self._lay_cable()

    def __enter__(self) -> "Namespace":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def limit_down(self, rate: str, queue: str = "200ms") -> None:
        """Limits what comes into the namespace; `rate` as `switchboard netem` takes it: `5M`, `700k`."""
        # Little more than a packet at once: a larger burst would let a short probe through at any rate.
        limit = f"dev {self._near} root tbf rate {rate.lower()}bit burst 2kb latency {queue}"
        run("tc", "qdisc", "replace", *limit.split())

    def bring(self, port: int) -> None:
        """Makes a TCP port of the machine's 127.0.0.1 reachable at the namespace's."""
        listener = self._listen(port)
        self._listeners.append(listener)
        threading.Thread(target=forward, args=(listener, port), daemon=True).start()

    def _listen(self, port: int) -> socket.socket:
        result: list[socket.socket | Exception] = []

        def enter_and_listen() -> None:
            # A thread may live in another namespace than its process, and a socket stays where it was made.
            try:
                with open(f"/run/netns/{self.name}") as namespace:
                    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
                        raise OSError(ctypes.get_errno(), "setns")
                result.append(socket.create_server(("127.0.0.1", port)))
            except Exception as error:
                result.append(error)

        thread = threading.Thread(target=enter_and_listen)
        thread.start()
        thread.join()
        if isinstance(result[0], Exception):
            raise result[0]
        return result[0]

    def browser_executable(self, folder: Path) -> str:
        """A program that starts Chromium inside."""
        path = folder / f"chromium-in-{self.name}"
        path.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {EXECUTABLE} "$@"\n')
        path.chmod(0o755)
        return str(path)

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        # The cable goes with either of its ends.
        subprocess.run(["ip", "link", "del", self._near], capture_output=True)
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def forward(listener: socket.socket, port: int) -> None:
    while True:
        try:
            near, _ = listener.accept()
        except OSError:
            return
        try:
            far = socket.create_connection(("127.0.0.1", port), timeout=5)
        except OSError:
            reset(near)
            continue
        far.settimeout(None)
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=copy, args=(source, target), daemon=True).start()
