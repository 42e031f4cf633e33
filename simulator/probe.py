"""Reads a video file's size, frame rate and frame times before it is prepared."""

import dataclasses
import itertools
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Protocol

import av

from simulator.errors import FootageError

FALLBACK_FPS = Fraction(10)

_SLOWEST = Fraction(1, 2)
_FASTEST = Fraction(120)
# A longer gap in the time stamps is a fault of the recorder, not a still scene.
_LONGEST_GAP = 10.0


class _Rational(Protocol):
    @property
    def numerator(self) -> int: ...

    @property
    def denominator(self) -> int: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A video's picture size, frame rate, and each frame's time from its start."""

    width: int
    height: int
    fps: Fraction
    times: tuple[float, ...]

    @property
    def duration(self) -> float:
        """Seconds from the first frame to the end of the last."""
        return self.times[-1] + float(1 / self.fps)


def probe(video: Path) -> Source:
    """Read a video's headers and time stamps; raises FootageError."""
    try:
        with av.open(str(video)) as container:
            if not container.streams.video:
                raise FootageError(f"{video} has no video")
            stream = container.streams.video[0]
            width, height = stream.codec_context.width, stream.codec_context.height
            average = _fraction(stream.average_rate)
            base = _fraction(stream.time_base) or Fraction(1, 90000)
            packets = [packet for packet in container.demux(stream) if packet.size]
    except OSError as error:  # PyAV's file errors are OSErrors, too
        raise FootageError(f"{video} cannot be read: {error}") from error
    except av.error.FFmpegError as error:
        raise FootageError(f"{video} is not a video: {error}") from error
    if not packets:
        raise FootageError(f"{video} has no frame")
    stamps = [packet.pts for packet in packets]
    times = [float(stamp * base) for stamp in sorted(s for s in stamps if s is not None)]
    fps, times = settle_times(average, times, len(packets))
    return Source(width=width, height=height, fps=fps, times=tuple(times))


def settle_times(
    average: Fraction | None, times: Sequence[float], count: int
) -> tuple[Fraction, list[float]]:
    """Return a usable frame rate and each frame's seconds from the first.

    The rate is the header's if it is plausible, else that of the time stamps, else
    `FALLBACK_FPS`. Time stamps that are missing, repeated or jump are replaced by even ones.
    """
    sound = len(times) == count and all(
        0 < later - earlier <= _LONGEST_GAP for earlier, later in itertools.pairwise(times)
    )
    fps = average
    if not _plausible(fps) and sound and count > 1:
        span = times[-1] - times[0]
        fps = Fraction((count - 1) / span).limit_denominator(100)
    if fps is None or not _plausible(fps):
        return FALLBACK_FPS, [float(i / FALLBACK_FPS) for i in range(count)]
    if not sound:
        return fps, [float(i / fps) for i in range(count)]
    return fps, [time - times[0] for time in times]


def pick_frames(source: Source, fps: Fraction) -> list[int]:
    """Return, for each frame of an even `fps`, the source frame in view at that time."""
    tolerance = float(1 / source.fps) / 2
    total = max(1, round(source.duration * fps))
    picks: list[int] = []
    current = 0
    last = len(source.times) - 1
    for index in range(total):
        until = float(index / fps) + tolerance
        while current < last and source.times[current + 1] <= until:
            current += 1
        picks.append(current)
    return picks


def _plausible(fps: Fraction | None) -> bool:
    return fps is not None and _SLOWEST <= fps <= _FASTEST


def _fraction(rational: _Rational | None) -> Fraction | None:
    # PyAV returns Fractions or, since version 19, its own rationals.
    if rational is None or not rational.denominator:
        return None
    return Fraction(rational.numerator, rational.denominator)
