"""Calls between two people: from the ring to the end, with picture and sound."""

import pytest

from rig.media import VOICES_HZ
from rig.person import Person
from rig.polling import eventually

DECLINED = (603, 0)
CANCELLED = (487, 0)
ANSWERED_ELSEWHERE = (487, 10003)
NO_ENDPOINT = (480, 10037)


def connect(caller: Person, callee: Person) -> None:
    caller.do("start", users=[callee.id])
    callee.waits_for_ring(caller)
    callee.do("accept")
    caller.waits_for_state("Connected")
    callee.waits_for_state("Connected")


def test_both_see_and_hear_each_other(new_person, browser_of) -> None:
    ada = new_person("Ada", browser=browser_of("ada"))
    grace = new_person("Grace", browser=browser_of("grace"))

    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    ada.waits_for_state("Ringing")
    grace.do("accept")
    ada.waits_for_state("Connected")
    grace.waits_for_state("Connected")

    ada.waits_for_people(grace.id)
    grace.waits_for_people(ada.id)
    assert ada.call["id"] == grace.call["id"]
    assert (ada.call["direction"], grace.call["direction"]) == ("Outgoing", "Incoming")
    ada.sees(grace.id, frames=30)
    grace.sees(ada.id, frames=30)
    ada.hears_tones(VOICES_HZ["grace"])
    grace.hears_tones(VOICES_HZ["ada"])
    assert ada.view_of(grace.id)["codec"] == "video/H264"
    assert grace.view_of(ada.id)["codec"] == "video/H264"

    ada.do("hangUp")
    assert ada.waits_for_end() == (0, 0)
    code, _ = grace.waits_for_end()
    assert code == 0


def test_rejected_call_ends_with_declined(new_person) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    grace.do("reject")
    assert ada.waits_for_end() == DECLINED


def test_busy_callee_is_said_to_be_busy(new_person) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    grace.do("reject", reason="busy")
    assert ada.waits_for_end() == (486, 0)


def test_cancelled_call_stops_ringing(new_person) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    ada.do("hangUp")
    ended = eventually(lambda: grace.log("incomingCallEnded"), "the ring stops")
    assert (ended[0]["reason"]["code"], ended[0]["reason"]["subCode"]) == CANCELLED


def test_somebody_without_an_app_cannot_be_reached(new_person, server) -> None:
    ada = new_person("Ada")
    absent = server.identity.create()
    ada.do("start", users=[absent.user_id])
    assert ada.waits_for_end() == NO_ENDPOINT


def test_unknown_user_is_refused_with_a_reason(new_person) -> None:
    ada = new_person("Ada")
    ada.do("start", users=["8:acs:00000000-0000-0000-0000-000000000000_nobody"])
    assert ada.waits_for_end()[0] == 404
    assert ada.call["endReason"]["message"]


def test_all_devices_ring_and_the_first_to_accept_wins(new_person) -> None:
    ada = new_person("Ada")
    desk = new_person("Grace at her desk")
    phone = new_person("Grace on her way", account=desk.account)

    ada.do("start", users=[desk.id])
    desk.waits_for_ring(ada)
    phone.waits_for_ring(ada)
    phone.do("accept")
    phone.waits_for_state("Connected")
    ended = eventually(lambda: desk.log("incomingCallEnded"), "the other device stops ringing")
    assert (ended[0]["reason"]["code"], ended[0]["reason"]["subCode"]) == ANSWERED_ELSEWHERE
    with pytest.raises(Exception, match="41006"):
        desk.do("accept")
    ada.waits_for_people(desk.id)
    ada.sees(phone.id)


def test_revoked_token_ends_the_call(new_person, server) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    connect(ada, grace)
    server.identity.revoke(grace.id)
    assert grace.waits_for_end() == (401, 10009)
    ada.waits_for_state("Disconnected")
