"""The values that the ONVIF room returns: plain, and serializable as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

DEVICE_PATH = "/onvif/device_service"
HTTP_PORT, HTTPS_PORT = 80, 443
WEB_PORTS = {"http": HTTP_PORT, "https": HTTPS_PORT}


def bracketed(host: str) -> str:
    """The host as it is written in a URL."""
    return f"[{host}]" if ":" in host else host


class Codec(StrEnum):
    """How a profile's video is encoded."""

    H264 = "h264"
    H265 = "h265"
    MJPEG = "mjpeg"
    MPEG4 = "mpeg4"
    OTHER = "other"


class Service(StrEnum):
    """The service a profile was read from."""

    MEDIA = "media"
    MEDIA2 = "media2"


class EventKind(StrEnum):
    """What a camera can report by itself; also a translation key."""

    PERSON = "person"
    VEHICLE = "vehicle"
    ANIMAL = "animal"
    MOTION = "motion"
    TAMPER = "tamper"
    INPUT = "input"
    LINE = "line"
    DOORBELL = "doorbell"


class Problem(StrEnum):
    """A failure that was tolerated while reading a camera; a stable key for diagnostics."""

    CLOCK = "clock"
    SERVICES = "services"
    DEVICE_INFORMATION = "device_information"
    NETWORK_INTERFACES = "network_interfaces"
    SCOPES = "scopes"
    ENDPOINT = "endpoint"
    MEDIA = "media"
    MEDIA2 = "media2"
    STREAM_URI = "stream_uri"
    SNAPSHOT_URI = "snapshot_uri"
    EVENTS = "events"
    PRESETS = "presets"


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A camera's address as a user typed it, without the login in it; empty where nothing was.

    `secure`: only TLS may be used. The path of a stream is left out.
    """

    host: str
    port: int | None = None
    scheme: str = ""
    path: str = ""
    secure: bool = False

    @property
    def place(self) -> str:
        """The host, and the port if there is one."""
        host = bracketed(self.host)
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def is_stream(self) -> bool:
        """Whether it is the address of a stream, so that its port is not that of ONVIF."""
        return self.scheme in {"rtsp", "rtsps"}

    def __str__(self) -> str:
        """The address as it can be typed again."""
        return f"{self.scheme}://{self.place}{self.path}".removeprefix("://")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A camera that answered a search."""

    host: str
    port: int
    path: str = DEVICE_PATH
    secure: bool = False
    endpoint: str | None = None
    name: str = ""
    model: str = ""
    mac: str | None = None
    scopes: tuple[str, ...] = ()

    @property
    def xaddr(self) -> str:
        """The address of the device service."""
        scheme = "https" if self.secure else "http"
        return f"{scheme}://{bracketed(self.host)}:{self.port}{self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A camera's login; an empty username means that none is needed."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How a camera's ONVIF service is reached: its address, login and certificate.

    `certificate` is the SHA-256 of the only one to accept; None accepts any.
    """

    host: str
    port: int
    credentials: Credentials
    path: str = DEVICE_PATH
    secure: bool = False
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A position that a camera can turn to; `profile` is the token of one that turns with it."""

    profile: str
    token: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One stream of a camera; width and height are 0 and fps None where unknown.

    The URI never carries userinfo; `source` is the token of its lens, `view` that of what is shown
    of it: profiles with the same view show the same.
    """

    token: str
    name: str
    codec: Codec
    width: int
    height: int
    fps: float | None
    uri: str
    snapshot_uri: str | None
    service: Service
    source: str = ""
    view: str = ""

    @property
    def shows(self) -> tuple[str, str]:
        """The lens, and what is shown of it."""
        return self.source, self.view


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraReport:
    """The result of an inspection; `clock_offset` is the camera's time minus ours, in seconds.

    `events`: what it can report by itself; None if it does not say. `presets` likewise.
    """

    name: str
    manufacturer: str
    model: str
    firmware: str
    serial: str
    mac: str | None
    endpoint: str | None
    unique_id: str | None
    host: str
    port: int
    clock_offset: float
    profiles: tuple[Profile, ...]
    analyse: Profile
    record: Profile
    has_events: bool
    has_media2: bool
    certificate: str | None = None
    problems: tuple[Problem, ...] = ()
    events: tuple[EventKind, ...] | None = None
    presets: tuple[Preset, ...] | None = None
