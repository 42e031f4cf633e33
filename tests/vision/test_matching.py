"""Which detection continues which track."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from porchlight.vision.furniture import Furniture
from porchlight.vision.life import LOOKS_TO_STAND
from porchlight.vision.matching import TALLER, agree, parts
from porchlight.vision.tracks import GONE_AMID, UNCOUNTED, Tracker
from porchlight.vision.types import UNKNOWN, Box, Cut, Detection, Evidence

from .people import BACKGROUND, MOVING, STANDING, box, person

if TYPE_CHECKING:
    from collections.abc import Mapping

STEP = 0.2
# Where a thing is that looks a little like a person.
THING = person(0.5, score=0.45)


class Looks:
    """A tracker that looks five times a second; each detection comes with what its box shows."""

    def __init__(self, furniture: Furniture | None = None) -> None:
        self.tracker = Tracker(furniture)
        self.at = 10.0

    def see(self, seen: Mapping[Detection, Evidence]) -> None:
        self.at += STEP
        shown = {id(one.box): evidence for one, evidence in seen.items()}
        self.tracker.update(list(seen), self.at, lambda one: shown[id(one)])

    def walk(self, start: float, end: float, steps: int = 10, **more: float) -> None:
        """Show someone who walks."""
        for number in range(steps + 1):
            self.see({person(start + (end - start) * number / steps, **more): MOVING})

    @property
    def boxes(self) -> list[Box]:
        return [track.box for track in self.tracker.people]

    @property
    def count(self) -> int:
        return len(self.tracker.present(self.at))


@pytest.mark.parametrize("known", [False, True])
def test_a_walker_is_never_continued_by_a_still_thing_that_is_passed(*, known: bool) -> None:
    furniture = Furniture()
    if known:
        furniture.add(THING.box)
    looks = Looks(furniture)
    looks.walk(0.2, 0.48)
    (walker,) = looks.tracker.people
    # Not detected before the thing, where the thing is.
    for _ in range(round(GONE_AMID / STEP) + 5):
        looks.see({THING: BACKGROUND})
        assert walker.box != THING.box
        assert looks.count <= (looks.at - walker.last_seen < UNCOUNTED)
    assert looks.boxes == []


def test_a_thing_that_was_there_before_never_walks_away() -> None:
    looks = Looks()
    for _ in range(3):
        looks.see({THING: BACKGROUND})
    (thing,) = looks.tracker.tracks
    # The thing is not detected while someone passes very near.
    looks.walk(0.57, 0.8)
    assert thing.box == THING.box
    assert not thing.confirmed
    assert [one.centre[0] for one in looks.boxes] == [pytest.approx(0.8)]


@pytest.mark.parametrize("x", [0.5, 0.56])
def test_who_stops_next_to_a_thing_or_before_it_still_counts(x: float) -> None:
    furniture = Furniture()
    furniture.add(THING.box)
    looks = Looks(furniture)
    looks.walk(0.2, x)
    for _ in range(100):
        looks.see({person(x): STANDING})
        assert looks.count == 1
    assert looks.tracker.people[0].number == 1


def test_who_stands_until_they_are_background_stays() -> None:
    looks = Looks()
    looks.walk(0.2, 0.5)
    for number in range(300):
        looks.see({person(0.5): STANDING if number < 100 else BACKGROUND})
        assert looks.count == 1
    assert [track.number for track in looks.tracker.tracks] == [1]


def test_who_steps_aside_and_back_stays_one_person() -> None:
    looks = Looks()
    looks.walk(0.2, 0.5)
    for _ in range(20):
        looks.see({person(0.5): BACKGROUND if looks.at > 14 else STANDING})
    looks.walk(0.5, 0.62, 4)
    # The place that they left still shows them in the background.
    looks.walk(0.62, 0.53, 3)
    for _ in range(10):
        looks.see({person(0.5): BACKGROUND})
    assert [track.number for track in looks.tracker.tracks] == [1]
    assert looks.count == 1


def test_who_goes_back_to_an_earlier_place_stays_one_person() -> None:
    looks = Looks()
    looks.walk(0.2, 0.4)
    for number in range(20):
        looks.see({person(0.4): STANDING if number < 10 else BACKGROUND})
    looks.walk(0.4, 0.7)
    for _ in range(10):
        looks.see({person(0.7): STANDING})
    looks.walk(0.7, 0.43)
    for _ in range(10):
        looks.see({person(0.4): BACKGROUND})
    assert [track.number for track in looks.tracker.tracks] == [1]
    assert looks.boxes == [person(0.4).box]


def test_while_nothing_is_known_a_still_person_is_followed_and_does_not_jump() -> None:
    looks = Looks()
    looks.see({person(0.5): UNKNOWN})
    looks.see({person(0.505): UNKNOWN})
    assert len(looks.tracker.tracks) == 1


def test_a_jump_in_height_is_another_object() -> None:
    assert agree(box(0.5), box(0.5, 0.6, height=0.3 * TALLER * 0.99))
    assert not agree(box(0.5, 0.4), box(0.5, 0.6, height=0.3 * TALLER * 1.01))
    looks = Looks()
    looks.walk(0.3, 0.5)
    looks.see({person(0.52, 0.25, height=0.14): MOVING})
    assert looks.boxes[0].height == pytest.approx(0.3)
    assert len(looks.tracker.tracks) == 2


def test_a_longer_time_allows_for_another_size() -> None:
    tall = box(0.5, 0.6, height=0.3 * TALLER * 1.2)
    assert not agree(box(0.5, 0.3), tall)
    assert agree(box(0.5, 0.3), tall, 1.0)
    # But not without end.
    assert not agree(box(0.5, 0.3), box(0.5, 0.6, height=0.3 * TALLER * 1.4), 100.0)


def test_half_hidden_people_are_the_same_if_the_top_stays() -> None:
    whole = Box(0.45, 0.3, 0.55, 0.7)
    upper, lower = Box(0.45, 0.3, 0.55, 0.5), Box(0.45, 0.5, 0.55, 0.7)
    assert agree(whole, upper)
    assert agree(upper, whole)
    assert not agree(whole, lower)
    looks = Looks()
    for one in (whole, whole, whole, upper, upper, whole):
        looks.see({Detection(one, 0.8): MOVING})
    assert [track.number for track in looks.tracker.tracks] == [1]
    assert looks.boxes == [whole]


def test_a_part_that_a_regions_border_leaves_keeps_the_track_and_its_size() -> None:
    looks = Looks()
    looks.walk(0.3, 0.5)
    (walker,) = looks.tracker.people
    part = Detection(Box(0.47, 0.5, 0.57, 0.65), 0.6, cut=Cut(top=True, bottom=True))
    looks.see({part: MOVING})
    assert looks.tracker.tracks == [walker]
    assert walker.misses == 0
    assert walker.box.height == pytest.approx(0.3)
    assert walker.box.centre[0] == pytest.approx(0.52)
    # A part elsewhere is not theirs.
    looks.see({Detection(Box(0.7, 0.5, 0.8, 0.65), 0.6, cut=Cut(top=True, bottom=True)): MOVING})
    assert walker.misses == 1


def test_a_track_that_begins_as_a_part_takes_the_whole_size() -> None:
    looks = Looks()
    looks.see({Detection(Box(0.45, 0.5, 0.55, 0.65), 0.6, cut=Cut(top=True, bottom=True)): MOVING})
    looks.see({person(0.5): MOVING})
    (track,) = looks.tracker.tracks
    assert track.box == person(0.5).box
    assert not track.cut
    assert track.speed == (0.0, 0.0)


def test_an_upper_body_beside_the_whole_person_is_no_second_person() -> None:
    whole, upper = person(0.5), Detection(Box(0.46, 0.36, 0.54, 0.5), 0.9)
    assert parts([whole, upper]) == {1}
    assert parts([upper, whole]) == {0}
    # A child in front of a parent has its top elsewhere.
    child = Detection(Box(0.46, 0.5, 0.54, 0.64), 0.9)
    assert parts([whole, child]) == set()
    assert parts([whole, whole]) == set()
    looks = Looks()
    for _ in range(5):
        looks.see({whole: MOVING, upper: MOVING})
    assert looks.boxes == [whole.box]


def test_pairs_are_chosen_together() -> None:
    looks = Looks()
    for _ in range(5):
        looks.see({person(0.44): MOVING, person(0.50): MOVING})
    # The left one has come to the right one's place, who went on: each alone fits the best there.
    looks.see({person(0.485): MOVING, person(0.56): MOVING})
    where = {track.number: round(track.box.centre[0], 3) for track in looks.tracker.people}
    assert where == {1: 0.485, 2: 0.56}


def test_two_who_cross_keep_their_tracks() -> None:
    looks = Looks()
    for number in range(31):
        x = 0.2 + 0.02 * number
        looks.see({person(x, 0.48): MOVING, person(1 - x, 0.55): MOVING})
    where = {track.number: round(track.box.centre[0], 3) for track in looks.tracker.people}
    assert where == {1: 0.8, 2: 0.2}


def test_who_is_lost_amid_the_picture_soon_counts_no_more_but_is_waited_for() -> None:
    looks = Looks()
    looks.walk(0.3, 0.5)
    seen = looks.at
    while looks.at - seen < GONE_AMID - STEP:
        looks.see({})
        assert looks.count == (1 if looks.at - seen < UNCOUNTED else 0)
        assert len(looks.tracker.people) == 1
    looks.see({})
    looks.see({})
    assert looks.tracker.people == []


def test_who_stands_unrecognised_still_counts() -> None:
    looks = Looks()
    looks.walk(0.3, 0.5)
    for _ in range(LOOKS_TO_STAND):
        looks.see({person(0.5): STANDING})
    for _ in range(100):
        looks.see({})
        assert looks.count == 1
    # Until something moves there.
    looks.tracker.moved([box(0.5)], looks.at)
    looks.see({})
    assert looks.count == 0
    assert len(looks.tracker.people) == 1
