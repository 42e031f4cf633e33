from __future__ import annotations

import os
from pathlib import Path

import pytest

from simulator import CameraSpec, StreamSpec

from . import clips

PASSWORD = "p@ss/w:rd #?%é"
SHORT_GOP = StreamSpec(gop=0.5)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Let every test here use sockets, which a camera needs."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def counting(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds, 30 frames, each shows its number."""
    path = tmp_path_factory.mktemp("clips") / "counting.mp4"
    return clips.write(path, [clips.numbered(i) for i in range(30)])


@pytest.fixture(scope="session")
def moving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds; a square moves from second 1 to second 2."""
    path = tmp_path_factory.mktemp("clips") / "moving.mp4"
    return clips.write(path, [clips.moving(i, 10, 20) for i in range(40)])


@pytest.fixture(scope="session")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a second that needs many bytes."""
    path = tmp_path_factory.mktemp("clips") / "noisy.mp4"
    return clips.write(path, [clips.noise(i) for i in range(5)])


@pytest.fixture
def spec(counting: Path) -> CameraSpec:
    """A camera that shows the counting clip with a key frame every half second."""
    return CameraSpec(video=counting, name="Door", password=PASSWORD, main=SHORT_GOP, sub=SHORT_GOP)


@pytest.fixture(scope="session")
def porch() -> Path:
    """Real footage without a frame rate in its header."""
    default = Path(__file__).parents[2].parent / "shared" / "assets"
    assets = Path(os.environ.get("PORCHLIGHT_ASSETS", default))
    path = assets / "videos" / "porch_man_leaves.mkv"
    if not path.exists():
        pytest.skip(f"real footage is not there: {path.name} in PORCHLIGHT_ASSETS")
    return path
