"""How long it takes from `startCall`, and from `join` into a running group, to the first decoded picture.

Two and three pages of one real Chromium, over the real server ($SWITCHBOARD_BINARY, a release build), on loopback.
Run by `script/bench` with the interoperability rig on the path. Prints the median of several calls in milliseconds.
"""

import os
import statistics
import sys
import tempfile
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "Tests" / "Interop"))

from playwright.sync_api import sync_playwright  # noqa: E402
from rig import chromium, media  # noqa: E402
from rig.pages import PageServer  # noqa: E402
from rig.person import Person  # noqa: E402
from rig.server import Server  # noqa: E402

ROUNDS = int(os.environ.get("CALLS", "5"))


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="switchboard-bench-"))
    camera, voice = media.make_camera(folder), media.make_voice(folder, "ada", media.VOICES_HZ["ada"])
    server, pages = Server(folder / "data").start(), PageServer()
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright, camera, voice)

        def person(name: str) -> Person:
            made = Person(name, server.identity.create(), chromium.ChromiumPage(browser, f"{pages.origin}/person.html"))
            made.do("signIn", server=server.origin, token=made.account.token, displayName=name, mediaPorts={})
            return made

        ada, grace = person("Ada"), person("Grace")
        grace.do("acceptWhenRinging")
        starts = []
        for _ in range(ROUNDS):
            starts.append(ada.do("startTimed", users=[grace.id]))
            ada.do("hangUp")
            grace.waits_for_end()
        group = str(uuid.uuid4())
        edsger = person("Edsger")
        ada.do("join", groupId=group)
        edsger.do("join", groupId=group)
        ada.sees(edsger.id)
        joins = []
        for number in range(ROUNDS):
            late = person(f"Late {number}")
            joins.append(late.do("joinTimed", groupId=group, camera=False))
            late.do("hangUp")
        browser.close()
    server.stop()
    pages.close()
    for name, values in (("startCall to first picture", starts), ("join to first picture", joins)):
        print(f"{name}: median {statistics.median(values):.0f} ms of {[round(value) for value in values]}")


if __name__ == "__main__":
    main()
