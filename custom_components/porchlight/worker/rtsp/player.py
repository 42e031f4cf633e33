"""What FFmpeg asks of the relay, and the answers."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING

from .messages import composed

if TYPE_CHECKING:
    from .messages import Message
    from .session import Playing

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER"
# Seconds; the relay itself keeps the camera's session alive.
_TIMEOUT = 3600


class Script:
    """Answers one player's requests for what a camera plays already."""

    def __init__(self, url: str, playing: Playing) -> None:
        self._url = url
        self._playing = playing
        self.playing = False
        self.over = False

    def knows(self, request: Message) -> bool:
        """Whether who asks knows the address."""
        target = request.target.encode("utf-8", "replace")
        own = self._url.encode()
        return compare_digest(target[: len(own)], own)

    def answer(self, request: Message) -> bytes:
        """The answer to a request."""
        headers = [("CSeq", request.first("cseq")), ("Session", f"1;timeout={_TIMEOUT}")]
        body = b""
        match request.method:
            case "OPTIONS":
                headers.append(("Public", _METHODS))
            case "DESCRIBE":
                headers += [("Content-Base", f"{self._url}/"), ("Content-Type", "application/sdp")]
                body = self._playing.track.description.encode()
            case "SETUP":
                low, high = self._playing.channels
                transport = f"RTP/AVP/TCP;unicast;interleaved={low}-{high}"
                headers.append(("Transport", transport))
            case "PLAY":
                self.playing = True
            case "TEARDOWN":
                self.over = True
        return composed("RTSP/1.0 200 OK", headers, body)
