"""The messages between Home Assistant's process and the one that listens to cameras' events."""

from __future__ import annotations

from dataclasses import dataclass

from ..onvif.values import Credentials, EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenTo:
    """Subscribe to a camera's events; another address or login replaces the present one.

    `certificate` is the SHA-256 of the only one to accept; None accepts any. `attempt` is returned
    with a failure, which may arrive after another ListenTo was sent.
    """

    camera_id: str
    host: str
    port: int
    path: str
    credentials: Credentials
    secure: bool = False
    certificate: str | None = None
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StopListening:
    """End a camera's subscription; without a goodbye if the camera refuses the login."""

    camera_id: str
    goodbye: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A camera's events arrive from now on; no state is known yet."""

    camera_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsubscribed:
    """A camera's events do not arrive; `problem` is the key of an ONVIF error.

    If it is that of a refused login, the camera is left alone until the next ListenTo.
    """

    camera_id: str
    problem: str
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraEvent:
    """Something that a camera reports by itself; `source` tells rules, lenses and inputs apart.

    `on` is a state, None if it is no longer known. Doorbells and lines send True each time. `lens`
    is the token of the lens or of its view, empty if the camera names none.
    """

    camera_id: str
    kind: EventKind
    source: str
    on: bool | None
    lens: str = ""
