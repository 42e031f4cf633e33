from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from simulator import Camera, CameraSpec, CommandError, ManualClock, Simulator
from simulator.condition import EventFaults

if TYPE_CHECKING:
    from pathlib import Path

type Send = Callable[..., Awaitable[tuple[int, Any]]]


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def simulator(spec: CameraSpec, cache: Path, clock: ManualClock) -> AsyncIterator[Simulator]:
    async with Simulator([spec], cache=cache, clock=clock) as simulator:
        yield simulator


@pytest.fixture
async def camera(simulator: Simulator) -> Camera:
    return simulator.cameras[0]


@pytest.fixture
async def send(simulator: Simulator, camera: Camera) -> AsyncIterator[Send]:
    async with aiohttp.ClientSession() as client:

        async def send(command: str, **arguments: Any) -> tuple[int, Any]:
            url = f"{simulator.control_url(camera)}/{command}"
            async with client.post(url, json=arguments) as response:
                return response.status, await response.json()

        yield send


async def test_the_state_contains_what_is_in_view(
    simulator: Simulator, camera: Camera, clock: ManualClock
) -> None:
    await clock.advance(4.25)
    async with (
        aiohttp.ClientSession() as client,
        client.get(simulator.control_url(camera)) as response,
    ):
        state = await response.json()
    assert state["position"] == pytest.approx(1.25, abs=0.001)
    assert state["loop"] == 1
    assert state["duration"] == pytest.approx(3.0)
    assert state["online"] is True
    assert state["clients"] == 0


async def test_the_cameras_are_listed_by_name(simulator: Simulator, camera: Camera) -> None:
    url = simulator.control_url(camera)
    async with (
        aiohttp.ClientSession() as client,
        client.get(url.rpartition("/")[0]) as response,
    ):
        assert await response.json() == [{"name": "Door", "url": url}]


@pytest.mark.parametrize(
    ("command", "arguments", "changed"),
    [
        ("clock_offset", {"seconds": 90}, {"clock_offset": 90}),
        ("refuse_rtsp", {"status": 503}, {"rtsp_status": 503}),
        ("stall", {"kind": "media"}, {"stall": "media"}),
        ("stall", {"kind": "all"}, {"stall": "all"}),
        ("garbage", {"on": True}, {"garbage": True}),
        ("mute_events", {"on": True}, {"events_muted": True}),
        ("event", {"kind": "motion", "value": "true"}, {"event_requests": {}}),
        ("event_faults", {"most": 1}, {"event_faults": asdict(EventFaults(most=1))}),
        ("silence_onvif", {"on": True}, {"onvif_silent": True}),
        ("online", {"on": False}, {"online": False}),
    ],
)
async def test_a_command_changes_the_state(
    send: Send, camera: Camera, command: str, arguments: Any, changed: dict[str, Any]
) -> None:
    status, reply = await send(command, **arguments)
    assert status == 200
    assert changed.items() <= reply["state"].items()
    assert reply["state"]["online"] is camera.online


async def test_the_password_changes(send: Send, camera: Camera) -> None:
    assert (await send("password", password="new"))[0] == 200
    assert camera._condition.password == "new"


async def test_a_seek_returns_where_it_landed(send: Send, camera: Camera) -> None:
    status, reply = await send("seek", second=1.7)
    assert status == 200
    assert reply["result"] == pytest.approx(1.5)
    assert camera.position == pytest.approx(1.5, abs=0.001)


@pytest.mark.parametrize("command", ["drop_rtsp", "kill_subscriptions"])
async def test_cut_connections_are_counted(send: Send, command: str) -> None:
    status, reply = await send(command)
    assert status == 200
    assert reply["result"] == 0


@pytest.mark.parametrize(
    ("command", "arguments", "status"),
    [
        ("explode", {}, 404),
        ("seek", {}, 400),
        ("seek", {"second": 99}, 400),
        ("seek", {"second": "1"}, 400),
        ("garbage", {"on": 1}, 400),
        ("clock_offset", {"seconds": True}, 400),
        ("stall", {"kind": "some"}, 400),
        ("refuse_rtsp", {"status": 200}, 400),
        ("event", {"kind": "earthquake"}, 400),
        ("event_faults", {"pulls": "slow"}, 400),
        ("event_faults", {"nonsense": 1}, 400),
    ],
)
async def test_a_wrong_command_is_refused_with_a_reason(
    send: Send, command: str, arguments: Any, status: int
) -> None:
    got, reply = await send(command, **arguments)
    assert got == status
    assert reply["error"]


async def test_the_methods_refuse_what_the_port_refuses(camera: Camera) -> None:
    with pytest.raises(CommandError):
        camera.seek(-1)
    with pytest.raises(CommandError):
        camera.refuse_rtsp(99)
