"""STUN and TURN messages, the little that attackers and healthy clients need."""

import hashlib
import hmac
import os
import socket
import struct
import zlib

COOKIE = 0x2112A442
BINDING, ALLOCATE = 0x0001, 0x0003
USERNAME, INTEGRITY, ERROR_CODE, REALM, NONCE = 0x0006, 0x0008, 0x0009, 0x0014, 0x0015
REQUESTED_TRANSPORT, PRIORITY, USE_CANDIDATE, FINGERPRINT, ICE_CONTROLLING = 0x0019, 0x0024, 0x0025, 0x8028, 0x802A

Attribute = tuple[int, bytes]


def message(
    kind: int, attributes: list[Attribute], *, key: bytes | None = None, fingerprint: bool = False
) -> bytes:
    body = b"".join(
        struct.pack("!HH", name, len(value)) + value + bytes(-len(value) % 4) for name, value in attributes
    )
    transaction = os.urandom(12)

    def head(length: int) -> bytes:
        return struct.pack("!HHI", kind, length, COOKIE) + transaction

    if key is not None:
        digest = hmac.new(key, head(len(body) + 24) + body, hashlib.sha1).digest()
        body += struct.pack("!HH", INTEGRITY, 20) + digest
    if fingerprint:
        check = zlib.crc32(head(len(body) + 8) + body) ^ 0x5354554E
        body += struct.pack("!HHI", FINGERPRINT, 4, check)
    return head(len(body)) + body


def check(server_ufrag: str, own_ufrag: str, server_password: str, *, nominate: bool = False) -> bytes:
    """A connectivity check of the controlling side (RFC 8445 §7.2.2)."""
    attributes = [
        (USERNAME, f"{server_ufrag}:{own_ufrag}".encode()),
        (PRIORITY, struct.pack("!I", 0x7EFF_FFFF)),
        (ICE_CONTROLLING, bytes(8)),
    ]
    if nominate:
        attributes.append((USE_CANDIDATE, b""))
    return message(BINDING, attributes, key=server_password.encode(), fingerprint=True)


def attributes_of(data: bytes) -> dict[int, bytes]:
    found, at = {}, 20
    while at + 4 <= len(data):
        name, length = struct.unpack_from("!HH", data, at)
        found[name] = data[at + 4 : at + 4 + length]
        at += 4 + length + -length % 4
    return found


def read_from_stream(stream: socket.socket) -> bytes:
    """One STUN message, which tells its own length (RFC 8489 §6.2.2)."""
    head = read_exactly(stream, 20)
    return head + read_exactly(stream, struct.unpack_from("!H", head, 2)[0])


def read_exactly(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = stream.recv(count - len(data))
        if not more:
            raise ConnectionError("closed")
        data += more
    return data


def allocate(stream: socket.socket, username: str, password: str) -> bool:
    """Asks a TURN server for a relayed address on a stream, as a client with good credentials does."""
    transport: Attribute = (REQUESTED_TRANSPORT, bytes([17, 0, 0, 0]))
    stream.sendall(message(ALLOCATE, [transport]))
    challenge = attributes_of(read_from_stream(stream))
    realm, nonce = challenge[REALM], challenge[NONCE]
    key = hashlib.md5(username.encode() + b":" + realm + b":" + password.encode()).digest()
    named = [(USERNAME, username.encode()), (REALM, realm), (NONCE, nonce), transport]
    stream.sendall(message(ALLOCATE, named, key=key))
    answer = read_from_stream(stream)
    return struct.unpack_from("!H", answer)[0] == ALLOCATE | 0x0100
