"""Reports the results of one camera's watch."""

from __future__ import annotations

import threading
from collections import deque
from time import monotonic, time
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from ..vision.furniture import Furniture, Piece
from ..vision.types import NEVER
from ..vision.visits import Arrived, Left, Visit
from ..vision.watch import Watch
from .messages import (
    BestPicture,
    FurnitureKnown,
    LineCrossed,
    PictureKept,
    Status,
    StreamDown,
    StreamUp,
    VisitInfo,
    VisitNews,
    VisitPhase,
)
from .moments import Moments
from .pictures import jpeg
from .timing import TIMING, Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from av.video.frame import VideoFrame

    from ..vision.regions import Region, View
    from ..vision.visits import VisitEvent
    from ..vision.watch import Look
    from .analyst import Sight
    from .errors import StreamError
    from .messages import Report, WatchCamera

RATE_WINDOW = 10.0
# The most updates that are remembered; a frame older than all of them belongs to the first.
REVISIONS_KEPT = 32


class Disk(Protocol):
    """Stores pictures in the background; jobs for one path are done in order."""

    def put(self, path: str, picture: bytes, report: Callable[[bool], None]) -> None:
        """Have a picture written; `report` is called from another thread with the success."""

    def delete(self, path: str) -> None:
        """Have a picture deleted."""


