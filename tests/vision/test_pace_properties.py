"""Invariants of the schedule for any packets, in any order, at any time."""

from __future__ import annotations

from math import isfinite

import pytest
from porchlight.vision.budget import LEAST_PACE, MOST_DOWN, MOST_UP, ROOM, Budget
from porchlight.vision.packets import (
    DRIFT,
    LEARNING_GROUPS,
    LONGEST_GROUP,
    MOST,
    MOST_ALARM,
    PacketSizes,
)

pytest.importorskip("hypothesis", reason="hypothesis finds the cases; it is not installed here")
from hypothesis import given, settings
from hypothesis import strategies as st

# The harness freezes objects that exist by then, where hypothesis does not find its own generator.
pytestmark = pytest.mark.filterwarnings(
    "error", "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning"
)

type Packet = tuple[float, int, bool, bool, bool]

GAPS = st.sampled_from([0.0, 0.001, 0.04, 0.1, 0.1, 1.0, 30.0, 1e6, -0.1, -1e6])
BYTES = st.integers(0, 10**7) | st.sampled_from([0, 200, 250, 300, 5000])
SMALLEST = st.sampled_from([0.0, 1.0, 1200.0, 1e6])
# Seconds since the last packet, bytes, whether it is a key frame, calm, and a false alarm.
PACKETS = st.lists(
    st.tuples(GAPS, BYTES, st.integers(0, 9).map(lambda n: n == 0), st.booleans(), st.booleans()),
    max_size=60,
)
# Enough packets in a row for an alarm, however much false ones have raised the threshold.
ENOUGH = 40
GROUP = ENOUGH + 5


def teach(sizes: PacketSizes, groups: int, at: float) -> float:
    """Show some groups of pictures without motion; returns when the last packet came."""
    for number in range(groups * GROUP):
        at += 0.1
        sizes.alarm(200, at, key=number % GROUP == 0, calm=True)
    return at


@settings(max_examples=200, deadline=None)
@given(PACKETS, SMALLEST, st.sampled_from([0, 1, 4]))
def test_no_single_packet_and_no_key_frame_raises_an_alarm(
    packets: list[Packet], smallest: float, groups: int
) -> None:
    sizes = PacketSizes(smallest)
    at = teach(sizes, groups, 1000.0)
    sizes.alarm(200, at, key=True, calm=True)
    groups += 1
    quiet = True
    for gap, size, key, calm, false in packets:
        at += gap
        alarmed = sizes.alarm(size, at, key=key, calm=calm)
        groups += key
        assert not (alarmed and (key or quiet))
        assert isinstance(sizes.blind, bool)
        assert sizes.blind or groups > LEARNING_GROUPS
        # Key frames have their own usual size, which means nothing.
        quiet = quiet and key
        if false:
            sizes.was_false()
            quiet = True


@settings(max_examples=100, deadline=None)
@given(PACKETS, st.integers(0, 100))
def test_false_alarms_never_disable_alarms(packets: list[Packet], false: int) -> None:
    sizes, at = PacketSizes(1200.0), 1000.0
    for gap, size, key, calm, _ in packets:
        at += gap
        sizes.alarm(size, at, key=key, calm=calm)
    at = teach(sizes, 4, at)
    for _ in range(false):
        sizes.was_false()
    sizes.alarm(200, at, key=True, calm=False)
    alarms = [sizes.alarm(10**9, at + i / 10, key=False, calm=False) for i in range(ENOUGH)]
    assert alarms[-1]
    assert ENOUGH * (MOST - DRIFT) > MOST_ALARM


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(GAPS, st.booleans(), st.booleans()), max_size=80), BYTES)
def test_constant_sizes_raise_no_alarm(packets: list[tuple[float, bool, bool]], size: int) -> None:
    sizes, at = PacketSizes(1200.0), 1000.0
    for gap, key, calm in packets:
        at += gap
        assert not sizes.alarm(size, at, key=key, calm=calm)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 50), st.integers(0, 10**6))
def test_an_endless_group_is_tolerated(over: int, size: int) -> None:
    sizes = PacketSizes(1200.0)
    for length in (LONGEST_GROUP + over + ENOUGH, LONGEST_GROUP):
        assert not any(sizes.alarm(size, 1.0, key=False, calm=True) for _ in range(length))
        assert sizes.blind
        sizes.alarm(size, 1.0, key=length > LONGEST_GROUP, calm=True)
    # No usual size is known for a place so late in the group.
    assert not any(sizes.alarm(10**9, 1.0, key=False, calm=False) for _ in range(ENOUGH))


USES = st.lists(
    st.tuples(
        st.floats(0, 1e6) | st.floats(0, 4),
        st.floats(1e-6, 1e6) | st.sampled_from([-10.0, 0.0, 1.0, 1.0, 5.0]),
    ),
    max_size=60,
)
CORES = st.sampled_from([0.1, 0.5, 2.0, 64.0])


@settings(max_examples=200, deadline=None)
@given(CORES, USES)
def test_the_pace_stays_in_its_range_and_changes_in_steps(
    cores: float, uses: list[tuple[float, float]]
) -> None:
    budget = Budget(cores)
    for seconds, elapsed in uses:
        before, used = budget.pace, budget.used
        budget.update(seconds, elapsed)
        assert LEAST_PACE <= budget.pace <= 1
        assert isfinite(budget.used)
        if elapsed <= 0:
            assert (budget.pace, budget.used) == (before, used)
            continue
        factor = budget.pace / before
        assert MOST_DOWN * 0.999 <= factor <= MOST_UP * 1.001
        if budget.used > cores:
            assert factor < 1 or budget.pace == LEAST_PACE
        elif budget.used >= ROOM * cores:
            assert budget.pace == before
        else:
            assert factor > 1 or budget.pace == 1


@settings(max_examples=100, deadline=None)
@given(CORES, USES, st.floats(0.05, 20))
def test_the_pace_settles_at_what_the_machine_can_afford(
    cores: float, uses: list[tuple[float, float]], full: float
) -> None:
    budget = Budget(cores)
    for seconds, elapsed in uses:
        budget.update(seconds, elapsed)
    # All wanted looks would use this many times the budget.
    for _ in range(100):
        budget.update(budget.pace * full * cores, 1.0)
    load = budget.pace * full
    assert load <= 1.001 or budget.pace == LEAST_PACE
    assert load >= ROOM * 0.999 or budget.pace == 1
