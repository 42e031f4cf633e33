from __future__ import annotations

from porchlight.vision.motion import Place
from porchlight.vision.patience import FORGET, INTERVALS, LASTING, Patience
from porchlight.vision.types import Box

TREE = Box(0.1, 0.1, 0.3, 0.4)
DOOR = Box(0.7, 0.5, 0.8, 0.9)
ALL = Box(0, 0, 1, 1)


def due(patience: Patience, box: Box, lasted: int = LASTING) -> float:
    return patience.due(Place(box, lasted))


def move(patience: Patience, at: float, *boxes: Box, lasted: int = LASTING) -> None:
    patience.moved([Place(box, lasted) for box in boxes], at)


def looks(patience: Patience, place: Box, seconds: float, start: float = 0.0) -> list[float]:
    """The times of futile looks at a place that keeps moving."""
    found, step = [], 0.1
    for number in range(round(seconds / step)):
        at = start + number * step
        move(patience, at, place)
        if due(patience, place) <= at:
            patience.looked([place], [], at)
            found.append(at)
    return found


def test_a_new_place_is_looked_at_at_once() -> None:
    assert looks(Patience(), TREE, 0.1) == [0.0]


def test_futile_looks_become_rarer_down_to_one_a_second() -> None:
    times = looks(Patience(), TREE, 60)
    assert len([at for at in times if at < 1]) >= 4
    assert len([at for at in times if at >= 30]) == 30


def test_another_place_is_not_affected() -> None:
    patience = Patience()
    looks(patience, TREE, 60)
    move(patience, 60, TREE, DOOR)
    assert due(patience, DOOR) <= 60 < due(patience, TREE)


def test_finding_a_person_resets_a_place_s_patience() -> None:
    patience = Patience()
    looks(patience, TREE, 60)
    patience.looked([ALL], [TREE], 60)
    assert due(patience, TREE) == 60 + INTERVALS[0]


def test_a_place_that_was_quiet_for_long_is_new() -> None:
    patience = Patience()
    looks(patience, TREE, 60)
    assert looks(patience, TREE, 0.5, start=60 + FORGET + 1) != []
    assert due(patience, TREE) < 60 + FORGET + 2


def test_a_look_at_a_place_where_nothing_moves_does_not_count() -> None:
    patience = Patience()
    for number in range(50):
        patience.looked([ALL], [], float(number))
    move(patience, 60, DOOR)
    assert due(patience, DOOR) <= 60


def test_places_outside_the_picture_are_tolerated() -> None:
    patience = Patience()
    for place in (Box(-1, -1, -0.5, -0.5), Box(2, 2, 3, 3), Box(0.5, 0.5, 0.5, 0.5)):
        move(patience, 1, place)
        patience.looked([place], [place], 1)
        assert due(patience, place) >= 1


def shower(patience: Patience, seconds: float, drops: int = 3) -> None:
    """Rain: each picture has some places in which motion has only just begun."""
    for number in range(round(seconds / 0.2)):
        move(patience, 100 + number * 0.2, *[TREE] * drops, lasted=2)


def test_new_motion_is_looked_at() -> None:
    patience = Patience()
    shower(patience, 1)
    assert due(patience, TREE, lasted=2) <= 101


def test_in_a_shower_only_lasting_motion_is_looked_at() -> None:
    patience = Patience()
    shower(patience, 10)
    assert due(patience, DOOR, LASTING - 1) == float("inf")
    assert due(patience, DOOR, LASTING) <= 110


def test_a_single_place_that_comes_and_goes_is_not_a_shower() -> None:
    patience = Patience()
    for number in range(300):
        move(patience, number * 0.2, DOOR, lasted=2 + number % 4)
    assert due(patience, DOOR, lasted=2) <= 60


def test_after_a_shower_new_motion_is_looked_at_again() -> None:
    patience = Patience()
    shower(patience, 10)
    for number in range(50):
        move(patience, 110 + number * 0.2)
    assert due(patience, DOOR, lasted=2) <= 120
