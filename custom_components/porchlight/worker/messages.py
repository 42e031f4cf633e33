"""The messages between Home Assistant's process and the worker's.

Moments are seconds since the epoch, UTC. Passwords never show in a repr.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAliasType, get_args

from ..onvif.values import CameraReport, Credentials, Found, Typed
from ..vision.settings import DEFAULT, Settings
from ..vision.types import Box
from .control_messages import GoTo, Reboot, SnapshotTaken, TakeSnapshot
from .errors import EngineProblem, StreamProblem
from .event_messages import CameraEvent, ListenTo, StopListening, Subscribed, Unsubscribed

if TYPE_CHECKING:
    from collections.abc import Iterator


class Transport(StrEnum):
    """How a stream's packets travel; auto is within the connection, else over UDP."""

    AUTO = "auto"
    TCP = "tcp"
    UDP = "udp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An RTSP stream and its login; the address carries no userinfo.

    `basic`: whether a camera that asks for nothing better may get the password in clear text.
    `certificate`: the SHA-256 fingerprint that an encrypted camera must have, if it is known.
    """

    url: str
    credentials: Credentials
    basic: bool = True
    certificate: str | None = None
    transport: Transport = Transport.AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """How a camera was reached, so that it is not reached with less protection later.

    `basic`: the camera asked for the password in clear text. `certificate`: the SHA-256
    fingerprint of its certificate; None without encryption.
    """

    transport: Transport = Transport.TCP
    certificate: str | None = None
    basic: bool = False

    def suits(self, source: Source) -> bool:
        """Whether a connection that was made like this is as the source demands."""
        return (
            source.transport in {Transport.AUTO, self.transport}
            and source.certificate in {None, self.certificate}
            and (source.basic or not self.basic)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitInfo:
    """One visit, as it is reported."""

    visit_id: str
    arrived_at: float
    last_seen: float
    score: float
    count: int
    most: int
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A stream to show live, for players that ask for this path."""

    source: Source
    path: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchCamera:
    """Watch a camera, or change how it is watched.

    `picture_path`: where its best picture is kept. `revision` is returned with each picture.
    `open_visit` and `furniture` are used only for a camera that is not watched yet. A camera that
    refused its login is tried again with a higher `attempt` or another source, and not before.
    `live` is None if nothing may be shown live.
    """

    camera_id: str
    source: Source
    detect: bool = True
    picture_path: str | None = None
    open_visit: VisitInfo | None = None
    settings: Settings = DEFAULT
    furniture: tuple[Box, ...] = ()
    revision: int = 0
    attempt: int = 0
    live: Live | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCamera:
    """Stop watching a camera."""

    camera_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UseModel:
    """Run this model from now on."""

    engine: str
    path: str
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class DropModel:
    """Stop analyzing until the next UseModel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetBudget:
    """Use no more than this share of the machine's cores, 0 to 1, on average."""

    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeStill:
    """Encode the last frame; answered by a Still with the same request number."""

    camera_id: str
    request: int
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alive:
    """The worker's main loop is running; sent every few seconds."""

    pid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadStarted:
    """This thread works for a camera, or for the engine if None; used to attribute crashes."""

    camera_id: str | None
    thread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamUp:
    """Frames arrive, or have another size or codec from now on."""

    camera_id: str
    codec: str
    width: int
    height: int
    link: Link = Link()


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDown:
    """No frames arrive; the worker keeps trying."""

    camera_id: str
    problem: StreamProblem
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveServed:
    """A camera's live stream is served on this port of loopback from now on."""

    camera_id: str
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveRefused:
    """The camera refused its login for live view."""

    camera_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A camera's present state.

    `people` and `zones`, the people in each zone by its id, are None until a frame was analyzed.
    """

    camera_id: str
    frame_at: float
    moving: bool | None
    people: int | None
    fps: float
    inference_ms: float | None
    zones: dict[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LineCrossed:
    """A person crossed a line; `inward` is to the right of its direction. Sent once each."""

    camera_id: str
    line_id: str
    inward: bool
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FurnitureKnown:
    """The objects that the detector mistakes for people; sent when they change."""

    camera_id: str
    boxes: tuple[Box, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """Cores in use and allowed; `pace`: the share of the wanted looks that are made, 0.1 to 1."""

    cores: float
    budget: float
    pace: float


class VisitPhase(StrEnum):
    """What happened to a visit."""

    ARRIVED = "arrived"
    CHANGED = "changed"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitNews:
    """A visit began, changed or ended.

    An open one is reported as changed every few seconds, with the time of its last sighting.
    """

    camera_id: str
    phase: VisitPhase
    visit: VisitInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class BestPicture:
    """The best picture of the visit so far; the first is sent before the visit's arrival.

    `revision` is that of the WatchCamera in force when its frame was taken.
    """

    camera_id: str
    visit_id: str
    at: float
    jpeg: bytes = field(repr=False)
    revision: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureKept:
    """Whether the best picture was written to disk; False, too, when the write hangs."""

    camera_id: str
    kept: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """The last frame as JPEG; None if there is none."""

    request: int
    jpeg: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineReady:
    """A model runs: which engine, which tensors, and the milliseconds one picture takes."""

    engine: str
    version: str
    path: str
    family: str
    side: int
    inference_ms: float
    threads: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFailed:
    """A model does not run."""

    engine: str
    path: str
    problem: EngineProblem
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """Search for cameras from these local addresses; answered by Found for each, then Done."""

    sources: tuple[str, ...]
    seconds: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspect:
    """Query a camera over ONVIF; answered by a CameraReport or an ErrandFailed."""

    host: str
    port: int
    path: str
    credentials: Credentials
    endpoint: str | None = None
    secure: bool = False
    certificate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Locate:
    """Find a host's ONVIF service without a login; answered by a Found or an ErrandFailed.

    `until` is on the system's monotonic clock, which all processes share.
    """

    typed: Typed
    until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstFrame:
    """Decode one frame; answered by a FrameTaken or an ErrandFailed."""

    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameTaken:
    """One decoded frame; `seconds`: how long a processor core took to decode it."""

    codec: str
    width: int
    height: int
    jpeg: bytes = field(repr=False)
    link: Link = Link()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrandFailed:
    """An errand failed; the key is one of the worker's or of ONVIF's errors."""

    key: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """An errand with many answers is over."""


type Command = (
    WatchCamera
    | RemoveCamera
    | UseModel
    | DropModel
    | SetBudget
    | TakeStill
    | ListenTo
    | StopListening
)
type Report = (
    Alive
    | ThreadStarted
    | StreamUp
    | StreamDown
    | LiveServed
    | LiveRefused
    | Status
    | LineCrossed
    | FurnitureKnown
    | Load
    | VisitNews
    | BestPicture
    | PictureKept
    | Still
    | EngineReady
    | EngineFailed
    | Subscribed
    | Unsubscribed
    | CameraEvent
)
type Errand = Scan | Inspect | Locate | FirstFrame | UseModel | GoTo | Reboot | TakeSnapshot
type Answer = (
    Found
    | CameraReport
    | FrameTaken
    | SnapshotTaken
    | EngineReady
    | EngineFailed
    | ErrandFailed
    | Done
)
type Message = Command | Report | Errand | Answer


def _members(union: Any) -> Iterator[type]:
    """The classes that a union of unions is made of."""
    if isinstance(union, TypeAliasType):
        union = union.__value__
    if isinstance(union, type):
        yield union
    for member in get_args(union):
        yield from _members(member)


MESSAGES: tuple[type, ...] = tuple(dict.fromkeys(_members(Message)))
