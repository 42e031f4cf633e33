"""Frames of real footage: decoded to the same pixels on any platform, with the same people."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from porchlight.vision.geometry import as_array
from porchlight.worker.decoding import Decoder
from porchlight.worker.detector import Detector
from porchlight.worker.engines import load

from tests.accuracy import SURE, Found, agreement
from tests.worker.support import footage

from .reference import recorded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.video.frame import VideoFrame

MODEL = "models/yolox_nano_416_float16.tflite"
PORCH, HALLWAY = "videos/porch_man_leaves.mkv", "videos/one_by_one_person.mp4"
# The frames and their pixels' digest that the H.264 standard prescribes for these files.
PIXELS = {
    PORCH: (60, "cd77f1745cad5badbb83e3730b0aeea59fa35c238c8b9b5f24bb927346ba8aee"),
    HALLWAY: (1394, "dd5eda3457d8ef9a087a1dd4736dfc0e3869242177107f7f60b57a38020ccae3"),
    "videos/ir_night_person_32s_57s.mp4": (
        512,
        "55152b19862e91a055796cf387c083e791a6d1dbed6fdaaf4b577beaefe8f370",
    ),
}
# Frames with a person, fully or partly visible: one for each of six people, and a man on a porch.
PEOPLE = [(PORCH, {10}), (HALLWAY, {90, 300, 600, 800, 1000, 1300})]


def frames(video: str) -> Iterator[VideoFrame]:
    decoder = Decoder()
    with av.open(str(footage(video))) as container:
        for packet in container.demux(video=0):
            yield from decoder.decode(packet)


@pytest.mark.parametrize("video", PIXELS)
def test_footage_decodes_to_the_pixels_of_the_standard(video: str) -> None:
    number, digest = 0, sha256()
    for frame in frames(video):
        assert frame.format.name in ("yuv420p", "yuvj420p")
        digest.update(frame.to_ndarray().tobytes())
        number += 1
    assert (number, digest.hexdigest()) == PIXELS[video]


@pytest.mark.parametrize(("video", "numbers"), PEOPLE, ids=[video for video, _ in PEOPLE])
def test_the_same_people_are_found_on_frames(video: str, numbers: set[int]) -> None:
    chosen = [frame for number, frame in enumerate(frames(video)) if number in numbers]
    assert len(chosen) == len(numbers)
    theirs = recorded(
        f"frames-{footage(video).stem}",
        lambda: [array for frame in chosen for array in on(frame, "litert")],
    )
    expected = [Found(*pair) for pair in zip(theirs[::2], theirs[1::2], strict=True)]
    for frame, one in zip(chosen, expected, strict=True):
        assert (one.scores >= SURE).sum() >= 1
        pairs, total = agreement(one, on(frame, "ncnn"))
        assert pairs == total


def on(frame: VideoFrame, engine: str) -> Found:
    """The people on a frame, boxes in its pixels."""
    people = Detector(load(engine, footage(MODEL), 2)).people(frame)
    boxes = as_array([one.box for one in people]) * ([frame.width, frame.height] * 2)
    return Found(boxes.astype(np.float32), np.array([one.score for one in people], np.float32))
