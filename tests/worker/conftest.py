from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.worker.analyst import Analyst
from porchlight.worker.camera import Camera
from porchlight.worker.messages import EngineReady, UseModel, WatchCamera
from porchlight.worker.writer import Writer

from simulator import CameraSpec, StreamSpec

from .support import PASSWORD, PATIENCE, Heard, ScriptedDetector, Stage, source, write_clip
from .watching import QUICK

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


@pytest.fixture
def detector() -> ScriptedDetector:
    one = ScriptedDetector()
    one.alive = True
    return one


@pytest.fixture
def analyst(heard: Heard, detector: ScriptedDetector) -> Iterator[Analyst]:
    one = Analyst(heard, prepare=detector.prepare)
    one.start()
    one.use_model(UseModel(engine="scripted", path=""))
    heard.wait(EngineReady)
    yield one
    one.stop()
    one.join(PATIENCE)


@pytest.fixture
def disk() -> Iterator[Writer]:
    one = Writer()
    one.start()
    yield one
    one.stop()
    one.join(PATIENCE)


@pytest.fixture
def watch(
    stage: Stage, analyst: Analyst, heard: Heard, disk: Writer
) -> Iterator[Callable[..., Camera]]:
    """Watch the simulated camera."""
    started = []

    def start(timing: Any = QUICK, **config: Any) -> Camera:
        add = WatchCamera(**({"camera_id": "c", "source": source(stage.camera)} | config))
        camera = Camera(add, analyst, heard, disk, timing=timing)
        started.append(camera)
        camera.start()
        return camera

    yield start
    for camera in started:
        camera.stop()
        camera.join(PATIENCE)
        assert not camera.is_alive()
