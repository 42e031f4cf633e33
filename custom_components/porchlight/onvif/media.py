"""A camera's streams, read from both of ONVIF's media services and merged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING, Any

from .addresses import Reached
from .calls import MEDIA, MEDIA2, Calls
from .errors import AuthenticationError, CannotConnectError, OnvifError
from .profiles import has_video
from .values import Codec, Problem, Profile, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_ENCODED = ("VideoSource", "VideoEncoder")
_STREAM_SETUP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
# Profiles that are read: enough for a recorder with 64 channels.
MOST_PROFILES = 256
# Media2's name for RTP over the RTSP connection is "RTSP"; older firmware knows only the other.
_MEDIA2_PROTOCOLS = ("RTSP", "RtspUnicast")


@dataclass(slots=True, kw_only=True)
class _Reading:
    """One run through the media services, with its failures."""

    calls: Calls
    reached: Reached
    problems: set[Problem]
    failures: list[OnvifError] = field(default_factory=list)

    async def ask(self, service: Any, operation: str, params: dict[str, Any] | None = None) -> Any:
        """The answer, or None: other calls may work when one fails."""
        try:
            return await self.calls(service, operation, params)
        except OnvifError as error:
            self.failures.append(error)
            return None

    def raise_if_cut_off(self) -> None:
        """Raise the failure that explains an empty result: a refusal before a lost connection."""
        for kind in (AuthenticationError, CannotConnectError):
            for failure in self.failures:
                if isinstance(failure, kind):
                    raise failure


async def read_streams(calls: Calls, reached: Reached, problems: set[Problem]) -> list[Profile]:
    """Every profile with its URIs. Raises OnvifError if the camera refuses or goes away."""
    run = _Reading(calls=calls, reached=reached, problems=problems)
    second = await _profiles_of_media2(run)
    first = await _profiles_of_media(run)
    if not second and not first:
        run.raise_if_cut_off()
    run.failures.clear()
    in_first = {profile.token for profile in first}
    profiles = [
        replace(profile, uri=await _stream_uri(run, profile, in_first=in_first))
        for profile in _merged(second, first)[:MOST_PROFILES]
    ]
    if not any(profile.uri for profile in profiles):
        run.raise_if_cut_off()
    return [
        replace(profile, snapshot_uri=await _snapshot_uri(run, profile))
        for profile in _without_twins(profiles)
    ]


def codec_of(encoding: str | None) -> Codec:
    """The codec for a camera's name of it."""
    word = (encoding or "").upper().replace(".", "").replace("-", "")
    for codec, signs in {
        Codec.H265: ("H265", "HEVC"),
        Codec.H264: ("H264", "AVC"),
        Codec.MJPEG: ("JPEG",),
        Codec.MPEG4: ("MPEG4", "MPV4"),
    }.items():
        if any(sign in word for sign in signs):
            return codec
    return Codec.OTHER


async def _profiles_of_media(run: _Reading) -> list[Profile]:
    if not run.calls.offers(MEDIA):
        return []
    profiles = list(_read_media(await run.ask(MEDIA, "GetProfiles")))
    if not profiles:
        run.problems.add(Problem.MEDIA)
    return profiles


async def _profiles_of_media2(run: _Reading) -> list[Profile]:
    if not run.calls.offers(MEDIA2):
        return []
    profiles: list[Profile] = []
    # Some firmware returns the encoders only when everything is requested.
    for types in (_ENCODED, ("All",)):
        answer = await run.ask(MEDIA2, "GetProfiles", {"Type": list(types)})
        profiles = list(_read_media2(answer)) or profiles
        if any(profile.width for profile in profiles):
            return profiles
    run.problems.add(Problem.MEDIA2)
    return profiles


def _read_media(answer: Any) -> Iterator[Profile]:
    for item in answer if isinstance(answer, list) else ():
        encoder = getattr(item, "VideoEncoderConfiguration", None)
        resolution = getattr(encoder, "Resolution", None)
        rate = getattr(encoder, "RateControl", None)
        source = getattr(item, "VideoSourceConfiguration", None)
        yield _profile(
            Service.MEDIA,
            token=getattr(item, "token", None),
            name=getattr(item, "Name", None),
            encoding=getattr(encoder, "Encoding", None),
            width=getattr(resolution, "Width", None),
            height=getattr(resolution, "Height", None),
            fps=getattr(rate, "FrameRateLimit", None),
            source=getattr(source, "SourceToken", None),
            view=getattr(source, "token", None),
        )


