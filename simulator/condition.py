"""The state of a camera that can change while it runs: password, clock and faults."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Literal

from simulator.spec import CameraSpec

type Stall = Literal["media", "all"]


@dataclasses.dataclass(slots=True, kw_only=True)
class Condition:
    """The camera's present state; all its servers read it, its commands write it."""

    username: str
    password: str
    clock_offset: float
    rtsp_status: int | None = None
    """Every RTSP request is answered with this status."""
    rtsp_redirect: str | None = None
    """Every DESCRIBE is answered with a redirect to this URL."""
    stall: Stall | None = None
    """Connections stay open, but carry no media, or nothing at all."""
    garbage: bool = False
    """Random bytes in place of video."""
    onvif_silent: bool = False
    """HTTP requests are accepted and never answered."""
    events_muted: bool = False

    def device_time(self) -> datetime:
        """Return the time by the camera's own clock, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset)


def condition_of(spec: CameraSpec) -> Condition:
    """Return the state a camera starts in."""
    return Condition(
        username=spec.username,
        password=spec.password,
        clock_offset=spec.clock_offset,
    )
