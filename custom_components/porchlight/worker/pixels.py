"""From decoded frames to the small arrays that are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

if TYPE_CHECKING:
    from ..vision.geometry import Pixels
    from ..vision.regions import Region

# Eight bits and a plane for each component: regions are cut from these as they are.
PLANAR = frozenset({"yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "gray"})
# Of the chroma planes' pixels, each such one each way tells a frame's colours.
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
        if frame.format.name not in PLANAR:
            frame = self._reformatter.reformat(frame, format="yuv420p")
        piece = VideoFrame(region.width, region.height, frame.format.name)
        for source, target in zip(frame.planes, piece.planes, strict=True):
            across, down = -(-frame.width // source.width), -(-frame.height // source.height)
            x, y = region.x // across, region.y // down
            pixels = rows(target.line_size, target)
            pixels[: target.height, : target.width] = rows(source.line_size, source)[
                y : y + target.height, x : x + target.width
            ]
        piece.color_range, piece.colorspace = frame.color_range, frame.colorspace
        return piece

    def spread(self, frame: VideoFrame) -> float:
        """How much a frame's colours differ, in levels of its chroma planes; 0 without colour."""
        if frame.format.name == "gray":
            return 0.0
        if frame.format.name not in PLANAR:
            frame = self._reformatter.reformat(frame, format="yuv420p")
        spread = 0.0
        for plane in frame.planes[1:]:
            chroma = rows(plane.line_size, plane)[: plane.height, : plane.width]
            # A caption or a lamp must not make a grey picture coloured.
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


def rows(line_size: int, plane: object) -> Pixels:
    """A plane's bytes as (rows, bytes of a row), without copying."""
    return np.frombuffer(plane, np.uint8).reshape(-1, line_size)  # type: ignore[call-overload, no-any-return]  # a plane is a buffer, its stub does not say so
