"""JPEG pictures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from av.video.reformatter import VideoReformatter
from PIL import Image

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

QUALITY = 85
# The most pixels of a picture: its RGB data is one block of memory, which FFmpeg limits.
MOST_PIXELS = 16 * 1024 * 1024


def jpeg(frame: VideoFrame, width: int | None = None, height: int | None = None) -> bytes:
    """A frame as JPEG, within this size and never enlarged; keeps its aspect."""
    # Whole numbers are compared first: one may be too large to divide.
    scale = min(
        max(1, min(width or frame.width, frame.width)) / frame.width,
        max(1, min(height or frame.height, frame.height)) / frame.height,
        (MOST_PIXELS / (frame.width * frame.height)) ** 0.5,
    )
    # A scaler of its own: the frame's may be in use by another thread.
    picture = VideoReformatter().reformat(
        frame,
        width=max(1, round(frame.width * scale)),
        height=max(1, round(frame.height * scale)),
        format="rgb24",
    )
    output = io.BytesIO()
    Image.fromarray(picture.to_ndarray()).save(output, "JPEG", quality=QUALITY)
    return output.getvalue()
