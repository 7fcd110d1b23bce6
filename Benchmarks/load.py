"""What whole calls cost the server: forwarding, memory and joins, played by `switchboard loadtest`.

A new server ($SWITCHBOARD_BINARY, a release build) for each round of each scenario, on loopback, on the same machine as
the clients. Prints the median of several rounds (ROUNDS, 3) and marks what misses its target; ONLY=name runs one
scenario, and `--json FILE` keeps all reports.
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "Tests" / "Interop"))

from rig.server import Server, environment, server_binary  # noqa: E402

ROUNDS = int(os.environ.get("ROUNDS", "3"))
SECONDS = os.environ.get("SECONDS_MEASURED", "15")

Report = dict
Reading = Callable[[Report], float | None]


@dataclass
class Scenario:
    name: str
    arguments: tuple[str, ...]
    # What must be at most so much: the name of a figure, and the bound.
    targets: dict[str, float] = field(default_factory=dict)
    # What the C loop is told, to be run right before each round; None where there is nothing to compare.
    yardstick: tuple[str, ...] | None = None


# A picture of 1.5 Mbit/s is six packets, thirty times a second, to receivers that take them.
PICTURES_IN_C = ("-n", "100", "-b", "6", "-r", "150", "-p", "33000", "-x", "drain")

SCENARIOS = [
    Scenario(
        "1 to 100, 720p at 1.5 Mbit/s, no sound",
        ("--publishers", "1", "--subscribers", "100", "--video", "720p", "--bitrate", "1.5M", "--audio", "off"),
        {"loss": 0, "missing pictures": 0, "ns CPU per packet": 2400, "times the C loop": 1.6},
        PICTURES_IN_C,
    ),
    Scenario(
        "1 to 100, 720p at 1.5 Mbit/s",
        ("--publishers", "1", "--subscribers", "100", "--video", "720p", "--bitrate", "1.5M"),
        {"loss": 0, "missing pictures": 0},
    ),
    Scenario(
        "1 to 50, half of that load",
        ("--publishers", "1", "--subscribers", "50", "--video", "720p", "--bitrate", "1.5M"),
        {"loss": 0, "first packet p99, ms": 5, "sound p99, ms": 5},
    ),
    Scenario(
        "10 people, everybody sees and hears everybody",
        ("--publishers", "10", "--subscribers", "10", "--visible", "9", "--video", "360p"),
        {"loss": 0, "kB per session": 250},
    ),
    Scenario(
        "350 people, 3 speak, 9 are seen",
        ("--publishers", "9", "--subscribers", "341", "--visible", "9", "--speakers", "3", "--video", "180p"),
        {"loss": 0, "kB per session": 250},
    ),
    Scenario(
        "350 joins, 200 a second",
        ("--publishers", "1", "--subscribers", "349", "--visible", "1", "--video", "180p", "--join-rate", "200"),
        {"ms CPU per join": 5, "kB per session": 250},
    ),
]


def scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


FIGURES: dict[str, Reading] = {
    "packets per second": lambda report: report["received"]["forwardedPacketsPerSecond"],
    "ns CPU per packet": lambda report: report["server"].get("cpuNanosecondsPerForwardedPacket"),
    "ns in the C loop": lambda report: report.get("yardstick"),
    "times the C loop": lambda report: (
        report["server"]["cpuNanosecondsPerForwardedPacket"] / report["yardstick"] if "yardstick" in report else None
    ),
    "% of a core": lambda report: report["server"]["cpuShare"] * 100,
    "loss": lambda report: report["received"]["lostPackets"],
    "missing pictures": lambda report: report["received"]["missingFrames"],
    "% of pictures": lambda report: (
        100 * report["received"]["videoFrames"] / max(1, report["received"]["expectedVideoFrames"])
    ),
    "first packet p99, ms": lambda report: report["latencyMilliseconds"]["videoFirstPacket"].get("p99"),
    "sound p99, ms": lambda report: report["latencyMilliseconds"]["audio"].get("p99"),
    "joins per second": lambda report: report["joins"]["perSecond"],
    "ms CPU per join": lambda report: report["server"].get("cpuMillisecondsPerJoin"),
    "kB per session": lambda report: scaled(report["server"].get("bytesPerParticipant"), 1 / 1000),
    "generator, % of a core": lambda report: (
        100 * report["generator"]["cpuSeconds"] / report["scenario"]["seconds"]
    ),
    "pictures late p99, ms": lambda report: report["generator"]["latenessMilliseconds"].get("p99"),
}


def measure_in_c(arguments: tuple[str, ...]) -> float:
    """Nanoseconds of CPU for each packet in the plain C loop, which `script/bench` compiles."""
    loop = Path(__file__).parent.parent / ".build" / "forwarding-limit"
    made = subprocess.run([str(loop), "-m", "gso", "-c", "gcm", *arguments], capture_output=True, text=True, check=True)
    return float(made.stdout.split("total=")[1].split()[0])


def run(scenario: Scenario) -> Report:
    yardstick = None if scenario.yardstick is None else measure_in_c(scenario.yardstick)
    folder = Path(tempfile.mkdtemp(prefix="switchboard-bench-"))
    server = Server(folder / "data").start()
    try:
        assert server.process is not None
        made = subprocess.run(
            [
                str(server_binary()), "loadtest", "--server", server.origin, "--server-pid", str(server.process.pid),
                "--duration", SECONDS, "--json", *scenario.arguments,
            ],
            env=environment(), capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        if made.returncode != 0:
            raise SystemExit(f"{scenario.name}: {made.stderr}{made.stdout}\n{server.log_tail(20)}")
        report = json.loads(made.stdout)
        return report if yardstick is None else {**report, "yardstick": yardstick}
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main() -> int:
    kept: dict[str, list[Report]] = {}
    misses = 0
    for scenario in SCENARIOS:
        if os.environ.get("ONLY", "") not in scenario.name:
            continue
        reports = kept[scenario.name] = [run(scenario) for _ in range(ROUNDS)]
        print(f"{scenario.name}:")
        for name, read in FIGURES.items():
            values = [value for value in map(read, reports) if value is not None]
            if not values:
                continue
            median = statistics.median(values)
            bound = scenario.targets.get(name)
            is_missed = bound is not None and median > bound
            misses += is_missed
            note = "" if bound is None else f"  (at most {bound:g}{': MISSED' if is_missed else ''})"
            print(f"  {name:24}{median:12.2f}  of {', '.join(f'{value:.2f}' for value in values)}{note}")
    if "--json" in sys.argv[1:-1]:
        Path(sys.argv[sys.argv.index("--json") + 1]).write_text(json.dumps(kept, indent=2))
    return 1 if misses else 0


if __name__ == "__main__":
    sys.exit(main())
