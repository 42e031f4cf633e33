"""The input of every arm, and what it must report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from time import thread_time
from typing import TYPE_CHECKING, Literal, Protocol

from av import CodecContext
from av.video.codeccontext import VideoCodecContext

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream
    from porchlight.worker.detector import Detector

type Stage = Literal["demux", "decode", "motion", "inference", "rest"]
STAGES: tuple[Stage, ...] = ("demux", "decode", "motion", "inference", "rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What a decoder must know about a camera's stream."""

    codec: str
    extradata: bytes | None
    width: int
    height: int
    fps: float
    time_base: Fraction

    @classmethod
    def of(cls, container: InputContainer) -> Stream:
        """The video stream of an open file."""
        stream = container.streams.video[0]
        context = stream.codec_context
        if stream.time_base is None:
            raise ValueError("the stream has no time base")
        return cls(
            codec=context.codec.canonical_name,
            extradata=context.extradata,
            width=context.width,
            height=context.height,
            fps=float(stream.average_rate or 0),
            time_base=Fraction(stream.time_base.numerator, stream.time_base.denominator),
        )

    def decoder(self) -> VideoCodecContext:
        """A new decoder; it works in the calling thread alone, so that the meter sees its time."""
        context = CodecContext.create(self.codec, "r")
        if not isinstance(context, VideoCodecContext):
            raise TypeError(f"{self.codec} is not a video codec")
        context.extradata = self.extradata
        context.thread_count = 1
        return context


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenVisit:
    """A visit as reported by an arm: when decided, when last seen, the most people at once."""

    arrived_at: float
    left_at: float
    most: int


class Meter:
    """CPU seconds of the calling thread and counts, by stage; stages do not nest."""

    def __init__(self, clock: Callable[[], float] = thread_time) -> None:
        self._clock = clock
        self.seconds: dict[Stage, float] = dict.fromkeys(STAGES, 0.0)
        self.counts: dict[Stage, int] = dict.fromkeys(STAGES, 0)
        self.backlog = 0.0
        self._began = clock()

    @contextmanager
    def __call__(self, stage: Stage) -> Iterator[None]:
        """Count what happens inside to a stage."""
        start = self._clock()
        try:
            yield
        finally:
            self.seconds[stage] += self._clock() - start
            self.counts[stage] += 1

    def begin(self, backlog: float = 0.0) -> None:
        """Begin a packet, `backlog` seconds after it came; called by the harness."""
        self.backlog = backlog
        self._began = self._clock()

    def spent(self) -> float:
        """Seconds from the packet's arrival until now, measured by CPU time.

        A decision made now is stamped with `at + meter.spent()`.
        """
        return self.backlog + self._clock() - self._began


class Arm(Protocol):
    """One camera's decisions; packets come in order, `at` is the second of their arrival."""

    visits: list[SeenVisit]
    meter: Meter

    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        """Process a packet."""

    def close(self, at: float) -> None:
        """End open visits when the camera is gone."""


class Make(Protocol):
    """Makes an arm for one camera."""

    def __call__(self, stream: Stream, detector: Detector) -> Arm:
        """A new arm."""
