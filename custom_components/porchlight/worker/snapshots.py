"""A camera's own picture: checked before it is decoded, and masked before anybody sees it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from PIL import Image

from .control_messages import SnapshotTaken
from .errors import SnapshotError
from .outline import outline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..vision.settings import Mask

QUALITY = 85
# A picture of 16 megapixels takes 48 MB decoded.
MOST_PIXELS = 16 * 1024 * 1024
# How much the shapes of two pictures of one view differ because encoders round their sizes.
# If they differ more, one is cut off, and masks are elsewhere in it.
_SAME_SHAPE = 0.03
_ORIENTATION, _UPRIGHT = 0x0112, 1


def masked(
    data: bytes, masks: Sequence[Mask], stream_width: int, stream_height: int
) -> SnapshotTaken:
    """A JPEG of our own from a camera's, masked. Raises SnapshotError if it is of no use.

    It is encoded anew, so that nothing of the camera's file but its pixels is passed on.
    """
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as picture:
            _check(picture, stream_width, stream_height, needs_shape=bool(masks))
            whole = picture.convert("RGB")
            # Else a comment would be saved with it.
            whole.info.clear()
    except (Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise SnapshotError(f"It can't be decoded: {type(error).__name__}") from None
    if masks:
        whole.paste((0, 0, 0), mask=outline(masks, whole.width, whole.height))
    output = io.BytesIO()
    whole.save(output, "JPEG", quality=QUALITY)
    return SnapshotTaken(width=whole.width, height=whole.height, jpeg=output.getvalue())


def _check(picture: Image.Image, width: int, height: int, *, needs_shape: bool) -> None:
    """Raise SnapshotError by what the picture declares; nothing is decoded yet."""
    if picture.width * picture.height > MOST_PIXELS:
        raise SnapshotError("It is too large")
    if picture.width * picture.height <= width * height:
        raise SnapshotError("It is no larger than the stream's")
    if picture.format != "JPEG":
        raise SnapshotError("It is no plain JPEG")
    if picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
        raise SnapshotError("It is turned")
    shape = picture.width * height / (picture.height * width)
    if needs_shape and abs(shape - 1) > _SAME_SHAPE:
        raise SnapshotError("Its shape is not the stream's, so masks would not fit")
