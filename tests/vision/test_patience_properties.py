"""Invariants of patience for any motion and any looks, at any time."""

from __future__ import annotations

from math import inf

import pytest
from porchlight.vision.motion import Place
from porchlight.vision.patience import INTERVALS, LASTING, Patience
from porchlight.vision.types import WHOLE, Box

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import given, settings
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

type Round = tuple[float, list[Place], list[Box], list[Box]]

GAPS = st.sampled_from([0.0, 0.001, 0.1, 0.1, 1.0, 30.0, 1e6, -0.1, -1e6])
EDGES = st.floats(-1, 2, width=32)
BOXES = st.builds(Box, EDGES, EDGES, EDGES, EDGES) | st.sampled_from(
    [WHOLE, Box(0.1, 0.1, 0.3, 0.4), Box(0.7, 0.5, 0.8, 0.9)]
)
LISTS = st.lists(BOXES, max_size=3)
PLACES = st.builds(Place, BOXES, st.integers(1, 2 * LASTING))
# Places that move, regions of looks, and people found.
ROUNDS = st.lists(st.tuples(GAPS, st.lists(PLACES, max_size=6), LISTS, LISTS), max_size=25)
PACES = st.floats(0.1, 1)


def after(rounds: list[Round]) -> tuple[Patience, list[float]]:
    """What was reported in some rounds, and when the looks were."""
    patience, at, looks = Patience(), 1000.0, [1000.0]
    for gap, moving, looked, people in rounds:
        at += gap
        patience.moved(moving, at)
        patience.looked(looked, people, at)
        looks.append(at)
    return patience, looks


@settings(max_examples=200, deadline=None)
@given(ROUNDS, PLACES, PACES, st.sampled_from([0, 0, 50]))
def test_lasting_motion_is_looked_at_again_soon_everywhere(
    rounds: list[Round], place: Place, pace: float, drops: int
) -> None:
    patience, looks = after(rounds)
    for _ in range(drops):
        patience.moved([Place(Box(0, 0, 0.01, 0.01), 1)] * 5, looks[-1])
    lasting = Place(place.box, LASTING)
    due = patience.due(lasting, pace)
    # A place that was never looked at is due at once.
    assert due == -inf or (
        min(looks) + INTERVALS[0] / pace <= due <= max(looks) + INTERVALS[-1] / pace
    )
    # A higher pace is never later, and a place that does not last never sooner.
    assert patience.due(lasting, 1.0) <= due
    assert patience.due(place, pace) in (due, inf)
    # If a part of a place is due, all of it is.
    assert patience.due(Place(WHOLE, LASTING), pace) <= due


@settings(max_examples=100, deadline=None)
@given(ROUNDS, BOXES, PACES)
def test_a_found_person_resets_patience(rounds: list[Round], box: Box, pace: float) -> None:
    patience, (*_, at) = after(rounds)
    place = Place(box, LASTING)
    for _ in range(2):
        patience.looked([WHOLE], [box], at)
        intervals = [patience.due(place, pace) - at]
        for _ in range(len(INTERVALS) + 1):
            patience.moved([place], at)
            patience.looked([WHOLE], [], at)
            intervals.append(patience.due(place, pace) - at)
        assert intervals == sorted(intervals)
        assert intervals[0] == pytest.approx(INTERVALS[0] / pace)
        assert intervals[-1] == pytest.approx(INTERVALS[-1] / pace)
