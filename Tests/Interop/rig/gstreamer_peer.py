"""Publishes by WHIP or watches by WHEP with GStreamer's webrtcbin, a WebRTC stack that is neither ours nor a browser's.

A program for the system's Python, which alone has GStreamer's bindings: `gstreamer_peer.py whip|whep URL`, the user
access token in the variable `TOKEN`. With `PARAMETER_SETS=once` a publisher sends its parameter sets with the first picture
alone, as some cameras do. Some times a second it prints, as a line of JSON, what has arrived so far. It
leaves the call when its standard input ends. GStreamer 1.22 has no WHIP elements; the HTTP requests are made here.
"""

import json
import os
import select
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Mapping
from typing import Any

import gi

for module in ("Gst", "GstSdp", "GstWebRTC"):
    gi.require_version(module, "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC

REPORT_SECONDS = 0.2
PATIENCE_SECONDS = 20

# The picture has no keyframe but the first, unless somebody asks for one.
SENDERS = """
    videotestsrc is-live=true pattern=ball ! video/x-raw,format=I420,width=320,height=240,framerate=15/1
    ! openh264enc gop-size=1000000 ! video/x-h264,profile=constrained-baseline ! h264parse
    ! capsfilter name=units caps=video/x-h264,stream-format=byte-stream,alignment=nal
    ! rtph264pay config-interval={interval} aggregate-mode={aggregation}
    ! application/x-rtp,media=video,encoding-name=H264,payload=96 ! webrtc.
    audiotestsrc is-live=true freq=990 ! opusenc
    ! rtpopuspay ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! webrtc.
"""
RECEIVED_CODECS = (
    "application/x-rtp,media=video,encoding-name=H264,payload=96,clock-rate=90000,"
    "packetization-mode=(string)1,profile-level-id=(string)42e01f",
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=97,clock-rate=48000,encoding-params=(string)2",
)
# No part of this asks for a keyframe unless packets are lost on the way: the picture has to begin with one.
DECODERS = {
    "video": "rtph264depay wait-for-keyframe=true request-keyframe=true ! h264parse ! openh264dec",
    "audio": "rtpopusdepay ! opusdec ! level",
}


class Peer:
    """One session and the pipeline that feeds or drains it. GStreamer calls the `_on` methods on threads of its own."""

    def __init__(self, direction: str) -> None:
        self._sends = direction == "whip"
        self._frames: Counter[str] = Counter()
        self._picture_size: tuple[int, int] | None = None
        self._audio_energy = 0.0
        once = os.environ.get("PARAMETER_SETS") == "once"
        # Without in-band repetition nothing is aggregated either, so that every unit is a packet of its own.
        form = {"interval": 0, "aggregation": "none"} if once else {"interval": -1, "aggregation": "zero-latency"}
        senders = SENDERS.format(**form) if self._sends else ""
        self._pipeline = Gst.parse_launch(f"pipeline.( webrtcbin name=webrtc bundle-policy=max-bundle {senders} )")
        self._webrtc = self._pipeline.get_by_name("webrtc")
        if self._sends and once:
            self._seen_sets: Counter[int] = Counter()
            pad = self._pipeline.get_by_name("units").get_static_pad("src")
            pad.add_probe(Gst.PadProbeType.BUFFER, self._on_unit)
        self._negotiable = threading.Event()
        self._webrtc.connect("on-negotiation-needed", lambda _: self._negotiable.set())
        self._webrtc.connect("pad-added", self._on_pad)
        # Loopback and nothing else: libnice leaves it out unless told, and looks for UPnP routers unless told not to.
        # The agent is kept because Python takes over webrtcbin's only reference to it, and would free it.
        self._ice = self._webrtc.get_property("ice-agent")
        self._ice.get_property("agent").set_property("upnp", False)
        self._ice.emit("add-local-ip-address", "127.0.0.1")

    def connect(self, url: str, token: str) -> str:
        """Offers, posts the offer, takes the answer; the URL of the session."""
        ways = GstWebRTC.WebRTCRTPTransceiverDirection
        for index, codec in enumerate(RECEIVED_CODECS):
            if self._sends:
                self._webrtc.emit("get-transceiver", index).set_property("direction", ways.SENDONLY)
            else:
                self._webrtc.emit("add-transceiver", ways.RECVONLY, Gst.Caps.from_string(codec))
        self._pipeline.set_state(Gst.State.PLAYING)
        assert self._negotiable.wait(PATIENCE_SECONDS), "the pipeline has nothing to offer"

        # Three names, because the offer is freed with the reply and the promise that it came in.
        promise = self._ask("create-offer", None)
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self._ask("set-local-description", offer)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self._state("ice-gathering-state") != "complete":
            assert time.monotonic() < deadline, "ICE candidates are still being gathered"
            time.sleep(0.02)
        local = self._webrtc.get_property("local-description")

        _, headers, text = http("POST", url, token, local.sdp.as_text())
        _, answer = GstSdp.SDPMessage.new_from_text(text)
        kind = GstWebRTC.WebRTCSDPType.ANSWER
        self._ask("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(kind, answer))
        return urllib.parse.urljoin(url, headers["Location"])

    def _on_unit(self, _: Any, info: Any) -> Any:
        """Lets parameter sets pass once each."""
        data = info.get_buffer().extract_dup(0, 5)
        kind = data[data.index(1) + 1] & 0x1F
        if kind in (7, 8):
            self._seen_sets[kind] += 1
            if self._seen_sets[kind] > 1:
                return Gst.PadProbeReturn.DROP
        return Gst.PadProbeReturn.OK

    def _ask(self, signal: str, argument: Any) -> Any:
        """Emits one of the signals that answer later, and waits for the answer; the promise that holds it."""
        promise = Gst.Promise.new()
        self._webrtc.emit(signal, argument, promise)
        promise.wait()
        return promise

    def _state(self, name: str) -> str:
        return self._webrtc.get_property(name).value_nick

    def _on_pad(self, _: Any, pad: Any) -> None:
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        kind = pad.get_current_caps().get_structure(0).get_string("media")
        sink = "fakesink name=sink sync=false signal-handoffs=true"
        decoder = Gst.parse_bin_from_description(f"{DECODERS[kind]} ! {sink}", True)
        decoder.get_by_name("sink").connect("handoff", self._on_frame, kind)
        self._pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def _on_frame(self, _: Any, __: Any, pad: Any, kind: str) -> None:
        self._frames[kind] += 1
        if kind == "video":
            picture = pad.get_current_caps().get_structure(0)
            self._picture_size = (picture.get_int("width").value, picture.get_int("height").value)

    def watch(self) -> None:
        """Reports until standard input ends."""
        bus = self._pipeline.get_bus()
        while not select.select([sys.stdin], [], [], REPORT_SECONDS)[0]:
            while message := bus.pop():
                if message.type == Gst.MessageType.ERROR:
                    raise RuntimeError(message.parse_error())
                if message.type == Gst.MessageType.LATENCY:
                    self._pipeline.recalculate_latency()
                elif message.type == Gst.MessageType.ELEMENT and message.get_structure().get_name() == "level":
                    self._add_energy(message.get_structure())
            say(
                connectionState=self._state("connection-state"),
                frames=self._frames,
                pictureSize=self._picture_size,
                audioEnergy=self._audio_energy,
            )

    def _add_energy(self, level: Any) -> None:
        squares = [10 ** (decibels / 10) for decibels in level.get_value("rms")]
        self._audio_energy += sum(squares) / len(squares) * level.get_value("duration") / Gst.SECOND

    def close(self) -> None:
        self._pipeline.set_state(Gst.State.NULL)


def http(method: str, url: str, token: str, offer: str | None = None) -> tuple[int, Mapping[str, str], str]:
    request = urllib.request.Request(url, offer.encode() if offer else None, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    if offer:
        request.add_header("Content-Type", "application/sdp")
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {url}: {error.code} {error.read().decode()}") from None


def say(**members: Any) -> None:
    print(json.dumps(members), flush=True)


def main() -> None:
    direction, url = sys.argv[1:]
    token = os.environ["TOKEN"]
    Gst.init(None)
    peer = Peer(direction)
    session = peer.connect(url, token)
    peer.watch()
    status, _, _ = http("DELETE", session, token)
    say(left=status)
    peer.close()


if __name__ == "__main__":
    main()
