"""What becomes of a server whose data folder takes nothing any more, or has lost its database."""

import errno
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig.polling import eventually
from rig.server import Server


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(disk)], capture_output=True, text=True)
    if made.returncode != 0:
        pytest.skip(f"no file system can be mounted: {made.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def readiness(server: Server) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"{server.origin}/readyz", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def fill(path: Path) -> None:
    """Takes all space that is left."""
    with path.open("wb", buffering=0) as file:
        for size in (65_536, 4_096, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError as error:
                assert error.errno == errno.ENOSPC


def test_a_full_disk_is_named_and_the_server_recovers(small_disk: Path) -> None:
    server = Server(small_disk / "data").start()
    try:
        assert readiness(server)[0] == 200
        server.identity.create()
        fill(small_disk / "filler")

        def refusal() -> str | None:
            # What the log of the database has grown to already may still hold a few users.
            try:
                server.identity.create()
                return None
            except Exception as error:  # The rig's own error carries status and body as text.
                return str(error)

        said = eventually(refusal, "a user cannot be made on a full disk")
        assert "507" in said and "disk of the data folder is full" in said, said
        status, text = readiness(server)
        assert status == 503 and "disk of the data folder is full" in text
        with urllib.request.urlopen(f"{server.origin}/healthz", timeout=10) as answer:
            assert answer.status == 200
        os.remove(small_disk / "filler")
        eventually(lambda: readiness(server)[0] == 200, "the server is ready again")
        server.identity.create()
        assert server.is_running()
    finally:
        assert server.stop() == 0, server.log_tail()


def test_old_keys_beside_an_empty_database_stop_the_start(own_server: Server) -> None:
    account = own_server.identity.create()
    assert own_server.stop() == 0
    for file in own_server.data.glob("switchboard.db*"):
        file.unlink()
    with pytest.raises(AssertionError) as refused:
        own_server.start()
    assert "database switchboard.db is new or empty" in str(refused.value)
    assert "--database-accept-empty" in str(refused.value)
    # The refusal itself leaves an empty database, which does not pass for the old one at the next try.
    with pytest.raises(AssertionError):
        own_server.start()

    accepting = Server(own_server.data, "--database-accept-empty").start()
    made = accepting.identity.create()
    assert made.user_id.split("_")[0] != account.user_id.split("_")[0], "it is another server"
    assert accepting.stop() == 0
    own_server.start()
