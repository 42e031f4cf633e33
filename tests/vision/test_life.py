from __future__ import annotations

import pytest
from porchlight.vision.life import (
    LOOKS_AFTER_STILLNESS,
    LOOKS_TO_FORGET,
    MOST_PIECES,
    NEVER_A_PERSON,
    NO_LONGER_A_PERSON,
    STILL_LOOKS,
    Furniture,
    Life,
)
from porchlight.vision.tracks import Tracker
from porchlight.vision.types import Box, Detection

from .people import box, person

STILL = 0.0
STIRRED = 0.1


def test_a_walking_person_is_alive_by_the_second_look() -> None:
    life = Life(box(0.5), 0)
    life.note(box(0.5), STIRRED, 0)
    assert not life.shown
    life.note(box(0.5), STIRRED, 0.2)
    assert life.shown


def test_a_box_that_moves_is_alive_even_without_pixel_motion() -> None:
    life = Life(box(0.1), 0)
    for step in range(3):
        life.note(box(0.1 + 0.08 * step), STILL, 0.2 * step)
    assert life.shown


def test_a_jittering_box_is_not_alive() -> None:
    life = Life(box(0.5), 0)
    for step in range(50):
        life.note(box(0.5 + 0.02 * (step % 2)), STILL, 0.2 * step)
    assert not life.shown
    assert life.last_sign == 0


def test_objects_that_stood_still_must_move_for_longer() -> None:
    life = Life(box(0.5), 0)
    for step in range(STILL_LOOKS):
        life.note(box(0.5), STILL, step)
    for step in range(LOOKS_AFTER_STILLNESS):
        assert not life.shown
        life.note(box(0.5), STIRRED, 10 + step)
    assert life.shown


def test_headlights_that_pass_do_not_bring_a_picture_to_life() -> None:
    life = Life(box(0.5), 0)
    for step in range(400):
        life.note(box(0.5), STIRRED if step % 40 >= 36 else STILL, 0.2 * step)
        assert not life.shown


def look(tracker: Tracker, at: float, *people: Detection, activity: float = STILL) -> None:
    tracker.update(people, at, lambda _: activity)


def test_objects_that_never_move_become_furniture() -> None:
    tracker = Tracker()
    for second in range(round(NEVER_A_PERSON) + 1):
        look(tracker, second, person())
        assert tracker.people == []
    assert tracker.tracks == []
    assert [piece.box for piece in tracker.furniture.pieces] == [person().box]
    look(tracker, 100, person())
    assert tracker.tracks == []


def test_a_person_who_stands_as_still_as_a_statue_for_minutes_stays_one() -> None:
    tracker = Tracker()
    for step in range(5):
        look(tracker, step / 5, person(), activity=STIRRED)
    for second in range(1, round(NO_LONGER_A_PERSON)):
        look(tracker, second, person())
        assert len(tracker.people) == 1


def test_a_person_who_moves_now_and_then_never_becomes_furniture() -> None:
    tracker = Tracker()
    for second in range(3 * round(NO_LONGER_A_PERSON)):
        look(tracker, second, person(), activity=STIRRED if second % 300 < 4 else STILL)
    assert len(tracker.people) == 1
    assert tracker.furniture.pieces == ()


def test_a_person_walking_past_furniture_stays_a_track() -> None:
    furniture = Furniture()
    furniture.add(person(0.5).box)
    tracker = Tracker(furniture)
    for step in range(20):
        look(tracker, step / 5, person(0.1 + 0.04 * step), activity=STIRRED)
    assert len(tracker.people) == 1


def test_furniture_that_is_gone_is_forgotten_only_after_a_look() -> None:
    furniture = Furniture()
    furniture.add(box(0.2))
    furniture.add(box(0.8))
    for _ in range(LOOKS_TO_FORGET):
        assert len(furniture.pieces) == 2
        furniture.looked([], [Box(0, 0, 0.5, 1)])
    assert [piece.box for piece in furniture.pieces] == [box(0.8)]


def test_furniture_that_is_seen_now_and_then_stays() -> None:
    furniture = Furniture()
    furniture.add(box(0.2))
    for number in range(3 * LOOKS_TO_FORGET):
        seen = [person(0.2)] if number % 20 == 0 else []
        furniture.looked(seen, [Box(0, 0, 1, 1)])
    assert len(furniture.pieces) == 1


def test_the_same_piece_is_remembered_once_and_not_without_end() -> None:
    furniture = Furniture()
    furniture.add(box(0.5))
    furniture.add(box(0.505))
    assert len(furniture.pieces) == 1
    for number in range(2 * MOST_PIECES):
        furniture.add(box(0.02 * number, width=0.01))
    assert len(furniture.pieces) == MOST_PIECES


@pytest.mark.parametrize("height", [0.0, -0.1])
def test_a_box_without_height_is_tolerated(height: float) -> None:
    life = Life(Box(0.5, 0.5, 0.6, 0.5 + height), 0)
    life.note(Box(0.5, 0.5, 0.6, 0.5 + height), STILL, 1)
    assert not life.shown
