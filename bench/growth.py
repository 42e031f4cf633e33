"""`scripts/bench growth`: one worker with more and more cameras, two of them busy, in real time."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
from collections import defaultdict
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING, Any, override
from urllib.request import urlopen

from porchlight.onvif.values import Credentials
from porchlight.worker.messages import (
    EngineReady,
    Load,
    Source,
    StreamUp,
    UseModel,
    VisitNews,
    VisitPhase,
    WatchCamera,
)

from scripts.lib.assets import asset
from scripts.lib.live import DEFAULT_MODEL, Cameras
from scripts.lib.processes import cpu, peak
from tests.footage import HALLWAY, HALLWAY_SECONDS, HALLWAY_WALKS
from tests.worker.process import Worker
from tests.worker.support import Heard

from .cases import cases
from .grown import Growth, save
from .report import growth
from .store import FOLDER

if TYPE_CHECKING:
    from collections.abc import Sequence

BUSY = 2
NUMBERS = (1, 2, 4, 8, 16)
USER, PASSWORD = "growth", "of the street"
SETTLE = 20.0


class Timed(Heard):
    """Records when each arrival was reported."""

    def __init__(self) -> None:
        super().__init__()
        self.arrivals: dict[str, list[float]] = defaultdict(list)

    @override
    def __call__(self, report: Any) -> None:
        if isinstance(report, VisitNews) and report.phase is VisitPhase.ARRIVED:
            self.arrivals[report.camera_id].append(time())
        super().__call__(report)


def specs(number: int) -> list[dict[str, Any]]:
    """The hallway twice, at different positions, and quiet daytime scenes for the rest."""
    quiet = next(cases("report", "*quiet-hevc*")).path
    return [
        {
            "video": asset(HALLWAY) if index < BUSY else quiet,
            "name": f"Camera {index}",
            "host": f"127.0.{10 + os.getpid() % 240}.{index + 1}",
            "username": USER,
            "password": PASSWORD,
            "start": 67.0 * index if index < BUSY else 5.0 * index,
        }
        for index in range(number)
    ]


async def grow(number: int, seconds: float) -> Growth:
    """Watch this number of cameras for this many seconds."""
    async with Cameras(specs(number)) as simulated:
        process, heard = Worker(), Timed()
        process.heard = heard
        with process as worker:
            worker.send(UseModel(engine="litert", path=str(asset(DEFAULT_MODEL))))
            await asyncio.to_thread(worker.heard.wait, EngineReady)
            for index, ready in enumerate(simulated.ready):
                worker.send(WatchCamera(camera_id=str(index), source=_source(ready)))
            await asyncio.sleep(SETTLE)
            up = {one.camera_id for one in worker.heard.of(StreamUp)}
            if len(up) < number:
                raise RuntimeError(f"only {len(up)} of {number} cameras are up")
            starts = [await asyncio.to_thread(_start, ready) for ready in simulated.ready[:BUSY]]
            began, used, since = time(), cpu(worker.process.pid), monotonic()
            await asyncio.sleep(seconds)
            ended = time()
            cores = (cpu(worker.process.pid) - used) / (monotonic() - since)
            memory = peak(worker.process.pid)
            pace = min((one.pace for one in worker.heard.of(Load)), default=1.0)
    walks, delays = 0, []
    for index, start in enumerate(starts):
        for first, gone in _walks(start, began, ended):
            walks += 1
            mine = [at - first for at in heard.arrivals[str(index)] if first - 1 <= at <= gone]
            delays += mine[:1]
    return Growth(
        cameras=number,
        busy=len(starts),
        walks=walks,
        delays=tuple(delays),
        cores=cores,
        memory=memory,
        pace=pace,
    )


def _walks(start: float, began: float, ended: float) -> list[tuple[float, float]]:
    """First half visible and gone: the times of the walks within a period."""
    found = []
    round_at = start - HALLWAY_SECONDS
    while round_at < ended:
        for walk in HALLWAY_WALKS:
            first, gone = round_at + walk.shoulders, round_at + walk.gone
            if began < first and gone < ended:
                found.append((first, gone))
        round_at += HALLWAY_SECONDS
    return found


def _source(ready: dict[str, Any]) -> Source:
    return Source(url=ready["main"], credentials=Credentials(username=USER, password=PASSWORD))


def _start(ready: dict[str, Any]) -> float:
    """The time at which a camera's footage last began."""
    with urlopen(ready["control"]) as answer:  # noqa: S310 - our own camera on loopback
        return time() - float(json.load(answer)["position"])


def main(arguments: Sequence[str]) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="scripts/bench growth", description=__doc__)
    parser.add_argument("--cameras", type=int, nargs="+", default=NUMBERS)
    parser.add_argument("--seconds", type=float, default=HALLWAY_SECONDS + 10)
    parser.add_argument(
        "--keep", type=Path, default=FOLDER / "outcomes", help="where the figures are written"
    )
    options = parser.parse_args(arguments)
    rows = []
    for number in options.cameras:
        rows.append(asyncio.run(grow(number, options.seconds)))
        save(rows, options.keep)
        sys.stderr.write(f"{number} cameras: {rows[-1].found} of {rows[-1].walks} walks\n")
    sys.stdout.write(growth(rows))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
