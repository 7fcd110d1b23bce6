"""Tokens that are good for something else: what they open nevertheless."""

import secrets
import uuid

from tools.target import Attack, Outcome, Target
from tools.wire import Session, offer


def media() -> dict:
    return offer(secrets.token_hex(4), secrets.token_hex(12))


def run(target: Target) -> Outcome:
    opened: list[str] = []
    tried: list[str] = []
    outcome = Outcome()

    def tries(what: str, succeeds: bool) -> None:
        tried.append(what)
        if succeeds:
            opened.append(what)

    def session_of(*scopes: str) -> Session | None:
        try:
            session = Session(target, target.user(*scopes))
        except (OSError, PermissionError):
            return None
        sessions.append(session)
        return session

    sessions: list[Session] = []
    chat = session_of("chat")
    tries("chat: hello", chat is not None)
    if chat is not None:
        tries("chat: media.servers", bool(chat.request("media.servers").get("iceServers")))
        join = chat.request("call.join", groupId=str(uuid.uuid4()), muted=True, media=media())
        tries("chat: call.join", join["type"] == "reply")
        start = chat.request("call.start", targets=[target.user().user_id], muted=True)
        tries("chat: call.start", start["type"] == "reply")
        caller = session_of("voip")
        caller.request("call.start", targets=[chat.account.user_id], muted=True)
        ring = chat.wait_for_push("incomingCall")
        tries("chat: is rung", ring is not None)
        if ring is not None:
            accept = chat.request("call.accept", callId=ring["callId"], muted=True, media=media())
            tries("chat: call.accept", accept["type"] == "reply")
    joiner = session_of("voip.join")
    if joiner is not None:
        start = joiner.request("call.start", targets=[target.user().user_id], muted=True)
        tries("voip.join: call.start", start["type"] == "reply")
        caller = session_of("voip")
        caller.request("call.start", targets=[joiner.account.user_id], muted=True)
        ring = joiner.wait_for_push("incomingCall")
        tries("voip.join: is rung 1:1", ring is not None)
        if ring is not None:
            accept = joiner.request("call.accept", callId=ring["callId"], muted=True, media=media())
            tries("voip.join: call.accept of a 1:1 call", accept["type"] == "reply")
    for session in sessions:
        outcome.sent_bytes += session.sent_bytes
        session.close()
    outcome.findings.append(f"{len(opened)} of {len(tried)} acts beyond the scope were done"
                            + (f": {'; '.join(opened)}" if opened else ""))  # fmt: skip
    return outcome


ATTACKS = {"wrong-scope": Attack("Tokens without the scope of the act", "a user", 8, run)}
