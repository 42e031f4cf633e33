from __future__ import annotations

import pytest
from porchlight.vision.furniture import LOOKS_TO_FORGET, MOST_PIECES, Furniture
from porchlight.vision.life import (
    LOOKS_AFTER_STILLNESS,
    NEVER_A_PERSON,
    NEVER_WALKED,
    NO_LONGER_A_PERSON,
    STILL_LOOKS,
    Life,
)
from porchlight.vision.tracks import Tracker
from porchlight.vision.types import Box, Detection, Evidence

from .people import BACKGROUND, MOVING, STANDING, box, person


def test_a_walking_person_is_alive_by_the_second_look() -> None:
    life = Life(box(0.5), 0)
    life.note(box(0.5), MOVING, 0)
    assert not life.shown
    life.note(box(0.5), MOVING, 0.2)
    assert life.shown


def test_a_box_that_moves_is_alive_even_without_pixel_motion() -> None:
    life = Life(box(0.1), 0)
    for step in range(3):
        life.note(box(0.1 + 0.08 * step), STANDING, 0.2 * step)
    assert life.shown


def test_a_jittering_box_is_not_alive() -> None:
    life = Life(box(0.5), 0)
    for step in range(50):
        life.note(box(0.5 + 0.02 * (step % 2)), STANDING, 0.2 * step)
    assert not life.shown
    assert life.last_sign == 0


def test_objects_that_stood_still_must_move_for_longer() -> None:
    life = Life(box(0.5), 0)
    for step in range(STILL_LOOKS):
        life.note(box(0.5), STANDING, step)
    for step in range(LOOKS_AFTER_STILLNESS):
        assert not life.shown
        life.note(box(0.5), MOVING, 10 + step)
    assert life.shown


def test_headlights_that_pass_do_not_bring_a_picture_to_life() -> None:
    life = Life(box(0.5), 0)
    for step in range(400):
        life.note(box(0.5), MOVING if step % 40 >= 36 else STANDING, 0.2 * step)
        assert not life.shown


def look(tracker: Tracker, at: float, *people: Detection, evidence: Evidence = STANDING) -> None:
    tracker.update(people, at, lambda _: evidence)


def test_objects_that_never_move_become_furniture() -> None:
    tracker = Tracker()
    for second in range(round(NEVER_A_PERSON) + 1):
        look(tracker, second, person(), evidence=BACKGROUND)
        assert tracker.people == []
    assert tracker.tracks == []
    assert [piece.box for piece in tracker.furniture.pieces] == [person().box]
    look(tracker, 100, person(), evidence=BACKGROUND)
    assert tracker.tracks == []


def walk_in(tracker: Tracker) -> None:
    """A person walks to the middle of the picture in a second."""
    for step in range(6):
        look(tracker, step / 5, person(0.25 + 0.05 * step), evidence=MOVING)
    assert len(tracker.people) == 1


def test_a_person_who_stands_as_still_as_a_statue_for_minutes_stays_one() -> None:
    tracker = Tracker()
    walk_in(tracker)
    for second in range(2, round(NO_LONGER_A_PERSON)):
        # Who stands there for long becomes a part of the background.
        look(tracker, second, person(), evidence=STANDING if second < 60 else BACKGROUND)
        assert len(tracker.people) == 1
    look(tracker, NO_LONGER_A_PERSON + 2, person())
    assert tracker.people == []


def test_what_only_stirred_is_no_person_after_some_minutes() -> None:
    tracker = Tracker()
    for step in range(5):
        look(tracker, step / 5, person(), evidence=MOVING)
    for second in range(1, round(NEVER_WALKED)):
        look(tracker, second, person())
        assert len(tracker.people) == 1
    look(tracker, NEVER_WALKED + 1, person())
    assert tracker.people == []
    assert [piece.box for piece in tracker.furniture.pieces] == [person().box]


def test_a_person_who_moves_now_and_then_never_becomes_furniture() -> None:
    tracker = Tracker()
    walk_in(tracker)
    for second in range(2, 3 * round(NO_LONGER_A_PERSON)):
        look(tracker, second, person(), evidence=MOVING if second % 300 < 4 else STANDING)
    assert len(tracker.people) == 1
    assert tracker.furniture.pieces == ()


def test_a_person_walking_past_furniture_stays_a_track() -> None:
    furniture = Furniture()
    furniture.add(person(0.5).box)
    tracker = Tracker(furniture)
    for step in range(20):
        look(tracker, step / 5, person(0.1 + 0.04 * step), evidence=MOVING)
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
    life.note(Box(0.5, 0.5, 0.6, 0.5 + height), STANDING, 1)
    assert not life.shown
