"""The input of every arm, and what it must report."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from time import thread_time
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from av import CodecContext
from av.video.codeccontext import VideoCodecContext
from porchlight.vision.settings import Line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream
    from porchlight.worker.detector import Detector

    from bench.truth import Corners

type Stage = Literal["demux", "decode", "motion", "inference", "rest"]
STAGES: tuple[Stage, ...] = ("demux", "decode", "motion", "inference", "rest")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """What an arm must know about a camera: its stream, and the lines whose crossings count."""

    codec: str
    extradata: bytes | None
    width: int
    height: int
    fps: float
    time_base: Fraction
    lines: tuple[Line, ...] = ()

    @classmethod
    def of(cls, container: InputContainer, lines: tuple[Line, ...] = ()) -> Stream:
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
            lines=lines,
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
    """A visit as reported by an arm: when decided, when last seen, the most people at once.

    `ended_at` is when its end was reported; None if it was open when the recording ended.
    """

    arrived_at: float
    left_at: float
    most: int
    ended_at: float | None = None


class Sample(NamedTuple):
    """The people counted after a look at the frame of second `at`, which was known at `known_at`.

    `tracks` are each person's number and box; None if the arm has none.
    """

    at: float
    known_at: float
    people: int
    tracks: tuple[tuple[int, Corners], ...] | None = None


class SeenCrossing(NamedTuple):
    """A crossing of a line as reported by an arm; `inward` is to the right of its direction."""

    at: float
    line: str
    inward: bool


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
    """One camera's decisions; packets come in order, `at` is the second of their arrival.

    `crossings` is None for an arm that knows no lines.
    """

    meter: Meter

    @property
    def visits(self) -> Sequence[SeenVisit]:
        """All visits that have ended."""

    @property
    def samples(self) -> Sequence[Sample]:
        """The people after each look."""

    @property
    def crossings(self) -> Sequence[SeenCrossing] | None:
        """All crossings of lines."""

    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        """Process a packet."""

    def close(self, at: float) -> None:
        """End open visits when the camera is gone."""


class Make(Protocol):
    """Makes an arm for one camera."""

    def __call__(self, stream: Stream, detector: Detector) -> Arm:
        """A new arm."""
