"""Invariants of visits for any detections and any clock."""

from __future__ import annotations

from itertools import count, cycle, pairwise

import pytest
from porchlight.vision.life import Life
from porchlight.vision.regions import View
from porchlight.vision.tracks import GONE_STILL, MISSES_TO_GO, Track
from porchlight.vision.types import WHOLE, Box, Detection
from porchlight.vision.visits import (
    RESUMED_LOOKS,
    Arrived,
    Changed,
    Left,
    Visit,
    VisitEvent,
    Visits,
)
from porchlight.vision.watch import SCAN_INTERVALS, Watch

from .people import Grey, grey, painted

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import given, settings
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

type Someone = tuple[float, float]
type Frame = tuple[float, Grey, list[Detection]]
# The people, of whom so many are not there now; when; and the zones.
type Look = tuple[list[Someone], int, float, list[str]]

SHARES = st.floats(0, 1, width=32)
# Also backwards: clocks are set.
TIMES = st.floats(-1000, 1000, width=32)
SOMEONE = st.tuples(st.floats(0.625, 1, width=32), TIMES)
ZONES = st.lists(st.sampled_from(["door", "gate", "path"]), max_size=3, unique=True)
LOOKS = st.lists(
    st.tuples(st.lists(SOMEONE, max_size=3), st.integers(0, 2), TIMES, ZONES), max_size=30
)
BEFORE = Visit("kept", arrived_at=1.0, last_seen=5.0, score=0.7, count=2, most=2, zones=("path",))


def tracks(people: list[Someone]) -> list[Track]:
    return [
        Track(number, WHOLE, [peak], 0.0, seen, seen, Life(WHOLE, 0.0), confirmed=True, peak=peak)
        for number, (peak, seen) in enumerate(people, start=1)
    ]


def machine(before: Visit | None = None) -> Visits:
    numbers = count(1)
    return Visits(lambda: f"visit {next(numbers)}", before)


def present(visits: Visits, people: list[Someone], away: int) -> int:
    """How many are there now; who has just arrived is."""
    return max(0, len(people) - away) if visits.visit else len(people)


def assert_reported_in_order(events: list[VisitEvent], before: Visit | None) -> None:
    """Each visit arrives, changes any number of times and leaves, before the next."""
    going = before
    names = [event.visit.visit_id for event in events if isinstance(event, Arrived)]
    assert len(set(names)) == len(names)
    for event in events:
        visit = event.visit
        if isinstance(event, Arrived):
            assert going is None
            assert visit.most == visit.count > 0
        else:
            assert going is not None
            assert (visit.visit_id, visit.arrived_at) == (going.visit_id, going.arrived_at)
            assert visit.last_seen >= going.last_seen
            assert visit.score >= going.score
            assert visit.most == max(going.most, visit.count)
            assert visit.zones[: len(going.zones)] == going.zones
        if isinstance(event, Changed):
            assert going is not None
            assert visit.count >= 0
            assert (visit.count, visit.zones) != (going.count, going.zones)
        if isinstance(event, Left):
            assert visit.count == 0
        going = None if isinstance(event, Left) else visit
    assert going is None


@settings(max_examples=200, deadline=None)
@given(LOOKS, st.sampled_from([None, BEFORE]))
def test_visits_are_reported_in_order_and_closing_ends_the_last(
    looks: list[Look], before: Visit | None
) -> None:
    visits = machine(before)
    events: list[VisitEvent] = []
    for people, away, at, zones in looks:
        reported = visits.update(tracks(people), at, zones, present(visits, people, away))
        assert len(reported) <= 1
        events += reported
    events += visits.close()
    assert visits.visit is None
    assert visits.close() == ()
    assert_reported_in_order(events, before)


@settings(max_examples=200, deadline=None)
@given(LOOKS, st.sampled_from([None, BEFORE]))
def test_a_visit_is_open_while_a_person_is_there(looks: list[Look], before: Visit | None) -> None:
    visits = machine(before)
    patience = RESUMED_LOOKS if before else 0
    for people, away, at, zones in looks:
        was = visits.visit
        there = present(visits, people, away)
        (*_, event) = visits.update(tracks(people), at, zones, there) or (None,)
        if people:
            patience = 0
            assert visits.visit is not None
            assert visits.visit.count == there
            assert visits.visit.last_seen >= max(seen for _, seen in people)
            assert visits.visit.score >= max(peak for peak, _ in people)
            assert set(zones) <= set(visits.visit.zones)
            assert isinstance(event, Arrived) == (was is None)
        elif patience and was:
            patience -= 1
            assert (event, visits.visit) == (None, was)
        else:
            assert visits.visit is None
            assert isinstance(event, Left) == (was is not None)


