"""Invariants for any detections at any time."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest
from porchlight.vision.settings import BALANCED
from porchlight.vision.tracks import GONE_STILL
from porchlight.vision.types import Box, Detection
from porchlight.vision.visits import Arrived, Changed, Left, Visit
from porchlight.vision.watch import Watch

from .people import painted

if TYPE_CHECKING:
    from porchlight.vision.visits import VisitEvent

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import given, settings
from hypothesis import strategies as st

EDGES = st.floats(0, 1, width=32)
BOXES = st.builds(Box, EDGES, EDGES, EDGES, EDGES)
# Detections that keep their place make tracks; random ones disturb them.
PLACES = st.sampled_from(
    [Box(0.1 * i, 0.2, 0.1 * i + 0.15, 0.7) for i in range(9)] + [Box(0.3, 0.3, 0.9, 1.0)]
)
DETECTIONS = st.lists(st.builds(Detection, BOXES | PLACES, st.floats(0, 1, width=32)), max_size=4)
GAPS = st.sampled_from([0.0, 0.05, 0.2, 0.2, 0.2, 1.0, 7.0, 10.0, 500.0])
LOOKS = st.lists(st.tuples(GAPS, DETECTIONS), max_size=40)
BEFORE = Visit("kept", arrived_at=1.0, last_seen=5.0, score=0.7, count=2, most=2)

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)


def run(
    looks: list[tuple[float, list[Detection]]], open_visit: Visit | None = None
) -> tuple[Watch, list[VisitEvent], float]:
    numbers = count(1)
    watch = Watch(lambda: str(next(numbers)), open_visit)
    events: list[VisitEvent] = []
    at = 100.0
    for gap, detections in looks:
        at += gap
        watch.see(painted(*detections), at)
        events += watch.look(detections, at).events
    return watch, events, at


def assert_in_order(events: list[VisitEvent], opened: str | None = None) -> None:
    """Each visit arrives once, then leaves once, before the next."""
    for event in events:
        name = event.visit.visit_id
        if isinstance(event, Arrived):
            assert opened is None
            opened = name
        else:
            assert opened == name
        if isinstance(event, Left):
            assert event.visit.count == 0
            opened = None
        else:
            # Nobody counts while those who may have left are waited for.
            assert isinstance(event, Changed) or event.visit.count > 0


@settings(max_examples=150, deadline=None)
@given(LOOKS)
def test_no_departure_without_an_arrival(looks: list[tuple[float, list[Detection]]]) -> None:
    watch, events, _ = run(looks)
    events += watch.pause()
    assert_in_order(events)


@settings(max_examples=100, deadline=None)
@given(LOOKS)
def test_a_visit_from_before_comes_first_and_ends_once(
    looks: list[tuple[float, list[Detection]]],
) -> None:
    watch, events, _ = run(looks, BEFORE)
    events += watch.pause()
    assert_in_order(events, opened="kept")
    assert sum(isinstance(event, Left) for event in events) == 1 + sum(
        isinstance(event, Arrived) for event in events
    )


@settings(max_examples=100, deadline=None)
@given(LOOKS, st.sampled_from([None, BEFORE]))
def test_no_visit_outlasts_the_people(
    looks: list[tuple[float, list[Detection]]], open_visit: Visit | None
) -> None:
    # Nothing moves in these pictures, so standing people are waited for.
    nobody: list[tuple[float, list[Detection]]] = [(GONE_STILL, []), *[(1.0, [])] * 10]
    watch, events, _ = run([*looks, *nobody], open_visit)
    assert watch.visit is None
    assert not events or isinstance(events[-1], Left)


@settings(max_examples=100, deadline=None)
@given(LOOKS)
def test_a_visit_makes_sense_in_itself(looks: list[tuple[float, list[Detection]]]) -> None:
    _, events, end = run(looks)
    for event in events:
        visit = event.visit
        assert 100 <= visit.arrived_at <= end
        assert visit.last_seen >= visit.arrived_at
        assert visit.most >= visit.count
        assert BALANCED.confirm <= visit.score <= 1
        assert visit.most >= 1


@settings(max_examples=100, deadline=None)
@given(LOOKS)
def test_weak_scores_never_make_a_visit(looks: list[tuple[float, list[Detection]]]) -> None:
    weak = [(gap, [Detection(one.box, one.score * 0.49) for one in found]) for gap, found in looks]
    assert run(weak)[1] == []
