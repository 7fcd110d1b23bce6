"""Datagrams under somebody else's address, on loopback alone; only root may send them."""

import os
import socket
import struct
from pathlib import Path

from .target import HOST


class SpoofingSocket:
    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)

    def send(self, payload: bytes, source: tuple[str, int], target: tuple[str, int]) -> int:
        """Sends a datagram that says it comes from `source`; how many bytes of UDP payload."""
        length = 8 + len(payload)
        # The kernel fills in the checksum of the IP header; a UDP checksum of 0 is none (RFC 768).
        header = struct.pack(
            "!BBHHHBBH4s4s", 0x45, 0, 20 + length, 0, 0, 64, socket.IPPROTO_UDP, 0,
            socket.inet_aton(source[0]), socket.inet_aton(target[0]),
        )  # fmt: skip
        udp = struct.pack("!HHHH", source[1], target[1], length, 0)
        self._socket.sendto(header + udp + payload, (target[0], 0))
        return len(payload)

    def close(self) -> None:
        self._socket.close()


def udp_addresses(pid: int) -> list[tuple[str, int]]:
    """The addresses that a process on loopback has UDP sockets at: what an attacker would guess or overhear."""
    inodes = set()
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            link = os.readlink(entry)
        except OSError:
            continue
        if link.startswith("socket:["):
            inodes.add(link[8:-1])
    ports = set()
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[9] in inodes:
                ports.add(int(fields[1].rsplit(":", 1)[1], 16))
    return [(HOST, port) for port in sorted(ports)]
