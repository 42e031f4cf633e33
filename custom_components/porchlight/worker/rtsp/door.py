"""The relay's door on loopback: who knows the address is let in, and nobody else."""

from __future__ import annotations

import selectors
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ..errors import StreamError
from .connection import Deadline
from .messages import Message, Splitter

if TYPE_CHECKING:
    from .player import Script

# Seconds in which who connects must ask for the right address: FFmpeg does so at once, unless the
# machine is busy.
_ASKING = 10.0
# Connections that may wait for that.
MOST_GUESTS = 8
# Bytes that a request of FFmpeg's may have.
_MOST_ASKED = 16 * 1024


@dataclass(frozen=True, slots=True)
class Taken:
    """What a player sent: the answers to its requests, and its reports to the camera."""

    answers: bytes = b""
    reports: bytes = b""


class Guest:
    """Who has connected to the relay, and what it asks."""

    def __init__(self, one: socket.socket, script: Script) -> None:
        one.settimeout(0)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = one
        self.script = script
        self.until = Deadline(_ASKING)
        self.known = False
        self._splitter = Splitter()

    def take(self) -> Taken | None:
        """What it sent; None if it is to go.

        Raises OSError or StreamError for the same reason.
        """
        try:
            data = self.socket.recv(_MOST_ASKED)
        except BlockingIOError:
            return Taken()
        if not data:
            return None
        answers, reports = bytearray(), bytearray()
        for one in self._splitter.feed(data):
            if not isinstance(one, Message):
                reports += one
            elif self.script.knows(one):
                self.known = True
                answers += self.script.answer(one)
            else:
                return None
        if len(self._splitter.rest()) > _MOST_ASKED:
            return None
        return Taken(bytes(answers), bytes(reports))


class Door:
    """Lets in the one who knows the address."""

    def __init__(self, listener: socket.socket, bell: socket.socket, script: Script) -> None:
        self._listener = listener
        self._bell = bell
        self._script = script
        self._guests: dict[socket.socket, Guest] = {}
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Self:
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        return self

    def __exit__(self, *_exc: object) -> None:
        self._selector.close()
        for one in self._guests:
            one.close()

    def player(self, deadline: Deadline) -> tuple[Guest, Taken] | None:
        """Who knows the address, with what it asked; None if nobody does in time."""
        while left := deadline.left:
            ends = [guest.until.left for guest in self._guests.values()]
            for key, _ in self._selector.select(min([left, *ends])):
                if key.fileobj is self._bell:
                    return None
                if key.fileobj is self._listener:
                    self._accept()
                elif (guest := self._guest(key)) and (taken := self._asked(guest)):
                    del self._guests[guest.socket]
                    self._listener.close()
                    return guest, taken
            for guest in [one for one in self._guests.values() if not one.until.left]:
                self._drop(guest)
        return None

    def _guest(self, key: selectors.SelectorKey) -> Guest | None:
        """Who has sent something, if it was not dropped since."""
        return next((one for one in self._guests.values() if one.socket is key.fileobj), None)

    def _accept(self) -> None:
        try:
            one, _ = self._listener.accept()
        except OSError:
            return
        if len(self._guests) >= MOST_GUESTS:
            self._drop(next(iter(self._guests.values())))
        self._guests[one] = Guest(one, self._script)
        self._selector.register(one, selectors.EVENT_READ)

    def _asked(self, guest: Guest) -> Taken | None:
        """What a guest that knows the address has asked; others are dropped."""
        try:
            taken = guest.take()
        except (OSError, StreamError):
            taken = None
        if taken is None:
            self._drop(guest)
        return taken if guest.known else None

    def _drop(self, guest: Guest) -> None:
        self._selector.unregister(guest.socket)
        del self._guests[guest.socket]
        guest.socket.close()
