"""Waiting for something to become true, with a limit and a message that says what was seen last."""

import time
from collections.abc import Callable
from typing import Any

# Longest wait for anything. A loaded machine with two cores needs some seconds to set up a call between browsers.
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.2


def eventually(question: Callable[[], Any], what: str, within: float = PATIENCE_SECONDS) -> Any:
    """Asks `question` until its answer is truthy and returns that answer; fails naming `what` and the last answer."""
    deadline = time.monotonic() + within
    answer: Any = None
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() >= deadline:
            raise AssertionError(f"not within {within:.0f} s: {what} (last answer: {answer!r})")
        time.sleep(POLL_SECONDS)


def grows(measure: Callable[[], float], by: float, what: str, within: float = PATIENCE_SECONDS) -> None:
    """Waits until a counter has grown by at least `by` since the call."""
    start = measure()
    last = [start]

    def has_grown() -> bool:
        last[0] = measure()
        return last[0] - start >= by

    try:
        eventually(has_grown, what, within)
    except AssertionError:
        raise AssertionError(f"not within {within:.0f} s: {what} grows by {by} (from {start} to {last[0]})") from None


def stops_growing(measure: Callable[[], float], tolerance: float, what: str, quiet: float = 1.5) -> None:
    """Waits until a counter grows by at most `tolerance` during `quiet` seconds."""

    def is_still() -> bool:
        before = measure()
        time.sleep(quiet)
        return measure() - before <= tolerance

    eventually(is_still, f"{what} stops growing")
