"""Frigate's published rules, one by one."""

from __future__ import annotations

from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("cv2", reason="OpenCV is in the environment of the benchmark only")
pytest.importorskip("norfair", reason="norfair is in the environment of the benchmark only")

import cv2
from av.video.frame import VideoFrame
from porchlight.vision.types import Box, Detection

from bench.arms.frigate import Frigate
from bench.arms.frigate_motion import Motion
from bench.arms.frigate_regions import (
    LEAST_SIDE,
    Pixelled,
    Seen,
    Square,
    clusters,
    consolidated,
    regions,
)
from bench.arms.frigate_tracks import STATIONARY, Person, Tracks
from bench.arms.protocol import Stream

SIZE = (1280, 720)


def box(x: float, y: float, width: float, height: float) -> Pixelled:
    return Pixelled(x, y, x + width, y + height)


def person(*scores: float, at: float = 0.0) -> Person:
    """Somebody registered with these scores, always in the same place."""
    return Person([Seen(box(100, 100, 50, 150), score) for score in scores], SIZE, at)


def test_a_region_of_people_is_a_square_of_1_35_times_the_longest_edge() -> None:
    (square,) = regions([box(400, 200, 100, 300)], [], SIZE)
    assert square.side == int(300 * 1.35) // 4 * 4
    assert box(400, 200, 100, 300).within(square.box)


def test_a_region_of_motion_is_a_square_of_twice_the_longest_edge() -> None:
    (square,) = regions([], [box(400, 200, 100, 300)], SIZE)
    assert square.side == 600
    assert box(400, 200, 100, 300).within(square.box)


def test_a_region_is_never_below_320_pixels_and_stays_in_the_frame() -> None:
    (square,) = regions([box(1270, 700, 8, 18)], [], SIZE)
    assert (square.side, square.x, square.y) == (LEAST_SIDE, 1280 - 320, 720 - 320)


def test_boxes_that_are_near_and_large_enough_share_a_region() -> None:
    assert len(clusters([box(400, 300, 100, 100), box(505, 300, 100, 100)], SIZE)) == 1


def test_tiny_boxes_share_the_least_region_however_little_of_it_they_fill() -> None:
    assert len(clusters([box(400, 300, 8, 8), box(600, 300, 8, 8)], SIZE)) == 1


def test_clusters_reach_320_pixels_less_a_little_more_than_half_the_first_box() -> None:
    # From the middle of the first box: 449 + 320 - 0.55 x 98 = 715.
    first = box(400, 300, 98, 98)
    assert len(clusters([first, box(615, 300, 98, 98)], SIZE)) == 1
    assert len(clusters([first, box(620, 300, 98, 98)], SIZE)) == 2


def test_boxes_far_apart_have_regions_of_their_own() -> None:
    assert len(clusters([box(100, 300, 100, 100), box(900, 300, 100, 100)], SIZE)) == 2


def test_boxes_too_small_for_a_larger_region_get_their_own() -> None:
    assert len(clusters([box(400, 300, 200, 250), box(460, 330, 20, 20)], SIZE)) == 2


def test_motion_inside_a_persons_region_gets_no_region() -> None:
    somebody = box(400, 200, 60, 160)
    assert len(regions([somebody], [box(410, 220, 20, 20)], SIZE)) == 1
    assert len(regions([somebody], [box(1000, 500, 20, 20)], SIZE)) == 2


def test_a_region_s_pixels_are_those_of_the_frame() -> None:
    planar = np.full((1080, 1280), 128, np.uint8)
    planar[:720] = 16
    planar[200:520, 400:720] = 235
    cut = Square(400, 200, 320).cut(planar, SIZE)
    assert cut.shape == (320, 320, 3)
    assert cut.min() >= 250


