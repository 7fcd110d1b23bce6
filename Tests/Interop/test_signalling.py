"""The signalling endpoint as a hand-written client meets it: what strangers may send, scopes, limits, and leaving."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from rig.server import Server
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

FRAME_BYTES = 256 * 1024


@contextmanager
def opened(server: Server) -> Iterator[ClientConnection]:
    with connect(server.origin.replace("http", "ws") + "/calling", max_size=None, ping_interval=None) as socket:
        yield socket


def said(socket: ClientConnection, **message: Any) -> dict:
    """Sends a message and gives back the answer, pushes left out."""
    socket.send(json.dumps(message))
    while True:
        answer = json.loads(socket.recv(timeout=15))
        if answer["type"] in ("welcome", "reply", "error", "pong"):
            return answer


def hello(socket: ClientConnection, token: str, **more: Any) -> dict:
    return said(socket, type="hello", version=1, token=token, **more)


def filled(element: str) -> str:
    """A frame of nearly the largest size, 15 deep, full of one element."""
    count = (FRAME_BYTES - 100) // (len(element) + 1)
    return '{"type":"ping","time":1,"x":' + "[" * 13 + ",".join([element] * count) + "]" * 13 + "}"


def processor_seconds(server: Server) -> float:
    fields = open(f"/proc/{server.process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_costly_frames_cost_little_whoever_sends_them(own_server: Server) -> None:
    # Each of these frames took from half a second to three seconds of processor time once.
    elements = ["1", "1.5", "true", "[]", '{"a":1}', '""']
    token = own_server.identity.create().token
    start = processor_seconds(own_server)
    for element in elements:
        with opened(own_server) as stranger, pytest.raises(ConnectionClosed):
            stranger.send(filled(element))
            # An error may come first.
            for _ in range(3):
                stranger.recv(timeout=15)
    with opened(own_server) as user:
        assert hello(user, token)["type"] == "welcome"
        for element in elements[:3]:
            user.send(filled(element))
            assert json.loads(user.recv(timeout=15))["error"]["reason"] == "malformedMessage"
        assert said(user, type="ping", time=7)["time"] == 7
    assert processor_seconds(own_server) - start < 1.5
    own_server_ready = urllib.request.urlopen(f"{own_server.origin}/readyz", timeout=10)
    assert own_server_ready.status == 200


def test_scopes_decide_at_hello_and_whom_a_call_rings(server: Server) -> None:
    chat = server.identity.create(("chat",))
    with opened(server) as socket:
        assert hello(socket, chat.token)["error"]["reason"] == "missingScope"
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(timeout=15)
        assert closed.value.rcvd.code == 4401
    guest, caller = server.identity.create(("voip.join",)), server.identity.create()
    with opened(server) as guest_socket, opened(server) as socket:
        assert hello(guest_socket, guest.token)["type"] == "welcome"
        hello(socket, caller.token)
        said(socket, type="call.start", id=1, targets=[guest.user_id])
        while (state := json.loads(socket.recv(timeout=15))).get("state") != "Disconnected":
            pass
        assert (state["reason"]["code"], state["reason"]["subCode"]) == (480, 10037)
        # The guest was not rung: nothing has come before the answer to this.
        guest_socket.send(json.dumps({"type": "ping", "time": 5}))
        assert json.loads(guest_socket.recv(timeout=15)) == {"type": "pong", "time": 5}


def test_one_user_has_a_bounded_number_of_calls(server: Server) -> None:
    account = server.identity.create()
    with opened(server) as socket:
        hello(socket, account.token)
        answers = [
            said(socket, type="call.join", id=number, groupId=f"2f6a8c1e-5d4b-4a39-8b27-{number:012d}")
            for number in range(1, 41)
        ]
        assert sum(answer["type"] == "reply" for answer in answers) == 32
        assert answers[-1]["error"]["code"] == 429
        with urllib.request.urlopen(f"{server.origin}/metrics", timeout=10) as metrics:
            text = metrics.read().decode()
        assert 'switchboard_limit_hits_total{limit="calls.perUser"} ' in text


def leave(server: Server, body: bytes, origin: str | None = None) -> int:
    request = urllib.request.Request(f"{server.origin}/calling/leave", data=body, method="POST")
    request.add_header("Content-Type", "text/plain;charset=UTF-8")
    if origin is not None:
        request.add_header("Origin", origin)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


def test_a_beacon_takes_the_page_out_of_its_call(server: Server) -> None:
    group = "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"
    ada, grace = server.identity.create(), server.identity.create()
    with opened(server) as page, opened(server) as other:
        key = hello(page, ada.token)["resume"]
        hello(other, grace.token)
        said(page, type="call.join", id=1, groupId=group)
        joined = said(other, type="call.join", id=1, groupId=group)
        assert len(joined["call"]["participants"]) == 1
        # A page that goes away loses its socket without a word.
        page.socket.close()
        assert leave(server, json.dumps({"resume": key}).encode(), origin=server.origin) == 204
        while not (news := json.loads(other.recv(timeout=15))).get("removed"):
            pass
        assert news["removed"][0]["reason"]["subCode"] == 4521
    assert leave(server, json.dumps({"resume": "r-" + "0" * 32}).encode()) == 204
    assert leave(server, b"resume") == 400
    assert leave(server, json.dumps({"resume": key}).encode(), origin="https://evil.example") == 403


def test_a_page_loaded_anew_replaces_its_old_session(server: Server) -> None:
    group = "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1c"
    ada, grace = server.identity.create(), server.identity.create()
    with opened(server) as page, opened(server) as other, opened(server) as anew:
        first = hello(page, ada.token)
        hello(other, grace.token)
        said(page, type="call.join", id=1, groupId=group)
        said(other, type="call.join", id=1, groupId=group)
        page.socket.close()
        second = hello(anew, ada.token, endpointId=first["endpointId"], replaces=first["resume"])
        assert second["endpointId"] == first["endpointId"] and not second["resumed"]
        joined = said(anew, type="call.join", id=1, groupId=group)
        assert [it["userId"] for it in joined["call"]["participants"]] == [grace.user_id]
