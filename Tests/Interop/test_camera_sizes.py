"""Whatever the size of a camera, those who look at it get the whole picture, at its full rate."""

import pytest

from rig import chromium
from rig.polling import eventually

# Landscape and portrait, from the smallest webcam to 1080p; each follows the one before in the same call. Browsers send
# one, two or three layers of these.
SIZES = [
    (640, 480), (160, 120), (640, 360), (320, 180), (320, 240), (480, 270), (424, 240), (800, 600), (960, 540),
    (1280, 720), (360, 640), (480, 640), (240, 320), (720, 1280), (1920, 1080), (176, 144),
]
# On a machine that is short of cores a browser makes pictures smaller by itself, which is not what this is about.
KEEP_RESOLUTION = """() => {
    const setParameters = RTCRtpSender.prototype.setParameters;
    RTCRtpSender.prototype.setParameters = function (parameters) {
        if (this.track?.kind === "video") parameters.degradationPreference = "maintain-resolution";
        return setParameters.call(this, parameters);
    };
}"""
# Layers begin one after the other, and a machine under load takes its time.
PATIENCE_SECONDS = 90.0
PICTURES = 12


def looks_at_large_pictures(viewer) -> None:
    """Only what is on the screen counts as seen."""
    assert isinstance(viewer.page, chromium.ChromiumPage)
    viewer.page.page.set_viewport_size({"width": 1960, "height": 1960})
    viewer.do("showAt", width=1920, height=1920)


def shows(viewer, sender, size: tuple[int, int]) -> None:
    """Waits until the viewer decodes a dozen pictures of the sender in a row in this size."""
    seen: list[tuple[int, int] | None] = []
    began: list[int] = []

    def is_steady() -> bool:
        view = viewer.view_of(sender.id)
        seen.append((view["width"], view["height"]) if view else None)
        if seen[-1] != size:
            began.clear()
            return False
        began.append(view["frames"])
        return began[-1] - began[0] >= PICTURES

    try:
        eventually(is_steady, f"{viewer} sees {size}", PATIENCE_SECONDS)
    except AssertionError:
        raise AssertionError(f"{viewer} does not go on seeing {size}, but {seen[-5:]}") from None


def test_every_size_of_camera_is_seen_whole_in_chromium(new_person, group_id) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    assert isinstance(ada.page, chromium.ChromiumPage)
    ada.page.page.evaluate(KEEP_RESOLUTION)
    ada.do("join", groupId=group_id, camera=False)
    grace.do("join", groupId=group_id, camera=False)
    looks_at_large_pictures(grace)
    grace.waits_for_people(ada.id)
    for width, height in SIZES:
        ada.do("sendSize", width=width, height=height)
        shows(grace, ada, (width, height))


@pytest.mark.parametrize("size", [(640, 480), (320, 240)])
def test_a_call_that_begins_with_a_small_camera(new_person, group_id, size) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    grace.do("join", groupId=group_id, camera=False)
    grace.do("showAt", width=1280, height=960)
    ada.do("join", groupId=group_id, camera=False)
    ada.do("sendSize", width=size[0], height=size[1], rate=30)
    shows(grace, ada, size)


def test_every_size_of_camera_is_seen_whole_from_firefox(new_person, firefox_person, group_id) -> None:
    grace, barbara = new_person("Grace"), firefox_person
    barbara.do("join", groupId=group_id, camera=False)
    grace.do("join", groupId=group_id, camera=False)
    looks_at_large_pictures(grace)
    grace.waits_for_people(barbara.id)
    for width, height in SIZES:
        barbara.do("sendSize", width=width, height=height)
        shows(grace, barbara, (width, height))
