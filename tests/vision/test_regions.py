from __future__ import annotations

import pytest
from porchlight.vision.regions import (
    CUT,
    ENOUGH_HEIGHT,
    LEAST_HEIGHT,
    MOST_REGIONS,
    Region,
    View,
    around,
    gather,
    tiles,
)
from porchlight.vision.types import Box, Detection

VIEW = View(1280, 720, 416)


def at(x: float, y: float, height: float) -> Box:
    """A person's box around a point, in pixels of the view."""
    width = height / 3
    return Box(
        (x - width / 2) / VIEW.width,
        (y - height / 2) / VIEW.height,
        (x + width / 2) / VIEW.width,
        (y + height / 2) / VIEW.height,
    )


def assert_shown(target: Box, regions: tuple[Region, ...], least: float) -> None:
    """Some region shows all of a target, at least so many pixels high to the model."""
    showing = [one for one in regions if VIEW.share(one).covers(target)]
    assert showing
    scale = max(VIEW.side / max(one.width, one.height) for one in showing)
    assert target.height * VIEW.height * scale >= least


@pytest.mark.parametrize("height", [30, 60, 120, 240, 500])
@pytest.mark.parametrize("x", [40, 640, 1250])
def test_a_person_is_shown_large_enough(height: float, x: float) -> None:
    target = at(x, 380, height)
    inside = Box(max(0, target.x1), target.y1, min(1, target.x2), target.y2)
    regions = around([inside], VIEW)
    assert len(regions) == 1
    assert_shown(inside, regions, 0.14 * VIEW.side)


def test_a_region_is_square_even_and_in_the_frame() -> None:
    for x in range(0, 1280, 97):
        (region,) = around([at(x, 700, 90)], VIEW)
        assert region.width == region.height
        assert 0 <= region.x <= VIEW.width - region.width
        assert 0 <= region.y <= VIEW.height - region.height
        assert (region.x % 2, region.y % 2, region.width % 2) == (0, 0, 0)


def test_a_small_person_is_enlarged_twice_and_not_more() -> None:
    (region,) = around([at(640, 360, 20)], VIEW)
    assert region.width == VIEW.side // 2


def test_neighbours_share_a_region() -> None:
    one, other = at(600, 360, 120), at(700, 380, 110)
    regions = around([one, other], VIEW)
    assert len(regions) == 1
    for target in (one, other):
        assert_shown(target, regions, 0.17 * VIEW.side - 1)


def test_a_person_who_would_become_too_small_gets_a_separate_region() -> None:
    small, large = at(300, 360, 40), at(900, 360, 400)
    regions = around([small, large], VIEW)
    assert len(regions) == 2
    assert_shown(small, regions, 0.17 * VIEW.side - 1)


def test_the_first_targets_matter_most() -> None:
    # Too far apart for any two of them to share a region.
    places = ((100, 100), (1180, 100), (640, 360), (100, 620), (1180, 620))
    targets = [at(*place, 40) for place in places]
    regions = around(targets, VIEW)
    assert len(regions) == MOST_REGIONS
    for target in targets[:MOST_REGIONS]:
        assert_shown(target, regions, 60)


def test_too_many_groups_are_joined_and_their_people_shown_a_little_smaller() -> None:
    targets = [at(150 + 250 * i, 100 + 130 * i, 40) for i in range(5)]
    least = ENOUGH_HEIGHT * VIEW.side
    regions = around(targets, VIEW)
    assert len(regions) == MOST_REGIONS
    for target in targets:
        assert_shown(target, regions, least - 1)
    # Where there are few enough of them, everyone is shown larger.
    regions = around(targets[:3], VIEW)
    assert len(regions) == 3
    for target in targets[:3]:
        assert_shown(target, regions, LEAST_HEIGHT * VIEW.side - 1)


def test_fewer_regions_are_made_when_there_is_room_for_fewer() -> None:
    far = [at(100, 100, 40), at(1180, 620, 40)]
    (region,) = around(far, VIEW, most=1)
    assert_shown(far[0], (region,), 60)


