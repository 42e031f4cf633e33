"""One thread that analyzes all cameras' frames: the newest of each, in fair turns."""

from __future__ import annotations

import logging
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Protocol

from av.video.frame import VideoFrame

from ..vision.types import Box, Detection
from .detector import prepare
from .errors import EngineProblem, FrameError
from .messages import EngineFailed, EngineReady, ThreadStarted, UseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ..vision.regions import Region, View
    from .detector import Detector
    from .messages import Report

_LOGGER = logging.getLogger(__name__)

# Failures in a row after which an engine is no longer used.
MOST_FAILURES = 5


class Client(Protocol):
    """A client whose frames are analyzed."""

    def regions(self, view: View, at: float) -> tuple[Region, ...]:
        """The regions of a frame to analyze; none if it is no longer needed."""

    def looked(self, sight: Sight) -> None:
        """Process the detections on a frame."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """The people on a frame, the analyzed regions, and the average seconds for a region."""

    frame: VideoFrame
    at: float
    regions: tuple[Box, ...]
    people: tuple[Detection, ...]
    seconds: float


@dataclass(slots=True)
class _Seat:
    """A client's waiting frame, and when it was last served."""

    frame: VideoFrame | None = None
    at: float = 0.0
    served: float = 0.0


class Analyst(threading.Thread):
    """Runs the detector. A newer frame replaces the one that still waits: no queue grows."""

    def __init__(
        self,
        report: Callable[[Report], None],
        *,
        prepare: Callable[[UseModel], tuple[Detector | None, EngineReady | EngineFailed]] = prepare,
    ) -> None:
        super().__init__(name="analyst", daemon=True)
        self._report = report
        self._prepare = prepare
        self._wake = threading.Condition()
        self._seats: dict[Client, _Seat] = {}
        self._request: UseModel | None = None
        # The model in use or being loaded, and its failures in a row.
        self._model: UseModel | None = None
        self._failures = 0
        self._detector: Detector | None = None
        self._stopped = False
        self._busy_since: float | None = None
        self._failing = False
        # The share of the wanted looks that the machine can afford; cameras apply it.
        self.pace = 1.0

    @property
    def ready(self) -> bool:
        """Whether there is a detector."""
        return self._detector is not None

    def use_model(self, request: UseModel) -> None:
        """Use this model as soon as it is loaded; the outcome is reported.

        It loads in this thread, so that a crash is attributed to the engine.
        """
        with self._wake:
            self._request = self._model = request
            self._wake.notify()

    def drop_model(self) -> None:
        """Stop analyzing until the next `use_model`."""
        with self._wake:
            self._request = self._model = self._detector = None

    def offer(self, client: Client, frame: VideoFrame, at: float) -> None:
        """Let a client's newest frame wait for analysis."""
        with self._wake:
            seat = self._seats.setdefault(client, _Seat())
            seat.frame, seat.at = frame, at
            self._wake.notify()

    def withdraw(self, client: Client) -> None:
        """Drop a client's waiting frame; the client keeps its turn."""
        with self._wake:
            if seat := self._seats.get(client):
                seat.frame = None

    def forget(self, client: Client) -> None:
        """Drop a client and its frame."""
        with self._wake:
            self._seats.pop(client, None)

    def stop(self) -> None:
        """Stop the thread."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def stuck_for(self) -> float:
        """Seconds since the engine began its current work; 0 while idle."""
        since = self._busy_since
        return 0.0 if since is None else monotonic() - since

    def run(self) -> None:
        """Analyze frames until stopped."""
        self._report(ThreadStarted(camera_id=None, thread=threading.get_ident()))
        while (work := self._wait()) is not None:
            try:
                work()
            except Exception:
                # The next frame may succeed, and other cameras still need this thread.
                if not self._failing:
                    _LOGGER.exception("A frame could not be looked at")
                self._failing = True
            else:
                self._failing = False

    def _wait(self) -> Callable[[], None] | None:
        """The next piece of work; None when stopped."""
        with self._wake:
            while not self._stopped:
                if (work := self._next()) is not None:
                    return work
                self._wake.wait()
        return None

    def _next(self) -> Callable[[], None] | None:
        if self._request is not None:
            request, self._request = self._request, None
            return partial(self._load, request)
        waiting = [
            (seat.served, seat.at, client, seat.frame)
            for client, seat in self._seats.items()
            if seat.frame is not None
        ]
        if not waiting or self._detector is None:
            return None
        _, at, client, frame = min(waiting, key=lambda turn: turn[:2])
        seat = self._seats[client]
        seat.frame, seat.served = None, monotonic()
        return partial(self._look, client, frame, at, self._detector)

    def _load(self, request: UseModel) -> None:
        detector = None
        try:
            with self._busy():
                detector, outcome = self._prepare(request)
        except Exception as error:
            # A native package may raise anything.
            _LOGGER.exception("A model could not be loaded")
            outcome = _failure(request, EngineProblem.CRASHED, error)
        with self._wake:
            if self._model is not request:
                # It is not wanted any more.
                return
            self._detector, self._failures = detector, 0
        self._report(outcome)

    def _look(self, client: Client, frame: VideoFrame, at: float, detector: Detector) -> None:
        view = detector.view(frame)
        regions = client.regions(view, at)
        if not regions:
            return
        start = perf_counter()
        try:
            with self._busy():
                people = detector.people(frame, regions)
        except FrameError:
            # The camera's frame is at fault, not the engine.
            raise
        except Exception as error:
            self._failed(detector, error)
            raise
        self._failures = 0
        if self._detector is not detector:
            return
        client.looked(
            Sight(
                frame=frame,
                at=at,
                regions=tuple(view.share(region) for region in regions),
                people=people,
                seconds=(perf_counter() - start) / len(regions),
            )
        )

    def _failed(self, detector: Detector, error: Exception) -> None:
        """Count a failure of the engine; stop using it after several in a row."""
        self._failures += 1
        with self._wake:
            model = self._model
            if self._failures < MOST_FAILURES or model is None or self._detector is not detector:
                return
            self._detector = None
        self._report(_failure(model, EngineProblem.FAILING, error))

    @contextmanager
    def _busy(self) -> Iterator[None]:
        self._busy_since = monotonic()
        try:
            yield
        finally:
            self._busy_since = None


def _failure(model: UseModel, problem: EngineProblem, error: Exception) -> EngineFailed:
    return EngineFailed(
        engine=model.engine, path=model.path, problem=problem, detail=type(error).__name__
    )
