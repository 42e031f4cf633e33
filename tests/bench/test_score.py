"""Every figure, with visits made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bench.arms.protocol import STAGES, SeenVisit
from bench.run import Outcome
from bench.score import cost, inferences_per_minute, judge, percentile_95, score
from bench.truth import TrueWalk

WALK = TrueWalk(first=10.0, gone=20.0, people=1)


def visit(arrived: float, left: float) -> SeenVisit:
    return SeenVisit(arrived_at=arrived, left_at=left, most=1)


def outcome(*visits: SeenVisit, walks: tuple[TrueWalk, ...] = (WALK,), **more: Any) -> Outcome:
    values = {
        "case": "one",
        "condition": "day",
        "height": 120,
        "seconds": 60.0,
        "cpu": dict.fromkeys(STAGES, 0.0),
        "counts": dict.fromkeys(STAGES, 0),
        "memory": 100.0,
    }
    return Outcome(walks=walks, visits=visits, **values | more)


@pytest.mark.parametrize(
    ("seen", "found"),
    [
        (visit(11, 19), True),
        (visit(5, 7), True),
        (visit(5, 6.9), False),
        (visit(20, 25), True),
        (visit(20.1, 25), False),
    ],
)
def test_a_walk_is_found_by_a_visit_that_overlaps_it_and_lingers(
    seen: SeenVisit, *, found: bool
) -> None:
    assert (score([outcome(seen)]).recall == 1) is found


@pytest.mark.parametrize(
    ("seen", "false"),
    [(visit(4, 8), 0), (visit(4, 7.9), 1), (visit(22, 30), 0), (visit(22.1, 30), 1)],
)
def test_a_visit_is_false_if_it_misses_all_walks_by_two_seconds(
    seen: SeenVisit, false: int
) -> None:
    assert score([outcome(seen)]).false == false


def test_without_walks_every_visit_is_false() -> None:
    values = score([outcome(visit(1, 2), visit(5, 6), walks=(), seconds=3600.0)])
    assert (values.false, values.precision, values.recall) == (2, 0, None)
    assert values.false_per_day == pytest.approx(48)


def test_recall_and_precision_are_shares_over_all_cases() -> None:
    values = score([outcome(visit(11, 19)), outcome(visit(40, 41)), outcome(visit(12, 13))])
    assert values.recall == pytest.approx(2 / 3)
    assert values.precision == pytest.approx(2 / 3)


def test_a_walk_reported_twice_counts_twice() -> None:
    values = score([outcome(visit(11, 13), visit(16, 19)), outcome(visit(11, 19)), outcome()])
    assert values.visits_per_walk == pytest.approx(1.5)


def test_one_visit_over_two_walks_is_less_than_one_for_each() -> None:
    second = TrueWalk(first=25.0, gone=30.0, people=1)
    judged = judge((WALK, second), (visit(11, 29),))
    assert [walk.visits for walk in judged.walks] == [1, 1]
    assert [walk.arrival for walk in judged.walks] == [1.0, None]
    assert score([outcome(visit(11, 29), walks=(WALK, second))]).visits_per_walk == 0.5


def test_arrival_counts_from_first_visible_and_the_first_visit() -> None:
    judged = judge((WALK,), (visit(16, 19), visit(10.7, 12)))
    assert judged.walks[0].arrival == pytest.approx(0.7)


def test_a_person_reported_before_half_visible_arrives_at_once() -> None:
    assert judge((WALK,), (visit(9.5, 19),)).walks[0].arrival == 0


def test_median_and_95th_percentile_of_arrivals() -> None:
    values = score([outcome(visit(10 + late / 10, 19)) for late in range(1, 22)])
    assert values.arrival_median == pytest.approx(1.1)
    assert values.arrival_95 == pytest.approx(2.0)


def test_percentiles_of_few_values() -> None:
    assert percentile_95([]) is None
    assert percentile_95([3.0]) == 3.0


def test_cost_is_for_each_hour_of_one_camera() -> None:
    spent = dict.fromkeys(STAGES, 0.0) | {"decode": 1.5}
    assert cost([outcome(cpu=spent), outcome(cpu=spent)])["decode"] == pytest.approx(90)


def test_inferences_are_for_each_minute() -> None:
    counts = dict.fromkeys(STAGES, 0) | {"inference": 30}
    assert inferences_per_minute([outcome(counts=counts, seconds=20.0)]) == pytest.approx(90)
