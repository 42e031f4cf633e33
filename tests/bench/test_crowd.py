"""Several people at once."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest

from bench.compose import Composer
from bench.crowd import CROWDED, GATHERING, LEAD, TAIL
from bench.encode import encode
from bench.plan import FASTEST, SLOWEST, Planner
from bench.planes import HEIGHT
from bench.scenes import counted, scenes
from bench.truth import Truth
from tests.footage import PORCH

from .support import blocks, need, scene

if TYPE_CHECKING:
    from pathlib import Path

    from bench.plan import Plan, Stroll
    from bench.scenes import Scene

CROWDS = [one for one in scenes() if one.way == "crowd"]
PAIRS = [one for one in scenes() if one.way == "pairs"]


def ids(one: Scene) -> str:
    return one.name


def at_line(stroll: Stroll, middle: float) -> float | None:
    """When somebody is in the middle of the picture."""
    for at in np.arange(stroll.span[0], stroll.span[1] - 0.05, 0.05):
        here, there = stroll.pose(float(at)), stroll.pose(float(at) + 0.05)
        if here and there and (here.x - middle) * (there.x - middle) <= 0 and here.x != there.x:
            return float(at)
    return None


def leftwards(stroll: Stroll) -> bool:
    return stroll.corners[-1][1] < stroll.corners[0][1]


@pytest.mark.parametrize("one", CROWDS, ids=ids)
def test_several_people_are_always_there_and_never_more_than_stated(one: Scene) -> None:
    plan = Planner(one).plan()
    counts = [
        sum(stroll.pose(float(at)) is not None for stroll in plan.strolls)
        for at in np.arange(LEAD + GATHERING + 2, LEAD + CROWDED, 0.5)
    ]
    # A pair begins its next way up to a second or so after the last.
    assert min(counts) >= 1
    assert np.mean(np.array(counts) > 1) >= 0.95
    assert np.mean(counts) >= 0.7 * one.people
    assert max(counts) <= one.people
    assert 60 <= plan.seconds <= 120
    assert plan.seconds - max(stroll.span[1] for stroll in plan.strolls) == pytest.approx(TAIL, 0.1)


@pytest.mark.parametrize("one", [*CROWDS, *PAIRS], ids=ids)
def test_people_who_are_together_walk_at_a_walking_pace_in_other_lanes_and_clothes(
    one: Scene,
) -> None:
    plan = Planner(one).plan()
    assert len({stroll.lane for stroll in plan.strolls}) >= 4
    assert len({stroll.lane.height for stroll in plan.strolls}) >= 3
    for stroll in plan.strolls:
        for (start, here), (end, there) in zip(stroll.corners, stroll.corners[1:], strict=False):
            speed = abs(there - here) / (end - start) / stroll.lane.height
            assert here == there or SLOWEST - 1e-6 <= speed <= FASTEST + 1e-6


@pytest.mark.parametrize("one", PAIRS, ids=ids)
def test_pairs_are_on_the_line_at_once_in_the_same_and_in_opposite_directions(one: Scene) -> None:
    composer_window = (0, 1280)
    plan, same = Planner(one).plan(), []
    for walk in range(one.walks):
        first, second = (stroll for stroll in plan.strolls if stroll.walk == walk)
        times = [at_line(stroll, sum(composer_window) / 2) for stroll in (first, second)]
        assert None not in times
        assert abs(times[0] - times[1]) <= 0.6  # type: ignore[operator] # none is None
        same.append(leftwards(first) == leftwards(second))
    assert set(same) == {True, False}


def test_crowds_meet_on_the_line() -> None:
    for one in CROWDS:
        strolls = Planner(one).plan().strolls
        times = [(at_line(stroll, 640.0), leftwards(stroll)) for stroll in strolls]
        together = [
            mine == yours
            for (at, mine), (other, yours) in combinations(times, 2)
            if at is not None and other is not None and abs(at - other) <= 0.6
        ]
        assert True in together
        assert False in together


def test_both_halves_have_every_kind_of_crowd() -> None:
    kinds = {
        half: sorted((one.condition, one.size, one.people) for one in scenes() if one.half == half)
        for half in ("tune", "report")
    }
    assert kinds["tune"] == kinds["report"]
    sizes = {one.size for one in CROWDS}
    assert sizes == {(480, 360), (640, 360), (1280, 720)}
    assert {one.people for one in CROWDS} >= {4, 10}
    assert all(counted(one.condition) for one in (*CROWDS, *PAIRS))


def played(one: Scene) -> tuple[Plan, Truth, list[np.ndarray]]:
    need(PORCH, "videos/car_park_nobody.mp4")
    composer = Composer(one, blocks())
    frames, lumas = [], []
    for at, planes, sights in composer.frames():
        frames.append((at, sights))
        lumas.append(planes.y.copy() if len(frames) % 40 == 1 else None)
    return composer.plan, Truth(seconds=1.0, frames=tuple(frames), lines=composer.plan.lines), lumas


SMALL_CROWD = scene(
    stage="car park", way="crowd", height=60, size=(480, 360), people=4, walks=1, seed=2, fps=5
)


def test_boxes_are_shares_of_what_the_camera_shows() -> None:
    plan, truth, lumas = played(SMALL_CROWD)
    seen = 0
    for luma, (_, sights) in zip(lumas, truth.frames, strict=True):
        for sight in sights:
            if luma is None or sight.share < 1:
                continue
            x1, y1, x2, y2 = sight.box
            # Four thirds as wide as high, from the middle of the composed picture.
            left, right = (round(160 + x * 960) for x in (x1, x2))
            part = luma[round(y1 * HEIGHT) : round(y2 * HEIGHT), left:right]
            # White figures on dark ground.
            assert (part > 150).mean() > 0.8
            seen += 1
    assert seen > 10
    assert plan.deep


def test_who_is_nearer_hides_who_is_farther_away() -> None:
    _, truth, _ = played(SMALL_CROWD)
    hidden = 0
    for _, sights in truth.frames:
        for one, other in combinations(sights, 2):
            far, near = sorted((one, other), key=lambda sight: sight.box[3])
            inside = far.box[0] > 0.02 and far.box[2] < 0.98
            across = min(far.box[2], near.box[2]) - max(far.box[0], near.box[0])
            down = far.box[3] - max(far.box[1], near.box[1])
            if len(sights) == 2 and inside and across > 0 and down > 0:
                area = (far.box[2] - far.box[0]) * (far.box[3] - far.box[1])
                assert far.share == pytest.approx(1 - across * down / area, abs=0.08)
                hidden += far.share < 0.9
    assert hidden


def test_the_truth_has_the_crossings_of_the_line() -> None:
    plan, truth, _ = played(SMALL_CROWD)
    (line,) = plan.lines
    crossings = truth.crossings()
    through = [stroll for stroll in plan.strolls if at_line(stroll, 640.0) is not None]
    assert len(crossings) == pytest.approx(len(through), abs=1)
    assert {crossing.line for crossing in crossings} == {line.line_id}
    assert {crossing.inward for crossing in crossings} == {True, False}


def test_a_small_camera_sends_small_pictures(tmp_path: Path) -> None:
    need("videos/car_park_nobody.mp4")

    one = scene(stage="car park", way="nobody", walks=0, height=0, size=(480, 360))
    truth = encode(Composer(one, blocks()), tmp_path / "small")
    with av.open(str(tmp_path / "small")) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (480, 360)
    assert len(truth.frames) == 30
