"""The proof that a camera works, and how it is described."""

from __future__ import annotations

from dataclasses import dataclass

from ..onvif.values import CameraReport, Profile
from ..runtime.text import plain
from ..worker.messages import FrameTaken


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The proof that a camera works: its report, a frame, and the live stream."""

    report: CameraReport
    frame: FrameTaken
    live: Profile


def name_in(report: CameraReport) -> str:
    """What a camera is called at first."""
    described = " ".join(filter(None, (report.manufacturer, report.model)))
    return plain(report.name or described or report.host)


def describe(profile: Profile, frame: FrameTaken | None = None) -> str:
    """A stream's size, codec and frames a second."""
    width = frame.width if frame else profile.width
    height = frame.height if frame else profile.height
    fps = f", {profile.fps:g} fps" if profile.fps else ""
    return f"{width}x{height} {profile.codec.upper()}{fps}"
