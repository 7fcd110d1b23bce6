"""The server as a process: its command line, its stop and its restart."""

import json

from rig.identity import Account
from rig.person import Person
from rig.polling import eventually
from rig.server import Server, run_binary, wait_for_port_to_close


def in_a_call(new_person, server: Server) -> tuple[Person, Person]:
    ada, grace = new_person("Ada", at=server), new_person("Grace", at=server)
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)
    grace.do("accept")
    ada.waits_for_people(grace.id)
    ada.sees(grace.id)
    return ada, grace


def test_clean_stop_tells_the_clients(new_person, own_server: Server) -> None:
    ada, grace = in_a_call(new_person, own_server)
    assert own_server.stop() == 0, own_server.log_tail()
    for person in (ada, grace):
        closing = eventually(lambda: person.log("serverClosing"), f"{person} is told that the server stops")
        assert closing[0]["reason"]


def test_crash_and_restart_end_the_call_with_a_reason(new_person, own_server: Server) -> None:
    ada, grace = in_a_call(new_person, own_server)
    own_server.kill()
    wait_for_port_to_close(own_server.http_port)
    own_server.start()
    for person in (ada, grace):
        code, _ = person.waits_for_end()
        assert code >= 400, f"{person} is told that the call failed"
        assert person.call["endReason"]["message"]

    # Users and tokens outlive the restart; the same people can call each other again.
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)


def test_user_create_prints_a_user_that_can_call(new_person, server: Server) -> None:
    made = run_binary("user", "create", "--scopes", "voip", "--display-name", "Ada", "--data", str(server.data))
    assert made.returncode == 0, made.stderr
    user = json.loads(made.stdout)
    assert user["id"].startswith("8:acs:")
    ada = new_person("Ada", account=Account(user["id"], user["token"]))
    grace = new_person("Grace")
    ada.do("start", users=[grace.id])
    grace.waits_for_ring(ada)


def test_version_is_one_line(binary) -> None:
    answer = run_binary("version")
    assert answer.returncode == 0
    assert len(answer.stdout.strip().splitlines()) == 1


def test_unknown_setting_stops_the_start(binary, tmp_path) -> None:
    answer = run_binary("serve", "--data", str(tmp_path / "data"), "--media-port", "seventy")
    assert answer.returncode != 0
    assert "media-port" in answer.stderr and "seventy" in answer.stderr


def test_metrics_are_prometheus_text(server: Server) -> None:
    samples = [line for line in server.metrics().splitlines() if line and not line.startswith("#")]
    assert samples
    for line in samples:
        float(line.rsplit(" ", 1)[1])
