"""What the model can detect at all: its scores for people at known places."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from typing import TYPE_CHECKING

import av
import numpy as np
from PIL import Image
from porchlight.vision.geometry import as_array, iou
from porchlight.vision.types import Box
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

from scripts.lib.assets import asset

from .encode import recording
from .planes import HEIGHT, WIDTH
from .run import ENGINE, MODEL, THREADS
from .scenes import Half, Scene, scenes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from porchlight.vision.types import Detection

    from .encode import Recording
    from .truth import Sight
    from .video import Pixels

# The side of the crop that the model gets, in pixels, by the people's height.
CROPS = {120: 416, 60: 416, 30: 208}
SECONDS_APART = 0.6
WHOLE = 0.95
SAME = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A person on a frame: the score in a crop around them, and on the whole frame."""

    scene: Scene
    crop: float
    frame: float


def seen_by_the_model(half: Half | None = None, only: str = "*") -> list[Seen]:
    """All people in the chosen scenes with walks."""
    detector = Detector(load(ENGINE, asset(MODEL), THREADS))
    return [
        seen
        for scene in scenes()
        if scene.height and half in {None, scene.half} and fnmatch(scene.name, only)
        for seen in reach(scene, recording(scene), detector)
    ]


def reach(scene: Scene, recording: Recording, detector: Detector) -> list[Seen]:
    """The scores of all people who are fully in view, every SECONDS_APART."""
    found, due = [], 0.0
    with av.open(str(recording.path)) as container:
        pairs = zip(container.decode(video=0), recording.truth.frames, strict=False)
        for frame, (at, sights) in pairs:
            people = [sight for sight in sights if sight.share >= WHOLE]
            if not people or at < due:
                continue
            due = at + SECONDS_APART
            picture = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
            whole = detector.people(frame)
            for sight in people:
                crop, box = _crop(picture, sight, CROPS[scene.height], detector.layout.side)
                found.append(
                    Seen(
                        scene=scene,
                        crop=_best(detector.people_in(crop), box),
                        frame=_best(whole, Box(*sight.box)),
                    )
                )
    return found


def _crop(picture: Pixels, sight: Sight, side: int, input_side: int) -> tuple[Pixels, Box]:
    x1, y1, x2, y2 = (
        value * size for value, size in zip(sight.box, (WIDTH, HEIGHT) * 2, strict=True)
    )
    left = round(min(max(0, (x1 + x2 - side) / 2), WIDTH - side))
    top = round(min(max(0, (y1 + y2 - side) / 2), HEIGHT - side))
    part = Image.fromarray(picture[top : top + side, left : left + side])
    box = Box((x1 - left) / side, (y1 - top) / side, (x2 - left) / side, (y2 - top) / side)
    return np.asarray(part.resize((input_side,) * 2, Image.Resampling.BILINEAR), np.uint8), box


def _best(detections: Sequence[Detection], box: Box) -> float:
    """The best score of the detections at a place; 0 if there is none."""
    if not detections:
        return 0.0
    overlaps = iou(as_array([detection.box for detection in detections]), as_array([box]))[:, 0]
    return max(
        (
            detection.score
            for detection, overlap in zip(detections, overlaps, strict=True)
            if overlap >= SAME
        ),
        default=0.0,
    )
