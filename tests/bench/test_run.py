"""The harness, with an arm that only records its packets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from bench.arms.protocol import Meter, Sample, SeenCrossing, SeenVisit
from bench.cases import clips
from bench.run import Outcome, restore, run, run_named, save
from bench.truth import Moment, TrueCrossing
from tests.footage import HALLWAY, HALLWAY_WALKS

from .support import need

if TYPE_CHECKING:
    from pathlib import Path


class Notes:
    """Works `busy` seconds on each packet, by a clock that only it moves."""

    def __init__(self, busy: float) -> None:
        self.visits: list[SeenVisit] = []
        self.samples = [Sample(0.1, 0.2, 1, ((7, (0.1, 0.2, 0.3, 0.4)),)), Sample(0.4, 0.5, 0)]
        self.crossings = [SeenCrossing(0.3, "gate", inward=True)]
        self.now = 0.0
        self.meter = Meter(self.clock)
        self.times: list[float] = []
        self.backlogs: list[float] = []
        self._busy = busy

    def clock(self) -> float:
        return self.now

    def packet(self, packet: Any, at: float) -> None:
        self.times.append(at)
        self.backlogs.append(self.meter.backlog)
        with self.meter("inference"):
            self.now += self._busy
        if len(self.times) == 1:
            self._arrived = at + self.meter.spent()

    def close(self, at: float) -> None:
        self.visits.append(SeenVisit(arrived_at=self._arrived, left_at=at, most=1))


def played(busy: float) -> tuple[Notes, Outcome]:
    need("videos/porch_man_leaves_gop10.mp4")
    case = next(one for one in clips() if one.name == "clip-porch_man_leaves_gop10")
    notes = Notes(busy)
    return notes, run(case, lambda *_: notes, None, notes.clock)


def test_packets_come_in_order_and_as_their_time_stamps_say() -> None:
    notes, outcome = played(0.0)
    assert len(notes.times) == 59
    assert notes.times == pytest.approx([index / 10 for index in range(59)], abs=0.01)
    assert outcome.visits[0].left_at == notes.times[-1]


def test_an_arm_that_is_fast_enough_has_no_backlog() -> None:
    assert max(played(0.09)[0].backlogs) == 0


def test_an_arm_that_is_too_slow_falls_behind() -> None:
    notes, outcome = played(0.12)
    assert notes.backlogs[-1] == pytest.approx(58 * 0.02, abs=0.01)
    assert outcome.cpu["inference"] == pytest.approx(59 * 0.12)
    assert outcome.counts["inference"] == 59


def test_decisions_are_stamped_with_the_time_that_they_took() -> None:
    _, outcome = played(0.12)
    assert outcome.visits[0].arrived_at == pytest.approx(0.12)


def test_outcomes_survive_their_file(tmp_path: Path) -> None:
    _, played_through = played(0.0)
    outcome = replace(
        played_through,
        moments=(Moment(0.2, 1, 1, ((0, (0.1, 0.2, 0.3, 0.4)),)),),
        true_crossings=(TrueCrossing(0.3, "gate", inward=True),),
    )
    assert len(outcome.samples) == 2
    save([outcome], tmp_path / "outcomes" / "arm.json")
    assert restore(tmp_path / "outcomes" / "arm.json") == [outcome]


def test_outcomes_of_arms_without_tracks_and_lines_survive_their_file(tmp_path: Path) -> None:
    _, outcome = played(0.0)
    plain = replace(outcome, samples=(Sample(0.1, 0.1, 2),), crossings=None)
    save([plain, outcome], tmp_path / "arm.json")
    assert restore(tmp_path / "arm.json") == [plain, outcome]


def test_the_hallway_is_labelled_as_elsewhere() -> None:
    need(HALLWAY)
    case = next(one for one in clips() if one.name == "clip-one_by_one_person")
    assert [(walk.first, walk.gone) for walk in case.walks] == [
        (walk.shoulders, walk.gone) for walk in HALLWAY_WALKS
    ]


def test_clips_without_ground_truth_cannot_be_guided() -> None:
    case = next(one for one in clips() if one.name == "clip-porch_man_leaves_gop10")
    with pytest.raises(ValueError, match=case.name):
        run_named("guided", case)
