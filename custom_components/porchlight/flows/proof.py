"""The proof that a camera works, and how it is described."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..onvif.values import CameraReport, Credentials, Profile
from ..runtime import ask
from ..runtime.streams import BEST, Chosen, Opened, async_open
from ..runtime.text import plain
from ..worker.messages import Link, Source, Transport

if TYPE_CHECKING:
    from ..runtime.address import Address
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
class Question:
    """How a camera is asked: with which login, what is known of it, and which streams are wanted.

    `certificate` and `link` are the protection that it must have; None for any.
    """

    credentials: Credentials
    endpoint: str | None = None
    certificate: str | None = None
    link: Link | None = None
    transport: Transport = Transport.AUTO
    chosen: Chosen = BEST

    def source(self, profile: Profile) -> Source:
        """One of its streams."""
        link = self.link or Link(basic=True)
        return Source(
            url=profile.uri,
            credentials=self.credentials,
            basic=link.basic,
            certificate=link.certificate,
            transport=self.transport,
        )


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


async def async_inspect(address: Address, question: Question) -> CameraReport:
    """A camera's report. Raises ErrandError."""
    return await ask.inspect(
        address.host,
        address.port,
        question.credentials,
        path=address.path,
        endpoint=question.endpoint,
        secure=address.secure,
        certificate=question.certificate,
    )


async def async_prove(report: CameraReport, question: Question) -> Proof:
    """Decode a frame of a camera's stream. Raises ErrandError."""
    return Proof(report=report, streams=await async_open(report, question.source, question.chosen))


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
