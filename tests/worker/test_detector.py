from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from porchlight.vision.types import TensorSpec
from porchlight.worker.detector import Detector, prepare
from porchlight.worker.engines import load
from porchlight.worker.errors import EngineError, EngineProblem, FrameError
from porchlight.worker.messages import EngineFailed, EngineReady, UseModel

from scripts.lib.assets import MIRROR

from .support import footage, frame

if TYPE_CHECKING:
    from pathlib import Path

MODELS = {
    "models/yolox_nano_416_float16.tflite": ("yolox", 416),
    "models/yolox_nano_416_dynamic_range.tflite": ("yolox", 416),
    "models/person_yolox_192_float16.tflite": ("yolox", 192),
    "models/ssd_mobilenet_v1_coco_300_uint8.tflite": ("ssd", 300),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_supported_model_is_ready(name: str) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    path = footage(name)
    detector, outcome = prepare(UseModel(engine="litert", path=str(path), threads=2))
    assert detector is not None
    assert isinstance(outcome, EngineReady)
    assert (outcome.family, outcome.side) == MODELS[name]
    assert (outcome.engine, outcome.path, outcome.threads) == ("litert", str(path), 2)
    assert outcome.version
    assert 0 < outcome.inference_ms < 5000
    assert detector.people(frame(width=640, height=360)) == ()


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("sample", "expected"), [("person_portrait.bmp", True), ("nobody_coffee.png", False)]
)
def test_a_model_separates_a_person_from_an_empty_scene(
    name: str, sample: str, expected: bool
) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    picture = MIRROR / "images" / "samples" / sample
    if not picture.exists():
        pytest.skip(f"{picture.name} has no public address; PORCHLIGHT_ASSETS has it not")
    detector = Detector(load("litert", footage(name), 2))
    with Image.open(picture) as image:
        image.thumbnail((detector.layout.side, detector.layout.side))
        found = detector.people_in(np.asarray(image.convert("RGB")))
    assert bool([one for one in found if one.score >= 0.5]) is expected


def failure(engine: str, path: str | Path) -> EngineFailed:
    detector, outcome = prepare(UseModel(engine=engine, path=str(path)))
    assert detector is None
    assert isinstance(outcome, EngineFailed)
    assert (outcome.engine, outcome.path) == (engine, str(path))
    return outcome


def test_an_unknown_engine_is_not_installed() -> None:
    outcome = failure("other", "/x.tflite")
    assert (outcome.problem, outcome.detail) == (EngineProblem.NOT_INSTALLED, "other")


@pytest.mark.parametrize("error", [ImportError("no wheel"), OSError("libc.so.6: not found")])
def test_an_engine_that_does_not_import_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    class Finder:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "ai_edge_litert" or name.startswith("ai_edge_litert."):
                raise error

    for name in [name for name in sys.modules if name.startswith("ai_edge_litert")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delitem(sys.modules, "porchlight.worker.engines.litert", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder(), *sys.meta_path])
    outcome = failure("litert", "/x.tflite")
    assert outcome.problem is EngineProblem.NOT_INSTALLED
    assert str(error) in outcome.detail


def test_a_model_that_litert_refuses_is_reported() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    outcome = failure("litert", footage("models/refused_by_litert.tflite"))
    assert outcome.problem is EngineProblem.MODEL_REFUSED
    assert outcome.detail


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    (tmp_path / "text.tflite").write_text("no model")
    assert failure("litert", tmp_path / "text.tflite").problem is EngineProblem.MODEL_REFUSED
    assert failure("litert", tmp_path / "gone.tflite").problem is EngineProblem.MODEL_REFUSED


def test_a_model_that_is_no_detector_is_unsupported() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    outcome = failure("litert", footage("models/unsupported_lstm_detector.tflite"))
    assert outcome.problem is EngineProblem.MODEL_UNSUPPORTED
    assert "inputs" in outcome.detail


class Counting:
    """An engine that sees one person and remembers what it was fed."""

    name, version = "counting", "1"
    inputs = (TensorSpec((1, 3, 64, 64), "float32"),)
    outputs = (TensorSpec((1, 84, 6), "float32"),)

    def __init__(self) -> None:
        self.fed: list[Any] = []

    def run(self, tensor: Any) -> Any:
        """One person in the middle of cell (1, 2) of the coarsest grid."""
        self.fed.append(tensor)
        out = np.zeros((1, 84, 6), np.float32)
        out[0, 80 + 1] = (0.5, 0.5, 0.0, 0.0, 0.9, 0.9)
        return [out]


def test_a_frame_is_fitted_and_its_people_come_back_in_fractions() -> None:
    engine = Counting()
    (found,) = Detector(engine).people(frame(width=640, height=320))
    (tensor,) = engine.fed
    assert (tensor[0, :, 32:] == 114).all()
    assert (tensor[0, :, :32] != 114).any()
    # A cell of 32 pixels at (32..64, 0..32) of the 64x32 that the frame fills.
    assert (found.box.x1, found.box.y1, found.box.x2, found.box.y2) == pytest.approx((0.5, 0, 1, 1))


def test_an_engines_model_is_checked_before_it_is_used() -> None:
    engine = Counting()
    engine.inputs = (TensorSpec((1, 3, 64, 32), "float32"),)  # type: ignore[misc] # this one's
    with pytest.raises(EngineError) as caught:
        Detector(engine)
    assert caught.value.problem is EngineProblem.MODEL_UNSUPPORTED


def test_what_litert_raises_at_run_time_is_an_engine_error() -> None:
    pytest.importorskip("ai_edge_litert", reason="LiteRT has no wheel for this machine")
    engine = load("litert", footage("models/person_yolox_192_float16.tflite"), 1)
    with pytest.raises(EngineError) as caught:
        engine.run(np.zeros((1, 2, 3), np.float32))
    assert caught.value.problem is EngineProblem.FAILING

    class Fails:
        def set_tensor(self, *_: Any) -> None:
            """Takes it."""

        def invoke(self) -> None:
            raise RuntimeError("Node number 3 failed to invoke.")

    engine._interpreter = Fails()  # type: ignore[attr-defined] # LiteRT's
    with pytest.raises(EngineError, match="failed to invoke"):
        engine.run(np.zeros(1, np.float32))


def test_a_frame_that_cannot_be_shrunk_is_not_the_engine_s_failure() -> None:
    class Odd:
        width, height = 64, 64

        @property
        def format(self) -> Any:
            raise ValueError("no such format")

    odd: Any = Odd()
    with pytest.raises(FrameError):
        Detector(Counting()).people(odd)
