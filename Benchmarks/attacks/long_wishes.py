"""Ids of a quarter of a megabyte, each another one, in every place where an id can stand."""

import json
import secrets
import time

from tools.target import Attack, Outcome, Target
from tools.wire import Session, WebSocket, offer

SECONDS = 20
LENGTH = 250_000
# Just below the number of messages that the protocol allows.
MESSAGES_A_SECOND = 19


def long_id() -> str:
    return secrets.token_hex(8) + "x" * LENGTH


def run(target: Target) -> Outcome:
    outcome = Outcome()
    session = Session(target, target.user())
    media = offer(secrets.token_hex(4), secrets.token_hex(12))
    call = session.request("call.join", groupId=target.group, muted=True, media=media)["call"]["callId"]
    taken = sent = closed = 0
    longest = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        slot = {"mid": long_id(), "participantId": None}
        try:
            answer = session.request("media.receive", callId=call, slots=[slot])
            sent += 1
            taken += answer["type"] == "reply"
            longest = max(longest, len(json.dumps(answer)))
        except OSError:
            closed += 1
            outcome.sent_bytes += session.sent_bytes
            session = Session(target, session.account)
            media = offer(secrets.token_hex(4), secrets.token_hex(12))
            call = session.request("call.join", groupId=target.group, muted=True, media=media)["call"]["callId"]
        time.sleep(max(0, began + 1 / MESSAGES_A_SECOND - time.monotonic()))
    outcome.findings.append(f"{taken} of {sent} wishes for a mid of {LENGTH:,} letters were taken; closed {closed} times")
    for kind, members in {
        "call.hangUp": {"callId": long_id()},
        "call.remove": {"callId": call, "participantId": long_id()},
        "call.add": {"callId": call, "target": long_id()},
        "call.join": {"groupId": long_id()},
        "token": {"token": long_id()},
        long_id(): {},
    }.items():
        try:
            longest = max(longest, len(json.dumps(session.request(kind, **members))))
        except OSError:
            outcome.sent_bytes += session.sent_bytes
            session = Session(target, session.account)
        time.sleep(1 / MESSAGES_A_SECOND)
    outcome.sent_bytes += session.sent_bytes
    for member in ("token", "resume", "endpointId", "displayName"):
        web_socket = WebSocket(target.http_port)
        hello = {"type": "hello", "version": 1, "token": session.account.token, member: long_id()}
        web_socket.send(json.dumps(hello).encode())
        try:
            longest = max(longest, len(web_socket.receive()[1]))
        except OSError:
            pass
        outcome.sent_bytes += web_socket.sent_bytes
        web_socket.close()
    outcome.findings.append(f"the longest refusal has {longest:,} bytes")
    return outcome


ATTACKS = {"long-wishes": Attack("Ids of 250,000 letters", "a user in a call", SECONDS + 4, run)}
