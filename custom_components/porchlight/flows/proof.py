"""The proof that a camera works, and how it is described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..onvif.values import CameraReport, Profile
from ..runtime.streams import Opened
from ..runtime.text import plain

if TYPE_CHECKING:
    from ..worker.messages import FrameTaken

# After these errors, the user may accept less protection than the camera had.
PROTECTION_ERRORS = frozenset({"certificate", "clear_text"})
# After these errors, the password must be entered again.
LOGIN_ERRORS = frozenset({"invalid_auth", "unauthorized"})
ERRORS = frozenset(
    {
        "cannot_connect",
        "unknown_host",
        "nothing_there",
        "only_stream",
        "only_unencrypted",
        "no_service",
        "certificate",
        "not_onvif",
        "invalid_auth",
        "no_video",
        "unreachable",
        "unauthorized",
        "refused",
        "not_found",
        "transport",
        "too_many_viewers",
        "clear_text",
        "too_large",
        "unsupported_codec",
        "stalled",
        "broken",
        "ended",
        "timeout",
        "worker_failed",
    }
)
# What the user should know of a camera's streams: keys of texts.
REMARKS = ("clear_text_login", "another_stream", "small_stream", "large_stream")
# Below this height in pixels, people farther away are only a few pixels high.
SMALL_HEIGHT = 240
# Decoding that needs more of a processor core than this is worth a remark.
LARGE_SHARE = 0.5
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

    @property
    def remark(self) -> str | None:
        """The key of what the user should know of the streams, if there is something."""
        frame = self.streams.frame
        true = (
            frame.link.basic,
            self.streams.failed is not None,
            frame.height < SMALL_HEIGHT,
            self.cores > LARGE_SHARE,
        )
        return next((key for key, holds in zip(REMARKS, true, strict=True) if holds), None)


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
