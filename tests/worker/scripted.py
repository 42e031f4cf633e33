"""A camera that answers each RTSP request as a test says, and notes what it was asked."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import repeat
from typing import TYPE_CHECKING, Self

import pytest
from porchlight.onvif.values import Credentials
from porchlight.worker.decoding import whole_frames
from porchlight.worker.errors import StreamError
from porchlight.worker.messages import Source
from porchlight.worker.rtsp.connection import Deadline
from porchlight.worker.stream import Stream

from simulator.rtp import Sender

from .hostile import described, framed
from .sets import h264_frame
from .support import PASSWORD

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

USER = "admin"
WAITING = {"opening": 60.0, "reading": 60.0}
SMALL = h264_frame(320, 240)
VIDEO = described("h264", *SMALL[:2])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; header names are in lower case."""

    method: str
    uri: str
    headers: Mapping[str, str]
    connection: int

    @property
    def login(self) -> str:
        """The Authorization header, or nothing."""
        return self.headers.get("authorization", "")


def reply(status: str, *headers: str, body: str = "", asked: Asked | None = None) -> bytes:
    """An answer."""
    lines = [f"RTSP/1.0 {status}", *headers]
    if asked:
        lines.append(f"CSeq: {asked.headers.get('cseq', '')}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", body]).encode()


def describe(asked: Asked, body: str = VIDEO, *headers: str) -> bytes:
    """A description."""
    return reply("200 OK", "Content-Type: application/sdp", *headers, body=body, asked=asked)


def ordinary(asked: Asked) -> bytes | None:
    """What a simple camera answers."""
    match asked.method:
        case "DESCRIBE":
            return describe(asked)
        case "SETUP":
            transport = "Transport: RTP/AVP/TCP;unicast;interleaved=0-1"
            return reply("200 OK", transport, "Session: 7;timeout=60", asked=asked)
        case "PLAY" | "TEARDOWN" | "GET_PARAMETER" | "OPTIONS":
            return reply("200 OK", "Session: 7", asked=asked)
    return reply("501 Not Implemented", asked=asked)


class Guard:
    """Wants a login: names of algorithms and "Basic", in their order; counts wrong ones."""

    def __init__(
        self,
        *offers: str,
        then: Callable[[Asked], bytes | None] = ordinary,
        more: str = 'qop="auth"',
        password: str = PASSWORD,
        realm: str = "Cam",
    ) -> None:
        self._offers = offers
        self._then = then
        self._more = more
        self._password = password
        self._realm = realm
        self.nonce = 1
        self.failed: list[str] = []
        self.counts: list[tuple[str, str]] = []
        # Answered with `stale` although the login is right, so often.
        self.stale = 0
        self.following = ""
        self.stale_word = ", stale=TRUE"

    def __call__(self, asked: Asked) -> bytes | None:
        stale = ""
        if asked.login and self._right(asked):
            if not self.stale:
                return self._answered(asked)
            self.stale -= 1
            self.nonce += 1
            stale = self.stale_word
        elif asked.login:
            self.failed.append(asked.login)
        return reply("401 Unauthorized", *self._challenges(stale), asked=asked)

    def change(self, password: str) -> None:
        """Want another password from now on."""
        self._password = password

    def challenges(self) -> list[str]:
        """The headers of a refusal."""
        return [*self._challenges("")]

    def _answered(self, asked: Asked) -> bytes | None:
        answer = self._then(asked)
        if answer and self.following:
            # The next request has to use it.
            self.nonce += 1
            info = f'Authentication-Info: nextnonce="n{self.nonce}"'
            answer = answer.replace(b"\r\n", f"\r\n{info}\r\n".encode(), 1)
        return answer

    def _challenges(self, stale: str) -> Iterator[str]:
        for offer in self._offers:
            if offer == "Basic":
                yield f'WWW-Authenticate: Basic realm="{self._realm}"'
            else:
                algorithm = f", algorithm={offer}" if offer else ""
                more = f", {self._more}" if self._more else ""
                yield (
                    f'WWW-Authenticate: Digest realm="{self._realm}", nonce="n{self.nonce}"'
                    f'{algorithm}{more}, opaque="o\\"p"{stale}'
                )

    def _right(self, asked: Asked) -> bool:
        scheme, _, rest = asked.login.partition(" ")
        if scheme == "Basic":
            pair = base64.b64encode(f"{USER}:{self._password}".encode()).decode()
            return "Basic" in self._offers and rest == pair
        if set(self._offers) == {"Basic"}:
            return False
        given = {
            name: quoted or plain
            for name, quoted, plain in re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', rest)
        }
        self.counts.append((given["nonce"], given.get("nc", "")))
        return (
            given["nonce"] == f"n{self.nonce}"
            and given["uri"] == asked.uri
            and given["opaque"] == 'o\\"p'
            and given["response"] == self._response(given, asked.method)
        )

    def _response(self, given: Mapping[str, str], method: str) -> str:
        algorithm = given.get("algorithm", "")
        kind = hashlib.sha256 if algorithm.startswith("SHA-256") else hashlib.md5

        def hashed(*texts: str) -> str:
            return kind(":".join(texts).encode()).hexdigest()

        who = hashed(USER, self._realm, self._password)
        if algorithm.endswith("-sess"):
            who = hashed(who, given["nonce"], given["cnonce"])
        middle = [given[name] for name in ("nc", "cnonce", "qop")] if "qop" in given else []
        return hashed(who, given["nonce"], *middle, hashed(method, given["uri"]))