def _read_media2(answer: Any) -> Iterator[Profile]:
    for item in _elements(answer):
        encoder = _child(_child(item, "Configurations"), "VideoEncoder")
        resolution = _child(encoder, "Resolution")
        source = _child(_child(item, "Configurations"), "VideoSource")
        yield _profile(
            Service.MEDIA2,
            token=item.get("token"),
            name=_text(item, "Name"),
            encoding=_text(encoder, "Encoding"),
            width=_text(resolution, "Width"),
            height=_text(resolution, "Height"),
            fps=_text(_child(encoder, "RateControl"), "FrameRateLimit"),
            source=_text(source, "SourceToken"),
            view=None if source is None else source.get("token"),
        )


def _profile(service: Service, *, token: Any, name: Any, encoding: Any, **rest: Any) -> Profile:
    return Profile(
        token=str(token or ""),
        name=str(name or token or ""),
        codec=codec_of(str(encoding) if encoding else None),
        width=int(_number(rest["width"])),
        height=int(_number(rest["height"])),
        fps=_number(rest["fps"]) or None,
        uri="",
        snapshot_uri=None,
        service=service,
        source=str(rest["source"] or ""),
        view=str(rest["view"] or rest["source"] or ""),
    )


def _merged(second: list[Profile], first: list[Profile]) -> list[Profile]:
    """Each token once: Media2's description, or Media1's if Media2's has no size."""
    described = {profile.token: profile for profile in first}
    merged: dict[str, Profile] = {}
    for profile in second:
        older = None if profile.width else described.get(profile.token)
        completed = replace(older, name=profile.name, service=Service.MEDIA2) if older else profile
        merged.setdefault(profile.token, completed)
    for profile in first:
        merged.setdefault(profile.token, profile)
    return list(merged.values())


def _without_twins(profiles: Iterable[Profile]) -> list[Profile]:
    """Each stream once, though both services may list it under tokens of their own."""
    seen: dict[tuple[Any, ...], Profile] = {}
    for profile in profiles:
        stream = (profile.uri or profile.token, profile.codec, profile.width, profile.height)
        seen.setdefault(stream, profile)
    return list(seen.values())


async def _stream_uri(run: _Reading, profile: Profile, *, in_first: set[str]) -> str:
    """The profile's stream from the first service that returns one; empty if none does."""
    if not has_video(profile):
        return ""
    token = profile.token
    attempts: list[tuple[Any, dict[str, Any]]] = []
    if profile.service is Service.MEDIA2:
        attempts += [
            (MEDIA2, {"Protocol": protocol, "ProfileToken": token})
            for protocol in _MEDIA2_PROTOCOLS
        ]
    if token in in_first:
        attempts.append((MEDIA, {"StreamSetup": _STREAM_SETUP, "ProfileToken": token}))
    for service, params in attempts:
        if any(isinstance(failure, CannotConnectError) for failure in run.failures):
            break
        answer = await run.ask(service, "GetStreamUri", params)
        if uri := run.reached.stream(_uri(answer), run.calls.login):
            return uri
    run.problems.add(Problem.STREAM_URI)
    return ""


async def _snapshot_uri(run: _Reading, profile: Profile) -> str | None:
    """The address of the profile's still picture; None for all after the first failure."""
    if not profile.uri or Problem.SNAPSHOT_URI in run.problems:
        return None
    service = MEDIA2 if profile.service is Service.MEDIA2 else MEDIA
    answer = await run.ask(service, "GetSnapshotUri", {"ProfileToken": profile.token})
    uri = run.reached.snapshot(_uri(answer), run.calls.login)
    if uri is None:
        run.problems.add(Problem.SNAPSHOT_URI)
    return uri


def _uri(answer: Any) -> str | None:
    """The URI in an answer of either service."""
    for element in _elements(answer):
        if _local_name(element) == "Uri":
            return str(element.text or "")
    uri = getattr(answer, "Uri", None)
    return str(uri) if uri else None


def _elements(answer: Any) -> list[Any]:
    """The answer's XML elements, if our WSDL leaves its content open."""
    found = getattr(answer, "_value_1", answer)
    return [item for item in found if hasattr(item, "tag")] if isinstance(found, list) else []


def _child(element: Any, name: str) -> Any:
    if element is None:
        return None
    return next((child for child in element if _local_name(child) == name), None)


def _text(element: Any, name: str) -> str | None:
    child = _child(element, name)
    return None if child is None else (child.text or "").strip()


def _local_name(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _number(value: Any) -> float:
    """The number that a camera gives; 0 if it gives none."""
    try:
        figure = float(value or 0)
    except (TypeError, ValueError):
        return 0.0
    return figure if isfinite(figure) and figure > 0 else 0.0
