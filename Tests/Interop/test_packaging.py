"""What `packaging` holds: units, images and alerts that fit the server."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from rig.plain_client import PlainClient
from rig.polling import eventually
from rig.server import PROJECT, Server, run_binary

PACKAGING = PROJECT / "packaging"


def run(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([str(one) for one in arguments], capture_output=True, text=True, timeout=60)


def settings() -> dict[str, str]:
    """Default values by environment variable, from the table of docs/configuration.md."""
    rows = re.findall(
        r"^\| `\S+` \| `--\S+` \| `(\S+)` \| (\S+) \|", (PROJECT / "docs" / "configuration.md").read_text(), re.M
    )
    assert rows
    return {name: value.strip("`") for name, value in rows}


def stop_seconds() -> int:
    """What a stop may take: shutdown.grace, and ten seconds for what is under way."""
    return int(settings()["SWITCHBOARD_SHUTDOWN_GRACE"]) + 10


def directives() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", (PACKAGING / "switchboard.service").read_text(), re.M):
        found.setdefault(name, []).append(value)
    return found


def test_the_unit_is_valid(binary: Path, tmp_path: Path) -> None:
    unit = tmp_path / "switchboard.service"
    unit.write_text((PACKAGING / "switchboard.service").read_text().replace("/usr/local/bin/switchboard", str(binary)))
    verified = run("systemd-analyze", "verify", unit)
    assert verified.returncode == 0 and not verified.stderr.strip(), verified.stderr
    exposure = run("systemd-analyze", "security", "--offline=true", unit).stdout
    assert float(re.search(r"exposure level for \S+: ([\d.]+)", exposure)[1]) < 3, exposure


def test_the_unit_gives_the_server_time_and_descriptors() -> None:
    found = directives()
    assert int(found["TimeoutStopSec"][0]) > stop_seconds()
    assert int(found["LimitNOFILE"][0]) >= 16_384
    assert found["Type"] == ["notify"] and "-HUP $MAINPID" in found["ExecReload"][0]


def test_the_example_of_settings_starts_a_server(binary: Path, tmp_path: Path) -> None:
    config = str(PACKAGING / "switchboard.yaml")
    server = Server(tmp_path / "data", "--config", config, "--tls-certificate=", "--tls-key=").start()
    assert server.stop() == 0


def test_the_rotation_is_valid(tmp_path: Path) -> None:
    text = (PACKAGING / "switchboard.logrotate").read_text()
    assert "SIGUSR1" in text and "/var/log/switchboard/" in text
    assert text.count("{") == text.count("}") == 1 and "endscript" in text


def test_the_dockerfile_is_clean() -> None:
    checked = run(Path(sys.executable).with_name("hadolint"), PACKAGING / "Dockerfile")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def dockerfile() -> str:
    return re.sub(r"\\\n\s*", "", (PACKAGING / "Dockerfile").read_text())


def test_the_image_has_the_ports_and_settings_of_the_server() -> None:
    text, defaults = dockerfile(), settings()
    exposed = re.search(r"^EXPOSE (.*)$", text, re.M)[1].split()
    for name, transports in (("HTTPS", ["tcp"]), ("TURN", ["tcp", "udp"])):
        for transport in transports:
            assert f"{defaults[f'SWITCHBOARD_{name}_PORT']}/{transport}" in exposed
    for transport in ("tcp", "udp"):
        media = re.compile(rf"{defaults['SWITCHBOARD_MEDIA_PORT']}-\d+/{transport}")
        assert any(media.fullmatch(one) for one in exposed)
    for name in re.findall(r"SWITCHBOARD_\w+", text):
        assert name in defaults


def test_the_image_has_the_libraries_of_the_program(binary: Path) -> None:
    """Every library that the program names, but for Swift's, which are linked in, comes with a listed package."""
    named = set(re.findall(r"\(NEEDED\).*\[(\S+)\]", run("readelf", "-d", binary).stdout))
    assert any(name.startswith("libsqlite3") for name in named)
    everywhere = re.compile(r"lib(c|m|dl|pthread|rt|gcc_s|stdc\+\+|util)\.so")
    missing = []
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", run("ldd", binary).stdout, re.M):
        if name not in named or "swift" in path or "Foundation" in name or everywhere.match(name):
            continue
        owners = [run("dpkg", "-S", one).stdout.partition(":")[0] for one in (path, Path(path).resolve())]
        if not any(owner and re.search(rf"\b{re.escape(owner)}\b", dockerfile()) for owner in owners):
            missing.append((name, owners))
    assert not missing


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
def test_the_health_check_tells_a_server_that_answers(server: Server) -> None:
    command = yaml.safe_load(re.search(r"CMD (\[\"bash\".*\])$", dockerfile(), re.M)[1])

    def check(port: int) -> int:
        return run(*(one.replace("/8080", f"/{port}") for one in command)).returncode

    assert check(server.http_port) == 0
    assert check(1) != 0


