"""Which of a camera's streams are used, and how they are reached."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from homeassistant.const import CONF_HOST
from mashumaro.codecs.basic import BasicDecoder

from ..const import (
    CONF_ANALYSED,
    CONF_LINK,
    CONF_LIVE,
    CONF_LIVE_STREAM,
    CONF_PROFILES,
    CONF_STREAM,
    CONF_TRANSPORT,
)
from ..onvif.profiles import by_cost, choose_among, same_view
from ..onvif.values import Profile, bracketed
from ..worker.errors import StreamProblem
from ..worker.messages import FrameTaken, Link, Source, Transport
from ..worker.urls import RTSP_PORTS
from . import ask
from .inspection import credentials_of, presets_data

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from homeassistant.config_entries import ConfigEntry

    from ..onvif.values import CameraReport

# Profiles of one view that are opened to learn their size: each takes a moment.
_MOST_MEASURED = 4
# What is wrong with the camera and not with one of its streams.
CAMERA_PROBLEMS = frozenset(
    {
        StreamProblem.UNREACHABLE,
        StreamProblem.UNAUTHORIZED,
        StreamProblem.TOO_MANY_VIEWERS,
        StreamProblem.CERTIFICATE,
        StreamProblem.CLEAR_TEXT,
    }
)

# An entry's data about its camera's streams.
STREAM_KEYS = (CONF_PROFILES, CONF_STREAM, CONF_LIVE_STREAM, CONF_LINK)
EMPTY: Mapping[str, Any] = MappingProxyType({})
_LINK = BasicDecoder(Link)
_PROFILES = BasicDecoder(list[Profile])


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The streams that a camera serves: the one to analyze, with a frame, and the one to show live.

    `wanted` is the stream that should be analyzed, `failed` why it is not; None if it is.
    `live_failed` is the same for the one that should be shown live.
    """

    profiles: tuple[Profile, ...]
    wanted: Profile
    analysed: Profile
    live: Profile
    frame: FrameTaken
    failed: str | None = None
    live_failed: str | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The streams as an entry's data."""
        return {
            CONF_PROFILES: _stored(self.profiles),
            CONF_STREAM: self.analysed.uri,
            CONF_LIVE_STREAM: self.live.uri,
            CONF_LINK: asdict(self.frame.link),
        }

    @property
    def wanted_data(self) -> dict[str, Any]:
        """The same with the stream that should be analyzed; another stands in until it plays."""
        return {**self.data, CONF_STREAM: self.wanted.uri}


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The tokens of the profiles that the user has chosen; None for the best one.

    `view` is the lens and the view that the camera was added with, None for a new one.
    """

    analysed: str | None = None
    live: str | None = None
    view: tuple[str, str] | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any], data: Mapping[str, Any] = EMPTY) -> Chosen:
        """From an entry's options and data."""
        used = _with_place(profiles_of(data), data.get(CONF_STREAM, ""))
        return cls(
            analysed=options.get(CONF_ANALYSED),
            live=options.get(CONF_LIVE),
            view=used.shows if used else None,
        )


BEST = Chosen()


async def async_open(
    report: CameraReport,
    source: Callable[[Profile], Source],
    chosen: Chosen = BEST,
) -> Opened:
    """Open a camera's streams, and use others where one cannot be played. Raises ErrandError."""
    frames: dict[str, FrameTaken] = {}

    async def frame(profile: Profile) -> FrameTaken:
        if profile.uri not in frames:
            frames[profile.uri] = await ask.first_frame(source(profile))
        return frames[profile.uri]

    profiles = report.profiles
    used = [profile for profile in profiles if profile.uri and profile.shows == chosen.view]
    wanted = _with_token(profiles, chosen.analysed) or next(iter(used), report.analyse)
    view = same_view(profiles, wanted) or [wanted]
    if len(view) > 1:
        unknown = [profile for profile in view if not profile.width][:_MOST_MEASURED]
        measured = {profile.token: await _measured(profile, frame) for profile in unknown}
        view = [measured.get(profile.token, profile) for profile in view]
        profiles = tuple(_with_token(view, profile.token) or profile for profile in profiles)
    best = choose_among(view)
    first = _with_token(view, chosen.analysed) or best.analyse
    failed: ask.ErrandError | None = None
    for profile in (first, *(one for one in by_cost(view) if one is not first)):
        try:
            taken = await frame(profile)
        except ask.ErrandError as error:
            if not _of_one_stream(error):
                raise
            failed = failed or error
            continue
        live = _with_token(profiles, chosen.live) or best.record
        live_failed = await _failure(live, frame)
        return Opened(
            profiles=profiles,
            wanted=first,
            analysed=profile,
            live=profile if live_failed else live,
            frame=taken,
            failed=failed.key if failed else None,
            live_failed=live_failed,
        )
    raise failed or ask.ErrandError(StreamProblem.NO_VIDEO)


async def _measured(profile: Profile, frame: Callable[[Profile], Awaitable[FrameTaken]]) -> Profile:
    """A profile with the size of its pictures, if it can be played. Raises ErrandError."""
    try:
        taken = await frame(profile)
    except ask.ErrandError as error:
        if not _of_one_stream(error):
            raise
        return profile
    return replace(profile, width=taken.width, height=taken.height)


async def _failure(
    profile: Profile, frame: Callable[[Profile], Awaitable[FrameTaken]]
) -> str | None:
    """Why a stream can't be played: some cameras list a main stream that they do not serve."""
    try:
        await frame(profile)
    except ask.ErrandError as error:
        return error.key
    return None


