"""Invariants of tracks for any detections, in any order, at any time."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from math import isfinite

import pytest
from porchlight.vision.life import NO_LONGER_A_PERSON, Life
from porchlight.vision.matching import LEAST_MATCH, SCORE_WEIGHT, assign, likeness
from porchlight.vision.tracks import (
    GONE_AMID,
    GONE_AT_EDGE,
    GONE_STILL,
    GONE_UNCONFIRMED,
    MISSES_TO_GO,
    Tracker,
)
from porchlight.vision.types import UNKNOWN, Box, Detection, Evidence

from .people import BACKGROUND, MOVING, STANDING, person

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import assume, given, settings
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

type Step = tuple[float, list[Detection], Evidence]

SHARES = st.floats(0, 1, width=32)
# Also outside of the picture, inverted and without size.
EDGES = st.floats(-1, 2, width=32)
WILD = st.builds(Box, EDGES, EDGES, EDGES, EDGES)
# Detections that keep their place make tracks; random ones disturb them.
PLACES = st.sampled_from([Box(0.1 * i, 0.2, 0.1 * i + 0.15, 0.7) for i in range(9)])
SCORES = SHARES | st.sampled_from([0.9, 0.9, 0.7])
# Each has a distinct box, so that a track's box identifies the person.
DETECTIONS = st.lists(
    st.builds(lambda box, score: Detection(replace(box), score), PLACES | WILD, SCORES), max_size=5
)
SHOWN = st.sampled_from([MOVING, MOVING, STANDING, BACKGROUND, UNKNOWN])
ONWARD = st.sampled_from([0.0, 0.001, 0.05, 0.2, 0.2, 0.2, 1.0, 3.0, 20.0, 400.0])
EITHER_WAY = ONWARD | st.sampled_from([-0.2, -5.0, -400.0])


def steps(
    gaps: st.SearchStrategy[float], most: int = 25, shown: st.SearchStrategy[Evidence] = SHOWN
) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.tuples(gaps, DETECTIONS, shown), max_size=most)


def look(
    tracker: Tracker, detections: list[Detection], at: float, shown: Evidence = MOVING
) -> None:
    tracker.update(detections, at, lambda _: shown)


def after(taken: list[Step]) -> tuple[Tracker, float]:
    tracker, at = Tracker(), 100.0
    for gap, detections, shown in taken:
        at += gap
        look(tracker, detections, at, shown)
    return tracker, at


@settings(max_examples=150, deadline=None)
@given(steps(EITHER_WAY))
def test_a_detection_continues_one_track_and_a_track_takes_one_detection(
    taken: list[Step],
) -> None:
    tracker, at = Tracker(), 100.0
    for gap, detections, shown in taken:
        at += gap
        before = {track.number: track.box for track in tracker.tracks}
        look(tracker, detections, at, shown)
        seen = {id(detection.box) for detection in detections}
        boxes = [id(track.box) for track in tracker.tracks]
        assert len(set(boxes)) == len(boxes)
        for track in tracker.tracks:
            assert track.misses == 0 or track.box is before[track.number]
            assert track.misses > 0 or id(track.box) in seen


@settings(max_examples=150, deadline=None)
@given(steps(EITHER_WAY))
def test_tracks_stay_consistent_for_any_detections(taken: list[Step]) -> None:
    tracker, at = Tracker(), 100.0
    for gap, detections, shown in taken:
        at += gap
        look(tracker, detections, at, shown)
        for track in tracker.tracks:
            assert all(isfinite(part) for part in track.speed)
            assert 0 <= track.score <= 1
            assert 0 <= track.peak <= 1
            assert not track.confirmed or track.peak >= tracker.rules.confirm
            assert isfinite(track.expected(at + 1.0).area)


type Pairs = dict[int, int]


def worths(
    tracker: Tracker, detections: list[Detection], at: float
) -> dict[tuple[int, int], float]:
    """What each pair of a track's number and a detection's index is worth, if it is possible."""
    return {
        (track.number, index): like + SCORE_WEIGHT * found.score
        for track in tracker.tracks
        for index, found in enumerate(detections)
        if (like := likeness(track, found, at)) >= LEAST_MATCH
    }


def chosen(tracker: Tracker, detections: list[Detection], at: float) -> Pairs:
    return assign(tracker.tracks, detections, [MOVING] * len(detections), set(), at)


def greedy(worth: dict[tuple[int, int], float]) -> float:
    """The worth of always taking the best pair that is left."""
    total, rows, columns = 0.0, set(), set()
    for (row, column), value in sorted(worth.items(), key=lambda item: -item[1]):
        if row not in rows and column not in columns:
            rows.add(row)
            columns.add(column)
            total += value
    return total


# Where everything moves, nothing is bound to a place.
@settings(max_examples=150, deadline=None)
@given(steps(ONWARD, shown=st.just(MOVING)), ONWARD, DETECTIONS)
def test_pairs_are_possible_complete_and_better_than_one_by_one(
    taken: list[Step], gap: float, detections: list[Detection]
) -> None:
    tracker, at = after(taken)
    at += gap
    worth, pairs = worths(tracker, detections, at), chosen(tracker, detections, at)
    assert all(pair in worth for pair in pairs.items())
    assert len(set(pairs.values())) == len(pairs)
    # Nobody who could be continued is left out.
    assert all(row in pairs or column in pairs.values() for row, column in worth)
    assert sum(worth[pair] for pair in pairs.items()) >= greedy(worth) - 1e-9
    if len(pairs) == 2:
        (one, here), (other, there) = pairs.items()
        if (one, there) in worth and (other, here) in worth:
            swapped = worth[one, there] + worth[other, here]
            assert swapped <= worth[one, here] + worth[other, there] + 1e-9


@settings(max_examples=150, deadline=None)
@given(steps(ONWARD), ONWARD, DETECTIONS, SHOWN, st.randoms(use_true_random=False))
def test_the_order_of_detections_does_not_matter(
    taken: list[Step], gap: float, detections: list[Detection], shown: Evidence, chance: object
) -> None:
    one, at = after(taken)
    at += gap
    # Detections that fit equally well may go to either track.
    values = [round(value, 9) for value in worths(one, detections, at).values()]
    assume(len(set(values)) == len(values))
    other, shuffled = deepcopy(one), list(detections)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    known = {track.number for track in one.tracks}
    look(one, detections, at, shown)
    look(other, shuffled, at, shown)
    assert {track.number: track.box for track in one.tracks if track.number in known} == {
        track.number: track.box for track in other.tracks if track.number in known
    }
    assert sorted(repr(track.box) for track in one.tracks) == sorted(
        repr(track.box) for track in other.tracks
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(steps(EITHER_WAY, 8), max_size=4))
def test_no_track_number_is_used_twice(rounds: list[list[Step]]) -> None:
    tracker, at, last = Tracker(), 100.0, 0
    for taken in rounds:
        for gap, detections, shown in taken:
            at += gap
            known = {track.number for track in tracker.tracks}
            look(tracker, detections, at, shown)
            numbers = [track.number for track in tracker.tracks]
            assert len(set(numbers)) == len(numbers)
            new = set(numbers) - known
            assert all(number > last for number in new)
            last = max(last, *new, 0)
        tracker.clear()


@settings(max_examples=150, deadline=None)
@given(steps(ONWARD, 40))
def test_tracks_vanish_only_after_a_long_miss_or_without_life(taken: list[Step]) -> None:
    tracker, at = Tracker(), 100.0
    # For each track: when it was last seen, the misses since then, and its last motion.
    seen: dict[int, float] = {}
    missed: dict[int, int] = {}
    alive: dict[int, float] = {}
    lives: dict[int, Life] = {}
    for gap, detections, shown in taken:
        at += gap
        people = {track.number for track in tracker.people}
        known = {track.number: track for track in tracker.tracks}
        look(tracker, detections, at, shown)
        lives |= {number: track.life for number, track in known.items()}
        found = {id(detection.box) for detection in detections}
        for track in (*known.values(), *tracker.tracks):
            number = track.number
            if id(track.box) in found:
                seen[number], missed[number] = at, 0
                if shown.moves or number not in alive:
                    alive[number] = at
            elif number in known and track is known[number]:
                missed[number] += 1
                known.pop(number)
        for number in people - {track.number for track in tracker.tracks}:
            away = missed[number] >= MISSES_TO_GO and at - seen[number] >= GONE_AT_EDGE
            patience = lives[number].patience(person=True)
            assert away or (not missed[number] and at - alive[number] >= patience)


@settings(max_examples=150, deadline=None)
@given(steps(EITHER_WAY), st.booleans())
def test_no_track_is_kept_longer_than_allowed(taken: list[Step], still: bool) -> None:
    tracker, at = Tracker(), 100.0
    latest = at
    stays = STANDING if still else MOVING
    visitor = [(0.2, [person(0.5)], MOVING)] * 3 + [(0.2, [person(0.5)], stays)] * 3
    for gap, detections, shown in [*taken, *visitor]:
        at += gap
        latest = max(latest, at)
        # Where everything moves, no one counts as standing still and not recognized.
        look(tracker, detections, at, shown if still else MOVING)
    for _ in range(MISSES_TO_GO):
        look(tracker, [], latest + (GONE_STILL if still else GONE_AMID))
    assert tracker.tracks == []


AWAY = Box(0.0, 0.0, 0.3, 1.0)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(ONWARD, st.lists(st.floats(0.0, 0.2).map(person), max_size=2)), max_size=20)
)
def test_a_person_outside_the_regions_is_neither_lost_nor_missed(
    elsewhere: list[tuple[float, list[Detection]]],
) -> None:
    tracker = Tracker()
    for number in range(3):
        look(tracker, [person(0.8)], 100.0 + 0.2 * number)
    (visitor,) = tracker.people
    at = 101.0
    for gap, detections in elsewhere:
        # As long as a person may stand still.
        at = min(at + gap, 100.0 + NO_LONGER_A_PERSON)
        tracker.update(detections, at, lambda _: MOVING, (AWAY,))
        assert visitor in tracker.people
        assert visitor.misses == 0
        assert visitor.last_seen == pytest.approx(100.4)


WALK = st.tuples(
    st.sampled_from([0.0, 0.05, 0.2, 0.2, 0.4]),
    st.floats(-0.02, 0.02),
    st.floats(-0.02, 0.02),
    st.sampled_from(["both", "both", "first", "second", "neither"]),
    st.booleans(),
    SCORES,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(WALK, max_size=40))
def test_two_people_far_apart_never_swap(
    walk: list[tuple[float, float, float, str, bool, float]],
) -> None:
    tracker, at, left, right = Tracker(), 100.0, 0.2, 0.8
    look(tracker, [person(left), person(right)], at)
    unseen = {"first": 0.0, "second": 0.0}
    for gap, one_step, other_step, shown, turned, score in walk:
        at += gap
        left = min(max(left + one_step, 0.1), 0.35)
        right = min(max(right + other_step, 0.65), 0.9)
        seen = []
        for name, x in (("first", left), ("second", right)):
            unseen[name] += gap
            # Neither is unseen for long enough to count as a new person.
            if shown in (name, "both") or unseen[name] + 0.4 >= GONE_UNCONFIRMED:
                seen.append(person(x, score=score))
                unseen[name] = 0.0
        look(tracker, seen[::-1] if turned else seen, at)
        where = {track.number: track.box.centre[0] < 0.5 for track in tracker.tracks}
        assert where == {1: True, 2: False}
