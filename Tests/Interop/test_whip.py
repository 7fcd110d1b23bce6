"""Publishing into a group call and watching it by WHIP and WHEP."""

import json
from collections.abc import Callable, Iterator

import pytest

from rig import media
from rig.plain_client import HEIGHT, WIDTH
from rig.polling import eventually, grows, stops_growing
from rig.server import Server
from rig.whip import SDP, StreamClient, http


@pytest.fixture
def stream_client(server: Server) -> Iterator[Callable[[str], StreamClient]]:
    """Makes publishers (`whip`) and viewers (`whep`), each a user of its own."""
    clients: list[StreamClient] = []

    def make(direction: str) -> StreamClient:
        clients.append(StreamClient(server.origin, server.identity.create(("voip.join",)), direction))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def test_a_publisher_is_seen_and_heard_in_chromium(new_person, stream_client, group_id) -> None:
    ada = new_person("Ada")
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")

    studio = stream_client("whip").open(group_id, displayName="Studio A")
    eventually(lambda: studio.connection_state == "connected", "the publisher's DTLS is up")
    ada.waits_for_people(studio.account.user_id)
    ada.sees(studio.account.user_id, frames=20)
    ada.hears_somebody()
    assert ada.view_of(studio.account.user_id)["width"] == WIDTH

    assert studio.delete().status == 200
    ada.waits_for_people()
    assert studio.delete().status == 404


def test_a_viewer_decodes_chromium(new_person, stream_client, group_id) -> None:
    ada = new_person("Ada")
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")
    wall = stream_client("whep").open(group_id, displayName="Wall")
    ada.waits_for_people(wall.account.user_id)
    grows(lambda: wall.frames["video"], 20, "frames that the viewer decodes")
    grows(lambda: wall.audio_energy, 0.01, "audio energy at the viewer")
    assert wall.picture_size == (media.WIDTH, media.HEIGHT)
    assert wall.delete().status == 200
    ada.waits_for_people()


def test_a_viewer_decodes_a_publisher_and_follows_the_stage(stream_client, group_id) -> None:
    wall = stream_client("whep").open(group_id)
    first = stream_client("whip").open(group_id)
    grows(lambda: wall.frames["video"], 20, "frames that the viewer decodes")
    grows(lambda: wall.audio_energy, 0.01, "audio energy at the viewer")
    assert wall.picture_size == (WIDTH, HEIGHT)

    # Nobody else has a camera on: the picture stops with its owner and goes on with the next.
    assert first.delete().status == 200
    stops_growing(lambda: wall.frames["video"], 0, "frames that the viewer decodes")
    stream_client("whip").open(group_id)
    grows(lambda: wall.frames["video"], 20, "frames that the viewer decodes of another publisher")


def test_a_pinned_viewer_sees_nobody_else(stream_client, group_id) -> None:
    first, second = stream_client("whip"), stream_client("whip")
    wall = stream_client("whep").open(group_id, participant=second.account.user_id)
    first.open(group_id)
    grows(lambda: wall.audio_energy, 0.01, "audio energy at the viewer")
    assert wall.frames["video"] == 0
    second.open(group_id)
    grows(lambda: wall.frames["video"], 20, "frames that the viewer decodes")


def test_trickling_and_restarting_ice(stream_client, group_id) -> None:
    studio = stream_client("whip").open(group_id)
    eventually(lambda: studio.connection_state == "connected", "the publisher's DTLS is up")
    tag = studio.entity_tag
    assert studio.patch("m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\na=end-of-candidates\r\n", tag).status == 204
    assert studio.patch("a=end-of-candidates\r\n", '"another"').status == 412

    fragment = "a=ice-ufrag:newufrag\r\na=ice-pwd:newpasswordnewpasswordnew\r\n"
    restarted = studio.patch(fragment, "*")
    assert restarted.status == 200, restarted
    assert restarted.headers["ETag"] != tag
    lines = restarted.text.split("\r\n")
    assert "a=ice-lite" in lines
    assert any(line.startswith("a=candidate:") for line in lines)
    credentials = [line for line in lines if line.startswith(("a=ice-ufrag:", "a=ice-pwd:"))]
    assert credentials and not any(line in studio.opened.text.split("\r\n") for line in credentials)


