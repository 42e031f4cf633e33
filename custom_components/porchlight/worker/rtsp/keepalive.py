"""Signs of life that keep a camera's session, in the way that it understands."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .messages import Message
    from .session import Session

_OK = range(200, 300)
_UNAUTHORIZED = 401
# How often one is sent before the session would be forgotten.
_TIMES = 3
# Seconds until another try if it may not be sent yet.
_SOON = 0.2


class Keepalive:
    """Asks OPTIONS first; then what the camera says that it knows, or else the other."""

    def __init__(self, session: Session, clock: Callable[[], float] = monotonic) -> None:
        self._session = session
        self._clock = clock
        self._every = session.forgotten / _TIMES
        self._due = clock() + self._every
        self._method = "OPTIONS"
        self._asked: str | None = None
        self._again = False
        self._over = False

    @property
    def left(self) -> float | None:
        """Seconds until the next one is due; None if none will be."""
        return None if self._over else max(0.0, self._due - self._clock())

    def due(self) -> bytes:
        """The next one, if it is time; else nothing."""
        if self._over or self._clock() < self._due:
            return b""
        if not self._session.keeps(self._clock()):
            self._due = self._clock() + _SOON
            return b""
        if self._asked == self._method:
            # It was not answered.
            self._turn()
        return self._next(again=False)

    def answered(self, response: Message) -> bytes:
        """Take an answer; what to send at once, if anything."""
        if self._asked is None:
            return b""
        asked, self._asked = self._asked, None
        if response.status == _UNAUTHORIZED:
            # Asked again and again, a camera would lock the account.
            self._over = not self._session.renew(response, again=self._again)
            if self._over:
                self._session.kept()
            return b"" if self._over else self._next(again=True)
        self._session.kept()
        self._session.accepted(response)
        if response.status not in _OK:
            self._turn()
        elif asked == "OPTIONS" and "GET_PARAMETER" in response.first("public").upper():
            self._method = "GET_PARAMETER"
        return b""

    def _next(self, *, again: bool) -> bytes:
        self._again = again
        self._asked = self._method
        self._due = self._clock() + self._every
        return self._session.request(self._method)

    def _turn(self) -> None:
        self._method = "GET_PARAMETER" if self._method == "OPTIONS" else "OPTIONS"
