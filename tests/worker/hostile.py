"""An RTSP camera that sends whatever a test wants, as fast as it is read."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from typing import TYPE_CHECKING, Self

from porchlight.onvif.values import Credentials
from porchlight.worker.messages import Source

from simulator.rtp import Sender, payloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

TICKS = 9000


def described(codec: str, *sets: bytes) -> str:
    """A session description of one track; without parameter sets they come with the video."""
    texts = [base64.b64encode(one).decode() for one in sets]
    if codec == "h264":
        more = f";sprop-parameter-sets={','.join(texts)}" if texts else ""
        form = f"packetization-mode=1{more}"
    else:
        names = ("sprop-vps", "sprop-sps", "sprop-pps")
        form = ";".join(f"{name}={text}" for name, text in zip(names, texts, strict=False))
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        "m=video 0 RTP/AVP 96\r\n"
        f"a=rtpmap:96 {codec.upper()}/90000\r\n"
        + (f"a=fmtp:96 {form}\r\n" if form else "")
        + "a=control:trackID=1\r\n"
    )


class Hostile:
    """Serves one description and what `packets` gives: RTP payloads, and whether one is a last."""

    def __init__(
        self, description: str, packets: Callable[[], Iterator[tuple[bytes, int, bool]]]
    ) -> None:
        self._description = description
        self._packets = packets
        self._server = socket.create_server(("127.0.0.1", 0))
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []
        self.sent = 0
        self.connections = 0

    @property
    def source(self) -> Source:
        """Its stream."""
        port = self._server.getsockname()[1]
        login = Credentials(username="", password="")
        return Source(url=f"rtsp://127.0.0.1:{port}/x", credentials=login)

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_exc: object) -> None:
        # An accept that waits would not notice that its socket is closed.
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._clients.append(client)
                self.connections += 1
                self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), client:
            request = b""
            while data := client.recv(65536):
                request += data
                while b"\r\n\r\n" in request:
                    head, _, request = request.partition(b"\r\n\r\n")
                    client.sendall(self._answer(head.decode(errors="replace")))
                    if head.startswith(b"PLAY"):
                        self._play(client)

    def _answer(self, head: str) -> bytes:
        number = next(line for line in head.split("\r\n") if line.lower().startswith("cseq"))
        lines, body = [number, "Session: 1"], ""
        if head.startswith("DESCRIBE"):
            body = self._description
            lines += ["Content-Type: application/sdp", f"Content-Length: {len(body)}"]
        elif head.startswith("SETUP"):
            lines.append("Transport: RTP/AVP/TCP;unicast;interleaved=0-1")
        return ("RTSP/1.0 200 OK\r\n" + "\r\n".join(lines) + "\r\n\r\n" + body).encode()

    def _play(self, client: socket.socket) -> None:
        sender = Sender(ssrc=1, sequence=1, offset=1)
        chunk = bytearray()
        for payload, ticks, last in self._packets():
            packet = sender.packet(payload, ticks, last=last)
            chunk += b"$\x00" + len(packet).to_bytes(2) + packet
            if len(chunk) >= 65536 or last:
                client.sendall(chunk)
                self.sent += len(chunk)
                chunk.clear()


def framed(
    codec: str, frames: Iterator[Sequence[bytes]], *, pause: float = 0.1
) -> Iterator[tuple[bytes, int, bool]]:
    """Frames as packets, so many seconds apart."""
    wait = threading.Event()
    for number, nals in enumerate(frames):
        pieces = payloads(codec, nals)  # type: ignore[arg-type] # one of two codecs
        for index, piece in enumerate(pieces, 1):
            yield piece, number * TICKS, index == len(pieces)
        wait.wait(pause)


def endless_fragments(first: int = 0x65) -> Iterator[tuple[bytes, int, bool]]:
    """One H.264 unit in fragments that never ends."""
    indicator = first & 0xE0 | 28
    yield bytes((indicator, 0x80 | first & 0x1F)) + bytes(1398), 0, False
    middle = bytes((indicator, first & 0x1F)) + b"\x55" * 60000
    while True:
        yield middle, 0, False
