"""The proof that a camera works, and how it is described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..onvif.values import CameraReport, Profile
from ..runtime.streams import Opened
from ..runtime.text import plain

if TYPE_CHECKING:
    from ..worker.messages import FrameTaken

# Frames per second of a stream that does not say.
_USUAL_FPS = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The proof that a camera works: its report, and its streams with a frame."""

    report: CameraReport
    streams: Opened

    @property
    def cores(self) -> float:
        """Processor cores that decoding every frame of the analyzed stream takes."""
        return self.streams.frame.seconds * (self.streams.analysed.fps or _USUAL_FPS)


def name_in(report: CameraReport) -> str:
    """What a camera is called at first."""
    described = " ".join(filter(None, (report.manufacturer, report.model)))
    return plain(report.name or described or report.host)


def describe(profile: Profile, frame: FrameTaken | None = None) -> str:
    """A stream's size, codec and frames a second; the size as the frame has it."""
    width = frame.width if frame else profile.width
    height = frame.height if frame else profile.height
    fps = f", {profile.fps:g} fps" if profile.fps else ""
    return f"{width}x{height} {profile.codec.upper()}{fps}"
