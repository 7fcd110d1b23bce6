"""HTTP and WebSockets by hand, since no library sends what an attacker sends."""

import base64
import json
import os
import select
import socket
import struct
import time

from .target import ATTACKER, HOST, Account, Target

TEXT, CLOSE, PING = 1, 8, 9
ANSWER_SECONDS = 15
# ip(7); Python names it from 3.12 on.
IP_BIND_ADDRESS_NO_PORT = 24
# 127.0.0.1 as /proc/net/tcp writes it on a little-endian machine.
LOOPBACK_IN_TABLE = "0100007F"


def connect(port: int, *, source: str = ATTACKER, receive_buffer: int | None = None) -> socket.socket:
    """A TCP connection to the server, from an address of this machine."""
    made = socket.socket()
    if receive_buffer is not None:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    made.settimeout(ANSWER_SECONDS)
    try:
        # The port is chosen on connecting, so that connections to several ports can share one.
        made.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        made.bind((source, 0))
        made.connect((HOST, port))
    except OSError:
        made.close()
        raise
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


def frame(payload: bytes, opcode: int = TEXT, first: int = 0x80) -> bytes:
    """A client's frame, masked with zeros; `first` holds FIN and the reserved bits."""
    head = bytes([first | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    elif len(payload) < 65_536:
        head += bytes([0x80 | 126]) + struct.pack("!H", len(payload))
    else:
        head += bytes([0x80 | 127]) + struct.pack("!Q", len(payload))
    return head + bytes(4) + payload


class WebSocket:
    """A connection to `/calling`."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.sent_bytes = 0
        self._unread = b""
        self.socket = connect(port, receive_buffer=receive_buffer)
        key = base64.b64encode(os.urandom(16)).decode()
        self.send_bytes(
            f"GET /calling HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode()
        )
        while b"\r\n\r\n" not in self._unread:
            self._fill()
        head, self._unread = self._unread.split(b"\r\n\r\n", 1)
        if b" 101 " not in head.split(b"\r\n")[0]:
            raise ConnectionError(head.decode(errors="replace"))

    def send_bytes(self, data: bytes) -> None:
        self.socket.sendall(data)
        self.sent_bytes += len(data)

    def send(self, payload: bytes, opcode: int = TEXT, first: int = 0x80) -> None:
        self.send_bytes(frame(payload, opcode, first))

    def _fill(self) -> None:
        data = self.socket.recv(65_536)
        if not data:
            raise ConnectionError("closed")
        self._unread += data

    def receive(self) -> tuple[int, bytes]:
        """The next frame: opcode and payload."""
        while True:
            data = self._unread
            if len(data) >= 2:
                length, start = data[1] & 0x7F, 2
                if length == 126 and len(data) >= 4:
                    length, start = struct.unpack_from("!H", data, 2)[0], 4
                elif length == 127 and len(data) >= 10:
                    length, start = struct.unpack_from("!Q", data, 2)[0], 10
                elif length >= 126:
                    start = len(data) + 1
                if len(data) >= start + length:
                    self._unread = data[start + length :]
                    return data[0] & 0x0F, data[start : start + length]
            self._fill()

    def wait_for_end(self, seconds: float) -> str:
        """How the connection ends: the close code, `closed`, or `open` when it does not within `seconds`."""
        self.socket.settimeout(seconds)
        try:
            while True:
                opcode, payload = self.receive()
                if opcode == CLOSE:
                    return str(struct.unpack("!H", payload[:2])[0]) if len(payload) >= 2 else "closed"
        except TimeoutError:
            return "open"
        except OSError:
            return "closed"

    def close(self) -> None:
        self.socket.close()


class Session(WebSocket):
    """A user who has said `hello`."""

    def __init__(self, target: Target, account: Account) -> None:
        super().__init__(target.http_port)
        self.account = account
        self.pushes: list[dict] = []
        self._number = 0
        self.send(json.dumps({"type": "hello", "version": 1, "token": account.token}).encode())
        self.welcome = self.next_message()
        if self.welcome["type"] != "welcome":
            raise PermissionError(json.dumps(self.welcome))

    def next_message(self) -> dict:
        while True:
            opcode, payload = self.receive()
            if opcode == TEXT:
                return json.loads(payload)
            if opcode == CLOSE:
                raise ConnectionError(f"closed with {payload[:2].hex()} {payload[2:].decode(errors='replace')}")

    def post(self, kind: str, **members: object) -> int:
        """Sends a request without waiting for the answer; its number."""
        self._number += 1
        self.send(json.dumps({"type": kind, "id": self._number, **members}).encode())
        return self._number

    def request(self, kind: str, **members: object) -> dict:
        number = self.post(kind, **members)
        return self.answer_to(number)

    def answer_to(self, number: int) -> dict:
        while True:
            message = self.next_message()
            if message.get("to") == number:
                return message
            self.pushes.append(message)

    def wait_for_push(self, kind: str, seconds: float = 5) -> dict | None:
        """The first push of a kind; None when there is none within `seconds`."""
        for push in self.pushes:
            if push["type"] == kind:
                return push
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not self._unread and not select.select([self.socket], [], [], left)[0]:
                return None
            message = self.next_message()
            self.pushes.append(message)
            if message["type"] == kind:
                return message
        return None


# Sound alone, so that a call has media without a stack for it.
OFFER = """v=0\r
o=- 1 1 IN IP4 0.0.0.0\r
s=-\r
t=0 0\r
a=group:BUNDLE 0\r
a=fingerprint:sha-256 {fingerprint}\r
a=setup:actpass\r
m=audio 9 UDP/TLS/RTP/SAVPF 111\r
c=IN IP4 0.0.0.0\r
a=mid:0\r
a=sendrecv\r
a=rtcp-mux\r
a=ice-ufrag:{ufrag}\r
a=ice-pwd:{password}\r
a=rtpmap:111 opus/48000/2\r
"""


def offer(ufrag: str, password: str) -> dict:
    """The member `media` of a request that joins a call."""
    return {"sdp": OFFER.format(fingerprint=":".join(["AB"] * 32), ufrag=ufrag, password=password)}


def held_by_server(port: int, remote_ports: set[int]) -> int:
    """How many of these connections the server's process still has a socket for, whatever this end has seen."""
    held = 0
    with open("/proc/net/tcp") as table:
        next(table)
        for line in table:
            fields = line.split()
            local, remote, inode = fields[1], fields[2].split(":"), fields[9]
            # Others may have the same port at this machine's first address.
            is_attacker = remote[0] != LOOPBACK_IN_TABLE and int(remote[1], 16) in remote_ports
            if is_attacker and int(local.split(":")[1], 16) == port:
                held += inode != "0"
    return held
