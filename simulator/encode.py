"""Transcodes a video into the pictures that a camera would send."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av
from av.video.frame import PictureType

from simulator import nal
from simulator.errors import FootageError
from simulator.probe import Source, pick_frames
from simulator.spec import Codec, StreamSpec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A 720p camera's second stream; smaller cameras send the same size twice.
_SUB_WIDTH = 640
_SUB_FROM_HEIGHT = 720

_ENCODERS: dict[Codec, tuple[str, dict[str, str]]] = {
    "h264": ("libx264", {"preset": "veryfast", "crf": "23"}),
    "h265": ("libx265", {"preset": "ultrafast", "crf": "26"}),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The complete settings of an encoding; `gop` is in frames."""

    codec: Codec
    width: int
    height: int
    fps: Fraction
    gop: int

    @property
    def key(self) -> str:
        """The settings as part of a file name."""
        rate = f"{self.fps.numerator}-{self.fps.denominator}"
        return f"{self.codec}-{self.width}x{self.height}-{rate}fps-gop{self.gop}"


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One encoded frame as NAL units; `index` counts frames from the start."""

    index: int
    key: bool
    nals: tuple[bytes, ...]


def settle(spec: StreamSpec, source: Source, *, sub: bool) -> Settings:
    """Complete a spec with the video's properties; sizes are made even."""
    width, height = spec.width, spec.height
    if width is None and height is None:
        width = source.width
        if sub and source.height >= _SUB_FROM_HEIGHT:
            width = min(width, _SUB_WIDTH)
    if width is None:
        width = round(source.width * (height or source.height) / source.height)
    if height is None:
        height = round(source.height * width / source.width)
    fps = source.fps
    if spec.fps is not None:
        fps = Fraction(spec.fps).limit_denominator(1001)
    return Settings(
        codec=spec.codec,
        width=_even(width),
        height=_even(height),
        fps=fps,
        gop=max(1, round(spec.gop * fps)),
    )


def transcode(video: Path, source: Source, settings: Settings) -> Iterator[Picture]:
    """Encode a whole video; raises FootageError. Slow: use a thread."""
    encoder = _encoder(settings)
    for index, frame in enumerate(_frames(video, source, settings.fps)):
        picture = frame.reformat(width=settings.width, height=settings.height, format="yuv420p")
        picture.pts = index
        picture.time_base = 1 / settings.fps
        # A decoded frame keeps its picture type; the encoder would repeat the key frames.
        picture.pict_type = PictureType.NONE
        for packet in encoder.encode(picture):
            yield _picture(settings.codec, packet)
    for packet in encoder.encode(None):
        yield _picture(settings.codec, packet)


def decode(video: Path) -> Iterator[av.VideoFrame]:
    """Yield a video's frames in order; raises FootageError."""
    try:
        with av.open(str(video)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            yield from container.decode(stream)
    except (OSError, av.error.FFmpegError) as error:
        raise FootageError(f"{video} cannot be decoded: {error}") from error


def _frames(video: Path, source: Source, fps: Fraction) -> Iterator[av.VideoFrame]:
    picks = pick_frames(source, fps)
    wanted = 0
    last = None
    for index, frame in enumerate(decode(video)):
        last = frame
        while wanted < len(picks) and picks[wanted] == index:
            yield frame
            wanted += 1
    if last is None:
        raise FootageError(f"{video} has no frame that decodes")
    # If frames at the end are damaged, the last good one is repeated.
    for _ in range(wanted, len(picks)):
        yield last


def _encoder(settings: Settings) -> av.VideoCodecContext:
    name, options = _ENCODERS[settings.codec]
    gop = f"bframes=0:keyint={settings.gop}:min-keyint={settings.gop}:scenecut=0"
    if settings.codec == "h264":
        extra = {"x264-params": f"{gop}:open-gop=0"}
    else:
        quiet = "pools=none:frame-threads=1:log-level=error:info=0"
        extra = {"x265-params": f"{gop}:open-gop=0:repeat-headers=1:{quiet}"}
    encoder = av.CodecContext.create(name, "w")
    if not isinstance(encoder, av.VideoCodecContext):
        raise FootageError(f"{name} is not a video encoder")
    encoder.width = settings.width
    encoder.height = settings.height
    encoder.pix_fmt = "yuv420p"
    encoder.time_base = 1 / settings.fps
    encoder.framerate = settings.fps
    encoder.thread_count = 1  # the same bytes on every machine
    encoder.options = {**options, **extra}
    return encoder


def _picture(codec: Codec, packet: av.Packet[Any]) -> Picture:
    units = nal.split(bytes(packet))
    return Picture(
        index=packet.pts or 0,
        key=packet.is_keyframe,
        nals=tuple(unit for unit in units if nal.is_wanted(codec, unit)),
    )


def _even(size: int) -> int:
    return max(2, size // 2 * 2)