class Reporter:
    """One camera's watch and its reports; times are monotonic seconds.

    Callers hold `lock`, so that reports come in the order of events.
    """

    def __init__(
        self,
        config: WatchCamera,
        send: Callable[[Report], None],
        disk: Disk,
        *,
        timing: Timing = TIMING,
        clock: Callable[[], float] = monotonic,
        wall: Callable[[], float] = time,
    ) -> None:
        self.lock = threading.RLock()
        self.config = config
        self._send, self._disk = send, disk
        self._timing, self._clock = timing, clock
        self._moments = Moments(clock, wall)
        # The visit as reports show it, in wall-clock time.
        self._visit = config.open_visit
        self._seen_at = NEVER
        self.watch = Watch(
            lambda: uuid4().hex,
            _to_visit(self._visit) if self._visit else None,
            Furniture([Piece(box) for box in config.furniture]),
            settings=config.settings,
        )
        self._furniture = config.furniture
        # Pictures are made only of frames that came after this.
        self._pictures_since = NEVER
        self._revisions: deque[tuple[float, int]] = deque(
            [(NEVER, config.revision)], maxlen=REVISIONS_KEPT
        )
        self._stopped = False
        self._up = False
        self._frame_at: float | None = None
        self._looks: deque[float] = deque(maxlen=100)
        self._looked_at = self._visit_at = clock()
        self._inference: float | None = None
        self.people: int | None = None
        self._moving: bool | None = None
        self._status_at = self._picture_at = NEVER
        self._reported: tuple[object, ...] = ()
        self._pending: tuple[VideoFrame, float] | None = None

    def start(self) -> None:
        """End a visit from before if detection is off."""
        if not self.config.detect:
            self._end_visit()

    def stop(self) -> None:
        """Stop reporting."""
        self._stopped, self._pending = True, None

    def update(self, config: WatchCamera) -> bool:
        """Apply a new configuration; True if earlier frames may no longer be used."""
        before, self.config = self.config, config
        masked = config.settings.masks != before.settings.masks
        allowed = (config.picture_path is None) != (before.picture_path is None)
        if config.settings != before.settings:
            self.watch.update(config.settings)
        now = self._moments.note()
        self._revisions.append((now, config.revision))
        if masked or allowed:
            self._pictures_since, self._pending = now, None
            self._picture_at = NEVER
            if before.picture_path is not None:
                self._disk.delete(before.picture_path)
        if config.detect != before.detect:
            self.people = None
            if not config.detect:
                self._end_visit()
        if self.people is not None and config.settings.zones != before.settings.zones:
            self._reported = ()
        self._report_status(force=config.detect != before.detect)
        return masked or allowed

    def usable(self, at: float) -> bool:
        """Whether pictures may be made of a frame that came then."""
        return at > self._pictures_since

    def came_up(self, stream: StreamUp) -> None:
        """Frames arrive, or have another size or codec from now on."""
        self._up = True
        self._looked_at = self._clock()
        # The receiver of StreamDown has dropped the last status.
        self._status_at = NEVER
        self.report(stream)

    def went_down(self, error: StreamError) -> None:
        """No frames arrive."""
        if self._up:
            self._up = False
            self._looked_at = self._clock()
        self.people = self._moving = None
        self.report(
            StreamDown(camera_id=self.config.camera_id, problem=error.problem, detail=error.detail)
        )

    def came(self, at: float) -> None:
        """Record that a frame came."""
        self._frame_at = at

    def note(self) -> float:
        """The current monotonic time, to use for what comes now."""
        return self._moments.note()

    def idle(self, *, looking: bool = True) -> None:
        """Send the reports that are due by time. `looking`: detection runs."""
        now = self._moments.note()
        self._moving = self.watch.moving(now) if self._up else None
        if not looking:
            self.people = None
        if self.watch.visit and now - self._looked_at >= self._timing.visit_survives:
            self._end_visit()
        if self._visit and now - self._visit_at >= self._timing.visit_interval:
            self._report_visit(VisitPhase.CHANGED)
        self._report_status()

    def look_due(self, at: float, pace: float) -> bool:
        """Whether to analyze a frame, at this pace of looks."""
        self.watch.pace = pace
        return self.config.detect and self.watch.look_due(at)

    def regions(self, view: View, at: float) -> tuple[Region, ...]:
        """The regions of a frame to analyze."""
        if self._stopped or not self.config.detect or not self.usable(at):
            return ()
        return self.watch.regions(view, at)

    def looked(self, sight: Sight) -> None:
        """Process the detections on a frame."""
        if self._stopped or not self.config.detect or not self.usable(sight.at):
            return
        look = self.watch.look(sight.people, sight.at, sight.regions)
        self._looked_at = self._moments.note()
        self._looks.append(sight.at)
        pace = sight.seconds * 1000
        self._inference = pace if self._inference is None else (self._inference * 9 + pace) / 10
        self.people = look.people if self._up else None
        # The picture first, so that the receiver of the arrival can already fetch it.
        self._report_picture(sight.frame, sight.at, look)
        self._follow(look.events)
        for crossing in look.crossings:
            self.report(
                LineCrossed(
                    camera_id=self.config.camera_id,
                    line_id=crossing.line_id,
                    inward=crossing.inward,
                    at=self._moments.wall(crossing.at),
                )
            )
        self._report_furniture()
        self._report_status()

    def report(self, message: Report) -> None:
        """Send a report, unless stopped."""
        if not self._stopped:
            self._send(message)

    def _end_visit(self) -> None:
        # The people in view are unknown until the next look.
        self.people = None
        self._follow(self.watch.pause())

    def _follow(self, events: Sequence[VisitEvent]) -> None:
        """Report the visit's events, and keep its times in wall-clock time."""
        for event in events:
            self._visit = self._stamped(event.visit)
            phase = {Arrived: VisitPhase.ARRIVED, Left: VisitPhase.LEFT}.get(
                type(event), VisitPhase.CHANGED
            )
            self._report_visit(phase)
        visit = self.watch.visit
        self._visit = self._stamped(visit) if visit else None

    def _stamped(self, visit: Visit) -> VisitInfo:
        known = self._visit if self._visit and self._visit.visit_id == visit.visit_id else None
        seen_again = known is None or visit.last_seen != self._seen_at
        self._seen_at = visit.last_seen
        return VisitInfo(
            visit_id=visit.visit_id,
            arrived_at=known.arrived_at if known else self._moments.wall(visit.arrived_at),
            last_seen=(
                self._moments.wall(visit.last_seen)
                if known is None or seen_again
                else known.last_seen
            ),
            score=round(visit.score, 3),
            count=visit.count,
            most=visit.most,
            zones=visit.zones,
        )

    def _report_visit(self, phase: VisitPhase) -> None:
        if self._visit:
            self._visit_at = self._clock()
            self.report(VisitNews(camera_id=self.config.camera_id, phase=phase, visit=self._visit))

    def _kept(self, kept: bool) -> None:  # noqa: FBT001 - a callback's only argument
        self.report(PictureKept(camera_id=self.config.camera_id, kept=kept))

    def _report_furniture(self) -> None:
        boxes = tuple(piece.box for piece in self.watch.furniture.pieces)
        if boxes != self._furniture:
            self._furniture = boxes
            self.report(FurnitureKnown(camera_id=self.config.camera_id, boxes=boxes))

    def _report_picture(self, frame: VideoFrame, at: float, look: Look) -> None:
        """Report the visit's best picture: at its start, then as better ones come."""
        path = self.config.picture_path
        if path is None:
            return
        if look.best is not None:
            self._pending = (frame, at)
        visit = self.watch.visit
        if visit is None:
            self._pending = None
        if visit is None or self._pending is None:
            return
        began = any(isinstance(event, Arrived) for event in look.events)
        if not began and at - self._picture_at < self._timing.picture_interval:
            return
        (best, taken), self._pending, self._picture_at = self._pending, None, at
        picture = jpeg(best)
        self.report(
            BestPicture(
                camera_id=self.config.camera_id,
                visit_id=visit.visit_id,
                at=self._moments.wall(taken),
                jpeg=picture,
                revision=next(
                    revision for since, revision in reversed(self._revisions) if taken > since
                ),
            )
        )
        self._disk.put(path, picture, self._kept)

    def _report_status(self, *, force: bool = False) -> None:
        """Report changes at once, and an unchanged status now and then."""
        now = self._clock()
        if self._frame_at is None or (not self._up and not force):
            return
        while self._looks and now - self._looks[0] > RATE_WINDOW:
            self._looks.popleft()
        zones = None if self.people is None else self.watch.zones
        state = (self._moving, self.people, zones)
        overdue = now - self._status_at >= self._timing.status_interval
        if not (force or overdue or state != self._reported):
            return
        self._reported, self._status_at = state, now
        self.report(
            Status(
                camera_id=self.config.camera_id,
                frame_at=self._moments.wall(self._frame_at),
                moving=self._moving,
                people=self.people,
                zones=zones,
                fps=round(len(self._looks) / RATE_WINDOW, 1),
                inference_ms=None if self._inference is None else round(self._inference, 1),
            )
        )


def _to_visit(info: VisitInfo) -> Visit:
    """A visit from an earlier process; its monotonic times mean nothing in this one."""
    return Visit(
        visit_id=info.visit_id,
        arrived_at=NEVER,
        last_seen=NEVER,
        score=info.score,
        count=info.count,
        most=info.most,
        zones=info.zones,
    )
