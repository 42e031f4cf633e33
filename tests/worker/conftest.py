from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from simulator import CameraSpec, StreamSpec

from .support import PASSWORD, Heard, Stage, write_clip

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

QUICK_KEYS = StreamSpec(gop=0.5)


@pytest.fixture(autouse=True)
def sockets(request: pytest.FixtureRequest) -> None:
    """Let tests use sockets where Home Assistant's harness would not."""
    try:
        request.getfixturevalue("socket_enabled")
    except pytest.FixtureLookupError:
        return


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of a moving square."""
    return write_clip(tmp_path_factory.mktemp("clip") / "moving.mp4")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the simulator keeps what it has encoded."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def cameras(sockets: None, clip: Path, cache: Path) -> Iterator[Callable[..., Stage]]:
    """Start simulated cameras: one for each mapping of habits."""
    with ExitStack() as stack:

        def start(*habits: dict[str, Any]) -> Stage:
            specs = [
                CameraSpec(
                    **(
                        {
                            "video": clip,
                            "name": f"Worker test {number}",
                            "password": PASSWORD,
                            "main": QUICK_KEYS,
                            "sub": QUICK_KEYS,
                        }
                        | habit
                    )
                )
                for number, habit in enumerate(habits or ({},))
            ]
            return stack.enter_context(Stage(specs, cache))

        yield start


@pytest.fixture
def stage(cameras: Callable[..., Stage]) -> Stage:
    """One simulated camera."""
    return cameras()


@pytest.fixture
def heard() -> Heard:
    return Heard()
