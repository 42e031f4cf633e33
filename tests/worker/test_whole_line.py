"""From a camera's stream to a visit: the worker as a process, a real model, real footage."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
import pytest
from av.video.frame import PictureType
from porchlight.worker.messages import (
    EngineReady,
    Status,
    UseModel,
    VisitNews,
    VisitPhase,
    WatchCamera,
)

from simulator import CameraSpec
from tests.footage import PORCH

from .process import Worker
from .support import PASSWORD, Stage, footage, source

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.frame import VideoFrame

MODEL = "models/yolox_nano_416_float16.tflite"
FPS = 10
# Second from which nobody is on the porch, and for how long.
EMPTY_FROM, EMPTY_SECONDS = 6, 30


@pytest.fixture
def porch(tmp_path: Path) -> Path:
    """A man who leaves the porch, which then stays empty for longer than a visit needs to end."""
    path = tmp_path / "porch.mp4"
    with av.open(str(footage(PORCH))) as source_video, av.open(str(path), "w") as result:
        stream = result.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        stream.options = {"preset": "ultrafast"}
        pictures: list[VideoFrame] = []
        for one in source_video.decode(video=0):
            if one.time * FPS >= len(pictures):
                pictures.append(one.reformat(width=640, height=360, format="yuv420p"))
        pictures += [pictures[-1]] * (EMPTY_SECONDS * FPS)
        for number, one in enumerate(pictures):
            one.pts, one.time_base = number, Fraction(1, FPS)
            one.pict_type = PictureType.NONE
            result.mux(stream.encode(one))
        result.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("engine", ["litert", "ncnn"])
def test_a_man_on_a_porch_becomes_a_visit(
    engine: str, sockets: None, cache: Path, porch: Path
) -> None:
    if engine == "litert":
        pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    camera = CameraSpec(video=porch, name="Porch", password=PASSWORD, start=EMPTY_FROM)
    with Stage([camera], cache) as stage, Worker() as worker:
        worker.send(UseModel(engine=engine, path=str(footage(MODEL))))
        assert worker.heard.wait(EngineReady).engine == engine
        worker.send(WatchCamera(camera_id="porch", source=source(stage.camera)))
        worker.heard.wait(Status, where=lambda status: status.people == 0)
        stage.call(stage.camera.seek, 0)
        arrived = worker.heard.wait(VisitNews)
        assert arrived.phase is VisitPhase.ARRIVED
        assert (arrived.visit.count, arrived.camera_id) == (1, "porch")
        assert arrived.visit.score >= 0.6
        left = worker.heard.wait(VisitNews, where=lambda news: news.phase is VisitPhase.LEFT)
        assert left.visit.visit_id == arrived.visit.visit_id
