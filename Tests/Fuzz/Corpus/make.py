#!/usr/bin/env python3
"""Writes the seeds that are made by rule: Tests/Fuzz/Corpus/TARGET/*. Run it after a change and commit what it writes.

Seeds found by fuzzing and crash inputs lie beside these and are left alone.
"""

import json
import struct
from pathlib import Path

CORPUS = Path(__file__).resolve().parent
TESTS = CORPUS.parent.parent


def seed(target, name, data):
    folder = CORPUS / target
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode())


def padded(data, unit=4):
    return data + bytes(-len(data) % unit)


# RTP: one-byte and two-byte extensions, contributing sources, padding.

def rtp(payload=b"", csrcs=0, profile=None, elements=b"", padding=False, payload_type=96, sequence=1):
    first = 0x80 | csrcs | (0x10 if profile is not None else 0) | (0x20 if padding else 0)
    packet = struct.pack("!BBHII", first, payload_type, sequence, 90_000, 0xDECAFBAD) + bytes(range(4 * csrcs))
    if profile is not None:
        elements = padded(elements)
        packet += struct.pack("!HH", profile, len(elements) // 4) + elements
    return packet + payload


def one_byte(*elements):
    return b"".join(bytes([identifier << 4 | len(value) - 1]) + value for identifier, value in elements)


def two_byte(*elements):
    return b"".join(bytes([identifier, len(value)]) + value for identifier, value in elements)


class Bits:
    def __init__(self):
        self.text = ""

    def put(self, value, width):
        self.text += format(value, f"0{width}b")
        return self

    def data(self):
        text = self.text + "0" * (-len(self.text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def descriptor_l1t3():
    """The structure of three temporal layers with one chain, as libwebrtc sends it with keyframes."""
    bits = Bits().put(0b11, 2).put(0, 6).put(1, 16)
    bits.put(0b10000, 5).put(0, 6).put(2, 5)
    for step in (0, 1, 1, 3):  # four templates: T0 of the keyframe, T0, T1, T2
        bits.put(step, 2)
    for indications in ("222", "222", "022", "001"):
        for indication in indications:
            bits.put(int(indication), 2)
    for differences in ([], [4], [2], [1]):
        for difference in differences:
            bits.put(1, 1).put(difference - 1, 4)
        bits.put(0, 1)
    bits.put(0b10, 2)  # one chain, ns(4)
    for _ in range(4):
        bits.put(0, 4)
    return bits.put(1, 1).put(639, 16).put(359, 16).data()


def descriptor_l3t1():
    bits = Bits().put(0b11, 2).put(5, 6).put(7, 16)
    bits.put(0b11000, 5).put(5, 6).put(2, 5)
    for step in (2, 2, 3):
        bits.put(step, 2)
    for indications in ("222", "022", "002"):
        for indication in indications:
            bits.put(int(indication), 2)
    for _ in range(3):
        bits.put(0, 1)
    bits.put(0, 2)
    bits.put(1, 1)
    for width in (320, 640, 1280):
        bits.put(width - 1, 16).put(width * 9 // 16 - 1, 16)
    return bits.put(0b011, 3).data()


DESCRIPTORS = {"l1t3": descriptor_l1t3(), "l3t1-active": descriptor_l3t1(), "plain": b"\xc1\x00\x2a"}
EVERYTHING = [
    (1, b"0"), (2, b"q"), (3, b"h"), (4, b"\x85"), (5, b"\x01\x02\x03"), (6, b"\x00\x07"), (7, b"\x01"),
    (8, b"\xc1\x00\x2a"), (9, b"\x00\x10\x02"),
]
seed("rtp", "bare", rtp(b"hello"))
seed("rtp", "csrcs-padding", rtp(b"payload\x03\x03\x03", csrcs=3, padding=True))
seed("rtp", "one-byte", rtp(b"x", profile=0xBEDE, elements=one_byte(*EVERYTHING)))
seed("rtp", "one-byte-zeros-and-15", rtp(b"x", profile=0xBEDE, elements=b"\x00\x00" + one_byte((4, b"\x7f")) + b"\xf0"))
seed("rtp", "two-byte", rtp(b"x", profile=0x1000, elements=two_byte(
    *((identifier + 15, value) for identifier, value in EVERYTHING), (23, descriptor_l1t3()), (30, b""))))
seed("rtp", "truncated-extension", rtp(b"", profile=0xBEDE, elements=one_byte((1, b"0")))[:-2])
for name, data in DESCRIPTORS.items():
    seed("dependency-descriptor", name, data)


# RTCP: every kind once, alone and together.

def rtcp(kind, count, body, padding=0):
    body = padded(body) + (bytes(padding - 1) + bytes([padding]) if padding else b"")
    return struct.pack("!BBH", 0x80 | (0x20 if padding else 0) | count, kind, len(body) // 4) + body


def words(*values):
    return struct.pack(f"!{len(values)}I", *values)


REPORT = words(7, 0x05FFFFF0, 0x00010002, 99, 0x12345678, 65536)
FEEDBACK = words(1, 2) + struct.pack("!HHI", 0xFFFE, 20, 0x00_1234_05)
CONTROL = {
    "sender-report": rtcp(200, 1, words(1, 0xE0000000, 0x80000000, 90_000, 10, 1000) + REPORT),
    "receiver-report": rtcp(201, 2, words(1) + REPORT * 2),
    "names": rtcp(202, 2, words(1) + padded(b"\x01\x03abc\x02\x01x\x00") + words(2) + b"\x01\x02de\x00\x00\x00\x00"),
    "goodbye": rtcp(203, 2, words(1, 2) + b"\x03end"),
    "nack": rtcp(205, 1, words(1, 2) + struct.pack("!HHHH", 65535, 0x8001, 100, 0)),
    "picture-loss": rtcp(206, 1, words(1, 2)),
    "full-intra": rtcp(206, 4, words(1, 0, 5, 9 << 24)),
    "remb": rtcp(206, 15, words(1, 0) + b"REMB" + struct.pack("!I", 2 << 24 | 5 << 18 | 0x2FFFF) + words(5, 6)),
    "extended": rtcp(207, 0, words(1) + words(4 << 24 | 2, 2, 3) + words(5 << 24 | 3, 1, 2, 3) + words(7 << 24, 9 << 24)),
    "feedback-run": rtcp(205, 15, FEEDBACK + struct.pack("!H", 1 << 13 | 20) + bytes(range(20)) + bytes(2), padding=4),
    "feedback-vectors": rtcp(205, 15, FEEDBACK + struct.pack("!HH", 0xBFFF, 0xE400)
                             + bytes(13) + struct.pack("!h", -7) + bytes(2)),
    "extended-report": rtcp(207, 0, words(1, 2, 3)),
}
for name, data in CONTROL.items():
    seed("rtcp", name, data)
seed("rtcp", "compound", b"".join(CONTROL.values()))
# RFC 8888: one stream, three packets, of which the second is lost.
seed("rtcp", "feedback-by-stream", struct.pack(
    "!BBHIIHHHHHHI", 0x8B, 205, 6, 1, 0xDECAFBAD, 100, 3, 0x8010, 0, 0xC008, 0, 0x00010000))
seed("transport-feedback", "run", CONTROL["feedback-run"][4:-4])
seed("transport-feedback", "vectors", CONTROL["feedback-vectors"][4:])
seed("transport-feedback", "losses", FEEDBACK[:10] + struct.pack("!HI", 8192, 5) + struct.pack("!HH", 0x1FFF, 1))
seed("transport-feedback", "arrivals", b"".join(struct.pack("!HB", 65500 + n & 0xFFFF, 20 + n) for n in range(0, 90, 3)))
seed("transport-feedback", "arrivals-far-apart", b"".join(
    struct.pack("!HBB", 300 * n & 0xFFFF, 0xF9, n) for n in range(12)))


# Payloads.

seed("payloads", "h264-single-idr", b"\x65\x88\x84\x00")
seed("payloads", "h264-stap", b"\x78\x00\x04\x67\x42\xe0\x1f\x00\x02\x68\xce\x00\x02\x65\x88")
seed("payloads", "h264-recovery", b"\x78\x00\x09\x06\x00\x02\xaa\xbb\x06\x01\xc4\x80\x00\x03\x41\x9a\x24")
seed("payloads", "h264-second-slice", b"\x65\x00\x9f\x44")
seed("payloads", "h264-fragment", b"\x7c\x85\x88\x84")
seed("payloads", "h264-droppable", b"\x01\x9a\x00")
seed("payloads", "vp8-long", b"\x90\xf0\x92\x34\x07\x65\x10\x02\x00\x9d\x01\x2a")
seed("payloads", "vp8-short", b"\xb0\xe0\x12\x07\x40\x01\x00")
seed("payloads", "vp8-bare", b"\x10\x00")
seed("payloads", "opus-counted", b"\xfb\x06rest")
seed("payloads", "profile-level", b"42e01f")
seed("payloads", "profile-level-1b", b"42f00b")


# STUN; the fuzz target signs what it is given.

def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + padded(value)


def stun(*attributes, kind=0x0001):
    body = b"".join(attributes)
    return struct.pack("!HHI", kind, len(body), 0x2112A442) + bytes(range(12)) + body


NAME = attribute(0x0006, b"abcd:efgh")
PRIORITY = attribute(0x0024, words(0x6E0001FF))
SIGNATURE = attribute(0x0008, bytes(20)) + attribute(0x8028, bytes(4))
seed("stun", "check", stun(NAME, PRIORITY, attribute(0x802A, bytes(8)), SIGNATURE))
seed("stun", "nomination", stun(NAME, PRIORITY, attribute(0x0025, b""), attribute(0x802A, bytes(8)), SIGNATURE))
# Answers to a TURN client, which the target ties to its requests and signs, and what comes from peers.
PEER = attribute(0x0012, bytes([0, 1]) + struct.pack("!HI", 40_000 ^ 0x2112, 0xCB007107 ^ 0x2112A442))
RELAYED = attribute(0x0016, bytes([0, 1]) + struct.pack("!HI", 50_000 ^ 0x2112, 0xCB007107 ^ 0x2112A442))
seed("turn-client", "allocated", stun(RELAYED, attribute(0x000D, words(600)), kind=0x0103))
seed("turn-client", "data", stun(PEER, attribute(0x0013, b"packet"), kind=0x0017))
seed("turn-client", "channel-data", struct.pack("!HH", 0x4000, 6) + b"packet")
seed("turn-client", "stale", stun(
    attribute(0x0009, bytes([0, 0, 4, 38])), attribute(0x0014, b"realm"), attribute(0x0015, b"nonce"), kind=0x0113))
seed("turn-client", "forbidden", stun(attribute(0x0009, bytes([0, 0, 4, 3])), kind=0x0118))
seed("turn-client", "uri", b"turns:[2001:db8::1]:443?transport=tcp")
seed("stun", "role-conflict", stun(NAME, PRIORITY, attribute(0x8029, bytes(8)), SIGNATURE))
seed("stun", "unknown-attributes", stun(NAME, PRIORITY, *(attribute(0x7000 + n, b"?" * n) for n in range(6)), SIGNATURE))
seed("stun", "no-priority", stun(NAME, SIGNATURE))
seed("stun", "other-name", stun(attribute(0x0006, b"ijkl:mnop"), PRIORITY, SIGNATURE))
seed("stun", "response", stun(
    attribute(0x0020, b"\x00\x01\x12\x34\x5e\x12\xa4\x43"), attribute(0x0020, b"\x00\x02\x12\x34" + bytes(16)),
    attribute(0x0009, b"\x00\x00\x04\x57Role Conflict"), attribute(0x000A, b"\x70\x01\x70\x02"),
    attribute(0x8022, b"peer"), kind=0x0101))
seed("stun", "indication", stun(kind=0x0011))


# SRTP: operations and pieces.

def steps(profile, *operations):
    return bytes([profile]) + b"".join(bytes([operation, len(piece)]) + piece for operation, piece in operations)


for profile in range(3):
    packets = [rtp(b"media" * n, sequence=n, profile=0xBEDE, elements=one_byte((4, b"\x30"))) for n in (1, 2, 2, 9, 3)]
    packets += [rtp(b"wrap", sequence=n & 0xFFFF) for n in (30_000, 60_000, 65_535)]
    seed("srtp", f"genuine-{profile}", steps(
        profile, *((2, packet) for packet in packets), (0xFE, rtp(b"over", sequence=1)),
        (3, CONTROL["sender-report"]), (3, CONTROL["picture-loss"]), (7, CONTROL["receiver-report"])))
    seed("srtp", f"forged-{profile}", steps(
        profile, (0, packets[0] + bytes(16)), (0, rtp()), (1, CONTROL["picture-loss"] + b"\x80\x00\x00\x01" + bytes(16)),
        (1, CONTROL["nack"] + bytes(16) + b"\x80\x00\x00\x01"), (1, bytes(7))))


# DTLS: what one end hears, and handshakes over a bad network.

def record(content, kind=22, sequence=0, epoch=0, version=0xFEFD):
    return struct.pack("!BHHIHH", kind, version, epoch, sequence >> 16, sequence & 0xFFFF, len(content)) + content


def handshake(kind, body, sequence=0):
    length = struct.pack("!I", len(body))[1:]
    return bytes([kind]) + length + struct.pack("!H", sequence) + bytes(3) + length + body


def extension(kind, body):
    return struct.pack("!HH", kind, len(body)) + body


def client_hello(cookie=b""):
    extensions = b"".join([
        extension(10, b"\x00\x04\x00\x1d\x00\x17"), extension(11, b"\x01\x00"),
        extension(13, b"\x00\x04\x04\x03\x08\x04"), extension(14, b"\x00\x04\x00\x07\x00\x01\x00"),
        extension(23, b""), extension(0xFF01, b"\x00"),
    ])
    body = b"\xfe\xfd" + bytes(range(32)) + b"\x00" + bytes([len(cookie)]) + cookie
    body += b"\x00\x06\xc0\x2b\xc0\x2f\xc0\x09" + b"\x01\x00" + struct.pack("!H", len(extensions)) + extensions
    return handshake(1, body)


def client_hello_13():
    share = b"\x00\x17\x00\x41\x04" + bytes.fromhex(
        "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
        "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")
    extensions = b"".join([
        extension(43, b"\x02\xfe\xfc"), extension(10, b"\x00\x02\x00\x17"), extension(13, b"\x00\x04\x04\x03\x08\x04"),
        extension(51, struct.pack("!H", len(share)) + share), extension(14, b"\x00\x02\x00\x07\x00"),
    ])
    body = b"\xfe\xfd" + bytes(range(32)) + b"\x00\x00" + b"\x00\x02\x13\x01" + b"\x01\x00"
    return handshake(1, body + struct.pack("!H", len(extensions)) + extensions)


def server_hello():
    extensions = extension(0xFF01, b"\x00") + extension(23, b"") + extension(14, b"\x00\x02\x00\x07\x00")
    body = b"\xfe\xfd" + bytes(range(32)) + b"\x00" + b"\xc0\x2b\x00" + struct.pack("!H", len(extensions)) + extensions
    return handshake(2, body)


def heard(end, *datagrams, flags=0):
    return bytes([end]) + b"".join(struct.pack("!H", flags | len(data)) + data for data in datagrams)


HELLO = client_hello()
HALF = len(HELLO) // 2
FRAGMENTS = [
    HELLO[:6] + struct.pack("!I", 0)[1:] + struct.pack("!I", HALF - 12)[1:] + HELLO[12:HALF],
    HELLO[:6] + struct.pack("!I", HALF - 12)[1:] + struct.pack("!I", len(HELLO) - HALF)[1:] + HELLO[HALF:],
]
seed("dtls", "client-hello", heard(0, record(HELLO, version=0xFEFF)))
seed("dtls", "client-hello-fragments", heard(
    0, record(FRAGMENTS[1], sequence=1), record(FRAGMENTS[0]), flags=0x4000))
seed("dtls", "client-hello-13", heard(0, record(client_hello_13())))
seed("dtls", "client-hello-and-noise", heard(
    0, record(HELLO), record(b"\x01", kind=20), record(bytes(40), sequence=1, epoch=1), record(b"\x02\x28", kind=21)))
seed("dtls", "server-hello", heard(
    1, record(server_hello()), record(handshake(11, b"\x00\x00\x00", 1)), record(handshake(14, b"", 2))))
seed("dtls", "hello-verify", heard(1, record(handshake(3, b"\xfe\xff\x04abcd"))))
seed("dtls", "alert", heard(1, record(b"\x02\x28", kind=21)))
for version in (0, 1):
    seed("dtls", f"good-network-{version}", bytes([2, version]))
    seed("dtls", f"losses-{version}", bytes([2, version, 0, 1, 0, 0, 1, 2, 0, 1]))
    seed("dtls", f"cuts-{version}", bytes([2, version, 4, 0, 60, 4, 0, 200, 3, 0, 30, 4, 1, 20, 5, 3, 22, 254, 253]))
    seed("dtls", f"changes-{version}", bytes([2, version, 0, 7, 0, 40, 9, 7, 0, 80, 1, 6, 0, 11, 255, 0x87, 0, 1, 2, 0, 3, 4]))


# SCTP: steps to an association that is established. The target adds tags, checksums, and where numbers stand.

def sctp(*steps):
    return b"".join(
        bytes([0]) + struct.pack("!H", len(step)) + step if isinstance(step, bytes) else bytes(step) for step in steps)


def chunk(kind, body, flags=0):
    return struct.pack("!BBH", kind, flags, 4 + len(body)) + padded(body)


def data(number, payload, flags=3, stream=0, sequence=0, kind=53):
    return chunk(0, struct.pack("!IHHI", number, stream, sequence, kind) + payload, flags)


def parameters(*items):
    return b"".join(padded(struct.pack("!HH", kind, 4 + len(value)) + value) for kind, value in items)


def sack(number, window=100_000, blocks=(), duplicates=()):
    return chunk(3, struct.pack("!IIHH", number & 0xFFFFFFFF, window, len(blocks), len(duplicates))
                 + b"".join(struct.pack("!HH", *block) for block in blocks) + words(*duplicates))


ADVANCE, SEND, EXCHANGE = 1, 2, 3
INITIATION = words(0x01020304, 131_072) + struct.pack("!HHI", 1024, 1024, 7) + parameters(
    (0x8000, b""), (0xC000, b""), (0x8008, b"\x82\xc0"), (0xC099, b"?"))
seed("sctp", "messages", sctp(data(1, b"one"), data(2, b"two", sequence=1), data(2, b"two", sequence=1), [EXCHANGE]))
seed("sctp", "parts", sctp(
    data(3, b"ree", flags=1), data(1, b"th", flags=2), data(2, b"-", flags=0), data(5, b"!", flags=7), [ADVANCE, 9]))
seed("sctp", "out-of-turn", sctp(data(1, b"b", sequence=1), data(2, b"c", sequence=2), data(3, b"a")))
seed("sctp", "skipped", sctp(
    data(2, b"x", flags=2, sequence=1), data(5, b"y", sequence=2), chunk(192, words(3, 0x00000001)), [EXCHANGE]))
seed("sctp", "acknowledged", sctp(
    [SEND, 255, 0], [SEND, 200, 5], sack(1), sack(2, 0, [(2, 3), (5, 5)], [1]), sack(2, 9, [(2, 3), (5, 6)]),
    sack(2, 9, [(2, 3), (5, 7)]), sack(2, 9, [(2, 3), (5, 8)]), [ADVANCE, 99], [EXCHANGE]))
seed("sctp", "too-much", sctp(sack(1)))
seed("sctp", "initiation", sctp(chunk(1, INITIATION)))
seed("sctp", "initiation-acknowledgement", sctp(chunk(2, INITIATION + parameters((7, b"cookie")))))
seed("sctp", "cookie", sctp(chunk(10, b"cookie"), chunk(11, b"")))
seed("sctp", "heartbeat", sctp(chunk(4, parameters((1, b"12345678"))), chunk(5, parameters((1, b"12345678")))))
seed("sctp", "abort", sctp(chunk(6, parameters((12, b"enough")))))
seed("sctp", "error", sctp(chunk(9, parameters((3, words(9)), (1, words(0x00010000))))))
seed("sctp", "shutdown", sctp([SEND, 9, 0], chunk(7, words(0)), [EXCHANGE], chunk(8, b""), chunk(14, b"")))
seed("sctp", "reset", sctp(
    data(1, b"a"), chunk(130, parameters((13, words(0, 0, 1) + struct.pack("!HH", 0, 1)))),
    chunk(130, parameters((14, words(1) + struct.pack("!H", 3)), (16, words(0, 1)))),
    chunk(130, parameters((17, words(2, 5)))), [EXCHANGE]))
seed("sctp", "unknown", sctp(chunk(0x3F, b"a"), chunk(0x7F, b"b"), chunk(0xBF, b"c") + chunk(0xFF, b"d") + data(1, b"e")))
seed("sctp", "packet", struct.pack("!BHHHII", 4, 32, 5000, 5000, 0, 0) + chunk(1, INITIATION[:16]))


def opening(label, subprotocol=b"", kind=0, parameter=0, priority=256):
    return struct.pack("!BBHIHH", 3, kind, priority, parameter, len(label), len(subprotocol)) + label + subprotocol


def channel(*steps):
    return b"".join(bytes([operation, stream, len(piece)]) + piece for operation, stream, piece in steps)


OPEN = opening(b"chat", b"json")
seed("dcep", "opening", channel((0, 1, OPEN), (1, 1, b"text"), (2, 1, b"bytes"), (3, 1, b"\0"), (4, 1, b"\0")))
seed("dcep", "envelope", b"\x01\x03\x00\x07\x00\x00\x00\x01adahello")
seed("dcep", "receipt", b"\x01\x00\x00\x07\x00\x00\x00\x01onHold")
seed("dcep", "kinds", channel(*(
    (0, 2 * n + 1, opening(b"", kind=kind, parameter=9)) for n, kind in enumerate((1, 2, 0x80, 0x81, 0x82, 3)))))
seed("dcep", "not-its-number", channel((0, 2, OPEN), (1, 2, b"text")))
seed("dcep", "closing", channel((0, 1, OPEN), (5, 1, b""), (0, 1, OPEN), (6, 1, b"")))
seed("dcep", "our-own", channel((7, 0, b"label"), (0, 0, b"\x02"), (1, 0, b"text"), (6, 0, b""), (5, 0, b"")))


# Texts.

for recording in sorted((TESTS / "Protocols/SDPTests/Recordings").glob("*.sdp")):
    # The one with dozens of slots says nothing new and would slow every run down.
    if recording.stat().st_size < 16_384:
        seed("sdp", recording.stem, recording.read_bytes())
RECORDED = (TESTS / "Protocols/SDPTests/Recordings/aiortc-plain.sdp").read_bytes()

def without(text: bytes, *beginnings: bytes) -> bytes:
    return b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(beginnings))


# What some clients leave out, and lines that cannot be used.
seed("sdp", "no-mid", without(RECORDED, b"a=mid:", b"a=group:"))
seed("sdp", "inherited", RECORDED.replace(b"a=rtcp-mux\r\n", b"", 1))
seed("sdp", "unbundled", without(RECORDED, b"a=group:"))
seed("sdp", "one-mid-twice", RECORDED.replace(b"a=mid:1", b"a=mid:0"))
seed("sdp", "bundle-only", RECORDED.replace(b"m=video 33933", b"m=video 0").replace(
    b"a=mid:1", b"a=mid:1\r\na=bundle-only"
))
seed("sdp", "one-number-two-codecs", RECORDED.replace(b"SAVPF 97 ", b"SAVPF 96 ").replace(b":97 ", b":96 "))
seed("sdp", "profile", RECORDED.replace(b"UDP/TLS/RTP/SAVPF", b"RTP/AVP"))
seed("sdp", "offered-again", RECORDED + b"\0" + RECORDED.replace(b"a=ice-ufrag:", b"a=ice-ufrag:new").replace(
    b"a=sendrecv", b"a=inactive"))

CANDIDATES = {
    "host": "1 1 udp 2130706431 192.0.2.1 50000 typ host",
    "reflexive": "842163049 1 UDP 1677729535 203.0.113.7 50002 typ srflx raddr 0.0.0.0 rport 0 generation 0",
    "tcp": "3 1 tcp 1518280447 2001:db8::1 9 typ host tcptype active generation 0 ufrag abcd network-id 1",
    "name": "4 2 udp 2113937151 0c3e0a5e-7b3c-4d36-9d6a-000000000000.local 60000 typ relay",
}
for name, text in CANDIDATES.items():
    seed("candidate", name, text)

FRAGMENT = """a=group:BUNDLE 0 1\r
m=audio 9 UDP/TLS/RTP/SAVPF 0\r
a=mid:0\r
a=ice-ufrag:abcd\r
a=ice-pwd:anotherpasswordanother00\r
a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host\r
a=end-of-candidates\r
"""
seed("trickle", "candidates", FRAGMENT)
seed("trickle", "candidates-only", "a=candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host\r\n")
seed("trickle", "answer", (TESTS / "Protocols/SDPTests/Recordings/aiortc-plain.sdp").read_bytes())

# Messages of both directions, without the white space that the search would have to keep.
for golden in sorted((TESTS / "Golden/signalling").glob("*.json")):
    message = json.loads(golden.read_text())["message"]
    seed("signaling", golden.stem, json.dumps(message, separators=(",", ":"), ensure_ascii=False))
seed("signaling", "numbers", '{"type":"ping","time":-1.5e-300,"a":1e400,"b":9223372036854775808,"c":-0}')
seed("signaling", "escapes", r'{"type":"hello","token":"\u0000\ud83d\ude00\ud800\"\\\/\b","version":1}')
seed("signaling", "deep", "[" * 500 + "]" * 500)
