"""Firefox without H.264 in a group with Chromium: VP8 for both, asked for by the server, sound both ways."""

from rig.firefox import VOICE_HZ
from rig.polling import eventually


def test_firefox_and_chromium_share_a_group(new_person, firefox_person, group_id) -> None:
    ada, barbara = new_person("Ada"), firefox_person
    ada.do("join", groupId=group_id)
    barbara.do("join", groupId=group_id)
    ada.waits_for_people(barbara.id)
    barbara.waits_for_people(ada.id)

    ada.sees(barbara.id)
    assert ada.view_of(barbara.id)["codec"] == "video/VP8"
    ada.hears_tones(VOICE_HZ)
    barbara.hears_somebody()  # without a sound card Firefox runs no analyser; there is only Ada to be heard

    # Ada sends H.264 until the server asks for VP8, which both can decode: then Barbara sees her.
    eventually(lambda: barbara.frames_of(ada.id) > 10, "Barbara sees Ada")


def test_firefox_calls_chromium(new_person, firefox_person) -> None:
    ada, barbara = new_person("Ada"), firefox_person
    barbara.do("start", users=[ada.id])
    ada.waits_for_ring(barbara)
    ada.do("accept")
    ada.waits_for_people(barbara.id)
    barbara.waits_for_people(ada.id)
    ada.sees(barbara.id)
    ada.hears_somebody()
    barbara.hears_somebody()
    barbara.do("hangUp")
    assert barbara.waits_for_end() == (0, 0)
    ada.waits_for_end()
