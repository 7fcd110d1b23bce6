"""Chromium, driven by Playwright: a browser has one fake camera and one fake microphone, a person is a page in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright
from playwright.sync_api import Page as PlaywrightPage

EXECUTABLE = "/usr/bin/chromium"


def launch(playwright: Playwright, camera: Path, voice: Path, switches: Sequence[str] = ()) -> Browser:
    return playwright.chromium.launch(
        executable_path=EXECUTABLE,
        args=[
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--use-fake-ui-for-media-stream",
            "--use-fake-device-for-media-stream=fps=15",
            f"--use-file-for-fake-video-capture={camera}",
            f"--use-file-for-fake-audio-capture={voice}",
            "--autoplay-policy=no-user-gesture-required",
            "--disable-features=WebRtcHideLocalIpsWithMdns",
            # Pages of several people share one window; none of them may be slowed down as "in the background".
            "--disable-background-timer-throttling",
            "--disable-backgrounding-occluded-windows",
            "--disable-renderer-backgrounding",
            *switches,
        ],
    )


class ChromiumPage:
    """A page in a context of its own, so that storage is not shared between people."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.context: BrowserContext = browser.new_context(viewport={"width": 800, "height": 600})
        self.page: PlaywrightPage = self.context.new_page()
        self.console: list[str] = []
        self.page.on("console", lambda message: self.console.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.console.append(f"uncaught: {error}"))
        self.page.goto(url)
        self.page.wait_for_function("window.person !== undefined")

    def person(self, action: str, argument: Any) -> Any:
        return self.page.evaluate("([action, argument]) => person(action, argument)", [action, argument])

    def click(self) -> None:
        """A user gesture, which browsers ask for before a screen may be shared."""
        self.page.mouse.click(5, 5)

    def reload(self) -> None:
        self.page.reload()
        self.page.wait_for_function("window.person !== undefined")

    def duplicate(self) -> "ChromiumPage":
        """The browser's "Duplicate tab": another page with a copy of the storage of this tab."""
        with self.context.expect_page() as opened:
            # A window that a page opens itself starts with a copy of its session storage.
            self.page.evaluate("window.open(location.href)")
        copy = object.__new__(ChromiumPage)
        copy.context, copy.page, copy.console = self.context, opened.value, self.console
        copy.page.wait_for_function("window.person !== undefined")
        return copy

    def close(self) -> None:
        self.context.close()
