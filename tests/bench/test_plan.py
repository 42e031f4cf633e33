"""Who walks where and when."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from bench.plan import FASTEST, SLOWEST, STANDING_SECONDS, Planner, Stroll
from bench.planes import WIDTH
from bench.scenes import HEIGHTS, scenes
from bench.stages import Lane

from .support import scene

if TYPE_CHECKING:
    from bench.scenes import Scene

LANE = Lane(height=60, left=(0, 200), right=(1000, 300))
STROLL = Stroll(
    walk=0,
    actor=0,
    clothes=0,
    lane=LANE,
    corners=((10.0, 100), (12.0, 300), (13.0, 300), (14, 200)),
)
WALKING = [one for one in scenes() if one.walks]


def test_a_person_is_between_the_corners_of_their_way() -> None:
    pose = STROLL.pose(11.0)
    assert pose is not None
    assert (pose.x, pose.feet, pose.moving, pose.leftwards) == (200, 220, True, False)


def test_a_person_at_rest_does_not_move() -> None:
    pose = STROLL.pose(12.5)
    assert pose is not None
    assert (pose.x, pose.moving) == (300, False)


def test_a_person_who_goes_back_faces_the_other_way() -> None:
    pose = STROLL.pose(13.5)
    assert pose is not None
    assert (pose.x, pose.leftwards) == (250, True)


@pytest.mark.parametrize("at", [9.9, 14.0])
def test_a_person_is_nowhere_before_and_after(at: float) -> None:
    assert STROLL.pose(at) is None


def test_equal_seeds_give_equal_plans_and_different_seeds_different_ones() -> None:
    assert Planner(scene()).plan() == Planner(scene()).plan()
    assert Planner(scene()).plan() != Planner(scene(seed=6)).plan()


@pytest.mark.parametrize("one", WALKING, ids=lambda one: one.name)
def test_every_walk_of_every_scene_is_at_a_walking_pace_with_gaps_between(one: Scene) -> None:
    strolls = Planner(one).plan().strolls
    assert {stroll.walk for stroll in strolls} == set(range(one.walks))
    for stroll in strolls:
        for (start, here), (end, there) in pairwise(stroll.corners):
            if here != there:
                speed = abs(there - here) / (end - start) / stroll.lane.height
                assert SLOWEST - 1e-6 <= speed <= FASTEST + 1e-6
    ends = {walk: max(s.span[1] for s in strolls if s.walk == walk) for walk in range(one.walks)}
    begins = {walk: min(s.span[0] for s in strolls if s.walk == walk) for walk in range(one.walks)}
    for walk in range(1, one.walks):
        assert begins[walk] - ends[walk - 1] >= 10


def test_two_crossing_people_meet() -> None:
    one, other = Planner(scene(stage="car park", way="cross", walks=1)).plan().strolls
    assert one.walk == other.walk
    moments = [at / 10 for at in range(int(one.span[0] * 10), int(one.span[1] * 10))]
    sides = set()
    for at in moments:
        here, there = one.pose(at), other.pose(at)
        if here and there:
            sides.add(here.x < there.x)
    assert sides == {True, False}


@pytest.mark.parametrize(("way", "count"), [("emerge", 1), ("cross", 2), ("behind", 3)])
def test_pillars_stand_on_the_lane_taller_than_people(way: str, count: int) -> None:
    plan = Planner(scene(stage="car park", way=way, height=60)).plan()
    assert len(plan.pillars) == count
    for pillar in plan.pillars:
        assert 0 <= pillar.left < pillar.right <= WIDTH
        assert pillar.foot - pillar.top > 60


def test_a_standing_person_stands_for_ten_minutes() -> None:
    (stroll,) = Planner(scene(stage="car park", way="stand", walks=1)).plan().strolls
    rests = [
        end - start for (start, here), (end, there) in pairwise(stroll.corners) if here == there
    ]
    assert rests == [pytest.approx(STANDING_SECONDS)]


def test_an_empty_scene_has_the_stated_length() -> None:
    plan = Planner(scene(way="nobody", height=0, walks=0)).plan()
    assert (plan.strolls, plan.seconds) == ((), 3.0)


def test_both_halves_have_every_condition_at_every_height() -> None:
    kinds = {
        half: {(one.condition, one.way, one.height) for one in scenes() if one.half == half}
        for half in ("tune", "report")
    }
    assert kinds["tune"] == kinds["report"]
    assert {height for _, _, height in kinds["tune"]} == {0, *HEIGHTS}
    assert len(scenes()) >= 100


def test_no_two_scenes_share_a_name_or_a_seed() -> None:
    assert (
        len({one.name for one in scenes()}) == len({one.seed for one in scenes()}) == len(scenes())
    )
