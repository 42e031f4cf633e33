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
from porchlight.runtime.bridge import WORKER, Bridge, WorkerDown, WorkerUp
from porchlight.runtime.faults import Culprit
from porchlight.worker.messages import (
    Alive,
    EngineReady,
    RemoveCamera,
    Source,
    StreamUp,
    UseModel,
    WatchCamera,
)

from tests.worker.support import PATIENCE

from .support import Ear, gone, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from .support import Script

    type Scripts = Callable[..., Script]
    type Start = Callable[..., Bridge]

# Seconds after which these workers hang: enough for one to start on a busy machine.
SILENCE = 3.0
MODEL = UseModel(engine="fake", path="/m.tflite")


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
    workers = script()
    one = bridge(workers, [camera("a")])
    await ear.wait(StreamUp)
    await one.stop()
    one.start()
    await ear.count(StreamUp, 2)
    assert "WatchCamera a" in workers.received(2)


async def test_a_start_during_a_stop_is_heeded_once_the_old_worker_is_gone(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    one = bridge(script("stubborn", "lives"))
    first = await ear.wait(Alive)
    stopping = asyncio.create_task(one.stop())
    await asyncio.sleep(0)
    one.start()
    await stopping
    assert gone(first.pid)
    second = (await ear.count(WorkerUp, 2))[1]
    assert one.pid == second.pid
    assert ear.of(WorkerDown) == []


@pytest.mark.parametrize("last", ["start", "stop"])
async def test_starts_and_stops_in_any_order_leave_one_worker_or_none(
    script: Scripts, bridge: Start, ear: Ear, last: str
) -> None:
    workers = script()
    one = bridge(workers)
    tasks = []
    for _ in range(6):
        tasks.append(asyncio.create_task(one.stop()))
        await asyncio.sleep(0.02)
        one.start()
        tasks.append(asyncio.create_task(one.stop()))
        one.start()
        await asyncio.sleep(0.05)
    # By then all stops have begun.
    await asyncio.sleep(0)
    if last == "start":
        one.start()
    await asyncio.gather(*tasks)
    if last == "start":
        await until(lambda: one.pid is not None, "a worker runs")
    pids = [int(line.split()[1]) for line in workers.received() if line.startswith("started")]
    pids += [up.pid for up in ear.of(WorkerUp)]
    assert {pid for pid in pids if not gone(pid)} == ({one.pid} if one.pid else set())
    assert (one.pid is not None) == (last == "start")


async def test_each_worker_is_given_what_it_has_to_know(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    workers = script()
    opening = [MODEL, camera("a")]
    one = bridge(workers, opening)
    await ear.wait(EngineReady)
    await ear.wait(StreamUp)
    assert workers.received(1)[1:] == ["UseModel", "WatchCamera a"]
    opening[:] = [camera("b")]
    first = one.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    down = await ear.wait(WorkerDown)
    assert down == WorkerDown(detail="SIGKILL")
    up = await ear.wait(WorkerUp, after=ear.all.index(down))
    await ear.wait(StreamUp, after=ear.all.index(down))
    assert up.pid != first
    assert workers.received(2)[1:] == ["WatchCamera b"]


async def test_commands_arrive_while_there_is_a_worker(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    workers = script()
    one = Bridge(ear, command=workers.command)
    one.send(MODEL)
    one.start()
    await ear.wait(Alive)
    one.send(camera("a"))
    one.send(RemoveCamera(camera_id="a"))
    one.send(MODEL)
    await ear.wait(EngineReady)
    assert workers.received()[1:] == ["WatchCamera a", "RemoveCamera a", "UseModel"]
    await one.stop()


@pytest.mark.parametrize(
    ("words", "opening", "culprit"),
    [
        ("camera-crashes", [camera("a"), camera("poison"), camera("b")], Culprit("poison")),
        ("engine-crashes", [camera("a"), MODEL], Culprit()),
        ("vanishes", [camera("a"), camera("poison")], None),
        ("crashes-on-still", [camera("a"), camera("b")], None),
    ],
)
async def test_the_culprit_of_a_death_is_found_where_there_is_proof(
    script: Scripts,
    bridge: Start,
    ear: Ear,
    words: str,
    opening: list[Any],
    culprit: Culprit | None,
) -> None:
    one = bridge(script(words, "lives"), opening)
    await ear.wait(StreamUp)
    await one.still("a")
    down = await ear.wait(WorkerDown)
    assert down.culprit == culprit
    assert down.detail == ("SIGKILL" if words == "vanishes" else "SIGSEGV")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
async def test_a_signal_from_outside_has_no_culprit(
    script: Scripts, bridge: Start, ear: Ear, number: int
) -> None:
    one = bridge(script(), [camera("a"), MODEL])
    await ear.wait(EngineReady)
    assert one.pid is not None
    os.kill(one.pid, number)
    down = await ear.wait(WorkerDown)
    assert down.culprit is None


@pytest.mark.parametrize(
    ("words", "detail"),
    [
        ("then-dies", "status 7"),
        ("crash-at-start", "status 4"),
        ("garbage", "it sent an invalid message"),
    ],
)
async def test_a_worker_that_ends_or_errs_is_replaced(
    script: Scripts, bridge: Start, ear: Ear, words: str, detail: str
) -> None:
    bridge(script(words, "lives"), [camera("a")])
    down = await ear.wait(WorkerDown)
    assert down.detail == detail
    await ear.wait(Alive, after=ear.all.index(down))


@pytest.mark.parametrize("words", ["silent", "busy", "silent stubborn"])
async def test_a_worker_whose_main_loop_is_silent_is_replaced(
    script: Scripts, bridge: Start, ear: Ear, words: str
) -> None:
    bridge(script(words, "lives"), silence=SILENCE)
    up = await ear.wait(WorkerUp)
    down = await ear.wait(WorkerDown)
    assert down.detail == "it hung"
    await ear.wait(Alive, after=ear.all.index(down))
    assert gone(up.pid)


async def test_a_stopped_process_is_killed_and_replaced(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    bridge(script(), silence=SILENCE)
    alive = await ear.wait(Alive)
    # One that started slowly may have been replaced before.
    position = len(ear.all)
    os.kill(alive.pid, signal.SIGSTOP)
    down = await ear.wait(WorkerDown, after=position)
    assert down.detail == "it hung"
    assert gone(alive.pid)
    await ear.wait(WorkerUp, after=ear.all.index(down))


async def test_an_event_loop_that_stands_still_does_not_cost_the_worker(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    one = bridge(script(), silence=PATIENCE)
    await ear.wait(Alive)
    # From its next sign of life on; a machine that is slow at other moments is not the subject.
    one._silence = SILENCE
    await ear.wait(Alive, after=len(ear.all))
    one._silence = PATIENCE
    block(SILENCE + 2)
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


async def test_a_command_that_cannot_be_started_is_retried(bridge: Start, ear: Ear) -> None:
    one = Bridge(ear, command=("/nonexistent/worker",))
    one.start()
    downs = await ear.count(WorkerDown, 2)
    assert "nonexistent" in downs[0].detail
    assert one.pid is None
    await one.stop()


async def test_a_still_is_what_the_worker_answers(script: Scripts, bridge: Start, ear: Ear) -> None:
    one = bridge(script(), [camera("a")])
    await ear.wait(StreamUp)
    assert await asyncio.gather(*(one.still("a", width) for width in range(1, 20))) == [
        str(width).encode() for width in range(1, 20)
    ]
    assert one._stills == {}


async def test_there_is_no_still_without_a_worker(script: Scripts, bridge: Start) -> None:
    one = bridge(script())
    assert await one.still("a") is None
    await one.stop()
    assert await one.still("a") is None


async def test_a_still_that_does_not_come_is_none_in_time(
    script: Scripts, bridge: Start, ear: Ear
) -> None:
    one = bridge(script("deaf"), [camera("a")], still_seconds=0.3)
    await ear.wait(StreamUp)
    began = monotonic()
    async with asyncio.timeout(PATIENCE):
        assert await one.still("a") is None
    assert monotonic() - began > 0.2
    assert one._stills == {}


@pytest.mark.parametrize("how", ["killed", "stopped"])
async def test_a_still_does_not_outlast_its_worker(
    script: Scripts, bridge: Start, ear: Ear, how: str
) -> None:
    one = bridge(script("deaf"), [camera("a")], still_seconds=10 * PATIENCE)
    await ear.wait(StreamUp)
    waiting = asyncio.create_task(one.still("a"))
    await asyncio.sleep(0.1)
    if how == "killed":
        assert one.pid is not None
        os.kill(one.pid, signal.SIGKILL)
    else:
        await one.stop()
    async with asyncio.timeout(PATIENCE):
        assert await waiting is None


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
    assert "WorkerUp could not be handled" in caplog.text


async def test_the_worker_s_errors_are_logged_whatever_their_length(
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
    workers = script("crash-at-start")
    one = bridge(workers)
    await ear.wait(WorkerDown)
    await one.stop()
    count = len(workers.received())
    await asyncio.sleep(1.0)
    assert len(workers.received()) == count


async def test_stopping_at_once_leaves_nothing(script: Scripts, ear: Ear) -> None:
    workers = script()
    one = Bridge(ear, command=workers.command)
    one.start()
    await asyncio.sleep(0)
    await one.stop()
    assert all(
        gone(int(line.split()[1])) for line in workers.received() if line.startswith("started")
    )
    assert one.pid is None


def test_the_worker_is_started_by_path_with_this_python() -> None:
    assert WORKER[0] == sys.executable
    assert WORKER[1].endswith("/porchlight/worker")
