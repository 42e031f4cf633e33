"""Pictures as cameras encode them: luma, and chroma at half the size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from .video import Pixels

WIDTH, HEIGHT = 1280, 720
GREY = 128


@dataclass(frozen=True, slots=True)
class Planes:
    """A WIDTH x HEIGHT picture in one buffer, and its planes as views of that."""

    buffer: Pixels
    y: Pixels
    u: Pixels
    v: Pixels

    @classmethod
    def over(cls, buffer: Pixels) -> Self:
        """The planes in a buffer of (HEIGHT * 3 / 2, WIDTH)."""
        half = HEIGHT // 4
        chroma = (HEIGHT // 2, WIDTH // 2)
        return cls(
            buffer,
            buffer[:HEIGHT],
            buffer[HEIGHT : HEIGHT + half].reshape(chroma),
            buffer[HEIGHT + half :].reshape(chroma),
        )

    @classmethod
    def of(cls, picture: Pixels) -> Self:
        """From red, green and blue in any size."""
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        planar = frame.reformat(WIDTH, HEIGHT, "yuv420p", interpolation="BICUBIC")
        return cls.over(np.asarray(planar.to_ndarray(), np.uint8).copy())

    def copy(self) -> Self:
        """The same in a buffer of its own."""
        return self.over(self.buffer.copy())


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A small picture with opacity; luma (h, w), chroma (h / 2, w / 2); h and w are even."""

    y: Pixels
    u: Pixels
    v: Pixels
    opacity: Pixels

    @classmethod
    def of(cls, rgba: Pixels, offset: tuple[int, int] = (0, 0)) -> Self:
        """From red, green, blue and opacity, put `offset` (0 or 1, across and down) pixels in."""
        height, width = rgba.shape[:2]
        across, down = offset
        whole = np.zeros(((height + down + 1) // 2 * 2, (width + across + 1) // 2 * 2, 4), np.uint8)
        whole[down : down + height, across : across + width] = rgba
        # The color of nothing must not bleed into the chroma of the edge.
        bare = whole[:, :, 3] == 0
        if not bare.all():
            whole[bare, :3] = whole[~bare, :3].mean(axis=0)
        planar = VideoFrame.from_ndarray(np.ascontiguousarray(whole[:, :, :3]), format="rgb24")
        planes = planar.reformat(format="yuv444p").to_ndarray().astype(np.float32)
        return cls(
            y=planes[0].astype(np.uint8),
            u=_halved(planes[1]),
            v=_halved(planes[2]),
            opacity=np.ascontiguousarray(whole[:, :, 3]),
        )


def scaled(rgba: Pixels, height: int, *, mirrored: bool = False) -> Pixels:
    """A cut-out in another height; its opacity does not darken its edge."""
    width = max(2, round(rgba.shape[1] * height / rgba.shape[0]))
    weight = rgba[:, :, 3:].astype(np.float32) / 255
    premultiplied = np.concatenate((rgba[:, :, :3] * weight, rgba[:, :, 3:]), axis=2)
    image = Image.fromarray(premultiplied.astype(np.uint8), "RGBA")
    # Each channel by itself: Pillow would multiply by the opacity once more.
    bands = [band.resize((width, height), Image.Resampling.BOX) for band in image.split()]
    small = np.stack([np.asarray(band, np.float32) for band in bands], axis=2)
    small[:, :, :3] *= 255 / np.maximum(small[:, :, 3:], 1)
    if mirrored:
        small = small[:, ::-1]
    return np.ascontiguousarray(np.clip(small, 0, 255), np.uint8)


def blend(planes: Planes, patch: Patch, left: int, top: int, shown: Pixels) -> None:
    """Put a patch on a picture at even coordinates, as opaque as `shown` (h, w) says."""
    height, width = patch.y.shape
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(WIDTH, left + width), min(HEIGHT, top + height)
    if x1 >= x2 or y1 >= y2:
        return
    rows, columns = slice(y1 - top, y2 - top), slice(x1 - left, x2 - left)
    _mix(planes.y[y1:y2, x1:x2], patch.y[rows, columns], shown[rows, columns])
    half = _halved(shown.astype(np.float32))
    rows, columns = (slice(side.start // 2, side.stop // 2) for side in (rows, columns))
    where = (slice(y1 // 2, y2 // 2), slice(x1 // 2, x2 // 2))
    _mix(planes.u[where], patch.u[rows, columns], half[rows, columns])
    _mix(planes.v[where], patch.v[rows, columns], half[rows, columns])


def _mix(under: Pixels, over: Pixels, opacity: Pixels) -> None:
    low = under.astype(np.int32)
    under[:] = (low + (over - low) * opacity // 255).astype(np.uint8)


def _halved(plane: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Pixels:
    height, width = plane.shape
    return np.asarray(plane.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3)), np.uint8)
