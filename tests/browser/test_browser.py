"""A person in front of a browser: adds cameras, looks at the dashboard, changes options.

Runs where scripts/demo runs, with the newest Home Assistant and its frontend. Pictures of what
was seen go to the folder that PORCHLIGHT_SCREENSHOTS names (docs/images when they are renewed).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from scripts.lib.assets import AssetError
from scripts.lib.demonstration import CAMERA_PASSWORD, CAMERA_USER, DASHBOARD, dashboard, specs
from scripts.lib.live import PASSWORD, USER, Cameras, HomeAssistant

playwright = pytest.importorskip(
    "playwright.async_api", reason="runs in scripts/demo's environment, which has a browser driver"
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Page

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
SLOW = 40_000
SIZE = {"width": 1280, "height": 860}


class Visitor:
    """Somebody who uses Home Assistant in a browser."""

    def __init__(self, page: Page, home: HomeAssistant, hosts: list[str], pictures: Path) -> None:
        self.page = page
        self.hosts = hosts
        self.home = home
        self._pictures = pictures

    async def look(self, name: str) -> None:
        """Keep what is to be seen."""
        await self.page.wait_for_timeout(600)
        await self.page.screenshot(path=self._pictures / f"{name}.png")

    async def sees(self, text: str) -> None:
        """Wait until a text is shown."""
        await self.page.get_by_text(text).first.wait_for(timeout=SLOW)

    async def sees_the_picture(self) -> None:
        """Wait until a flow's picture is there."""
        picture = self.page.locator("img[src*='/api/porchlight/preview/']")
        await picture.wait_for(timeout=SLOW)
        await self.page.wait_for_function(
            "image => image.complete && image.naturalWidth > 0",
            arg=await picture.element_handle(),
            timeout=SLOW,
        )

    async def presses(self, button: str) -> None:
        """Press a button."""
        await self.page.get_by_role("button", name=button, exact=True).click(timeout=SLOW)

    async def logs_in(self) -> None:
        """Log in to Home Assistant."""
        await self.page.goto(self.home.url)
        await self.page.fill("input[name=username]", USER)
        await self.page.fill("input[name=password]", PASSWORD)
        await self.page.keyboard.press("Enter")
        await self.sees("Settings")

    async def goes(self, path: str) -> None:
        """Open a page of Home Assistant."""
        await self.page.goto(f"{self.home.url}{path}")

    async def types_login(self, password: str) -> None:
        """Fill in a camera's login and send it."""
        await self.page.locator("input[name=username]").fill(CAMERA_USER)
        await self.page.locator("input[name=password]").fill(password)