def _of_one_stream(error: ask.ErrandError) -> bool:
    """Whether another stream of the same camera may be played all the same."""
    return error.key in StreamProblem and error.key not in CAMERA_PROBLEMS


def source_of(entry: ConfigEntry[Any], uri: str, host: str = "") -> Source:
    """A stream at its camera's address, or at another `host`, protected as well as before.

    A camera whose protection is not known yet gets no password in clear text elsewhere.
    """
    link = link_of(entry.data)
    transport = Transport(entry.options.get(CONF_TRANSPORT, Transport.AUTO))
    if transport is Transport.AUTO and link and link.transport is Transport.UDP:
        transport = Transport.UDP
    return Source(
        url=_at(uri, host or entry.data[CONF_HOST]),
        credentials=credentials_of(entry),
        basic=link.basic if link else not host,
        certificate=link.certificate if link else None,
        transport=transport,
    )


def link_of(data: Mapping[str, Any]) -> Link | None:
    """How a camera was reached; None if that is not known yet."""
    return _LINK.decode(data[CONF_LINK]) if data.get(CONF_LINK) else None


def profiles_of(data: Mapping[str, Any]) -> list[Profile]:
    """The profiles that a camera listed when it was last asked; none for one added long ago."""
    return _PROFILES.decode(data.get(CONF_PROFILES, []))


def _stored(profiles: Sequence[Profile]) -> list[dict[str, Any]]:
    """Profiles as an entry's data."""
    return [asdict(profile) for profile in profiles]


def with_link(data: Mapping[str, Any], link: Link) -> dict[str, Any]:
    """An entry's data with how its camera was reached; protection is never taken back."""
    if known := link_of(data):
        link = replace(
            link,
            basic=known.basic and link.basic,
            certificate=known.certificate or link.certificate,
        )
    return {**data, CONF_LINK: asdict(link)}


def without_udp(data: Mapping[str, Any]) -> dict[str, Any] | None:
    """An entry's data of a camera that no longer sends over UDP; None if it did not before."""
    link = link_of(data)
    if link is None or link.transport is not Transport.UDP:
        return None
    return {**data, CONF_LINK: asdict(replace(link, transport=Transport.TCP))}


def with_streams(data: Mapping[str, Any], report: CameraReport) -> dict[str, Any]:
    """An entry's data with the addresses that the camera's streams have now."""
    known = profiles_of(data)
    if _has_vanished(_with_place(known, data[CONF_STREAM]), known, report.profiles):
        # Without the profiles that are known, another lens would be taken for it next time.
        return dict(data)
    main = data[CONF_LIVE_STREAM] != data[CONF_STREAM]

    def now(uri: str, *, live: bool) -> str:
        before = _with_place(known, uri)
        if before is None:
            if _with_place(report.profiles, uri):
                return uri
            return (report.record if live else report.analyse).uri
        same = _with_token(report.profiles, before.token)
        if same and same.shows == before.shows:
            return same.uri
        # Another lens or view is another camera.
        if view := same_view(report.profiles, before):
            best = choose_among(view)
            return (best.record if live else best.analyse).uri
        return uri

    return {
        **data,
        **presets_data(report),
        CONF_PROFILES: _stored(report.profiles),
        CONF_STREAM: now(data[CONF_STREAM], live=False),
        CONF_LIVE_STREAM: now(data[CONF_LIVE_STREAM], live=main),
    }


def _has_vanished(one: Profile | None, known: Sequence[Profile], now: Sequence[Profile]) -> bool:
    """Whether a device with several views no longer lists this profile's.

    An only view was renamed.
    """
    several = any(len({each.shows for each in listed}) > 1 for listed in (known, now))
    return one is not None and several and not same_view(now, one)


def others(profiles: Sequence[Profile], uri: str) -> list[Profile]:
    """The other profiles that show the same as the stream with this address, the best first."""
    one = _with_place(profiles, uri)
    if one is None:
        return []
    return [other for other in by_cost(same_view(profiles, one)) if other.token != one.token]


def in_view(data: Mapping[str, Any]) -> list[Profile]:
    """The profiles that show what is analyzed; all of them if it is none of these."""
    return view_of(data) or profiles_of(data)


def view_of(data: Mapping[str, Any]) -> list[Profile]:
    """The profiles that show what is analyzed; none if it is none of those that are known."""
    profiles = profiles_of(data)
    one = _with_place(profiles, data[CONF_STREAM])
    return same_view(profiles, one) if one else []


def _with_place(profiles: Sequence[Profile], uri: str) -> Profile | None:
    return next((one for one in profiles if one.uri and place(one.uri) == place(uri)), None)


def _with_token(profiles: Sequence[Profile], token: str | None) -> Profile | None:
    return next((one for one in profiles if one.uri and one.token == token), None)


def place(uri: str) -> str:
    """Where on its camera a stream is: port, path and query, whatever the camera's address."""
    parts = urlsplit(uri)
    port = parts.port or RTSP_PORTS.get(parts.scheme)
    return urlunsplit(parts._replace(netloc=f":{port or ''}"))


def _at(uri: str, host: str) -> str:
    """A stream's address at a host."""
    parts = urlsplit(uri)
    host = bracketed(host)
    return urlunsplit(parts._replace(netloc=f"{host}:{parts.port}" if parts.port else host))
