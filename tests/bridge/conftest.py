from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.runtime.bridge import Bridge

from simulator import CameraSpec, Simulator, StreamSpec
from tests.worker.support import PASSWORD, write_clip

from .support import Ear, Script

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from porchlight.worker.messages import Command


@pytest.fixture(autouse=True)
def sockets(request: pytest.FixtureRequest) -> None:
    """Let tests use sockets where Home Assistant's harness would not."""
    try:
        request.getfixturevalue("socket_enabled")
    except pytest.FixtureLookupError:
        return


@pytest.fixture
async def ear() -> Ear:
    return Ear()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., Script]:
    """Write what the fake workers are to do."""
    return lambda *lines: Script(tmp_path / "script", *lines)


@pytest.fixture
async def bridge(ear: Ear) -> AsyncIterator[Callable[..., Bridge]]:
    """Start bridges, and stop them in the end."""
    started: list[Bridge] = []

    def start(
        script: Script | None = None, opening: Sequence[Command] = (), **waits: Any
    ) -> Bridge:
        command = {"command": script.command} if script else {}
        waits = {"first_restart": 0.1, "folders": (tempfile.gettempdir(),)} | command | waits
        started.append(Bridge(ear, lambda: opening, **waits))
        started[-1].start()
        return started[-1]

    yield start
    for one in started:
        await one.stop()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a moving square."""
    return write_clip(tmp_path_factory.mktemp("clip") / "moving.mp4")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulator keeps what it has encoded."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
async def simulator(sockets: None, clip: Path, cache: Path) -> AsyncIterator[Simulator]:
    """Three simulated cameras."""
    keys = StreamSpec(gop=0.5)
    specs = [
        CameraSpec(video=clip, name=f"Bridge test {name}", password=PASSWORD, main=keys, sub=keys)
        for name in ("one", "two", "three")
    ]
    async with Simulator(specs, cache=cache, discovery=False) as running:
        yield running
