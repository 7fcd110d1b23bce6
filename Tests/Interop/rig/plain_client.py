"""A WebRTC client that is no browser and knows nothing of our library: docs/protocol.md by hand, media by aiortc.

It offers one plain audio and one plain video m-line (no `lines`), as any WebRTC stack would.
"""

import asyncio
import fractions
import itertools
import json
import math
import struct
import threading
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any, NamedTuple

import numpy
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, VideoFrame
from websockets.asyncio.client import ClientConnection, connect

from .identity import Account

ANSWER_SECONDS = 15
AUDIO_RATE, AUDIO_FRAME_SAMPLES = 48_000, 960
VIDEO_CLOCK, WIDTH, HEIGHT, FRAME_RATE = 90_000, 320, 180, 15


class Tone(MediaStreamTrack):
    """A sine that comes and goes, 20 ms a frame."""

    kind = "audio"

    def __init__(self, hertz: int) -> None:
        super().__init__()
        self._hertz = hertz
        self._sample = 0
        self._start = time.monotonic()

    async def recv(self) -> AudioFrame:
        await asyncio.sleep(max(0, self._start + self._sample / AUDIO_RATE - time.monotonic()))
        index = numpy.arange(self._sample, self._sample + AUDIO_FRAME_SAMPLES)
        audible = (index / AUDIO_RATE) % 0.4 < 0.28
        wave = 12_000 * numpy.sin(2 * math.pi * self._hertz * index / AUDIO_RATE) * audible
        frame = AudioFrame.from_ndarray(wave.astype(numpy.int16).reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate, frame.pts = AUDIO_RATE, self._sample
        frame.time_base = fractions.Fraction(1, AUDIO_RATE)
        self._sample += AUDIO_FRAME_SAMPLES
        return frame


class MovingBar(MediaStreamTrack):
    """A bright bar that wanders over a dark picture."""

    kind = "video"

    def __init__(self) -> None:
        super().__init__()
        self._number = 0
        self._start = time.monotonic()

    async def recv(self) -> VideoFrame:
        await asyncio.sleep(max(0, self._start + self._number / FRAME_RATE - time.monotonic()))
        picture = numpy.full((HEIGHT, WIDTH, 3), 40, dtype=numpy.uint8)
        left = self._number * 4 % WIDTH
        picture[:, left : left + 24] = (240, 200, 60)
        frame = VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = self._number * VIDEO_CLOCK // FRAME_RATE
        frame.time_base = fractions.Fraction(1, VIDEO_CLOCK)
        self._number += 1
        return frame


class DataMessage(NamedTuple):
    """A frame of docs/protocol.md, "Data channels", as it comes from the server."""

    label: str
    sender: str
    channel: int
    number: int
    payload: bytes

    @classmethod
    def parse(cls, label: str, frame: bytes) -> "DataMessage":
        version, length, channel, number = struct.unpack_from("!BBHI", frame)
        assert version == 1, frame[:8]
        return cls(label, frame[8 : 8 + length].decode("ascii"), channel, number, frame[8 + length :])


class PlainClient:
    """Runs on an event loop in a thread of its own; every public method blocks and may be called from a test."""

    def __init__(self, server: str, account: Account, display_name: str, voice_hertz: int) -> None:
        self.account = account
        self.display_name = display_name
        self.pushes: list[dict] = []
        self.frames: Counter[str] = Counter()
        self.audio_energy = 0.0
        self.data: list[DataMessage] = []
        self.participant_id: str | None = None
        self.picture_size: tuple[int, int] | None = None
        self.call_id: str | None = None
        self.welcome: dict = {}
        self._address = server.replace("http", "ws", 1) + "/calling"
        self._voice_hertz = voice_hertz
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict]] = {}
        self._tasks: set[asyncio.Task] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._socket: ClientConnection
        self._connection: RTCPeerConnection | None = None
        self._channels: dict[str, RTCDataChannel] = {}

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    # Signalling

    def connect(self) -> "PlainClient":
        self._run(self._connect())
        return self

    async def _connect(self) -> None:
        self._socket = await connect(self._address, max_size=1 << 20)
        hello = {"type": "hello", "version": 1, "token": self.account.token, "displayName": self.display_name}
        await self._socket.send(json.dumps(hello))
        self.welcome = json.loads(await asyncio.wait_for(self._socket.recv(), ANSWER_SECONDS))
        assert self.welcome["type"] == "welcome", self.welcome
        self._keep(self._read())
        self._keep(self._beat(self.welcome["heartbeatSeconds"]))

    def _keep(self, work: Coroutine[Any, Any, Any]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            waiting = self._waiting.pop(message.get("to"), None)
            if waiting is not None:
                waiting.set_result(message)
            elif message["type"] != "pong":
                self.pushes.append(message)

    async def _beat(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._socket.send(json.dumps({"type": "ping", "time": int(time.time() * 1000)}))

    def request(self, kind: str, **members: Any) -> dict:
        """Sends a request and returns its reply or error."""
        return self._run(self._request(kind, **members))

    async def _request(self, kind: str, **members: Any) -> dict:
        number = next(self._ids)
        self._waiting[number] = self._loop.create_future()
        await self._socket.send(json.dumps({"type": kind, "id": number, **members}))
        return await asyncio.wait_for(self._waiting[number], ANSWER_SECONDS)

    # Calls

    def join(self, group_id: str, codec: str = "video/H264", *, labels: Sequence[str] = ()) -> dict:
        """Joins a group with a microphone and a camera, and data channels of these labels; the snapshot of the call."""
        return self._run(self._join(group_id, codec, labels))

    async def _join(self, group_id: str, codec: str, labels: Sequence[str]) -> dict:
        connection = self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.on("track", lambda track: self._keep(self._watch(track)))
        connection.addTransceiver(Tone(self._voice_hertz), direction="sendrecv")
        video = connection.addTransceiver(MovingBar(), direction="sendrecv")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([one for one in codecs if one.mimeType in (codec, "video/rtx")])
        for label in labels:
            self._open_data(connection, label)
        await connection.setLocalDescription(await connection.createOffer())
        offer = {"sdp": connection.localDescription.sdp}
        reply = await self._request("call.join", groupId=group_id, muted=False, media=offer)
        assert reply["type"] == "reply", reply
        self.call_id = reply["call"]["callId"]
        self.participant_id = reply["call"]["participantId"]
        await connection.setRemoteDescription(RTCSessionDescription(reply["media"]["sdp"], "answer"))
        self.video_mid = video.mid
        camera = {"callId": self.call_id, "camera": True, "screen": False}
        published = await self._request("call.publish", **camera)
        assert published["type"] == "reply", published
        return reply["call"]

    def watch(self, participant_id: str) -> None:
        """Asks for the camera of a participant."""
        slot = {
            "mid": self.video_mid, "participantId": participant_id, "source": "camera",
            "width": WIDTH, "height": HEIGHT,
        }  # fmt: skip
        reply = self.request("media.receive", callId=self.call_id, slots=[slot])
        assert reply["type"] == "reply", reply

    async def _watch(self, track: MediaStreamTrack) -> None:
        while True:
            try:
                frame = await track.recv()
            except MediaStreamError:
                return
            self.frames[track.kind] += 1
            if isinstance(frame, VideoFrame):
                self.picture_size = (frame.width, frame.height)
            else:
                amplitude = frame.to_ndarray().astype(numpy.float64) / 32_768
                channels = len(frame.layout.channels)
                self.audio_energy += float(numpy.mean(amplitude**2)) * amplitude.size / channels / frame.sample_rate

    # Data

    def _open_data(self, connection: RTCPeerConnection, label: str) -> None:
        options = {"ordered": False, "maxRetransmits": 0} if label == "lossy" else {}
        channel = self._channels[label] = connection.createDataChannel(label, **options)
        channel.on("message", lambda frame: self.data.append(DataMessage.parse(label, frame)))

    def data_state(self, label: str) -> str:
        """`connecting`, `open`, `closing` or `closed`."""
        return self._channels[label].readyState

    def send_data(self, label: str, channel: int, number: int, payload: bytes) -> None:
        self.send_frame(label, struct.pack("!BBHI", 1, 0, channel, number) + payload)

    def send_frame(self, label: str, frame: bytes | str) -> None:
        """Sends bytes as they are, whether or not they are a frame of the protocol."""

        async def send() -> None:
            self._channels[label].send(frame)

        self._run(send())

    @property
    def connection_state(self) -> str:
        return self._connection.connectionState if self._connection else "new"

    def participant_of(self, user_id: str) -> str | None:
        """The participant id of a user, as far as the roster pushes have told."""
        found = None
        for push in self.pushes:
            if push["type"] == "call.roster":
                for entry in (*push["added"], *push["changed"]):
                    if entry["userId"] == user_id:
                        found = entry["participantId"]
        return found

    def close(self) -> None:
        async def shut() -> None:
            for task in list(self._tasks):
                task.cancel()
            if self._connection is not None:
                await self._connection.close()
            if hasattr(self, "_socket"):
                await self._socket.close()

        try:
            self._run(shut())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
