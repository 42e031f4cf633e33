"""A frame shows exactly what its ground truth says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.compose import CLOTHES, Composer, dress
from bench.planes import HEIGHT, WIDTH
from bench.stages import STAGES, covered
from tests.footage import PORCH

from .support import blocks, need, scene

if TYPE_CHECKING:
    from bench.scenes import Scene
    from bench.truth import Sight


@pytest.fixture(autouse=True)
def stage() -> None:
    need(PORCH)


def made(one: Scene) -> Composer:
    return Composer(one, blocks())


def frames(one: Scene) -> list[tuple[np.ndarray, tuple[Sight, ...]]]:
    composer = made(one)
    return [(planes.y.copy(), sights) for _, planes, sights in composer.frames()]


def test_a_person_is_where_the_truth_says() -> None:
    rows = frames(scene(walks=1))
    still = rows[0][0].astype(int)
    whole = [(luma, sights[0]) for luma, sights in rows if sights and sights[0].share == 1]
    assert len(whole) > 20
    for luma, sight in whole[::7]:
        x1, y1, x2, y2 = (round(v * s) for v, s in zip(sight.box, (WIDTH, HEIGHT) * 2, strict=True))
        assert y2 - y1 == 120
        different = np.abs(luma.astype(int) - still) > 30
        assert different[y1 + 2 : y2 - 8, x1 + 2 : x2 - 2].mean() > 0.6
        different[y1 - 12 : y2 + 12, x1 - 30 : x2 + 30] = False
        assert not different.any()


def test_the_stage_s_pillar_hides_people() -> None:
    shares = [sights[0].share for _, sights in frames(scene(walks=1)) if sights]
    assert shares[0] == shares[-1] == 0
    assert max(shares) == 1
    assert any(0.2 < share < 0.8 for share in shares)


def test_a_pillar_of_the_scene_hides_people() -> None:
    composer = made(scene(way="behind", walks=1))
    middle = composer.plan.pillars[1]
    hidden = [
        sights[0].share
        for _, _, sights in composer.frames()
        if sights
        and middle.left + 4 <= sights[0].box[0] * WIDTH
        and sights[0].box[2] * WIDTH <= middle.right - 4
    ]
    assert hidden
    assert max(hidden) == 0


def test_at_the_border_the_share_is_what_is_inside_the_picture() -> None:
    need("videos/car_park_nobody.mp4")
    seen = 0
    for _, sights in frames(scene(stage="car park", walks=1)):
        for sight in sights:
            x1, _, x2, _ = sight.box
            inside = max(0.0, min(1.0, x2) - max(0.0, x1)) / (x2 - x1)
            assert sight.share == pytest.approx(inside, abs=0.04)
            seen += 0.1 < inside < 0.9
    assert seen > 3


def test_a_scene_is_the_same_each_time() -> None:
    one = scene(walks=1, weather="rain")
    for (luma, sights), (again, same) in zip(frames(one), frames(one), strict=True):
        assert sights == same
        assert (luma == again).all()


def test_an_empty_scene_has_no_people() -> None:
    rows = frames(scene(way="nobody", walks=0, height=0))
    assert len(rows) == 30
    assert not any(sights for _, sights in rows)


def test_clothes_change_colour_and_not_opacity() -> None:
    figure = np.full((4, 4, 4), (60, 60, 60, 200), np.uint8)
    looks = {tuple(dress(figure, clothes)[0, 0].tolist()) for clothes in range(len(CLOTHES))}
    assert len(looks) == len(CLOTHES)
    assert {look[3] for look in looks} == {200}


def test_lanes_that_end_behind_something_begin_where_it_covers_them() -> None:
    mask = covered("porch")
    for lane in STAGES["porch"].lanes:
        for x, y in (lane.left, lane.right):
            assert mask[y - lane.height : y, x].min() == 255
