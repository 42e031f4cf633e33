"""A track's packets over UDP, on two ports of ours."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Any

from ..errors import StreamError, StreamProblem
from .connection import CHUNK
from .messages import SMALLEST

if TYPE_CHECKING:
    from .connection import Connection

# Ports are asked for in pairs, an even one first; others take some of them.
_TRIES = 64
# The largest packet that there is.
_LARGEST = 65535
# Bytes that the kernel may keep while the decoder is busy.
_KEPT = 1024 * 1024
# An empty receiver report: routers and firewalls let answers in to where something came from.
_PUNCH = b"\x80\xc9\x00\x01" + bytes(4)


class Datagrams:
    """Takes packets from one camera, and from nobody else."""

    def __init__(self, connection: Connection, channel: int = 0) -> None:
        """For a camera that is connected. Raises StreamError if there are no ports.

        `channel` is the one that its RTP packets are given; RTCP gets the next.
        """
        self._channel = channel
        self._peer = connection.peer
        self._ports: tuple[int, int] | None = None
        self.sockets = _pair(connection.socket.family, connection.own)
        self.port: int = self.sockets[0].getsockname()[1]

    def begin(self, ports: tuple[int, int] | None) -> None:
        """Let packets in that come from these ports of the camera, if it named any."""
        self._ports = ports
        for one, port in zip(self.sockets, ports or (), strict=False):
            self._send(one, _PUNCH, port)

    def receive(self) -> bytes:
        """What has come, as interleaved frames."""
        frames = bytearray()
        peer = _bare(self._peer[0])
        for channel, one in enumerate(self.sockets, self._channel):
            # Others' packets count: they must not keep us here.
            seen = 0
            while seen < CHUNK:
                try:
                    data, sender = one.recvfrom(_LARGEST)
                except OSError:
                    break
                seen += max(len(data), SMALLEST)
                if _bare(sender[0]) == peer and len(data) >= SMALLEST:
                    frames += bytes((ord("$"), channel)) + len(data).to_bytes(2) + data
        return bytes(frames)

    def report(self, frames: bytes) -> None:
        """Send the camera this track's RTCP packets in interleaved frames."""
        if self._ports is None:
            return
        at = 0
        while at + 4 <= len(frames):
            end = at + 4 + int.from_bytes(frames[at + 2 : at + 4])
            if frames[at + 1] == self._channel + 1:
                self._send(self.sockets[1], frames[at + 4 : end], self._ports[1])
            at = end

    def close(self) -> None:
        """Give the ports back."""
        for one in self.sockets:
            one.close()

    def _send(self, one: socket.socket, data: bytes, port: int) -> None:
        with contextlib.suppress(OSError):
            one.sendto(data, (self._peer[0], port, *self._peer[2:]))


def _pair(family: int, own: tuple[Any, ...]) -> tuple[socket.socket, socket.socket]:
    """Sockets on an even port and the next one."""
    for _ in range(_TRIES):
        pair = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
        try:
            pair[0].bind((own[0], 0, *own[2:]))
            port = pair[0].getsockname()[1]
            if port % 2 == 0:
                pair[1].bind((own[0], port + 1, *own[2:]))
                for one in pair:
                    one.settimeout(0)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KEPT)
                return pair
        except OSError:
            # Another process has the port.
            pass
        for one in pair:
            one.close()
    raise StreamError(StreamProblem.UNSUPPORTED_TRANSPORT, "no free ports")


def _bare(address: str) -> str:
    """An address without its zone."""
    return address.partition("%")[0]
