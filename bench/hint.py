"""Measures whether a camera's motion event comes before our own gate wakes the decoder.

`python -m bench.hint VIDEO [SECONDS]` plays a video as a simulated camera, watches it and listens
to its events. The simulated camera measured its motion beforehand, without the half second or more
that a real one needs to be sure, so this is the best case for an event.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, override

from porchlight.onvif.values import Credentials, EventKind
from porchlight.vision.watch import Watch
from porchlight.worker import reporter
from porchlight.worker.analyst import Analyst
from porchlight.worker.camera import Camera
from porchlight.worker.event_messages import CameraEvent, ListenTo
from porchlight.worker.messages import Source, WatchCamera
from porchlight.worker.subscriber import Subscriber, Timing
from porchlight.worker.writer import Writer

from simulator import CameraSpec, Simulator

if TYPE_CHECKING:
    from porchlight.vision.motion import Motion

# Seconds without motion before an onset counts as one.
CALM = 3.0
# Seconds around an event in which our own onset belongs to it.
NEAR = 3.0
_LOGIN = Credentials(username="admin", password="bench")  # noqa: S106 - a made-up camera's


class Onsets:
    """When something began, by who noticed it; seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.all: dict[str, list[float]] = {"event": [], "awake": [], "moving": []}
        self._last: dict[str, float] = {}

    def note(self, who: str) -> None:
        """Record that something goes on now."""
        now = monotonic()
        if now - self._last.get(who, -CALM) >= CALM:
            self.all[who].append(now)
        self._last[who] = now


class Noting(Watch):  # type: ignore[misc] # its module has no types here
    """Notes when the decoder is awake, and when the gate finds motion."""

    onsets = Onsets()

    @override
    def wants(self, size: int, at: float, *, key: bool) -> bool:
        wanted = bool(super().wants(size, at, key=key))
        if wanted and not key:
            self.onsets.note("awake")
        return wanted

    @override
    def see(self, grey: Any, at: float) -> Motion:
        motion = super().see(grey, at)
        if motion.moving:
            self.onsets.note("moving")
        return motion


async def measure(video: Path, seconds: float) -> None:
    """Print the onsets, and by how much our own were earlier than the events."""
    onsets = Noting.onsets
    reporter.Watch = Noting
    spec = CameraSpec(video=video, name="Bench", username="admin", password=_LOGIN.password)
    with tempfile.TemporaryDirectory() as cache:
        async with Simulator([spec], cache=Path(cache), discovery=False) as simulator:
            camera = simulator.cameras[0]
            analyst, disk = Analyst(_nothing), Writer()
            source = Source(url=camera.sub_url, credentials=_LOGIN)
            watching = Camera(WatchCamera(camera_id="c", source=source), analyst, _nothing, disk)
            target = ListenTo(
                camera_id="c",
                host=camera.host,
                port=camera.port,
                path="/onvif/device_service",
                credentials=_LOGIN,
            )

            def hear(news: object) -> None:
                match news:
                    case CameraEvent(kind=EventKind.MOTION, on=True):
                        onsets.note("event")
                    case CameraEvent(kind=EventKind.MOTION, on=False) if onsets.all["event"]:
                        # The motion went on until now.
                        onsets.note("event")

            listening = asyncio.create_task(Subscriber(target, hear, Timing()).run())
            watching.start()
            began = monotonic()
            await asyncio.sleep(seconds)
            watching.stop()
            listening.cancel()
            await asyncio.wait({listening})
            await asyncio.to_thread(watching.join)
    for who, moments in onsets.all.items():
        print(who, [round(moment - began, 2) for moment in moments])  # noqa: T201 - its result
    for event in onsets.all["event"]:
        ours = {
            who: min((one - event for one in onsets.all[who] if abs(one - event) < NEAR), key=abs)
            for who in ("awake", "moving")
            if any(abs(one - event) < NEAR for one in onsets.all[who])
        }
        print(  # noqa: T201 - its result
            f"event at {event - began:7.2f} s; ours later by",
            {who: round(late, 2) for who, late in ours.items()},
        )


def _nothing(_report: object) -> None:
    """Nobody needs the reports."""


if __name__ == "__main__":
    asyncio.run(measure(Path(sys.argv[1]), float(sys.argv[2]) if sys.argv[2:] else 280.0))
