"""A worker as a process of its own, spoken to over its pipes."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import textwrap
import threading
from typing import IO, TYPE_CHECKING, Self

from porchlight.runtime.environment import worker_folders
from porchlight.worker.channel import Decoder, encode

from tests.bare import ROOM

from .support import PATIENCE, Heard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from porchlight.worker.messages import Message


# It may write where tests keep their files, and their coverage.
WATCH = (sys.executable, str(ROOM / "worker"), "watch", *worker_folders(tempfile.gettempdir()))


def impatient(**seconds: float) -> Sequence[str]:
    """The command of a worker whose cameras wait so long, by the names in `Timing`."""
    code = f"""
    import os, sys
    sys.path.insert(0, {str(ROOM.parents[1])!r})
    import tests.bare
    from dataclasses import replace
    from porchlight.worker.service import Service
    from porchlight.worker.timing import TIMING
    Service(0, 1, timing=replace(TIMING, **{seconds!r})).run()
    os._exit(0)
    """
    return sys.executable, "-c", textwrap.dedent(code)


class Worker:
    """Started by path, as Home Assistant does."""

    def __init__(
        self,
        *,
        command: Sequence[str] = WATCH,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.heard = Heard()
        self.complaints: list[str] = []
        self.process = subprocess.Popen(  # noqa: S603 - our own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **(environment or {})},
        )
        self._readers = [
            threading.Thread(target=self._hear, args=(self.process.stdout,)),
            threading.Thread(target=self._complain, args=(self.process.stderr,)),
        ]

    def __enter__(self) -> Self:
        for reader in self._readers:
            reader.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join()

    def send(self, *messages: Message) -> None:
        """Send it a message."""
        self.write(b"".join(encode(message) for message in messages))

    def write(self, data: bytes) -> None:
        """Send it raw data."""
        if self.process.stdin:
            self.process.stdin.write(data)
            self.process.stdin.flush()

    def close(self) -> None:
        """Say nothing more."""
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                return

    def end(self) -> int:
        """Let it end, and hear all that it has said until then; its status."""
        self.close()
        status = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join()
        return status

    def _hear(self, pipe: IO[bytes]) -> None:
        decoder = Decoder()
        with pipe:
            while data := os.read(pipe.fileno(), 65536):
                for message in decoder.feed(data):
                    self.heard(message)

    def _complain(self, pipe: IO[bytes]) -> None:
        with pipe:
            self.complaints.extend(line.decode(errors="replace") for line in pipe)
