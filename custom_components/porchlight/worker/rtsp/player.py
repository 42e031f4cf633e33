"""What players ask of a relay, and the answers."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from ..errors import StreamProblem
from .description import described
from .messages import composed

if TYPE_CHECKING:
    from .messages import Message
    from .session import Playing

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
# Seconds; the relay itself keeps the camera's session alive.
_TIMEOUT = 3600
_REFUSALS = {
    StreamProblem.UNAUTHORIZED: "401 Unauthorized",
    StreamProblem.NOT_FOUND: "404 Not Found",
    StreamProblem.TOO_MANY_VIEWERS: "453 Not Enough Bandwidth",
}


def knows(target: str, url: str) -> bool:
    """Whether who asks for this knows the address."""
    own = url.encode()
    return compare_digest(target.encode("utf-8", "replace")[: len(own)], own)


def refusal(request: Message, problem: StreamProblem) -> bytes:
    """The answer to a request for what the camera does not play."""
    status = _REFUSALS.get(problem, "503 Service Unavailable")
    return composed(f"RTSP/1.0 {status}", [("CSeq", request.first("cseq"))])


class Script:
    """Answers one player's requests for what a camera plays already."""

    def __init__(self, url: str, playing: Playing) -> None:
        self._url = url
        self._tracks = playing.tracks
        self._starts = playing.starts
        # What came before the player asked.
        self.early = playing.early
        self.playing = False
        self.over = False

    def knows(self, target: str) -> bool:
        """Whether who asks for this knows the address."""
        return knows(target, self._url)

    def answer(self, request: Message) -> bytes:
        """The answer to a request."""
        headers = [("CSeq", request.first("cseq")), ("Session", f"1;timeout={_TIMEOUT}")]
        if request.method == "SETUP" and not _is_offered(request.first("transport")):
            # Players that try UDP first go on with TCP then.
            return composed("RTSP/1.0 461 Unsupported Transport", headers[:1])
        body = b""
        match request.method:
            case "OPTIONS":
                headers.append(("Public", _METHODS))
            case "DESCRIBE":
                headers += [("Content-Base", f"{self._url}/"), ("Content-Type", "application/sdp")]
                body = described(track for track, _ in self._tracks)
            case "SETUP":
                low, high = self._channels(request.target)
                transport = f"RTP/AVP/TCP;unicast;interleaved={low}-{high}"
                headers.append(("Transport", transport))
            case "PLAY":
                self.playing = True
                # Of a single track it says nothing that matters.
                if len(self._starts) > 1:
                    headers.append(("RTP-Info", self._begun()))
            case "TEARDOWN":
                self.over = True
        return composed("RTSP/1.0 200 OK", headers, body)

    def _channels(self, target: str) -> tuple[int, int]:
        for number, (_, channels) in enumerate(self._tracks):
            if target.endswith(f"/track{number}"):
                return channels
        return self._tracks[0][1]

    def _begun(self) -> str:
        entries = (f"url={self._url}/track{n};{one}" for n, one in enumerate(self._starts))
        return ",".join(entries)


def _is_offered(transport: str) -> bool:
    """Whether a player takes packets within its connection."""
    return not transport or "/TCP" in transport.upper() or "interleaved" in transport.lower()
