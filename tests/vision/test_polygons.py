from __future__ import annotations

import pytest
from porchlight.vision.polygons import area, crossed_at, distance, inside, meet, tangled, turn

SQUARE = ((0.2, 0.2), (0.6, 0.2), (0.6, 0.6), (0.2, 0.6))
# A notch is cut into its right side.
ARROW = ((0.1, 0.1), (0.9, 0.1), (0.5, 0.5), (0.9, 0.9), (0.1, 0.9))
BOW = ((0.1, 0.1), (0.9, 0.9), (0.9, 0.1), (0.1, 0.9))


@pytest.mark.parametrize(
    ("points", "point", "expected"),
    [
        (SQUARE, (0.4, 0.4), True),
        (SQUARE, (0.4, 0.7), False),
        (SQUARE, (0.1, 0.2), False),
        (SQUARE, (0.2, 0.4), True),
        (SQUARE, (0.6, 0.6), True),
        (ARROW, (0.3, 0.5), True),
        (ARROW, (0.8, 0.5), False),
        (ARROW, (0.8, 0.15), True),
    ],
)
def test_a_point_is_inside_or_on_the_border_or_not(
    points: tuple[tuple[float, float], ...], point: tuple[float, float], *, expected: bool
) -> None:
    assert inside(point, points) is expected
    assert inside(point, points[::-1]) is expected


def test_an_area_is_a_share_of_the_picture() -> None:
    assert area(SQUARE) == pytest.approx(0.16)
    assert area(SQUARE[::-1]) == pytest.approx(0.16)
    assert area(((0.1, 0.1), (0.9, 0.9), (0.5, 0.5))) == pytest.approx(0)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (SQUARE, False),
        (ARROW, False),
        (SQUARE[:3], False),
        (BOW, True),
        # An edge that runs back over the one before.
        (((0.1, 0.1), (0.9, 0.1), (0.5, 0.1), (0.5, 0.9)), True),
        # A point that is used twice.
        (((0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.5, 0.1), (0.1, 0.5)), True),
        # A corner that lies on another edge.
        (((0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.5, 0.1), (0.1, 0.9)), True),
    ],
)
def test_edges_that_cross_are_reported(
    points: tuple[tuple[float, float], ...], *, expected: bool
) -> None:
    assert tangled(points) is expected
    assert tangled(points[::-1]) is expected


def test_right_and_left_are_as_seen_walking_along_the_line() -> None:
    # From left to right through the picture, the right hand is below.
    assert turn((0.1, 0.5), (0.9, 0.5), (0.5, 0.9)) > 0
    assert turn((0.1, 0.5), (0.9, 0.5), (0.5, 0.1)) < 0
    assert turn((0.1, 0.5), (0.9, 0.5), (0.5, 0.5)) == 0


def test_a_distance_is_from_the_infinite_line() -> None:
    assert distance((0.1, 0.5), (0.2, 0.5), (0.9, 0.8)) == pytest.approx(0.3)


def test_a_path_crosses_a_line_at_a_place_on_it() -> None:
    line = (0.2, 0.5), (0.6, 0.5)
    assert crossed_at(*line, (0.4, 0.1), (0.4, 0.9)) == pytest.approx(0.5)
    assert crossed_at(*line, (0.8, 0.1), (0.8, 0.9)) == pytest.approx(1.5)


def test_segments_meet_or_do_not() -> None:
    assert meet((0.1, 0.1), (0.9, 0.9), (0.1, 0.9), (0.9, 0.1))
    assert meet((0.1, 0.1), (0.5, 0.5), (0.5, 0.5), (0.9, 0.1))
    assert not meet((0.1, 0.1), (0.4, 0.4), (0.5, 0.5), (0.9, 0.9))
    assert not meet((0.1, 0.1), (0.4, 0.1), (0.1, 0.2), (0.4, 0.2))
