"""Fixtures: a running server, browsers, and people in them."""

import functools
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from rig import chromium, media
from rig.cable import Cable
from rig.firefox import Firefox
from rig.namespaces import Namespace, why_unavailable
from rig.pages import PageServer
from rig.person import Person
from rig.plain_client import PlainClient
from rig.server import Server, server_binary

OUTPUT = Path(__file__).parent / "out"


# The tests of the official identity SDK find a server as its users do, by a connection string and a certificate to trust.
# They get a server of their own, since they also use up its request limits.
SDK_SERVER = pytest.StashKey[Server]()


def pytest_sessionstart(session: pytest.Session) -> None:
    if "SWITCHBOARD_CONNECTION_STRING" in os.environ:
        return
    if session.config.option.collectonly:
        os.environ["SWITCHBOARD_CONNECTION_STRING"] = "endpoint=https://localhost/;accesskey=AA=="
        os.environ["SWITCHBOARD_CA"] = ""
        return
    if not server_binary().exists():
        raise pytest.UsageError(f"no server at {server_binary()}; run 'swift build' or set SWITCHBOARD_BINARY")
    server = Server(Path(tempfile.mkdtemp(prefix="switchboard-sdk-")) / "data").start()
    session.config.stash[SDK_SERVER] = server
    os.environ["SWITCHBOARD_CONNECTION_STRING"] = server.connection_string
    os.environ["SWITCHBOARD_CA"] = str(server.certificate)


def pytest_sessionfinish(session: pytest.Session) -> None:
    server = session.config.stash.get(SDK_SERVER, None)
    if server is not None:
        server.stop()
        shutil.rmtree(server.data.parent, ignore_errors=True)


@pytest.fixture(scope="session")
def binary() -> Path:
    return server_binary()


@pytest.fixture(scope="session")
def server(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that leave it as they found it."""
    server = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield server
    assert server.is_running(), f"the server died during the tests:\n{server.log_tail()}"
    assert server.stop() == 0, f"the server did not stop cleanly:\n{server.log_tail()}"


@pytest.fixture
def own_server(binary: Path, tmp_path: Path) -> Iterator[Server]:
    """A server of this test alone, which may be stopped and restarted."""
    server = Server(tmp_path / "data").start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def pages() -> Iterator[PageServer]:
    server = PageServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def media_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("media")
    files = {name: media.make_voice(folder, name, hertz) for name, hertz in media.VOICES_HZ.items()}
    return {**files, "camera": media.make_camera(folder)}


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("native") / "small.h264"
    media.run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=15", "-t", "2", "-c:v", "libx264", "-profile:v", "baseline",
        "-g", "15", "-b:v", "200k", "-pix_fmt", "yuv420p", str(path),
    )  # fmt: skip
    return path


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright: Playwright, media_files: dict[str, Path]) -> Iterator[Browser]:
    """One Chromium for everybody whose voice need not be told from the others'."""
    browser = chromium.launch(playwright, media_files["camera"], media_files["ada"])
    yield browser
    browser.close()


@pytest.fixture
def browser_of(playwright: Playwright, media_files: dict[str, Path]) -> Iterator[Callable[[str], Browser]]:
    """A Chromium with a voice of its own, by the name of the person."""
    opened: list[Browser] = []

    def launch(name: str) -> Browser:
        opened.append(chromium.launch(playwright, media_files["camera"], media_files[name]))
        return opened[-1]

    yield launch
    for one in opened:
        one.close()


NewPerson = Callable[..., Person]


@pytest.fixture
def new_person(request: pytest.FixtureRequest, pages: PageServer) -> Iterator[NewPerson]:
    """Makes people in Chromium: a user of the server, a page, signed in (unless `sign_in=False`)."""
    people: list[Person] = []

    def make(
        name: str,
        *,
        at: Server | None = None,
        browser: Browser | None = None,
        cable: Cable | None = None,
        account: object | None = None,
        sign_in: bool = True,
    ) -> Person:
        home = at or request.getfixturevalue("server")
        chosen = browser or request.getfixturevalue("browser")
        page = chromium.ChromiumPage(chosen, f"{pages.origin}/person.html")
        person = Person(name, account or home.identity.create(), page)
        people.append(person)
        if sign_in:
            ports = range(home.media_port, home.media_port + (os.cpu_count() or 1))
            person.do(
                "signIn",
                server=cable.origin if cable else home.origin,
                token=person.account.token,
                displayName=name,
                mediaPorts={str(port): cable.media_port(port) for port in ports} if cable else {},
            )
        return person

    yield make
    if failed(request):
        for person in people:
            report_page(request, person)
    for person in people:
        person.leave()


@pytest.fixture
def cable(server: Server) -> Iterator[Cable]:
    cable = Cable(server.http_port)
    yield cable
    cable.close()


@functools.cache
def why_no_namespace() -> str | None:
    return why_unavailable()


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    if reason := why_no_namespace():
        pytest.skip(reason)
    with Namespace() as namespace:
        yield namespace


@pytest.fixture
def browser_inside(
    namespace: Namespace, playwright: Playwright, media_files: dict[str, Path], tmp_path: Path
) -> Iterator[Browser]:
    """A Chromium that has no network but the cable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chromium, "EXECUTABLE", namespace.browser_executable(tmp_path))
        browser = chromium.launch(playwright, media_files["camera"], media_files["grace"])
    yield browser
    browser.close()


@pytest.fixture
def firefox_person(server: Server, pages: PageServer) -> Iterator[Person]:
    """Somebody with Firefox, signed in."""
    firefox = Firefox()
    try:
        firefox.open(f"{pages.origin}/person.html")
        person = Person("Barbara", server.identity.create(), firefox)
        person.do("signIn", server=server.origin, token=person.account.token, displayName="Barbara", mediaPorts={})
        yield person
    finally:
        firefox.close()


@pytest.fixture
def plain_client(server: Server) -> Iterator[PlainClient]:
    """Somebody whose client is neither a browser nor ours, connected."""
    client = PlainClient(server.origin, server.identity.create(), "Plain", voice_hertz=1570)
    try:
        yield client.connect()
    finally:
        client.close()


@pytest.fixture
def group_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture(scope="session")
def output() -> Path:
    """Where screenshots go; not under version control."""
    OUTPUT.mkdir(exist_ok=True)
    return OUTPUT


# What a failed test leaves for whoever reads it: the pages' logs and the tail of the server's.

OUTCOME = pytest.StashKey[bool]()


def failed(request: pytest.FixtureRequest) -> bool:
    return request.node.stash.get(OUTCOME, False)


def report_page(request: pytest.FixtureRequest, person: Person) -> None:
    lines = list(getattr(person.page, "console", []))[-20:]
    try:
        snapshot = person.snapshot()
        lines.append(f"call: {snapshot['call']}")
        lines += [str(entry) for entry in snapshot["log"][-30:]]
        lines.append(f"media: {person.media()}")
    except Exception as error:  # the page may be what failed
        lines.append(f"(no snapshot: {error})")
    request.node.add_report_section("teardown", f"page of {person.name}", "\n".join(lines))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo) -> Iterator[None]:
    outcome = yield
    report = outcome.get_result()
    if report.when in ("setup", "call") and report.failed:
        item.stash[OUTCOME] = True
        for name in ("server", "own_server"):
            running = getattr(item, "funcargs", {}).get(name)
            if isinstance(running, Server):
                report.sections.append((f"log of {name}", running.log_tail()))
