"""Invariants of boxes and regions of any position and size."""

from __future__ import annotations

from itertools import combinations, pairwise

import numpy as np
import pytest
from porchlight.vision.geometry import Letterbox, as_array, iou, suppress
from porchlight.vision.regions import (
    CUT,
    LEAST_HEIGHT,
    MARGIN,
    MOST_REGIONS,
    OVERLAP,
    STRETCH,
    Region,
    View,
    around,
    gather,
    tiles,
)
from porchlight.vision.types import WHOLE, Box, Detection

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import given, settings
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

SHARES = st.floats(0, 1, width=32)
# Also outside of the picture, inverted and without size.
EDGES = st.floats(-1, 2, width=32) | st.sampled_from([0.0, 0.25, 0.5, 1.0])
BOXES = st.builds(Box, EDGES, EDGES, EDGES, EDGES)
LISTS = st.lists(BOXES, max_size=8)
SIZES = st.sampled_from(
    [(640, 360), (360, 640), (1280, 720), (704, 576), (2560, 1440), (96, 64), (416, 416)]
) | st.tuples(st.integers(2, 3000), st.integers(2, 3000))
SIDES = st.sampled_from([192, 256, 320, 416])
VIEWS = st.builds(lambda size, side: View(*size, side), SIZES, SIDES)
# A person of some pixels, at least partly in the picture.
TARGETS = st.builds(
    lambda x, y, height, slim: Box(
        x - height * slim / 2, y - height / 2, x + height * slim / 2, y + height / 2
    ),
    SHARES,
    SHARES,
    st.floats(0.05, 0.9),
    st.floats(0.3, 1.0),
)
# Some of float32's smallest steps.
FINE = 1e-5


def sound(box: Box) -> bool:
    return bool(box.x2 > box.x1 and box.y2 > box.y1)


def corners(region: Region) -> tuple[int, int, int, int]:
    return region.x, region.y, region.x + region.width, region.y + region.height


def pixels(box: Box, region: Region) -> tuple[float, ...]:
    """A box in fractions of a region, in pixels of the frame."""
    return (
        region.x + box.x1 * region.width,
        region.y + box.y1 * region.height,
        region.x + box.x2 * region.width,
        region.y + box.y2 * region.height,
    )


def shows(region: Region, x: float, y: float) -> bool:
    left, top, right, bottom = corners(region)
    return left <= x <= right and top <= y <= bottom


def assert_within(region: Region, view: View) -> None:
    left, top, right, bottom = corners(region)
    assert 0 <= left < right <= view.width
    assert 0 <= top < bottom <= view.height
    assert all(edge % 2 == 0 for edge in corners(region))


@settings(max_examples=200, deadline=None)
@given(BOXES, BOXES)
def test_a_box_shares_from_none_to_all_of_another(one: Box, other: Box) -> None:
    share = one.share_of(other)
    assert 0 <= share <= 1
    assert not share or one.touches(other)
    if sound(one) and one.covers(other) and sound(other):
        assert share == 1
    if sound(one):
        assert one.share_of(one) == 1
    # What they share is as large for either.
    assert share * other.area == pytest.approx(other.share_of(one) * one.area)


@settings(max_examples=200, deadline=None)
@given(BOXES, BOXES, st.floats(0, 2))
def test_to_touch_is_mutual_and_a_box_grows_to_all_sides(
    one: Box, other: Box, share: float
) -> None:
    assert one.touches(other) == other.touches(one)
    if sound(one):
        grown = one.grown(share)
        assert grown.covers(one)
        assert grown.centre == pytest.approx(one.centre, abs=FINE)
        assert grown.height == pytest.approx(one.height * (1 + 2 * share))
        assert grown.touches(other) or not one.touches(other)


@settings(max_examples=200, deadline=None)
@given(LISTS, LISTS)
def test_overlap_is_mutual_and_never_more_than_all(ones: list[Box], others: list[Box]) -> None:
    overlaps = iou(as_array(ones), as_array(others))
    assert overlaps.shape == (len(ones), len(others))
    assert np.isfinite(overlaps).all()
    assert (overlaps >= 0).all()
    assert (overlaps <= 1 + FINE).all()
    assert pytest.approx(iou(as_array(others), as_array(ones)), abs=FINE) == overlaps.T
    for row, one in enumerate(ones):
        for column, other in enumerate(others):
            assert not overlaps[row, column] or one.touches(other)


