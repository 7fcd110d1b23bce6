"""One user holds as many calls as it can, and does nothing in them."""

import secrets
import time
import uuid
from collections.abc import Callable

from tools.measure import cpu_seconds
from tools.target import Attack, Outcome, Target
from tools.wire import Session, offer

SESSIONS, EACH = 16, 190
# Fewer than the server takes before it has answered them.
AT_ONCE = 38
WATCHED = 8


def usage(target: Target, sessions: list[Session], seconds: float) -> float:
    """The server's share of a core."""
    before, began = cpu_seconds(target.server_pid), time.monotonic()
    while time.monotonic() < began + seconds:
        time.sleep(min(3, seconds))
        for session in sessions:
            try:
                session.send(b'{"type":"ping","time":1}')
            except OSError:
                continue
    return (cpu_seconds(target.server_pid) - before) / (time.monotonic() - began)


def joins(target: Target) -> Outcome:
    """Group calls, each with its maker alone in it."""
    media = offer(secrets.token_hex(4), secrets.token_hex(12))
    return begin(
        target, lambda session: session.post("call.join", groupId=str(uuid.uuid4()), muted=True, media=media)
    )


def rings(target: Target) -> Outcome:
    """Calls to one other user, whose device rings."""
    callee = Session(target, target.user())
    outcome = begin(
        target, lambda session: session.post("call.start", targets=[callee.account.user_id], muted=True)
    )
    callee.close()
    return outcome


def begin(target: Target, post: Callable[[Session], int]) -> Outcome:
    outcome = Outcome()
    account = target.user()
    usual = usage(target, [], 3)
    began = time.monotonic()
    sessions: list[Session] = []
    made = 0
    reasons: set[str] = set()
    for _ in range(SESSIONS):
        try:
            session = Session(target, account)
        except (OSError, PermissionError) as error:
            reasons.add(str(error)[:80])
            continue
        sessions.append(session)
        try:
            for _ in range(EACH // AT_ONCE):
                numbers = [post(session) for _ in range(AT_ONCE)]
                answers = [session.answer_to(number) for number in numbers]
                made += sum(answer["type"] == "reply" for answer in answers)
                refused = {answer["error"]["reason"] for answer in answers if answer["type"] == "error"}
                reasons |= refused
                if refused:
                    # More of it would be too much for one session, and end it.
                    break
        except OSError as error:
            reasons.add(str(error)[:80])
    seconds = time.monotonic() - began
    idle = usage(target, sessions, WATCHED)
    outcome.sent_bytes = sum(session.sent_bytes for session in sessions)
    outcome.findings.append(f"one user made {made:,} of {SESSIONS * EACH:,} calls in {seconds:.1f} s")
    outcome.findings.append(f"the server took {idle * 100:.1f} % of a core while nothing was done in them"
                            f" (before: {usual * 100:.1f} %)")  # fmt: skip
    if reasons:
        outcome.findings.append("refused with " + ", ".join(sorted(reasons)))
    return outcome


ATTACKS = {
    "idle-calls": Attack("Calls in which nothing is done", "a user", 20, joins),
    "ringing-calls": Attack("Calls that ring at one other user", "a user", 20, rings),
}
