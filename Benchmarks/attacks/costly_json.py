"""Frames that cost far more to read than to send, from somebody who has not even said `hello`."""

import itertools
import threading
import time
from collections.abc import Iterator

from tools.measure import cpu_seconds
from tools.target import Attack, Outcome, Target
from tools.wire import WebSocket

# The largest frame that the protocol allows.
LARGEST = 256 * 1024


def fill(start: str, parts: Iterator[str], end: str) -> bytes:
    """As many parts as fit between start and end, separated by commas."""
    taken, length = [], len(start) + len(end)
    for part in parts:
        length += len(part) + 1
        if length > LARGEST:
            break
        taken.append(part)
    return (start + ",".join(taken) + end).encode()


def variants() -> dict[str, bytes]:
    again, numbers = itertools.repeat, itertools.count()
    half = LARGEST // 2 - 64
    return {
        "ones, 15 deep": fill("[" * 15, again("1"), "]" * 15),
        "ones": fill("[", again("1"), "]"),
        "doubles": fill("[", again("1.5e10"), "]"),
        "booleans": fill("[", again("true"), "]"),
        "empty strings": fill("[", again('""'), "]"),
        "escapes": fill('["', again(r"\u00e9\n"), '"]'),
        "pairs of brackets": fill("[", again("[]"), "]"),
        "chains of 15 brackets": fill("[", again("[" * 14 + "]" * 14), "]"),
        "open brackets": b"[" * LARGEST,
        "names": fill("{", (f'"{number}":0' for number in numbers), "}"),
        "one name again and again": fill("{", again('"a":0'), "}"),
        "objects": fill("[", again('{"a":{}}'), "]"),
        "a long number": b"[" + b"1" * (LARGEST - 2) + b"]",
        "a long fraction": b"[0." + b"1" * half + b"e" + b"1" * half + b"]",
        "white space": b"[" + b" " * (LARGEST - 2) + b"]",
        "not UTF-8": b'["' + b"\xff" * (LARGEST - 4) + b'"]',
        "hello with ones": fill('{"type":"hello","version":1,"token":"a","more":[', again("1"), "]}"),
        "hello with a long token": fill('{"type":"hello","version":1,"token":"', again("a" * 63), '"}'),
    }


def send(target: Target, payload: bytes, outcome: Outcome) -> str:
    """Sends one frame to a new connection; how that ends."""
    try:
        web_socket = WebSocket(target.http_port)
        try:
            web_socket.send(payload)
            return web_socket.wait_for_end(20)
        finally:
            outcome.sent_bytes += web_socket.sent_bytes
            web_socket.close()
    except OSError:
        return "closed"


def run(target: Target) -> Outcome:
    outcome = Outcome()
    before, began = cpu_seconds(target.server_pid), time.monotonic()
    time.sleep(1)
    usual = (cpu_seconds(target.server_pid) - before) / (time.monotonic() - began)
    costs = {}
    for name, payload in variants().items():
        before, began = cpu_seconds(target.server_pid), time.monotonic()
        send(target, payload, outcome)
        costs[name] = cpu_seconds(target.server_pid) - before - usual * (time.monotonic() - began)
    for name, cost in sorted(costs.items(), key=lambda item: -item[1]):
        outcome.details.append(f"{name}: {max(0, cost) * 1000:.1f} ms of CPU")
    outcome.findings.append(f"the dearest frame: {outcome.details[0]}")
    dearest = variants()[max(costs, key=lambda name: costs[name])]
    strangers = [threading.Thread(target=send, args=(target, dearest, outcome)) for _ in range(10)]
    began = time.monotonic()
    for stranger in strangers:
        stranger.start()
    for stranger in strangers:
        stranger.join()
    outcome.findings.append(f"ten of it at once: answered after {time.monotonic() - began:.2f} s")
    return outcome


ATTACKS = {"costly-json": Attack("18 costly JSON frames before hello, then ten at once", "anybody", 45, run)}