@settings(max_examples=100, deadline=None)
@given(LISTS)
def test_a_box_overlaps_no_other_more_than_itself(boxes: list[Box]) -> None:
    overlaps = iou(as_array(boxes), as_array(boxes))
    for index, box in enumerate(boxes):
        # A box with a side of float32's smallest steps has no measurable area.
        if box.x2 - box.x1 > FINE and box.y2 - box.y1 > FINE:
            assert overlaps[index, index] == pytest.approx(1, abs=FINE)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(BOXES | TARGETS, SHARES), max_size=12),
    st.sampled_from([0.0, 0.3, 0.45, 0.9]),
    st.integers(1, 12),
)
def test_the_best_of_overlapping_boxes_stays(
    scored: list[tuple[Box, float]], overlap: float, limit: int
) -> None:
    boxes = as_array([box for box, _ in scored])
    scores = np.array([score for _, score in scored], np.float32)
    kept = suppress(boxes, scores, overlap=overlap, limit=limit)
    overlaps = iou(boxes, boxes)
    assert len(set(kept)) == len(kept) <= limit
    assert all(scores[one] >= scores[other] for one, other in pairwise(kept))
    assert all(overlaps[one, other] <= overlap for one, other in combinations(kept, 2))
    # No box is dropped without a reason.
    for index in set(range(min(len(scored), limit * 8))) - set(kept):
        assert (
            len(kept) == limit
            or limit * 8 < len(scored)
            or any(overlaps[one, index] > overlap and scores[one] >= scores[index] for one in kept)
        )


@settings(max_examples=200, deadline=None)
@given(SIZES, SIDES, TARGETS, SHARES)
def test_boxes_keep_their_place_between_frame_and_model(
    frame: tuple[int, int], side: int, target: Box, score: float
) -> None:
    letterbox = Letterbox.fit(*frame, side)
    size = letterbox.width, letterbox.height
    assert max(size) == side
    assert min(size) >= 1
    assert abs(min(size) - max(1, side * min(frame) / max(frame))) <= 0.5 + FINE
    at = as_array([target]) * np.array([*size, *size], np.float32)
    (back,) = letterbox.restore(at, np.array([score], np.float32))
    clipped = np.clip(as_array([target]), 0, 1)
    assert as_array([back.box]) == pytest.approx(clipped, abs=FINE)
    assert back.score == score


@settings(max_examples=200, deadline=None)
@given(
    SIZES,
    SIDES,
    st.lists(st.lists(st.floats(width=32), min_size=4, max_size=4), max_size=6),
)
def test_every_detection_lies_within_the_frame(
    frame: tuple[int, int], side: int, rows: list[list[float]]
) -> None:
    boxes = np.array(rows, np.float32).reshape(-1, 4)
    for one in Letterbox.fit(*frame, side).restore(boxes, np.ones(len(rows), np.float32)):
        assert sound(one.box)
        assert WHOLE.covers(one.box)


@settings(max_examples=300, deadline=None)
@given(st.lists(BOXES | TARGETS, max_size=8), VIEWS, st.integers(0, 100))
def test_regions_lie_within_the_frame_and_are_few(
    targets: list[Box], view: View, turn: int
) -> None:
    regions = around(targets, view, turn)
    assert bool(regions) == bool(targets)
    assert len(set(regions)) == len(regions) <= MOST_REGIONS
    for region in regions:
        assert_within(region, view)
        # No region is enlarged too much, unless the frame itself is smaller.
        least = min(view.side / STRETCH - 2, max(view.whole.width, view.whole.height))
        assert max(region.width, region.height) >= least


