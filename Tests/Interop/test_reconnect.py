"""A participant whose network fails comes back as the same participant."""

import time

import pytest

from rig.cable import Cable
from rig.person import Person
from rig.polling import eventually

OUTAGE_SECONDS = 10


@pytest.fixture
def pair(new_person, cable) -> tuple[Person, Person]:
    """Ada and Grace in a call; Ada's network is the cable."""
    ada, grace = new_person("Ada", cable=cable), new_person("Grace")
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    grace.do("accept")
    ada.waits_for_people(grace.id)
    grace.waits_for_people(ada.id)
    ada.sees(grace.id)
    grace.sees(ada.id)
    return ada, grace


def came_back(ada: Person, grace: Person, before: dict) -> None:
    eventually(lambda: ada.snapshot()["connectionState"] == "Connected", "Ada's agent is connected")
    ada.waits_for_state("Connected")
    ada.waits_for_people(grace.id)
    grace.waits_for_people(ada.id)
    after = ada.call
    assert (after["id"], after["participantId"]) == (before["id"], before["participantId"])
    for person in (ada, grace):
        assert len(person.log("participantAdded")) == 1, f"the roster of {person} got no new entry"
        assert not person.log("participantRemoved"), f"the roster of {person} lost nobody"
    ada.sees(grace.id)
    grace.sees(ada.id)
    ada.hears_somebody()
    grace.hears_somebody()


def test_signalling_is_cut_and_media_goes_on(pair) -> None:
    ada, grace = pair
    before = ada.call
    ada.do("cutSockets")
    grace.sees(ada.id)
    came_back(ada, grace, before)


def test_cable_pulled_for_ten_seconds(pair, cable: Cable) -> None:
    ada, grace = pair
    before = ada.call
    cable.pull()
    eventually(lambda: grace.roster().get(ada.id) == "Reconnecting", "Grace is told that Ada is reconnecting")
    grace.sees_no_more(ada.id)
    time.sleep(OUTAGE_SECONDS)
    assert ada.state != "Disconnected"
    cable.plug()
    came_back(ada, grace, before)


def test_group_goes_on_while_one_is_away(new_person, cable: Cable, group_id) -> None:
    ada, grace, edsger = new_person("Ada", cable=cable), new_person("Grace"), new_person("Edsger")
    for person in (ada, grace, edsger):
        person.do("join", groupId=group_id)
    grace.waits_for_people(ada.id, edsger.id)
    ada.waits_for_people(grace.id, edsger.id)
    before = ada.call
    cable.pull()
    eventually(lambda: grace.roster().get(ada.id) == "Reconnecting", "Grace is told that Ada is reconnecting")
    grace.sees(edsger.id)
    edsger.sees(grace.id)
    cable.plug()
    ada.waits_for_people(grace.id, edsger.id)
    grace.waits_for_people(ada.id, edsger.id)
    assert ada.call["participantId"] == before["participantId"]
    assert not grace.log("participantRemoved")
    ada.sees(edsger.id)
    edsger.sees(ada.id)


def test_a_call_that_rings_goes_on_ringing_after_a_lost_connection(new_person, cable: Cable) -> None:
    ada, grace = new_person("Ada"), new_person("Grace", cable=cable)
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    cable.pull()
    eventually(lambda: grace.snapshot()["connectionState"] == "Disconnected", "Grace's agent knows that it is offline")
    cable.plug()
    eventually(lambda: grace.snapshot()["connectionState"] == "Connected", "Grace's agent is connected again")
    grace.do("accept")
    ada.waits_for_people(grace.id)
    ada.sees(grace.id)
    grace.sees(ada.id)
