from __future__ import annotations

import pytest
from porchlight.runtime.blame import DEATHS_WITHIN, PAUSES, PROBATION, Blame
from porchlight.runtime.faults import Culprit, FaultTrace

CAMERA = Culprit("a")


def trace(*lines: str) -> FaultTrace:
    """What a worker wrote whose threads are the engine's (0x10), camera a's and camera b's."""
    found = FaultTrace()
    found.thread_started(0x10, None)
    found.thread_started(0x20, "a")
    found.thread_started(0x30, "b")
    for line in lines:
        found.read(line)
    return found


SEGFAULT = "Fatal Python error: Segmentation fault"
ABORT = "Fatal Python error: Aborted"


@pytest.mark.parametrize(
    ("lines", "culprit"),
    [
        ([SEGFAULT, "", "Thread 0x20 [x]:", "Current thread 0x30 [camera]:"], Culprit("b")),
        ([SEGFAULT, "Current thread 0x10 [analyst] (most recent call first):"], Culprit()),
        ([ABORT, "Current thread 0x10 [analyst] (most recent call first):"], Culprit()),
        ([SEGFAULT, "", "Thread 0x20 [x] (most recent call first):"], Culprit()),
        ([SEGFAULT, "Thread 0x20 [x]:", "..."], None),
        ([ABORT, "Current thread 0x99 [main] (most recent call first):"], None),
        ([], None),
        (["Thread 0x20 said something", "WARNING Current thread 0x20"], None),
    ],
    ids=[
        "a camera's thread",
        "the engine's thread",
        "the engine's thread, which stood still",
        "a native thread: the engine's, for decoders have none",
        "more threads than are listed",
        "the main thread: a signal from outside, or a request",
        "killed from outside",
        "other output",
    ],
)
def test_blame_needs_proof(lines: list[str], culprit: Culprit | None) -> None:
    assert trace(*lines).culprit == culprit


def test_three_deaths_within_ten_minutes_set_aside() -> None:
    blame = Blame()
    assert blame.died(CAMERA, 0.0) is None
    assert blame.died(Culprit("b"), 1.0) is None
    assert blame.died(CAMERA, 100.0) is None
    assert blame.died(CAMERA, 200.0) == PAUSES[0]


def test_deaths_far_apart_do_not() -> None:
    blame = Blame()
    for at in range(20):
        assert blame.died(CAMERA, at * DEATHS_WITHIN / 2) is None


def test_a_crash_after_a_pause_sets_aside_at_once_and_for_longer() -> None:
    blame = Blame()
    at = 0.0
    blame.died(CAMERA, at)
    blame.died(CAMERA, at)
    pauses = [blame.died(CAMERA, at)]
    for _ in range(5):
        at += (pauses[-1] or 0.0) + 1.0
        pauses.append(blame.died(CAMERA, at))
    assert pauses == [*PAUSES, PAUSES[-1], PAUSES[-1]]


def test_a_camera_without_crashes_for_an_hour_starts_over() -> None:
    blame = Blame()
    for _ in range(3):
        pause = blame.died(CAMERA, 0.0)
    assert pause is not None
    late = pause + PROBATION
    assert blame.died(CAMERA, late) is None
    assert blame.died(CAMERA, late) is None
    assert blame.died(CAMERA, late) == PAUSES[0]


def test_forgiven_is_forgotten() -> None:
    blame = Blame()
    blame.died(CAMERA, 0.0)
    blame.died(CAMERA, 0.0)
    blame.forgive(CAMERA)
    assert blame.died(CAMERA, 0.0) is None
