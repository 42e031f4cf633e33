"""A loaded model that finds people on frames."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from ..vision.errors import UnsupportedModelError
from ..vision.geometry import Letterbox
from ..vision.heads import recognise
from ..vision.regions import View, gather
from .engines import load
from .errors import EngineError, EngineProblem, FrameError
from .messages import EngineFailed, EngineReady
from .pixels import Shrinker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame

    from ..vision.geometry import Pixels
    from ..vision.regions import Region
    from ..vision.types import Detection
    from .engines import Engine
    from .messages import UseModel

# Runs that measure a model's speed; the first is a warm-up.
TRIAL_RUNS = 4


class Detector:
    """An engine and the head that reads its model; used from one thread."""

    def __init__(self, engine: Engine) -> None:
        """Raises EngineError if the model is not a supported detector."""
        try:
            self.layout = recognise(engine.inputs, engine.outputs)
        except UnsupportedModelError as error:
            raise EngineError(EngineProblem.MODEL_UNSUPPORTED, str(error)) from error
        self.engine = engine
        self._head = self.layout.head()
        self._shrinker = Shrinker()

    def view(self, frame: VideoFrame) -> View:
        """The frame's size and the model's, to choose regions with."""
        return View(frame.width, frame.height, self.layout.side)

    def people(self, frame: VideoFrame, regions: Sequence[Region] = ()) -> tuple[Detection, ...]:
        """The people in these regions of a frame, or on the whole frame.

        Raises FrameError if the frame cannot be scaled, and the engine's own errors.
        """
        view = self.view(frame)
        return gather(
            [(region, self.people_in_region(frame, region)) for region in regions or (view.whole,)],
            view,
        )

    def people_in(self, picture: Pixels) -> tuple[Detection, ...]:
        """The people in an RGB picture that is no larger than the model's input."""
        height, width = picture.shape[:2]
        return self._infer(picture, Letterbox(width, height, width, height))

    def pace(self) -> float:
        """Milliseconds that one picture takes."""
        blank = np.zeros((self.layout.side, self.layout.side, 3), np.uint8)
        times = []
        for _ in range(TRIAL_RUNS):
            start = perf_counter()
            self.people_in(blank)
            times.append(perf_counter() - start)
        return min(times[1:]) * 1000

    def people_in_region(self, frame: VideoFrame, region: Region) -> tuple[Detection, ...]:
        """The people in a region of a frame, in fractions of the region."""
        try:
            piece = self._shrinker.cut(frame, region)
            box = Letterbox.fit(piece.width, piece.height, self.layout.side)
            picture = self._shrinker.rgb(piece, box.width, box.height)
        except Exception as error:  # a scaler may raise anything on what a camera sends
            raise FrameError(type(error).__name__) from error
        return self._infer(picture, box)

    def _infer(self, picture: Pixels, box: Letterbox) -> tuple[Detection, ...]:
        return self._head.people(self.engine.run(self._head.feed(picture)), box)


def prepare(request: UseModel) -> tuple[Detector | None, EngineReady | EngineFailed]:
    """Load a model and try it on one picture."""
    try:
        detector = Detector(load(request.engine, Path(request.path), request.threads))
        pace = detector.pace()
    except EngineError as error:
        return None, EngineFailed(
            engine=request.engine,
            path=request.path,
            problem=error.problem,
            detail=error.detail,
        )
    return detector, EngineReady(
        engine=detector.engine.name,
        version=detector.engine.version,
        path=request.path,
        family=detector.layout.family,
        side=detector.layout.side,
        inference_ms=round(pace, 1),
        threads=request.threads,
    )
