"""GStreamer publishes into a group call by WHIP and watches one by WHEP."""

from collections.abc import Callable, Iterator

import pytest

from rig import media
from rig.gstreamer import PUBLISHED_HERTZ, PUBLISHED_SIZE, GStreamerPeer
from rig.person import ENERGY_OF_A_VOICE
from rig.polling import eventually, grows
from rig.server import Server


@pytest.fixture
def gstreamer(server: Server) -> Iterator[Callable[..., GStreamerPeer]]:
    """Starts publishers (`whip`) and viewers (`whep`), each a user of its own."""
    started: list[GStreamerPeer] = []

    def start(
        direction: str, group_id: str, variables: dict[str, str] | None = None, **query: str
    ) -> GStreamerPeer:
        account = server.identity.create(("voip.join",))
        started.append(GStreamerPeer(server.origin, account, direction, group_id, variables, **query))
        return started[-1]

    yield start
    for peer in started:
        peer.close()


def decodes(viewer: GStreamerPeer, size: tuple[int, int]) -> None:
    """Waits until picture and sound come out of the viewer's decoders."""
    grows(lambda: viewer.frames("video"), 20, "H.264 frames that GStreamer decodes")
    grows(lambda: viewer.frames("audio"), 20, "Opus frames that GStreamer decodes")
    grows(lambda: viewer.audio_energy, ENERGY_OF_A_VOICE, "audio energy at GStreamer")
    eventually(lambda: viewer.picture_size == size, f"GStreamer's picture measures {size}")


def test_chromium_sees_and_hears_a_gstreamer_publisher(new_person, gstreamer, group_id) -> None:
    studio = gstreamer("whip", group_id, displayName="Studio A")
    eventually(lambda: studio.connection_state == "connected", "the publisher's DTLS is up")

    # The publisher's only keyframe of its own accord is past: she sees one that the server asked for.
    ada = new_person("Ada")
    ada.do("join", groupId=group_id)
    ada.waits_for_people(studio.account.user_id)
    ada.sees(studio.account.user_id, frames=20)
    ada.hears_tones(PUBLISHED_HERTZ)
    view = ada.view_of(studio.account.user_id)
    assert view is not None and (view["width"], view["height"]) == PUBLISHED_SIZE

    assert studio.leave() == 200
    ada.waits_for_people()


def test_who_comes_late_sees_a_publisher_that_sent_its_parameter_sets_once(new_person, gstreamer, group_id) -> None:
    camera = gstreamer("whip", group_id, {"PARAMETER_SETS": "once"})
    eventually(lambda: camera.connection_state == "connected", "the publisher's DTLS is up")
    for name in ("Ada", "Grace"):
        person = new_person(name)
        person.do("join", groupId=group_id)
        person.sees(camera.account.user_id, frames=20)
    assert camera.leave() == 200


def test_a_gstreamer_viewer_decodes_chromium(new_person, gstreamer, group_id) -> None:
    ada = new_person("Ada")
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")

    # This viewer never asks for a keyframe, so the first one must not be sent before DTLS is up.
    wall = gstreamer("whep", group_id, displayName="Wall")
    ada.waits_for_people(wall.account.user_id)
    decodes(wall, (media.WIDTH, media.HEIGHT))

    assert wall.leave() == 200
    ada.waits_for_people()


def test_a_gstreamer_viewer_that_came_first_decodes_a_gstreamer_publisher(gstreamer, group_id) -> None:
    wall = gstreamer("whep", group_id)
    eventually(lambda: wall.connection_state == "connected", "the viewer's DTLS is up")
    studio = gstreamer("whip", group_id)
    decodes(wall, PUBLISHED_SIZE)
    assert studio.leave() == 200
    assert wall.leave() == 200
