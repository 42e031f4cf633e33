"""Still and waving things, and people beside them."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.beside import TAIL
from bench.compose import Composer
from bench.crowd import window
from bench.plan import Planner
from bench.plants import PLANTS
from bench.scenes import FULL, WIDE, counted, scenes
from bench.things import KINDS, cut_out, found
from tests.footage import PORCH

from .support import blocks, need, scene

if TYPE_CHECKING:
    from bench.scenes import Scene
    from bench.truth import Sight

LOOKS = {
    "figure": {
        "actor": 1,
        "walking": True,
        "step": 2,
        "gamma": 1.5,
        "colour": [60, 70, 130],
        "flat": 0.8,
        "shown": 0.5,
        "stretch": 1.5,
        "blur": 2.0,
    },
    "sign": {"plate": 80, "pole": 10, "round": True, "second": 60, "colour": [150, 30, 35]},
    "cone": {"colour": [215, 85, 25], "slim": 0.2},
    "coat": {"colour": [40, 42, 45], "wide": 90, "long": 400, "hat": True},
}
LOOKS["statue"] = LOOKS["figure"] | {"shown": 1.0}
DISTURBED = [one for one in scenes() if one.things or one.plant]
BUSY = [one for one in DISTURBED if one.walks]


def ids(one: Scene) -> str:
    return one.name


@pytest.mark.parametrize("kind", KINDS)
def test_equal_looks_give_equal_pictures_and_no_empty_borders(kind: str) -> None:
    one, same = (cut_out(kind, LOOKS[kind], blocks()) for _ in range(2))
    assert (one == same).all()
    solid = one[:, :, 3]
    for border in (solid[0], solid[-1], solid[:, 0], solid[:, -1]):
        assert border.max() > 0
    assert solid.max() == 255


def test_a_figure_is_changed_as_its_look_says() -> None:
    plain = LOOKS["figure"] | {"shown": 1.0, "stretch": 1.0, "blur": 0.0, "flat": 0.0}
    whole = cut_out("figure", plain, blocks())
    assert whole.shape[:2] == (90, 30)
    half = cut_out("figure", plain | {"shown": 0.5}, blocks())
    assert half.shape[:2] == (45, 30)
    wide = cut_out("figure", plain | {"stretch": 1.5}, blocks())
    assert wide.shape[:2] == (90, 45)
    flat = cut_out("figure", plain | {"flat": 1.0}, blocks())
    assert flat[40, 15, :3].tolist() == [60, 70, 130]


def test_the_things_found_look_half_like_a_person_and_differ() -> None:
    for stage in ("car park", "hallway"):
        for size in (WIDE, FULL):
            things = found()[stage, size]
            assert len(things) >= 6
            assert all(0.25 <= thing.crop <= 0.6 for thing in things)
            assert all(thing.frame <= 0.6 for thing in things)
            assert len({thing.kind for thing in things}) >= 3


def test_the_scores_of_the_things_are_the_model_s() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    from porchlight.worker.detector import Detector  # noqa: PLC0415 - only where it can run
    from porchlight.worker.engines import load  # noqa: PLC0415 - as above

    from bench.find_things import scored  # noqa: PLC0415 - as above
    from bench.run import ENGINE, MODEL, THREADS  # noqa: PLC0415 - as above

    model, *_ = need(MODEL, "videos/car_park_nobody.mp4")
    # Drawn things do not need the cut-outs of people.
    chosen = [one for one in found()["car park", WIDE] if one.kind in {"sign", "cone", "coat"}]
    assert chosen
    detector = Detector(load(ENGINE, model, THREADS))
    (again,) = scored("car park", WIDE, (chosen[0],), detector, blocks())
    assert 0.2 <= again.crop <= 0.65


@pytest.mark.parametrize("one", DISTURBED, ids=ids)
def test_every_scene_with_things_has_several_at_places_apart_in_the_picture(one: Scene) -> None:
    plan = Planner(one).plan()
    left, right = window(one)
    assert len(plan.things) == 3
    assert len({thing.x for thing in plan.things}) == 3
    for thing in plan.things:
        assert left <= thing.x <= right
        assert thing.feet - thing.height >= 0
        assert thing.feet <= 720
    assert plan.deep
    assert counted(one.condition)


@pytest.mark.parametrize("one", BUSY, ids=ids)
def test_people_pass_in_front_and_behind_or_stop_at_a_thing_and_then_leave(one: Scene) -> None:
    plan = Planner(one).plan()
    nearer = []
    for walk, stroll in enumerate(plan.strolls):
        thing = plan.things[walk % 3]
        feet = stroll.lane.feet(float(thing.x))
        nearer.append(feet > thing.feet)
        assert abs(feet - thing.feet) <= 0.15 * one.body
        if one.way == "stop":
            rest = stroll.pose(stroll.corners[1][0] + 1.0)
            assert rest is not None
            assert not rest.moving
            assert abs(rest.x - thing.x) <= 0.4 * one.body
    assert set(nearer) == {True, False}
    last = max(stroll.span[1] for stroll in plan.strolls)
    assert plan.seconds - last == pytest.approx(TAIL, abs=0.1)


@pytest.mark.parametrize("kind", PLANTS)
def test_plants_sway_and_stay(kind: str) -> None:
    plant, same = (PLANTS[kind](120, np.random.default_rng(1)) for _ in range(2))
    pictures = [plant(at) for at in np.arange(0, 6, 0.5)]
    assert all((plant(at) == same(at)).all() for at in (0.0, 3.3))
    assert all(picture.shape == pictures[0].shape for picture in pictures)
    changed = [(picture != before).any(axis=2).mean() for before, picture in pairwise(pictures)]
    assert min(changed) > 0.02
    opaque = [picture[:, :, 3].astype(bool).mean() for picture in pictures]
    assert max(opaque) < 1.3 * min(opaque)


def shown(one: Scene, *ats: float) -> list[tuple[np.ndarray, tuple[Sight, ...]]]:
    need(PORCH, "videos/car_park_nobody.mp4")
    wanted = list(ats)
    rows = []
    for at, planes, sights in Composer(one, blocks()).frames():
        if wanted and at >= wanted[0]:
            wanted.pop(0)
            rows.append((planes.y.copy(), sights))
    return rows


def test_things_are_in_the_truth_with_their_label_and_in_the_picture() -> None:
    one = scene(stage="car park", way="nobody", walks=0, height=0, plant="flag", seconds=2.0)
    (first, sights), (second, _) = shown(one, 0.0, 1.0)
    assert {sight.label for sight in sights} == {"flag"}
    assert len(sights) == 3
    for sight in sights:
        x1, y1, x2, y2 = sight.box
        part = np.s_[round(y1 * 720) : round(y2 * 720), round(x1 * 1280) : round(x2 * 1280)]
        assert (np.abs(first[part].astype(int) - second[part]) > 30).mean() > 0.02
        assert (sight.walk, sight.share) == (-1, 1)


def test_a_person_behind_a_thing_is_hidden_in_the_truth() -> None:
    one = scene(stage="car park", way="pass", height=120, walks=2, plant="bush", seed=3, fps=5)
    need("videos/car_park_nobody.mp4")
    shares: dict[int, list[float]] = {}
    for _, _, sights in Composer(one, blocks()).frames():
        for sight in sights:
            if sight.label == "person" and sight.box[0] > 0 and sight.box[2] < 1:
                shares.setdefault(sight.walk, []).append(sight.share)
    # The first passes in front, the second behind.
    assert min(shares[0]) > 0.9
    assert min(shares[1]) < 0.6
