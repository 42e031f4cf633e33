from __future__ import annotations

import os
import socket
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from porchlight.onvif.errors import NoVideoError, NoVideoReason
from porchlight.onvif.values import Access, CameraReport, Credentials, Found, Preset, Typed
from porchlight.worker import errand as module
from porchlight.worker.channel import Decoder, encode
from porchlight.worker.control_messages import GoTo, Reboot, SnapshotTaken, TakeSnapshot
from porchlight.worker.errand import Errands
from porchlight.worker.messages import (
    Done,
    EngineFailed,
    ErrandFailed,
    FirstFrame,
    FrameTaken,
    Inspect,
    Locate,
    Scan,
    UseModel,
)

from .support import PASSWORD, PATIENCE, needs_onvif, source

if TYPE_CHECKING:
    import pytest

    from .support import Stage


def answers(*errands: Any) -> list[Any]:
    """What comes back when these are asked and nothing more can be."""
    questions, ask = os.pipe()
    answer, replies = os.pipe()
    os.write(ask, b"".join(encode(errand) for errand in errands))
    os.close(ask)

    def run() -> None:
        Errands(questions, replies).run()
        os.close(replies)

    # An errand runs an event loop of its own, as the only thing in its process.
    runner = threading.Thread(target=run)
    runner.start()
    decoder, heard = Decoder(), []
    while data := os.read(answer, 65536):
        heard += decoder.feed(data)
    runner.join()
    os.close(questions)
    os.close(answer)
    return heard


def inspection(
    stage: Stage, password: str = PASSWORD, path: str = "/onvif/device_service"
) -> Inspect:
    login = Credentials(username=stage.camera.spec.username, password=password)
    return Inspect(host="127.0.0.1", port=stage.camera.port, path=path, credentials=login)


def test_without_a_request_there_is_no_answer() -> None:
    assert answers() == []


def test_only_the_first_question_is_answered() -> None:
    scan = Scan(sources=("127.0.0.1",), seconds=0.1)
    assert [one for one in answers(scan, scan) if isinstance(one, Done)] == [Done()]


def test_a_frame_is_taken(stage: Stage) -> None:
    (taken,) = answers(FirstFrame(source=source(stage.camera)))
    assert isinstance(taken, FrameTaken)
    assert (taken.codec, taken.width, taken.height) == ("h264", 320, 240)


def test_a_stream_that_cannot_be_watched_is_reported(stage: Stage) -> None:
    (failed,) = answers(FirstFrame(source=source(stage.camera, "wrong")))
    assert failed == ErrandFailed(key="unauthorized")


def test_a_stream_that_ends_before_a_frame_is_reported(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("porchlight.worker.stream.Stream.packets", lambda _self: iter(()))
    (failed,) = answers(FirstFrame(source=source(stage.camera)))
    assert failed == ErrandFailed(key="no_video")


@needs_onvif
def test_a_camera_is_inspected(stage: Stage) -> None:
    (report,) = answers(inspection(stage))
    assert isinstance(report, CameraReport)
    assert report.unique_id == stage.camera.spec.mac


@needs_onvif
def test_onvif_errors_are_reported(stage: Stage) -> None:
    (failed,) = answers(inspection(stage, "wrong"))
    assert isinstance(failed, ErrandFailed)
    assert failed.key == "invalid_auth"


@needs_onvif
def test_a_camera_without_video_is_reported_with_the_reason(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def inspect(*_: Any, **__: Any) -> None:
        raise NoVideoError(NoVideoReason.NO_PROFILES)

    monkeypatch.setattr("porchlight.onvif.client.inspect", inspect)
    (failed,) = answers(inspection(stage))
    assert failed == ErrandFailed(key="no_video", detail="no_profiles")


def access(stage: Stage, password: str = PASSWORD) -> Access:
    login = Credentials(username=stage.camera.spec.username, password=password)
    return Access(host="127.0.0.1", port=stage.camera.port, credentials=login)


@needs_onvif
def test_a_camera_is_restarted_and_a_wrong_password_is_not_tried_twice(stage: Stage) -> None:
    before = stage.camera.state()
    assert answers(Reboot(access=access(stage))) == [Done()]
    (failed,) = answers(Reboot(access=access(stage, "wrong")))
    assert failed == ErrandFailed(key="invalid_auth", detail="The camera refused the credentials")
    after = stage.camera.state()
    assert (after.reboots - before.reboots, after.refused_calls - before.refused_calls) == (1, 1)


@needs_onvif
def test_a_camera_that_cannot_be_turned_is_reported(stage: Stage) -> None:
    preset = Preset(profile="main", token="1")
    (failed,) = answers(GoTo(access=access(stage), preset=preset))
    assert isinstance(failed, ErrandFailed)
    assert failed.key == "camera_fault"


@needs_onvif
def test_a_camera_s_own_picture_is_taken_if_it_is_larger(stage: Stage) -> None:
    uri = f"http://127.0.0.1:{stage.camera.port}/snapshot/main.jpg"
    wish = TakeSnapshot(access=access(stage), uri=uri, width=160, height=120, seconds=PATIENCE)
    (taken,) = answers(wish)
    assert isinstance(taken, SnapshotTaken)
    assert (taken.width, taken.height) == (320, 240)
    (failed,) = answers(replace(wish, width=320, height=240))
    assert isinstance(failed, ErrandFailed)
    assert failed.key == "snapshot"
    (failed,) = answers(replace(wish, access=access(stage, "wrong")))
    assert isinstance(failed, ErrandFailed)
    assert failed.key == "invalid_auth"


def test_a_model_is_tried() -> None:
    (failed,) = answers(UseModel(engine="none", path="/m"))
    assert isinstance(failed, EngineFailed)


@needs_onvif
def test_a_look_at_a_host_has_a_second_even_if_the_process_started_late(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert module.LEAST_LOOK == 1.0
    # A busy machine needs more.
    monkeypatch.setattr(module, "LEAST_LOOK", PATIENCE)
    typed = Typed(host="127.0.0.1", port=stage.camera.port)
    (found,) = answers(Locate(typed=typed, until=0.0))
    assert found == Found(host="127.0.0.1", port=stage.camera.port)


@needs_onvif
def test_a_name_server_that_is_slow_does_not_hold_up_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def getaddrinfo(*_args: Any, **_rest: Any) -> list[Any]:
        answered.wait(PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(module, "LEAST_LOOK", 0.1)
    questions, ask = os.pipe()
    answer, replies = os.pipe()
    os.write(ask, encode(Locate(typed=Typed(host="cam.local"), until=0.0)))
    runner = threading.Thread(target=Errands(questions, replies).run)
    runner.start()
    (failed,) = Decoder().feed(os.read(answer, 65536))
    assert failed == ErrandFailed(key="unknown_host")
    assert runner.is_alive()
    answered.set()
    runner.join()
    for end in (questions, ask, answer, replies):
        os.close(end)
