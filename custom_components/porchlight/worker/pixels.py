"""Turns decoded frames into the small arrays that are analyzed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

if TYPE_CHECKING:
    from av.video.plane import VideoPlane

    from ..vision.geometry import Pixels
    from ..vision.regions import Region

# Eight bits and a plane for each component: regions are cut from these without conversion.
PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray"})
# A frame's colors are measured on every fourth row and column of the chroma planes.
COARSE = 4


class Shrinker:
    """Turns frames into small arrays; keeps its scaler, so use one for each thread."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def grey(self, frame: VideoFrame, width: int, height: int) -> Pixels:
        """The frame's luma as (height, width)."""
        return self._array(frame, width, height, "gray")

    def rgb(self, frame: VideoFrame, width: int, height: int) -> Pixels:
        """The frame as (height, width, 3)."""
        return self._array(frame, width, height, "rgb24")

    def cut(self, frame: VideoFrame, region: Region) -> VideoFrame:
        """A region of a frame, which may be the frame itself."""
        if (region.width, region.height) == (frame.width, frame.height):
            return frame
        frame = planar(self._reformatter, frame)
        piece = blank(frame, region.width, region.height)
        for source, target in zip(frame.planes, piece.planes, strict=True):
            across, down = -(-frame.width // source.width), -(-frame.height // source.height)
            x, y = region.x // across, region.y // down
            pixels(target)[:] = pixels(source)[y : y + target.height, x : x + target.width]
        return piece

    def spread(self, frame: VideoFrame) -> float:
        """How much a frame's colors differ, in levels of its chroma planes; 0 without color."""
        if frame.format.name == "gray":
            return 0.0
        spread = 0.0
        for plane in planar(self._reformatter, frame).planes[1:]:
            chroma = pixels(plane)
            # A caption or a lamp must not make a gray picture count as colored.
            low, high = np.percentile(chroma[::COARSE, ::COARSE], (10, 90))
            spread += float(high - low)
        return spread

    def _array(self, frame: VideoFrame, width: int, height: int, pixels: str) -> Pixels:
        smooth = width > frame.width
        small = self._reformatter.reformat(
            frame,
            width,
            height,
            pixels,
            interpolation=Interpolation.BICUBIC if smooth else Interpolation.AREA,
        )
        return np.asarray(small.to_ndarray(), np.uint8)


def planar(reformatter: VideoReformatter, frame: VideoFrame) -> VideoFrame:
    """The frame in one of the `PLANAR` formats."""
    if frame.format.name in PLANAR:
        return frame
    return reformatter.reformat(frame, format="yuv420p")


def blank(frame: VideoFrame, width: int, height: int) -> VideoFrame:
    """An unfilled frame with another's format, color range and color space."""
    unfilled = VideoFrame(width, height, frame.format.name)
    unfilled.color_range, unfilled.colorspace = frame.color_range, frame.colorspace
    return unfilled


def pixels(plane: VideoPlane) -> Pixels:
    """The pixels of a plane of a `PLANAR` frame as (height, width), without copying."""
    rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: plane.height, : plane.width]
