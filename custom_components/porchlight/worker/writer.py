"""One thread that writes and deletes the pictures on disk, which may be slow or hang."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

_LOGGER = logging.getLogger(__name__)

# Seconds after which a write counts as hung.
HANGS = 10.0
# The most bytes of pictures that wait for the disk.
MOST_BYTES = 32 * 1024 * 1024
# Pictures of people are readable by their owner only.
MODE = 0o600


@dataclass(slots=True, kw_only=True)
class _Job:
    """The work for one path: delete the file, then write a picture."""

    since: float
    delete: bool = False
    picture: bytes | None = None
    report: Callable[[bool], None] | None = None
    hangs: bool = False


class Writer(threading.Thread):
    """Does disk work in the background, in order for each path; requests never block."""

    def __init__(self, *, hangs: float = HANGS, clock: Callable[[], float] = monotonic) -> None:
        """`hangs`: seconds after which a picture that is not written yet is reported."""
        super().__init__(name="writer", daemon=True)
        self._hangs, self._clock = hangs, clock
        self._wake = threading.Condition()
        self._jobs: dict[str, _Job] = {}
        self._current: _Job | None = None
        self._undeleted: set[str] = set()
        self._stopped = False

    def put(self, path: str, picture: bytes, report: Callable[[bool], None]) -> None:
        """Write a picture, instead of one that still waits; `report` receives the success."""
        with self._wake:
            job = self._jobs.setdefault(path, _Job(since=self._clock()))
            job.picture, job.report = picture, report
            dropped = self._drop()
            self._wake.notify()
        for one in dropped:
            one(False)  # noqa: FBT003 - a callback's only argument

    def delete(self, path: str) -> None:
        """Delete a picture after the earlier jobs for it; drop one that still waits."""
        with self._wake:
            job = self._jobs.setdefault(path, _Job(since=self._clock()))
            job.delete, job.picture, job.report = True, None, None
            self._wake.notify()

    def discard(self, path: str) -> None:
        """Drop the picture that still waits for this path."""
        with self._wake:
            job = self._jobs.get(path)
            if job and job.delete:
                job.picture = job.report = None
            elif job:
                del self._jobs[path]

    def check(self) -> None:
        """Report what hangs, once, and try again to delete what could not be deleted."""
        with self._wake:
            now = self._clock()
            late = [
                job
                for job in (self._current, *self._jobs.values())
                if job and job.report and not job.hangs and now - job.since >= self._hangs
            ]
            for job in late:
                job.hangs = True
            again, self._undeleted = self._undeleted, set()
            for path in again:
                self._jobs.setdefault(path, _Job(since=now)).delete = True
                self._wake.notify()
            # With the lock held: a job that finishes meanwhile must report after this.
            for job in late:
                if job.report:
                    job.report(False)  # noqa: FBT003 - a callback's only argument

    def stop(self) -> None:
        """Stop when all jobs are done."""
        with self._wake:
            self._stopped = True
            self._wake.notify()

    def run(self) -> None:
        """Write and delete until stopped."""
        while (work := self._next()) is not None:
            path, job = work
            kept = None
            try:
                kept = self._do(Path(path), job)
            except Exception:
                _LOGGER.exception("A picture could not be written")
                kept = False
            with self._wake:
                self._current = None
            if kept is not None and job.report:
                job.report(kept)

    def _next(self) -> tuple[str, _Job] | None:
        with self._wake:
            while not self._jobs:
                if self._stopped:
                    return None
                self._wake.wait()
            path = next(iter(self._jobs))
            self._current = self._jobs.pop(path)
            return path, self._current

    def _do(self, path: Path, job: _Job) -> bool | None:
        """Do a job; whether its picture was written, None if it has none."""
        if job.delete and not remove(path):
            with self._wake:
                self._undeleted.add(str(path))
        return None if job.picture is None else keep(path, job.picture)

    def _drop(self) -> list[Callable[[bool], None]]:
        """Drop the oldest pictures while too much waits; returns their callbacks."""
        reports = []
        waiting = [(path, job) for path, job in self._jobs.items() if job.picture is not None]
        total = sum(len(job.picture or b"") for _, job in waiting)
        for path, job in waiting:
            if total <= MOST_BYTES:
                break
            total -= len(job.picture or b"")
            if job.report:
                reports.append(job.report)
            job.picture = job.report = None
            if not job.delete:
                del self._jobs[path]
        return reports


def keep(path: Path, picture: bytes) -> bool:
    """Write a picture atomically; False if that fails.

    Does not create the folder: one deleted with its camera must not come back.
    """
    part = path.with_suffix(".part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, MODE)
        with open(descriptor, "wb") as file:  # noqa: PTH123 - opened already
            # A file from before may have another mode.
            os.fchmod(descriptor, MODE)
            file.write(picture)
            file.flush()
            os.fsync(descriptor)
        part.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            part.unlink()
        return False
    return True


def remove(path: Path) -> bool:
    """Delete a picture and its unfinished copy; False if that fails."""
    try:
        for one in (path, path.with_suffix(".part")):
            one.unlink(missing_ok=True)
    except NotADirectoryError:
        return True
    except OSError:
        return False
    return True
