"""What people do during a call: mute, camera, hold, screen."""

import pytest

from rig.person import SCREEN, Person
from rig.polling import eventually


@pytest.fixture
def pair(new_person) -> tuple[Person, Person]:
    """Ada and Grace in a call, each seeing the other."""
    ada, grace = new_person("Ada"), new_person("Grace")
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    grace.do("accept")
    ada.waits_for_people(grace.id)
    grace.waits_for_people(ada.id)
    ada.sees(grace.id)
    grace.sees(ada.id)
    return ada, grace


def test_muting_silences_and_unmuting_brings_the_voice_back(pair) -> None:
    ada, grace = pair
    grace.hears_somebody()
    ada.do("mute")
    eventually(lambda: grace.sees_in_roster(ada.id)["isMuted"], "Grace is told that Ada is muted")
    assert ada.call["isMuted"]
    grace.hears_nobody()
    ada.hears_somebody()

    ada.do("unmute")
    eventually(lambda: not grace.sees_in_roster(ada.id)["isMuted"], "Grace is told that Ada is back")
    grace.hears_somebody()


def test_muting_somebody_else(pair) -> None:
    ada, grace = pair
    grace.hears_somebody()
    grace.do("muteRemote", user=ada.id)
    eventually(lambda: ada.call["isMuted"], "Ada is muted")
    eventually(lambda: ada.log("mutedByOthers"), "Ada is told that it was somebody else")
    grace.hears_nobody()
    ada.do("unmute")
    grace.hears_somebody()


def test_camera_off_and_on(pair) -> None:
    ada, grace = pair

    def camera_of_ada() -> bool:
        streams = grace.sees_in_roster(ada.id)["streams"]
        return any(stream["type"] == "Video" and stream["isAvailable"] for stream in streams)

    ada.do("stopVideo")
    eventually(lambda: not camera_of_ada(), "Grace's app is told that the camera is off")
    ada.sees(grace.id)
    ada.do("startVideo")
    eventually(camera_of_ada, "Grace's app is told that the camera is on")
    grace.sees(ada.id)


def test_hold_and_resume(pair) -> None:
    ada, grace = pair
    ada.do("hold")
    ada.waits_for_state("LocalHold")
    grace.waits_for_state("RemoteHold")
    grace.hears_nobody()
    ada.hears_nobody()
    grace.sees_no_more(ada.id)

    ada.do("resume")
    ada.waits_for_state("Connected")
    grace.waits_for_state("Connected")
    grace.hears_somebody()
    grace.sees(ada.id)
    ada.sees(grace.id)


def test_shared_screen_is_seen_beside_the_camera(pair) -> None:
    ada, grace = pair
    ada.page.click()
    ada.do("startScreenSharing")
    assert ada.call["isScreenSharingOn"]
    eventually(lambda: grace.view_of(ada.id, SCREEN), "Grace's app shows the shared screen")
    grace.sees(ada.id, SCREEN, frames=5)
    grace.sees(ada.id)
    screen = grace.view_of(ada.id, SCREEN)
    assert screen["width"] > 320, f"the shared screen is larger than the camera picture: {screen}"

    ada.do("stopScreenSharing")
    eventually(lambda: not grace.view_of(ada.id, SCREEN), "Grace's app removes the shared screen")
    grace.sees(ada.id)
