"""Scenes as files: encoded as a camera would, with the truth beside them, made once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from . import truth
from .compose import Composer
from .scenes import FULL
from .store import FOLDER, digest
from .things import FOUND
from .truth import PERSON, Truth

if TYPE_CHECKING:
    from .planes import Planes
    from .scenes import Scene

ROOM = Path(__file__).parent
# A change of any of these makes other scenes.
MODULES = (
    "actors",
    "beside",
    "compose",
    "crowd",
    "encode",
    "light",
    "matte",
    "plan",
    "planes",
    "plants",
    "stages",
    "things",
    "video",
    "weather",
)
CODE = (*(str(ROOM / f"{name}.py") for name in MODULES), str(FOUND))
# Kilobits a second that a camera keeps to, in full size and in a smaller one, and the quality (CRF)
# it aims at below that.
MOST_KBITS, LESS_KBITS, QUALITY = 2000, 800, {"h264": 24, "hevc": 26}
MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A scene's file and its truth."""

    path: Path
    truth: Truth


def recording(scene: Scene) -> Recording:
    """The scene's file, encoded now if it is not in the cache."""
    path = FOLDER / "scenes" / f"{scene.name}-{digest(*CODE, repr(scene))}.mkv"
    facts = path.with_suffix(".json")
    if not (path.exists() and facts.exists()):
        path.parent.mkdir(parents=True, exist_ok=True)
        # Two may compose the same scene at once.
        part = path.with_suffix(f".{os.getpid()}.part")
        truth.save(encode(Composer(scene), part), facts)
        part.replace(path)
    return Recording(path=path, truth=truth.load(facts))


def encode(composer: Composer, path: Path) -> Truth:
    """Encode all frames of a scene into a file; what is to be seen on them."""
    frames, rest = [], []
    with av.open(str(path), "w", format="matroska") as container:
        stream = _stream(container.add_stream(*_camera(composer.scene)), composer.scene)
        for at, picture, sights in composer.frames():
            frames.append((at, tuple(one for one in sights if one.label == PERSON)))
            if others := tuple(one for one in sights if one.label != PERSON):
                rest.append((at, others))
            frame = as_sent(picture, composer)
            frame.pts, frame.time_base = round(at * 1000), MILLISECOND
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return truth.Truth(
        seconds=composer.plan.seconds,
        frames=tuple(frames),
        lines=composer.plan.lines,
        others=tuple(rest),
    )


def as_sent(picture: Planes, composer: Composer) -> VideoFrame:
    """The part of a composed picture that the camera shows, in the size that it sends."""
    if composer.scene.size == FULL:
        return VideoFrame.from_ndarray(picture.buffer, format="yuv420p")
    left, right = composer.window
    planes = (
        picture.y[:, left:right],
        picture.u[:, left // 2 : right // 2],
        picture.v[:, left // 2 : right // 2],
    )
    flat = np.concatenate([plane.reshape(-1) for plane in planes])
    frame = VideoFrame.from_ndarray(flat.reshape(-1, right - left), format="yuv420p")
    return frame.reformat(*composer.scene.size, interpolation="AREA")


def _camera(scene: Scene) -> tuple[str, int]:
    return ("libx264" if scene.codec == "h264" else "libx265"), scene.fps


def _stream(stream: object, scene: Scene) -> VideoStream:
    if not isinstance(stream, VideoStream):
        raise TypeError("not a video stream")
    (stream.width, stream.height), stream.pix_fmt = scene.size, "yuv420p"
    stream.codec_context.time_base = MILLISECOND
    keys = scene.gop * scene.fps
    rate = f"keyint={keys}:min-keyint={keys}:scenecut=0:bframes=0"
    most = MOST_KBITS if scene.size == FULL else LESS_KBITS
    rate += f":vbv-maxrate={most}:vbv-bufsize={most}"
    options = {"tune": "zerolatency", "crf": str(QUALITY[scene.codec])}
    if scene.codec == "h264":
        options |= {"preset": "superfast", "x264-params": rate, "threads": "1"}
    else:
        options |= {"preset": "ultrafast"}
        options |= {"x265-params": f"{rate}:pools=1:frame-threads=1:log-level=none"}
    stream.codec_context.options = options
    return stream
