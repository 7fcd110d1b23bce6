"""A bad network between one person and the server: `switchboard netem` in front of each media port.

A `BadNetwork` can stand wherever a `Cable` can. Signalling goes around it; media does not.
"""

import json
import subprocess
import threading

from .server import Server, environment, server_binary


class Netem:
    """A running `switchboard netem` in front of one UDP port."""

    def __init__(self, server_port: int, *conditions: str) -> None:
        arguments = ["netem", "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{server_port}", *conditions]
        self._process = subprocess.Popen(
            [str(server_binary()), *arguments],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        assert self._process.stdout is not None
        first = self._process.stdout.readline()
        assert first, f"switchboard {' '.join(arguments)} does not run; does the binary know the command?"
        self.port = int(json.loads(first)["listening"].rpartition(":")[2])
        self.report: dict = {}
        """What it said last; empty during the first second."""
        threading.Thread(target=self._read_reports, daemon=True).start()

    def _read_reports(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.report = json.loads(line)

    def change(self, line: str) -> None:
        """Changes conditions from now on: `down rate=800k loss=1%`."""
        assert self._process.poll() is None, "netem is gone"
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)


class BadNetwork:
    """All media ports of a server behind links with the same conditions."""

    def __init__(self, server: Server, *conditions: str) -> None:
        self.origin = server.origin
        self._conditions = conditions
        self._relays: dict[int, Netem] = {}

    def media_port(self, server_port: int) -> int:
        """The local port that stands for a media port of the server."""
        if server_port not in self._relays:
            self._relays[server_port] = Netem(server_port, *self._conditions)
        return self._relays[server_port].port

    def change(self, line: str) -> None:
        for relay in self._relays.values():
            relay.change(line)

    def total(self, direction: str, counter: str) -> int:
        """The sum of a counter over all ports; at most a second old."""
        return sum(relay.report.get(direction, {}).get(counter, 0) for relay in self._relays.values())

    def close(self) -> None:
        for relay in self._relays.values():
            relay.close()
