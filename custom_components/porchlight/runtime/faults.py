"""Finds the culprit: the owner of the thread that crashed, from the fault handler's output."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FATAL = "Fatal Python error: "
# What the fault handler writes in place of all threads after the first hundred.
_MORE_THREADS = "..."
_CURRENT_THREAD = re.compile(r"^Current thread 0x([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Culprit:
    """What crashed in native code: a camera's thread, or the engine if there is none."""

    camera_id: str | None = None


class FaultTrace:
    """What one worker process says of its threads and of its end."""

    def __init__(self) -> None:
        self._owners: dict[int, str | None] = {}
        self._fatal = self._cut = False
        self._thread: int | None = None

    def thread_started(self, thread: int, camera_id: str | None) -> None:
        """This thread works for a camera, or with None for the engine."""
        self._owners[thread] = camera_id

    def read(self, line: str) -> None:
        """Take a line of the worker's standard error."""
        if line.startswith(_FATAL):
            self._fatal = True
        elif line == _MORE_THREADS:
            self._cut = True
        elif match := _CURRENT_THREAD.match(line):
            self._thread = int(match[1], 16)

    @property
    def culprit(self) -> Culprit | None:
        """Whose doing the end was; None without proof.

        A process killed from outside writes nothing. Signals from outside, and whatever a request
        does, show up in the main thread, which has no owner.
        """
        if self._thread is not None:
            owned = self._thread in self._owners
            return Culprit(self._owners[self._thread]) if owned else None
        # Decoders start no threads, so a native thread that Python does not know is the engine's.
        return Culprit() if self._fatal and not self._cut else None
