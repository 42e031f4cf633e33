from __future__ import annotations

import pytest
from porchlight.worker.backoff import Backoff


def test_waits_double_up_to_the_most() -> None:
    backoff = Backoff(1.0, 10.0, lambda: 0.5)
    assert [backoff.wait() for _ in range(6)] == pytest.approx([1, 2, 4, 8, 10, 10])


def test_after_success_the_first_wait_comes_again() -> None:
    backoff = Backoff(1.0, 10.0, lambda: 0.5)
    for _ in range(4):
        backoff.wait()
    backoff.reset()
    assert backoff.wait() == pytest.approx(1)


@pytest.mark.parametrize(("random", "wait"), [(0.0, 7.0), (0.999999, 13.0)])
def test_waits_are_spread(random: float, wait: float) -> None:
    assert Backoff(10.0, 10.0, lambda: random).wait() == pytest.approx(wait, abs=0.01)
