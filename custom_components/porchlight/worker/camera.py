"""One camera: a thread of its own reads the stream and reconnects."""

from __future__ import annotations

import logging
import random
import threading
from math import inf
from time import monotonic
from typing import TYPE_CHECKING

from .backoff import Backoff
from .decoding import Decoder
from .errors import StreamError, StreamProblem
from .eye import Eye
from .limits import release
from .masks import Curtain
from .messages import StreamUp, ThreadStarted
from .pictures import jpeg
from .pixels import Shrinker
from .reporter import Reporter
from .rtsp.logins import Logins
from .stream import Stream
from .timing import TIMING, Timing

if TYPE_CHECKING:
    from collections.abc import Callable

    from av.video.frame import VideoFrame

    from ..vision.regions import Region, View
    from .analyst import Analyst, Sight
    from .messages import Link, Report, Source, WatchCamera
    from .reporter import Disk

_LOGGER = logging.getLogger(__name__)


class Camera(threading.Thread):
    """Watches one camera until it is stopped; reports from several threads."""

    def __init__(
        self,
        config: WatchCamera,
        analyst: Analyst,
        report: Callable[[Report], None],
        disk: Disk,
        *,
        timing: Timing = TIMING,
        logins: Logins | None = None,
    ) -> None:
        """`logins` is what the cameras of one worker know of their logins."""
        super().__init__(name=f"camera-{config.camera_id}", daemon=True)
        self._analyst = analyst
        self._timing = timing
        self._logins = logins or Logins()
        # The main loop and the analyst's thread use it, too.
        self._reporter = Reporter(config, report, disk, timing=timing)
        self._lock = self._reporter.lock
        self._stopped = threading.Event()
        # Set to leave the stream: for good, or for another one.
        self._leave = threading.Event()
        self._refused = False
        self._eye: Eye | None = None
        # How the stream that plays was reached.
        self._link: Link | None = None
        self._last: VideoFrame | None = None

    @property
    def config(self) -> WatchCamera:
        """The current configuration."""
        return self._reporter.config

    def stop(self) -> None:
        """Stop soon; nothing is reported from now on."""
        self._stopped.set()
        self._leave.set()
        with self._lock:
            self._reporter.stop()
            self._last = None
        self._analyst.forget(self)

    def update(self, config: WatchCamera) -> None:
        """Apply a new configuration; keep the visit, and the stream if its source is the same."""
        with self._lock:
            before = self.config
            forget = self._reporter.update(config)
            if config.settings.masks != before.settings.masks and self._eye:
                self._eye.cover(Curtain(config.settings.masks))
            if not self._is_playing(config.source, before.source):
                forget = True
                self._leave.set()
            if self._refused and config.attempt != before.attempt:
                self._leave.set()
            if forget:
                self._last = None
            if forget or not config.detect:
                self._analyst.withdraw(self)

    def _is_playing(self, source: Source, before: Source) -> bool:
        """Whether the stream that is open, or being opened, is the one that is wanted."""
        if source == before:
            return True
        same = (source.url, source.credentials) == (before.url, before.credentials)
        return same and self._link is not None and self._link.suits(source)

    def still(self, width: int | None, height: int | None) -> bytes | None:
        """The last frame as JPEG; None without a stream or when pictures are not allowed."""
        frame = self._last
        if frame is None or self.config.picture_path is None:
            return None
        return jpeg(frame, width, height)

    def run(self) -> None:
        """Read the stream and reconnect until stopped."""
        try:
            self._run()
        finally:
            self._last = None
            self._analyst.forget(self)

    def _run(self) -> None:
        with self._lock:
            self._reporter.report(
                ThreadStarted(camera_id=self.config.camera_id, thread=threading.get_ident())
            )
            self._reporter.start()
        backoff = self._backoff(self._timing.last_retry)
        while not self._stopped.is_set():
            began = monotonic()
            attempt = self.config.attempt
            problem = self._try(attempt)
            if problem is None or monotonic() - began >= self._timing.good_stream:
                backoff.reset()
            if problem is StreamProblem.UNAUTHORIZED:
                self._await_login(attempt)
            elif problem is not None:
                self._wait(backoff.wait())
            self._leave.clear()

    def regions(self, view: View, at: float) -> tuple[Region, ...]:
        """The regions of a frame to analyze."""
        with self._lock:
            return () if self._stopped.is_set() else self._reporter.regions(view, at)

    def looked(self, sight: Sight) -> None:
        """Process the analyst's detections on a frame."""
        with self._lock:
            self._reporter.looked(sight)

    def _backoff(self, most: float) -> Backoff:
        return Backoff(self._timing.first_retry, most, random.random)

    def _try(self, attempt: int) -> StreamProblem | None:
        """Read the stream until it ends; returns why, or None if it was left on purpose."""
        try:
            self._read(attempt)
        except StreamError as error:
            return self._went_down(error)
        except Exception as error:
            # Catch everything: without this thread the camera is not watched.
            _LOGGER.exception("A stream could not be read")
            return self._went_down(StreamError(StreamProblem.BROKEN, type(error).__name__))
        finally:
            self._eye = None
            self._link = None
            release()
        return None

    def _read(self, attempt: int) -> None:
        timing = self._timing
        source = self.config.source
        turn = self._logins.turn(source, attempt)
        size: tuple[int, int] | None = None
        with Stream(source, opening=timing.opening, reading=timing.reading, turn=turn) as stream:
            decoder = Decoder(patience=timing.decoding)
            with self._lock:
                watch = self._reporter.watch
                watch.began(stream.height)
                curtain = Curtain(self.config.settings.masks)
                eye = self._eye = Eye(watch, decoder, Shrinker(), self._lock, curtain)
            for packet in stream.packets():
                if self._leave.is_set():
                    return
                with self._lock:
                    at = self._reporter.note()
                newest = eye.take(packet, at, always=stream.reorders)
                if newest is not None:
                    frame, came = newest
                    if size != (frame.width, frame.height):
                        size = frame.width, frame.height
                        self._came_up(stream, frame, came)
                    self._take(frame, came)
                with self._lock:
                    self._reporter.idle(looking=self._analyst.ready)

    def _came_up(self, stream: Stream, frame: VideoFrame, at: float) -> None:
        up = StreamUp(
            camera_id=self.config.camera_id,
            codec=stream.codec,
            width=frame.width,
            height=frame.height,
            link=stream.link,
        )
        self._link = up.link
        with self._lock:
            # First: the receiver of the report may request a still at once.
            self._show(frame, at)
            self._reporter.came_up(up)

    def _take(self, frame: VideoFrame, at: float) -> None:
        with self._lock:
            if self._show(frame, at) and self._reporter.look_due(at, self._analyst.pace):
                self._analyst.offer(self, frame, at)

    def _show(self, frame: VideoFrame, at: float) -> bool:
        """Keep a frame as the last one, if pictures may be made of it. Needs the lock."""
        self._reporter.came(at)
        if self._stopped.is_set() or not self._reporter.usable(at):
            return False
        self._last = frame
        return True

    def _went_down(self, error: StreamError) -> StreamProblem | None:
        """Report the problem and return it; None if the stream was left on purpose."""
        with self._lock:
            if self._leave.is_set():
                return None
            self._last = None
            self._reporter.went_down(error)
        self._analyst.withdraw(self)
        return error.problem

    def _await_login(self, attempt: int) -> None:
        """Wait for another login, or for the permission to try this one again."""
        with self._lock:
            self._refused = self.config.attempt == attempt
        # Wrong logins lock accounts.
        self._wait(inf if self._refused else 0)
        self._refused = False

    def _wait(self, seconds: float) -> None:
        """Wait for the next try; end the visit if the stream stays away for long."""
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            with self._lock:
                self._reporter.idle()
            if self._leave.wait(min(left, 1.0)):
                return
