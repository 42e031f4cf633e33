"""Hands one camera's packets to FFmpeg, which connects to this and to nothing else."""

from __future__ import annotations

import logging
import secrets
import socket
import threading
from typing import TYPE_CHECKING

from ..errors import StreamError, StreamProblem
from .door import MOST_GUESTS, Door
from .player import Script
from .splice import Splice

if TYPE_CHECKING:
    from .connection import Deadline
    from .session import Playing, Session

_LOGGER = logging.getLogger(__name__)

# Seconds that the end of a session may take.
_ENDING = 2.0


class Relay(threading.Thread):
    """Serves one player on loopback until it leaves, the camera ends, or this is closed."""

    def __init__(self, session: Session, playing: Playing, deadline: Deadline) -> None:
        """For a session that plays; closes it. Until `deadline` the player has to come."""
        super().__init__(name="relay", daemon=True)
        self._session = session
        self._playing = playing
        self._deadline = deadline
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=MOST_GUESTS)
        self._listener.settimeout(0)
        self._bell, self._button = socket.socketpair()
        self._closing = threading.Event()
        self.problem: StreamError | None = None
        port = self._listener.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{port}/{secrets.token_urlsafe(24)}"

    def run(self) -> None:
        """Serve."""
        player = None
        try:
            script = Script(self.url, self._playing)
            with Door(self._listener, self._bell, script.knows) as door:
                found = door.player(self._deadline)
            self._listener.close()
            if found:
                player, taken = found
                splice = Splice(self._session, player, script, self._bell, self._closing)
                splice.run(taken)
        except StreamError as error:
            self.problem = error
        except OSError as error:
            self.problem = StreamError(StreamProblem.ENDED, error.strerror or str(error))
        except Exception as error:
            # Whatever it was: the player must not wait for it.
            _LOGGER.exception("A relay failed")
            self.problem = StreamError(StreamProblem.BROKEN, type(error).__name__)
        finally:
            # The player looks for the problem when its connection ends.
            if player:
                player.socket.close()
            self._listener.close()
            self._session.close()
            self._bell.close()

    def close(self) -> None:
        """End soon; the camera is given a moment to take that in."""
        self._closing.set()
        self._button.close()
        self.join(_ENDING)
