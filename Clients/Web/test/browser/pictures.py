"""Tries the built library and the demo page in real Chromium against the server of in-page-server.js, and takes
pictures of the page to look at.

    python3 pictures.py OUT-FOLDER          needs Playwright from PyPI and Debian's chromium
"""

import asyncio
import base64
import json
import pathlib
import sys

from playwright.async_api import async_playwright

HERE = pathlib.Path(__file__).parent
DIST = HERE.parent.parent / "dist"
ORIGIN = "http://localhost:8080"
GROUP = "2f6a8c1e-5d4b-4a39-8b27-6c5d4e3f2a1b"
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream=fps=30",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
]


def token() -> str:
    payload = base64.urlsafe_b64encode(json.dumps({"exp": 4102444800}).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJSUzI1NiJ9.{payload}.c2lnbmF0dXJl"


async def serve(route, development: bool):
    """Answers the page's requests from dist/, at the paths at which the server has them."""
    path = route.request.url.removeprefix(ORIGIN).split("?")[0]
    if path == "/switchboard/v1/development/users":
        if not development:
            await route.fulfill(status=404, json={"error": {"code": "DevelopmentModeOff", "message": "Off."}})
            return
        name = route.request.post_data_json["displayName"]
        user = {"userId": "8:acs:x_y", "token": token(), "expiresOn": "2100-01-01T00:00:00Z", "displayName": name}
        await route.fulfill(status=201, json=user)
        return
    files = {"/": "demo/index.html", "/demo.js": "demo/demo.js", "/demo.css": "demo/demo.css"}
    file = DIST / files.get(path, path.removeprefix("/sdk/"))
    if file.is_file():
        await route.fulfill(path=file)
    else:
        await route.fulfill(status=404)


class Visit:
    def __init__(self, browser, out):
        self.browser = browser
        self.out = out

    async def page(self, query="", *, dark=False, phone=False, development=True, before=""):
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 800}
        context = await self.browser.new_context(
            viewport=size,
            color_scheme="dark" if dark else "light",
            device_scale_factor=2 if phone else 1,
            permissions=["camera", "microphone"],
        )
        page = await context.new_page()
        page.on("console", lambda message: print(f"  [{message.type}] {message.text}"))
        page.on("pageerror", lambda error: print(f"  [page error] {error}"))
        await page.route("**/*", lambda route: serve(route, development))
        await page.add_init_script(before + (HERE / "in-page-server.js").read_text())
        await page.goto(ORIGIN + "/" + query)
        return page

    async def picture(self, page, name):
        await page.screenshot(path=self.out / f"{name}.png")
        print(f"{name}.png")


async def decoded(page, at_least, count):
    """Waits until `count` received videos have decoded frames, and every visible one is drawn."""
    for _ in range(100):
        done = await page.evaluate(
            """async ([atLeast, count]) => {
                if (!window.switchboard?.call) return false;
                const videos = [...document.querySelectorAll('#call video')];
                if (videos.some(it => it.style.visibility !== 'hidden' && it.readyState < 2)) return false;
                const report = await window.switchboard.call.peerConnection.getStats();
                return [...report.values()].filter(it => it.type === 'inbound-rtp' && it.kind === 'video'
                    && it.framesDecoded >= atLeast).length >= count;
            }""",
            [at_least, count],
        )
        if done:
            return
        await page.wait_for_timeout(200)
    raise TimeoutError(f"fewer than {count} videos were decoded")


async def speak(page, index):
    await page.evaluate(
        """index => {
            const call = [...inPageServer.calls.values()][0];
            const id = call.snapshot.participants[index].participantId;
            inPageServer.push({ type: 'call.speakers', callId: call.id, dominant: [id], levels: { [id]: 0.7 } });
        }""",
        index,
    )


