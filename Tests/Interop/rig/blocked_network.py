"""A network of its own for a client, joined to this machine by a cable, in which a firewall drops what a test says."""

import os
import shutil
import subprocess
from pathlib import Path


def why_not() -> str | None:
    """Why such a network cannot be made here; nothing where it can."""
    if os.geteuid() != 0:
        return "only root may make network namespaces"
    missing = [tool for tool in ("ip", "iptables") if shutil.which(tool) is None]
    if missing:
        return f"{' and '.join(missing)} are not installed"
    probe = subprocess.run(["ip", "netns", "add", "sb-probe"], capture_output=True, text=True)
    if probe.returncode != 0:
        return f"this kernel makes no network namespaces: {probe.stderr.strip()}"
    subprocess.run(["ip", "netns", "delete", "sb-probe"], check=True)
    return None


class BlockedNetwork:
    """The client's side is 10.203.77.2; this machine is reached at 10.203.77.1, and at `alias` if it is given that."""

    host, client, alias = "10.203.77.1", "10.203.77.2", "10.203.77.9"

    def __init__(self, folder: Path, *dropped: str) -> None:
        """Each of `dropped` is what iptables matches, for example `-p udp`; both directions are dropped."""
        self.name = f"sb-{os.getpid()}"
        self._link = f"sb{os.getpid() % 100_000}"
        self._run("ip", "netns", "add", self.name)
        try:
            self._run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self.name)
            self._run("ip", "address", "add", f"{self.host}/24", "dev", self._link)
            self._run("ip", "link", "set", self._link, "up")
            self._inside("ip", "address", "add", f"{self.client}/24", "dev", "eth0")
            self._inside("ip", "link", "set", "eth0", "up")
            self._inside("ip", "link", "set", "lo", "up")
            self._inside("ip", "route", "add", "default", "via", self.host)
            for match in dropped:
                self.drop(match)
        except BaseException:
            self.close()
            raise
        self.chromium = folder / "chromium"
        self.chromium.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} /usr/bin/chromium "$@"\n')
        self.chromium.chmod(0o755)

    @property
    def inside(self) -> tuple[str, ...]:
        """What to put in front of a command that shall run in this network."""
        return ("ip", "netns", "exec", self.name)

    def give_alias(self) -> None:
        """Gives this machine a second address on the cable; what it sends still comes from the first by itself."""
        self._run("ip", "address", "add", f"{self.alias}/24", "dev", self._link)

    def drop(self, match: str) -> None:
        """Drops from now on, in both directions, what iptables matches."""
        self._inside("iptables", "-A", "OUTPUT", "-o", "eth0", *match.split(), "-j", "DROP")
        self._inside("iptables", "-A", "INPUT", "-i", "eth0", *match.split(), "-j", "DROP")

    def dropped_packets(self) -> int:
        """How many packets of the client the firewall has dropped."""
        listing = self._inside("iptables", "-nvxL", "OUTPUT")
        return sum(int(line.split()[0]) for line in listing.splitlines() if "DROP" in line)

    def _run(self, *command: str) -> str:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def _inside(self, *command: str) -> str:
        return self._run(*self.inside, *command)

    def close(self) -> None:
        subprocess.run(["ip", "netns", "delete", self.name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "delete", self._link], check=False, capture_output=True)