class Scripted:
    """Serves connections with `answer`: bytes, or None to say nothing."""

    def __init__(
        self,
        answer: Callable[[Asked], bytes | None] = ordinary,
        *,
        packets: Callable[[], Iterator[tuple[bytes, int, bool]]] | None = None,
        context: ssl.SSLContext | None = None,
        login: bool = True,
    ) -> None:
        self.answer = answer
        self._packets = packets or (lambda: framed("h264", repeat(SMALL), pause=0.02))
        self._context = context
        self._login = login
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []
        self._changed = threading.Condition()
        self.asked: list[Asked] = []
        self.answers: list[bytes] = []
        self.frames: list[bytes] = []
        self.connections = 0
        self.left = 0

    @property
    def source(self) -> Source:
        """Its stream."""
        scheme = "rtsps" if self._context else "rtsp"
        login = Credentials(username=USER if self._login else "", password=PASSWORD)
        return Source(url=f"{scheme}://127.0.0.1:{self.port}/live?a=1", credentials=login)

    def with_(self, **more: object) -> Source:
        """Its stream, with more about it."""
        return replace(self.source, **more)  # type: ignore[arg-type] # a source's fields

    @property
    def methods(self) -> list[str]:
        """The requests so far."""
        return [one.method for one in self.asked]

    @property
    def logins(self) -> list[str]:
        """The logins that were sent so far."""
        return [one.login for one in self.asked if one.login]

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_exc: object) -> None:
        # An accept that waits would not notice that its socket is closed.
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        self.cut()
        for thread in self._threads:
            thread.join(10)

    def finish(self, data: bytes) -> None:
        """Send this to the newest connection, and then no more."""
        with contextlib.suppress(OSError):
            self._clients[-1].sendall(data)
            self._clients[-1].shutdown(socket.SHUT_WR)

    def cut(self) -> None:
        """Cut all connections."""
        for client in self._clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def wait(self, condition: Callable[[], bool], seconds: float = 120.0) -> None:
        """Wait until something was asked, or somebody has left."""
        with self._changed:
            assert self._changed.wait_for(condition, seconds), self.methods

    def _start(self, target: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self.connections += 1
                self._start(self._serve, client, self.connections)

    def _serve(self, client: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError):
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
            self._clients.append(client)
            lock = threading.Lock()
            with client:
                self._listen(client, number, lock)
        with self._changed:
            self.left += 1
            self._changed.notify_all()

    def _listen(self, client: socket.socket, number: int, lock: threading.Lock) -> None:
        rest = b""
        while data := client.recv(65536):
            rest += data
            while rest:
                if rest[:1] == b"$":
                    size = 4 + int.from_bytes(rest[2:4].ljust(2, b"\xff"))
                    if len(rest) < size:
                        break
                    self.frames.append(rest[:size])
                    rest = rest[size:]
                    continue
                head, found, rest_of_it = rest.partition(b"\r\n\r\n")
                if not found:
                    break
                rest = rest_of_it
                if head.startswith(b"RTSP/"):
                    self.answers.append(head)
                    continue
                self._take(client, parsed(head.decode(), number), lock)

    def _take(self, client: socket.socket, asked: Asked, lock: threading.Lock) -> None:
        with self._changed:
            self.asked.append(asked)
            self._changed.notify_all()
        answer = self.answer(asked)
        if answer is not None:
            # Whoever has left may have asked more before.
            with lock, contextlib.suppress(OSError):
                client.sendall(answer)
            if asked.method == "PLAY" and b" 200" in answer:
                self._start(self._play, client, lock)

    def _play(self, client: socket.socket, lock: threading.Lock) -> None:
        sender = Sender(ssrc=1, sequence=1, offset=1)
        with contextlib.suppress(OSError):
            for payload, ticks, last in self._packets():
                packet = sender.packet(payload, ticks, last=last)
                with lock:
                    client.sendall(b"$\x00" + len(packet).to_bytes(2) + packet)


def parsed(head: str, connection: int = 1) -> Asked:
    """A request's head."""
    first, *lines = head.split("\r\n")
    method, uri = first.split(" ")[:2]
    headers = dict(line.split(": ", 1) for line in lines)
    return Asked(
        method=method,
        uri=uri,
        headers={name.lower(): value for name, value in headers.items()},
        connection=connection,
    )


def opened(one: Source, **patience: float) -> Stream:
    """A stream after its first whole frame, and closed again; fails if there is none."""
    with Stream(one, **(WAITING | patience)) as stream:
        frame = next(whole_frames(stream))
        assert (frame.width, frame.height) == (320, 240)
    return stream


def refused(one: Source, **patience: float) -> StreamError:
    """Why a stream does not open."""
    with pytest.raises(StreamError) as caught:
        opened(one, **patience)
    return caught.value


def answering(**answers: Callable[[Asked], bytes | None]) -> Callable[[Asked], bytes | None]:
    """An ordinary camera, but for some methods."""
    return lambda asked: answers.get(asked.method, ordinary)(asked)


def saying(status: str, *headers: str) -> Callable[[Asked], bytes]:
    """The same answer every time."""
    return lambda asked: reply(status, *headers, asked=asked)


def deadline() -> Deadline:
    """More time than is needed."""
    return Deadline(WAITING["opening"])
