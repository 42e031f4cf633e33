"""A user in a browser: adds cameras, looks at the dashboard, changes options.

Runs where scripts/demo runs, with the newest Home Assistant and its frontend. Screenshots
are written to the folder PORCHLIGHT_SCREENSHOTS (docs/images when they are renewed).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scripts.lib import phone
from scripts.lib.assets import AssetError
from scripts.lib.demonstration import CAMERA_PASSWORD, CAMERA_USER, DASHBOARD, dashboard, specs
from scripts.lib.live import COMPONENT, PASSWORD, USER, Cameras, HomeAssistant

playwright = pytest.importorskip(
    "playwright.async_api", reason="runs in scripts/demo's environment, which has a browser driver"
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from playwright.async_api import BrowserContext, Locator, Page

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
# Milliseconds that a page may take to draw, generous because the machine may be busy.
SLOW = 300_000
SIZE = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}
TEXTS = json.loads((COMPONENT / "translations" / "en.json").read_text(encoding="utf-8"))


def words(path: str) -> str:
    """A text of the integration by its path, such as `config/step/pick/title`."""
    found: Any = TEXTS
    for key in path.split("/"):
        found = found[key]
    return str(found)


def shown(path: str) -> str:
    """The longest piece of a text that a browser shows unchanged."""
    pieces = re.split(r"\{\w+\}|[*“”\n]|(?<=\.)\s", words(path))
    return max(pieces, key=len).strip()


class Visitor:
    """A user of Home Assistant in a browser.

    Home Assistant's pages navigate by themselves, for example when a dialog closes. Each page is
    therefore opened in a new tab, where no such navigation is under way.
    """

    def __init__(
        self, context: BrowserContext, home: HomeAssistant, hosts: list[str], pictures: Path
    ) -> None:
        context.set_default_timeout(SLOW)
        self._context = context
        self._pictures = pictures
        self._page: Page | None = None
        self.hosts = hosts
        self.home = home

    @property
    def page(self) -> Page:
        """The open page."""
        assert self._page, "nothing is open yet"
        return self._page

    async def look(self, name: str) -> None:
        """Save a screenshot."""
        if self._page:
            # For the screenshot only: wait until animations have ended.
            await self._page.wait_for_timeout(600)
            await self._page.screenshot(path=self._pictures / f"{name}.png")

    async def sees(self, *texts: str) -> None:
        """Wait until one of these texts is shown."""
        place = self.page.get_by_text(texts[0])
        for text in texts[1:]:
            place = place.or_(self.page.get_by_text(text))
        await place.first.wait_for()

    async def sees_the_picture(self) -> None:
        """Wait until a flow's picture is there."""
        picture = self.page.locator("img[src*='/api/porchlight/preview/']")
        await self.finds(picture, "image => image.complete && image.naturalWidth > 0")

    async def finds(self, place: Locator, condition: str) -> None:
        """Wait until an element fulfills a condition, even if it is drawn again meanwhile."""
        async with asyncio.timeout(SLOW / 1000):
            # Looked up again each time, which a handle would not do.
            while not await place.first.evaluate(condition):  # noqa: ASYNC110
                await asyncio.sleep(0.2)

    async def presses(self, button: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=button, exact=True).click()

    async def finishes(self, button: str) -> None:
        """Press a dialog's last button, and wait until the dialog has reacted."""
        place = self.page.get_by_role("button", name=button, exact=True)
        await place.click()
        await place.wait_for(state="hidden")

    async def logs_in(self) -> None:
        """Log in to Home Assistant."""
        await self.goes("")
        await self.page.fill("input[name=username]", USER)
        await self.page.fill("input[name=password]", PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.sees("Settings")

    async def goes(self, path: str) -> None:
        """Open a page of Home Assistant."""
        before, self._page = self._page, await self._context.new_page()
        if before:
            await before.close()
        # Callers wait for its contents; it may navigate before that.
        await self._page.goto(f"{self.home.url}{path}", wait_until="commit")

    async def types_login(self, password: str) -> None:
        """Fill in a camera's login and send it."""
        await self.page.locator("input[name=username]").fill(CAMERA_USER)
        await self.page.locator("input[name=password]").fill(password)
        await self.presses("Submit")


@contextlib.asynccontextmanager
async def visitor(folder: Path, pictures: Path) -> AsyncIterator[Visitor]:
    """Three cameras, Home Assistant and a user."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium, and CI wants it")
        pytest.skip("no chromium is installed")
    try:
        cameras = specs()
        # The hallway has a second lens.
        cameras[1]["channels"] = 2
    except AssetError as error:
        pytest.skip(str(error))
    home = HomeAssistant(folder)
    home.prepare()
    async with Cameras(cameras), home, playwright.async_playwright() as driver:
        await home.onboard()
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        context = await browser.new_context(viewport=SIZE)
        user = Visitor(context, home, [camera["host"] for camera in cameras], pictures)
        try:
            yield user
        except BaseException:
            await user.look("unexpected")
            raise
        finally:
            await browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """The folder for screenshots."""
    folder = Path(os.environ.get("PORCHLIGHT_SCREENSHOTS", tmp_path / "seen"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_user_adds_cameras_and_sees_people(tmp_path: Path, pictures: Path) -> None:
    asyncio.run(_story(tmp_path / "config", pictures))


async def _story(folder: Path, pictures: Path) -> None:
    folder.mkdir()
    async with visitor(folder, pictures) as user:
        await user.logs_in()
        await _adds_the_hallway(user)
        await _finds_the_others_discovered(user)
        await _adds_the_second_lens(user)
        await _opens_the_options(user)
        await _draws_a_zone(user)
        await _chooses_streams(user)
        number = await phone.register(user.home)
        await _uses_the_blueprint(user)
        rings = asyncio.create_task(_next_title(user.home, number))
        await _looks_at_the_dashboard(user)
        async with asyncio.timeout(SLOW / 1000):
            assert await rings == "Hallway"
        assert await _repairs(user.home) == []
        assert "porchlight" not in _errors(user.home.log(lines=2000))


async def _adds_the_hallway(user: Visitor) -> None:
    await user.goes("/config/integrations/dashboard/add?domain=porchlight")
    await user.presses("OK")
    # The search may be over before it is drawn.
    await user.sees(shown("config/progress/scan"), shown("config/step/pick/title"))
    await user.look("flow-1-search")
    await user.sees(shown("config/step/pick/title"))
    await user.page.get_by_text(f"{user.hosts[1]}:").click()
    await user.look("flow-2-choose")
    await user.presses("Submit")
    await user.sees("Log in to Hallway")
    await user.types_login("wrong")
    await user.sees(shown("config/error/invalid_auth"))
    await user.look("flow-3-login")
    await user.types_login(CAMERA_PASSWORD)
    await user.sees(shown("config/step/confirm/title"))
    await user.sees_the_picture()
    await user.look("flow-4-confirm")
    await user.presses("Submit")
    await user.finishes("Skip and finish")


async def _finds_the_others_discovered(user: Visitor) -> None:
    await user.goes("/config/integrations/dashboard")
    await user.sees("Discovered")
    # Cards that come while the page is open may be drawn one at a time.
    await user.goes("/config/integrations/dashboard")
    for name in ("Porch", "Car park"):
        await user.page.get_by_text(name, exact=True).first.wait_for()
    await user.look("discovered")
    for host in (user.hosts[0], user.hosts[2]):
        await user.home.add_discovered(host, CAMERA_USER, CAMERA_PASSWORD)
    device = await _device_of(user.home, "Hallway")
    await user.goes(f"/config/devices/device/{device}")
    for text in ("Person detection", "Last frame", "by Simulated"):
        await user.sees(text)
    await user.look("device")


async def _adds_the_second_lens(user: Visitor) -> None:
    """On a phone."""
    await user.goes("/config/integrations/dashboard")
    await user.page.set_viewport_size(PHONE)
    card = user.page.locator("ha-config-flow-card").filter(has_text="Hallway 2")
    await card.get_by_role("button", name="Add").click()
    await user.sees("Add another camera of Hallway")
    await user.look("lens-1-offer")
    await user.presses("Submit")
    await user.sees(shown("config/step/confirm/title"))
    await user.sees_the_picture()
    await user.page.locator("input[name=name]").fill("Stairs")
    await user.look("lens-2-confirm")
    await user.presses("Submit")
    await user.finishes("Skip and finish")
    await user.page.set_viewport_size(SIZE)
    device = await _device_of(user.home, "Stairs")
    await user.goes(f"/config/devices/device/{device}")
    await user.sees("Connected via")
    await user.look("lens-3-device")


async def _opens_the_options(user: Visitor) -> None:
    await user.goes("/config/integrations/integration/porchlight")
    await user.sees("Car park")
    row = user.page.locator("ha-config-entry-row").filter(has_text="Detector")
    await row.get_by_label("Configure").click()
    await user.sees(shown("options/step/detector/description"))
    await user.look("options-detector")


async def _draws_a_zone(user: Visitor) -> None:
    await user.goes("/config/integrations/integration/porchlight")
    row = user.page.locator("ha-config-entry-row").filter(has_text="Hallway")
    await row.get_by_label("Configure").click()
    await user.page.get_by_text(words("options/step/init/menu_options/areas")).click()
    await user.sees_the_picture()
    await user.page.get_by_text("New zone").click()
    await user.presses("Submit")
    await user.page.locator("input[name=name]").fill("Doormat")
    await user.page.locator("input[name=points]").fill("20,60 70,60 80,100 1O,100")
    await user.presses("Submit")
    await user.sees(shown("options/error/bad_point"))
    await user.look("options-zone-mistake")
    await user.page.locator("input[name=points]").fill("20,60 70,60 80,100 10,100")
    await user.presses("Submit")
    await user.sees(shown("options/step/preview/title"))
    await user.sees_the_picture()
    await user.look("options-zone")
    save = words("options/step/preview/menu_options/save")
    await user.page.get_by_text(save, exact=True).click()
    await _until(user.home, lambda states: "binary_sensor.hallway_doormat" in states)


async def _chooses_streams(user: Visitor) -> None:
    await user.goes("/config/integrations/integration/porchlight")
    row = user.page.locator("ha-config-entry-row").filter(has_text="Hallway")
    await row.get_by_label("Configure").click()
    streams = words("options/step/init/menu_options/streams")
    await user.page.get_by_text(streams, exact=True).click()
    await user.sees(shown("options/step/streams/data_description/transport"))
    await user.look("options-streams")
    # They are played before they are saved.
    await user.presses("Submit")
    await user.finishes("Finish")


async def _uses_the_blueprint(user: Visitor) -> None:
    """The phone gets a notification at the next visit."""
    await user.goes("/config/blueprint/dashboard")
    await user.sees("Notify me when someone comes")
    await user.look("blueprint")
    chosen = {
        "person": "event.hallway_person",
        "camera": "camera.hallway",
        "phones": [await _device_of(user.home, phone.NAME)],
        "picture": ["image.hallway_last_person"],
    }
    blueprint = {"path": "porchlight/person_notification.yaml", "input": chosen}
    automation = {"alias": "Hallway", "use_blueprint": blueprint}
    await user.home.post("/api/config/automation/config/hallway", automation)


async def _next_title(home: HomeAssistant, number: str) -> str:
    """The title of the phone's next notification."""
    async for sent in phone.notifications(home, number):
        return str(sent["title"])
    raise AssertionError("Home Assistant sends nothing more")


async def _looks_at_the_dashboard(user: Visitor) -> None:
    await user.home.add_dashboard(DASHBOARD, dashboard())
    await _until(user.home, lambda states: states["binary_sensor.hallway_person"]["state"] == "on")
    await user.goes(f"/{DASHBOARD}/0")
    for text in ("Hallway", "Car park", "Visits", "Last person"):
        await user.sees(text)
    await user.sees("Person arrived")
    # For the picture only.
    await user.page.wait_for_timeout(3000)
    await user.look("dashboard")
    await user.goes(f"/{DASHBOARD}/0?more-info-entity-id=camera.hallway")
    playing = "video => video.videoWidth > 0 && video.currentTime > 0"
    await user.finds(user.page.locator("video"), playing)
    await user.look("live")


async def _until(home: HomeAssistant, condition: Callable[[dict[str, Any]], bool]) -> None:
    """Wait for states, by polling."""
    async with asyncio.timeout(SLOW / 1000):
        while not condition(await home.entity_states()):  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def _repairs(home: HomeAssistant) -> list[str]:
    async with home.websocket() as call:
        listed = await call({"type": "repairs/list_issues"})
    return [
        f"{issue['domain']}: {issue['translation_key']}"
        for issue in listed["issues"]
        if not issue["ignored"]
    ]


async def _device_of(home: HomeAssistant, name: str) -> str:
    async with home.websocket() as call:
        devices = await call({"type": "config/device_registry/list"})
    return next(str(device["id"]) for device in devices if device["name"] == name)


def _errors(log: str) -> str:
    return "\n".join(line for line in log.splitlines() if " ERROR " in line)
