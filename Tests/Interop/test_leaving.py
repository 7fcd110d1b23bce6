"""Pages that are loaded anew or closed leave nobody behind: by the goodbye, by the beacon, by the next page of the tab."""

import pytest
from rig.polling import eventually

# A session that is lost and not ended stays for 60 seconds; whoever is gone sooner has been ended.
AT_ONCE_SECONDS = 20


def sign_in(person, server) -> None:
    person.do("signIn", server=server.origin, token=person.account.token, displayName=person.name, mediaPorts={})


def test_who_loads_the_page_anew_is_there_once(new_person, firefox_person, server, group_id) -> None:
    for guest in (new_person("Grace"), firefox_person):
        ada = new_person("Ada")
        ada.do("join", groupId=group_id, camera=False)
        guest.do("join", groupId=group_id, camera=False)
        ada.waits_for_people(guest.id)
        guest.page.reload()
        eventually(lambda ada=ada: ada.roster() == {}, f"{guest} is gone", AT_ONCE_SECONDS)
        sign_in(guest, server)
        guest.do("join", groupId=group_id, camera=False)
        ada.waits_for_people(guest.id)
        assert len(ada.call["participants"]) == 1
        guest.do("hangUp")
        ada.do("hangUp")


@pytest.mark.parametrize("gagged", ["socket", "beacon and socket"])
def test_a_goodbye_that_does_not_get_out_is_made_good(new_person, server, group_id, gagged) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    for person in (ada, grace):
        person.do("join", groupId=group_id, camera=False)
    ada.waits_for_people(grace.id)
    grace.do("gag", socket=True, beacon="beacon" in gagged)
    grace.page.reload()
    if "beacon" in gagged:
        # Nobody has heard that the page is gone; the next page of the tab ends what it left behind.
        sign_in(grace, server)
    eventually(lambda: ada.roster() == {}, "Grace is gone", AT_ONCE_SECONDS)


def test_a_duplicated_tab_does_not_end_the_call_of_the_original(new_person, server, group_id) -> None:
    ada, grace = new_person("Ada"), new_person("Grace")
    for person in (ada, grace):
        person.do("join", groupId=group_id)
    ada.waits_for_people(grace.id)
    copy = grace.page.duplicate()
    arguments = {"server": server.origin, "token": grace.account.token, "displayName": "Copy", "mediaPorts": {}}
    copy.person("signIn", arguments)
    copy.person("join", {"groupId": group_id, "camera": False})
    eventually(lambda: len(ada.call["participants"]) == 2, "Ada sees both tabs")
    ada.sees(grace.id)
    assert grace.state == "Connected"
