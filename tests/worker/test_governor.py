from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from porchlight.vision.regions import View
from porchlight.vision.types import Box, Detection
from porchlight.vision.watch import Watch
from porchlight.worker.governor import INTERVAL, SHARE, Governor, cores

if TYPE_CHECKING:
    from porchlight.worker.messages import Load

STEP = 3.0


class Machine:
    """A machine whose worker uses so many cores at full pace."""

    def __init__(self) -> None:
        self.reports: list[Load] = []
        self.now = self.used = 0.0
        self.governor = Governor(
            self.reports.append, used=lambda: self.used, clock=lambda: self.now
        )

    def run(self, wanted: float, seconds: float) -> None:
        """Let time pass."""
        for _ in range(round(seconds / STEP)):
            self.now += STEP
            self.used += wanted * self.governor.pace * STEP
            self.governor.check()


@pytest.fixture
def machine() -> Machine:
    return Machine()


def test_half_of_the_cores_are_used_by_default(machine: Machine) -> None:
    machine.run(3.0 * cores(), 120)
    last = machine.reports[-1]
    assert last.budget == SHARE * cores()
    assert last.cores == pytest.approx(last.budget, rel=0.1)
    assert last.pace == pytest.approx(SHARE / 3, rel=0.2)
    machine.governor.allow(1.0)
    machine.run(0.6 * cores(), 60)
    assert machine.governor.pace == 1.0
    assert machine.reports[-1].budget == cores()


def test_what_changes_is_reported_at_once_and_the_rest_now_and_then(machine: Machine) -> None:
    machine.run(0.1, 10 * INTERVAL)
    assert len(machine.reports) == pytest.approx(10, abs=1)
    before = len(machine.reports)
    machine.run(4.0 * cores(), 2 * STEP)
    assert len(machine.reports) > before
    assert machine.reports[-1].pace < 0.7


def looks(watch: Watch, seconds: float) -> int:
    """How often a watch looks at a person who moves."""
    number, at = 0, 100.0
    for step in range(round(seconds * 10)):
        at = 100.0 + step / 10
        if watch.look_due(at):
            number += 1
            watch.regions(View(640, 360, 416), at)
            x = 0.3 + 0.1 * (number % 2)
            watch.look([Detection(Box(x, 0.3, x + 0.1, 0.6), 0.9)], at)
    return number


def test_a_lower_pace_makes_looks_rarer_evenly() -> None:
    wanted = looks(Watch(lambda: "visit"), 60)
    watch = Watch(lambda: "visit")
    watch.pace = 0.5
    assert looks(watch, 60) == pytest.approx(wanted / 2, rel=0.2)
