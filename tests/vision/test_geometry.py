from __future__ import annotations

import numpy as np
import pytest
from porchlight.vision.geometry import Letterbox, as_array, iou, suppress
from porchlight.vision.types import Box


def floats(*rows: tuple[float, ...]) -> np.ndarray:
    return np.array(rows, np.float32)


def test_overlap_is_the_shared_area_over_the_joint_one() -> None:
    one = floats((0, 0, 2, 2))
    others = floats((0, 0, 2, 2), (1, 0, 3, 2), (1, 1, 3, 3), (2, 0, 4, 2), (5, 5, 6, 6))
    assert iou(one, others)[0] == pytest.approx([1, 1 / 3, 1 / 7, 0, 0])


def test_overlap_of_empty_and_inverted_boxes_is_zero() -> None:
    boxes = floats((1, 1, 1, 1), (2, 2, 0, 0), (0, 0, 2, 2))
    assert iou(boxes, boxes).tolist() == [[0, 0, 0], [0, 0, 0], [0, 0, 1]]


def test_overlap_of_no_boxes_has_no_rows() -> None:
    assert iou(as_array([]), floats((0, 0, 1, 1))).shape == (0, 1)
    assert iou(floats((0, 0, 1, 1)), as_array([])).shape == (1, 0)


def test_of_overlapping_boxes_only_the_best_stays() -> None:
    boxes = floats((0, 0, 10, 10), (1, 0, 11, 10), (20, 0, 30, 10))
    kept = suppress(boxes, np.array([0.5, 0.9, 0.4], np.float32), overlap=0.45, limit=10)
    assert kept == [1, 2]


def test_boxes_that_overlap_little_both_stay() -> None:
    boxes = floats((0, 0, 10, 10), (5, 0, 15, 10))
    scores = np.array([0.9, 0.8], np.float32)
    assert suppress(boxes, scores, overlap=0.45, limit=10) == [0, 1]
    assert suppress(boxes, scores, overlap=0.3, limit=10) == [0]


def test_a_suppressed_box_suppresses_nothing_itself() -> None:
    # The middle one overlaps both of its neighbors, which do not overlap each other.
    boxes = floats((0, 0, 10, 10), (4, 0, 14, 10), (8, 0, 18, 10))
    scores = np.array([0.9, 0.8, 0.7], np.float32)
    assert suppress(boxes, scores, overlap=0.4, limit=10) == [0, 2]


def test_no_more_boxes_than_the_limit_stay() -> None:
    boxes = floats(*((20.0 * i, 0, 20.0 * i + 10, 10) for i in range(40)))
    scores = np.linspace(0.1, 0.9, 40, dtype=np.float32)
    assert suppress(boxes, scores, overlap=0.5, limit=3) == [39, 38, 37]


def test_no_boxes_leave_no_boxes() -> None:
    assert suppress(as_array([]), np.zeros(0, np.float32), overlap=0.5, limit=3) == []


@pytest.mark.parametrize(
    ("frame", "side", "fitted"),
    [
        ((1280, 720), 416, (416, 234)),
        ((720, 1280), 416, (234, 416)),
        ((178, 100), 416, (416, 234)),
        ((416, 416), 416, (416, 416)),
        ((1, 1), 416, (416, 416)),
        ((4000, 1), 300, (300, 1)),
        ((1, 4000), 300, (1, 300)),
        ((641, 359), 192, (192, 108)),
    ],
)
def test_a_frame_is_fitted_whole_with_its_aspect(
    frame: tuple[int, int], side: int, fitted: tuple[int, int]
) -> None:
    box = Letterbox.fit(*frame, side)
    assert (box.width, box.height) == fitted


@pytest.mark.parametrize("frame", [(1280, 720), (720, 1280), (641, 359), (178, 100)])
def test_a_box_comes_back_to_where_it_was_on_the_frame(frame: tuple[int, int]) -> None:
    letterbox = Letterbox.fit(*frame, 416)
    # In the frame's own pixels, scaled as the picture is.
    there = np.array([0.25, 0.1, 0.5, 0.9]) * [*frame, *frame] * 416 / max(frame)
    (back,) = letterbox.restore(there[None].astype(np.float32), np.array([0.7], np.float32))
    assert [back.box.x1, back.box.y1, back.box.x2, back.box.y2] == pytest.approx(
        [0.25, 0.1, 0.5, 0.9], abs=0.003
    )
    assert back.score == pytest.approx(0.7)


def test_a_box_is_clipped_to_the_frame() -> None:
    letterbox = Letterbox.fit(200, 100, 400)
    (back,) = letterbox.restore(floats((-50, -50, 900, 900)), np.array([0.5], np.float32))
    assert back.box == Box(0, 0, 1, 1)


def test_a_box_in_the_padding_below_the_frame_is_dropped() -> None:
    letterbox = Letterbox.fit(200, 100, 400)
    boxes = floats((10, 250, 60, 390), (10, 150, 60, 390))
    (back,) = letterbox.restore(boxes, np.array([0.9, 0.8], np.float32))
    assert back.score == pytest.approx(0.8)
    assert back.box.y2 == 1


def test_an_inverted_or_empty_box_is_dropped() -> None:
    boxes = floats((60, 10, 10, 60), (10, 10, 10, 60), (10, 60, 60, 60))
    assert Letterbox.fit(100, 100, 100).restore(boxes, np.ones(3, np.float32)) == ()


def test_a_boxs_area_and_centre() -> None:
    assert Box(0.2, 0.4, 0.6, 0.9).area == pytest.approx(0.2)
    assert Box(0.2, 0.4, 0.6, 0.9).centre == pytest.approx((0.4, 0.65))
    assert Box(0.6, 0.4, 0.2, 0.9).area == 0


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        (Box(0.3, 0.3, 0.5, 0.5), False),
        (Box(0.0, 0.3, 0.5, 0.5), True),
        (Box(0.3, 0.3, 1.0, 0.5), True),
        (Box(0.3, 0.3, 0.5, 1.0), True),
        (Box(0.3, 0.0, 0.5, 0.5), False),
    ],
)
def test_people_enter_and_leave_at_the_sides_and_below(box: Box, cut: bool) -> None:
    assert box.at_edge is cut
