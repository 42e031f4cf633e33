"""A door on loopback: who knows the address is let in, and nobody else."""

from __future__ import annotations

import select
import selectors
import socket
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Self

from ..errors import StreamError
from .connection import Deadline
from .messages import Message, Splitter

if TYPE_CHECKING:
    from collections.abc import Callable

# Seconds in which who connects must ask for the right address: FFmpeg does so at once, unless the
# machine is busy.
_ASKING = 10.0
# Connections that may wait for that.
MOST_GUESTS = 8
# Seconds without another try when the process can open no more files.
_FULL = 1.0
# Bytes that a player's request may have.
_MOST_ASKED = 16 * 1024


@dataclass(frozen=True, slots=True)
class Taken:
    """What a player sent: its requests, and its reports to the camera."""

    requests: tuple[Message, ...] = ()
    reports: bytes = b""


class Guest:
    """Who has connected, and what it asks."""

    def __init__(self, one: socket.socket, knows: Callable[[str], bool]) -> None:
        """`knows`: whether who asks for this knows the address."""
        one.settimeout(0)
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket = one
        self._knows = knows
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
        requests: list[Message] = []
        reports = bytearray()
        for one in self._splitter.feed(data):
            if not isinstance(one, Message):
                reports += one
            elif self._knows(one.target):
                self.known = True
                requests.append(one)
            else:
                return None
        if len(self._splitter.rest()) > _MOST_ASKED:
            return None
        return Taken(tuple(requests), bytes(reports))


class Door:
    """Lets in those who know the address."""

    def __init__(
        self, listener: socket.socket, bell: socket.socket, knows: Callable[[str], bool]
    ) -> None:
        self._listener = listener
        self._bell = bell
        self._knows = knows
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
        """Who knows the address, with what it asked; None if nobody does in time.

        None, too, when the bell is rung.
        """
        while left := deadline.left:
            wait = min([left, *(guest.until.left for guest in self._guests.values())])
            for key, _ in self._selector.select(None if wait == inf else wait):
                if key.fileobj is self._bell:
                    return None
                if key.fileobj is self._listener:
                    self._accept()
                elif (guest := self._guest(key)) and (taken := self._asked(guest)):
                    self._selector.unregister(guest.socket)
                    del self._guests[guest.socket]
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
        except BlockingIOError:
            return
        except OSError:
            select.select([self._bell], [], [], _FULL)
            return
        if len(self._guests) >= MOST_GUESTS:
            self._drop(next(iter(self._guests.values())))
        self._guests[one] = Guest(one, self._knows)
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
