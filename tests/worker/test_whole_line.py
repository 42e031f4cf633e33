"""From a camera's stream to a visit: the worker as a process, a real model, real footage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from porchlight.worker.messages import (
    EngineReady,
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

MODEL = "models/yolox_nano_416_float16.tflite"
# The man is in the picture at once, and has left before the clip begins again.
ARRIVAL, DEPARTURE = 40.0, 60.0


@pytest.mark.parametrize("engine", ["litert", "ncnn"])
def test_a_man_on_a_porch_becomes_a_visit(engine: str, sockets: None, cache: Path) -> None:
    if engine == "litert":
        pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    camera = CameraSpec(video=footage(PORCH), name="Porch", password=PASSWORD)
    with Stage([camera], cache) as stage, Worker() as worker:
        worker.send(UseModel(engine=engine, path=str(footage(MODEL))))
        assert worker.heard.wait(EngineReady).engine == engine
        worker.send(WatchCamera(camera_id="porch", source=source(stage.camera)))
        arrived = worker.heard.wait(VisitNews, seconds=ARRIVAL)
        assert arrived.phase is VisitPhase.ARRIVED
        assert (arrived.visit.count, arrived.camera_id) == (1, "porch")
        assert arrived.visit.score >= 0.6
        left = worker.heard.wait(
            VisitNews, where=lambda news: news.phase is VisitPhase.LEFT, seconds=DEPARTURE
        )
        assert left.visit.visit_id == arrived.visit.visit_id
