"""What the worker's tests share: clips, simulated cameras, and an ear for reports."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from importlib.util import find_spec
from inspect import isawaitable
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from porchlight.onvif.values import Credentials
from porchlight.vision.regions import View
from porchlight.vision.types import Box, Detection
from porchlight.worker.analyst import Sight
from porchlight.worker.messages import EngineReady, Live, Source
from porchlight.worker.rtsp.live import LiveServer
from porchlight.worker.rtsp.logins import Logins

from scripts.lib.assets import AssetError, asset
from simulator import CameraSpec, Simulator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray
    from porchlight.vision.regions import Region

    from simulator import Camera

PASSWORD = "p@ss/w:rd #?%é"
WIDTH, HEIGHT, FPS = 320, 240, 10
# Seconds to wait for what must come: a busy machine is slow, and waiting costs a passing test
# nothing.
PATIENCE = 120.0
# The Python that stands in for Home Assistant's on musl is built without OpenSSL.
needs_tls = pytest.mark.skipif(find_spec("_ssl") is None, reason="no OpenSSL")
needs_onvif = pytest.mark.skipif(find_spec("_ssl") is None, reason="no OpenSSL, which ONVIF needs")
# At the border, where people are gone soon.
SWAY = 0.12
BLOCK = 8
SOMEBODY = Detection(Box(0.0, 0.3, 0.1, 0.8), 0.9)


def picture(number: int, *, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A picture in which a square moves by with the number, and people move at both borders."""
    result = np.full((height, width, 3), 60, np.uint8)
    # Where SOMEBODY sways, and opposite; nothing repeats soon, or it would become the background.
    rows, columns = round(0.62 * height) // BLOCK, max(1, round(0.1 * width) // BLOCK)
    shades = np.random.default_rng(number).integers(70, 220, (rows, columns), np.uint8)
    top = round(0.3 * height)
    blocks = shades.repeat(BLOCK, axis=0).repeat(BLOCK, axis=1)
    for place in (result[:, : columns * BLOCK], result[:, -columns * BLOCK :]):
        place[top : top + rows * BLOCK] = blocks[..., None]
    left = 12 * number % (width - 40)
    result[80:120, left : left + 40] = 220
    return result


def frame(number: int = 0, *, width: int = WIDTH, height: int = HEIGHT) -> VideoFrame:
    """Such a picture as a decoded frame."""
    rgb = VideoFrame.from_ndarray(picture(number, width=width, height=height), format="rgb24")
    return rgb.reformat(format="yuv420p")


def write_clip(path: Path, seconds: int = 6) -> Path:
    """A video in which something moves all the time."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        for number in range(seconds * FPS):
            one = frame(number)
            one.pts, one.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(one))
        container.mux(stream.encode(None))
    return path


def footage(name: str) -> Path:
    """An asset's path; the test is skipped where it is not to be had."""
    try:
        return asset(name)
    except AssetError as error:
        pytest.skip(str(error))


def source(camera: Camera, password: str = PASSWORD, path: str = "sub") -> Source:
    """A simulated camera's stream."""
    return Source(
        url=f"rtsp://{camera.host}:{camera.rtsp_port}/{path}",
        credentials=Credentials(username=camera.spec.username, password=password),
    )


