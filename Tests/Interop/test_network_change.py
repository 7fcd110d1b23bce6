"""A participant whose network gives way to another one, as when somebody leaves the house in a call."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rig.namespaces import Namespace
from rig.polling import eventually
from rig.server import Server


@pytest.fixture
def own_server(namespace: Namespace, tmp_path: Path) -> Iterator[Server]:
    """A server with an address on each of the two networks, and one for those who stay where they are."""
    addresses = f"127.0.0.1,{namespace.host},{namespace.next_host}"
    server = Server(tmp_path / "data", "--media-advertised-addresses", addresses).start()
    yield server
    server.stop()


class Gap:
    """The longest time in which a counter did not move."""

    def __init__(self, count: Callable[[], int]) -> None:
        self._count, self._last, self._since = count, count(), time.monotonic()
        self.first, self.seconds = self._last, 0.0

    def look(self) -> int:
        """By how much the counter has grown since the beginning."""
        count, now = self._count(), time.monotonic()
        self.seconds = max(self.seconds, now - self._since)
        if count != self._last:
            self._last, self._since = count, now
        return count - self.first


def test_the_call_goes_on_over_the_other_network(
    namespace, own_server, pages, browser_inside, new_person, group_id, record_property
) -> None:
    for origin in (own_server.origin, pages.origin):
        namespace.bring(int(origin.rpartition(":")[2]))
    ada, grace = new_person("Ada", at=own_server), new_person("Grace", at=own_server, browser=browser_inside)
    for person in (ada, grace):
        person.do("join", groupId=group_id)
    ada.waits_for_people(grace.id)
    ada.sees(grace.id)
    grace.sees(ada.id)

    gaps = {"down": Gap(lambda: grace.frames_of(ada.id)), "up": Gap(lambda: ada.frames_of(grace.id))}
    namespace.change_network()
    eventually(lambda: min([gap.look() for gap in gaps.values()]) > 45, "45 frames each way over the other network")
    for way, gap in gaps.items():
        record_property(f"gap_{way}_seconds", round(gap.seconds, 1))
        print(f"gap {way}: {gap.seconds:.1f} s")
    grace.hears_somebody()
    ada.hears_somebody()
    assert len(ada.log("participantAdded")) == 1 and not ada.log("participantRemoved")
