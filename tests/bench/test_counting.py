"""How people are counted, followed and let go of: every figure, with samples made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bench.arms.protocol import Sample, SeenCrossing, SeenVisit
from bench.counting import (
    Lines,
    Outliving,
    count_errors,
    counting,
    crossings,
    outliving,
    switches,
)
from bench.truth import Moment, TrueCrossing, TrueWalk

from .test_score import outcome

HERE, THERE = (0.1, 0.1, 0.2, 0.5), (0.6, 0.1, 0.7, 0.5)


def moment(at: float, *boxes: Any, least: int | None = None, most: int | None = None) -> Moment:
    count = len(boxes)
    return Moment(
        at,
        count if least is None else least,
        count if most is None else most,
        tuple(enumerate(boxes)),
    )


def sample(at: float, people: int, *tracks: Any, late: float = 0.0) -> Sample:
    return Sample(at, at + late, people, tracks)


def visit(arrived: float, ended: float | None) -> SeenVisit:
    return SeenVisit(arrived_at=arrived, left_at=arrived, most=1, ended_at=ended)


def test_the_last_count_holds_until_the_next_one_is_known() -> None:
    one = outcome(
        moments=tuple(moment(at / 5, HERE) for at in range(6)),
        samples=(sample(0.2, 1, late=0.1), sample(0.6, 3, late=0.1)),
    )
    assert count_errors(one) == [-1, -1, 0, 0, 2, 2]


def test_any_count_between_those_who_surely_count_and_those_who_may_is_right() -> None:
    moments = (moment(0.0, HERE, least=1, most=3),)
    for people, error in ((0, -1), (1, 0), (2, 0), (3, 0), (5, 2)):
        assert count_errors(outcome(moments=moments, samples=(sample(0, people),))) == [error]


def test_moments_with_nobody_there_and_nobody_counted_do_not_count() -> None:
    one = outcome(moments=(moment(0.0), moment(0.2)), samples=(sample(0.1, 1),))
    assert count_errors(one) == [1]


def test_the_error_is_a_share_of_all_who_are_there() -> None:
    moments = tuple(moment(at / 5, HERE, THERE) for at in range(10))
    samples = (sample(0, 2), sample(1.0, 3), sample(1.6, 1))
    values = counting([outcome(moments=moments, samples=samples)])
    assert values.error == pytest.approx(5 / 20)
    assert values.over == pytest.approx(3 / 20)
    assert values.error_95 == 1
    assert counting([outcome()]).error is None


def test_a_switch_is_when_a_person_gets_another_track() -> None:
    moments = tuple(moment(at / 5, HERE, THERE) for at in range(10))
    one, other, third = (1, HERE), (2, THERE), (3, THERE)
    same = outcome(moments=moments, samples=(sample(0, 2, one, other), sample(0.4, 2, other, one)))
    assert switches(same) == 0
    # Not seen for a while, and then under another number.
    lost = (sample(0, 2, one, other), sample(0.4, 1, one), sample(0.8, 2, one, third))
    assert switches(replace(same, samples=lost)) == 1
    swapped = (sample(0, 2, one, other), sample(0.4, 2, (1, THERE), (2, HERE)))
    assert switches(replace(same, samples=swapped)) == 2
    values = counting([replace(same, samples=swapped)])
    assert values.switches == pytest.approx(2 / (20 * 0.2 / 60))


def test_a_person_keeps_the_track_as_long_as_it_overlaps() -> None:
    moments = (moment(0.0, HERE), moment(0.4, HERE))
    near = (0.12, 0.1, 0.22, 0.5)
    samples = (sample(0, 1, (1, near)), sample(0.4, 2, (1, near), (2, HERE)))
    assert switches(outcome(moments=moments, samples=samples)) == 0


def test_people_between_two_moments_are_where_they_walk() -> None:
    # At a fifth of a second each box is far from the other moment's.
    moments = (moment(0.0, (0.0, 0.1, 0.1, 0.5)), moment(0.2, (0.2, 0.1, 0.3, 0.5)))
    middle = (0.1, 0.1, 0.2, 0.5)
    samples = (sample(0, 1, (1, (0.0, 0.1, 0.1, 0.5))), sample(0.1, 1, (2, middle)))
    assert switches(outcome(moments=moments, samples=samples)) == 1


def test_an_arm_without_tracks_has_no_switches() -> None:
    one = outcome(moments=(moment(0.0, HERE),), samples=(Sample(0.0, 0.0, 1),))
    assert counting([one]).switches is None


@pytest.mark.parametrize(
    ("seen", "matched"),
    [
        ((12.0, "a", True), 1),
        ((8.0, "a", True), 1),
        ((12.1, "a", True), 0),
        ((10.0, "a", False), 0),
        ((10.0, "b", True), 0),
    ],
)
def test_a_crossing_matches_within_two_seconds_in_its_direction(seen: Any, matched: int) -> None:
    one = outcome(
        crossings=(SeenCrossing(*seen),), true_crossings=(TrueCrossing(10.0, "a", inward=True),)
    )
    assert crossings(one) == Lines(true=1, reported=1, matched=matched)


def test_each_crossing_matches_once() -> None:
    true = (TrueCrossing(10.0, "a", inward=True), TrueCrossing(10.5, "a", inward=True))
    once = (SeenCrossing(10.4, "a", inward=True),)
    assert crossings(outcome(crossings=once, true_crossings=true)) == Lines(
        true=2, reported=1, matched=1
    )
    thrice = (*once, SeenCrossing(10.6, "a", inward=True), SeenCrossing(10.7, "a", inward=True))
    lines = counting([outcome(crossings=thrice, true_crossings=true)]).lines
    assert lines == Lines(true=2, reported=3, matched=2)
    assert (lines.recall, lines.precision) == (1.0, pytest.approx(2 / 3))


def test_an_arm_without_lines_has_no_crossings_rather_than_none_right() -> None:
    one = outcome(true_crossings=(TrueCrossing(10.0, "a", inward=True),))
    assert crossings(one) is None
    assert counting([one]).lines is None


def test_a_visit_outlives_the_last_person_until_its_end_is_reported() -> None:
    assert outliving(outcome(visit(11, 24.5))) == Outliving(seconds=(4.5,), unended=0)
    # Nothing was open when the person left.
    assert outliving(outcome(visit(11, 18))) == Outliving(seconds=(), unended=0)
    assert outliving(outcome()) == Outliving(seconds=(), unended=0)


def test_a_visit_open_at_the_end_of_the_recording_is_unended() -> None:
    assert outliving(outcome(visit(11, None))) == Outliving(seconds=(40.0,), unended=1)


def test_a_visit_open_when_the_next_person_comes_is_unended() -> None:
    walks = (
        TrueWalk(first=10.0, gone=20.0, people=1),
        TrueWalk(first=15.0, gone=22.0, people=1),
        TrueWalk(first=30.0, gone=40.0, people=1),
    )
    one = outcome(visit(11, 43), walks=walks)
    assert outliving(one) == Outliving(seconds=(8.0, 3.0), unended=1)


def test_effort_is_relative_to_five_whole_frames_a_second() -> None:
    one = outcome(counts={"inference": 150}, seconds=60.0)
    assert counting([one]).effort == pytest.approx(0.5)
