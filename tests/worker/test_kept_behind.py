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


def grown(worker: Worker, cycle: Callable[[], None]) -> float:
    """Megabytes that stay after so many cycles."""
    for _ in range(WARM):
        cycle()
    before = resident(worker)
    for _ in range(CYCLES):
        cycle()
        worker.heard.all.clear()
    return resident(worker) - before


@pytest.mark.timeout(CYCLES * 10)
def test_repeated_adding_and_removing_leaks_nothing(stage: Stage) -> None:
    with Worker() as worker:
        add = WatchCamera(camera_id="c", source=source(stage.camera), picture_path="/nowhere/x")

        def cycle() -> None:
            position = len(worker.heard.all)
            worker.send(add)
            worker.heard.wait(StreamUp, after=position)
            worker.send(RemoveCamera(camera_id="c"))

        cycle()
        until(lambda: threads(worker) <= 4, "the camera's thread has ended")
        idle = threads(worker)
        assert grown(worker, cycle) < MEGABYTES
        until(lambda: threads(worker) == idle, "all cameras' threads have ended")


@pytest.mark.timeout(CYCLES * 10)
def test_repeated_stream_changes_leak_nothing(stage: Stage) -> None:
    with Worker() as worker:
        paths = itertools.cycle(["sub", "main"])

        def cycle() -> None:
            position = len(worker.heard.all)
            worker.send(WatchCamera(camera_id="c", source=source(stage.camera, path=next(paths))))
            worker.heard.wait(StreamUp, after=position)

        assert grown(worker, cycle) < MEGABYTES
