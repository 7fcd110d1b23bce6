"""Signalling connections and sessions that are opened and do nothing, or are lost without a word."""

import resource
import time
import urllib.request

from tools.target import Attack, Outcome, Target
from tools.wire import PING, Session, WebSocket, frame, held_by_server

SILENT = 2_000
HELD = 2_000
SECONDS = 20


def raise_descriptor_limit() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def silent(target: Target) -> Outcome:
    """Upgrades, and never says `hello`; a ping now and then is a sign of life."""
    raise_descriptor_limit()
    outcome, sockets = Outcome(), []
    for _ in range(SILENT):
        try:
            sockets.append(WebSocket(target.http_port))
        except OSError:
            continue
    ports = {one.socket.getsockname()[1] for one in sockets}
    began = time.monotonic()
    for look in (3, SECONDS):
        while time.monotonic() < began + look:
            time.sleep(2)
            for one in sockets:
                try:
                    one.send_bytes(frame(b"", PING))
                except OSError:
                    continue
        held = held_by_server(target.http_port, ports)
        outcome.findings.append(f"held after {look} s: {held} of {SILENT}")
    outcome.sent_bytes = sum(one.sent_bytes for one in sockets)
    return outcome


def held(target: Target) -> Outcome:
    """One user on as many devices as there can be."""
    raise_descriptor_limit()
    outcome, sessions, reasons = Outcome(), [], set()
    account = target.user()
    for _ in range(HELD):
        try:
            sessions.append(Session(target, account))
        except (OSError, PermissionError) as error:
            reasons.add(str(error)[:80])
    time.sleep(8)
    outcome.findings.append(f"one user had {len(sessions):,} of {HELD:,} sessions")
    if reasons:
        outcome.findings.append("refused with " + ", ".join(sorted(reasons)[:3]))
    outcome.sent_bytes = sum(one.sent_bytes for one in sessions)
    return outcome


def lost(target: Target) -> Outcome:
    """Says `hello` and is gone, again and again: each session could be resumed for a minute."""
    outcome, made, refused = Outcome(), 0, 0
    account = target.user()
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            session = Session(target, account)
            made += 1
        except (OSError, PermissionError):
            refused += 1
            time.sleep(0.01)
            continue
        outcome.sent_bytes += session.sent_bytes
        session.close()
    time.sleep(2.5)
    with urllib.request.urlopen(f"{target.origin}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    kept = next((line.split()[1] for line in lines if line.startswith("switchboard_signalling_sessions ")), "?")
    outcome.findings.append(f"{made:,} sessions were lost within {SECONDS} s, {refused:,} refused; {kept} are kept at the end")
    return outcome


ATTACKS = {
    "silent-websockets": Attack("WebSockets without hello", "anybody, one address", SECONDS + 6, silent),
    "many-sessions": Attack("Sessions of one user", "a user", 20, held),
    "lost-sessions": Attack("Sessions that are lost at once", "a user", SECONDS + 4, lost),
}
