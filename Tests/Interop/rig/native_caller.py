"""`switchboard call`, our own client, and what can be told of its recordings."""

import json
import signal
import subprocess
import wave
from pathlib import Path

import numpy

from .identity import Account
from .polling import eventually
from .server import Server, environment, server_binary


class NativeCaller:
    """One `switchboard call`; what it says is read from its output file."""

    def __init__(
        self, server: Server, account: Account, folder: Path, *arguments: str, host: str = "localhost",
        inside: tuple[str, ...] = (),
    ) -> None:
        """`inside` is a command that runs the program elsewhere, where the server is reached at `host`."""
        self.account, self.folder = account, folder
        self.output = folder / "events.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        with self.output.open("w") as output, (folder / "errors.txt").open("w") as errors:
            self.process = subprocess.Popen(
                [
                    *inside, str(server_binary()), "call", "--server", f"https://{host}:{server.https_port}",
                    "--ca", str(server.certificate), "--token", account.token, *arguments,
                ],
                env=environment(), stdin=subprocess.PIPE, stdout=output, stderr=errors, text=True,
            )  # fmt: skip

    @property
    def id(self) -> str:
        return self.account.user_id

    def events(self, name: str | None = None) -> list[dict]:
        lines = self.output.read_text().splitlines()
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return [event for event in found if name in (None, event["event"])]

    def waits_for(self, name: str, **members: object) -> dict:
        def matching() -> list[dict]:
            return [event for event in self.events(name) if members.items() <= event.items()]

        eventually(lambda: bool(matching()), f"{name} {members} among the events of {self.folder.name}")
        return matching()[0]

    def say(self, line: str) -> None:
        """Types a line, which goes out as a data message with `--data`."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def finish(self) -> int:
        """Hangs up, if need be, and waits for the files to be complete."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def recording(self, suffix: str) -> Path:
        found = sorted((self.folder / "record").glob(f"*{suffix}"))
        assert len(found) == 1, f"{found}; {(self.folder / 'errors.txt').read_text()}"
        return found[0]


def decoded(path: Path) -> tuple[tuple[int, int], int]:
    """The size of a recording's pictures, and how many of them can be decoded."""
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_entries", "stream=width,height,nb_read_frames",
         "-of", "json", str(path)], capture_output=True, text=True, check=True,
    )  # fmt: skip
    stream = json.loads(told.stdout)["streams"][0]
    return (stream["width"], stream["height"]), int(stream["nb_read_frames"])


def loudest_hertz(path: Path) -> float:
    with wave.open(str(path)) as sound:
        samples = numpy.frombuffer(sound.readframes(sound.getnframes()), dtype=numpy.int16)
        rate = sound.getframerate()
    spectrum = numpy.abs(numpy.fft.rfft(samples))
    spectrum[: int(50 * len(samples) / rate)] = 0
    return float(numpy.argmax(spectrum) * rate / len(samples))
