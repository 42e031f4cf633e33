"""Does with a camera what Porchlight does, and writes down how it went; nothing private is kept."""

from __future__ import annotations

import asyncio
import platform
import re
import tempfile
from dataclasses import asdict, dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from porchlight.onvif.values import EventKind
from porchlight.runtime import ask
from porchlight.runtime.bridge import Bridge
from porchlight.worker.event_messages import CameraEvent, ListenTo, Subscribed, Unsubscribed
from porchlight.worker.messages import Source, Status, StreamDown, StreamUp, VisitNews, WatchCamera

if TYPE_CHECKING:
    from collections.abc import Iterable

    from porchlight.onvif.values import CameraReport, Credentials, Profile, Typed
    from porchlight.worker.messages import UseModel

_SHORTEST = 3
_HEX_GROUPS = re.compile(r"[0-9a-fA-F]{2}(?:[:-][0-9a-fA-F]{2}){5}")
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")


@dataclass(slots=True)
class Examination:
    """What was found out; `failed` are the steps that failed, with their reasons."""

    facts: dict[str, Any] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


async def examine(
    typed: Typed, credentials: Credentials, *, model: UseModel | None, seconds: float
) -> Examination:
    """Find, query, open and watch a camera for so long."""
    found = Examination()
    found.facts["machine"] = f"{platform.machine()} {platform.libc_ver()[0]}".strip()
    report = await _set_up(typed, credentials, found)
    if report is not None:
        await _streams(report, credentials, found)
        await asyncio.gather(
            _watch(report, credentials, found, model=model, seconds=seconds),
            _listen(report, credentials, found, seconds=seconds),
        )
    return found


def redacted(found: Examination, secrets: Iterable[str | None]) -> dict[str, Any]:
    """The result as JSON, without these texts, and without anything like an address or a MAC."""
    hidden = sorted(
        {one for one in secrets if one and len(one) >= _SHORTEST}, key=len, reverse=True
    )

    def clean(value: Any) -> Any:
        match value:
            case dict():
                return {key: clean(one) for key, one in value.items()}
            case list() | tuple():
                return [clean(one) for one in value]
            case str():
                for secret in sorted(hidden, key=len, reverse=True):
                    value = re.sub(re.escape(secret), "…", value, flags=re.IGNORECASE)
                return _ADDRESS.sub("…", _HEX_GROUPS.sub("…", value))
        return value

    return {"facts": clean(found.facts), "failed": clean(found.failed)}


async def _set_up(
    typed: Typed, credentials: Credentials, found: Examination
) -> CameraReport | None:
    began = monotonic()
    try:
        there = await ask.locate(typed)
        found.facts["found"] = {
            "seconds": round(monotonic() - began, 1),
            "port": there.port,
            "path": there.path,
            "tls": there.secure,
        }
        began = monotonic()
        report = await ask.inspect(
            there.host, there.port, credentials, path=there.path, secure=there.secure
        )
    except ask.ErrandError as error:
        found.failed["set-up"] = error.key
        return None
    found.facts["camera"] = {
        "seconds": round(monotonic() - began, 1),
        "manufacturer": report.manufacturer,
        "model": report.model,
        "firmware": report.firmware,
        "known by": _known_by(report),
        "clock differs by seconds": round(report.clock_offset),
        "events": report.has_events,
        "media2": report.has_media2,
        "tls certificate": report.certificate is not None,
        "problems": list(report.problems),
        "profiles": [_profile(profile) for profile in report.profiles],
        "analyzed": report.analyse.token,
        "live": report.record.token,
    }
    return report


def _known_by(report: CameraReport) -> list[str]:
    known = {"MAC": report.mac, "endpoint": report.endpoint, "serial number": report.serial}
    return [name for name, value in known.items() if value]


