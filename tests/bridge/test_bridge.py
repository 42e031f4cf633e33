"""The bridge over workers whose moments and deaths are scripted."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from time import monotonic
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.onvif.values import Credentials
from porchlight.runtime.bridge import (
    WORKER,
    Bridge,
    CameraSetAside,
    EngineSetAside,
    WorkerDown,
    WorkerUp,
)
from porchlight.worker.messages import (
    Alive,
    EngineReady,
    Source,
    StreamUp,
    UseModel,
    VisitInfo,
    VisitNews,
    WatchCamera,
)

from .support import Ear, gone, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .support import Script

    type Scripts = Callable[..., Script]
    type Start = Callable[..., Bridge]

MODEL = UseModel(engine="fake", path="/m.tflite")
VISIT = VisitInfo(visit_id="v0", arrived_at=1.0, last_seen=2.0, score=1.0, count=1, most=1)


def camera(camera_id: str, **more: Any) -> WatchCamera:
    login = Credentials(username="", password="")
    return WatchCamera(
        camera_id=camera_id, source=Source(url="rtsp://192.0.2.1/", credentials=login), **more
    )


async def test_a_worker_is_started_and_stopped(script: Scripts, bridge: Start, ear: Ear) -> None:
    one = bridge(script())
    up = await ear.wait(WorkerUp)
    await ear.wait(Alive)
    assert one.pid == up.pid
    assert not gone(up.pid)
    one.start()
    await one.stop()
    assert one.pid is None
    assert gone(up.pid)
    assert ear.of(WorkerDown) == []
    assert len(ear.of(WorkerUp)) == 1
    await one.stop()


async def test_a_stopped_bridge_can_be_started_again(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script()
    one = bridge(told)
    one.add(camera("a"))
    await ear.wait(StreamUp)
    await one.stop()
    one.start()
    await ear.count(StreamUp, 2)
    assert "WatchCamera a" in told.told(2)


async def test_what_was_asked_for_before_the_start_is_done_after_it(
    script: Scripts, ear: Ear
) -> None:
    told = script()
    one = Bridge(ear, command=told.command)
    one.add(camera("a"))
    one.use_model(MODEL)
    one.start()
    await ear.wait(EngineReady)
    await ear.wait(StreamUp)
    await one.stop()
    assert told.told()[1:] == ["UseModel", "WatchCamera a"]


async def test_commands_arrive(script: Scripts, bridge: Start, ear: Ear) -> None:
    told = script()
    one = bridge(told)
    await ear.wait(Alive)
    one.add(camera("a"))
    one.set_detection("a", enabled=False)
    one.set_detection("unknown", enabled=False)
    one.remove("a")
    one.remove("unknown")
    one.use_model(MODEL)
    one.use_model(None)
    await ear.wait(EngineReady)
    assert told.told()[1:] == [
        "WatchCamera a",
        "WatchCamera a",
        "RemoveCamera a",
        "UseModel",
    ]


async def test_a_killed_worker_is_replaced_within_seconds_and_everything_comes_back(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script()
    one = bridge(told)
    one.add(camera("a"))
    one.add(camera("b"))
    one.add(camera("c"))
    one.set_detection("b", enabled=False)
    one.remove("c")
    one.use_model(MODEL)
    await ear.wait(EngineReady)
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    began = monotonic()
    down = await ear.wait(WorkerDown)
    assert down.detail == "SIGKILL"
    position = ear.all.index(down)
    up = await ear.wait(WorkerUp, after=position)
    await ear.wait(EngineReady, after=position)
    await ear.wait(StreamUp, after=position, where=lambda up: up.camera_id == "b")
    assert monotonic() - began < 5
    assert up.pid != first
    assert sorted(told.told(2)[1:]) == ["UseModel", "WatchCamera a", "WatchCamera b"]
    assert one._cameras["b"].detect is False


@pytest.mark.parametrize(
    ("words", "detail"),
    [
        ("then-dies", "status 7"),
        ("crash-at-start", "status 4"),
        ("garbage", "it sent what is no report"),
    ],
)
async def test_a_worker_that_ends_or_errs_is_replaced(
    script: Scripts, bridge: Start, ear: Ear, words: str, detail: str
) -> None:
    one = bridge(script(words, "lives"))
    one.add(camera("a"))
    down = await ear.wait(WorkerDown)
    assert down.detail == detail
    await ear.wait(Alive, after=ear.all.index(down))


@pytest.mark.parametrize("words", ["silent", "busy", "silent stubborn"])
async def test_a_worker_whose_main_loop_is_silent_is_replaced(
    script: Scripts, bridge: Start, ear: Ear, words: str
) -> None:
    bridge(script(words, "lives"), silence=1.0)
    up = await ear.wait(WorkerUp)
    down = await ear.wait(WorkerDown)
    assert down.detail == "it hung"
    await ear.wait(Alive, after=ear.all.index(down))
    assert gone(up.pid)


async def test_a_stopped_process_is_killed_and_replaced(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    bridge(script(), silence=1.0)
    alive = await ear.wait(Alive)
    os.kill(alive.pid, signal.SIGSTOP)
    down = await ear.wait(WorkerDown)
    assert down.detail == "it hung"
    assert gone(alive.pid)
    await ear.wait(WorkerUp, after=ear.all.index(down))


async def test_an_event_loop_that_stands_still_does_not_cost_the_worker(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    bridge(script(), silence=1.0)
    await ear.wait(Alive)
    block(2.5)
    count = len(ear.all)
    await ear.wait(Alive, after=count + 20)
    assert ear.of(WorkerDown) == []


def block(seconds: float) -> None:
    """Stand still, as an integration that blocks the loop makes it."""
    until = monotonic() + seconds
    while monotonic() < until:
        pass


async def test_retries_that_fail_come_ever_later(script: Scripts, bridge: Start, ear: Ear) -> None:
    bridge(script("crash-at-start"), first_restart=0.5)
    began = monotonic()
    await ear.count(WorkerUp, 4)
    # 0.5 + 1 + 2 seconds, each at least 70 percent of it.
    assert monotonic() - began >= 0.7 * 3.5


async def test_a_command_that_cannot_be_started_is_tried_again(bridge: Start, ear: Ear) -> None:
    one = Bridge(ear, command=("/nonexistent/worker",))
    one.start()
    downs = await ear.count(WorkerDown, 2)
    assert "nonexistent" in downs[0].detail
    assert one.pid is None
    await one.stop()


async def test_an_open_visit_is_handed_to_the_next_worker(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("arrives then-dies", "lives")
    one = bridge(told)
    one.add(camera("a"))
    await ear.wait(VisitNews)
    down = await ear.wait(WorkerDown)
    await ear.wait(StreamUp, after=ear.all.index(down))
    await until(lambda: "resumes v1" in told.told(2), "the visit goes on")


async def test_a_visit_that_has_ended_is_not_handed_on(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("arrives leaves then-dies", "lives")
    one = bridge(told)
    one.add(camera("a", open_visit=VISIT))
    down = await ear.wait(WorkerDown)
    await ear.wait(StreamUp, after=ear.all.index(down))
    assert one._cameras["a"].open_visit is None
    assert not any(line.startswith("resumes") for line in told.told(2))


async def test_a_camera_that_is_watched_differently_keeps_its_visit(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("arrives")
    one = bridge(told)
    one.add(camera("a"))
    await ear.wait(VisitNews)
    one.add(camera("a", picture_path="/x"))
    await until(lambda: "resumes v1" in told.told(), "the visit goes on")


async def test_a_still_is_what_the_worker_answers(script: Scripts, bridge: Start, ear: Ear) -> None:
    one = bridge(script())
    one.add(camera("a"))
    await ear.wait(StreamUp)
    assert await asyncio.gather(*(one.still("a", width) for width in range(1, 20))) == [
        str(width).encode() for width in range(1, 20)
    ]
    assert one._stills == {}


async def test_there_is_no_still_of_what_is_not_watched(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    one = bridge(script())
    assert await one.still("a") is None
    await ear.wait(WorkerUp)
    assert await one.still("a") is None


async def test_a_still_that_does_not_come_is_none_in_time(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    one = bridge(script("deaf"), still_seconds=0.3)
    one.add(camera("a"))
    await ear.wait(StreamUp)
    began = monotonic()
    assert await one.still("a") is None
    assert 0.2 < monotonic() - began < 2
    assert one._stills == {}


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_a_still_does_not_outlast_its_worker(
    script: Scripts, bridge: Start, ear: Ear, how: str
) -> None:
    one = bridge(script("deaf"), still_seconds=20.0)
    one.add(camera("a"))
    await ear.wait(StreamUp)
    waiting = asyncio.create_task(one.still("a"))
    await asyncio.sleep(0.1)
    if how == "killed":
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
    else:
        await one.stop()
    async with asyncio.timeout(5):
        assert await waiting is None


async def test_a_camera_that_crashes_the_worker_three_times_is_set_aside(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("camera-crashes")
    one = bridge(told)
    for camera_id in ("a", "poison", "b"):
        one.add(camera(camera_id))
    aside = await ear.wait(CameraSetAside)
    assert aside == CameraSetAside(camera_id="poison", detail="SIGSEGV")
    assert len(ear.of(WorkerDown)) == 3
    await until(lambda: "WatchCamera b" in told.told(4), "the others go on")
    assert "WatchCamera a" in told.told(4)
    assert "WatchCamera poison" not in told.told(4)
    assert ear.of(EngineSetAside) == []


async def test_a_camera_that_was_set_aside_can_be_watched_again(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script(*["camera-crashes"] * 3, "lives")
    one = bridge(told)
    one.add(camera("poison"))
    await ear.wait(CameraSetAside)
    await ear.count(WorkerUp, 4)
    one.add(camera("poison"))
    await until(lambda: "WatchCamera poison" in told.told(4), "it is watched")
    await asyncio.sleep(0.3)
    assert len(ear.of(WorkerDown)) == 3


async def test_an_engine_that_crashes_the_worker_three_times_is_set_aside(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("engine-crashes")
    one = bridge(told)
    one.add(camera("a"))
    one.use_model(MODEL)
    aside = await ear.wait(EngineSetAside)
    assert aside.detail == "SIGSEGV"
    assert len(ear.of(WorkerDown)) == 3
    await until(lambda: "WatchCamera a" in told.told(4), "cameras go on")
    assert "UseModel" not in told.told(4)
    assert ear.of(CameraSetAside) == []


async def test_deaths_that_nobody_can_explain_are_traced_camera_by_camera(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("vanishes")
    one = bridge(told, one_by_one=0.8)
    for camera_id in ("a", "poison", "b"):
        one.add(camera(camera_id))
    aside = await ear.wait(CameraSetAside)
    assert aside.camera_id == "poison"
    assert told.told(4)[1:] == ["WatchCamera a", "WatchCamera poison"]
    assert len(ear.of(WorkerDown)) == 4
    # Now the others, still one by one, until none of them is suspected any more.
    await until(lambda: "WatchCamera b" in told.told(5), "the others go on")
    await until(lambda: not one._unexplained, "nobody is suspected")
    assert "WatchCamera poison" not in told.told(5)
    assert one._suspect is None


async def test_the_worker_outlives_a_listener_that_fails(
    script: Scripts, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Any] = []

    def listener(news: Any) -> None:
        heard.append(news)
        raise RuntimeError("not taken")

    one = Bridge(listener, command=script().command)
    one.start()
    await until(lambda: len(heard) > 5, "news go on")
    assert one.pid is not None
    await one.stop()
    assert "WorkerUp was not taken" in caplog.text


async def test_what_the_worker_complains_of_is_logged_however_long_it_is(
    script: Scripts, bridge: Start, ear: Ear, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    bridge(script("long-complaint"))
    await ear.wait(Alive)
    await until(lambda: "Worker: short" in caplog.text, "the line after the long one")
    assert ear.of(WorkerDown) == []


async def test_a_worker_that_does_not_end_is_killed(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    one = bridge(script("stubborn"))
    alive = await ear.wait(Alive)
    await one.stop()
    assert gone(alive.pid)


async def test_stopping_while_the_next_start_is_awaited_leaves_nothing(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("crash-at-start")
    one = bridge(told)
    await ear.wait(WorkerDown)
    await one.stop()
    count = len(told.told())
    await asyncio.sleep(1.0)
    assert len(told.told()) == count


async def test_stopping_during_the_one_by_one_return_leaves_nothing(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    told = script("vanishes", "vanishes", "vanishes", "lives")
    one = bridge(told, one_by_one=60.0)
    for camera_id in ("poison", "b"):
        one.add(camera(camera_id))
    await ear.count(WorkerUp, 4)
    await until(lambda: "WatchCamera poison" in told.told(4), "the first is back")
    pid = one.pid
    assert pid is not None
    await one.stop()
    assert gone(pid)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_stopping_at_once_leaves_nothing(script: Scripts, ear: Ear) -> None:
    told = script()
    one = Bridge(ear, command=told.command)
    one.start()
    await asyncio.sleep(0)
    await one.stop()
    assert all(gone(int(line.split()[1])) for line in told.told() if line.startswith("started"))
    assert one.pid is None


def test_the_worker_is_started_by_path_with_this_python() -> None:
    assert WORKER[0] == sys.executable
    assert WORKER[1].endswith("/porchlight/worker")
