"""A camera's own picture is checked before it is decoded, and masked."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from porchlight.vision.settings import Mask
from porchlight.worker.errors import SnapshotError
from porchlight.worker.snapshots import MOST_PIXELS, masked

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEFT_HALF = Mask(points=((0, 0), (0.5, 0), (0.5, 1), (0, 1)))
STREAM = (320, 180)
# What the compression does to pixels beside the edge of a mask.
SEAM = 16


def jpeg(width: int = 640, height: int = 360, mode: str = "RGB", **how: Any) -> bytes:
    output = BytesIO()
    white = Image.new("RGB", (width, height), "white").convert(mode)
    white.save(output, how.pop("format", "JPEG"), **how)
    return output.getvalue()


def pixels(data: bytes) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB"))


def test_it_is_passed_on_at_its_size() -> None:
    taken = masked(jpeg(), (), *STREAM)
    assert (taken.width, taken.height) == (640, 360)
    assert pixels(taken.jpeg).shape == (360, 640, 3)
    assert pixels(taken.jpeg).min() > 250


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_masks_are_black_and_the_rest_is_as_it_was(mode: str) -> None:
    shown = pixels(masked(jpeg(mode=mode), (LEFT_HALF,), *STREAM).jpeg)
    assert shown[:, : 320 - SEAM].max() <= 2
    assert shown[:, 320 + SEAM :].min() > 250


def test_nothing_but_the_pixels_is_passed_on() -> None:
    exif = Image.Exif()
    exif[0x010E] = "a secret place"
    data = jpeg(exif=exif, comment=b"a secret comment") + b"a secret trailer"
    assert b"a secret place" in data
    assert b"secret" not in masked(data, (), *STREAM).jpeg


def declares(width: int, height: int) -> bytes:
    """A JPEG that says it is of this size, and has no pixels."""
    whole = jpeg(16, 16)
    start = whole.index(b"\xff\xc0") + 5
    size = height.to_bytes(2) + width.to_bytes(2)
    return whole[:start] + size + whole[start + 4 :]


@pytest.mark.parametrize(("width", "height"), [(8192, 2049), (20_000, 20_000), (65_000, 65_000)])
def test_a_picture_that_declares_too_many_pixels_is_not_decoded(
    monkeypatch: pytest.MonkeyPatch, width: int, height: int
) -> None:
    assert width * height > MOST_PIXELS
    loaded: list[Any] = []
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", loaded.append)
    with pytest.raises(SnapshotError):
        masked(declares(width, height), (), *STREAM)
    assert loaded == []


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html>login</html>",
        jpeg()[:2000],
        jpeg(format="PNG"),
        jpeg(format="GIF"),
        jpeg(*STREAM),
        jpeg(200, 200),
    ],
    ids=["empty", "HTML", "cut off", "PNG", "GIF", "same size", "smaller"],
)
def test_what_is_of_no_use_is_not_used(data: bytes) -> None:
    with pytest.raises(SnapshotError):
        masked(data, (), *STREAM)


@pytest.mark.parametrize("other", ["PNG", "GIF"])
def test_no_other_format_is_even_parsed(other: str) -> None:
    with pytest.raises(SnapshotError, match="decoded"):
        masked(jpeg(format=other), (), *STREAM)


@pytest.mark.parametrize("turn", [3, 6])
def test_a_turned_picture_is_not_used_because_masks_would_not_fit(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    with pytest.raises(SnapshotError):
        masked(jpeg(exif=exif), (LEFT_HALF,), *STREAM)


@pytest.mark.parametrize(
    ("stream", "fits"),
    [((320, 180), True), ((320, 176), True), ((320, 184), True), ((320, 240), False),
     ((180, 180), False)],
)  # fmt: skip
def test_a_picture_of_another_shape_is_not_used_if_there_are_masks(
    stream: tuple[int, int], fits: bool
) -> None:
    assert masked(jpeg(), (), *stream).width == 640
    if fits:
        assert masked(jpeg(), (LEFT_HALF,), *stream).width == 640
    else:
        with pytest.raises(SnapshotError, match="shape"):
            masked(jpeg(), (LEFT_HALF,), *stream)
