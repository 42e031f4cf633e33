"""Finds the owner of the thread that crashed, from the fault handler's output."""

from __future__ import annotations

import re
from dataclasses import dataclass

_FATAL = "Fatal Python error: "
# The fault handler writes this instead of any threads after the first hundred.
_MORE_THREADS = "..."
_CURRENT_THREAD = re.compile(r"^Current thread 0x([0-9a-f]+)")


@dataclass(frozen=True, slots=True)
class Culprit:
    """What crashed in native code: a camera's thread, or the engine if there is none."""

    camera_id: str | None = None


class FaultTrace:
    """What one worker process reports about its threads and its crash."""

    def __init__(self) -> None:
        self._owners: dict[int, str | None] = {}
        self._fatal = self._cut = False
        self._thread: int | None = None

    def thread_started(self, thread: int, camera_id: str | None) -> None:
        """Record that a thread works for a camera, or for the engine if None."""
        self._owners[thread] = camera_id

    def read(self, line: str) -> None:
        """Process a line of the worker's standard error."""
        if line.startswith(_FATAL):
            self._fatal = True
        elif line == _MORE_THREADS:
            self._cut = True
        elif match := _CURRENT_THREAD.match(line):
            self._thread = int(match[1], 16)

    @property
    def culprit(self) -> Culprit | None:
        """Who caused the crash; None without proof.

        A process that is killed from outside writes nothing. Other signals, and crashes caused by
        a request, appear in the main thread, which has no owner.
        """
        if self._thread is not None:
            owned = self._thread in self._owners
            return Culprit(self._owners[self._thread]) if owned else None
        # Decoders start no threads, so a native thread that Python does not know is the engine's.
        return Culprit() if self._fatal and not self._cut else None
