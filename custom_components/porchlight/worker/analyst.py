"""One thread that looks at all cameras' frames: the latest of each, in fair turns."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Protocol

from av.video.frame import VideoFrame

from .messages import ThreadStarted

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..vision.types import Detection
    from .detector import Detector
    from .messages import Report


class Client(Protocol):
    """Who has frames to be looked at."""

    def looked(
        self, frame: VideoFrame, at: float, detections: tuple[Detection, ...], seconds: float
    ) -> None:
        """Take over what was seen on a frame, and the time that it took."""


@dataclass(slots=True)
class _Seat:
    """A client's waiting frame, and when it was last served."""

    frame: VideoFrame | None = None
    at: float = 0.0
    served: float = 0.0


class Analyst(threading.Thread):
    """Runs the detector. A newer frame replaces the one that still waits: no queue grows."""

    def __init__(self, report: Callable[[Report], None]) -> None:
        super().__init__(name="analyst", daemon=True)
        self._report = report
        self._wake = threading.Condition()
        self._seats: dict[Client, _Seat] = {}
        self._detector: Detector | None = None
        self._busy_since: float | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a detector."""
        return self._detector is not None

    def use(self, detector: Detector | None) -> None:
        """Look with this detector from now on."""
        with self._wake:
            self._detector = detector
            self._wake.notify()

    def offer(self, client: Client, frame: VideoFrame, at: float) -> None:
        """Leave a client's newest frame to be looked at."""
        with self._wake:
            seat = self._seats.setdefault(client, _Seat())
            seat.frame, seat.at = frame, at
            self._wake.notify()

    def forget(self, client: Client) -> None:
        """Drop a client and its frame."""
        with self._wake:
            self._seats.pop(client, None)

    def stuck_for(self) -> float:
        """Seconds that the present look has taken."""
        since = self._busy_since
        return 0.0 if since is None else monotonic() - since

    def run(self) -> None:
        """Look at frames for ever."""
        self._report(ThreadStarted(camera_id=None, thread=threading.get_ident()))
        while True:
            with self._wake:
                while (turn := self._next()) is None:
                    self._wake.wait()
            self._look(*turn)

    def _next(self) -> tuple[Client, VideoFrame, float, Detector] | None:
        waiting = [
            (seat.served, seat.at, client)
            for client, seat in self._seats.items()
            if seat.frame is not None
        ]
        if not waiting or self._detector is None:
            return None
        client = min(waiting, key=lambda turn: turn[:2])[2]
        seat = self._seats[client]
        frame, seat.frame, seat.served = seat.frame, None, monotonic()
        # For the type checker: `waiting` has only seats with a frame.
        return None if frame is None else (client, frame, seat.at, self._detector)

    def _look(self, client: Client, frame: VideoFrame, at: float, detector: Detector) -> None:
        self._busy_since = monotonic()
        start = perf_counter()
        detections = detector.people(frame)
        seconds = perf_counter() - start
        self._busy_since = None
        client.looked(frame, at, detections, seconds)
