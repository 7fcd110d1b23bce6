"""A person in a browser page, whichever browser that is."""

from typing import Any, Protocol

from .identity import Account
from .polling import eventually, grows, stops_growing

CAMERA, SCREEN = "Video", "ScreenSharing"

# Energy is the sum of the squared amplitude over time. A voice of the test adds some hundredths a second; comfort
# noise and silence stay below a ten-thousandth.
ENERGY_OF_A_VOICE = 0.01
ENERGY_OF_SILENCE = 0.001


class Page(Protocol):
    """What a browser driver offers: one call of `window.person(action, argument)` in the page."""

    def person(self, action: str, argument: Any) -> Any: ...

    def click(self) -> None: ...

    def reload(self) -> None: ...

    def close(self) -> None: ...


class Person:
    """Says in a test's words what `pages/person.js` does."""

    def __init__(self, name: str, account: Account, page: Page) -> None:
        self.name = name
        self.account = account
        self.page = page

    def __repr__(self) -> str:
        return f"<{self.name}>"

    @property
    def id(self) -> str:
        return self.account.user_id

    def do(self, action: str, **argument: Any) -> Any:
        return self.page.person(action, argument)

    # What the app sees

    def snapshot(self) -> dict:
        return self.do("snapshot")

    @property
    def call(self) -> dict:
        return self.snapshot()["call"] or {}

    @property
    def state(self) -> str | None:
        return self.call.get("state")

    def log(self, what: str) -> list[dict]:
        return [entry for entry in self.snapshot()["log"] if entry["what"] == what]

    def roster(self) -> dict[str, str]:
        """User id to state of everyone else in the call."""
        return {entry["user"]: entry["state"] for entry in self.call.get("participants", [])}

    def sees_in_roster(self, other_id: str) -> dict | None:
        return next((entry for entry in self.call.get("participants", []) if entry["user"] == other_id), None)

    def waits_for_ring(self, caller: "Person") -> None:
        eventually(lambda: (self.snapshot()["incoming"] or {}).get("from") == caller.id, f"{self} rings for {caller}")

    def waits_for_state(self, *states: str) -> None:
        eventually(lambda: self.state in states, f"the call of {self} is {' or '.join(states)}")

    def waits_for_end(self) -> tuple[int, int]:
        """Waits until the call is over; its end code and sub-code."""
        self.waits_for_state("Disconnected")
        reason = self.call["endReason"]
        assert reason is not None, f"the call of {self} ended without a reason"
        return reason["code"], reason["subCode"]

    def waits_for_people(self, *others: str, state: str = "Connected") -> None:
        expected = {other: state for other in others}
        eventually(lambda: self.roster() == expected, f"{self} has {len(others)} {state} in the roster")

    # What the browser plays and sends

    def media(self) -> dict:
        return self.do("media")

    def frames_of(self, other_id: str, kind: str = CAMERA) -> int:
        return sum(view["frames"] for view in self.media()["views"] if view["user"] == other_id and view["type"] == kind)

    def view_of(self, other_id: str, kind: str = CAMERA) -> dict | None:
        views = self.media()["views"]
        return next((view for view in views if view["user"] == other_id and view["type"] == kind), None)

    def sees(self, other_id: str, kind: str = CAMERA, frames: int = 10) -> None:
        """Waits until more frames of the other one have been decoded."""
        grows(lambda: self.frames_of(other_id, kind), frames, f"frames that {self} decodes of {other_id} ({kind})")

    def sees_no_more(self, other_id: str, kind: str = CAMERA) -> None:
        stops_growing(lambda: self.frames_of(other_id, kind), 0, f"frames that {self} decodes of {other_id} ({kind})")

    def hears_somebody(self) -> None:
        grows(lambda: self.media()["audioEnergy"], ENERGY_OF_A_VOICE, f"audio energy at {self}")

    def hears_nobody(self) -> None:
        stops_growing(lambda: self.media()["audioEnergy"], ENERGY_OF_SILENCE, f"audio energy at {self}")

    def hears_tones(self, *hertz: int) -> None:
        """Waits until just these tones are heard, within the width of the analyser's bins."""

        def matches() -> bool:
            tones = self.do("heard")
            return all(any(abs(tone - wanted) < 25 for tone in tones) for wanted in hertz) and all(
                any(abs(tone - wanted) < 25 for wanted in hertz) for tone in tones
            )

        eventually(matches, f"{self} hears {hertz} Hz and nothing else")

    def leave(self) -> None:
        self.page.close()
