"""One camera: its servers, its footage, and the means to change it while it runs."""

import asyncio
import contextlib
import dataclasses
from typing import Any, Protocol

from simulator import motion
from simulator.addresses import Addresses
from simulator.clock import Clock
from simulator.condition import ControlFaults, EventFaults, Stall, condition_of
from simulator.device import DeviceService
from simulator.errors import CommandError
from simulator.events import EventService
from simulator.footage import CLOCK_RATE, Footage, Rendition
from simulator.media import MediaService
from simulator.media2 import Media2Service
from simulator.profiles import profiles_of
from simulator.ptz import PtzService
from simulator.rtsp import RtspServer
from simulator.soap import boolean
from simulator.spec import CameraSpec
from simulator.stream import Stream
from simulator.timeline import Timeline
from simulator.web import WebServer

_STATUSES = range(300, 600)
# Seconds added so that it wakes just after motion begins or ends, not just before.
_EDGE = 0.001


class Presence(Protocol):
    """Is notified when a camera comes and goes."""

    def hello(self, spec: CameraSpec, addresses: Addresses) -> None:
        """A camera has come online."""

    def bye(self, spec: CameraSpec) -> None:
        """A camera has gone offline."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """The present state of a camera."""

    online: bool
    position: float
    """Second of the footage in view."""
    loop: int
    """How often the footage has ended since the start or the last seek."""
    duration: float
    motion: bool
    """Whether the footage moves at this moment."""
    motion_intervals: list[tuple[float, float]]
    clients: int
    """RTSP clients that play."""
    main_clients: int
    sub_clients: int
    subscriptions: int
    clock_offset: float
    rtsp_status: int | None
    rtsp_redirect: str | None
    refused_logins: int
    """RTSP requests with a login that was wrong."""
    stall: Stall | None
    garbage: bool
    onvif_silent: bool
    events_muted: bool
    event_faults: EventFaults
    event_requests: dict[str, int]
    """How often the event service was asked for what."""
    control_faults: ControlFaults
    presets_gone_to: list[str]
    """The tokens of the presets that it was to turn to."""
    reboots: int
    """How often it was to restart."""
    snapshots: int
    """How often a still picture was sent."""
    refused_snapshots: int
    """Requests for one with a login that was wrong."""
    refused_calls: int
    """ONVIF calls with a login that was wrong."""


class Camera:
    """A running camera."""

    def __init__(
        self,
        spec: CameraSpec,
        footage: Footage,
        clock: Clock,
        presence: Presence | None = None,
    ) -> None:
        self.spec = spec
        self.footage = footage
        self.online = False
        self._clock = clock
        self._presence = presence
        self._condition = condition_of(spec)
        self._profiles = profiles_of(footage, spec.channels)
        self._timeline = Timeline(clock, footage.duration_ticks)
        self._timeline.seek(self._snapped(spec.start))
        self._streams = {
            one.path: Stream(one.rendition, self._timeline, clock) for one in self._profiles
        }
        self._rtsp = RtspServer(spec, self._condition, self._streams, clock)
        self._web = WebServer(spec, self._condition, clock, self._timeline, self._profiles)
        self._events: EventService | None = None
        self._motion_task: asyncio.Task[None] | None = None
        self._reported: bool | None = None

    @property
    def host(self) -> str:
        """Loopback address it listens on."""
        return self.spec.host

    @property
    def port(self) -> int:
        """Port of HTTP."""
        return self._web.port

    @property
    def rtsp_port(self) -> int:
        """Port of RTSP."""
        return self._rtsp.port

    @property
    def addresses(self) -> Addresses:
        """The addresses that it advertises."""
        return Addresses(
            host=self.spec.advertised_host or self.spec.host,
            port=self.port,
            rtsp_port=self.rtsp_port,
            rtsp_scheme=self.spec.rtsp_scheme,
        )

    @property
    def onvif_url(self) -> str:
        """URL of the device service."""
        return f"http://{self.host}:{self.port}/onvif/device_service"

    @property
    def main_url(self) -> str:
        """RTSP URL of the main stream, without credentials."""
        return f"{self.spec.rtsp_scheme}://{self.host}:{self.rtsp_port}/main"

    @property
    def sub_url(self) -> str:
        """RTSP URL of the sub stream, without credentials."""
        return f"{self.spec.rtsp_scheme}://{self.host}:{self.rtsp_port}/sub"

    @property
    def certificate(self) -> str | None:
        """SHA-256 fingerprint of its certificate; None without TLS."""
        return self._rtsp.certificate

    @property
    def position(self) -> float:
        """Second of the footage in view."""
        return self._timeline.position

    @property
    def in_motion(self) -> bool:
        """Whether the footage moves at this moment."""
        return motion.is_moving(self.footage.motion, self.position)

    async def start(self) -> None:
        """Power on; raises OSError if a port is taken."""
        await self.go_online()
        self._motion_task = asyncio.create_task(self._watch_motion())

    async def stop(self) -> None:
        """Power off."""
        task, self._motion_task = self._motion_task, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.go_offline()
        for stream in self._streams.values():
            await stream.close()

    async def go_online(self) -> None:
        """Listen on the same ports as before, and announce itself with a Hello message."""
        if self.online:
            return
        await self._web.start()
        await self._rtsp.start()
        addresses = self.addresses
        self._events = self._events or EventService(
            self._condition, addresses, self._clock, lambda: self.in_motion, self.spec.event_kinds
        )
        device = DeviceService(self.spec, self._condition, addresses)
        media = [MediaService(self._profiles, addresses)] if self.spec.media1 else []
        media2 = [Media2Service(self._profiles, addresses)] if self.spec.media2 else []
        names = self.spec.preset_names
        ptz = [PtzService(names, self._profiles, self._condition)] if self.spec.ptz else []
        self._web.serve([device, self._events, *media, *media2, *ptz])
        self.online = True
        if self._presence is not None:
            self._presence.hello(self.spec, addresses)

    async def go_offline(self) -> None:
        """Send a Bye message, cut every connection and stop listening; subscriptions are lost."""
        if not self.online:
            return
        self.online = False
        if self._presence is not None:
            self._presence.bye(self.spec)
        self.kill_subscriptions()
        await self._rtsp.stop()
        await self._web.stop()

    def set_password(self, password: str) -> None:
        """Change the password; clients that are playing continue."""
        self._condition.password = password

    def set_clock_offset(self, seconds: float) -> None:
        """Put the camera's own clock ahead of the machine's."""
        self._condition.clock_offset = seconds

    def drop_rtsp(self) -> int:
        """Cut every RTSP connection now; return how many there were."""
        return self._rtsp.drop_all()

    def refuse_rtsp(self, status: int | None) -> None:
        """Answer every RTSP request with a status; None ends it. Playing clients continue."""
        if status is not None and status not in _STATUSES:
            raise CommandError("status must be from 300 to 599")
        self._condition.rtsp_status = status

    def redirect_rtsp(self, url: str | None) -> None:
        """Answer every DESCRIBE with a redirect to this URL; None ends it."""
        self._condition.rtsp_redirect = url

    def stall(self, kind: Stall | None) -> None:
        """Keep connections but send no media, or nothing ("all"); None ends it."""
        if kind not in ("media", "all", None):
            raise CommandError("kind must be media, all or null")
        self._condition.stall = kind

    def send_garbage(self, *, on: bool) -> None:
        """Send random bytes in place of video."""
        self._condition.garbage = on
        if not on:
            self._rtsp.resume()

    def mute_events(self, *, on: bool) -> None:
        """Keep subscriptions alive but send no events."""
        self._condition.events_muted = on

    def kill_subscriptions(self) -> int:
        """Forget every event subscription; return how many there were."""
        return self._events.kill_all() if self._events else 0

    def publish_motion(self, *, moving: bool) -> None:
        """Send subscribers a motion state, whatever the footage shows."""
        self.publish_event("motion", boolean(value=moving))

    def publish_event(
        self, kind: str, value: str = "true", *, source: str = "", operation: str = "Changed"
    ) -> None:
        """Send subscribers an event of any kind; `source` names a rule or an input."""
        if self._events:
            self._events.publish(kind, value, source, operation)

    def set_event_faults(self, **faults: Any) -> None:
        """Have the event service depart from what is expected; those not named end."""
        try:
            self._condition.event_faults = EventFaults(**faults)
        except TypeError as error:
            raise CommandError(f"no such fault: {error}") from error
        if self._events:
            self._events.release()

    def set_control_faults(self, **faults: Any) -> None:
        """Do not turn or restart as expected; faults that are not named end."""
        try:
            self._condition.control_faults = ControlFaults(**faults)
        except TypeError as error:
            raise CommandError(f"no such fault: {error}") from error

    def silence_onvif(self, *, on: bool) -> None:
        """Accept HTTP requests without answering them."""
        self._condition.onvif_silent = on
        self._web.silence(on=on)

    def seek(self, second: float) -> float:
        """Show the last key frame at or before a second now; return its second.

        Only moments where both streams have a key frame count.
        """
        ticks = self._snapped(second)
        self._timeline.seek(ticks)
        for stream in self._streams.values():
            stream.resync()
        if self._motion_task is not None:
            self._motion_task.cancel()
            self._motion_task = asyncio.create_task(self._watch_motion())
        return ticks / CLOCK_RATE

    def state(self) -> CameraState:
        """Return the camera's present state."""
        condition = self._condition
        return CameraState(
            online=self.online,
            position=self.position,
            loop=self._timeline.loop,
            duration=self.footage.source.duration,
            motion=self.in_motion,
            motion_intervals=[(one.start, one.end) for one in self.footage.motion],
            clients=self._rtsp.playing,
            main_clients=self._streams["main"].watched,
            sub_clients=self._streams["sub"].watched,
            subscriptions=self._events.subscriptions if self._events else 0,
            clock_offset=condition.clock_offset,
            rtsp_status=condition.rtsp_status,
            rtsp_redirect=condition.rtsp_redirect,
            refused_logins=self._rtsp.refused_logins,
            stall=condition.stall,
            garbage=condition.garbage,
            onvif_silent=condition.onvif_silent,
            events_muted=condition.events_muted,
            event_faults=condition.event_faults,
            event_requests=dict(self._events.requests) if self._events else {},
            control_faults=condition.control_faults,
            presets_gone_to=list(condition.presets_gone_to),
            reboots=condition.reboots,
            snapshots=condition.snapshots,
            refused_snapshots=condition.refused_snapshots,
            refused_calls=condition.refused_calls,
        )

    def _snapped(self, second: float) -> int:
        duration = self.footage.source.duration
        if not 0 <= second < duration:
            raise CommandError(f"second must be from 0 to {duration:.3f}")
        both = _keys(self.footage.main) & _keys(self.footage.sub)
        return max(ticks for ticks in both if ticks <= second * CLOCK_RATE)

    async def _watch_motion(self) -> None:
        intervals = self.footage.motion
        duration = self.footage.source.duration
        while True:
            moving = self.in_motion
            if self._reported is not moving:
                self._reported = moving
                if "motion" in self.spec.event_kinds:
                    self.publish_motion(moving=moving)
            rest = motion.next_change(intervals, self.position, duration)
            await self._clock.sleep_until(self._clock.monotonic() + rest + _EDGE)


def _keys(rendition: Rendition) -> set[int]:
    return {unit.ticks for unit in rendition.units if unit.key}
