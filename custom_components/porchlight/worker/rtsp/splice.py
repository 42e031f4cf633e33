"""Moves a camera's packets to the player, and the player's reports to the camera."""

from __future__ import annotations

import selectors
from time import monotonic
from typing import TYPE_CHECKING, Any

from ..errors import StreamError, StreamProblem
from .connection import CHUNK, Deadline
from .keepalive import Keepalive
from .session import not_implemented

if TYPE_CHECKING:
    import socket
    import threading
    from collections.abc import Mapping

    from .door import Guest, Taken
    from .messages import Message
    from .player import Script
    from .session import Session

# Bytes that wait for a camera that takes none: reports are left out then.
_MOST_WAITING = 64 * 1024
# Bytes that wait for a player, far more than one read of the camera: with so many, it has asked
# again and again and takes no answers. No more is read of it then.
_MOST_UNTAKEN = 1024 * 1024
# Seconds for which packets are gathered, instead of waking up for each.
_GATHERING = 0.02
# Seconds that a camera may take to confirm that its session is over.
_LEAVING = 1.0


class Splice:
    """One camera and one player. Nothing is read of either while the other does not take it."""

    def __init__(
        self,
        session: Session,
        player: Guest,
        script: Script,
        bell: socket.socket,
        closing: threading.Event,
    ) -> None:
        self._session = session
        self._camera = session.connection
        self._datagrams = session.datagrams
        self._player = player
        self._script = script
        self._early = script.early
        self._closing = closing
        self._keepalive = Keepalive(session)
        self._to_player = bytearray()
        self._to_camera = bytearray()
        # Whether more is to be read at once.
        self._more = False
        self._gathers = False
        self._heard_at = monotonic()
        self._watched: dict[socket.socket, int] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(bell, selectors.EVENT_READ)

    def run(self, taken: Taken) -> None:
        """Go on until one of the two leaves or it is closed. Raises StreamError or OSError.

        `taken` is what the player asked first.
        """
        try:
            self._took(taken)
            while not (self._closing.is_set() or self._script.over):
                if not self._turn():
                    break
            # One that is silent is not waited for.
            if monotonic() - self._heard_at < _LEAVING:
                self._session.leave(bytes(self._to_camera), Deadline(_LEAVING))
        finally:
            self._selector.close()

    def _turn(self) -> bool:
        """Move what can be moved; whether the player is still there."""
        if len(self._to_camera) <= _MOST_WAITING:
            self._to_camera += self._keepalive.due()
        self._watch()
        ready = self._selector.select(0 if self._more else self._keepalive.left)
        found = {key.fileobj: events for key, events in ready}
        events = found.get(self._player.socket, 0)
        if events & selectors.EVENT_READ and not self._hear():
            return False
        if self._to_player:
            self._flush()
        if not self._to_player and self._script.playing:
            self._read(found)
        if self._to_camera:
            del self._to_camera[: self._camera.send(self._to_camera)]
        return True

    def _watch(self) -> None:
        """Wait for what can go on."""
        reads = self._script.playing and not self._to_player
        camera = selectors.EVENT_READ if reads else 0
        if self._to_camera:
            camera |= selectors.EVENT_WRITE
        player = selectors.EVENT_WRITE if self._to_player else 0
        if len(self._to_player) <= _MOST_UNTAKEN:
            player |= selectors.EVENT_READ
        self._want(self._camera.socket, camera)
        self._want(self._player.socket, player)
        for track in self._datagrams:
            for one in track.sockets:
                self._want(one, selectors.EVENT_READ if reads else 0)

    def _want(self, one: socket.socket, events: int) -> None:
        before = self._watched.get(one, 0)
        if events == before:
            return
        if not events:
            self._selector.unregister(one)
        elif before:
            self._selector.modify(one, events)
        else:
            self._selector.register(one, events)
        self._watched[one] = events

    def _hear(self) -> bool:
        """Take what the player sends; whether it is still there."""
        try:
            taken = self._player.take()
        except (OSError, StreamError):
            return False
        if taken is None:
            return False
        self._took(taken)
        return True

    def _took(self, taken: Taken) -> None:
        for one in taken.requests:
            self._to_player += self._script.answer(one)
        if self._script.playing and self._early:
            self._to_player += self._early
            self._early = b""
        if self._datagrams:
            for track in self._datagrams:
                track.report(taken.reports)
        elif len(self._to_camera) + len(taken.reports) <= _MOST_WAITING:
            self._to_camera += taken.reports

    def _flush(self) -> None:
        try:
            del self._to_player[: self._player.socket.send(self._to_player)]
        except BlockingIOError:
            return

    def _read(self, found: Mapping[Any, int]) -> None:
        """Take what the camera has sent."""
        readable = any(
            events & selectors.EVENT_READ
            for one, events in found.items()
            if one is not self._player.socket
        )
        if not (readable or self._more):
            return
        if self._gathers and not self._more:
            self._closing.wait(_GATHERING)
        size = 0
        for track in self._datagrams:
            frames = track.receive()
            size += len(frames)
            self._to_player += frames
        while size < CHUNK and (data := self._camera.receive()) is not None:
            if not data:
                raise StreamError(StreamProblem.ENDED)
            size += len(data)
            self._cut(data)
        if size:
            self._heard_at = monotonic()
        # A full read is followed by the next; what trickles in is gathered first.
        self._more = size >= CHUNK
        self._gathers = not self._more
        if self._to_player:
            self._flush()

    def _cut(self, data: bytes) -> None:
        frames, messages = self._session.cut(data)
        if not self._datagrams:
            self._to_player += frames
        for one in messages:
            self._take(one)

    def _take(self, message: Message) -> None:
        if message.status is not None:
            self._to_camera += self._keepalive.answered(message)
        elif message.method == "REDIRECT":
            # The source's address is asked again, and says where to.
            raise StreamError(StreamProblem.ENDED, "the camera sends us elsewhere")
        elif len(self._to_camera) <= _MOST_WAITING:
            self._to_camera += not_implemented(message)
