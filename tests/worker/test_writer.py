from __future__ import annotations

import os
import stat
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from porchlight.worker import writer as module
from porchlight.worker.writer import Writer, remove

from .support import PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Disk:
    """A disk whose writes wait for a test, and the writer that uses it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.works = threading.Event()
        self.waits = threading.Event()
        self.reports: list[tuple[str, bool]] = []
        self.writer = Writer(hangs=10.0, clock=lambda: self.now)
        real = os.fsync

        def fsync(descriptor: int) -> None:
            self.waits.set()
            assert self.works.wait(PATIENCE)
            real(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        self.writer.start()

    def put(self, path: Path, picture: bytes) -> None:
        self.writer.put(str(path), picture, lambda kept: self.reports.append((path.name, kept)))

    def idle(self) -> bool:
        return self.writer._current is None and not self.writer._jobs


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    one = Disk(monkeypatch)
    yield one
    one.works.set()
    one.writer.stop()
    one.writer.join(PATIENCE)
    assert not one.writer.is_alive()


def test_a_picture_is_written_for_its_owner_alone(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "last.jpg"
    disk.works.set()
    disk.put(path, b"one")
    until(lambda: disk.reports == [("last.jpg", True)], "the report")
    assert path.read_bytes() == b"one"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_permissions_that_are_too_wide_are_restricted(disk: Disk, tmp_path: Path) -> None:
    path = tmp_path / "last.jpg"
    path.with_suffix(".part").write_bytes(b"half")
    path.with_suffix(".part").chmod(0o666)
    disk.works.set()
    disk.put(path, b"one")
    until(path.exists, "the picture")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_newest_picture_replaces_one_that_waits(disk: Disk, tmp_path: Path) -> None:
    first, second = tmp_path / "a.jpg", tmp_path / "b.jpg"
    disk.put(first, b"0")
    assert disk.waits.wait(PATIENCE)
    for number in range(100):
        disk.put(second, str(number).encode())
    assert len(disk.writer._jobs) == 1
    disk.works.set()
    until(lambda: disk.reports == [("a.jpg", True), ("b.jpg", True)], "two reports")
    assert second.read_bytes() == b"99"


def test_a_write_that_hangs_is_reported_once_and_again_when_it_is_done(
    disk: Disk, tmp_path: Path
) -> None:
    disk.put(tmp_path / "a.jpg", b"0")
    assert disk.waits.wait(PATIENCE)
    disk.put(tmp_path / "b.jpg", b"0")
    disk.now += 9.9
    disk.writer.check()
    assert disk.reports == []
    disk.now += 0.2
    disk.writer.check()
    disk.writer.check()
    assert disk.reports == [("a.jpg", False), ("b.jpg", False)]
    disk.works.set()
    until(lambda: disk.reports[2:] == [("a.jpg", True), ("b.jpg", True)], "it works again")


def test_waiting_pictures_are_bounded_in_bytes_and_the_oldest_goes_first(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_BYTES", 3000)
    disk.put(tmp_path / "first.jpg", b"0")
    assert disk.waits.wait(PATIENCE)
    for number in range(5):
        disk.put(tmp_path / f"{number}.jpg", bytes(1000))
    assert disk.reports == [("0.jpg", False), ("1.jpg", False)]
    disk.works.set()
    until(disk.idle, "all is written")
    names = sorted(one.name for one in tmp_path.iterdir())
    assert names == ["2.jpg", "3.jpg", "4.jpg", "first.jpg"]


def test_deleting_waits_for_the_write_before_it_and_drops_what_waits(
    disk: Disk, tmp_path: Path
) -> None:
    path = tmp_path / "last.jpg"
    disk.put(path, b"one")
    assert disk.waits.wait(PATIENCE)
    disk.put(path, b"two")
    disk.writer.delete(str(path))
    disk.works.set()
    until(disk.idle, "all is done")
    assert list(tmp_path.iterdir()) == []
    assert disk.reports == [("last.jpg", True)]


def test_what_comes_after_a_deletion_is_written(disk: Disk, tmp_path: Path) -> None:
    path, seen = tmp_path / "last.jpg", []
    path.write_bytes(b"old")
    real = module.keep

    def keep(to: Path, picture: bytes) -> bool:
        seen.append(path.exists())
        return real(to, picture)

    module.keep = keep
    try:
        disk.put(tmp_path / "other.jpg", b"0")
        assert disk.waits.wait(PATIENCE)
        disk.writer.delete(str(path))
        disk.put(path, b"new")
        disk.works.set()
        until(disk.idle, "all is done")
    finally:
        module.keep = real
    assert path.read_bytes() == b"new"
    # Else a disk that takes no more pictures would keep the old one.
    assert seen == [True, False]


def test_a_picture_that_could_not_be_deleted_is_tried_again(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, tries = tmp_path / "last.jpg", []
    path.write_bytes(b"old")
    real = Path.unlink

    def unlink(self: Path, *, missing_ok: bool = False) -> None:
        tries.append(self)
        if len(tries) < 3:
            raise OSError("read only")
        real(self, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", unlink)
    disk.writer.delete(str(path))
    until(lambda: len(tries) == 1 and disk.idle(), "the first try")
    disk.writer.check()
    until(lambda: len(tries) == 2 and disk.idle(), "the second")
    disk.writer.check()
    until(lambda: not path.exists(), "the third")


def test_what_is_discarded_is_not_written(disk: Disk, tmp_path: Path) -> None:
    kept, gone = tmp_path / "a.jpg", tmp_path / "b.jpg"
    gone.write_bytes(b"old")
    disk.put(kept, b"0")
    assert disk.waits.wait(PATIENCE)
    disk.put(gone, b"1")
    disk.writer.discard(str(gone))
    disk.writer.discard("unknown")
    disk.works.set()
    until(disk.idle, "all is done")
    assert gone.read_bytes() == b"old"


def test_nothing_there_is_as_good_as_deleted(tmp_path: Path) -> None:
    assert remove(tmp_path / "last.jpg")
    assert remove(tmp_path / "no" / "last.jpg")
    (tmp_path / "file").write_bytes(b"")
    assert remove(tmp_path / "file" / "last.jpg")


def test_stopping_ends_it_when_all_is_written(disk: Disk, tmp_path: Path) -> None:
    disk.put(tmp_path / "a.jpg", b"0")
    disk.put(tmp_path / "b.jpg", b"1")
    disk.writer.stop()
    disk.works.set()
    disk.writer.join(PATIENCE)
    assert (tmp_path / "b.jpg").read_bytes() == b"1"


@pytest.mark.parametrize("error", [OSError("full"), RuntimeError("unheard of")])
def test_no_error_ends_it(
    disk: Disk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_descriptor: int) -> None:
        raise error

    real: Callable[[int], None] = os.fsync
    monkeypatch.setattr(os, "fsync", fail)
    disk.put(tmp_path / "a.jpg", b"0")
    until(lambda: disk.reports == [("a.jpg", False)], "the failure")
    monkeypatch.setattr(os, "fsync", real)
    disk.works.set()
    disk.put(tmp_path / "a.jpg", b"0")
    until(lambda: disk.reports[1:] == [("a.jpg", True)], "it works again")
