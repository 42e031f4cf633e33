"""Session descriptions (RFC 4566): the tracks to play, and what players are given of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import StreamError, StreamProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

# By the names that RTP has for them.
ENCODINGS = frozenset({"H264", "H265", "JPEG", "MP4V-ES"})
_SOUND = frozenset(
    {"MPEG4-GENERIC", "MP4A-LATM", "PCMA", "PCMU", "G722", "OPUS", "L16", "MPA"}
    | {f"G726-{rate}" for rate in (16, 24, 32, 40)}
)
# Types that need no map.
_STATIC = {
    "0": "PCMU",
    "8": "PCMA",
    "9": "G722",
    "14": "MPA",
    "26": "JPEG",
    "28": "nv",
    "31": "H261",
    "32": "MPV",
    "33": "MP2T",
    "34": "H263",
}
# What players read of a track; more, such as where else to connect to, they are not given.
_PASSED = ("rtpmap", "fmtp", "framerate", "framesize")
_MEDIA_WORDS = 4
_PAYLOAD_DIGITS = 3
_MAX_NAME = 32
# What is looked at: so many tracks, and types and attributes of each.
_MOST_TRACKS, _MOST_TYPES, _MOST_ATTRIBUTES = 16, 32, 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A track of a stream: what the camera calls it, and its description for players."""

    control: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What a camera plays: the video first, and the sound if it was asked for and there is some.

    `control` is the address that the description gives the whole, if any.
    """

    control: str
    tracks: tuple[Track, ...]


@dataclass(slots=True)
class _Section:
    kind: str
    payloads: list[str]
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def named(self, name: str) -> str:
        return next((value for key, value in self.attributes if key == name), "")

    def encoding(self, payload: str) -> str:
        for key, value in self.attributes:
            words = value.replace("/", " ").split()
            if key == "rtpmap" and len(words) > 1 and words[0] == payload:
                return words[1]
        return _STATIC.get(payload, f"payload type {payload}")


def tracks_of(body: bytes, *, sound: bool) -> Described:
    """The tracks to play. Raises StreamError if there is no video that can be decoded."""
    session, sections = _sections(body.decode("utf-8", "replace"))
    tracks = [_video([one for one in sections if one.kind == "video"])]
    if sound and (heard := _sound(sections)):
        tracks.append(heard)
    return Described(control=session.named("control"), tracks=tuple(tracks))


def described(tracks: Iterable[Track]) -> bytes:
    """A description for a player, in which the tracks are called track0, track1 and so on."""
    lines = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
    head = "".join(f"{line}\r\n" for line in lines)
    body = (f"{one.description}a=control:track{n}\r\n" for n, one in enumerate(tracks))
    return (head + "".join(body)).encode()


def _video(videos: list[_Section]) -> Track:
    if not videos:
        raise StreamError(StreamProblem.NO_VIDEO)
    names = []
    for video in videos:
        for payload in video.payloads:
            name = video.encoding(payload)
            if name.upper() in ENCODINGS:
                return _track(video, payload)
            names.append("".join(c for c in name if c.isascii() and c.isprintable())[:_MAX_NAME])
    if not names:
        raise StreamError(StreamProblem.NO_VIDEO)
    raise StreamError(StreamProblem.UNSUPPORTED_CODEC, names[0])


def _sound(sections: list[_Section]) -> Track | None:
    for one in sections:
        # "sendonly" is what the camera would play, not what it hears.
        if one.kind != "audio" or any(name == "sendonly" for name, _ in one.attributes):
            continue
        for payload in one.payloads:
            if one.encoding(payload).upper() in _SOUND:
                return _track(one, payload)
    return None


def _sections(text: str) -> tuple[_Section, list[_Section]]:
    session = current = _Section("", [])
    found: list[_Section] = []
    for line in text.replace("\r", "\n").split("\n"):
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            words = value.split()
            types = words[_MEDIA_WORDS - 1 :][:_MOST_TYPES]
            current = _Section(
                words[0] if words else "", [one for one in types if _is_payload(one)]
            )
            if current.kind in {"audio", "video"} and len(found) < _MOST_TRACKS:
                found.append(current)
        elif kind == "a" and len(current.attributes) < _MOST_ATTRIBUTES:
            name, _, rest = value.partition(":")
            current.attributes.append((name.strip().lower(), rest.strip()))
    return session, found


def _is_payload(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _PAYLOAD_DIGITS


def _track(section: _Section, payload: str) -> Track:
    lines = [f"m={section.kind} 0 RTP/AVP {payload}"]
    for name, value in section.attributes:
        of_another = name in {"rtpmap", "fmtp", "framesize"} and value.split()[:1] != [payload]
        if name in _PASSED and not of_another:
            lines.append(f"a={name}:{value}")
    description = "".join(f"{line}\r\n" for line in lines)
    return Track(control=section.named("control"), description=description)