@settings(max_examples=300, deadline=None)
@given(st.lists(TARGETS, min_size=1, max_size=6), VIEWS, st.integers(0, 100))
def test_the_first_targets_are_shown_whole_and_large_enough(
    targets: list[Box], view: View, turn: int
) -> None:
    regions = around(targets, view, turn)
    for target in targets[:MOST_REGIONS]:
        clipped = np.clip(pixels(target, view.whole), 0, [view.whole.width, view.whole.height] * 2)
        x1, y1, x2, y2 = pixels(target, Region(0, 0, view.width, view.height))
        edge = max(x2 - x1, y2 - y1)
        largest = max(view.side / STRETCH, edge / LEAST_HEIGHT, edge * (1 + 2 * MARGIN))
        # Regions are of whole even pixels.
        assert any(
            (clipped[:2] >= np.array(corners(region)[:2]) - 2).all()
            and (clipped[2:] <= np.array(corners(region)[2:]) + 2).all()
            and (region == view.whole or max(region.width, region.height) <= largest)
            for region in regions
        )


@settings(max_examples=200, deadline=None)
@given(VIEWS, st.lists(st.tuples(SHARES, SHARES), max_size=20))
def test_tiles_leave_no_gap(view: View, points: list[tuple[float, float]]) -> None:
    whole, *rest = tiles(view)
    assert whole == view.whole
    assert len(set(rest)) == len(rest)
    for region in (whole, *rest):
        assert_within(region, view)
    for x, y in points:
        place = x * whole.width, y * whole.height
        assert not rest or any(shows(region, *place) for region in rest)


@st.composite
def sights(draw: st.DrawFn) -> tuple[View, list[tuple[Region, list[Detection]]]]:
    """Regions of a frame, and possible detections in each."""
    view = draw(VIEWS)
    regions = around(draw(st.lists(TARGETS, min_size=1, max_size=4)), view) + tiles(view)
    chosen = draw(st.lists(st.sampled_from(regions), min_size=1, max_size=4, unique=True))
    found = st.lists(st.builds(Detection, BOXES | TARGETS, SHARES), max_size=4)
    return view, [(region, draw(found)) for region in chosen]


@settings(max_examples=200, deadline=None)
@given(sights())
def test_gathered_detections_were_seen_and_are_reported_once(
    sight: tuple[View, list[tuple[Region, list[Detection]]]],
) -> None:
    view, seen = sight
    reported = gather(seen, view)
    left = [
        (pixels(one.box, region), one.score) for region, detections in seen for one in detections
    ]
    for one in reported:
        found = next(
            (
                said
                for said in left
                if pixels(one.box, Region(0, 0, view.width, view.height))
                == pytest.approx(said[0], abs=FINE)
                and one.score in (said[1], said[1] * CUT)
            ),
            None,
        )
        assert found is not None
        left.remove(found)
    assert bool(reported) == any(ones for _, ones in seen)
    if len(seen) > 1:
        overlaps = iou(
            as_array([one.box for one in reported]), as_array([one.box for one in reported])
        )
        assert (np.triu(overlaps, 1) <= OVERLAP).all()


PLACES = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 2)), min_size=1, max_size=5, unique=True
)


def seen_in(region: Region, people: list[Box], view: View) -> list[Detection]:
    """The detections of a perfect detector in a region."""
    share = view.share(region)
    width, height = share.x2 - share.x1, share.y2 - share.y1
    return [
        Detection(
            Box(
                max(0.0, (one.x1 - share.x1) / width),
                max(0.0, (one.y1 - share.y1) / height),
                min(1.0, (one.x2 - share.x1) / width),
                min(1.0, (one.y2 - share.y1) / height),
            ),
            0.9,
        )
        for one in people
        if share.share_of(one) > 0.3
    ]


@settings(max_examples=200, deadline=None)
@given(PLACES, st.sampled_from([(1280, 720), (2560, 1440), (640, 480)]), SIDES)
def test_the_detections_of_a_perfect_detector_are_kept(
    places: list[tuple[int, int]], size: tuple[int, int], side: int
) -> None:
    view = View(*size, side)
    people = [
        Box(0.05 + x * 0.13, 0.05 + y * 0.31, 0.15 + x * 0.13, 0.3 + y * 0.31) for x, y in places
    ]
    regions = tuple(dict.fromkeys((*tiles(view), *around(people, view))))
    reported = gather([(region, seen_in(region, people, view)) for region in regions], view)
    assert sorted(one.box.centre for one in reported) == [
        pytest.approx(one.centre) for one in sorted(people, key=lambda one: one.centre)
    ]
