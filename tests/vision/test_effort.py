from __future__ import annotations

from collections import deque
from itertools import pairwise

import pytest
from porchlight.vision.effort import RATE, SAVED, Effort
from porchlight.vision.regions import View
from porchlight.vision.types import Box, Detection
from porchlight.vision.watch import Watch

from .people import grey, painted

VIEW = View(1280, 720, 416)
FRAME = 0.1
# More than each fifth of a second a whole frame, by at most a tenth.
MOST_A_SECOND = 5.5


def spend_all(effort: Effort, at: float) -> int:
    """Use what there is."""
    room = effort.room(at)
    effort.spend(room, at)
    return room


def test_what_is_not_used_is_saved_up_to_a_bound() -> None:
    effort = Effort()
    assert spend_all(effort, 100.0) == SAVED
    assert effort.room(100.0) == 0
    assert effort.room(100.1) == 0
    assert effort.room(100.2) == 1
    assert effort.room(101.0) == RATE
    assert effort.room(1000.0) == SAVED


def test_more_than_there_is_may_be_spent_once_and_leaves_nothing() -> None:
    effort = Effort()
    effort.spend(50, 100.0)
    assert effort.room(100.0) == 0
    assert effort.room(100.0 + 1 / RATE) == 1


def test_time_that_stands_still_earns_nothing() -> None:
    effort = Effort()
    spend_all(effort, 100.0)
    assert [spend_all(effort, 100.0) for _ in range(5)] == [0] * 5


def test_over_a_minute_no_more_is_spent_than_is_earned_and_saved() -> None:
    effort = Effort()
    spent = sum(spend_all(effort, 100.0 + 0.01 * number) for number in range(6000))
    assert spent == pytest.approx(60 * RATE + SAVED, abs=1)


def crowd(number: int, of: int = 20) -> list[Detection]:
    """Small people all over the picture, who walk to and fro, each in their own place."""
    found = []
    for one in range(of):
        row, column = divmod(one, 5)
        phase = (number + 3 * one) % 8
        x = 0.06 + 0.2 * column + 0.012 * min(phase, 8 - phase)
        y = 0.1 + 0.25 * row
        found.append(Detection(Box(x, y, x + 0.02, y + 0.08), 0.45))
    return found


class Busy:
    """A watch of a crowd, ten frames a second; what it spent, and when it looked at whom."""

    def __init__(self) -> None:
        self.watch = Watch(lambda: "visit")
        self.at = 1000.0
        self.spent: deque[tuple[float, int]] = deque()
        self.shown: dict[int, list[float]] = {}

    def run(self, seconds: float, of: int) -> None:
        for number in range(round(seconds / FRAME)):
            people = crowd(number // 2, of)
            if self.watch.gate_due(self.at):
                self.watch.see(painted(*people), self.at)
            if self.watch.look_due(self.at):
                self._look(people)
            self.at += FRAME

    def _look(self, people: list[Detection]) -> None:
        regions = [VIEW.share(one) for one in self.watch.regions(VIEW, self.at)]
        self.spent.append((self.at, len(regions)))
        found = []
        for name, one in enumerate(people):
            if any(region.covers(one.box) for region in regions):
                found.append(one)
                self.shown.setdefault(name, []).append(self.at)
        self.watch.look(found, self.at, regions)

    def most_in(self, seconds: float) -> int:
        """The most regions in any such time."""
        times = [at for at, _ in self.spent]
        return max(
            sum(number for at, number in self.spent if start <= at < start + seconds)
            for start in times
        )


def test_twenty_moving_candidates_cost_no_more_than_whole_frames_would() -> None:
    busy = Busy()
    busy.run(90, 20)
    # The bound is worth something: much of it is used.
    assert busy.most_in(60) > 0.5 * 60 * RATE
    assert busy.most_in(60) <= 60 * MOST_A_SECOND + SAVED
    # What was saved is used up by then.
    late = sum(number for at, number in busy.spent if at >= 1030)
    assert late <= 60 * MOST_A_SECOND


def test_everyone_of_many_is_looked_at_again_and_again() -> None:
    busy = Busy()
    busy.run(60, 20)
    assert set(busy.shown) == set(range(20))
    for times in busy.shown.values():
        waits = [later - at for at, later in pairwise(times) if at > 1005]
        # 20 groups, of which five are looked at in a second, and some time for who is lost.
        assert max(waits, default=60) <= 10
        assert times[-1] > 1050


def test_nothing_is_looked_at_while_there_is_no_room() -> None:
    watch = Watch(lambda: "visit")
    watch.see(grey(), 1000.0)
    assert watch.look_due(1000.0)
    spent = 0
    for _ in range(round(SAVED)):
        spent += len(watch.regions(VIEW, 1000.0)) if watch.look_due(1000.0) else 0
        watch.pause()
    # A pause asks for a whole look at once; the effort is the same camera's.
    assert SAVED <= spent < SAVED + 4
    assert not watch.look_due(1000.0 + 0.5 / RATE)
    assert watch.look_due(1000.0 + 1 / RATE)