def test_detections_are_placed_in_the_frame_and_marked_if_the_region_cuts_them() -> None:
    square = Square(400, 200, 320)
    placed = square.place(Box(0.25, 0.25, 0.5, 0.75), 0.8, SIZE)
    assert placed == Seen(Pixelled(480, 280, 560, 440), 0.8)
    cut = square.place(Box(0.25, 0.25, 0.5, 1.0), 0.8, SIZE)
    assert cut is not None
    assert cut.cut
    at_the_foot = Square(0, 400, 320).place(Box(0.0, 0.25, 0.5, 1.0), 0.8, SIZE)
    assert at_the_foot is not None
    assert not at_the_foot.cut


def test_detections_end_at_the_frame_and_those_outside_are_dropped() -> None:
    square = Square(0, 0, 1280)
    placed = square.place(Box(0.25, 0.5, 0.5, 0.75), 0.8, SIZE)
    assert placed is not None
    assert placed.box == Pixelled(320, 640, 640, 719)
    assert square.place(Box(0.25, 0.6, 0.5, 0.75), 0.8, SIZE) is None


def test_of_two_detections_of_one_person_the_cut_one_is_dropped() -> None:
    whole, part = Seen(box(100, 100, 50, 150), 0.7), Seen(box(100, 100, 50, 130), 0.9, cut=True)
    assert consolidated([part, whole]) == [whole]


def test_a_detection_within_another_is_dropped_unless_it_is_very_much_smaller() -> None:
    outer, inner = Seen(box(100, 100, 80, 200), 0.7), Seen(box(110, 110, 30, 60), 0.8)
    far_away = Seen(box(110, 110, 20, 35), 0.8)
    assert consolidated([outer, inner]) == [outer]
    assert set(consolidated([outer, far_away])) == {outer, far_away}


def test_a_new_block_is_motion_and_a_still_picture_is_not() -> None:
    motion, luma = Motion(*SIZE), np.full((720, 1280), 90, np.uint8)
    for _ in range(30):
        motion.update(luma)
    assert motion.update(luma) == []
    assert not motion.calibrating
    luma = luma.copy()
    luma[300:420, 600:660] = 240
    (found,) = motion.update(luma)
    assert found.iou(box(600, 300, 60, 120)) > 0.5


def test_a_change_of_the_whole_picture_counts_as_lightning() -> None:
    motion = Motion(*SIZE)
    luma = np.tile(np.linspace(20, 120, 1280).astype(np.uint8), (720, 1))
    for _ in range(30):
        motion.update(luma)
    assert not motion.calibrating
    motion.update(255 - luma)
    assert motion.calibrating


def test_the_first_seconds_are_motion_that_does_not_count() -> None:
    motion = Motion(*SIZE)
    luma = np.tile(np.linspace(40, 220, 1280).astype(np.uint8), (720, 1))
    blind = 0
    while motion.calibrating:
        motion.update(luma)
        blind += 1
    assert 3.4 <= blind / 5 <= 5


def test_a_persons_scores_begin_before_it_is_registered() -> None:
    tracks = Tracks(SIZE)
    seen = Seen(box(100, 100, 50, 150), 0.75)
    for frame in range(3):
        assert not tracks.people
        tracks.update([seen], frame / 5)
    ((_, somebody),) = tracks.people.items()
    assert not somebody.true
    # The median of three times 0.75 and a 0.
    tracks.update([], 0.6)
    assert somebody.true


def test_too_few_good_scores_make_no_person() -> None:
    somebody = person(0.5, 0.5, 0.9)
    somebody.see(Seen(box(100, 100, 50, 150), 0.85), 0.2)
    assert not somebody.true
    somebody.see(Seen(box(100, 100, 50, 150), 0.85), 0.4)
    assert somebody.true


def test_scores_are_not_padded_with_zeros() -> None:
    somebody = person(0.5, 0.5, 0.95)
    somebody.see(Seen(box(100, 100, 50, 150), 0.95), 0.2)
    assert somebody.true


def test_a_person_stays_confirmed_once_the_median_reached_0_7() -> None:
    somebody = person(0.9, 0.9, 0.9)
    for _ in range(10):
        somebody.miss()
    assert somebody.true


