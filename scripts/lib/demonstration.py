"""The demo: see scripts/demo."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from scripts.lib import phone
from scripts.lib.assets import AssetError, asset
from scripts.lib.live import PASSWORD, USER, Cameras, HomeAssistant, LiveError

if TYPE_CHECKING:
    from collections.abc import Mapping

CAMERA_USER, CAMERA_PASSWORD = "viewer", "p@ss/w:rd #?%é"
CAMERAS = {
    "Porch": "videos/porch_man_leaves.mkv",
    "Hallway": "videos/one_by_one_person.mp4",
    "Car park": "videos/car_park_nobody.mp4",
}
DASHBOARD = "porchlight-demo"
_BEGAN = monotonic()


def say(text: str) -> None:
    """Print progress."""
    print(f"[{monotonic() - _BEGAN:4.0f}s] {text}", file=sys.stderr, flush=True)


def specs() -> list[dict[str, Any]]:
    """The simulated cameras, each at a loopback address of its own."""
    return [
        {
            "video": asset(video),
            "name": name,
            "manufacturer": "Simulated",
            "model": f"SIM-{number}",
            # Unique, so that it is not confused with a camera of another demo on this machine.
            "host": f"127.0.{10 + os.getpid() % 240}.{number}",
            "uuid": uuid4(),
            "username": CAMERA_USER,
            "password": CAMERA_PASSWORD,
        }
        for number, (name, video) in enumerate(CAMERAS.items(), start=1)
    ]


def dashboard() -> dict[str, Any]:
    """A dashboard of stock cards."""
    cards = []
    for name in CAMERAS:
        slug = name.lower().replace(" ", "_")
        cards.append(
            {
                "type": "vertical-stack",
                "cards": [
                    {
                        "type": "picture-glance",
                        "title": name,
                        "camera_image": f"camera.{slug}",
                        "camera_view": "auto",
                        "entities": [
                            f"binary_sensor.{slug}_person",
                            f"binary_sensor.{slug}_motion",
                            f"switch.{slug}_person_detection",
                        ],
                    },
                    {
                        "type": "picture-entity",
                        "entity": f"image.{slug}_last_person",
                        "name": "Last person",
                        "show_state": False,
                    },
                    {
                        "type": "logbook",
                        "title": "Visits",
                        "hours_to_show": 1,
                        "target": {"entity_id": f"event.{slug}_person"},
                    },
                ],
            }
        )
    return {"title": "Porchlight", "views": [{"title": "Cameras", "cards": cards}]}


def describe(change: Mapping[str, Any]) -> dict[str, Any] | None:
    """A state change of Porchlight's entities as one flat object; None for others."""
    new, old = change["new_state"], change["old_state"]
    entity_id = change["entity_id"]
    slugs = [name.lower().replace(" ", "_") for name in CAMERAS]
    if new is None or not any(entity_id.split(".")[1].startswith(slug) for slug in slugs):
        return None
    if old and old["state"] == new["state"]:
        return None
    attributes = new["attributes"]
    entry: dict[str, Any] = {"time": new["last_updated"], "entity_id": entity_id}
    kind = attributes.get("event_type")
    if entity_id.startswith("event.") and kind and new["state"] != "unavailable":
        details = {key: attributes[key] for key in ("visit_id", "score", "count")}
        return {**entry, "type": "event", "event": kind, "at": attributes["time"], **details}
    return {
        **entry,
        "type": "state_changed",
        "state": new["state"],
        "old_state": old["state"] if old else None,
    }


async def follow(home: HomeAssistant, *, headless: bool) -> None:
    """Print events, forever."""
    async with home.websocket() as call:
        await call({"type": "subscribe_events", "event_type": "state_changed"})
        async for event in call.events():
            entry = describe(event["data"])
            if entry is None:
                continue
            if headless:
                print(json.dumps(entry), flush=True)
            elif entry["type"] == "event":
                what = entry["event"].replace("_", " ")
                where = entry["entity_id"].removeprefix("event.").removesuffix("_person")
                print(f"{entry['at'][11:19]}  {where}: {what} (score {entry['score']:.2f})")


async def ring(home: HomeAssistant, webhook_id: str, *, headless: bool) -> None:
    """Print the phone's notifications, forever."""
    async for sent in phone.notifications(home, webhook_id):
        if headless:
            entry = {"type": "notification", "title": sent.get("title"), "message": sent["message"]}
            print(json.dumps(entry), flush=True)
        else:
            print(f"          {phone.NAME}: {sent.get('title')}: {sent['message']}")


async def run(arguments: argparse.Namespace) -> None:
    """Run the whole demo."""
    with tempfile.TemporaryDirectory(prefix="porchlight-demo-") as folder:
        say("Starting three simulated cameras (the first time, their footage is prepared)")
        cameras = specs()
        async with Cameras(cameras):
            home = HomeAssistant(Path(folder))
            home.prepare()
            say("Starting Home Assistant")
            async with home:
                try:
                    await show(home, cameras, arguments)
                except LiveError:
                    say(f"The end of Home Assistant's log:\n{home.log()}")
                    raise


async def show(
    home: HomeAssistant, cameras: list[dict[str, Any]], arguments: argparse.Namespace
) -> None:
    """Add the cameras and print events while Home Assistant runs."""
    await home.onboard()
    first, *others = cameras
    say(f"Adding {first['name']} through the config flow")
    await home.add_camera(first["host"], CAMERA_USER, CAMERA_PASSWORD)
    for other in others:
        say(f"Adding {other['name']}, which Home Assistant discovered by itself")
        await home.add_discovered(other["host"], CAMERA_USER, CAMERA_PASSWORD)
    await home.add_dashboard(DASHBOARD, dashboard())
    webhook_id = await phone.register(home)
    say(f"Ready: {home.url}/{DASHBOARD}  user {USER}, password {PASSWORD}")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(arguments.seconds):
            await asyncio.gather(
                follow(home, headless=arguments.headless),
                ring(home, webhook_id, headless=arguments.headless),
            )
    say("Ending")


async def until_signal(arguments: argparse.Namespace) -> int:
    """Run the demo until it ends, fails, or is interrupted."""
    task = asyncio.create_task(run(arguments))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        say("Ended")
    except (LiveError, AssetError) as error:
        say(f"The demo failed: {error}")
        return 1
    return 0


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--headless", action="store_true", help="print JSON, for programs")
    parser.add_argument("--seconds", type=float, help="end after this time; default: never")
    return asyncio.run(until_signal(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
