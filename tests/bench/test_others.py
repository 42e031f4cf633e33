"""Animals and vehicles as actors."""

from __future__ import annotations

import numpy as np
import pytest

from bench.compose import Composer
from bench.others import Drive, Other, approaching, gait, lowered

from .support import need, scene


def figure(height: int = 100, width: int = 150) -> np.ndarray:
    """A body on four legs, opaque and gray."""
    rgba = np.zeros((height, width, 4), np.uint8)
    rgba[: height * 6 // 10, :] = (90, 90, 90, 255)
    for left in (5, 25, width - 40, width - 20):
        rgba[:, left : left + 12] = (90, 90, 90, 255)
    return rgba


def feet(rgba: np.ndarray) -> np.ndarray:
    """The opaque columns of the lowest row that has any."""
    lowest = np.flatnonzero(rgba[:, :, 3].max(axis=1) > 127)[-1]
    return np.flatnonzero(rgba[lowest, :, 3] > 127)


def test_a_gait_swings_fore_and_hind_legs_against_each_other() -> None:
    first, *_, last = gait(figure())
    begin, end = feet(first), feet(last)
    assert begin.min() < end.min() - 5
    assert begin.max() > end.max() + 5


def test_the_body_rises_between_two_steps_and_stays_in_place_otherwise() -> None:
    cycle = gait(figure())
    tops = [int(np.flatnonzero(rgba[:, :, 3].max(axis=1) > 127)[0]) for rgba in cycle]
    assert tops[0] == tops[-1] == 3
    assert min(tops) == tops[2] == 0
    assert len({rgba.shape for rgba in cycle}) == 1
    body = [rgba[top + 5, :, 3] for rgba, top in zip(cycle, tops, strict=True)]
    assert all((row == body[0]).all() for row in body)


def test_a_gait_is_always_the_same() -> None:
    for one, other in zip(gait(figure()), gait(figure()), strict=True):
        assert (one == other).all()


def test_who_approaches_grows_faster_and_faster() -> None:
    heights = [approaching(share) for share in (0, 0.25, 0.5, 0.75, 1)]
    assert heights[0] == pytest.approx(30)
    assert heights[-1] == pytest.approx(200)
    assert (np.diff(heights, n=2) > 0).all()
    assert approaching(2) == pytest.approx(200)


def test_a_lowered_figure_is_less_high_and_keeps_its_colour() -> None:
    low = lowered(figure(), 0.7)
    assert low.shape == (70, 150, 4)
    assert low[10].min(axis=0).tolist() == [90, 90, 90, 255]


def test_a_drive_comes_to_a_stop_stays_and_leaves() -> None:
    drive = Drive(start=(-100, 700), spot=(500, 400), begin=2, way=4, stay=60)
    assert drive.place(1.9) is None
    assert drive.place(2) == (-100, 700)
    speeds = [np.hypot(*np.subtract(drive.place(at + 0.1), drive.place(at))) for at in (2, 3, 4, 5)]
    assert speeds == sorted(speeds, reverse=True)
    assert drive.place(6) == drive.place(40) == drive.place(66) == (500, 400)
    assert drive.place(68) == pytest.approx((350, 475))
    assert drive.place(70) == pytest.approx((-100, 700))
    assert drive.end == 70
    assert drive.place(70.1) is None


def test_others_play_in_a_scene_like_people() -> None:
    need("videos/porch_man_leaves_gop10.mp4")
    dog = Other(number=0, name="dog", label="dog", sideways=gait(figure()), standing=(figure(),))
    composer = Composer(scene(seconds=12.0), [dog])  # type: ignore[list-item]
    seen = [sights for _, _, sights in composer.frames()]
    boxes = [sight.box for sights in seen for sight in sights if sight.share > 0.9]
    assert boxes
    wide = [(box[2] - box[0]) * 1280 / ((box[3] - box[1]) * 720) for box in boxes]
    assert min(wide) > 1.4
