"""Serves cameras' live streams on loopback, so that players never talk to a camera themselves."""

from __future__ import annotations

import logging
import socket
import threading
from contextlib import closing, suppress
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING

from ..errors import NOT_SHOWN, StreamError, StreamProblem
from ..messages import Live, LiveRefused, LiveServed
from .connection import Deadline
from .door import MOST_GUESTS, Door
from .player import Script, knows, refusal
from .session import Session
from .splice import Splice

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..messages import Link, Report
    from .door import Guest, Taken
    from .logins import Logins

_LOGGER = logging.getLogger(__name__)

# Connections to one camera for live view: Home Assistant opens one for each way to show it.
MOST_VIEWERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    """A camera's live stream; `attempt` counts the permissions to try its login again."""

    camera_id: str
    url: str
    live: Live
    attempt: int


class LiveServer(threading.Thread):
    """Lets players in that know a camera's address; each gets a session with the camera."""

    def __init__(self, report: Callable[[Report], None], logins: Logins, *, opening: float) -> None:
        """`logins` is what the worker knows of the cameras' logins.

        `opening`: seconds that a camera may take until it plays.
        """
        super().__init__(name="live", daemon=True)
        self._report = report
        self._logins = logins
        self._opening = opening
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=MOST_GUESTS)
        self._listener.settimeout(0)
        self.port: int = self._listener.getsockname()[1]
        self._bell, self._button = socket.socketpair()
        # For what follows; the main loop's thread and those of the viewers use it.
        self._lock = threading.Lock()
        self._offers: dict[str, _Offer] = {}
        self._viewers: set[_Viewer] = set()

    def offer(self, camera_id: str, live: Live | None, attempt: int) -> None:
        """Serve a camera's live stream, or None; ends what is shown of another one."""
        with self._lock:
            before = self._offers.pop(camera_id, None)
            if live:
                url = f"rtsp://127.0.0.1:{self.port}/{live.path}"
                self._offers[camera_id] = _Offer(
                    camera_id=camera_id, url=url, live=live, attempt=attempt
                )
            leaving = [
                one
                for one in self._viewers
                if one.offer.camera_id == camera_id and not one.suits(live)
            ]
        for one in leaving:
            one.close()
        if live and before is None:
            self._report(LiveServed(camera_id=camera_id, port=self.port))

    def run(self) -> None:
        """Serve until it is stopped."""
        with self._listener, Door(self._listener, self._bell, self._knows) as door:
            while found := door.player(Deadline(inf)):
                self._admit(*found)

    def stop(self) -> None:
        """End soon, for all viewers."""
        self._button.close()
        with self._lock:
            viewers = tuple(self._viewers)
        for one in viewers:
            one.close()

    def _knows(self, target: str) -> bool:
        return self._wanted(target) is not None

    def _wanted(self, target: str) -> _Offer | None:
        with self._lock:
            return next((one for one in self._offers.values() if knows(target, one.url)), None)

    def _admit(self, guest: Guest, taken: Taken) -> None:
        offer = self._wanted(taken.requests[0].target)
        if offer is None:
            guest.socket.close()
            return
        try:
            viewer = _Viewer(offer, guest, taken, self._play)
        except OSError as error:
            # The process can open no more files. Others may be let in later.
            _LOGGER.warning("A player cannot be served: %s", error)
            guest.socket.close()
            return
        with self._lock:
            many = sum(one.offer.camera_id == offer.camera_id for one in self._viewers)
            if many < MOST_VIEWERS:
                self._viewers.add(viewer)
        if many < MOST_VIEWERS:
            self._start(viewer)
        else:
            viewer.refuse(StreamProblem.TOO_MANY_VIEWERS)

    def _start(self, viewer: _Viewer) -> None:
        try:
            viewer.start()
        except RuntimeError as error:
            # Nor can it start more threads.
            _LOGGER.warning("A player cannot be served: %s", error)
            viewer.leave()
            with self._lock:
                self._viewers.discard(viewer)

    def _play(self, viewer: _Viewer) -> None:
        """In a viewer's thread."""
        offer = viewer.offer
        try:
            with closing(self._session(offer)) as session:
                playing = session.open(Deadline(self._opening))
                with self._lock:
                    viewer.link = session.link
                    present = self._offers.get(offer.camera_id)
                    wanted = present is not None and viewer.suits(present.live)
                if wanted:
                    viewer.show(session, Script(offer.url, playing))
        except StreamError as error:
            _LOGGER.debug("Live view ended: %s", error)
            if error.problem is StreamProblem.UNAUTHORIZED and error.detail != NOT_SHOWN:
                self._report(LiveRefused(camera_id=offer.camera_id))
            viewer.refuse(error.problem)
        except OSError as error:
            _LOGGER.debug("Live view ended: %s", error)
        except Exception:
            # Whatever it was: the player must not wait for it.
            _LOGGER.exception("Live view failed")
        finally:
            viewer.leave()
            with self._lock:
                self._viewers.discard(viewer)

    def _session(self, offer: _Offer) -> Session:
        turn = self._logins.turn(offer.live.source, offer.attempt)
        return Session(offer.live.source, turn, sound=True)


class _Viewer(threading.Thread):
    """One player that knows a camera's address."""

    def __init__(
        self, offer: _Offer, guest: Guest, taken: Taken, play: Callable[[_Viewer], None]
    ) -> None:
        super().__init__(name=f"live-{offer.camera_id}", daemon=True)
        self.offer = offer
        # How the camera was reached; None until it plays.
        self.link: Link | None = None
        self._guest = guest
        self._taken = taken
        self._play = play
        self._bell, self._button = socket.socketpair()
        self._closing = threading.Event()

    def suits(self, live: Live | None) -> bool:
        """Whether what is shown, or is being opened, is this."""
        if live is None:
            return False
        shown, wanted = self.offer.live.source, live.source
        stays = (shown.url, shown.credentials) == (wanted.url, wanted.credentials)
        same = stays and self.offer.live.path == live.path
        return same and (shown == wanted or self.link is None or self.link.suits(wanted))

    def run(self) -> None:
        """Play."""
        self._play(self)

    def show(self, session: Session, script: Script) -> None:
        """Go on until the camera or the player leaves. Raises StreamError or OSError."""
        Splice(session, self._guest, script, self._bell, self._closing).run(self._taken)

    def close(self) -> None:
        """End soon."""
        self._closing.set()
        self._button.close()

    def refuse(self, problem: StreamProblem) -> None:
        """Answer the player that there is nothing to play, unless something was played."""
        if self.link is None:
            answer = refusal(self._taken.requests[0], problem)
            with suppress(OSError):
                self._guest.socket.send(answer)
        self.leave()

    def leave(self) -> None:
        """Hang up."""
        self._guest.socket.close()
        self._bell.close()
        self._button.close()
