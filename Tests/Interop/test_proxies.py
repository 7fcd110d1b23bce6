"""The server behind real proxies, set up by the very blocks of docs/operations.md."""

import json
import re
import shutil
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from azure.communication.identity import CommunicationIdentityClient, CommunicationTokenScope
from rig.certificates import Pair, turns_certificate
from rig.identity import Account
from rig.plain_client import PlainClient
from rig.polling import eventually, grows
from rig.server import PROJECT, Server, free_tcp_port
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
PROXIES = ("nginx", "haproxy", "haproxy-passthrough", "caddy")


def block(language: str) -> str:
    page = (PROJECT / "docs" / "operations.md").read_text()
    return re.search(rf"^```{language}\n(.*?)^```", page, re.M | re.S)[1]


@dataclass
class Front:
    """A proxy before a server: its ports, its certificate."""

    kind: str
    server: Server
    port: int
    plain_port: int
    pair: Pair

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    @property
    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.pair.certificate))

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.origin + path, timeout=10, context=self.tls) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""


def configuration(front: Front, folder: Path) -> tuple[list[str], Path]:
    """The block with ports and paths of the test; the command that runs it."""
    text = block(front.kind)
    both = folder / "both.pem"
    both.write_bytes(front.pair.certificate.read_bytes() + front.pair.key.read_bytes())
    for old, new in (
        ("127.0.0.1:8080", f"127.0.0.1:{front.server.http_port}"),
        ("127.0.0.1:8443", f"127.0.0.1:{front.server.https_port}"),
        ("/etc/ssl/calls.example.com.pem", str(front.pair.certificate)),
        ("/etc/ssl/calls.example.com.key", str(front.pair.key)),
        ("/etc/haproxy/calls.example.com.pem", str(both)),
        ("listen 80;", f"listen 127.0.0.1:{front.plain_port};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{front.port} ssl;"),
        ("bind :80\n", f"bind 127.0.0.1:{front.plain_port}\n"),
        ("bind :443", f"bind 127.0.0.1:{front.port}"),
    ):
        text = text.replace(old, new)
    path = folder / "proxy.conf"
    match front.kind:
        case "nginx":
            text = text.replace("calls.example.com", "localhost")
            path.write_text(
                f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
                f"http {{\naccess_log off;\nclient_body_temp_path {folder}/body;\nproxy_temp_path {folder}/proxy;\n"
                f"fastcgi_temp_path {folder}/f;\nuwsgi_temp_path {folder}/u;\nscgi_temp_path {folder}/s;\n{text}}}\n"
            )
            return ["nginx", "-c", str(path), "-e", "stderr"], path
        case "caddy":
            text = text.replace("calls.example.com {", f"https://localhost:{front.port} {{\n    bind 127.0.0.1\n"
                                f"    tls {front.pair.certificate} {front.pair.key}")  # fmt: skip
            path.write_text(f"{{\n    admin off\n    auto_https off\n}}\n{text}")
            return ["caddy", "run", "--config", str(path), "--adapter", "caddyfile"], path
        case _:
            path.write_text(text)
            return ["haproxy", "-db", "-f", str(path)], path


@pytest.fixture(params=PROXIES)
def front(request: pytest.FixtureRequest, binary: Path, tmp_path: Path) -> Iterator[Front]:
    kind = request.param
    program = kind.partition("-")[0]
    assert shutil.which(program, path=SYSTEM_PATH), f"{program} is not installed; run script/bootstrap --test"
    pair = Pair(tmp_path / "tls")
    port, plain_port = free_tcp_port(), free_tcp_port()
    server = Server(
        tmp_path / "data", "--public-authorities", f"localhost:{port}", "--http-trusted-proxies", "127.0.0.1",
        "--tls-certificate", str(pair.certificate), "--tls-key", str(pair.key),
    ).start()  # fmt: skip
    front = Front(kind, server, port, plain_port, pair)
    command, _ = configuration(front, tmp_path)
    with (tmp_path / "proxy.log").open("wb") as log:
        process = subprocess.Popen(
            command, stdout=log, stderr=subprocess.STDOUT, env={"HOME": str(tmp_path), "PATH": SYSTEM_PATH}
        )

    def answers() -> bool:
        assert process.poll() is None, (tmp_path / "proxy.log").read_text()
        try:
            return front.get("/healthz")[0] == 200
        except OSError:
            return False

    try:
        eventually(answers, f"{kind} answers")
        yield front
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        server.stop()


def test_pages_and_measurements(front: Front) -> None:
    assert front.get("/readyz") == (200, "ready\n")
    status, page = front.get("/")
    assert status == 200 and "<html" in page
    assert front.get("/metrics")[0] in (403, 404), "measurements are not for the public"


def test_plain_http_leads_to_https(front: Front) -> None:
    if front.kind in ("haproxy-passthrough", "caddy"):
        pytest.skip("this block has no redirect, or makes it by itself on port 80")

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    with pytest.raises(urllib.error.HTTPError) as answer:
        urllib.request.build_opener(Stay).open(f"http://localhost:{front.plain_port}/join?x=1", timeout=10)
    assert answer.value.code == 301
    assert answer.value.headers["location"].startswith("https://localhost")
    assert answer.value.headers["location"].endswith("/join?x=1")


def test_the_official_identity_sdk(front: Front) -> None:
    client = CommunicationIdentityClient.from_connection_string(
        f"endpoint={front.origin}/;accesskey={front.server.access_key}", connection_verify=str(front.pair.certificate)
    )
    user, token = client.create_user_and_token([CommunicationTokenScope.VOIP])
    assert user.raw_id.startswith("8:acs:") and token.token
    client.revoke_tokens(user)
    client.delete_user(user)


def test_signalling_with_and_without_a_right_origin(front: Front) -> None:
    account = front.server.identity.create()
    url = f"wss://localhost:{front.port}/calling"
    with connect(url, ssl=front.tls, origin=front.origin, open_timeout=10) as socket:
        socket.send(json.dumps({"type": "hello", "version": 1, "token": account.token, "displayName": "Ada"}))
        assert json.loads(socket.recv(10))["type"] == "welcome"
    with connect(url, ssl=front.tls, origin="https://elsewhere.example", open_timeout=10) as socket:
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(10)
        assert closed.value.rcvd.code == 1008



def test_a_call(front: Front, group_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(front.pair.certificate))
    clients = [
        PlainClient(front.origin, Account(one.user_id, one.token), name, voice_hertz=700)
        for name, one in (("Ada", front.server.identity.create()), ("Grace", front.server.identity.create()))
    ]
    try:
        ada, grace = (client.connect() for client in clients)
        ada.join(group_id)
        grace.join(group_id)
        grace.watch(ada.participant_id)
        grows(lambda: grace.frames["video"], by=10, what="the pictures that Grace sees")
    finally:
        for client in clients:
            client.close()


def test_turn_over_tls_goes_through_where_tls_does(front: Front) -> None:
    if front.kind != "haproxy-passthrough":
        pytest.skip("this proxy ends TLS")
    assert turns_certificate(front.port)
