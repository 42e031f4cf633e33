"""One live stream: sends each frame to all clients when it is due."""

import asyncio
import contextlib
from typing import Protocol

from simulator import rtp
from simulator.clock import Clock
from simulator.footage import Rendition
from simulator.timeline import Cue, Timeline


class Viewer(Protocol):
    """A receiver of packets; never waits, and leaves the stream to end."""

    def deliver(self, payloads: list[bytes], ticks: int, *, key: bool) -> None:
        """Receive one frame's payloads; `ticks` always increases."""

    def resync(self) -> None:
        """Prepare for a jump: drop frames until the next key frame."""


class Stream:
    """A rendition on the camera's timeline; runs while it has a client."""

    def __init__(self, rendition: Rendition, timeline: Timeline, clock: Clock) -> None:
        self.rendition = rendition
        self._timeline = timeline
        self._clock = clock
        self._viewers: set[Viewer] = set()
        self._task: asyncio.Task[None] | None = None
        self._last_ticks = -1

    @property
    def watched(self) -> int:
        """The number of viewers."""
        return len(self._viewers)

    def next_key(self) -> Cue:
        """Return the key frame that a viewer who joins now starts with."""
        return self._timeline.next_key(self.rendition.units)

    def join(self, viewer: Viewer) -> None:
        """Send frames to `viewer` from now on."""
        self._viewers.add(viewer)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self, viewer: Viewer) -> None:
        """Send nothing more to `viewer`; does nothing if it has left."""
        self._viewers.discard(viewer)
        if not self._viewers and self._task is not None:
            self._task.cancel()
            self._task = None

    def resync(self) -> None:
        """Continue from the timeline's new position, with a key frame first."""
        for viewer in self._viewers:
            viewer.resync()
        if self._task is not None:
            self._task.cancel()
            self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop for good."""
        self._viewers.clear()
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _run(self) -> None:
        units = self.rendition.units
        codec = self.rendition.settings.codec
        cue = self._timeline.first_cue(units)
        while True:
            await self._clock.sleep_until(cue.due)
            unit = units[cue.index]
            packets = rtp.payloads(codec, unit.nals)
            # After a seek, two frames may be due at the same tick; RTP time must increase.
            self._last_ticks = max(cue.ticks, self._last_ticks + 1)
            for viewer in tuple(self._viewers):
                viewer.deliver(packets, self._last_ticks, key=unit.key)
            cue = self._timeline.next_cue(units, cue)
