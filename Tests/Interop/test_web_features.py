"""Features of the web library that need real browsers: what everybody sees, and what is measured."""

from rig.person import CAMERA, SCREEN
from rig.polling import eventually

# The voice of the test is loud; comfort noise and silence stay far below.
LEVEL_OF_A_VOICE = 20


def sees_marks(person, hands=(), spotlight=()) -> None:
    expected = {
        kind: [[other.id, order] for order, other in enumerate(people, 1)]
        for kind, people in (("hands", hands), ("spotlight", spotlight))
    }
    eventually(lambda: person.do("marks") == expected, f"{person} sees {expected}, and not {person.do('marks')}")


def test_every_feature_is_there(new_person, group_id) -> None:
    ada = new_person("Ada")
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")
    eventually(lambda: ada.call["isLocalVideoStarted"], "the camera of Ada runs")
    features = ada.do("allFeatures")
    assert len(features) == 27
    assert features == {name: name for name in features}


def test_hands_spotlight_and_reactions_reach_everybody_and_who_comes_later(new_person, group_id) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    for person in (ada, grace):
        person.do("join", groupId=group_id, camera=False)
    ada.waits_for_people(grace.id)
    grace.waits_for_people(ada.id)
    for person in (ada, grace):
        person.do("hearSignals")

    grace.do("raiseHand")
    ada.do("raiseHand")
    ada.do("spotlight", users=[grace.id])
    for person in (ada, grace):
        sees_marks(person, hands=(grace, ada), spotlight=(grace,))
    assert [entry["user"] for entry in ada.log("handRaised")] == [grace.id, ada.id]

    grace.do("react", reaction="heart")
    for person in (ada, grace):
        eventually(lambda person=person: person.log("reaction"), f"{person} sees the heart")
        assert person.log("reaction")[0]["user"] == grace.id
        assert person.log("reaction")[0]["reaction"] == "heart"

    edsger = new_person("Edsger")
    edsger.do("join", groupId=group_id, camera=False)
    edsger.waits_for_people(ada.id, grace.id)
    sees_marks(edsger, hands=(grace, ada), spotlight=(grace,))

    # A connection that is cut and made again forgets nothing, on either side.
    grace.do("cutSockets")
    eventually(lambda: grace.log("connectionState")[-1:] and grace.snapshot()["connectionState"] == "Connected", "Grace is back")
    edsger.do("spotlight")
    for person in (ada, grace, edsger):
        sees_marks(person, hands=(grace, ada), spotlight=(grace, edsger))

    edsger.do("lowerAllHands")
    grace.do("hangUp")
    for person in (ada, edsger):
        sees_marks(person, spotlight=(edsger,))
    eventually(lambda: len(ada.log("handLowered")) == 2, "Ada is told of both hands")


def test_the_callers_app_tells_the_callees(new_person) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    context = {"userToUser": "order 4711", "voipHeaders": [{"key": "queue", "value": "billing"}]}
    ada.do("startWithContext", users=[grace.id], customContext=context)
    grace.waits_for_ring(ada)
    received = grace.do("incomingContext")
    assert received["userToUser"] == context["userToUser"]
    assert received["voipHeaders"] == context["voipHeaders"]
    ada.do("hangUp")


def test_a_microphone_that_no_call_uses_is_measured(new_person) -> None:
    ada = new_person("Ada")
    assert ada.do("microphoneLevel") > LEVEL_OF_A_VOICE


def test_people_devices_and_streams_are_told_apart(new_person, group_id) -> None:
    grace = new_person("Grace")
    first = new_person("Ada")
    second = new_person("Ada", account=first.account)
    for person in (grace, first, second):
        person.do("join", groupId=group_id)
    eventually(lambda: len(grace.call["participants"]) == 2, "Grace sees both devices of Ada")
    first.page.click()
    first.do("startScreenSharing")
    grace.sees(first.id, SCREEN)
    grace.sees(first.id, CAMERA)
    eventually(lambda: len(grace.do("facts")["streams"]) == 3, "two cameras and a screen")
    facts = grace.do("facts")
    assert facts["kinds"] == ["communicationUser"] * 2
    assert len(set(facts["streams"])) == 3
    assert len(set(facts["devices"])) == 2
    assert facts["optimalVideoCount"] >= 1
    assert sorted(first.do("facts")["sources"]) == ["ScreenSharing", "UsbCamera"]


def test_another_tab_of_the_browser_is_known_while_it_lives(new_person, server) -> None:
    ada = new_person("Ada")
    assert ada.do("isInAnotherTab") is False
    copy = ada.page.duplicate()
    ada_again = new_person("Grace")  # another context, which shares nothing
    copy.person("signIn", {"server": server.origin, "token": ada_again.account.token, "displayName": "Copy"})
    eventually(lambda: ada.do("isInAnotherTab"), "Ada knows of the other tab")
    assert copy.person("isInAnotherTab", {}) is True
    copy.page.close()
    eventually(lambda: not ada.do("isInAnotherTab"), "Ada knows that it is gone")
    assert ada_again.do("isInAnotherTab") is False


def test_speech_into_a_closed_microphone_and_a_lost_path_are_noticed(new_person, group_id, cable) -> None:
    ada, grace = new_person("Ada", cable=cable), new_person("Grace")
    for person in (ada, grace):
        person.do("join", groupId=group_id)
    ada.waits_for_people(grace.id)
    ada.sees(grace.id)
    ada.do("hearSignals")
    ada.do("mute")

    def found(diagnostic: str) -> list:
        return [entry["value"] for entry in ada.log("diagnostic") if entry["diagnostic"] == diagnostic]

    eventually(lambda: found("speakingWhileMicrophoneIsMuted")[:1] == [True], "speech is noticed")
    ada.do("unmute")
    eventually(lambda: found("speakingWhileMicrophoneIsMuted")[-1] is False, "and is over")
    cable.pull()
    eventually(lambda: 2 in found("networkReconnect"), "the cut is noticed")
    cable.plug()
    eventually(lambda: found("networkReconnect")[-1] == 1, "and is over")
