"""Firefox, driven by the WebDriver BiDi that it has built in."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
from typing import Any

from websockets.sync.client import ClientConnection, connect

from .polling import eventually

EXECUTABLE = "firefox-esr"
VOICE_HZ = 1000

PREFERENCES = {
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "media.autoplay.blocking_policy": 0,
    "media.autoplay.default": 0,
    "media.navigator.audio.fake_frequency": VOICE_HZ,
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.navigator.video.default_height": 180,
    "media.navigator.video.default_width": 320,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "remote.prefs.recommended": True,
    "toolkit.telemetry.enabled": False,
}


class Firefox:
    """One Firefox process with a fresh profile and one page."""

    def __init__(self) -> None:
        self._profile = tempfile.mkdtemp(prefix="switchboard-firefox-")
        with open(f"{self._profile}/user.js", "w") as file:
            file.writelines(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in PREFERENCES.items())
        self._process = subprocess.Popen(
            [EXECUTABLE, "--headless", "--no-remote", "--profile", self._profile, "--remote-debugging-port", "0",
             "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "HOME": self._profile},
        )  # fmt: skip
        self._address: str | None = None
        threading.Thread(target=self._read_output, daemon=True).start()
        try:
            eventually(lambda: self._address, "Firefox says where its WebDriver BiDi listens")
            self._socket: ClientConnection = connect(f"{self._address}/session", max_size=None)
            self._last_id = 0
            self._command("session.new", capabilities={})
            self._context = self._command("browsingContext.getTree")["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise

    def _read_output(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                self._address = found.group(1)

    def _command(self, method: str, **parameters: Any) -> Any:
        self._last_id += 1
        self._socket.send(json.dumps({"id": self._last_id, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") != self._last_id:
                continue
            if answer.get("type") == "error":
                raise AssertionError(f"{method}: {answer.get('message')}")
            return answer["result"]

    def open(self, url: str) -> "Firefox":
        self._command("browsingContext.navigate", context=self._context, url=url, wait="complete")
        eventually(lambda: self.evaluate("window.person !== undefined"), f"{url} is loaded")
        return self

    def evaluate(self, expression: str) -> Any:
        answer = self._command(
            "script.evaluate",
            expression=f"(async () => JSON.stringify((await ({expression})) ?? null))()",
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":
            raise AssertionError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def person(self, action: str, argument: Any) -> Any:
        return self.evaluate(f"person({json.dumps(action)}, {json.dumps(argument)})")

    def click(self) -> None:
        """Nothing to do: every evaluation counts as a user gesture."""

    def reload(self) -> None:
        self._command("browsingContext.reload", context=self._context, wait="complete")
        eventually(lambda: self.evaluate("window.person !== undefined"), "the page is loaded again")

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)
