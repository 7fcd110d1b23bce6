"""HTTP clients as people have them: curl, wget, the JDK's client, and sockets that do what none of these does."""

import base64
import json
import os
import resource
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rig.server import Server

CLIENTS = Path(__file__).parent / "clients"
PATHS = ["/healthz", "/readyz", "/metrics", "/.well-known/jwks.json", "/", "/sdk/switchboard-calling.js"]


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
    return subprocess.run(arguments, input=stdin, capture_output=True, text=True, timeout=60, check=False)


def curl(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess:
    return run("curl", "--silent", "--show-error", "--max-time", "30", *arguments, stdin=stdin)


def test_curl_that_offers_http2(server: Server) -> None:
    users = f"{server.origin}/switchboard/v1/development/users"
    got = curl("--http2", "--verbose", f"{server.origin}/healthz", f"{server.origin}/readyz")
    assert (got.returncode, got.stdout) == (0, "ok\nready\n"), got.stderr
    assert "Upgrade: h2c" in got.stderr
    posted = curl("--http2", "--data", json.dumps({"displayName": "Ada"}), users, f"{server.origin}/healthz")
    assert posted.returncode == 0, posted.stderr
    assert '"token"' in posted.stdout


def test_jdk_client_as_it_comes(server: Server) -> None:
    answer = run("java", str(CLIENTS / "HttpProbe.java"), server.origin)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.split("\n")[:5] == ["HTTP_1_1 200", "HTTP_1_1 201"] * 2 + ["HTTP_1_1 201"], answer.stdout


@pytest.mark.parametrize("path", PATHS)
def test_uptime_probes_ask_by_head(server: Server, path: str) -> None:
    got = curl("--output", os.devnull, "--write-out", "%{http_code} %{size_download}", server.origin + path)
    status, size = got.stdout.split()
    head = curl("--head", server.origin + path)
    assert head.returncode == 0, head.stderr
    assert head.stdout.startswith(f"HTTP/1.1 {status} "), head.stdout
    fields = dict(line.lower().split(": ", 1) for line in head.stdout.strip().splitlines()[1:])
    if path != "/metrics":  # it is not the same twice
        assert fields["content-length"] == size
    probe = run("wget", "--spider", "--tries=1", "--timeout=30", server.origin + path)
    assert (probe.returncode == 0) == (status == "200"), probe.stderr


def test_curl_waits_for_continue_and_gets_it(server: Server, tmp_path) -> None:
    # Above a megabyte libcurl waits by itself; the body is too large here, so that nobody asks for it.
    large = tmp_path / "large"
    large.write_bytes(b" " * 1_100_000)
    users = f"{server.origin}/switchboard/v1/development/users"
    refused = curl("--verbose", "--data-binary", f"@{large}", users)
    assert "> Expect: 100-continue" in refused.stderr
    assert "< HTTP/1.1 413" in refused.stderr
    assert "100 Continue" not in refused.stderr
    body = json.dumps({"displayName": "Ada"})
    taken = curl("--verbose", "--header", "Expect: 100-continue", "--data", body, users)
    assert taken.stderr.index("< HTTP/1.1 100 Continue") < taken.stderr.index("< HTTP/1.1 201")


def test_a_compressed_body_is_refused_as_such(server: Server) -> None:
    users = f"{server.origin}/switchboard/v1/development/users"
    answer = curl("--header", "Content-Encoding: gzip", "--data-binary", "x", "--write-out", "%{http_code}", users)
    assert answer.stdout.endswith("415"), answer.stdout


def resident_bytes(server: Server) -> int:
    assert server.process is not None
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def handshake() -> bytes:
    key = base64.b64encode(os.urandom(16)).decode()
    return (
        "GET /calling HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    ).encode()


def test_pings_that_nobody_reads_the_pongs_of(own_server: Server) -> None:
    before = resident_bytes(own_server)
    ping = b"\x89\xfd\x00\x00\x00\x00" + b"x" * 125
    with socket.create_connection(("127.0.0.1", own_server.http_port)) as client:
        client.settimeout(1)
        client.sendall(handshake())
        sent, end = 0, time.monotonic() + 10
        try:
            while time.monotonic() < end and sent < 400_000_000:
                sent += client.send(ping * 500)
        except OSError:
            pass  # closed, or not read any more
        grown = resident_bytes(own_server) - before
    assert grown < 32_000_000, f"{sent} bytes of pings made the server {grown} bytes larger"


@pytest.fixture
def narrow_server(binary: Path, tmp_path: Path) -> Iterator[Server]:
    """A server that begins with as few file descriptors as service managers give, and may have more."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    server = Server(tmp_path / "data")
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, usual[1]))
    try:
        server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)
    yield server
    server.stop()


def test_held_connections_keep_nobody_out(narrow_server: Server) -> None:
    held = []
    try:
        for _ in range(600):
            client = socket.create_connection(("127.0.0.1", narrow_server.http_port))
            client.sendall(b"POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nx")
            held.append(client)
        answer = curl(f"{narrow_server.origin}/readyz")
        assert answer.stdout == "ready\n", answer.stderr
    finally:
        for client in held:
            client.close()




@pytest.fixture
def proxied_server(binary: Path, tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "data", "--http-trusted-proxies", "127.0.0.0/8", "--log-level", "info")
    server.start()
    yield server
    server.stop()


def test_a_trusted_proxy_names_the_client(proxied_server: Server) -> None:
    def first_bytes(*fields: str) -> bytes:
        lines = handshake().decode().rstrip("\r\n").split("\r\n") + list(fields)
        with socket.create_connection(("127.0.0.1", proxied_server.http_port), timeout=10) as client:
            client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
            received = b""
            while b"\r\n\r\n" not in received or len(received.split(b"\r\n\r\n", 1)[1]) < 4:
                try:
                    more = client.recv(4096)
                except TimeoutError:
                    break
                if not more:
                    break
                received += more
            return received.split(b"\r\n\r\n", 1)[1]

    evil = first_bytes("Origin: https://evil.example", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Host: calls.example")
    assert evil[:1] == b"\x88" and evil[2:4] == (1008).to_bytes(2, "big")
    assert "192.0.2.1" in proxied_server.log_tail()
    newer = first_bytes("Origin: https://evil.example", 'Forwarded: for="[2001:db8::7]:99";host=calls.example')
    assert newer[2:4] == (1008).to_bytes(2, "big")
    assert "[2001:db8::7]:99" in proxied_server.log_tail()


def test_the_secure_port_keeps_the_same_rules(server: Server) -> None:
    origin = f"https://localhost:{server.https_port}"
    secure = ("--cacert", str(server.certificate))
    assert curl(*secure, f"{origin}/healthz", f"{origin}/readyz").stdout == "ok\nready\n"
    assert curl(*secure, "--head", f"{origin}/healthz").stdout.startswith("HTTP/1.1 200 ")
    body = json.dumps({"displayName": "Ada"})
    users = f"{origin}/switchboard/v1/development/users"
    taken = curl(*secure, "--verbose", "--header", "Expect: 100-continue", "--data", body, users)
    assert taken.stderr.index("< HTTP/1.1 100 Continue") < taken.stderr.index("< HTTP/1.1 201")
    old = curl(*secure, "--http1.0", "--verbose", f"{origin}/healthz")
    assert old.stdout == "ok\n"
    context = ssl.create_default_context(cafile=str(server.certificate))
    for request in (b"GET /healthz HTTP/1.1\r\n\r\n", handshake().replace(b"Version: 13", b"Version: 8")):
        with socket.create_connection(("127.0.0.1", server.https_port), timeout=30) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as client:
                client.sendall(request)
                received = b""
                while more := client.recv(4096):  # it ends with the server's last word
                    received += more
        assert received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 426 ")), received
        assert received.count(b"HTTP/1.1 ") == 1
