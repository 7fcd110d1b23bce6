"""A client that only knows docs/protocol.md, in a group with a browser."""

from rig.plain_client import HEIGHT, WIDTH, PlainClient
from rig.polling import eventually, grows


def test_plain_client_and_chromium_share_a_group(new_person, plain_client: PlainClient, group_id) -> None:
    ada = new_person("Ada")
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")

    snapshot = plain_client.join(group_id)
    assert snapshot["kind"] == "group"
    assert [entry["userId"] for entry in snapshot["participants"]] == [ada.id]
    eventually(lambda: plain_client.connection_state == "connected", "the plain client's DTLS is up")
    ada.waits_for_people(plain_client.account.user_id)

    plain_client.watch(snapshot["participants"][0]["participantId"])
    grows(lambda: plain_client.frames["video"], 20, "H.264 frames that the plain client decodes")
    grows(lambda: plain_client.audio_energy, 0.01, "audio energy at the plain client")
    ada.sees(plain_client.account.user_id, frames=20)
    ada.hears_somebody()
    assert ada.view_of(plain_client.account.user_id)["width"] == WIDTH
    assert plain_client.picture_size == (WIDTH, HEIGHT)


def test_errors_say_why_and_the_connection_survives(plain_client: PlainClient) -> None:
    def error_of(kind: str, **members: object) -> dict:
        answer = plain_client.request(kind, **members)
        assert answer["type"] == "error", answer
        assert answer["error"]["message"]
        return answer["error"]

    assert error_of("call.dance")["reason"] == "unknownType"
    unknown_call = "00000000-0000-4000-8000-000000000000"
    missing = error_of("call.hangUp", callId=unknown_call, forEveryone=False)
    assert (missing["reason"], missing["code"], missing["target"]) == ("callNotFound", 404, unknown_call)
    assert error_of("call.hangUp")["reason"] == "malformedMessage"
    assert error_of("call.start", targets=[])["reason"] == "invalidTarget"
    assert error_of("call.start", targets=[plain_client.account.user_id])["reason"] == "invalidTarget"
    assert error_of("token", token="not.a.token")["reason"] == "unauthorized"
