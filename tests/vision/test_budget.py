from __future__ import annotations

import pytest
from porchlight.vision.budget import LEAST_PACE, Budget


def run(budget: Budget, wanted: float, fixed: float = 0.0, rounds: int = 60) -> float:
    """The cores in use at the end, if looks at full pace and everything else cost this many."""
    for _ in range(rounds):
        used = fixed + wanted * budget.pace
        budget.update(used * 3, 3)
    return fixed + wanted * budget.pace


def test_within_the_budget_everything_is_looked_at() -> None:
    budget = Budget(1.0)
    run(budget, 0.8)
    assert budget.pace == 1.0


@pytest.mark.parametrize("wanted", [1.5, 3.0, 8.0])
def test_beyond_it_the_pace_falls_until_the_budget_is_kept(wanted: float) -> None:
    budget = Budget(1.0)
    used = run(budget, wanted)
    assert 0.85 <= used <= 1.02


def test_it_falls_within_seconds() -> None:
    budget = Budget(1.0)
    assert run(budget, 4.0, rounds=3) <= 1.3


def test_when_it_is_quiet_again_the_pace_rises_again() -> None:
    budget = Budget(1.0)
    run(budget, 4.0)
    run(budget, 0.5)
    assert budget.pace == 1.0


def test_looks_never_stop_however_much_else_costs() -> None:
    budget = Budget(1.0)
    run(budget, 1.0, fixed=5.0)
    assert budget.pace == LEAST_PACE


@pytest.mark.parametrize("elapsed", [0.0, -3.0])
def test_a_clock_that_stops_or_goes_back_does_no_harm(elapsed: float) -> None:
    budget = Budget(1.0)
    budget.update(10.0, elapsed)
    assert budget.pace == 1.0


def test_a_process_that_used_nothing_is_tolerated() -> None:
    budget = Budget(1.0)
    run(budget, 4.0)
    budget.update(0.0, 3.0)
    assert budget.pace < 1
