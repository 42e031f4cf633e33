"""One camera: its stream read in a thread of its own, its watch, and what it reports."""

from __future__ import annotations

import logging
import random
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, time
from typing import TYPE_CHECKING
from uuid import uuid4

from ..vision.life import Furniture, Piece
from ..vision.visits import Arrived, Left, Visit
from ..vision.watch import Watch
from .backoff import Backoff
from .decoding import DECODE_SECONDS, Decoder
from .errors import StreamError, StreamProblem
from .eye import Eye
from .masks import Curtain
from .messages import (
    BestPicture,
    FurnitureKnown,
    LineCrossed,
    PictureKept,
    Status,
    StreamDown,
    StreamUp,
    ThreadStarted,
    VisitInfo,
    VisitNews,
    VisitPhase,
)
from .pictures import jpeg, keep
from .pixels import Shrinker
from .stream import OPEN_SECONDS, READ_SECONDS, Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from av.video.frame import VideoFrame

    from ..vision.regions import Region, View
    from ..vision.visits import VisitEvent
    from ..vision.watch import Look
    from .analyst import Analyst, Sight
    from .messages import AddCamera, Report

_LOGGER = logging.getLogger(__name__)

RATE_WINDOW = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a camera waits, in seconds."""

    first_retry: float = 1.0
    last_retry: float = 60.0
    # A stream that lasted so long was a good one: the next retry is quick again.
    good_stream: float = 30.0
    # Without a look for so long, people are taken to have left.
    visit_survives: float = 20.0
    # Between reports when nothing changed.
    status_interval: float = 30.0
    # Between two best pictures of one visit.
    picture_interval: float = 2.0
    opening: float = OPEN_SECONDS
    reading: float = READ_SECONDS
    decoding: float = DECODE_SECONDS


TIMING = Timing()


class Camera(threading.Thread):
    """Watches one camera until told to stop; reports from two threads."""

    def __init__(
        self,
        config: AddCamera,
        analyst: Analyst,
        report: Callable[[Report], None],
        *,
        timing: Timing = TIMING,
    ) -> None:
        super().__init__(name=f"camera-{config.camera_id}", daemon=True)
        self.config = config
        self._analyst = analyst
        self._send = report
        self._stopped = threading.Event()
        self._timing = timing
        # Guards the watch and the figures below, for the analyst's thread comes in too; held
        # until what was decided is reported, so that reports come in the order of events.
        self._lock = threading.RLock()
        self._detect = config.detect
        open_visit = config.open_visit
        self._watch = Watch(
            lambda: uuid4().hex,
            _to_visit(open_visit) if open_visit is not None else None,
            Furniture([Piece(box) for box in config.furniture]),
            settings=config.settings,
        )
        self._furniture = config.furniture
        self._last: VideoFrame | None = None
        self._last_at: float | None = None
        self._looks: deque[float] = deque(maxlen=100)
        self._inference: float | None = None
        self._people: int | None = None
        self._moving: bool | None = None
        self._status_at = float("-inf")
        self._reported: tuple[object, ...] = ()
        self._picture_at = float("-inf")
        self._pending: tuple[VideoFrame, float] | None = None
        self._down_since: float | None = monotonic()
        self._looked_at = monotonic()

    def stop(self) -> None:
        """Stop soon; nothing is reported from now on."""
        self._stopped.set()
        self._analyst.forget(self)

    def set_detection(self, *, enabled: bool) -> None:
        """Look for people, or stop and end the visit."""
        with self._lock:
            self._detect = enabled
            self._people = None
            if not enabled:
                self._analyst.withdraw(self)
                self._end_visit()
            self._report_status(force=True)

    def still(self, width: int | None, height: int | None) -> bytes | None:
        """The last frame as JPEG, if there is a stream and pictures may be made."""
        frame = self._last
        if frame is None or self.config.picture_path is None:
            return None
        return jpeg(frame, width, height)

    def run(self) -> None:
        """Read the stream, again and again."""
        self._report(ThreadStarted(camera_id=self.config.camera_id, thread=threading.get_ident()))
        if not self.config.detect:
            self._end_visit()
        backoff = Backoff(self._timing.first_retry, self._timing.last_retry, random.random)
        while not self._stopped.is_set():
            began = monotonic()
            try:
                self._read()
            except StreamError as error:
                self._went_down(error)
            except Exception as error:
                # Whatever it was: without this thread the camera is lost.
                _LOGGER.exception("A stream could not be read")
                self._went_down(StreamError(StreamProblem.BROKEN, type(error).__name__))
            if monotonic() - began >= self._timing.good_stream:
                backoff.reset()
            self._wait(backoff.wait())
        self._last = self._pending = None
        self._analyst.forget(self)

    def regions(self, view: View, at: float) -> tuple[Region, ...]:
        """Where to look on a frame."""
        with self._lock:
            if self._stopped.is_set() or not self._detect:
                return ()
            return self._watch.regions(view, at)

    def looked(self, sight: Sight) -> None:
        """Take over what the analyst saw on a frame."""
        frame, at = sight.frame, sight.at
        with self._lock:
            if self._stopped.is_set() or not self._detect:
                return
            look = self._watch.look(sight.people, at, sight.regions)
            self._looked_at = monotonic()
            self._looks.append(at)
            pace = sight.seconds * 1000
            self._inference = pace if self._inference is None else (self._inference * 9 + pace) / 10
            self._people = look.people if self._down_since is None else None
            # The picture first: whoever hears of the visit can already fetch it.
            picture = self._best_picture(frame, at, look)
            self._tell(look.events)
            self._tell_crossings(look)
            self._tell_furniture()
            self._report_status()
        if picture is not None and self.config.picture_path is not None:
            kept = keep(Path(self.config.picture_path), picture)
            self._report(PictureKept(camera_id=self.config.camera_id, kept=kept))

    def _read(self) -> None:
        timing = self._timing
        with Stream(self.config.source, opening=timing.opening, reading=timing.reading) as stream:
            decoder = Decoder(patience=timing.decoding)
            curtain = Curtain(self.config.settings.masks)
            eye = Eye(self._watch, decoder, Shrinker(), self._lock, curtain)
            with self._lock:
                self._watch.began(stream.height)
            for packet in stream.packets():
                if self._stopped.is_set():
                    return
                at = monotonic()
                newest = eye.take(packet, at, always=stream.reorders)
                if newest is not None:
                    if self._down_since is not None:
                        self._came_up(stream.codec, newest[0])
                    self._take(*newest)
                self._idle(at)

    def _take(self, frame: VideoFrame, at: float) -> None:
        self._last, self._last_at = frame, at
        with self._lock:
            self._watch.pace = self._analyst.pace
            wanted = self._detect and self._analyst.ready and self._watch.look_due(at)
            if wanted:
                self._analyst.offer(self, frame, at)

    def _idle(self, at: float) -> None:
        """What is due whether or not there is a new frame."""
        with self._lock:
            self._moving = self._watch.moving(at)
            if self._watch.visit and at - self._looked_at >= self._timing.visit_survives:
                self._end_visit()
            self._report_status()

    def _came_up(self, codec: str, frame: VideoFrame) -> None:
        # First: whoever hears of it may ask for a still at once.
        self._last = frame
        with self._lock:
            self._down_since = None
            self._looked_at = monotonic()
            # Who heard that the stream was down has forgotten the rest.
            self._status_at = float("-inf")
            self._report(
                StreamUp(
                    camera_id=self.config.camera_id,
                    codec=codec,
                    width=frame.width,
                    height=frame.height,
                )
            )

    def _went_down(self, error: StreamError) -> None:
        self._last = None
        self._analyst.withdraw(self)
        with self._lock:
            if self._down_since is None:
                self._down_since = monotonic()
            self._people = self._moving = None
            self._report(
                StreamDown(
                    camera_id=self.config.camera_id, problem=error.problem, detail=error.detail
                )
            )

    def _wait(self, seconds: float) -> None:
        """Wait for the next try; people are gone when the stream is away for long."""
        survives = self._timing.visit_survives
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            down = self._down_since
            if down is not None and monotonic() - down >= survives:
                self._end_visit()
            if self._stopped.wait(min(left, 1.0)):
                return

    def _end_visit(self) -> None:
        with self._lock:
            self._tell(self._watch.pause())

    def _tell(self, events: Sequence[VisitEvent]) -> None:
        for event in events:
            phase = {Arrived: VisitPhase.ARRIVED, Left: VisitPhase.LEFT}.get(
                type(event), VisitPhase.CHANGED
            )
            self._report(
                VisitNews(camera_id=self.config.camera_id, phase=phase, visit=_to_info(event.visit))
            )

    def _tell_crossings(self, look: Look) -> None:
        for crossing in look.crossings:
            self._report(
                LineCrossed(
                    camera_id=self.config.camera_id,
                    line_id=crossing.line_id,
                    inward=crossing.inward,
                    at=_wall(crossing.at),
                )
            )

    def _tell_furniture(self) -> None:
        boxes = tuple(piece.box for piece in self._watch.furniture.pieces)
        if boxes != self._furniture:
            self._furniture = boxes
            self._report(FurnitureKnown(camera_id=self.config.camera_id, boxes=boxes))

    def _best_picture(self, frame: VideoFrame, at: float, look: Look) -> bytes | None:
        """Send the visit's best picture: at its start, then as better ones come."""
        if self.config.picture_path is None:
            return None
        if look.best is not None:
            self._pending = (frame, at)
        visit = self._watch.visit
        if visit is None:
            self._pending = None
        if visit is None or self._pending is None:
            return None
        began = any(isinstance(event, Arrived) for event in look.events)
        if not began and at - self._picture_at < self._timing.picture_interval:
            return None
        (best, taken), self._pending, self._picture_at = self._pending, None, at
        picture = jpeg(best)
        self._report(
            BestPicture(
                camera_id=self.config.camera_id,
                visit_id=visit.visit_id,
                at=_wall(taken),
                jpeg=picture,
            )
        )
        return picture

    def _report_status(self, *, force: bool = False) -> None:
        """Report what changed at once, and the rest now and then. Called with the lock held."""
        now = monotonic()
        if self._last_at is None or (self._down_since is not None and not force):
            return
        while self._looks and now - self._looks[0] > RATE_WINDOW:
            self._looks.popleft()
        zones = None if self._people is None else self._watch.zones
        state = (self._moving, self._people, zones)
        overdue = now - self._status_at >= self._timing.status_interval
        if not (force or overdue or state != self._reported):
            return
        self._reported, self._status_at = state, now
        self._report(
            Status(
                camera_id=self.config.camera_id,
                frame_at=_wall(self._last_at),
                moving=self._moving,
                people=self._people,
                zones=zones,
                fps=round(len(self._looks) / RATE_WINDOW, 1),
                inference_ms=None if self._inference is None else round(self._inference, 1),
            )
        )

    def _report(self, message: Report) -> None:
        if not self._stopped.is_set():
            self._send(message)


def _wall(moment: float) -> float:
    """A monotonic moment as seconds since the epoch."""
    return time() - (monotonic() - moment)


def _to_info(visit: Visit) -> VisitInfo:
    return VisitInfo(
        visit_id=visit.visit_id,
        arrived_at=_wall(visit.arrived_at),
        last_seen=_wall(visit.last_seen),
        score=round(visit.score, 3),
        count=visit.count,
        most=visit.most,
        zones=visit.zones,
    )


def _to_visit(info: VisitInfo) -> Visit:
    offset = monotonic() - time()
    return Visit(
        visit_id=info.visit_id,
        arrived_at=info.arrived_at + offset,
        last_seen=info.last_seen + offset,
        score=info.score,
        count=info.count,
        most=info.most,
        zones=info.zones,
    )
