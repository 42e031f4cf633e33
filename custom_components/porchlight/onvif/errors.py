"""Everything that can go wrong between Porchlight and an ONVIF camera."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar


class NoVideoReason(StrEnum):
    """Why a camera has no video to watch; also a translation key."""

    NO_PROFILES = "no_profiles"
    NO_VIDEO_ENCODER = "no_video_encoder"
    NO_STREAM_URI = "no_stream_uri"


class Absence(StrEnum):
    """Why no ONVIF service was found at an address; also a translation key."""

    UNKNOWN_HOST = "unknown_host"
    NOTHING_THERE = "nothing_there"
    ONLY_STREAM = "only_stream"
    ONLY_UNENCRYPTED = "only_unencrypted"
    NO_SERVICE = "no_service"


class OnvifError(Exception):
    """Base of this room's errors; a bare one is a bug."""

    key: ClassVar[str] = "unknown"


class CannotConnectError(OnvifError):
    """Nothing answered: refused, unreachable, not resolvable or too slow."""

    key = "cannot_connect"


class LostConnectionError(CannotConnectError):
    """The camera took a call and ended the connection without an answer."""


class NotOnvifError(OnvifError):
    """Something answered, but not with ONVIF at this address."""

    key = "not_onvif"


class CertificateError(OnvifError):
    """The device has another TLS certificate than the camera had."""

    key = "certificate"


class AuthenticationError(OnvifError):
    """The camera refused the credentials, even when signed with its own time."""

    key = "invalid_auth"


class ForbiddenError(OnvifError):
    """The camera accepted the credentials, but does not allow their user what was asked."""

    key = "forbidden"


class NoVideoError(OnvifError):
    """The camera answered, but has no stream to watch."""

    key = "no_video"

    def __init__(self, reason: NoVideoReason) -> None:
        super().__init__(f"No usable video profile: {reason}")
        self.reason = reason


class NotLocatedError(OnvifError):
    """No ONVIF service was found at the address that was typed."""

    key = "no_service"

    def __init__(self, reason: Absence) -> None:
        super().__init__(f"No ONVIF service: {reason}")
        self.reason = reason


class CameraFaultError(OnvifError):
    """The camera answered one call with a fault or with something unreadable."""

    key = "camera_fault"


class NoInterfaceError(OnvifError):
    """None of the given source addresses could be used to search."""

    key = "no_interface"
