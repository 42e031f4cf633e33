"""JPEG pictures, in memory and on disk."""

from __future__ import annotations

import contextlib
import io
import os
from typing import TYPE_CHECKING

from av.video.reformatter import VideoReformatter
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from av.video.frame import VideoFrame

QUALITY = 85


def jpeg(frame: VideoFrame, width: int | None = None, height: int | None = None) -> bytes:
    """A frame as JPEG, no larger than asked for, its aspect kept."""
    scale = min(
        1.0,
        (width or frame.width) / frame.width,
        (height or frame.height) / frame.height,
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


def keep(path: Path, picture: bytes) -> bool:
    """Write a picture whole or not at all; False if the disk does not take it."""
    part = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(picture)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        return False
    return True
