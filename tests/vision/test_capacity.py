from __future__ import annotations

import pytest
from porchlight.vision.capacity import LOOKING, LOOKS, Demand


def demand(cameras: int, cores: int = 4, share: float = 0.5) -> Demand:
    return Demand(cameras=cameras, cores=cores, budget=share * cores)


@pytest.mark.parametrize(
    ("cameras", "busy"), [(1, 1), (2, 2), (3, 2), (8, 2), (9, 3), (12, 3), (32, 8)]
)
def test_a_quarter_of_the_cameras_but_at_least_two_are_busy(cameras: int, busy: int) -> None:
    assert demand(cameras).looks == busy * LOOKS


@pytest.mark.parametrize(
    ("cores", "threads"),
    [(1, (1,)), (2, (1,)), (3, (1,)), (4, (1, 2)), (6, (1, 2, 3)), (8, (1, 2, 4)), (64, (1, 2, 4))],
)
def test_an_engine_gets_no_more_than_half_of_the_cores(
    cores: int, threads: tuple[int, ...]
) -> None:
    assert demand(8, cores).threads == threads


def test_a_large_budget_gives_the_single_thread_no_more_time() -> None:
    # Six looks a second, so a sixth of a second for each.
    ample = demand(8, cores=64)
    assert ample.keeps_up(166, 1)
    assert not ample.keeps_up(168, 1)


def test_a_small_budget_limits_before_the_single_thread_does() -> None:
    # The share LOOKING of one core is available for six looks a second.
    small = demand(8, cores=2)
    limit = LOOKING * 1000 / 6
    assert small.keeps_up(limit * 0.99, 1)
    assert not small.keeps_up(limit * 1.01, 1)
    assert not small.keeps_up(limit * 0.51, 2)