def test_the_whole_frame_replaces_regions_when_it_shows_everyone_large_enough() -> None:
    # In the whole frame they are 48 pixels high to the model; enough is 50.
    low = [at(100, 360, 149), at(1180, 360, 149)]
    assert len(around(low, VIEW)) == 2
    high = [at(100, 360, 160), at(1180, 360, 160)]
    assert around(high, VIEW) == (VIEW.whole,)
    # One of them too small is enough to look at each; one region is never replaced.
    assert len(around([high[0], low[1]], VIEW)) == 2
    (single,) = around(high[:1], VIEW)
    assert single.width < VIEW.whole.width


def test_a_person_filling_the_frame_is_looked_at_whole() -> None:
    assert around([Box(0.1, 0.0, 0.9, 1.0)], VIEW) == (VIEW.whole,)


def test_no_targets_need_no_regions() -> None:
    assert around([], VIEW) == ()


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (2560, 1440), (640, 640), (1279, 719)])
def test_tiles_cover_the_frame(size: tuple[int, int]) -> None:
    view = View(*size, 416)
    whole, *rest = tiles(view)
    assert whole == view.whole
    for x in range(0, whole.width, 50):
        for y in range(0, whole.height, 50):
            assert not rest or any(
                one.x <= x < one.x + one.width and one.y <= y < one.y + one.height for one in rest
            )


def test_a_frame_no_larger_than_the_model_is_looked_at_once() -> None:
    assert tiles(View(320, 180, 416)) == (Region(0, 0, 320, 180),)


def test_what_is_seen_in_a_region_comes_in_fractions_of_the_frame() -> None:
    region = Region(640, 180, 320, 320)
    (found,) = gather([(region, [Detection(Box(0.25, 0.5, 0.5, 0.75), 0.7)])], VIEW)
    assert found.score == 0.7
    assert (found.box.x1, found.box.x2) == pytest.approx((720 / 1280, 800 / 1280))
    assert (found.box.y1, found.box.y2) == pytest.approx((340 / 720, 420 / 720))


def test_a_person_seen_in_two_regions_counts_once() -> None:
    left, right = Region(0, 0, 720, 720), Region(560, 0, 720, 720)
    seen = Box(600 / 720, 0.2, 680 / 720, 0.6)
    again = Box(40 / 720, 0.2, 120 / 720, 0.6)
    (found,) = gather([(left, [Detection(seen, 0.6)]), (right, [Detection(again, 0.8)])], VIEW)
    assert found.score == 0.8


def test_half_a_person_at_a_regions_border_is_not_a_second_person() -> None:
    left, right = Region(0, 0, 720, 720), Region(560, 0, 720, 720)
    half = Box(0.9, 0.2, 1.0, 0.6)
    whole = Box((648 - 560) / 720, 0.2, (800 - 560) / 720, 0.6)
    found = gather([(left, [Detection(half, 0.9)]), (right, [Detection(whole, 0.8)])], VIEW)
    assert [one.score for one in found] == [0.8]


def test_region_edge_lowers_score_frame_edge_does_not() -> None:
    left = Region(0, 0, 720, 720)
    at_region, at_frame = Box(0.9, 0.2, 1.0, 0.6), Box(0.0, 0.2, 0.1, 0.6)
    found = gather([(left, [Detection(at_region, 0.9), Detection(at_frame, 0.9)])], VIEW)
    assert [one.score for one in found] == [pytest.approx(0.9 * CUT), 0.9]


def test_a_child_in_front_of_a_parent_stays_a_second_person() -> None:
    whole = VIEW.whole
    parent, child = Box(0.3, 0.1, 0.6, 0.9), Box(0.4, 0.5, 0.5, 0.88)
    seen = [(whole, [Detection(parent, 0.9), Detection(child, 0.8)]), (Region(0, 0, 720, 720), [])]
    assert len(gather(seen, VIEW)) == 2
