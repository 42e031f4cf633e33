from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
from porchlight.vision.life import Life
from porchlight.vision.tracks import Track
from porchlight.vision.types import WHOLE
from porchlight.vision.visits import RESUMED_LOOKS, Arrived, Changed, Left, Visit, Visits

BEFORE = Visit("kept", arrived_at=1.0, last_seen=5.0, score=0.7, count=2, most=3)


def people(*peaks: float, seen: float = 0.0) -> list[Track]:
    return [
        Track(number, WHOLE, [peak], 0.0, seen, seen, Life(WHOLE, 0.0), confirmed=True, peak=peak)
        for number, peak in enumerate(peaks, start=1)
    ]


@pytest.fixture
def visits() -> Visits:
    numbers = count(1)
    return Visits(lambda: f"visit {next(numbers)}")


def test_no_people_means_no_visit(visits: Visits) -> None:
    assert visits.update([], 1.0) == ()
    assert visits.visit is None


def test_the_first_person_begins_a_visit(visits: Visits) -> None:
    (event,) = visits.update(people(0.8, seen=3.0), 3.0)
    assert event == Arrived(Visit("visit 1", 3.0, 3.0, 0.8, count=1, most=1))
    assert visits.visit == event.visit


def test_a_continuing_visit_is_not_reported_again(visits: Visits) -> None:
    visits.update(people(0.8, seen=3.0), 3.0)
    assert visits.update(people(0.9, seen=4.0), 4.0) == ()
    assert visits.visit == Visit("visit 1", 3.0, 4.0, 0.9, count=1, most=1)


def test_the_visit_ends_when_all_have_left_as_of_the_last_sighting(
    visits: Visits,
) -> None:
    visits.update(people(0.8, seen=3.0), 3.0)
    visits.update(people(0.8, seen=4.0), 9.0)
    (event,) = visits.update([], 10.0)
    assert event == Left(Visit("visit 1", 3.0, 4.0, 0.8, count=0, most=1))
    assert visits.visit is None
    assert visits.update([], 11.0) == ()


def test_two_people_are_one_visit(visits: Visits) -> None:
    visits.update(people(0.8, seen=3.0), 3.0)
    (more,) = visits.update(people(0.8, 0.7, seen=4.0), 4.0)
    (fewer,) = visits.update(people(0.8, seen=5.0), 5.0)
    (left,) = visits.update([], 9.0)
    assert isinstance(more, Changed)
    assert isinstance(fewer, Changed)
    assert isinstance(left, Left)
    assert [(event.visit.count, event.visit.most) for event in (more, fewer, left)] == [
        (2, 2),
        (1, 2),
        (0, 2),
    ]
    assert {event.visit.visit_id for event in (more, fewer, left)} == {"visit 1"}


def test_two_people_who_come_together_are_counted_as_two(visits: Visits) -> None:
    (event,) = visits.update(people(0.8, 0.9), 3.0)
    assert (event.visit.count, event.visit.most, event.visit.score) == (2, 2, 0.9)


def test_the_score_is_the_best_so_far(visits: Visits) -> None:
    visits.update(people(0.9), 3.0)
    visits.update(people(0.7), 4.0)
    assert visits.visit is not None
    assert visits.visit.score == 0.9


def test_last_seen_never_goes_back(visits: Visits) -> None:
    visits.update(people(0.9, seen=8.0), 8.0)
    visits.update(people(0.9, seen=6.0), 9.0)
    assert visits.visit is not None
    assert visits.visit.last_seen == 8.0


def test_the_next_visit_has_another_id(visits: Visits) -> None:
    visits.update(people(0.8), 1.0)
    visits.update([], 2.0)
    (event,) = visits.update(people(0.8), 3.0)
    assert event.visit.visit_id == "visit 2"


def test_closing_ends_the_visit_once(visits: Visits) -> None:
    visits.update(people(0.8, seen=3.0), 3.0)
    (event,) = visits.close()
    assert isinstance(event, Left)
    assert event.visit.count == 0
    assert visits.close() == ()


def test_a_visit_from_before_an_interruption_goes_on() -> None:
    visits = Visits(lambda: "new", BEFORE)
    assert visits.update([], 8.0) == ()
    (event,) = visits.update(people(0.9, seen=9.0), 9.0)
    assert event == Changed(replace(BEFORE, last_seen=9.0, score=0.9, count=1))
    (left,) = visits.update([], 12.0)
    assert isinstance(left, Left)
    assert left.visit.visit_id == "kept"


def test_a_visit_from_before_with_as_many_people_is_not_reported_again() -> None:
    visits = Visits(lambda: "new", BEFORE)
    assert visits.update(people(0.9, 0.9, seen=9.0), 9.0) == ()
    assert visits.visit is not None
    assert visits.visit.visit_id == "kept"


def test_a_visit_from_before_ends_after_some_looks_without_people() -> None:
    visits = Visits(lambda: "new", BEFORE)
    for at in range(RESUMED_LOOKS):
        assert visits.update([], float(at)) == ()
    (event,) = visits.update([], 99.0)
    assert event == Left(replace(BEFORE, count=0))


def test_a_visit_from_before_can_be_closed_at_once() -> None:
    visits = Visits(lambda: "new", BEFORE)
    assert visits.close() == (Left(replace(BEFORE, count=0)),)
    (event,) = visits.update(people(0.9), 20.0)
    assert event.visit.visit_id == "new"
    # Unlike a visit from before, the next one ends at once.
    assert len(visits.update([], 21.0)) == 1