async def main(out):
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path="/usr/bin/chromium", args=CHROMIUM)
        visit = Visit(browser, out)

        page = await visit.page()
        await visit.picture(page, "sign-in")
        await page.fill("#name", "Ada Lovelace")
        await page.click("#sign-in-button")
        await page.wait_for_selector("#home:visible")
        await visit.picture(page, "home")
        await page.click("#open-devices")
        await page.wait_for_selector("#devices[open]")
        await page.wait_for_timeout(500)
        await visit.picture(page, "devices")
        await page.click("#close-devices")
        await page.evaluate(
            """inPageServer.push({ type: 'incomingCall', callId: crypto.randomUUID(), kind: 'oneToOne', groupId: null,
                from: { userId: '8:acs:x_1', displayName: 'Grace Hopper' }, participantCount: 1 })"""
        )
        await page.wait_for_selector("#incoming[open]")
        await visit.picture(page, "incoming")
        await page.click("#accept-video")
        await decoded(page, 5, 3)
        print("incoming call accepted, three videos decoded")
        await page.context.close()

        page = await visit.page(dark=True, development=False, query="?name=Ada")
        await page.wait_for_selector("#token-field:visible")
        await visit.picture(page, "sign-in-token-dark")
        await page.context.close()

        query = f"?name=Ada&autojoin={GROUP}&camera=1"
        page = await visit.page(query, dark=True, before="window.inPageServerUnavailable = 'Alan Turing';"
                                "window.inPageServerPeople = 5;")
        await decoded(page, 10, 4)
        await speak(page, 1)
        await page.click("#toggle-roster")
        await page.wait_for_timeout(400)
        await visit.picture(page, "group-dark")
        slots = "switchboard.call.peerConnection.getTransceivers().length"
        print("lines after five cameras:", await page.evaluate(slots))
        await page.evaluate(
            """() => {
                const call = [...inPageServer.calls.values()][0];
                const sharer = { ...call.snapshot.participants[0], screen: true };
                inPageServer.roster(call.id, { changed: [sharer] });
            }"""
        )
        await decoded(page, 5, 5)
        await page.click("#close-roster")
        await page.wait_for_timeout(600)
        await visit.picture(page, "share-dark")
        await page.keyboard.press("h")
        await page.wait_for_timeout(400)
        await visit.picture(page, "hold-dark")
        await page.keyboard.press("h")
        await page.wait_for_timeout(300)
        await page.evaluate("inPageServer.drop(true)")
        await page.wait_for_timeout(400)
        await visit.picture(page, "reconnecting-dark")
        await page.evaluate("inPageServer.reachable = true; window.dispatchEvent(new Event('online'))")
        await page.wait_for_function("!switchboard.call.isReconnecting")
        print("resumed; state", await page.evaluate("switchboard.call.state"))
        await page.keyboard.press("Shift+X")
        await page.wait_for_selector("#home:visible")
        await visit.picture(page, "ended-dark")
        await page.context.close()

        for dark in (False, True):
            page = await visit.page(query, dark=dark, phone=True)
            await decoded(page, 10, 3)
            await speak(page, 0)
            await page.wait_for_timeout(400)
            await visit.picture(page, f"phone-call-{'dark' if dark else 'light'}")
            await page.click("#toggle-roster")
            await page.wait_for_timeout(200)
            await visit.picture(page, f"phone-roster-{'dark' if dark else 'light'}")
            await page.context.close()

        page = await visit.page("?name=Ada", phone=True)
        await page.wait_for_selector("#home:visible")
        await visit.picture(page, "phone-home")
        await page.fill("#callee", "8:acs:x_7")
        await page.evaluate("window.inPageServerAnswers = false")
        await page.click("#call-form button[value=audio]")
        await page.wait_for_selector("#call:visible")
        await page.wait_for_timeout(500)
        await visit.picture(page, "phone-ringing")
        await page.evaluate(
            """() => inPageServer.state([...inPageServer.calls.keys()][0], 'Disconnected',
                { code: 603, subCode: 0, message: 'Declined.' })"""
        )
        await page.wait_for_selector("#home:visible")
        await visit.picture(page, "phone-declined")
        await page.context.close()

        page = await visit.page(query)
        await decoded(page, 10, 3)
        await speak(page, 2)
        await page.wait_for_timeout(400)
        await visit.picture(page, "group-light")
        await page.context.close()
        await browser.close()


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder))
