"""The state of a camera that can change while it runs: password, clock and faults."""

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Literal

from simulator.errors import CommandError
from simulator.spec import CameraSpec

type Stall = Literal["media", "all"]
type Pulls = Literal["wait", "hasty", "hang"]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class EventFaults:
    """How the event service departs from what clients expect."""

    life: float | None = None
    """Subscriptions end after so many seconds of the footage's clock, whatever was promised."""
    grant: float | None = None
    """Subscriptions are promised no more seconds than this at a time."""
    most: int = 10
    """So many subscriptions at a time."""
    refuse_renew: bool = False
    relative_times: bool = False
    """Answers hold durations in place of times."""
    refuse_durations: bool = False
    """Requests may hold only times."""
    pulls: Pulls = "wait"
    """They wait for messages, are answered at once, or are never answered."""
    one_address: bool = False
    """All subscriptions have one address, and a header says which is meant."""

    def __post_init__(self) -> None:
        if self.pulls not in ("wait", "hasty", "hang"):
            raise CommandError("pulls must be wait, hasty or hang")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class ControlFaults:
    """How the camera departs from what clients expect when it is to turn or to restart."""

    refuse: bool = False
    """The login is right, but its user may do neither, nor read the presets."""
    hang_up: bool = False
    """It restarts before it answers."""


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
    event_faults: EventFaults = EventFaults()
    control_faults: ControlFaults = ControlFaults()
    presets_gone_to: list[str] = dataclasses.field(default_factory=list)
    reboots: int = 0
    """How often it was to restart; it goes on all the same."""
    snapshots: int = 0
    refused_snapshots: int = 0
    refused_calls: int = 0
    """ONVIF calls with a login that was wrong."""

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