def test_offers_as_other_programs_write_them(stream_client, server: Server, group_id) -> None:
    """Each is a browser's offer but for what one program leaves out or writes in its own way; see SDPTests."""
    client = stream_client("whip")
    url = f"{server.origin}/switchboard/v1/whip/{group_id}"

    def lines(text: str, *without: str) -> str:
        return "".join(f"{line}\r\n" for line in text.splitlines() if not line.startswith(without))

    head = "v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nt=0 0\na=group:BUNDLE 0 1\n"
    transport = (
        "a=ice-ufrag:ab-d_f=#\na=ice-pwd:ENdIHAA1ZaGEMLUx3zAm-_=#\na=setup:actpass\na=rtcp-mux\n"
        f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\n"
    )
    audio = f"m=audio 9 UDP/TLS/RTP/SAVPF 96\na=mid:0\na=sendonly\na=rtpmap:96 OPUS/48000\n{transport}"
    video = (
        "m=video 9 UDP/TLS/RTP/SAVPF 97\na=mid:1\na=sendonly\na=rtpmap:97 H264/90000\n"
        f"a=fmtp:97 packetization-mode=1;profile-level-id=42e01f\n{transport}"
    )

    def post(offer: str, query: str = "") -> tuple[int, str]:
        answer = http(
            "POST", url + query, offer, Content_Type=SDP, Authorization=f"Bearer {client.account.token}"
        )
        if answer.status == 201:
            location = f"{server.origin}{answer.headers['Location']}"
            http("DELETE", location, None, Authorization=f"Bearer {client.account.token}")
        return answer.status, answer.text

    status, answer = post(lines(head + audio + video))
    assert status == 201, answer
    assert "a=rtpmap:96 OPUS/48000\r\n" in answer
    # The second line says nothing of the transport.
    bare = lines(video, "a=ice", "a=setup", "a=rtcp-mux", "a=fingerprint")
    assert post(lines(head + audio) + bare)[0] == 201
    # One line, without mid and group; and one with a long mid, under the profile of RTP without keys.
    assert post(lines(head + audio, "a=group", "a=mid"))[0] == 201
    long = (head + audio).replace("BUNDLE 0 1", f"BUNDLE {'m' * 33}").replace("a=mid:0", f"a=mid:{'m' * 33}")
    assert post(lines(long.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")))[0] == 201

    silent = lines(head + audio.replace("96 OPUS/48000", "96 PCMA/8000") + video)
    status, problem = post(silent)
    assert status == 422
    assert [line["mid"] for line in json.loads(problem)["lines"]] == ["0"]
    status, answer = post(silent, "?partial=true")
    assert status == 201
    assert "m=audio 0 " in answer


@pytest.mark.parametrize(("direction", "ending"), [("whip", "connection"), ("whep", "connection"), ("whip", "tab")])
def test_a_closed_page_leaves_the_roster_soon(server: Server, new_person, group_id, direction, ending) -> None:
    """Without a DELETE. Chromium says goodbye when the connection is closed, and nothing when the tab is; then consent
    ends after 30 seconds. Both take less than the 70 seconds of people who may come back."""
    ada, grace = new_person("Ada"), new_person("Grace", sign_in=False)
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")
    page = grace.page.page.context.new_page()
    page.goto(grace.page.page.url)
    page.evaluate(
        """async ([url, token, direction]) => {
            const connection = (window.connection = new RTCPeerConnection());
            if (direction === "whip") {
                const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
                for (const track of stream.getTracks()) connection.addTransceiver(track, { direction: "sendonly" });
            } else {
                for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction: "recvonly" });
            }
            await connection.setLocalDescription();
            const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" };
            const answer = await fetch(url, { method: "POST", headers, body: connection.localDescription.sdp });
            if (answer.status !== 201) throw new Error(await answer.text());
            await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
        }""",
        [f"{server.origin}/switchboard/v1/{direction}/{group_id}", grace.account.token, direction],
    )
    ada.waits_for_people(grace.id)
    eventually(lambda: page.evaluate("connection.connectionState") == "connected", "the tab's DTLS is up")
    if ending == "connection":
        page.evaluate("connection.close()")
        ada.waits_for_people()
    else:
        page.close()
        eventually(lambda: grace.id not in ada.roster(), "the tab's session has left", within=50)


def test_refusals_are_problem_details(server: Server, stream_client, group_id) -> None:
    url = f"{server.origin}/switchboard/v1/whip/{group_id}"
    token = f"Bearer {stream_client('whip').account.token}"

    def problem(**request) -> tuple[int, str]:
        answer = http(request.pop("method", "POST"), request.pop("url", url), request.pop("body", ""), **request)
        assert answer.headers["Content-Type"] == "application/problem+json", answer
        body = json.loads(answer.text)
        assert body["status"] == answer.status and body["detail"] and body["title"] and body["instance"]
        return answer.status, body["type"].removeprefix("urn:switchboard:problem:")

    assert problem(Content_Type=SDP) == (401, "unauthorized")
    assert problem(Content_Type=SDP, Authorization="Bearer x.y.z") == (401, "unauthorized")
    assert problem(Content_Type="text/plain", Authorization=token) == (415, "unsupportedMediaType")
    assert problem(Content_Type=SDP, Authorization=token, body="hello") == (400, "malformedOffer")
    assert problem(Content_Type=SDP, Authorization=token, body="v" * 300_000) == (413, "bodyTooLarge")
    assert problem(method="DELETE", url=f"{url}/0123", body=None, Authorization=token) == (404, "sessionNotFound")
    assert problem(method="GET", body=None, Authorization=token) == (405, "methodNotAllowed")


def test_a_page_publishes_watches_and_restarts_ice_with_nothing_but_fetch(server: Server, new_person, group_id) -> None:
    ada, grace = new_person("Ada"), new_person("Grace", sign_in=False)
    ada.do("join", groupId=group_id)
    ada.waits_for_state("Connected")
    script = """async ([url, token, direction]) => {
        const connection = new RTCPeerConnection();
        if (direction === "whip") {
            const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
            for (const track of stream.getTracks()) connection.addTransceiver(track, { direction: "sendonly" });
        } else {
            for (const kind of ["audio", "video"]) connection.addTransceiver(kind, { direction: "recvonly" });
        }
        await connection.setLocalDescription();
        const headers = { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" };
        const answer = await fetch(url, { method: "POST", headers, body: connection.localDescription.sdp });
        if (answer.status !== 201) throw new Error(await answer.text());
        await connection.setRemoteDescription({ type: "answer", sdp: await answer.text() });
        const session = new URL(answer.headers.get("Location"), url).href;
        (window.streams ??= {})[direction] = { connection, session };
    }"""
    restart = """async (token) => {
        const { connection, session } = window.streams.whip;
        await connection.setLocalDescription(await connection.createOffer({ iceRestart: true }));
        const fragment = ["ice-ufrag", "ice-pwd"]
            .map((name) => connection.localDescription.sdp.match(new RegExp(`a=${name}:.*`))[0].trim() + "\\r\\n")
            .join("");
        const headers = { Authorization: `Bearer ${token}`, "If-Match": "*" };
        headers["Content-Type"] = "application/trickle-ice-sdpfrag";
        const answer = await fetch(session, { method: "PATCH", headers, body: fragment });
        if (answer.status !== 200) throw new Error(await answer.text());
        const text = await answer.text();
        let sdp = connection.currentRemoteDescription.sdp;
        for (const name of ["ice-ufrag", "ice-pwd"])
            sdp = sdp.replaceAll(new RegExp(`a=${name}:.*`, "g"), text.match(new RegExp(`a=${name}:.*`))[0].trim());
        await connection.setRemoteDescription({ type: "answer", sdp });
        return fragment.match(/a=ice-ufrag:(.*)/)[1].trim();
    }"""
    in_use = """async () => {
        for (const report of (await window.streams.whip.connection.getStats()).values())
            if (report.type === "transport" && report.iceState === "connected") return report.iceLocalUsernameFragment;
    }"""
    frames = """async () => {
        let decoded = 0;
        for (const report of (await window.streams.whep.connection.getStats()).values())
            if (report.type === "inbound-rtp" && report.kind === "video") decoded += report.framesDecoded;
        return decoded;
    }"""
    leave = """async ([direction, token]) => (await fetch(window.streams[direction].session,
        { method: "DELETE", headers: { Authorization: `Bearer ${token}` } })).status"""
    page = grace.page.page
    for direction in ("whip", "whep"):
        url = f"{server.origin}/switchboard/v1/{direction}/{group_id}"
        page.evaluate(script, [url, grace.account.token, direction])
    ada.sees(grace.id, frames=20)
    grows(lambda: page.evaluate(frames), 20, "frames that the page decodes")

    ufrag = page.evaluate(restart, grace.account.token)
    eventually(lambda: page.evaluate(in_use) == ufrag, "the publisher's ICE is connected anew")
    ada.sees(grace.id, frames=20)

    assert page.evaluate(leave, ["whip", grace.account.token]) == 200
    assert page.evaluate(leave, ["whep", grace.account.token]) == 200
    ada.waits_for_people()
