"""Nothing stays with the worker of cameras and connections that are gone."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from porchlight.worker.messages import (
    RemoveCamera,
    StreamUp,
    WatchCamera,
)

from .process import Worker
from .support import source, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .support import Stage

# PORCHLIGHT_READDS=500 for the long run.
CYCLES = int(os.environ.get("PORCHLIGHT_READDS", "40"))
# Seconds after which it hangs.
LIMIT = 900 + CYCLES * 10
# The first ones fill pools and caches.
WARM = 10
# Each connection kept a megabyte when nothing was done about it.
MEGABYTES = 5.0


def resident(worker: Worker) -> float:
    """Megabytes of memory that a worker holds."""
    pages = int(Path(f"/proc/{worker.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def threads(worker: Worker) -> int:
    return len(list(Path(f"/proc/{worker.process.pid}/task").iterdir()))


def relays(worker: Worker) -> int:
    """How many connections a worker has; none where threads have no names."""
    tasks = Path(f"/proc/{worker.process.pid}/task").glob("*/comm")
    return sum(name_of(task) == "relay" for task in tasks)


def name_of(task: Path) -> str:
    try:
        return task.read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def grown(worker: Worker, cycle: Callable[[], None], settled: Callable[[], bool]) -> float:
    """Megabytes that stay after so many cycles, when it has settled."""
    before = 0.0
    for cycles in (WARM, CYCLES):
        before = resident(worker)
        for _ in range(cycles):
            cycle()
            worker.heard.all.clear()
        # What ends late on a busy machine has not stayed.
        until(settled, "what was left has ended")
    return resident(worker) - before


@pytest.mark.timeout(LIMIT)
def test_repeated_adding_and_removing_leaks_nothing(stage: Stage) -> None:
    with Worker() as worker:
        add = WatchCamera(camera_id="c", source=source(stage.camera), picture_path="/nowhere/x")

        def cycle() -> None:
            position = len(worker.heard.all)
            worker.send(add)
            worker.heard.wait(StreamUp, after=position)
            worker.send(RemoveCamera(camera_id="c"))

        cycle()
        # Two of the interpreter, the analyst, the writer and live view.
        until(lambda: threads(worker) <= 5, "the camera's thread has ended")
        idle = threads(worker)
        assert grown(worker, cycle, lambda: threads(worker) <= idle) < MEGABYTES
        until(lambda: threads(worker) == idle, "all cameras' threads have ended")


@pytest.mark.timeout(LIMIT)
def test_repeated_stream_changes_leak_nothing(stage: Stage) -> None:
    with Worker() as worker:
        paths = itertools.cycle(["sub", "main"])

        def cycle() -> None:
            position = len(worker.heard.all)
            worker.send(WatchCamera(camera_id="c", source=source(stage.camera, path=next(paths))))
            worker.heard.wait(StreamUp, after=position)

        assert grown(worker, cycle, lambda: relays(worker) <= 1) < MEGABYTES
