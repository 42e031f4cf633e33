"""The RTSP server of one camera: interleaved over TCP or over UDP, Digest only."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING

from simulator import sdp
from simulator.certificate import self_signed
from simulator.clock import Clock
from simulator.condition import Condition
from simulator.digest import DigestGuard, Verdict
from simulator.rtp import Sender
from simulator.rtsp_message import (
    Request,
    answer,
    client_ports,
    interleaved_channels,
    read_request,
)
from simulator.spec import CameraSpec
from simulator.stream import Stream

if TYPE_CHECKING:
    import ssl

_METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"
_OK = 200
_FOUND = 302
_BAD_REQUEST = 400
_UNAUTHORIZED = 401
_NOT_FOUND = 404
_SESSION_NOT_FOUND = 454
_NOT_IN_THIS_STATE = 455
_UNSUPPORTED_TRANSPORT = 461
_NOT_IMPLEMENTED = 501

# A client that is this many bytes or seconds behind is dropped: live video cannot wait.
_BACKLOG_BYTES = 2_000_000
_BACKLOG_SECONDS = 5.0
# RTP ticks between sender reports.
_REPORT_EVERY = 5 * 90000


class RtspServer:
    """Serves a camera's streams by their path."""

    def __init__(
        self,
        spec: CameraSpec,
        condition: Condition,
        streams: Mapping[str, Stream],
        clock: Clock,
    ) -> None:
        self.spec = spec
        self.condition = condition
        self.streams = streams
        self.guard = DigestGuard(f"RTSP {spec.model}", clock, qop=False, algorithms=spec.digests)
        self.refused_logins = 0
        self._context: ssl.SSLContext | None = None
        self.certificate: str | None = None
        if spec.rtsp_tls:
            self._context, self.certificate = self_signed(spec.name)
        self.port = spec.rtsp_port
        self._server: asyncio.Server | None = None
        self._open = False
        self._connections: dict[_Connection, asyncio.Task[None]] = {}

    @property
    def playing(self) -> int:
        """How many clients receive video."""
        return sum(connection.playing for connection in self._connections)

    async def start(self) -> None:
        """Listen; a restart uses the same port."""
        self._open = True
        self._server = await asyncio.start_server(
            self._serve, self.spec.host, self.port, ssl=self._context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and drop all clients."""
        server, self._server = self._server, None
        self._open = False
        if server is not None:
            server.close()
        tasks = list(self._connections.values())
        self.drop_all()
        if tasks:
            await asyncio.wait(tasks)
        if server is not None:
            await server.wait_closed()

    def drop_all(self) -> int:
        """Cut every connection now; return how many there were."""
        count = len(self._connections)
        for connection in tuple(self._connections):
            connection.abort()
        return count

    def resume(self) -> None:
        """Let stalled clients continue, with a key frame first."""
        for connection in self._connections:
            connection.resync()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or not self._open:
            # A client accepted just before the end would keep the server from stopping.
            writer.transport.abort()
            return
        connection = _Connection(self, reader, writer)
        self._connections[connection] = task
        try:
            await connection.run()
        finally:
            connection.close()
            del self._connections[connection]


class _Connection:
    """One client: at most one session with one track."""

    def __init__(
        self,
        server: RtspServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._session = ""
        self._stream: Stream | None = None
        self._channels = (0, 1)
        self._datagrams: _Datagrams | None = None
        self._sender = _new_sender()
        self.playing = False
        self._needs_key = True
        self._reported: int | None = None
        self._behind_since: float | None = None
        self._handlers = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._control,
            "PAUSE": self._control,
            "TEARDOWN": self._control,
            "GET_PARAMETER": self._keep_alive,
            "SET_PARAMETER": self._keep_alive,
        }

    async def run(self) -> None:
        """Answer requests until the client leaves, errs, or is silent for too long."""
        with contextlib.suppress(EOFError, ConnectionError, ValueError, TimeoutError):
            while True:
                async with asyncio.timeout(self._server.spec.session_timeout):
                    request = await read_request(self._reader)
                if request is not None and self._server.condition.stall != "all":
                    self._writer.write(self._handle(request))

    def abort(self) -> None:
        """Cut the connection without notice."""
        self._leave()
        self._end_datagrams()
        self._writer.transport.abort()

    def close(self) -> None:
        """Release everything."""
        self._leave()
        self._end_datagrams()
        self._writer.close()

    def resync(self) -> None:
        """Send nothing before the next key frame."""
        self._needs_key = True

    def deliver(self, payloads: list[bytes], ticks: int, *, key: bool) -> None:
        """Send one frame, or drop the client if it does not keep up."""
        if self._server.condition.stall is not None:
            self._needs_key = True
            return
        if self._needs_key and not key:
            return
        if self._too_slow():
            self.abort()
            return
        self._needs_key = False
        chunks = []
        garbage = self._server.condition.garbage
        for index, payload in enumerate(payloads, 1):
            body = os.urandom(len(payload)) if garbage else payload
            packet = self._sender.packet(body, ticks, last=index == len(payloads))
            chunks.append(self._frame(0, packet))
        if self._reported is None or ticks - self._reported >= _REPORT_EVERY:
            self._reported = ticks
            wall = self._server.condition.device_time()
            chunks.append(self._frame(1, self._sender.report(ticks, wall)))
        if self._datagrams:
            self._datagrams.send(chunks)
        else:
            self._writer.write(b"".join(chunks))

    def _too_slow(self) -> bool:
        waiting = self._writer.transport.get_write_buffer_size()
        if not waiting:
            self._behind_since = None
            return False
        now = asyncio.get_running_loop().time()
        if self._behind_since is None:
            self._behind_since = now
        return waiting > _BACKLOG_BYTES or now - self._behind_since > _BACKLOG_SECONDS

    def _frame(self, channel: int, packet: bytes) -> bytes:
        head = bytes((ord("$"), self._channels[channel])) + len(packet).to_bytes(2)
        return head + packet

    def _handle(self, request: Request) -> bytes:
        refusal = self._server.condition.rtsp_status
        if refusal is not None:
            return answer(request, refusal, {})
        if request.method == "OPTIONS" and self._server.spec.rtsp_options:
            return answer(request, _OK, {"Public": _METHODS})
        denied = self._authenticate(request)
        if denied is not None:
            return denied
        handler = self._handlers.get(request.method)
        if handler is None:
            return answer(request, _NOT_IMPLEMENTED, {"Public": _METHODS})
        return handler(request)

    def _authenticate(self, request: Request) -> bytes | None:
        condition = self._server.condition
        verdict = self._server.guard.check(
            request.headers.get("authorization"),
            method=request.method,
            username=condition.username,
            password=condition.password,
        )
        if verdict is Verdict.RIGHT:
            return None
        if verdict is Verdict.WRONG and "authorization" in request.headers:
            self._server.refused_logins += 1
        challenges = self._server.guard.challenges(stale=verdict is Verdict.STALE)
        return answer(request, _UNAUTHORIZED, {"WWW-Authenticate": challenges})

    def _describe(self, request: Request) -> bytes:
        redirect = self._server.condition.rtsp_redirect
        if redirect is not None:
            return answer(request, _FOUND, {"Location": redirect})
        stream = self._server.streams.get(request.path)
        if stream is None:
            return answer(request, _NOT_FOUND, {})
        spec = self._server.spec
        body = sdp.describe(stream.rendition, host=spec.host, title=spec.model)
        headers = {
            "Content-Base": request.url.rstrip("/") + "/",
            "Content-Type": "application/sdp",
        }
        return answer(request, _OK, headers, body)

    def _setup(self, request: Request) -> bytes:
        stream = self._server.streams.get(request.path.removesuffix("/" + sdp.TRACK))
        if stream is None:
            return answer(request, _NOT_FOUND, {})
        if self.playing:
            return answer(request, _NOT_IN_THIS_STATE, {})
        wanted = request.headers.get("transport", "")
        udp = self._server.spec.rtsp_udp
        try:
            pair = client_ports(wanted) if udp else interleaved_channels(wanted)
        except ValueError:
            return answer(request, _BAD_REQUEST, {})
        if pair is None:
            return answer(request, _UNSUPPORTED_TRANSPORT, {})
        self._stream = stream
        self._sender = _new_sender()
        self._session = secrets.token_hex(8)
        low, high = pair
        if udp:
            self._end_datagrams()
            client = self._writer.get_extra_info("peername")[0]
            self._datagrams = _Datagrams(self._server.spec.host, client, pair)
            own = "-".join(map(str, self._datagrams.ports))
            transport = f"RTP/AVP;unicast;client_port={low}-{high};server_port={own}"
        else:
            self._channels = pair
            transport = f"RTP/AVP/TCP;unicast;interleaved={low}-{high}"
        transport += f";ssrc={self._sender.ssrc:08X};mode=play"
        return answer(request, _OK, {"Transport": transport, **self._session_header(life=True)})

    def _control(self, request: Request) -> bytes:
        named = request.headers.get("session", "").partition(";")[0].strip()
        if self._stream is None or named != self._session:
            return answer(request, _SESSION_NOT_FOUND, {})
        if request.method == "PLAY":
            return self._play(request, self._stream)
        self._leave()
        reply = answer(request, _OK, self._session_header())
        if request.method == "TEARDOWN":
            self._stream = None
            self._session = ""
            self._end_datagrams()
        return reply

    def _keep_alive(self, request: Request) -> bytes:
        return answer(request, _OK, self._session_header())

    def _play(self, request: Request, stream: Stream) -> bytes:
        first = stream.next_key()
        info = (
            f"url={request.url.rstrip('/')}/{sdp.TRACK}"
            f";seq={self._sender.sequence};rtptime={self._sender.stamp(first.ticks)}"
        )
        headers = {**self._session_header(), "Range": "npt=0.000-"}
        if not self.playing:
            headers["RTP-Info"] = info
            self.playing = True
            self._needs_key = True
            # Frames are sent by another task, so the answer goes out first.
            stream.join(self)
        return answer(request, _OK, headers)

    def _session_header(self, *, life: bool = False) -> dict[str, str]:
        if not self._session:
            return {}
        timeout = f";timeout={self._server.spec.session_timeout}" if life else ""
        return {"Session": f"{self._session}{timeout}"}

    def _end_datagrams(self) -> None:
        if self._datagrams:
            self._datagrams.close()
            self._datagrams = None

    def _leave(self) -> None:
        self.playing = False
        if self._stream is not None:
            self._stream.leave(self)


class _Datagrams:
    """One client's packets over UDP."""

    def __init__(self, host: str, client: str, ports: tuple[int, int]) -> None:
        self._sockets = tuple(socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in ports)
        self._targets = [(client, port) for port in ports]
        for one in self._sockets:
            one.bind((host, 0))
            one.settimeout(0)

    @property
    def ports(self) -> list[int]:
        """Where they come from: RTP and RTCP."""
        return [one.getsockname()[1] for one in self._sockets]

    def send(self, frames: list[bytes]) -> None:
        """Send packets, each with its channel and length in front; lost ones are lost."""
        for frame in frames:
            which = 0 if frame[1] == 0 else 1
            with contextlib.suppress(OSError):
                self._sockets[which].sendto(frame[4:], self._targets[which])

    def close(self) -> None:
        """Give the ports back."""
        for one in self._sockets:
            one.close()


def _new_sender() -> Sender:
    return Sender(
        ssrc=secrets.randbits(32), sequence=secrets.randbits(16), offset=secrets.randbits(31)
    )
