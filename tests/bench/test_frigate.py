"""Frigate's published rules, one by one."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2", reason="OpenCV is in the environment of the benchmark only")
pytest.importorskip("norfair", reason="norfair is in the environment of the benchmark only")

from porchlight.vision.types import Box

from bench.arms.frigate import STATIONARY, _Person
from bench.arms.frigate_motion import Motion
from bench.arms.frigate_regions import (
    FACTOR,
    LEAST_SIDE,
    Pixelled,
    Square,
    clusters,
    consolidated,
    regions,
    square_about,
)

SIZE = (1280, 720)


def box(x: float, y: float, width: float, height: float) -> Pixelled:
    return Pixelled(x, y, x + width, y + height)


def test_a_region_is_a_square_of_1_35_times_the_longest_edge() -> None:
    square = square_about([box(400, 200, 100, 300)], SIZE)
    assert square.side == int(300 * FACTOR) // 2 * 2
    assert box(400, 200, 100, 300).within(square.box)


def test_a_region_is_never_below_320_pixels_and_stays_in_the_frame() -> None:
    square = square_about([box(1270, 700, 8, 18)], SIZE)
    assert (square.side, square.x, square.y) == (LEAST_SIDE, 1280 - 320, 720 - 320)


def test_boxes_that_are_near_and_large_enough_share_a_region() -> None:
    assert len(clusters([box(400, 300, 100, 100), box(505, 300, 100, 100)], SIZE)) == 1


def test_boxes_far_apart_have_regions_of_their_own() -> None:
    assert len(clusters([box(100, 300, 100, 100), box(900, 300, 100, 100)], SIZE)) == 2


def test_boxes_too_small_for_a_shared_region_get_their_own() -> None:
    assert len(clusters([box(400, 300, 200, 200), box(460, 330, 20, 20)], SIZE)) == 2


def test_motion_inside_a_persons_region_gets_no_region() -> None:
    person = box(400, 200, 60, 160)
    assert len(regions([person], [box(410, 220, 20, 20)], SIZE)) == 1
    assert len(regions([person], [box(1000, 500, 20, 20)], SIZE)) == 2


def test_a_region_s_pixels_are_those_of_the_frame() -> None:
    planar = np.full((1080, 1280), 128, np.uint8)
    planar[:720] = 16
    planar[200:520, 400:720] = 235
    cut = Square(400, 200, 320).cut(planar, SIZE)
    assert cut.shape == (320, 320, 3)
    assert cut.min() >= 250


def test_detections_are_placed_in_the_frame_and_marked_if_the_region_cuts_them() -> None:
    square = Square(400, 200, 320)
    place, score, cut = square.place(Box(0.25, 0.25, 0.5, 0.75), 0.8, SIZE)
    assert (place, score, cut) == (Pixelled(480, 280, 560, 440), 0.8, False)
    assert square.place(Box(0.25, 0.25, 0.5, 1.0), 0.8, SIZE)[2]
    assert not Square(0, 400, 320).place(Box(0.0, 0.25, 0.5, 1.0), 0.8, SIZE)[2]


def test_of_two_detections_of_one_person_the_cut_one_is_dropped() -> None:
    whole, part = (box(100, 100, 50, 150), 0.7, False), (box(100, 100, 50, 130), 0.9, True)
    assert consolidated([part, whole]) == [whole[:2]]


def test_a_detection_within_another_is_dropped() -> None:
    outer, inner = (box(100, 100, 80, 200), 0.7, False), (box(110, 110, 30, 60), 0.8, False)
    assert consolidated([outer, inner]) == [outer[:2]]


def test_a_new_block_is_motion_and_a_still_picture_is_not() -> None:
    motion, luma = Motion(*SIZE), np.full((720, 1280), 90, np.uint8)
    luma[:, ::2] = 110
    for _ in range(30):
        assert motion.update(luma) == []
    assert not motion.calibrating
    luma = luma.copy()
    luma[300:420, 600:660] = 240
    (found,) = motion.update(luma)
    assert found.iou(box(600, 300, 60, 120)) > 0.5


def test_a_change_of_the_whole_picture_counts_as_lightning() -> None:
    motion = Motion(*SIZE)
    luma = np.tile(np.linspace(20, 120, 1280).astype(np.uint8), (720, 1))
    for _ in range(10):
        motion.update(luma)
    motion.update(255 - luma)
    assert motion.calibrating


def test_a_person_stays_confirmed_once_the_median_reached_0_7() -> None:
    person = _Person(box(0, 0, 10, 10), box(0, 0, 10, 10), 0.0)
    person.score(0.9)
    assert not person.true
    person.score(0.75)
    assert person.true
    for _ in range(10):
        person.score(0.0)
    assert person.true


def test_a_person_is_stationary_after_fifty_frames_without_movement() -> None:
    here = box(100, 100, 50, 150)
    person = _Person(here, here, 0.0)
    for frame in range(STATIONARY):
        person.place(here, frame / 5)
    assert person.stationary
    person.place(box(300, 100, 50, 150), 20.0)
    assert not person.stationary
