"""Renders the current picture as JPEG."""

import io

import av
from PIL import Image

from simulator.footage import Rendition

_START_CODE = b"\x00\x00\x00\x01"
_QUALITY = 85


def render(rendition: Rendition, index: int) -> bytes:
    """Return a frame as JPEG; decodes from the key frame before it: use a thread."""
    key = max(i for i in range(index + 1) if rendition.units[i].key)
    name = "h264" if rendition.settings.codec == "h264" else "hevc"
    decoder = av.CodecContext.create(name, "r")
    if not isinstance(decoder, av.VideoCodecContext):  # pragma: no cover - always is
        raise TypeError(f"{name} is not a video decoder")
    last: av.VideoFrame | None = None
    for unit in rendition.units[key : index + 1]:
        stream = b"".join(_START_CODE + nal for nal in unit.nals)
        for frame in decoder.decode(av.Packet(stream)):
            last = frame
    for frame in decoder.decode(None):
        last = frame
    if last is None:  # pragma: no cover - our own encoding decodes
        raise ValueError(f"frame {index} does not decode")
    file = io.BytesIO()
    picture = Image.fromarray(last.to_ndarray(format="rgb24"))
    picture.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
