"""The demo page as people use it, by its visible words and by keyboard; screenshots land in Tests/Interop/out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from rig.polling import PATIENCE_SECONDS, eventually
from rig.server import Server

expect.set_options(timeout=PATIENCE_SECONDS * 1000)

OpenDemo = Callable[..., Page]


@pytest.fixture
def open_demo(browser: Browser, server: Server) -> Iterator[OpenDemo]:
    """Opens the demo page in a browser context of its own; nothing may go wrong in its script."""
    contexts = []
    problems: list[str] = []

    def open_page(query: str = "", *, secure: bool = False, **options: object) -> Page:
        context = browser.new_context(ignore_https_errors=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        origin = f"https://localhost:{server.https_port}" if secure else f"http://localhost:{server.http_port}"
        page.goto(f"{origin}/{query}")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not problems


def sign_in(page: Page, name: str) -> str:
    """Signs in by display name; the user id that the page shows."""
    page.get_by_label("Your name").fill(name)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("status").filter(has_text="Online")).to_be_visible()
    return page.locator("#user-id").inner_text()


def pictures_moving(page: Page) -> int:
    """How many of the visible pictures show new frames."""
    return page.evaluate(
        """async () => {
            const count = (video) => video.getVideoPlaybackQuality().totalVideoFrames;
            const videos = [...document.querySelectorAll("video")].filter((video) => video.checkVisibility());
            const before = videos.map(count);
            await new Promise((resolve) => setTimeout(resolve, 600));
            return videos.filter((video, index) => count(video) > before[index]).length;
        }"""
    )


def shows_pictures(page: Page, number: int) -> None:
    eventually(lambda: pictures_moving(page) == number, f"{number} pictures move on {page.url}")


def call(caller: Page, callee: Page, callee_id: str) -> None:
    caller.get_by_label("Their user id").fill(callee_id)
    caller.get_by_role("button", name="Video call").click()
    answer(callee)


def answer(callee: Page) -> None:
    callee.get_by_role("dialog").get_by_role("button", name="With camera").click()


def control(page: Page, name: str) -> Locator:
    return page.get_by_role("toolbar", name="Call controls").get_by_role("button", name=name)


def test_calling_adding_sharing_leaving(open_demo: OpenDemo, output: Path) -> None:
    ada, grace, edsger = open_demo(), open_demo(), open_demo()
    sign_in(ada, "Ada")
    grace_id, edsger_id = sign_in(grace, "Grace"), sign_in(edsger, "Edsger")

    call(ada, grace, grace_id)
    for page in (ada, grace):
        shows_pictures(page, 2)
    ada.screenshot(path=output / "demo-one-to-one.png")

    control(ada, "People").click()
    ada.get_by_label("Add a person by user id").fill(edsger_id)
    ada.get_by_role("button", name="Add", exact=True).click()
    answer(edsger)
    for page in (ada, grace, edsger):
        shows_pictures(page, 3)
    expect(ada.get_by_label("People in the call").get_by_role("listitem")).to_have_count(3)
    ada.screenshot(path=output / "demo-group.png")

    control(grace, "Share").click()
    expect(ada.locator("#stage")).to_be_visible()
    shows_pictures(ada, 4)
    ada.screenshot(path=output / "demo-screen-share.png")
    control(grace, "Stop").click()
    expect(ada.locator("#stage")).to_be_hidden()

    control(grace, "Leave").click()
    expect(grace.get_by_label("Their user id")).to_be_visible()
    shows_pictures(edsger, 2)
    control(edsger, "End for all").click()
    for page in (ada, edsger):
        expect(page.get_by_label("Their user id")).to_be_visible()


def test_hearts_fly_over_the_picture_of_who_sends_them(open_demo: OpenDemo, group_id: str) -> None:
    ada, grace = open_demo(f"?name=Ada&autojoin={group_id}"), open_demo(f"?name=Grace&autojoin={group_id}")
    tile = grace.get_by_label("Participants").get_by_role("listitem", name="Ada")
    expect(tile).to_be_visible()

    def heart_is_seen() -> bool:
        # Sent again until one arrives: hearts are lossy, and Grace may not have had a channel for the first.
        ada.get_by_role("button", name="Send a heart").click()
        return tile.locator(".heart").count() > 0

    eventually(heart_is_seen, "a heart flies over Ada's picture at Grace's page")


def test_declined_call_says_so(open_demo: OpenDemo) -> None:
    ada, grace = open_demo(), open_demo()
    sign_in(ada, "Ada")
    ada.get_by_label("Their user id").fill(sign_in(grace, "Grace"))
    ada.get_by_role("button", name="Call", exact=True).click()
    expect(grace.get_by_role("dialog")).to_contain_text("Ada")
    grace.get_by_role("button", name="Decline").click()
    expect(ada.get_by_role("log", name="Messages")).not_to_be_empty()
    expect(ada.get_by_label("Their user id")).to_be_visible()


def test_keyboard_alone_is_enough(open_demo: OpenDemo, group_id: str) -> None:
    page = open_demo()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Group id")).to_be_focused()
    page.keyboard.type(group_id)
    page.keyboard.press("Enter")
    expect(control(page, "Mute")).to_be_focused()
    expect(control(page, "Share")).to_be_enabled()
    page.keyboard.press("v")
    expect(control(page, "Camera on")).to_be_visible()
    page.keyboard.press("m")
    expect(control(page, "Unmute")).to_be_visible()
    page.keyboard.press("h")
    expect(page.get_by_text("You are on hold")).to_be_visible()
    page.keyboard.press("h")
    expect(page.get_by_text("You are on hold")).to_be_hidden()
    page.keyboard.press("Shift+X")
    expect(page.get_by_label("Group id")).to_be_visible()


def test_phone_sized_page_over_https(open_demo: OpenDemo, group_id: str, output: Path) -> None:
    desk = open_demo(f"?name=Desk&autojoin={group_id}&camera=1", secure=True)
    phone = open_demo(
        f"?name=Phone&autojoin={group_id}&camera=1",
        secure=True,
        viewport={"width": 390, "height": 844},
        is_mobile=True,
        has_touch=True,
    )
    shows_pictures(phone, 2)
    shows_pictures(desk, 2)
    phone.screenshot(path=output / "demo-phone.png")
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out sideways"
    hang_up = control(phone, "Leave").bounding_box()
    assert hang_up["x"] >= 0 and hang_up["x"] + hang_up["width"] <= 390
    assert hang_up["y"] + hang_up["height"] <= 844
