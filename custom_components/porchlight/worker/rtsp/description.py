"""Session descriptions (RFC 4566): the track to watch, and what FFmpeg is given of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..errors import StreamError, StreamProblem

# By the names that RTP has for them.
ENCODINGS = frozenset({"H264", "H265", "JPEG", "MP4V-ES"})
# Types that need no map.
_STATIC = {"26": "JPEG", "28": "nv", "31": "H261", "32": "MPV", "33": "MP2T", "34": "H263"}
# What FFmpeg reads of a track; more, such as where else to connect to, it is not given.
_PASSED = ("rtpmap", "fmtp", "framerate", "framesize")
_MEDIA_WORDS = 4
_PAYLOAD_DIGITS = 3
_MAX_NAME = 32
# What is looked at: so many tracks, and types and attributes of each.
_MOST_TRACKS, _MOST_TYPES, _MOST_ATTRIBUTES = 16, 32, 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A video track: what it is called, and its description for FFmpeg.

    `session` is the address that a description gives the whole, if any.
    """

    control: str
    session: str
    description: str


@dataclass(slots=True)
class _Section:
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


def video_track(body: bytes) -> Track:
    """The track to watch. Raises StreamError if there is none that can be decoded."""
    session, videos = _sections(body.decode("utf-8", "replace"))
    if not videos:
        raise StreamError(StreamProblem.NO_VIDEO)
    names = []
    for video in videos:
        for payload in video.payloads:
            name = video.encoding(payload)
            if name.upper() in ENCODINGS:
                return Track(
                    control=video.named("control"),
                    session=session.named("control"),
                    description=_described(video, payload),
                )
            names.append("".join(c for c in name if c.isascii() and c.isprintable())[:_MAX_NAME])
    if not names:
        raise StreamError(StreamProblem.NO_VIDEO)
    raise StreamError(StreamProblem.UNSUPPORTED_CODEC, names[0])


def _sections(text: str) -> tuple[_Section, list[_Section]]:
    session = current = _Section([])
    videos: list[_Section] = []
    for line in text.replace("\r", "\n").split("\n"):
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            words = value.split()
            types = words[_MEDIA_WORDS - 1 :][:_MOST_TYPES]
            current = _Section([one for one in types if _is_payload(one)])
            if words[:1] == ["video"] and len(videos) < _MOST_TRACKS:
                videos.append(current)
        elif kind == "a" and len(current.attributes) < _MOST_ATTRIBUTES:
            name, _, rest = value.partition(":")
            current.attributes.append((name.strip().lower(), rest.strip()))
    return session, videos


def _is_payload(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _PAYLOAD_DIGITS


def _described(video: _Section, payload: str) -> str:
    lines = [
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=-",
        "c=IN IP4 127.0.0.1",
        "t=0 0",
        f"m=video 0 RTP/AVP {payload}",
    ]
    for name, value in video.attributes:
        of_another = name in {"rtpmap", "fmtp", "framesize"} and value.split()[:1] != [payload]
        if name in _PASSED and not of_another:
            lines.append(f"a={name}:{value}")
    lines.append("a=control:video")
    return "".join(f"{line}\r\n" for line in lines)
