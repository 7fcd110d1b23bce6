"""WHIP and WHEP programs: one HTTP request with an offer, media by aiortc, nothing of our library or signalling."""

import asyncio
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import numpy
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import VideoFrame

from .identity import Account
from .plain_client import MovingBar, Tone

SDP, FRAGMENT = "application/sdp", "application/trickle-ice-sdpfrag"


@dataclass
class Answer:
    """What the server said over HTTP."""

    status: int
    headers: Mapping[str, str]
    text: str


def http(method: str, url: str, body: str | None = None, **headers: str) -> Answer:
    request = urllib.request.Request(url, data=None if body is None else body.encode(), method=method)
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return Answer(response.status, response.headers, response.read().decode())
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.headers, error.read().decode())


class StreamClient:
    """A publisher or a viewer, on an event loop in a thread of its own; every public method blocks."""

    def __init__(self, server: str, account: Account, direction: str) -> None:
        self.account = account
        self.frames: Counter[str] = Counter()
        self.audio_energy = 0.0
        self.picture_size: tuple[int, int] | None = None
        self.opened: Answer | None = None
        self._server = server
        self._direction = direction
        self._tasks: set[asyncio.Task] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: RTCPeerConnection | None = None

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def open(self, group_id: str, **query: str) -> "StreamClient":
        """Publishes into the group call, or watches it."""
        self._run(self._open(group_id, query))
        return self

    async def _open(self, group_id: str, query: dict[str, str]) -> None:
        connection = self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        connection.on("track", self._take)
        if self._direction == "whip":
            connection.addTransceiver(Tone(880), direction="sendonly")
            video = connection.addTransceiver(MovingBar(), direction="sendonly")
        else:
            connection.addTransceiver("audio", direction="recvonly")
            video = connection.addTransceiver("video", direction="recvonly")
        codecs = RTCRtpSender.getCapabilities("video").codecs
        video.setCodecPreferences([one for one in codecs if one.mimeType in ("video/H264", "video/rtx")])
        await connection.setLocalDescription(await connection.createOffer())
        url = f"{self._server}/switchboard/v1/{self._direction}/{group_id}"
        if query:
            url += "?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote)
        offer = connection.localDescription.sdp
        self.opened = await self._loop.run_in_executor(None, lambda: self._http("POST", url, offer, SDP))
        assert self.opened.status == 201, self.opened
        await connection.setRemoteDescription(RTCSessionDescription(self.opened.text, "answer"))

    def _http(self, method: str, url: str, body: str | None = None, kind: str | None = None, **headers: str) -> Answer:
        if kind:
            headers["Content_Type"] = kind
        return http(method, url, body, Authorization=f"Bearer {self.account.token}", **headers)

    @property
    def session_url(self) -> str:
        assert self.opened is not None
        return urllib.parse.urljoin(self._server, self.opened.headers["Location"])

    @property
    def entity_tag(self) -> str:
        assert self.opened is not None
        return self.opened.headers["ETag"]

    def patch(self, fragment: str, if_match: str) -> Answer:
        return self._http("PATCH", self.session_url, fragment, FRAGMENT, If_Match=if_match)

    def delete(self) -> Answer:
        return self._http("DELETE", self.session_url)

    def _take(self, track: MediaStreamTrack) -> None:
        task = self._loop.create_task(self._watch(track))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

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

    @property
    def connection_state(self) -> str:
        return self._connection.connectionState if self._connection else "new"

    def close(self) -> None:
        async def shut() -> None:
            for task in list(self._tasks):
                task.cancel()
            if self._connection is not None:
                await self._connection.close()

        try:
            self._run(shut())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(5)
