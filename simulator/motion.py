"""Measures when something moves in a video, like a camera's own cell motion detector."""

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simulator.encode import decode
from simulator.probe import Source

type Luma = NDArray[np.int16]

# The picture is divided into the cells of a small gray copy, which averages out noise.
_WIDTH, _HEIGHT = 96, 54
# Gray levels by which a cell must differ from the recent past.
_LEVEL = 14
# Share of the cells that must differ.
_SHARE = 0.004
# Frames are compared with the one about this many seconds earlier.
_LAG = 0.4
# Shorter pauses belong to the motion around them; cameras hold the alarm, too.
_HOLD = 1.0
# Shorter than this is noise.
_SHORTEST = 0.3


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A period of motion in seconds of the footage, end excluded."""

    start: float
    end: float


def measure(video: Path, source: Source) -> tuple[Interval, ...]:
    """Return when something moves in a video; raises FootageError."""
    lag = max(1, round(_LAG * source.fps))
    recent: list[Luma] = []
    moving: list[bool] = []
    for frame in decode(video):
        small = frame.reformat(width=_WIDTH, height=_HEIGHT, format="gray8")
        grey = small.to_ndarray().astype(np.int16)
        moving.append(bool(recent) and _differs(recent[0], grey))
        recent.append(grey)
        del recent[:-lag]
    times = source.times[: len(moving)]
    flags = moving[: len(times)]
    return merge(_runs(flags, times, source.duration), source.duration)


def merge(intervals: Iterable[Interval], duration: float) -> tuple[Interval, ...]:
    """Join periods with short pauses between them and drop those that are too short."""
    joined: list[Interval] = []
    for interval in intervals:
        if joined and interval.start - joined[-1].end < _HOLD:
            joined[-1] = Interval(start=joined[-1].start, end=interval.end)
        else:
            joined.append(interval)
    return tuple(
        Interval(start=one.start, end=min(one.end, duration))
        for one in joined
        if one.end - one.start >= _SHORTEST
    )


def is_moving(intervals: Sequence[Interval], position: float) -> bool:
    """Return whether something moves at a second of the footage."""
    return any(one.start <= position < one.end for one in intervals)


def next_change(intervals: Sequence[Interval], position: float, duration: float) -> float:
    """Return the seconds from `position` until motion begins or ends, or the loop ends."""
    edges = [edge for one in intervals for edge in (one.start, one.end)]
    return min((edge for edge in edges if edge > position), default=duration) - position


def _runs(flags: Sequence[bool], times: Sequence[float], duration: float) -> Iterable[Interval]:
    start: float | None = None
    for flag, time in zip(flags, times, strict=True):
        if flag and start is None:
            start = time
        elif not flag and start is not None:
            yield Interval(start=start, end=time)
            start = None
    if start is not None:
        yield Interval(start=start, end=duration)


def _differs(before: Luma, now: Luma) -> bool:
    changed = np.abs(now - before) > _LEVEL
    return bool(changed.mean() >= _SHARE)
