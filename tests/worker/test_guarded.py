"""A faulty request, disk or camera does not affect the others."""

from __future__ import annotations

import os
import sys
import textwrap
from io import BytesIO
from typing import TYPE_CHECKING

from PIL import Image
from porchlight.worker.analyst import Analyst
from porchlight.worker.camera import Camera
from porchlight.worker.messages import (
    Alive,
    BestPicture,
    PictureKept,
    Still,
    StreamDown,
    StreamUp,
    TakeStill,
    UseModel,
    VisitNews,
    VisitPhase,
    WatchCamera,
)
from porchlight.worker.service import Service

from tests.bare import ROOM

from .process import Worker, impatient
from .support import PATIENCE, source
from .watching import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from .support import Heard, Stage

HUGE = 10**400
# A person sways in front of every camera.
SOMEBODY_EVERYWHERE = f"""
    import random, sys
    from dataclasses import replace
    sys.path.insert(0, {str(ROOM.parents[1])!r})
    import tests.bare
    from porchlight.worker import service
    from porchlight.worker.analyst import Analyst
    from porchlight.worker.timing import TIMING
    from tests.worker.support import PATIENCE, SOMEBODY, ScriptedDetector
    class Seen(ScriptedDetector):
        def people(self, *_):
            box = SOMEBODY.box.moved(0, random.choice((0.0, 0.12)))
            return (replace(SOMEBODY, box=box),)
    seen = Seen()
    Analyst.__init__.__kwdefaults__["prepare"] = seen.prepare
    # A busy machine's disk and cameras are slow, too.
    service.LAST_WRITES = PATIENCE
    timing = replace(TIMING, opening=PATIENCE, reading=PATIENCE)
    service.Service(0, 1, heartbeat=0.5, timing=timing).run()
"""


def test_no_still_that_is_asked_for_ends_the_worker(
    cameras: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = cameras({}, {})
    with Worker(command=impatient(opening=PATIENCE, reading=PATIENCE)) as worker:
        for name, camera in zip("ab", stage.cameras, strict=True):
            worker.send(
                WatchCamera(
                    camera_id=name,
                    source=source(camera),
                    picture_path=str(tmp_path / f"{name}.jpg"),
                )
            )
        for name in "ab":
            worker.heard.wait(StreamUp, where=lambda up, name=name: up.camera_id == name)  # type: ignore[misc] # bound now
        pid = worker.heard.wait(Alive).pid
        sizes = [(HUGE, None), (None, HUGE), (-HUGE, HUGE), (0, -1), (HUGE, 1)]
        for number, (width, height) in enumerate(sizes):
            worker.send(TakeStill(camera_id="a", request=number, width=width, height=height))
        for number in range(len(sizes)):
            still = worker.heard.wait(Still, where=lambda one, number=number: one.request == number)  # type: ignore[misc] # bound now
            assert still.jpeg is not None
            with Image.open(BytesIO(still.jpeg)) as image:
                assert 1 <= image.width <= 320
                assert 1 <= image.height <= 240
        position = len(worker.heard.all)
        assert worker.heard.wait(Alive, after=position).pid == pid == worker.process.pid
        worker.send(TakeStill(camera_id="b", request=99))
        assert worker.heard.wait(Still, where=lambda one: one.request == 99).jpeg
        assert worker.heard.of(StreamDown) == []


def test_a_still_that_cannot_be_made_is_answered(
    monkeypatch: pytest.MonkeyPatch, heard: Heard
) -> None:
    read, write = os.pipe()
    service = Service(read, write)
    monkeypatch.setattr(service, "report", heard)

    def refuse(*_: object) -> None:
        raise ValueError("no such format")

    monkeypatch.setattr(Camera, "still", refuse)
    service._cameras["c"] = Camera(
        WatchCamera(camera_id="c", source=NOWHERE), Analyst(heard), heard, service._writer
    )
    service._handle(TakeStill(camera_id="c", request=7))
    assert heard.of(Still) == [Still(request=7, jpeg=None)]
    os.close(read)
    os.close(write)


def test_no_command_that_fails_ends_the_service(
    monkeypatch: pytest.MonkeyPatch, heard: Heard, caplog: pytest.LogCaptureFixture
) -> None:
    read, write = os.pipe()
    service = Service(read, write)

    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(Camera, "start", refuse)
    watch = WatchCamera(camera_id="c", source=NOWHERE)
    service._handle(watch)
    assert "WatchCamera could not be done" in caplog.text
    # It is not taken for one that is watched.
    assert service._cameras == {}
    os.close(read)
    os.close(write)


def test_a_disk_that_hangs_stops_neither_detection_nor_any_camera(
    cameras: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = cameras({}, {})
    path = tmp_path / "last.jpg"
    fifo = path.with_suffix(".part")
    # Opening it for writing waits for a reader.
    os.mkfifo(fifo)
    with Worker(command=[sys.executable, "-c", textwrap.dedent(SOMEBODY_EVERYWHERE)]) as worker:
        heard = worker.heard
        worker.send(UseModel(engine="scripted", path=""))
        first, second = stage.cameras
        worker.send(WatchCamera(camera_id="a", source=source(first), picture_path=str(path)))
        heard.wait(BestPicture)
        other = tmp_path / "other.jpg"
        worker.send(WatchCamera(camera_id="b", source=source(second), picture_path=str(other)))
        heard.wait(
            VisitNews,
            where=lambda news: news.camera_id == "b" and news.phase is VisitPhase.ARRIVED,
        )
        failed = heard.wait(PictureKept)
        assert not failed.kept
        position = len(heard.all)
        for name in "ab":
            heard.wait(
                VisitNews,
                where=lambda news, name=name: news.camera_id == name,  # type: ignore[misc] # bound now
                after=position,
            )
        worker.send(TakeStill(camera_id="a", request=1))
        assert heard.wait(Still).jpeg is not None
        assert heard.wait(Alive, after=position)
        assert heard.of(StreamDown) == []
        assert not other.exists()
        # It works again.
        with fifo.open("rb") as pipe:
            assert pipe.read(2) == b"\xff\xd8"
        heard.wait(PictureKept, where=lambda one: one.camera_id == "b" and one.kept)
        assert other.exists()


def test_pictures_that_were_sent_are_on_disk_when_it_ends(
    cameras: Callable[..., Stage], tmp_path: Path
) -> None:
    stage = cameras({})
    path = tmp_path / "last.jpg"
    with Worker(command=[sys.executable, "-c", textwrap.dedent(SOMEBODY_EVERYWHERE)]) as worker:
        worker.send(
            UseModel(engine="scripted", path=""),
            WatchCamera(camera_id="a", source=source(stage.camera), picture_path=str(path)),
        )
        worker.heard.wait(BestPicture)
    newest = worker.heard.of(BestPicture)[-1]
    assert path.read_bytes() == newest.jpeg
