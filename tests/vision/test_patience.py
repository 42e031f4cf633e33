from __future__ import annotations

from porchlight.vision.patience import FORGET, INTERVALS, Patience
from porchlight.vision.types import Box

TREE = Box(0.1, 0.1, 0.3, 0.4)
DOOR = Box(0.7, 0.5, 0.8, 0.9)
ALL = Box(0, 0, 1, 1)


def looks(patience: Patience, place: Box, seconds: float, start: float = 0.0) -> list[float]:
    """When a place that keeps moving is looked at, in vain."""
    found, step = [], 0.1
    for number in range(round(seconds / step)):
        at = start + number * step
        patience.moved([place], at)
        if patience.due(place) <= at:
            patience.looked([place], [], at)
            found.append(at)
    return found


def test_a_new_place_is_looked_at_at_once() -> None:
    assert looks(Patience(), TREE, 0.1) == [0.0]


def test_looks_in_vain_become_rarer_down_to_one_a_second() -> None:
    times = looks(Patience(), TREE, 60)
    assert len([at for at in times if at < 1]) >= 4
    assert len([at for at in times if at >= 30]) == 30


def test_another_place_is_new_all_the_same() -> None:
    patience = Patience()
    looks(patience, TREE, 60)
    patience.moved([TREE, DOOR], 60)
    assert patience.due(DOOR) <= 60 < patience.due(TREE)


def test_somebody_found_makes_a_place_worth_looking_at_again() -> None:
    patience = Patience()
    looks(patience, TREE, 60)
    patience.looked([ALL], [TREE], 60)
    assert patience.due(TREE) == 60 + INTERVALS[0]


def test_a_place_that_was_quiet_for_long_is_new() -> None:
    patience = Patience()
    looks(patience, TREE, 60)
    assert looks(patience, TREE, 0.5, start=60 + FORGET + 1) != []
    assert patience.due(TREE) < 60 + FORGET + 2


def test_a_look_at_a_place_where_nothing_moves_teaches_nothing() -> None:
    patience = Patience()
    for number in range(50):
        patience.looked([ALL], [], float(number))
    patience.moved([DOOR], 60)
    assert patience.due(DOOR) <= 60


def test_places_beyond_the_picture_are_survived() -> None:
    patience = Patience()
    for place in (Box(-1, -1, -0.5, -0.5), Box(2, 2, 3, 3), Box(0.5, 0.5, 0.5, 0.5)):
        patience.moved([place], 1)
        patience.looked([place], [place], 1)
        assert patience.due(place) >= 1
