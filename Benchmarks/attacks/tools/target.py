"""The server that is attacked, as the attacker sees it, and what an attack tells at its end."""

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "Tests" / "Interop"))

from rig.identity import Account, IdentityAPI  # noqa: E402

HOST = "127.0.0.1"
# Where attackers come from: not the address of those who do nothing wrong, since limits hold by address.
ATTACKER = "127.0.2.1"


@dataclass
class Target:
    """A server on loopback with one media worker, and a healthy call of three in it."""

    http_port: int
    https_port: int
    media_port: int
    access_key: str
    # For what an attacker could not see: the server's own CPU time and sockets.
    server_pid: int
    # The process that plays the healthy call, and the GUID of its group; 0 and empty where there is none.
    caller_pid: int = 0
    group: str = ""

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.http_port}"

    def user(self, *scopes: str) -> Account:
        """A user of the server, with a token."""
        return IdentityAPI(self.origin, self.access_key).create(scopes or ("voip",))

    def encoded(self) -> str:
        return json.dumps(asdict(self))


@dataclass
class Outcome:
    """What an attack found and what it cost the attacker."""

    sent_bytes: int = 0
    # Short sentences with figures, for the table.
    findings: list[str] = field(default_factory=list)
    # What is told below the table.
    details: list[str] = field(default_factory=list)


@dataclass
class Attack:
    title: str
    # Who can do it: anybody, or a user with a token.
    who: str
    # How long it goes on, about.
    seconds: float
    run: Callable[[Target], Outcome]
    # The soft limit of descriptors that the server is started with; None: what this shell has.
    descriptors: int | None = None