def manifests() -> dict[str, dict]:
    return {one["kind"]: one for one in yaml.safe_load_all((PACKAGING / "kubernetes.yaml").read_text())}


def test_the_manifest_fits_the_server(binary: Path, tmp_path: Path) -> None:
    found, defaults = manifests(), settings()
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    assert pod["hostNetwork"] and pod["enableServiceLinks"] is False
    assert pod["terminationGracePeriodSeconds"] > stop_seconds()
    container = pod["containers"][0]
    assert all(one["name"] in defaults for one in container["env"])
    named = {one["name"]: one["containerPort"] for one in container["ports"]}
    assert str(named["https"]) == defaults["SWITCHBOARD_HTTPS_PORT"]
    assert str(named["media-0"]) == defaults["SWITCHBOARD_MEDIA_PORT"]
    for probe, path in (("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        assert container[probe]["httpGet"]["path"] == path
    assert {one["targetPort"] for one in found["Service"]["spec"]["ports"]} <= named.keys()
    # The file of the ConfigMap holds settings and nothing else: the server says so before it looks at the certificate.
    config = tmp_path / "switchboard.yaml"
    config.write_text(found["ConfigMap"]["data"]["switchboard.yaml"])
    answer = run_binary("serve", "--config", str(config), "--data", str(tmp_path / "data"), "--media-port", "0",
                        "--turn-port", "0", "--media-workers", "1")  # fmt: skip
    assert "/tls/tls.crt" in answer.stderr, answer.stderr


def alerts() -> list[dict]:
    groups = yaml.safe_load((PACKAGING / "alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_alerts_ask_for_what_the_server_measures(own_server: Server) -> None:
    asked = {name for rule in alerts() for name in re.findall(r"switchboard_\w+", rule["expr"])}
    assert len(asked) > 8

    def missing() -> set[str]:
        measured = set(re.findall(r"^(switchboard_\w+)", own_server.metrics(), re.M))
        return asked - measured

    eventually(lambda: not missing(), "every measurement that an alert asks for is there")


def test_every_alert_is_explained() -> None:
    page = (PROJECT / "docs" / "operations.md").read_text()
    for rule in alerts():
        assert f"| `{rule['alert']}` |" in page
        assert rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"]


def test_a_backup_of_a_running_server_is_a_server(binary: Path, own_server: Server, tmp_path: Path) -> None:
    """By the commands of docs/operations.md, with cp for rsync."""
    account = own_server.identity.create()
    key, restored = own_server.access_key, tmp_path / "restored"
    restored.mkdir(mode=0o700)
    for one in own_server.data.iterdir():
        if one.name.startswith("switchboard.db") or one.name == "lock":
            continue
        (shutil.copytree if one.is_dir() else shutil.copy2)(one, restored / one.name)
    made = run("sqlite3", own_server.data / "switchboard.db", f".backup {restored / 'switchboard.db'}")
    assert made.returncode == 0, made.stderr
    later = own_server.identity.create()
    own_server.stop()

    server = Server(restored).start()
    try:
        assert server.access_key == key
        assert server.identity.issue(account.user_id), "the user is there, and the connection string is good"
        with pytest.raises(AssertionError):
            server.identity.issue(later.user_id)
        client = PlainClient(server.origin, account, "Ada", voice_hertz=700)
        try:
            assert client.connect().welcome["type"] == "welcome", "the token from before is good"
        finally:
            client.close()
    finally:
        server.stop()