def test_a_person_is_stationary_after_fifty_frames_without_movement() -> None:
    somebody = person(0.8, 0.8, 0.8)
    for frame in range(STATIONARY):
        assert not somebody.stationary
        # The detector's boxes are not quite the same.
        somebody.see(Seen(box(100 + frame % 3, 100, 50, 150), 0.8), frame / 5)
    assert somebody.stationary
    somebody.see(Seen(box(300, 100, 50, 150), 0.8), 20.0)
    assert not somebody.stationary


def test_a_person_who_walks_slowly_is_not_stationary() -> None:
    somebody = person(0.8, 0.8, 0.8)
    for frame in range(2 * STATIONARY):
        somebody.see(Seen(box(100 + 3 * frame, 100, 50, 150), 0.8), frame / 5)
    assert somebody.still < 10


def test_active_people_are_looked_for_where_the_filter_expects_them() -> None:
    tracks = Tracks(SIZE)
    for frame in range(6):
        tracks.update([Seen(box(100 + 20 * frame, 100, 50, 150), 0.8)], frame / 5)
    ((_, somebody),) = tracks.people.items()
    tracks.update([], 1.2)
    assert somebody.box.x1 > somebody.last.box.x1
    somebody.still = STATIONARY
    assert somebody.box == somebody.last.box


class Bright:
    """A detector for which everything bright is a person."""

    layout = SimpleNamespace(side=320)

    def __init__(self) -> None:
        self.looks = 0

    def people_in(self, picture: Any) -> tuple[Detection, ...]:
        self.looks += 1
        mask = (picture.max(axis=2) > 200).astype(np.uint8)
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        edges = [cv2.boundingRect(contour) for contour in contours]
        return tuple(
            Detection(Box(x / 320, y / 320, (x + width) / 320, (y + height) / 320), 0.8)
            for x, y, width, height in edges
        )


class Camera:
    """Shows the arm a still picture, with or without somebody, five times a second."""

    def __init__(self) -> None:
        self.detector = Bright()
        stream = Stream(
            codec="h264", extradata=None, width=1280, height=720, fps=5, time_base=Fraction(1, 5)
        )
        self.arm = Frigate(stream, cast("Any", self.detector))
        self._frames = 0

    def show(self, *people: Pixelled, frames: int = 1) -> int:
        """The number of looks at these frames."""
        before = self.detector.looks
        for _ in range(frames):
            planar = np.full((1080, 1280), 128, np.uint8)
            planar[:720] = 110
            for one in people:
                planar[int(one.y1) : int(one.y2), int(one.x1) : int(one.x2)] = 235
            frame = VideoFrame.from_ndarray(planar, format="yuv420p")
            self.arm._look(frame, self._frames / 5)
            self._frames += 1
        return self.detector.looks - before


SOMEBODY = box(600, 300, 60, 160)


def test_there_is_no_look_at_the_start_and_one_at_once_when_somebody_comes() -> None:
    camera = Camera()
    assert camera.show(frames=15) == 0
    assert camera.show(SOMEBODY) == 1


def test_what_was_seen_once_is_looked_at_again_without_motion() -> None:
    camera = Camera()
    camera.show(frames=30)
    camera.show(SOMEBODY)
    assert not camera.arm._tracks.people
    assert camera.show() == 1
    assert camera.show() == 0


def test_who_stands_still_is_looked_at_every_51st_frame() -> None:
    camera = Camera()
    camera.show(frames=30)
    # Until the average has taken the person in, there is motion.
    camera.show(SOMEBODY, frames=400)
    assert camera.show(SOMEBODY, frames=51 * 3) == 3
    camera.arm.close(0.0)
    (visit,) = camera.arm.visits
    assert visit.most == 1
    assert visit.left_at == pytest.approx((30 + 400 + 51 * 3 - 1) / 5)


def test_who_stands_still_is_counted_once_when_seen_in_somebody_elses_region() -> None:
    camera = Camera()
    camera.show(frames=30)
    camera.show(SOMEBODY, frames=400)
    for step in range(20):
        camera.show(SOMEBODY, box(690 + 10 * step, 300, 60, 160))
    assert len(camera.arm._tracks.people) == 2
