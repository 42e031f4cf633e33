"""The description of a camera: footage, identity and behavior."""

import dataclasses
import hashlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_type_hints

from simulator.digest import ALGORITHMS
from simulator.errors import SpecError

# Means "derive it from the name", so that "" can mean "the camera has none".
DERIVED = "derived"

type Codec = Literal["h264", "h265"]

_CODECS = ("h264", "h265")
_FAULT_STATUSES = (400, 401)
_TRUE = ("1", "true", "yes", "on")
_FALSE = ("0", "false", "no", "off")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class StreamSpec:
    """How one profile encodes the footage; `None` keeps the video's value."""

    codec: Codec = "h264"
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    gop: float = 2.0
    """Seconds between key frames."""

    def __post_init__(self) -> None:
        if self.codec not in _CODECS:
            raise SpecError(f"unknown codec {self.codec!r}")
        sizes = (self.width, self.height, self.fps, self.gop)
        if any(size is not None and size <= 0 for size in sizes):
            raise SpecError("width, height, fps and gop must be positive")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CameraSpec:
    """One camera; port 0 is any free one."""

    video: Path
    name: str
    manufacturer: str = "Simulated"
    model: str = "SIM-1"
    firmware: str = "1.0.0"
    serial: str = DERIVED
    mac: str = DERIVED
    uuid: str = DERIVED
    username: str = "admin"
    password: str = "porch light"  # noqa: S105 - a made-up camera's made-up password
    host: str = "127.0.0.1"
    port: int = 0
    rtsp_port: int = 0
    advertised_host: str = ""
    """The host that the camera writes into its answers, as behind NAT; "" is `host`."""
    main: StreamSpec = dataclasses.field(default_factory=StreamSpec)
    sub: StreamSpec = dataclasses.field(default_factory=StreamSpec)
    media1: bool = True
    media2: bool = True
    fault_status: int = 400
    """HTTP status of the refusal of wrong credentials: 400 or 401."""
    clock_offset: float = 0.0
    """Seconds by which the camera's own clock is ahead of the machine's."""
    session_timeout: int = 60
    """Seconds after which an RTSP session without a sign of life ends."""
    rtsp_digest: str = "MD5"
    """Algorithms that RTSP's challenges offer, in their order: "MD5", "SHA-256+MD5" and so on."""
    rtsp_udp: bool = False
    """Sends video over UDP, and refuses to send it over TCP."""
    rtsp_options: bool = True
    """Knows RTSP's OPTIONS."""
    rtsp_tls: bool = False
    """RTSP is encrypted, with a certificate of the camera's own."""
    channels: int = 1
    """Lenses, as a recorder has them; all show the same footage, at paths of their own."""
    events: str = "motion"
    """What the camera can report by itself, with + in between: see `topics.py`."""
    ptz: bool = False
    """Has a PTZ service."""
    presets: str = ""
    """The presets' names, with + in between; an empty one has none. "" is no preset."""
    start: float = 0.0
    """Second of the footage at which the camera starts."""

    def __post_init__(self) -> None:
        if not self.name:
            raise SpecError("a camera needs a name")
        if not self.host.startswith("127."):
            raise SpecError(f"{self.host} is not a loopback address")
        if self.fault_status not in _FAULT_STATUSES:
            raise SpecError("fault_status must be 400 or 401")
        if self.channels < 1:
            raise SpecError("channels must be 1 or more")
        if not (self.media1 or self.media2):
            raise SpecError("a camera without media service shows nothing")
        if not ALGORITHMS.issuperset(self.digests):
            raise SpecError("rtsp_digest must be made of MD5 and SHA-256, with + in between")
        digest = hashlib.sha256(self.name.encode()).hexdigest()
        made_up = {
            "serial": digest[:12].upper(),
            "mac": ":".join(["02", *(digest[i : i + 2] for i in range(0, 10, 2))]),
            "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:camera:{self.name}")),
        }
        for field, value in made_up.items():
            if getattr(self, field) == DERIVED:
                object.__setattr__(self, field, value)
        object.__setattr__(self, "video", Path(self.video))

    @property
    def digests(self) -> tuple[str, ...]:
        """The algorithms of RTSP's challenges."""
        return tuple(self.rtsp_digest.split("+"))

    @property
    def event_kinds(self) -> tuple[str, ...]:
        """The kinds of events that it offers."""
        return tuple(filter(None, self.events.split("+")))

    @property
    def preset_names(self) -> tuple[str, ...]:
        """The names of its presets."""
        return tuple(self.presets.split("+")) if self.presets else ()

    @property
    def rtsp_scheme(self) -> str:
        """The scheme of streams' URLs."""
        return "rtsps" if self.rtsp_tls else "rtsp"


def camera_from_mapping(values: Mapping[str, Any]) -> CameraSpec:
    """Build a spec from JSON values or command-line strings; raises SpecError.

    Stream settings are given nested (`{"main": {"codec": …}}`) or dotted (`main.codec`).
    """
    flat: dict[str, Any] = {}
    streams: dict[str, dict[str, Any]] = {"main": {}, "sub": {}}
    for key, value in values.items():
        head, _, tail = key.partition(".")
        if head in streams and tail:
            streams[head][tail] = value
        elif head in streams:
            if not isinstance(value, Mapping):
                raise SpecError(f"{key} must be an object")
            streams[head].update(value)
        else:
            flat[key] = value
    for name, settings in streams.items():
        flat[name] = _build(StreamSpec, settings)
    return _build(CameraSpec, flat)


def _build[T: (StreamSpec, CameraSpec)](kind: type[T], values: Mapping[str, Any]) -> T:
    hints = get_type_hints(kind)
    known = {field.name: field for field in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise SpecError(f"unknown setting {', '.join(unknown)}")
    needed = {
        name
        for name, field in known.items()
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    }
    missing = sorted(needed - set(values))
    if missing:
        raise SpecError(f"missing setting {', '.join(missing)}")
    return kind(**{name: _convert(name, hints[name], value) for name, value in values.items()})


def _convert(name: str, hint: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        if hint is bool:
            return _boolean(value)
        if hint in (int, int | None):
            return int(value)
        if hint in (float, float | None):
            return float(value)
    except ValueError as error:
        raise SpecError(f"{name}: {error}") from error
    return value


def _boolean(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(f"{text!r} is neither yes nor no")
