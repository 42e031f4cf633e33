"""Invariants for any machine and any number of cameras."""

from __future__ import annotations

import pytest
from porchlight.vision.capacity import LOOKING, MOST_THREADS, Demand

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import given
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

CAMERAS = st.integers(1, 64)
CORES = st.integers(1, 64)
SHARES = st.floats(0.1, 1.0)
MS = st.floats(0.5, 5000)
THREADS = st.integers(1, MOST_THREADS)


def demand(cameras: int, cores: int = 4, share: float = 0.5) -> Demand:
    return Demand(cameras=cameras, cores=cores, budget=share * cores)


DEMANDS = st.builds(demand, CAMERAS, CORES, SHARES)


@given(DEMANDS, MS, THREADS, st.floats(0.1, 1))
def test_a_faster_model_never_loads_more(
    asked: Demand, ms: float, threads: int, part: float
) -> None:
    assert asked.load(ms * part, threads) <= asked.load(ms, threads)


@given(CAMERAS, CAMERAS, CORES, SHARES, MS, THREADS)
def test_more_cameras_never_need_less(
    one: int, more: int, cores: int, share: float, ms: float, threads: int
) -> None:
    few, many = demand(one, cores, share), demand(one + more, cores, share)
    assert few.load(ms, threads) <= many.load(ms, threads)


@given(CAMERAS, CORES, SHARES, SHARES, MS, THREADS)
def test_a_larger_budget_is_never_worse(
    cameras: int, cores: int, one: float, other: float, ms: float, threads: int
) -> None:
    less, more = (demand(cameras, cores, share) for share in sorted((one, other)))
    assert more.load(ms, threads) <= less.load(ms, threads)


@given(DEMANDS, MS, THREADS)
def test_keeping_up_uses_neither_more_than_a_second_nor_than_the_budget(
    asked: Demand, ms: float, threads: int
) -> None:
    seconds = asked.looks * ms / 1000
    within = seconds <= 1 and seconds * threads <= asked.budget * LOOKING
    near = asked.load(ms, threads) == pytest.approx(1)
    assert near or asked.keeps_up(ms, threads) == within


@given(DEMANDS, MS, st.lists(st.floats(0.2, 1), min_size=1, max_size=4))
def test_no_load_is_below_the_least_load(asked: Demand, alone: float, gains: list[float]) -> None:
    assert asked.least_load(alone, 1) == asked.load(alone, 1)
    for threads, gain in enumerate(gains, 1):
        ms = alone / (1 + (threads - 1) * gain)
        assert asked.least_load(alone, threads) <= asked.load(ms, threads) * (1 + 1e-9)
