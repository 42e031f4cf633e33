"""Porchlight's own decisions, as its worker makes them for one camera."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, override

from porchlight.vision.regions import gather
from porchlight.vision.settings import Settings
from porchlight.vision.watch import Watch
from porchlight.worker.decoding import Decoder
from porchlight.worker.eye import Eye
from porchlight.worker.pixels import Shrinker

from .presence import Reported
from .protocol import Meter

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream
    from porchlight.vision.geometry import Pixels
    from porchlight.worker.detector import Detector

    from .protocol import Sample, SeenCrossing, Stream


class _MeteredDecoder(Decoder):  # type: ignore[misc] # its types are seen under its real name
    def __init__(self, stream: Stream, meter: Meter) -> None:
        super().__init__()
        self._context = stream.decoder()
        self._meter = meter

    @override
    def decode(self, packet: Packet[VideoStream]) -> list[VideoFrame]:
        with self._meter("decode"):
            return [frame for frame in self._context.decode(packet) if not frame.is_corrupt]


class _MeteredShrinker(Shrinker):  # type: ignore[misc] # as above
    def __init__(self, meter: Meter) -> None:
        super().__init__()
        self._meter = meter

    @override
    def grey(self, frame: VideoFrame, width: int, height: int) -> Pixels:
        with self._meter("motion"):
            return super().grey(frame, width, height)


class _MeteredWatch(Watch):  # type: ignore[misc] # as above
    meter: Meter

    @override
    def see(self, grey: Pixels, at: float) -> object:
        with self.meter("motion"):
            return super().see(grey, at)


class Ours:
    """The watch, the decoder and the detector, without threads: a look ends at once."""

    def __init__(self, stream: Stream, detector: Detector) -> None:
        numbers = count(1)
        self.meter = Meter()
        self._reported = Reported(self.meter)
        self.visits = self._reported.visits
        self._detector = detector
        settings = Settings(lines=stream.lines)
        self._watch = _MeteredWatch(lambda: str(next(numbers)), settings=settings)
        self._watch.meter = self.meter
        self._watch.began(stream.height)
        self._eye = Eye(
            self._watch, _MeteredDecoder(stream, self.meter), _MeteredShrinker(self.meter)
        )

    def packet(self, packet: Packet[VideoStream], at: float) -> None:
        """Process a packet."""
        newest = self._eye.take(packet, at)
        if newest is None or not self._watch.look_due(newest[1]):
            return
        frame, at = newest
        view = self._detector.view(frame)
        regions = self._watch.regions(view, at)
        seen = []
        for region in regions:
            with self.meter("inference"):
                seen.append((region, self._detector.people_in_region(frame, region)))
        look = self._watch.look(gather(seen, view), at, [view.share(one) for one in regions])
        self._reported.take(look.events, at)
        self._reported.cross(look.crossings)
        self._reported.look(look.people, self._watch.people, at)

    def close(self, at: float) -> None:
        """End the open visit."""
        self._reported.close(self._watch.pause(), at)

    @property
    def samples(self) -> list[Sample]:
        """The people after each look."""
        return self._reported.samples

    @property
    def crossings(self) -> list[SeenCrossing] | None:
        """All crossings of lines."""
        return self._reported.crossings
