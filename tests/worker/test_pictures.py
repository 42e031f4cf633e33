from __future__ import annotations

import errno
import io
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from porchlight.worker.pictures import jpeg
from porchlight.worker.writer import keep

from .support import frame

if TYPE_CHECKING:
    from pathlib import Path


def size(picture: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(picture)) as image:
        assert image.format == "JPEG"
        return image.size


@pytest.mark.parametrize(
    ("wanted", "got"),
    [
        ((None, None), (320, 240)),
        ((160, None), (160, 120)),
        ((None, 60), (80, 60)),
        ((160, 60), (80, 60)),
        ((40, 200), (40, 30)),
        ((9999, 9999), (320, 240)),
        ((0, 0), (320, 240)),
        ((1, 1), (1, 1)),
        ((-5, None), (1, 1)),
        ((10**400, -(10**400)), (1, 1)),
        ((10**400, None), (320, 240)),
    ],
)
def test_a_picture_is_no_larger_than_asked_for_and_keeps_its_aspect(
    wanted: tuple[int | None, int | None], got: tuple[int, int]
) -> None:
    assert size(jpeg(frame(), *wanted)) == got


def test_odd_sizes_are_taken() -> None:
    assert size(jpeg(frame(width=322, height=178), 101)) == (101, 56)


def test_the_colours_are_the_frames() -> None:
    with Image.open(io.BytesIO(jpeg(frame()))) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    assert abs(pixels[100, 20] - 220).max() < 12
    assert abs(pixels[200, 200] - 60).max() < 12


def test_one_frame_can_be_encoded_by_several_threads_at_once() -> None:
    one = frame(width=1280, height=720)
    alone = [jpeg(one, width) for width in (1280, 640, 320, 160)]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(5):
            assert list(pool.map(lambda width: jpeg(one, width), (1280, 640, 320, 160))) == alone


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "last.jpg"


def test_a_picture_is_kept_in_a_folder_that_was_not_there(path: Path) -> None:
    assert keep(path, b"one")
    assert keep(path, b"two")
    assert path.read_bytes() == b"two"
    assert [one.name for one in path.parent.iterdir()] == ["last.jpg"]


def full(_descriptor: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_the_picture_that_was_there_and_leaves_nothing_behind(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(path, b"one")
    monkeypatch.setattr(os, "fsync", full)
    assert not keep(path, b"two")
    assert path.read_bytes() == b"one"
    assert [one.name for one in path.parent.iterdir()] == ["last.jpg"]


def test_a_reader_sees_one_whole_picture_or_another(path: Path) -> None:
    pictures = {bytes([number]) * 200_000 for number in range(5)}
    keep(path, min(pictures))
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(path.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(10):
        for picture in pictures:
            assert keep(path, picture)
    done.set()
    reader.join()
    assert seen <= pictures


def test_where_no_folder_can_be_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    assert not keep(tmp_path / "file" / "folder" / "last.jpg", b"one")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_folder_that_is_gone_does_not_come_back(tmp_path: Path) -> None:
    assert not keep(tmp_path / "removed" / "last.jpg", b"one")
    assert list(tmp_path.iterdir()) == []


def test_where_a_folder_is_in_the_way_nothing_is_left_behind(tmp_path: Path) -> None:
    (tmp_path / "last.jpg").mkdir()
    assert not keep(tmp_path / "last.jpg", b"one")
    assert [one.name for one in tmp_path.iterdir()] == ["last.jpg"]
