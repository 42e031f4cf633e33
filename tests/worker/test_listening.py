"""The listening process as a real process over real pipes."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("_ssl", reason="no OpenSSL, which ONVIF needs")
from porchlight.onvif.values import Credentials, EventKind
from porchlight.runtime.environment import worker_folders
from porchlight.worker.event_messages import (
    CameraEvent,
    ListenTo,
    StopListening,
    Subscribed,
    Unsubscribed,
)
from porchlight.worker.listening import Listening
from porchlight.worker.messages import Alive

from tests.bare import ROOM

from .process import Worker
from .support import PASSWORD, PATIENCE, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulator import Camera

    from .support import Stage

# One that is given all the time for its goodbyes, because this process may answer late.
PATIENT = f"""
import os, sys
sys.path.insert(0, {str(ROOM.parents[1])!r})
import tests.bare
from porchlight.onvif.subscription import Waits
from porchlight.worker import listening
from porchlight.worker.subscriber import Timing
listening.GOODBYES = {PATIENCE}
waits = Waits(grace={PATIENCE}, call={PATIENCE}, goodbye={PATIENCE})
listening.Listening(0, 1, timing=Timing(waits=waits)).run()
os._exit(0)
"""
LISTEN = (sys.executable, str(ROOM / "worker"), "listen", *worker_folders())
OFFERED = {"events": "person+input"}


@pytest.fixture
def worker() -> Iterator[Worker]:
    with Worker(command=LISTEN) as one:
        yield one


@pytest.fixture
def patient() -> Iterator[Worker]:
    with Worker(command=(sys.executable, "-c", PATIENT)) as one:
        yield one


def to(camera: Camera, camera_id: str = "c", password: str = PASSWORD) -> ListenTo:
    return ListenTo(
        camera_id=camera_id,
        host=camera.host,
        port=camera.port,
        path="/onvif/device_service",
        credentials=Credentials(username=camera.spec.username, password=password),
    )


def subscriptions(stage: Stage) -> list[int]:
    return [stage.call(camera.state).subscriptions for camera in stage.cameras]


def test_it_says_that_it_lives_before_it_listens(worker: Worker) -> None:
    assert worker.heard.wait(Alive).pid == worker.process.pid


def test_events_of_two_cameras_arrive_until_one_is_left(
    patient: Worker, cameras: Callable[..., Stage]
) -> None:
    worker = patient
    stage = cameras(OFFERED, OFFERED)
    one, other = stage.cameras
    worker.send(to(one, "one"), to(other, "other"))
    for camera_id in ("one", "other"):
        worker.heard.wait(Subscribed, where=lambda up, i=camera_id: up.camera_id == i)  # type: ignore[misc] # bound now
    stage.call(other.publish_event, "person")
    event = worker.heard.wait(CameraEvent)
    assert (event.camera_id, event.kind, event.on) == ("other", EventKind.PERSON, True)
    # The same again changes nothing.
    worker.send(to(one, "one"), StopListening(camera_id="other"))
    until(lambda: subscriptions(stage) == [1, 0], "one subscription")
    assert stage.call(one.state).event_requests["create"] == 1


def test_all_subscriptions_end_with_the_process(
    patient: Worker, cameras: Callable[..., Stage]
) -> None:
    worker = patient
    stage = cameras(OFFERED, OFFERED)
    worker.send(*(to(camera, str(number)) for number, camera in enumerate(stage.cameras)))
    until(lambda: subscriptions(stage) == [1, 1], "two subscriptions")
    until(lambda: len(worker.heard.of(Subscribed)) == 2, "both are known")
    worker.close()
    assert worker.process.wait(PATIENCE) == 0
    assert subscriptions(stage) == [0, 0]


def test_a_camera_that_does_not_answer_does_not_hold_up_the_end(
    worker: Worker, cameras: Callable[..., Stage]
) -> None:
    stage = cameras(OFFERED)
    worker.send(to(stage.camera))
    worker.heard.wait(Subscribed)
    stage.call(stage.camera.silence_onvif, on=True)
    worker.close()
    assert worker.process.wait(PATIENCE) == 0


def test_another_login_takes_the_place_of_the_present_one(
    patient: Worker, cameras: Callable[..., Stage]
) -> None:
    worker = patient
    stage = cameras(OFFERED)
    stage.call(stage.camera.set_event_faults, most=1)
    worker.send(to(stage.camera, password="guess"))
    assert worker.heard.wait(Unsubscribed).problem == "invalid_auth"
    worker.send(to(stage.camera))
    worker.heard.wait(Subscribed)
    # The only subscription that the camera allows is given back first.
    worker.send(StopListening(camera_id="c"), to(stage.camera))
    until(lambda: len(worker.heard.of(Subscribed)) == 2, "subscribed again")
    assert stage.call(stage.camera.state).refused_calls == 1
    assert len(worker.heard.of(Unsubscribed)) == 1


async def test_a_subscription_begins_when_the_last_one_of_the_camera_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    bye = asyncio.Event()

    class Slow:
        def __init__(self, target: ListenTo, *_more: object) -> None:
            self.target = target
            self.goodbye = True

        async def run(self) -> None:
            seen.append(f"begins {self.target.port}")
            try:
                await asyncio.Event().wait()
            finally:
                await bye.wait()
                seen.append(f"ended {self.target.port}")

    async def turns() -> None:
        for _ in range(10):
            await asyncio.sleep(0)

    monkeypatch.setattr("porchlight.worker.listening.Subscriber", Slow)
    listening = Listening(-1, -1)
    login = Credentials(username="", password="")
    for port in (1, 2):
        target = ListenTo(camera_id="c", host="h", port=port, path="/", credentials=login)
        listening._handle(target)
        await turns()
    assert seen == ["begins 1"]
    bye.set()
    await turns()
    assert seen == ["begins 1", "ended 1", "begins 2"]
    listening._handle(StopListening(camera_id="c"))
    await asyncio.wait(listening._leaving.values())


def test_a_camera_that_refuses_the_login_gets_no_goodbye(
    worker: Worker, cameras: Callable[..., Stage]
) -> None:
    stage = cameras(OFFERED)
    worker.send(to(stage.camera))
    worker.heard.wait(Subscribed)
    worker.send(StopListening(camera_id="c", goodbye=False), StopListening(camera_id="nobody"))
    worker.close()
    assert worker.process.wait(PATIENCE) == 0
    assert "unsubscribe" not in stage.call(stage.camera.state).event_requests


def test_an_invalid_command_ends_the_process_and_its_subscriptions(
    patient: Worker, cameras: Callable[..., Stage]
) -> None:
    worker = patient
    stage = cameras(OFFERED)
    worker.send(to(stage.camera))
    worker.heard.wait(Subscribed)
    worker.write(b"\x00\x00\x00\x02{]")
    worker.process.wait(PATIENCE)
    assert subscriptions(stage) == [0]


def test_no_password_is_in_what_it_complains(worker: Worker, cameras: Callable[..., Stage]) -> None:
    stage = cameras(OFFERED)
    worker.send(to(stage.camera, password="a-secret-of-mine"))
    worker.heard.wait(Unsubscribed)
    worker.end()
    complaints = "".join(worker.complaints)
    assert "invalid" in complaints or "refused" in complaints
    assert "a-secret-of-mine" not in complaints


def test_it_loads_no_codec_and_no_engine(worker: Worker, cameras: Callable[..., Stage]) -> None:
    stage = cameras(OFFERED)
    worker.send(to(stage.camera))
    worker.heard.wait(Subscribed)
    maps = Path(f"/proc/{worker.process.pid}/maps").read_text()
    assert "lxml" in maps
    for library in ("libavcodec", "numpy", "ncnn", "litert"):
        assert library not in maps


def test_it_dies_with_its_parent_s_pipe_even_while_it_loads() -> None:
    with Worker(command=LISTEN) as worker:
        worker.close()
        assert worker.process.wait(PATIENCE) == 0


def test_it_may_be_killed(worker: Worker, cameras: Callable[..., Stage]) -> None:
    stage = cameras(OFFERED)
    worker.send(to(stage.camera))
    worker.heard.wait(Subscribed)
    os.kill(worker.process.pid, signal.SIGKILL)
    worker.process.wait(PATIENCE)
    # Nobody said goodbye; the camera ends it after the time for which it was asked.
    assert subscriptions(stage) == [1]