@contextlib.asynccontextmanager
async def visitor(folder: Path, pictures: Path) -> AsyncIterator[Visitor]:
    """Three cameras, Home Assistant and somebody in front of it."""
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("no chromium, and CI wants it")
        pytest.skip("no chromium is installed")
    try:
        cameras = specs()
    except AssetError as error:
        pytest.skip(str(error))
    home = HomeAssistant(folder)
    home.prepare()
    async with Cameras(cameras), home, playwright.async_playwright() as driver:
        await home.onboard()
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await browser.new_page(viewport=SIZE)
        somebody = Visitor(page, home, [camera["host"] for camera in cameras], pictures)
        try:
            yield somebody
        except BaseException:
            await somebody.look("unexpected")
            raise
        finally:
            await browser.close()


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Where what was seen is kept."""
    folder = Path(os.environ.get("PORCHLIGHT_SCREENSHOTS", tmp_path / "seen"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_somebody_adds_cameras_and_sees_who_is_there(tmp_path: Path, pictures: Path) -> None:
    asyncio.run(_story(tmp_path / "config", pictures))


async def _story(folder: Path, pictures: Path) -> None:
    folder.mkdir()
    async with visitor(folder, pictures) as somebody:
        await somebody.logs_in()
        await _adds_the_hallway(somebody)
        await _finds_the_others_discovered(somebody)
        await _opens_the_options(somebody)
        await _draws_a_zone(somebody)
        await _looks_at_the_dashboard(somebody)
        assert "porchlight" not in _errors(somebody.home.log(lines=2000))


async def _adds_the_hallway(somebody: Visitor) -> None:
    await somebody.goes("/config/integrations/dashboard/add?domain=porchlight")
    await somebody.presses("OK")
    await somebody.sees("Searching your network for cameras")
    await somebody.look("flow-1-search")
    await somebody.sees("Choose a camera")
    await somebody.page.get_by_text(f"{somebody.hosts[1]}:").click()
    await somebody.look("flow-2-choose")
    await somebody.presses("Submit")
    await somebody.sees("Log in to the camera")
    await somebody.types_login("wrong")
    await somebody.presses("Submit")
    await somebody.sees("The camera refuses this user name or password")
    await somebody.look("flow-3-login")
    await somebody.types_login(CAMERA_PASSWORD)
    await somebody.presses("Submit")
    await somebody.sees("Is this the camera?")
    await somebody.sees_the_picture()
    await somebody.look("flow-4-confirm")
    await somebody.presses("Submit")
    await somebody.presses("Skip and finish")


async def _finds_the_others_discovered(somebody: Visitor) -> None:
    await somebody.goes("/config/integrations/dashboard")
    await somebody.sees("Discovered")
    # Cards that come while the page is open may be drawn one at a time.
    await somebody.page.reload()
    for name in ("Porch", "Car park"):
        await somebody.page.get_by_text(name, exact=True).first.wait_for(timeout=SLOW)
    await somebody.look("discovered")
    for host in (somebody.hosts[0], somebody.hosts[2]):
        await somebody.home.add_discovered(host, CAMERA_USER, CAMERA_PASSWORD)
    device = await _device_of(somebody.home, "Hallway")
    await somebody.goes(f"/config/devices/device/{device}")
    for text in ("Person detection", "Last frame", "by Simulated"):
        await somebody.sees(text)
    await somebody.look("device")


async def _opens_the_options(somebody: Visitor) -> None:
    await somebody.goes("/config/integrations/integration/porchlight")
    await somebody.sees("Car park")
    await somebody.page.get_by_label("Configure").first.click(timeout=SLOW)
    await somebody.page.get_by_text("Detector for all cameras").click(timeout=SLOW)
    await somebody.sees("One model looks for people on all cameras")
    await somebody.look("options-detector")


async def _draws_a_zone(somebody: Visitor) -> None:
    await somebody.goes("/config/integrations/integration/porchlight")
    row = somebody.page.locator("ha-config-entry-row").filter(has_text="Hallway")
    await row.get_by_label("Configure").click(timeout=SLOW)
    await somebody.page.get_by_text("Zones, masks and lines").click(timeout=SLOW)
    await somebody.sees_the_picture()
    await somebody.page.get_by_text("New zone").click(timeout=SLOW)
    await somebody.presses("Submit")
    await somebody.page.locator("input[name=name]").fill("Doormat", timeout=SLOW)
    await somebody.page.locator("input[name=points]").fill("20,60 70,60 80,100 1O,100")
    await somebody.presses("Submit")
    await somebody.sees("is not a point")
    await somebody.look("options-zone-mistake")
    await somebody.page.locator("input[name=points]").fill("20,60 70,60 80,100 10,100")
    await somebody.presses("Submit")
    await somebody.sees("Is this right?")
    await somebody.sees_the_picture()
    await somebody.look("options-zone")
    await somebody.page.get_by_text("Save", exact=True).click(timeout=SLOW)
    async with asyncio.timeout(30):
        # The camera is set up anew, which nothing tells the test.
        while "binary_sensor.hallway_doormat" not in await somebody.home.entity_states():  # noqa: ASYNC110
            await asyncio.sleep(0.5)


async def _looks_at_the_dashboard(somebody: Visitor) -> None:
    await somebody.home.add_dashboard(DASHBOARD, dashboard())
    async with asyncio.timeout(90):
        # Nothing tells the test that somebody walks into the footage.
        while (await _state(somebody.home, "binary_sensor.hallway_person")) != "on":  # noqa: ASYNC110
            await asyncio.sleep(0.5)
    await somebody.goes(f"/{DASHBOARD}/0")
    for text in ("Hallway", "Car park", "Visits", "Last person"):
        await somebody.sees(text)
    await somebody.sees("Person arrived")
    await somebody.page.wait_for_timeout(3000)
    await somebody.look("dashboard")
    await somebody.goes(f"/{DASHBOARD}/0?more-info-entity-id=camera.hallway")
    video = somebody.page.locator("video").first
    await video.wait_for(timeout=SLOW, state="attached")
    await somebody.page.wait_for_function(
        "video => video.videoWidth > 0 && video.currentTime > 0",
        arg=await video.element_handle(),
        timeout=SLOW,
    )
    await somebody.look("live")


async def _state(home: HomeAssistant, entity_id: str) -> str:
    return str((await home.entity_states())[entity_id]["state"])


async def _device_of(home: HomeAssistant, name: str) -> str:
    async with home.websocket() as call:
        devices = await call({"type": "config/device_registry/list"})
    return next(str(device["id"]) for device in devices if device["name"] == name)


def _errors(log: str) -> str:
    return "\n".join(line for line in log.splitlines() if " ERROR " in line)
