"""GStreamer as a WHIP publisher or a WHEP viewer: one process of `gstreamer_peer.py` a session."""

import json
import os
import subprocess
import threading
import urllib.parse
from pathlib import Path
from typing import Any

from .identity import Account

PYTHON = "/usr/bin/python3"
PROGRAM = Path(__file__).with_name("gstreamer_peer.py")
LEAVING_SECONDS = 30

# What the program publishes.
PUBLISHED_SIZE, PUBLISHED_HERTZ = (320, 240), 990


class GStreamerPeer:
    """A session; what it knows of itself is some hundred milliseconds old."""

    def __init__(
        self,
        server: str,
        account: Account,
        direction: str,
        group_id: str,
        variables: dict[str, str] | None = None,
        **query: str,
    ) -> None:
        self.account = account
        self._report: dict[str, Any] = {}
        url = f"{server}/switchboard/v1/{direction}/{group_id}"
        if query:
            url += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        # What goes wrong over there is told on standard error, which pytest shows.
        self._process = subprocess.Popen(
            [PYTHON, str(PROGRAM), direction, url],
            env={**os.environ, **(variables or {}), "TOKEN": account.token},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._report = {**self._report, **json.loads(line)}

    def _latest(self, member: str, otherwise: Any) -> Any:
        code = self._process.poll()
        assert code is None, f"GStreamer ended with code {code}"
        return self._report.get(member) or otherwise

    @property
    def connection_state(self) -> str:
        return self._latest("connectionState", "new")

    def frames(self, kind: str) -> int:
        """Buffers of sound ("audio") or picture ("video") that were decoded."""
        return self._latest("frames", {}).get(kind, 0)

    @property
    def audio_energy(self) -> float:
        return self._latest("audioEnergy", 0.0)

    @property
    def picture_size(self) -> tuple[int, ...]:
        return tuple(self._latest("pictureSize", ()))

    def leave(self) -> int:
        """Deletes the session and ends; the status of the server's answer."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        code = self._process.wait(LEAVING_SECONDS)
        assert code == 0, f"GStreamer ended with code {code}"
        self._reader.join()
        return self._report["left"]

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
