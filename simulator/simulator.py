"""Runs several cameras, with discovery and a control port."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from simulator.camera import Camera
from simulator.clock import Clock, SystemClock
from simulator.control import ControlServer
from simulator.discovery import Discovery
from simulator.footage import default_cache, prepare
from simulator.spec import CameraSpec


class Simulator:
    """Runs cameras for as long as its context lasts.

    Entering prepares the footage and raises FootageError or OSError (a port is taken).
    """

    def __init__(
        self,
        specs: Sequence[CameraSpec],
        *,
        cache: Path | None = None,
        discovery: bool = False,
        clock: Clock | None = None,
        control_port: int = 0,
    ) -> None:
        self.cameras: list[Camera] = []
        self.ready = False
        self.control = ControlServer(self.cameras, port=control_port)
        self._specs = specs
        self._cache = cache or default_cache()
        self._clock = clock or SystemClock()
        self._discovery = Discovery() if discovery else None

    def control_url(self, camera: Camera) -> str:
        """Return the URL under which a camera is controlled."""
        return self.control.url(self.cameras.index(camera))

    async def __aenter__(self) -> Self:
        try:
            if self._discovery is not None:
                hosts = {spec.host for spec in self._specs}
                await self._discovery.start(hosts)
            for spec in self._specs:
                footage = await asyncio.to_thread(prepare, spec, self._cache)
                camera = Camera(spec, footage, self._clock, self._discovery)
                self.cameras.append(camera)
                await camera.start()
            await self.control.start()
        except BaseException:
            await self._stop()
            raise
        self.ready = True
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        await self.control.stop()
        for camera in self.cameras:
            await camera.stop()
        if self._discovery is not None:
            await self._discovery.stop()
