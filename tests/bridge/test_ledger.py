"""Arrivals and departures alternate, whatever workers report and whatever ends a visit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from porchlight.runtime.ledger import Ledger, VisitEvent
from porchlight.worker.messages import VisitInfo, VisitNews, VisitPhase


def info(visit_id: str = "v1", last_seen: float = 20.0, count: int = 1) -> VisitInfo:
    return VisitInfo(
        visit_id=visit_id, arrived_at=10.0, last_seen=last_seen, score=0.9, count=count, most=count
    )


def news(phase: VisitPhase, visit_id: str = "v1", **more: float) -> VisitNews:
    return VisitNews(camera_id="a", phase=phase, visit=info(visit_id, **more))  # type: ignore[arg-type] # a time, a number


ARRIVED, CHANGED, LEFT = VisitPhase.ARRIVED, VisitPhase.CHANGED, VisitPhase.LEFT


def test_a_visit_is_one_arrival_and_one_departure() -> None:
    ledger = Ledger()
    assert ledger.update(news(ARRIVED)) == (VisitEvent(arrived=True, visit=info()),)
    assert ledger.update(news(CHANGED, last_seen=25.0)) == ()
    assert ledger.visit == info(last_seen=25.0)
    (left,) = ledger.update(news(LEFT, last_seen=30.0))
    assert left == VisitEvent(arrived=False, visit=replace(info(last_seen=30.0), count=0))
    assert ledger.visit is None


def test_a_visit_closed_here_ends_with_the_last_sighting() -> None:
    ledger = Ledger()
    ledger.update(news(ARRIVED))
    ledger.update(news(CHANGED, last_seen=1234.0))
    (left,) = ledger.close()
    assert (left.arrived, left.visit.last_seen, left.visit.count) == (False, 1234.0, 0)
    assert ledger.close() == ()


@pytest.mark.parametrize("phase", [ARRIVED, CHANGED])
def test_a_visit_that_began_unnoticed_is_an_arrival(phase: VisitPhase) -> None:
    ledger = Ledger()
    (arrived,) = ledger.update(news(phase))
    assert arrived.arrived


def test_a_repeated_arrival_is_none() -> None:
    ledger = Ledger(info())
    assert ledger.update(news(ARRIVED)) == ()


def test_the_end_of_another_visit_is_none() -> None:
    ledger = Ledger(info("v2"))
    assert ledger.update(news(LEFT)) == ()
    assert ledger.visit == info("v2")


def test_another_visit_ends_the_one_before() -> None:
    ledger = Ledger(info())
    left, arrived = ledger.update(news(ARRIVED, "v2"))
    assert (left.arrived, left.visit.visit_id) == (False, "v1")
    assert (arrived.arrived, arrived.visit.visit_id) == (True, "v2")


_NEWS = st.builds(
    news,
    st.sampled_from(VisitPhase),
    st.sampled_from(["v1", "v2", "v3"]),
    last_seen=st.floats(0, 100),
)


@given(
    st.none() | st.builds(info, st.sampled_from(["v1", "v2"])),
    st.lists(_NEWS | st.just("close") | st.just("restart")),
)
def test_arrivals_and_departures_take_turns(
    visit: VisitInfo | None, steps: list[VisitNews | str]
) -> None:
    ledger = Ledger(visit)
    events: list[VisitEvent] = []
    for step in steps:
        if isinstance(step, VisitNews):
            events += ledger.update(step)
        elif step == "close":
            events += ledger.close()
        else:
            ledger = Ledger(ledger.visit)
            events += ledger.close()
    expected = visit is None
    for event in events:
        assert event.arrived == expected
        expected = not expected
    assert (ledger.visit is None) == expected