def _profile(profile: Profile) -> dict[str, Any]:
    kept = {"token", "codec", "width", "height", "fps", "service", "source", "view"}
    facts = {key: value for key, value in asdict(profile).items() if key in kept}
    parts = urlsplit(profile.uri)
    # Some cameras put a login into the path or the query, so neither is kept.
    shape = (
        re.sub(r"[^/?&=.:;_-]+", "x", f"{parts.path}?{parts.query}") if parts.query else parts.path
    )
    snapshot = profile.snapshot_uri is not None
    return {
        **facts,
        "scheme": parts.scheme,
        "port": parts.port,
        "path": shape,
        "snapshot": snapshot,
    }


async def _streams(report: CameraReport, credentials: Credentials, found: Examination) -> None:
    """Open each stream once."""
    streams = found.facts["streams"] = {}
    for profile in report.profiles:
        began = monotonic()
        try:
            frame = await ask.first_frame(Source(url=profile.uri, credentials=credentials))
        except ask.ErrandError as error:
            found.failed[f"stream {profile.token}"] = f"{error.key} {error.detail}".strip()
            if error.key == "unauthorized":
                # Cameras lock accounts.
                return
            continue
        streams[profile.token] = {
            "seconds": round(monotonic() - began, 1),
            "size": f"{frame.width}x{frame.height}",
            "codec": frame.codec,
            "core seconds for a key frame": round(frame.seconds, 3),
            "transport": frame.link.transport,
            "tls": frame.link.certificate is not None,
            "password in clear text": frame.link.basic,
        }


async def _listen(
    report: CameraReport, credentials: Credentials, found: Examination, *, seconds: float
) -> None:
    """Subscribe to the camera's own events for so long."""
    if not report.has_events:
        return
    news: list[Any] = []
    subscribed = asyncio.Event()

    def hear(one: Any) -> None:
        news.append(one)
        if isinstance(one, Subscribed):
            subscribed.set()

    target = ListenTo(
        camera_id="camera",
        host=report.host,
        port=report.port,
        path=found.facts["found"]["path"],
        credentials=credentials,
        secure=found.facts["found"]["tls"],
        certificate=report.certificate,
    )
    bridge = Bridge(hear, lambda: [target], mode="listen")
    bridge.start()
    try:
        async with asyncio.timeout(seconds + 30):
            await subscribed.wait()
        await asyncio.sleep(seconds)
    except TimeoutError:
        problems = [one.problem for one in news if isinstance(one, Unsubscribed)]
        found.failed["events"] = ", ".join(dict.fromkeys(problems)) or "no answer"
    finally:
        await bridge.stop()
    events = [one for one in news if isinstance(one, CameraEvent)]
    found.facts["events"] = {
        "offered": None if report.events is None else list(report.events),
        "heard": {kind: sum(one.kind == kind for one in events) for kind in EventKind},
        "subscriptions": sum(isinstance(one, Subscribed) for one in news),
    }


async def _watch(
    report: CameraReport,
    credentials: Credentials,
    found: Examination,
    *,
    model: UseModel | None,
    seconds: float,
) -> None:
    """Watch the analyzed stream as the worker does."""
    news: list[Any] = []
    up = asyncio.Event()

    def hear(one: Any) -> None:
        news.append(one)
        if isinstance(one, StreamUp):
            up.set()

    source = Source(url=report.analyse.uri, credentials=credentials)
    opening = [*([model] if model else []), WatchCamera(camera_id="camera", source=source)]
    bridge = Bridge(hear, lambda: opening, folders=(tempfile.gettempdir(),))
    bridge.start()
    try:
        async with asyncio.timeout(seconds + 30):
            await up.wait()
        await asyncio.sleep(seconds)
    except TimeoutError:
        found.failed["watching"] = "no picture came"
    finally:
        await bridge.stop()
    states = [one for one in news if isinstance(one, Status)]
    found.facts["watching"] = {
        "seconds": seconds,
        "detection": model is not None,
        "outages": [f"{one.problem} {one.detail}" for one in news if isinstance(one, StreamDown)],
        "looks a second, at most": max((one.fps for one in states), default=0),
        "people, at most": max((one.people or 0 for one in states), default=0),
        "motion": any(one.moving for one in states),
        "visits": len({one.visit.visit_id for one in news if isinstance(one, VisitNews)}),
    }