class Stage:
    """Simulated cameras on an event loop in a thread."""

    def __init__(self, specs: list[CameraSpec], cache: Path) -> None:
        self._specs = specs
        self._cache = cache
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="stage")
        self.cameras: list[Camera] = []

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._error:
            raise self._error
        return self

    def __exit__(self, *_exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def camera(self) -> Camera:
        """The first one."""
        return self.cameras[0]

    def call(self, function: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """Call something of a camera's where it lives."""

        async def there() -> Any:
            result = function(*arguments, **named)
            return await result if isawaitable(result) else result

        return asyncio.run_coroutine_threadsafe(there(), self._loop).result(PATIENCE)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            async with Simulator(self._specs, cache=self._cache, discovery=False) as simulator:
                self.cameras = simulator.cameras
                self._ready.set()
                await self._stop.wait()
        except BaseException as error:
            self._error = error
            raise
        finally:
            self._ready.set()


class Heard:
    """Reports in the order in which they came, from any thread."""

    def __init__(self) -> None:
        self.all: list[Any] = []
        self._came = threading.Condition()

    def __call__(self, report: Any) -> None:
        with self._came:
            self.all.append(report)
            self._came.notify_all()

    def of[T](self, kind: type[T]) -> list[T]:
        """All reports of a kind so far."""
        return [one for one in list(self.all) if isinstance(one, kind)]

    def wait[T](
        self,
        kind: type[T],
        *,
        where: Callable[[T], bool] = lambda _: True,
        after: int = 0,
        seconds: float = PATIENCE,
    ) -> T:
        """The first such report from position `after` on; fails if none comes."""
        until = monotonic() + seconds
        with self._came:
            while True:
                for one in self.all[after:]:
                    if isinstance(one, kind) and where(one):
                        return one
                if not self._came.wait(until - monotonic()):
                    pytest.fail(f"no {kind.__name__} came in {seconds:.0f} s, only {self.all}")

    def position(self, report: Any) -> int:
        """Where a report is."""
        return next(i for i, one in enumerate(self.all) if one is report)


class ScriptedDetector:
    """Sees what the test says, on every frame."""

    def __init__(self) -> None:
        self.found: tuple[Detection, ...] = ()
        self.frames: list[VideoFrame] = []
        self.error: Exception | None = None
        self.gate: threading.Event | None = None
        # Whether who is seen sways, as the living do.
        self.alive = False

    @staticmethod
    def view(frame: VideoFrame) -> View:
        """As the real one's."""
        return View(frame.width, frame.height, 416)

    def people(self, frame: VideoFrame, _regions: Sequence[Region]) -> tuple[Detection, ...]:
        """What is to be seen."""
        self.frames.append(frame)
        if self.gate:
            self.gate.wait(PATIENCE)
        if self.error:
            raise self.error
        if not self.alive:
            return self.found
        sway = SWAY * (len(self.frames) % 2)
        return tuple(replace(one, box=one.box.moved(0, sway)) for one in self.found)

    def prepare(self, _request: Any) -> tuple[Any, EngineReady]:
        """This detector in place of a loaded model."""
        ready = EngineReady(
            engine="scripted", version="0", path="", family="none", side=1, inference_ms=0.0
        )
        return self, ready


class Direct:
    """A disk that takes every picture at once, and keeps them in memory."""

    def __init__(self) -> None:
        self.jobs: list[tuple[str, bytes | None]] = []

    def put(self, path: str, picture: bytes, report: Callable[[bool], None]) -> None:
        """Remember."""
        self.jobs.append((path, picture))
        report(True)  # noqa: FBT003 - a callback's only argument

    def delete(self, path: str) -> None:
        """Remember."""
        self.jobs.append((path, None))


def until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Wait for a condition that has no event."""
    end = monotonic() + seconds
    pause = threading.Event()
    while not condition():
        if monotonic() > end:
            pytest.fail(f"not within {seconds:.0f} s: {what}")
        pause.wait(0.02)


@contextmanager
def served_live(source: Source, opening: float = PATIENCE) -> Iterator[str]:
    """Where a player finds a stream that is served live; `opening` is in seconds."""
    server = LiveServer(lambda _: None, Logins(), opening=opening)
    server.start()
    server.offer("c", Live(source=source, path="path"), 0)
    try:
        yield f"rtsp://127.0.0.1:{server.port}/path"
    finally:
        server.stop()
        server.join(PATIENCE)


def sight(one: VideoFrame, at: float, *people: Detection) -> Sight:
    """A look at a whole frame on which these people were seen."""
    return Sight(frame=one, at=at, regions=(Box(0, 0, 1, 1),), people=people, seconds=0.01)


def video_frames(path: Path) -> Iterator[VideoFrame]:
    """Every frame of a video file."""
    with av.open(str(path)) as container:
        yield from container.decode(container.streams.video[0])
