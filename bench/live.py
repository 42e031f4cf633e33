"""Three cameras in a real Home Assistant: how soon people are reported, and what it costs."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from time import monotonic, time
from typing import Any

from scripts.lib.assets import AssetError
from scripts.lib.demonstration import CAMERA_PASSWORD, CAMERA_USER, CAMERAS, say, specs
from scripts.lib.live import Cameras, HomeAssistant, LiveError
from scripts.lib.processes import cpu, memory
from tests.footage import HALLWAY_SECONDS, HALLWAY_WALKS

PERSON = "binary_sensor.hallway_person"
SETTLE = 30.0
_LOOP_WATCH = Path(__file__).parent / "loop_watch.py"


@dataclass(slots=True)
class Figures:
    """What was measured; seconds, megabytes, milliseconds."""

    delays: dict[str, list[float]] = field(
        default_factory=lambda: {"visible": [], "shoulders": [], "whole": []}
    )
    missed: int = 0
    false: int = 0
    seconds: float = 0.0
    worker_cpu: float = 0.0
    home_cpu: float = 0.0
    memory: dict[str, float] = field(default_factory=dict)
    late: list[float] = field(default_factory=list)
    late_before: list[float] = field(default_factory=list)


def worker_of(pid: int) -> int:
    """The worker process of a Home Assistant."""
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
        command = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        if b"watch" in command:
            return int(child)
    raise LiveError("the worker is not running")


class Hallway:
    """The simulated hallway's position in its footage at any moment."""

    def __init__(self, position: float, at: float) -> None:
        self._start = at - position

    @classmethod
    async def ask(cls, home: HomeAssistant, control: str) -> Hallway:
        """Read the position once; it runs with the clock from then on."""
        async with home.session.get(control) as response:
            state = await response.json()
        return cls(float(state["position"]), time())

    def position(self, at: float) -> float:
        """Second of the footage at a moment."""
        return (at - self._start) % HALLWAY_SECONDS


async def watch(home: HomeAssistant, hallway: Hallway, seconds: float, figures: Figures) -> None:
    """Record when the hallway's person sensor turns on, and any arrival without a person."""
    turned_on: list[float] = []
    began = time()

    async def follow() -> None:
        async with home.websocket() as call:
            await call({"type": "subscribe_events", "event_type": "state_changed"})
            async for event in call.events():
                change = event["data"]
                new, old = change["new_state"], change["old_state"]
                if not new or not old or new["state"] == old["state"]:
                    continue
                if change["entity_id"] == PERSON and new["state"] == "on":
                    turned_on.append(datetime.fromisoformat(new["last_changed"]).timestamp())
                if change["entity_id"] == "event.car_park_person":
                    figures.false += 1

    try:
        async with asyncio.timeout(seconds):
            await follow()
    except TimeoutError:
        pass
    assign(turned_on, hallway, began, time(), figures)


def assign(
    turned_on: list[float], hallway: Hallway, began: float, ended: float, figures: Figures
) -> None:
    """Assign each change to "on" to its walk; count missed walks and unmatched changes."""
    left = [(at, hallway.position(at)) for at in turned_on]
    for walk in HALLWAY_WALKS:
        mine = [(at, where) for at, where in left if walk.visible <= where < walk.gone]
        left = [entry for entry in left if entry not in mine]
        for _, where in mine:
            for name, delays in figures.delays.items():
                delays.append(where - getattr(walk, name))
        start = began + (walk.visible - hallway.position(began)) % HALLWAY_SECONDS
        whole = walk.gone - walk.visible
        times = 0
        while start + whole < ended:
            times += 1
            start += HALLWAY_SECONDS
        figures.missed += max(0, times - len(mine))
    figures.false += len(left)


async def measure(minutes: float) -> Figures:
    """Run the whole measurement."""
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="porchlight-bench-") as name:
        folder = Path(name)
        home = HomeAssistant(folder)
        home.prepare()
        home.add_component("loop_watch", _LOOP_WATCH.read_text(encoding="utf-8"))
        with (folder / "configuration.yaml").open("a", encoding="utf-8") as file:
            file.write("loop_watch:\n")
        cameras = specs()
        async with Cameras(cameras) as simulated, home:
            await home.onboard()
            await asyncio.sleep(SETTLE)
            alone = monotonic()
            await asyncio.sleep(SETTLE)
            pid = home.pid or 0
            figures.memory["Home Assistant before"] = memory(pid)
            adding = monotonic()
            for spec in cameras:
                await home.add_camera(spec["host"], CAMERA_USER, CAMERA_PASSWORD)
            say(f"Settling for {SETTLE:.0f} s, then measuring for {minutes:g} min")
            await asyncio.sleep(SETTLE)
            controls = {ready["name"]: ready["control"] for ready in simulated.ready}
            hallway = await Hallway.ask(home, controls["Hallway"])
            worker = worker_of(pid)
            before = cpu(worker), cpu(pid), monotonic()
            await watch(home, hallway, minutes * 60, figures)
            figures.seconds = monotonic() - before[2]
            figures.worker_cpu = cpu(worker) - before[0]
            figures.home_cpu = cpu(pid) - before[1]
            figures.memory["Home Assistant after"] = memory(pid)
            figures.memory["Worker"] = memory(worker)
            await asyncio.sleep(6)
            late = (await home.entity_states())["loop_watch.late"]["attributes"]["late"]
            figures.late = [held for at, held in late if at >= before[2]]
            figures.late_before = [held for at, held in late if alone <= at < adding]
    return figures


def table(figures: Figures) -> str:
    """The figures as Markdown."""

    def percentile(values: list[float], share: int) -> float:
        return quantiles(values, n=100, method="inclusive")[share - 1]

    starts = {
        "the first hair in the picture": figures.delays["visible"],
        "head and shoulders in the picture": figures.delays["shoulders"],
        "the whole figure in the picture": figures.delays["whole"],
    }
    rows = {
        f"From {start} to the sensor turning on ({len(delays)} walks)": (
            f"median {median(delays):.2f} s, 95th percentile {percentile(delays, 95):.2f} s"
        )
        for start, delays in starts.items()
    }
    minutes, cameras = figures.seconds / 60, len(CAMERAS)
    worker, home = (used / figures.seconds * 100 for used in (figures.worker_cpu, figures.home_cpu))
    rows |= {
        "Walks missed, arrivals without a person": f"{figures.missed}, {figures.false}",
        "Worker, processor": f"{worker:.1f} % of a core, {worker / cameras:.1f} % per camera",
        "Home Assistant, processor": f"{home:.1f} % of a core",
        **{f"{name}, private memory": f"{size:.0f} MB" for name, size in figures.memory.items()},
        "Longest block of the event loop": f"{max(figures.late, default=0):.0f} ms",
        "Blocks longer than 10 ms": f"{len(figures.late) / minutes:.1f} a minute",
        "The same two before the first camera": (
            f"{max(figures.late_before, default=0):.0f} ms, "
            f"{len(figures.late_before) / SETTLE * 60:.1f} a minute"
        ),
    }
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}"
    return "\n".join(
        [
            f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {cameras} cameras, {minutes:.0f} minutes",
            "",
            "| what | measured |",
            "| --- | --- |",
            *(f"| {what} | {value} |" for what, value in rows.items()),
        ]
    )


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="scripts/bench live", description=__doc__)
    parser.add_argument("--minutes", type=float, default=14.0)
    try:
        figures: Any = asyncio.run(measure(parser.parse_args().minutes))
    except (LiveError, AssetError) as error:
        say(f"The benchmark failed: {error}")
        return 1
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
