from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from porchlight.worker.moments import STEP, Moments


class Clocks:
    """A monotonic clock and one on the wall, both set by a test."""

    def __init__(self) -> None:
        self.at, self.offset = 1000.0, 1_700_000_000.0
        self.moments = Moments(lambda: self.at, lambda: self.at + self.offset)


def test_a_moment_is_what_the_clock_said_then() -> None:
    clocks = Clocks()
    assert clocks.moments.wall(1000.0) == pytest.approx(1_700_001_000)
    assert clocks.moments.wall(990.0) == pytest.approx(1_700_000_990)


@pytest.mark.parametrize("step", [3600.0, -3600.0, 0.2])
def test_a_clock_that_is_set_moves_no_moment_from_before(step: float) -> None:
    clocks = Clocks()
    clocks.at += 10
    before = clocks.moments.note()
    was = clocks.moments.wall(before)
    clocks.offset += step
    clocks.at += 5
    after = clocks.moments.note()
    assert clocks.moments.wall(before) == was
    assert clocks.moments.wall(after) == pytest.approx(was + 5 + step)


@given(st.lists(st.tuples(st.floats(0.01, 100), st.floats(-1e6, 1e6)), max_size=50))
def test_noted_moments_keep_their_time_after_clock_changes(
    steps: list[tuple[float, float]],
) -> None:
    clocks = Clocks()
    noted = {}
    for elapsed, jump in steps:
        clocks.at += elapsed
        clocks.offset += jump
        noted[clocks.moments.note()] = clocks.at + clocks.offset
        for moment, said in noted.items():
            assert abs(clocks.moments.wall(moment) - said) <= STEP + 1e-3
