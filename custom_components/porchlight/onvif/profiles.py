"""Chooses the profile to analyze and the one to show live."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import TYPE_CHECKING

from .errors import NoVideoError, NoVideoReason
from .values import Codec, Profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TARGET_PIXELS = 640 * 360
# A tenth below 320x180, since encoders round to whole macroblocks.
_LEAST_LONG_SIDE = 288
_LEAST_SHORT_SIDE = 162
_LEAST_FPS = 3.5
# Too few pixels lose people; too many only cost time.
_BELOW_TARGET_PENALTY = 2

_CODEC_RANK = {Codec.H264: 0, Codec.H265: 0, Codec.MPEG4: 1, Codec.MJPEG: 2, Codec.OTHER: 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The two profiles that are used, both of the same view."""

    analyse: Profile
    record: Profile


def choose(profiles: Iterable[Profile]) -> Choice:
    """The profile to analyze and the one to show live. Raises NoVideoError if there is none."""
    usable = _usable(tuple(profiles))
    best_rank = min(_CODEC_RANK[profile.codec] for profile in usable)
    first = next(p for p in usable if _CODEC_RANK[p.codec] == best_rank)
    return choose_among(same_view(usable, first))


def choose_among(profiles: Sequence[Profile]) -> Choice:
    """The best of the profiles of one view."""
    return Choice(
        analyse=by_cost(profiles)[0],
        record=min(profiles, key=_shortfall_of_record),
    )


def same_view(profiles: Iterable[Profile], one: Profile) -> list[Profile]:
    """The profiles with a stream that show what this one shows."""
    return [profile for profile in profiles if profile.uri and profile.shows == one.shows]


def by_cost(profiles: Iterable[Profile]) -> list[Profile]:
    """The profiles from the best to the worst one to analyze."""
    return sorted(profiles, key=_cost_to_analyse)


def has_video(profile: Profile) -> bool:
    """Whether the profile encodes pictures; some carry only sound or metadata."""
    return profile.codec is not Codec.OTHER or _pixels(profile) > 0


def _usable(profiles: tuple[Profile, ...]) -> tuple[Profile, ...]:
    if not profiles:
        raise NoVideoError(NoVideoReason.NO_PROFILES)
    encoded = tuple(profile for profile in profiles if has_video(profile))
    if not encoded:
        raise NoVideoError(NoVideoReason.NO_VIDEO_ENCODER)
    usable = tuple(profile for profile in encoded if profile.uri)
    if not usable:
        raise NoVideoError(NoVideoReason.NO_STREAM_URI)
    return usable


def _pixels(profile: Profile) -> int:
    return profile.width * profile.height


def _cost_to_analyse(profile: Profile) -> tuple[int, bool, bool, float, bool, float]:
    pixels = max(_pixels(profile), 1)
    distance = log(pixels / _TARGET_PIXELS)
    if distance < 0:
        distance *= -_BELOW_TARGET_PENALTY
    too_small = (
        max(profile.width, profile.height) < _LEAST_LONG_SIDE
        or min(profile.width, profile.height) < _LEAST_SHORT_SIDE
    )
    too_slow = profile.fps is not None and profile.fps < _LEAST_FPS
    return (
        _CODEC_RANK[profile.codec],
        too_small,
        too_slow,
        distance,
        profile.codec is Codec.H265,  # more expensive to decode than H.264
        profile.fps or 0.0,
    )


def _shortfall_of_record(profile: Profile) -> tuple[int, int, float]:
    return (_CODEC_RANK[profile.codec], -_pixels(profile), -(profile.fps or 0.0))
