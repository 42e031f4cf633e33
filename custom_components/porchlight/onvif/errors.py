"""Everything that can go wrong between Porchlight and an ONVIF camera."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class NoVideoReason(StrEnum):
    """Why a camera that answers has nothing to watch; also a translation key."""

    NO_PROFILES = "no_profiles"
    NO_VIDEO_ENCODER = "no_video_encoder"
    NO_STREAM_URI = "no_stream_uri"


class OnvifError(Exception):
    """The root of the tree; an instance of itself is a bug, not a camera's answer."""

    key: ClassVar[str] = "unknown"


class CannotConnectError(OnvifError):
    """Nothing answered: refused, unreachable, not resolvable or too slow."""

    key = "cannot_connect"


class NotOnvifError(OnvifError):
    """Something answered, but it doesn't speak ONVIF at this address."""

    key = "not_onvif"


class AuthenticationError(OnvifError):
    """The camera refused the credentials, also with its own freshly read time."""

    key = "invalid_auth"


class NoVideoError(OnvifError):
    """The camera answered and has no stream that could be watched."""

    key = "no_video"

    def __init__(self, reason: NoVideoReason) -> None:
        super().__init__(f"No usable video profile: {reason}")
        self.reason = reason


class CameraFaultError(OnvifError):
    """The camera answered one call with a fault or with something unreadable."""

    key = "camera_fault"


class NoInterfaceError(OnvifError):
    """None of the given source addresses could be used to search."""

    key = "no_interface"
