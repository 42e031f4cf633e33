"""Has a wrong password refused once, however many streams of one recorder want it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..errors import NOT_SHOWN, StreamError, StreamProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...onvif.values import Credentials
    from ..messages import Source
    from .connection import Deadline

    type _Key = tuple[str, Credentials]


# Seconds that a sign of life is waited for; many cameras answer none.
_ANSWERING = 2.0


class Logins:
    """What is known of the logins to each host; used from all cameras' threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[_Key, _State] = {}

    def turn(self, source: Source, attempt: int = 0) -> Turn:
        """One stream's use of its login; `attempt` counts the permissions to try it again."""
        key = (urlsplit(source.url).hostname or "", source.credentials)
        with self._lock:
            state = self._states.setdefault(key, _State())
        return Turn(state, attempt, source.url)


class _State:
    def __init__(self) -> None:
        # Held while a login is shown of which it is not known whether it is right.
        self.showing = threading.Lock()
        self.right = False
        # The attempt that was refused.
        self.refused: int | None = None
        # Whether it was refused for a session that plays.
        self.doubted = False
        # The streams whose sound it was refused for.
        self.mute: set[str] = set()
        # Who keeps a session with it and has no answer yet, and until when that is waited for.
        self.keeping: tuple[Turn, float] | None = None
        self.lock = threading.Lock()


class Turn:
    """One stream's use of a login."""

    def __init__(self, state: _State, attempt: int, url: str) -> None:
        self._state = state
        self._attempt = attempt
        self._url = url

    @contextmanager
    def show(self, deadline: Deadline) -> Iterator[None]:
        """Show the login: only one stream at a time does, until one was accepted.

        Raises StreamError if it was refused to another stream, or the deadline passes.
        """
        if self._is_right():
            with self._noting():
                yield
            return
        if not self._state.showing.acquire(timeout=deadline.left):
            raise StreamError(StreamProblem.STALLED)
        try:
            if self._state.refused == self._attempt:
                raise StreamError(StreamProblem.UNAUTHORIZED, NOT_SHOWN)
            if not self._is_right():
                with self._noting():
                    yield
                return
        finally:
            self._state.showing.release()
        # It was accepted for another stream meanwhile.
        with self._noting():
            yield

    def _is_right(self) -> bool:
        return self._state.right

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except StreamError as error:
            if error.problem is StreamProblem.UNAUTHORIZED:
                self._state.refused = self._attempt
                self._state.right = False
            raise

    def accepted(self) -> None:
        """Record that the camera accepted the login."""
        self._state.right = True
        self._state.refused = None
        self._state.doubted = False

    @property
    def trusts(self) -> bool:
        """Whether the login may be sent again for a session that plays."""
        return not self._state.doubted

    def keep(self, now: float) -> bool:
        """Begin to keep a session with the login; False while another one has no answer yet.

        A login that has become wrong would be refused to all of them. `now` is in seconds.
        """
        with self._state.lock:
            if self._state.keeping:
                who, until = self._state.keeping
                if who is not self and now < until:
                    return False
            self._state.keeping = self, now + _ANSWERING
            return True

    def kept(self) -> None:
        """Record that it was answered, or never will be."""
        with self._state.lock:
            if self._state.keeping and self._state.keeping[0] is self:
                self._state.keeping = None

    def doubt(self) -> None:
        """Record that the login was refused for a session that plays: others do not send it."""
        self._state.doubted = True
        self._state.right = False

    @property
    def is_mute(self) -> bool:
        """Whether the login was refused for the stream's sound, and not for its video."""
        return self._url in self._state.mute

    def mute(self) -> None:
        """Record that it was: the sound is not asked for again."""
        self._state.mute.add(self._url)

    def over(self) -> None:
        """Record that a stream has ended: the login may be another by the time it is back."""
        self._state.right = False
        self.kept()
