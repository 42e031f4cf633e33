"""Cameras that would eat the memory or end the decoder."""

from __future__ import annotations

import os
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from porchlight.worker.decoding import whole_frames
from porchlight.worker.errors import StreamError, StreamProblem
from porchlight.worker.messages import Status, StreamDown, StreamUp, WatchCamera
from porchlight.worker.stream import Stream

from .hostile import Hostile, described, endless_fragments, framed
from .process import Worker, impatient
from .sets import h264_frame, h264_pps, h264_sps, hevc_sps
from .support import PATIENCE, source, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .support import Stage

SMALL = h264_frame(320, 240)
# Seconds: more than a busy machine needs.
WAITING = {"opening": PATIENCE, "reading": PATIENCE}
# What a worker with one such camera may take on top, in megabytes: a few of FFmpeg's blocks.
ALLOWED = 300


def peak(worker: Worker) -> float:
    """The most memory that a worker has held, in megabytes."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def resident(worker: Worker) -> float:
    """Megabytes of memory that a worker holds."""
    pages = int(Path(f"/proc/{worker.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def problem(hostile: Hostile, **patience: float) -> StreamError:
    """How a hostile camera's stream ends."""
    try:
        with Stream(hostile.source, **(WAITING | patience)) as stream:
            for _ in whole_frames(stream, patience=20):
                pass
    except StreamError as error:
        return error
    pytest.fail("it never ended")


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_size_that_ends_the_decoder_is_refused_when_it_is_described(codec: str) -> None:
    if codec == "h264":
        sets = h264_sps(65552, 16), h264_pps()
    else:
        sets = b"\x40\x01", hevc_sps(65552, 16), b"\x44\x01"
    frames = repeat([h264_sps(65552, 16), h264_pps()])
    with Hostile(described(codec, *sets), lambda: framed(codec, frames)) as hostile:
        # No picture comes, so this takes all of the time that the camera has to open.
        assert problem(hostile, opening=8.0).problem is StreamProblem.TOO_LARGE


def test_a_size_that_ends_the_decoder_is_refused_when_it_comes_in_the_middle() -> None:
    frames = [SMALL] * 40 + [h264_frame(65552, 16)] * 20
    sizes: list[tuple[int, int]] = []

    def read() -> None:
        with Stream(hostile.source, **WAITING) as stream:
            sizes.extend((one.width, one.height) for one in whole_frames(stream))

    with (
        Hostile(described("h264", *SMALL[:2]), lambda: framed("h264", iter(frames))) as hostile,
        pytest.raises(StreamError) as caught,
    ):
        read()
    assert set(sizes) == {(320, 240)}
    assert caught.value.problem is StreamProblem.TOO_LARGE
    assert "65552" in caught.value.detail


def test_without_a_description_of_them_pictures_are_decoded_all_the_same() -> None:
    with (
        Hostile(described("h264"), lambda: framed("h264", repeat(SMALL))) as hostile,
        Stream(hostile.source, **WAITING) as stream,
    ):
        frame = next(whole_frames(stream))
    assert (frame.width, frame.height) == (320, 240)


def test_a_picture_size_that_changes_is_followed_and_reported() -> None:
    frames = chain.from_iterable(repeat([SMALL] * 20 + [h264_frame(640, 480)] * 20))
    with (
        Worker(command=impatient(**WAITING)) as worker,
        Hostile(described("h264"), lambda: framed("h264", frames)) as camera,
    ):
        worker.send(WatchCamera(camera_id="c", source=camera.source))
        first = worker.heard.wait(StreamUp, where=lambda up: up.width == 320)
        second = worker.heard.wait(
            StreamUp, where=lambda up: up.width == 640, after=worker.heard.position(first)
        )
        assert (first.height, second.height) == (240, 480)
        worker.heard.wait(
            StreamUp, where=lambda up: up.width == 320, after=worker.heard.position(second)
        )
        assert not worker.heard.of(StreamDown)


def ten_and_one_without_an_end() -> Iterator[tuple[bytes, int, bool]]:
    yield from framed("h264", iter([SMALL] * 10))
    yield from endless_fragments()


def test_a_picture_without_an_end_takes_little_memory_and_leaves_the_others_alone(
    stage: Stage,
) -> None:
    # However slow the machine is, only the size counts here.
    worker = Worker(command=impatient(status_interval=1.0, reading=PATIENCE))
    with Hostile(described("h264", *SMALL[:2]), ten_and_one_without_an_end) as hostile, worker:
        worker.send(WatchCamera(camera_id="good", source=source(stage.camera)))
        worker.heard.wait(StreamUp)
        before = resident(worker)
        worker.send(WatchCamera(camera_id="bad", source=hostile.source))
        up = worker.heard.wait(StreamUp, where=lambda one: one.camera_id == "bad")
        # Far more than it may make us keep.
        until(lambda: hostile.sent / 1e6 > 2 * ALLOWED, "an endless picture")
        assert peak(worker) - before < ALLOWED
        worker.heard.wait(
            Status,
            where=lambda one: one.camera_id == "good",
            after=worker.heard.position(up),
        )
        assert not [one for one in worker.heard.of(StreamDown) if one.camera_id == "good"]


def test_a_picture_without_an_end_ends_the_stream() -> None:
    with (
        Hostile(described("h264", *SMALL[:2]), ten_and_one_without_an_end) as hostile,
        Stream(hostile.source, opening=60.0, reading=1.0) as stream,
        pytest.raises(StreamError) as caught,
    ):
        for _ in stream.packets():
            pass
    assert caught.value.problem in {
        StreamProblem.TOO_LARGE,
        StreamProblem.BROKEN,
        StreamProblem.STALLED,
    }


def test_a_picture_without_an_end_from_the_start_never_opens() -> None:
    with Hostile(described("h264", *SMALL[:2]), endless_fragments) as hostile:
        error = problem(hostile, opening=3.0, reading=1.0)
    assert error.problem in {
        StreamProblem.TOO_LARGE,
        StreamProblem.BROKEN,
        StreamProblem.STALLED,
    }
