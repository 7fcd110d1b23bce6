"""Every bound has a name, a line in docs/limits.md, a series in /metrics, and a test that fills it."""

import json
import re
from collections import Counter
from collections.abc import Iterator

from rig.server import PROJECT, Server, run_binary

PAGE = PROJECT / "docs" / "limits.md"
TESTS = (PROJECT / "Tests", PROJECT / "Clients")
# What a test is called: a function, or the display name of a Swift or TypeScript one.
NAMES = re.compile(r'func (\w+)|def (\w+)|@Test\(\s*"((?:[^"\\]|\\.)+)"|\btest\(\s*["\'`]((?:[^"\'`\\]|\\.)+)')


def limits() -> list[dict]:
    answer = run_binary("limits", "--json")
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_the_page_is_the_table_of_the_program() -> None:
    answer = run_binary("limits")
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() in PAGE.read_text(), f"{PAGE} is not what `switchboard limits` prints; write it anew"


def test_names_are_unique() -> None:
    counts = Counter(limit["name"] for limit in limits())
    assert [name for name, count in counts.items() if count > 1] == []
    assert all(re.fullmatch(r"[a-zA-Z]+(\.[a-zA-Z0-9]+)+", name) for name in counts), sorted(counts)


def test_every_limit_has_a_test_that_fills_it() -> None:
    known = set(names_of_tests())
    assert len(known) > 1_000
    missing = {limit["name"]: limit["test"] for limit in limits() if limit["test"] not in known}
    assert missing == {}


def names_of_tests() -> Iterator[str]:
    for folder in TESTS:
        for path in folder.rglob("*"):
            if path.suffix in (".swift", ".py", ".ts", ".mjs", ".js") and "node_modules" not in path.parts:
                for found in NAMES.finditer(path.read_text(errors="replace")):
                    yield next(group for group in found.groups() if group)


def test_every_limit_is_counted(server: Server) -> None:
    """Series of their own labels are there before the first hit, so that an alert can be written for them."""
    samples = [line for line in server.metrics().splitlines() if line and not line.startswith("#")]
    series = {line.rsplit(" ", 1)[0] for line in samples}
    families = {name.split("{")[0] for name in series}
    missing = []
    for limit in limits():
        counter = limit["counter"]
        if counter not in (series if "{" in counter else families):
            missing.append(f"{limit['name']}: {limit['counter']}")
    assert missing == []
