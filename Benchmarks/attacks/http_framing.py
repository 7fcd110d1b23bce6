"""Requests and frames that two parties could read in two ways: what must be refused, and how a connection ends."""

import re
import select
import socket
import time

from tools.target import HOST, Attack, Outcome, Target
from tools.wire import CLOSE, TEXT, WebSocket, connect

HOSTED = f"Host: {HOST}\r\n".encode()
READY = b"GET /readyz HTTP/1.1\r\n" + HOSTED + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def ask(target: Target, data: bytes, outcome: Outcome, seconds: float = 1.5) -> tuple[list[int], bool]:
    """Sends bytes on a new connection; the statuses that come back, and whether the server then closed it."""
    with connect(target.http_port) as stream:
        stream.sendall(data)
        outcome.sent_bytes += len(data)
        received, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and select.select([stream], [], [], left)[0]:
            try:
                more = stream.recv(65_536)
            except OSError:
                more = b""
            if not more:
                return statuses(received), True
            received += more
        return statuses(received), False


def statuses(received: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) ", received)]


def run(target: Target) -> Outcome:
    outcome = Outcome()
    wrong: list[str] = []
    tried = 0

    def expect(what: str, is_right: bool, seen: object) -> None:
        nonlocal tried
        tried += 1
        if not is_right:
            wrong.append(f"{what}: {seen}")

    def refused(what: str, data: bytes) -> None:
        """One answer, 4xx or 501, or none, and the connection ends."""
        seen, closed = ask(target, data, outcome)
        expect(what, len(seen) <= 1 and all(400 <= status < 600 for status in seen) and closed, (seen, closed))

    smuggled = b"POST /readyz HTTP/1.0\r\n" + HOSTED + b"Connection: keep-alive\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + READY
    seen, closed = ask(target, smuggled, outcome)
    expect("chunked in HTTP/1.0, and a second request behind it", len(seen) <= 1 and closed, (seen, closed))
    refused("both lengths", b"POST /x HTTP/1.1\r\n" + HOSTED + CHUNKED + b"Content-Length: 3\r\n\r\n0\r\n\r\n")
    refused("chunked twice", b"POST /x HTTP/1.1\r\n" + HOSTED + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n")
    refused("chunked, then something else", b"POST /x HTTP/1.1\r\n" + HOSTED
            + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n")  # fmt: skip
    refused("two lengths", b"POST /x HTTP/1.1\r\n" + HOSTED + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd")
    refused("a length with a sign", b"POST /x HTTP/1.1\r\n" + HOSTED + b"Content-Length: +3\r\n\r\nabc")
    for chunk in (b"zz\r\n", b"-1\r\n", b"0x3\r\nabc\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"3\r\nabcdef\r\n0\r\n\r\n"):
        refused(f"a chunk of {chunk!r}", b"POST /x HTTP/1.1\r\n" + HOSTED + CHUNKED + b"\r\n" + chunk)
    for name in (b"POST /switchboard/v1/users", b"POST /identities?api-version=2023-10-01"):
        refused(f"bad chunks to {name.decode()}", name + b" HTTP/1.1\r\n" + HOSTED + CHUNKED + b"\r\nzz\r\n\r\nzz\r\n")
    refused("no Host", b"GET /readyz HTTP/1.1\r\n\r\n")
    refused("two Hosts", b"GET /readyz HTTP/1.1\r\n" + HOSTED + HOSTED + b"\r\n")
    refused("a Host that is none", b"GET /readyz HTTP/1.1\r\nHost: a b\r\n\r\n")
    refused("a space before the colon", b"GET /readyz HTTP/1.1\r\nHost : a\r\n\r\n")
    refused("a folded header", b"GET /readyz HTTP/1.1\r\n" + HOSTED + b"X: a\r\n b\r\n\r\n")
    refused("a version that is none", b"GET /readyz HTTP/9.9\r\n" + HOSTED + b"\r\n")
    seen, closed = ask(target, b"GET /readyz HTTP/1.0\r\n" + HOSTED + b"\r\n", outcome)
    expect("HTTP/1.0 without keep-alive is closed", seen == [200] and closed, (seen, closed))
    seen, closed = ask(target, b"GET /readyz HTTP/1.1\r\n" + HOSTED + b"Connection: close\r\n\r\n", outcome)
    expect("Connection: close is obeyed", seen == [200] and closed, (seen, closed))
    seen, closed = ask(target, READY + READY, outcome)
    expect("two requests behind one another are two answers", seen == [200, 200] and not closed, (seen, closed))

    for opcode in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15):
        expect(f"opcode {opcode}", fails(target, outcome, opcode, 0x80), "ignored")
    for bits in (0x40, 0x20, 0x10):
        expect(f"reserved bit {bits:#x}", fails(target, outcome, TEXT, 0x80 | bits), "ignored")
    expect("a ping in two parts", fails(target, outcome, 9, 0x00), "ignored")
    outcome.findings.append(f"{len(wrong)} of {tried} are handled wrongly")
    outcome.details += wrong
    return outcome


def fails(target: Target, outcome: Outcome, opcode: int, first: int) -> bool:
    """Whether a frame fails the connection at once (RFC 6455 §5.2)."""
    web_socket = WebSocket(target.http_port)
    web_socket.send(b"x", opcode, first)
    web_socket.socket.settimeout(1.5)
    try:
        while True:
            received, payload = web_socket.receive()
            if received == CLOSE:
                return payload[:2] == b"\x03\xea"
    except TimeoutError:
        return False
    except OSError:
        return True
    finally:
        outcome.sent_bytes += web_socket.sent_bytes
        web_socket.close()


ATTACKS = {"http-framing": Attack("Ambiguous HTTP and reserved WebSocket frames", "anybody", 35, run)}