WAY = [Box(0.1 * i, 0.2, 0.1 * i + 0.15, 0.7) for i in range(9)]
BOXES = st.builds(Box, SHARES, SHARES, SHARES, SHARES)
DETECTIONS = st.lists(st.builds(Detection, BOXES | st.sampled_from(WAY), SHARES), max_size=3)
GAPS = st.sampled_from([-300.0, -0.2, 0.0, 0.2, 0.2, 0.2, 1.0, 7.0, 500.0])
LEVELS = st.sampled_from([100, 100, 140])
# Besides other detections, a person walks to and fro, sometimes seen and sometimes not.
SEEN = st.sampled_from([True, True, False])


# At the end, a person may leave to either side, or come and stand still.
ENDS = st.sampled_from(
    [
        [],
        [(0.2, place) for place in WAY],
        [(0.2, place) for place in WAY[::-1]],
        [(0.2, place) for place in WAY[:5]] + [(1.1, WAY[4])] * 6,
    ]
)


def frames_of(
    steps: list[tuple[float, int, list[Detection], bool]], end: list[tuple[float, Box]]
) -> list[Frame]:
    there_and_back = cycle([*WAY, *WAY[-2:0:-1]])
    frames = []
    for (gap, level, detections, seen), place in zip(steps, there_and_back, strict=False):
        walker = Detection(place, 0.8)
        picture = painted(*detections, walker, picture=grey(level))
        frames.append((gap, picture, [*detections, walker] if seen else detections))
    for gap, place in end:
        walker = Detection(place, 0.8)
        frames.append((gap, painted(walker), [walker]))
    return frames


FRAMES = st.builds(
    frames_of, st.lists(st.tuples(GAPS, LEVELS, DETECTIONS, SEEN), max_size=30), ENDS
)
VIEWS = st.sampled_from(
    [View(640, 360, 416), View(1280, 720, 192), View(360, 640, 320), View(641, 359, 416)]
)
# The longest wait is for a person who stood still, plus the looks for them.
WAITED = GONE_STILL + SCAN_INTERVALS[-1] + MISSES_TO_GO


@settings(max_examples=100, deadline=None)
@given(
    FRAMES, VIEWS, st.sampled_from([None, BEFORE]), st.sampled_from([0.1, 0.5, 1.0]), st.booleans()
)
def test_looking_only_when_and_where_it_is_due_ends_every_visit(
    frames: list[Frame],
    view: View,
    before: Visit | None,
    pace: float,
    thorough: bool,
) -> None:
    numbers = count(1)
    watch = Watch(lambda: f"visit {next(numbers)}", before)
    watch.pace = pace
    events: list[VisitEvent] = []
    at = latest = 1000.0
    for gap, picture, detections in frames:
        at += gap
        latest = max(latest, at)
        watch.see(picture, at)
        due = watch.look_due(at)
        regions = [view.share(region) for region in watch.regions(view, at)] if due else []
        shown = [one for one in detections if any(r.share_of(one.box) > 0 for r in regions)]
        if thorough:
            # Every look covers everything, so that there are many people to wait for.
            events += watch.look(detections, at).events
        elif due:
            events += watch.look(shown, at, regions).events
    at = latest
    for _ in range(round(WAITED / 0.5)):
        at += 0.5
        if watch.look_due(at):
            regions = [view.share(region) for region in watch.regions(view, at)]
            events += watch.look([], at, regions).events
    assert watch.visit is None
    assert_reported_in_order(events, before)


@settings(max_examples=100, deadline=None)
@given(FRAMES, st.sampled_from([None, BEFORE]))
def test_a_clock_that_is_set_confuses_no_visit(frames: list[Frame], before: Visit | None) -> None:
    numbers = count(1)
    watch = Watch(lambda: f"visit {next(numbers)}", before)
    events: list[VisitEvent] = []
    people, at = 0, 1000.0
    for gap, picture, detections in frames:
        at += gap
        watch.wants(900, at, key=True)
        watch.see(picture, at)
        look = watch.look(detections, at)
        events += look.events
        # Everyone who is no longer there has been reported as gone.
        if look.people != people:
            assert look.events or (watch.visit is not None and watch.visit.count == look.people)
        people = look.people
        assert not people or watch.visit is not None
    events += watch.pause()
    assert_reported_in_order(events, before)
    assert all(
        one.visit.last_seen <= other.visit.last_seen
        for one, other in pairwise(events)
        if one.visit.visit_id == other.visit.visit_id
    )
