"""Attacks a server on loopback, and tells what that cost the attacker, the server, and a healthy call beside it.

    Benchmarks/attacks/run.py [NAME …]      all attacks, or those named; --list names them
    --json FILE                             keeps all figures
    --write-docs                            puts them into docs/security.md, beside those of before.json

Each attack gets a new server ($SWITCHBOARD_BINARY, a release build) with an empty data folder and free ports, and a
process of its own, so that the CPU time of both can be told apart. Prints a table in Markdown.
"""

import argparse
import importlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import asdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from tools.target import PROJECT, Attack, Outcome, Target  # noqa: E402
from tools import report  # noqa: E402
from tools.measure import HealthyCall, Meter, Readiness, cpu_seconds  # noqa: E402

from rig.server import Server  # noqa: E402

MODULES = (
    "pongs", "costly_json", "slow_http", "relay_doors", "taken_address", "media_to_stranger", "long_wishes",
    "wrong_scope", "idle_calls", "sessions", "packet_floods", "http_framing",
)  # fmt: skip
BASELINE_SECONDS = 2
# Python, imports and users, before an attack begins.
SLACK_SECONDS = 4


def rest(_: Target) -> Outcome:
    time.sleep(8)
    return Outcome(0, ["the same call with nothing beside it"])


def attacks() -> dict[str, Attack]:
    found = {"none": Attack("No attack", "–", 8, rest)}
    for name in MODULES:
        found |= importlib.import_module(name).ATTACKS
    return found


def start_server(folder: Path, soft_limit: int | None) -> Server:
    """A server with one media worker; `soft_limit` bounds the descriptors that it finds at its start."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft_limit is not None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft_limit, hard))
    loopback = ("--media-bind-address", "127.0.0.1", "--turn-bind-address", "127.0.0.1")
    try:
        for attempt in range(3):
            server = Server(folder / f"data-{attempt}", "--media-workers", "1", *loopback)
            try:
                return server.start()
            except AssertionError:
                # Somebody took a port between its choice and its use.
                server.stop()
        raise SystemExit(f"no server starts:\n{server.log_tail()}")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def be_attacked(name: str, attack: Attack) -> dict:
    """Plays an attack against a new server; all figures."""
    folder = Path(tempfile.mkdtemp(prefix="switchboard-attack-"))
    server = start_server(folder, attack.descriptors)
    call = None
    try:
        group = str(uuid.uuid4())
        call = HealthyCall(server, group, BASELINE_SECONDS + attack.seconds + SLACK_SECONDS)
        call.wait_until_measured()
        pid = server.process.pid
        before = cpu_seconds(pid)
        time.sleep(BASELINE_SECONDS)
        usual = (cpu_seconds(pid) - before) / BASELINE_SECONDS
        target = Target(
            server.http_port, server.https_port, server.media_port, server.access_key, pid, call.process.pid, group
        )
        meter, readiness = Meter(pid), Readiness(server.http_port).start()
        outcome = attack_from_outside(name, target, attack.seconds)
        meter.stop()
        readiness.stop()
        lost = call.report()
        is_alive = server.is_running()
        return {
            "name": name, "title": attack.title, "who": attack.who, "seconds": meter.seconds,
            "attacker": outcome,
            "server": {
                "cpuSeconds": max(0.0, meter.cpu - usual * meter.seconds), "usualShare": usual,
                "grownBytes": meter.peak_bytes - meter.start_bytes,
                "moreDescriptors": meter.peak_descriptors - meter.start_descriptors, "isAlive": is_alive,
            },
            "call": lost,
            "readiness": {
                "asked": readiness.asked, "answered": readiness.answered, "slowest": readiness.slowest,
            },
        }  # fmt: skip
    finally:
        if call is not None:
            call.stop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def attack_from_outside(name: str, target: Target, seconds: float) -> dict:
    """Runs the attack in a process of its own."""
    patience = seconds * 3 + 60
    try:
        made = subprocess.run(
            [sys.executable, str(HERE / "run.py"), "--as-attacker", name], input=target.encoded(),
            capture_output=True, text=True, timeout=patience,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        finding = f"the attacker was kept waiting, and was not done in {patience:.0f} s"
        return {"sent_bytes": 0, "findings": [finding], "details": [], "cpuSeconds": 0.0}
    lines = [line for line in made.stdout.splitlines() if line.startswith("{")]
    if not lines:
        error = made.stderr.strip().splitlines()[-1:] or ["no outcome"]
        return {"sent_bytes": 0, "findings": [f"the attack failed: {error[0]}"], "details": [], "cpuSeconds": 0.0}
    return json.loads(lines[-1])


def as_attacker(name: str) -> None:
    target = Target(**json.loads(sys.stdin.read()))
    outcome = attacks()[name].run(target)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(one.ru_utime + one.ru_stime for one in used)
    print(json.dumps({**asdict(outcome), "cpuSeconds": cpu}), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="the attacks there are")
    parser.add_argument("--json", metavar="FILE", help="where all figures are kept")
    parser.add_argument("--write-docs", action="store_true", help="puts the figures into docs/security.md")
    parser.add_argument("--as-attacker", metavar="NAME", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.as_attacker:
        as_attacker(arguments.as_attacker)
        return 0
    known = attacks()
    if arguments.list:
        print("\n".join(f"{name:20} {attack.title}" for name, attack in known.items()))
        return 0
    if unknown := [name for name in arguments.names if name not in known]:
        parser.error(f"there is no attack {', '.join(unknown)}; --list names those there are")
    if os.geteuid() != 0:
        print("Not root: attacks that spoof addresses will fail.", file=sys.stderr)
    results = []
    print(report.HEAD, flush=True)
    for name, attack in known.items():
        if arguments.names and name not in arguments.names:
            continue
        results.append(be_attacked(name, attack))
        print(report.row(results[-1]), flush=True)
        if arguments.json:
            Path(arguments.json).write_text(json.dumps(results, indent=2))
        if arguments.write_docs:
            keep(results[-1])
    print(report.details(results))
    return 0


def keep(result: dict) -> None:
    """Puts the figures of one attack beside those of the others, at once, so that an end in the middle loses none."""
    kept = HERE / "now.json"
    now = json.loads(kept.read_text()) if kept.exists() else []
    now = [other for other in now if other["name"] != result["name"]] + [result]
    order = list(attacks())
    now.sort(key=lambda other: order.index(other["name"]))
    kept.write_text(json.dumps(now, indent=2) + "\n")
    before = json.loads((HERE / "before.json").read_text())
    report.write_into(PROJECT / "docs" / "security.md", report.comparison(before, now))


if __name__ == "__main__":
    sys.exit(main())
