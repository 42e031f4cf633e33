"""Blacks out the masks in a frame before anything else uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from av.video.reformatter import ColorRange, VideoReformatter

from .outline import outline
from .pixels import blank, pixels, planar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.frame import VideoFrame
    from numpy.typing import NDArray

    from ..vision.settings import Mask

# Black in the limited range of luma, and neutral chroma.
BLACK, COLOURLESS = 16, 128
# Formats in which black is 0.
FULL = frozenset({"gray", "yuvj420p", "yuvj422p", "yuvj444p"})

type Hidden = NDArray[np.bool_]


class Curtain:
    """Applies one camera's masks to its frames; used from one thread."""

    def __init__(self, masks: Sequence[Mask]) -> None:
        self._masks = masks
        self._reformatter = VideoReformatter()
        self._size = (0, 0)
        self._parts: dict[tuple[int, int], Hidden] = {}

    def over(self, frame: VideoFrame) -> VideoFrame:
        """A copy of the frame with black where masks are; without masks the frame itself.

        The decoder's own frame is never changed: it needs it to decode the next ones.
        """
        if not self._masks:
            return frame
        frame = planar(self._reformatter, frame)
        full = frame.format.name in FULL or frame.color_range == ColorRange.JPEG
        covered = blank(frame, frame.width, frame.height)
        for number, (source, target) in enumerate(zip(frame.planes, covered.planes, strict=True)):
            copied = pixels(target)
            copied[:] = pixels(source)
            black = 0 if full else BLACK
            copied[self._part(frame, target.width, target.height)] = COLOURLESS if number else black
        return covered

    def _part(self, frame: VideoFrame, width: int, height: int) -> Hidden:
        """The hidden pixels of a plane: all that a mask touches."""
        if self._size != (frame.width, frame.height):
            self._size = frame.width, frame.height
            self._parts = {}
        if (part := self._parts.get((width, height))) is None:
            hidden = _drawn(self._masks, frame.width, frame.height)
            part = self._parts[width, height] = _shrunk(hidden, width, height)
        return part


def _drawn(masks: Sequence[Mask], width: int, height: int) -> Hidden:
    return np.array(outline(masks, width, height), bool)


def _shrunk(hidden: Hidden, width: int, height: int) -> Hidden:
    """The hidden pixels of a coarser plane: those that cover at least one hidden pixel."""
    across, down = -(-hidden.shape[1] // width), -(-hidden.shape[0] // height)
    padded = np.pad(
        hidden, ((0, down * height - hidden.shape[0]), (0, across * width - hidden.shape[1]))
    )
    return np.asarray(padded.reshape(height, down, width, across).any(axis=(1, 3)))
