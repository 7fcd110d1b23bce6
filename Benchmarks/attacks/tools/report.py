"""Figures of attacks as Markdown: the table of one run, and that of docs/security.md, before and after."""

from pathlib import Path

from .measure import MEGABYTE

HEAD = (
    "| Attack | By | Attacker: sent, CPU | Server: CPU, memory, descriptors | Healthy call: packets lost, pictures missing,"
    " p99 of picture and sound | `/readyz` | What came of it |\n|---|---|---|---|---|---|---|"
)
COMPARISON_HEAD = (
    "| Attack | | Attacker: sent, CPU | Server: CPU, memory, descriptors | Healthy call: packets lost, pictures missing,"
    " p99 of picture and sound | `/readyz` | What came of it |\n|---|---|---|---|---|---|---|"
)
BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def row(result: dict) -> str:
    return line([f"{result['title']} (`{result['name']}`)", result["who"], *figures(result)])


def line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def figures(result: dict) -> list[str]:
    attacker, server, ready = result["attacker"], result["server"], result["readiness"]
    return [
        f"{attacker['sent_bytes'] / MEGABYTE:,.2f} MB, {attacker['cpuSeconds']:.1f} s",
        f"{server['cpuSeconds']:.1f} s in {result['seconds']:.0f} s, +{server['grownBytes'] / MEGABYTE:,.0f} MB,"
        f" +{server['moreDescriptors']}" + ("" if server["isAlive"] else ", **died**"),
        call_cell(result["call"]),
        f"{ready['answered']} of {ready['asked']}, slowest {ready['slowest']:.2f} s",
        "; ".join(attacker["findings"]),
    ]


def call_cell(report: dict | None) -> str:
    if report is None:
        return "did not end"
    received, latency = report["received"], report["latencyMilliseconds"]

    def milliseconds(name: str) -> str:
        value = latency[name].get("p99")
        return "–" if value is None else f"{value:.0f}"

    missing = received["missingFrames"] / max(1, received["expectedVideoFrames"])
    return (
        f"{received['loss'] * 100:.2f} %, {missing * 100:.1f} %, {milliseconds('videoFirstPacket')} and"
        f" {milliseconds('audio')} ms" + (f", {received['endedSessions']} ended" if received["endedSessions"] else "")
    )


def details(results: list[dict]) -> str:
    return "\n".join(
        f"\n`{result['name']}`:\n\n* " + "\n* ".join(result["attacker"]["details"])
        for result in results
        if result["attacker"]["details"]
    )


def comparison(before: list[dict], after: list[dict]) -> str:
    """Two rows for each attack; what was measured once has one."""
    lines = [COMPARISON_HEAD]
    later = {result["name"]: result for result in after}
    for result in before:
        lines.append(line([f"{result['title']} (`{result['name']}`), {result['who']}", "before", *figures(result)]))
        if result["name"] in later:
            lines.append(line(["", "now", *figures(later[result["name"]])]))
    known = {result["name"] for result in before}
    for result in after:
        if result["name"] not in known:
            lines.append(line([f"{result['title']} (`{result['name']}`), {result['who']}", "now", *figures(result)]))
    return "\n".join(lines)


def write_into(page: Path, table: str) -> None:
    """Puts the table between the marks of a page."""
    text = page.read_text()
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    page.write_text(f"{text[:start]}\n\n{table}\n\n{text[end:]}")
