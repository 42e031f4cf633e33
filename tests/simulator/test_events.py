from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

import pytest

from simulator import Camera, CameraSpec, ManualClock, Simulator

from .conftest import PASSWORD
from .soap_client import NAMESPACES, Reply, ask, token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NAMESPACES["wsnt"] = "http://docs.oasis-open.org/wsn/b-2"


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def camera(
    spec: CameraSpec, moving: Path, cache: Path, clock: ManualClock
) -> AsyncIterator[Camera]:
    spec = dataclasses.replace(spec, video=moving)
    async with Simulator([spec], cache=cache, clock=clock) as simulator:
        yield simulator.cameras[0]


async def call(camera: Camera, operation: str, inside: str = "", url: str | None = None) -> Reply:
    header = token(camera.spec.username, PASSWORD)
    return await ask(url or camera.onvif_url, operation, inside, header=header)


async def subscribe(camera: Camera, life: str = "PT60S") -> str:
    inside = f"<InitialTerminationTime>{life}</InitialTerminationTime>"
    reply = await call(camera, "tev:CreatePullPointSubscription", inside)
    assert reply.status == 200
    return reply.text("Address")


async def pull(camera: Camera, address: str, seconds: float = 0) -> tuple[list[str], Reply]:
    inside = f"<Timeout>PT{seconds}S</Timeout><MessageLimit>5</MessageLimit>"
    reply = await call(camera, "tev:PullMessages", inside, address)
    return [
        item.get("Value") for item in reply.all("SimpleItem") if item.get("Name") == "IsMotion"
    ], reply


async def test_the_motion_topic_is_among_the_event_properties(camera: Camera) -> None:
    reply = await call(camera, "tev:GetEventProperties")
    (topic,) = reply.all("Motion")
    path = [one.tag.rpartition("}")[2] for one in topic.iterancestors()]
    assert path[:3] == ["CellMotionDetector", "RuleEngine", "TopicSet"]
    assert [one.get("Name") for one in reply.all("SimpleItemDescription")][-1] == "IsMotion"


async def test_motion_follows_the_footage_round_its_loop(
    camera: Camera, clock: ManualClock
) -> None:
    address = await subscribe(camera)
    assert camera.state().motion_intervals == [
        (pytest.approx(1.0, abs=0.15), pytest.approx(2.2, abs=0.3))
    ]
    assert (await pull(camera, address))[0] == ["false"]
    await clock.advance(8)
    assert (await pull(camera, address))[0] == ["true", "false", "true", "false"]


async def test_a_pull_waits_for_the_next_message(camera: Camera, clock: ManualClock) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    waiting = asyncio.create_task(pull(camera, address, 10))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    await clock.advance(1.5)
    assert (await waiting)[0] == ["true"]


async def test_a_pull_ends_empty_when_its_time_is_up(camera: Camera) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    messages, reply = await pull(camera, address, 0.1)
    assert reply.status == 200
    assert messages == []


async def test_no_more_messages_are_given_than_asked_for(
    camera: Camera, clock: ManualClock
) -> None:
    address = await subscribe(camera)
    await clock.advance(12)
    assert len((await pull(camera, address))[0]) == 5
    assert len((await pull(camera, address))[0]) == 2


async def test_a_subscription_ends_when_it_is_not_renewed(camera: Camera) -> None:
    kept, left = await subscribe(camera), await subscribe(camera)
    inside = "<TerminationTime>PT10M</TerminationTime>"
    assert (await call(camera, "wsnt:Renew", inside, kept)).status == 200
    camera.set_clock_offset(120)
    assert camera.state().subscriptions == 1
    header = token("admin", PASSWORD, ahead=120)
    alive = await ask(kept, "tev:PullMessages", "<Timeout>PT0S</Timeout>", header=header)
    header = token("admin", PASSWORD, ahead=120)
    ended = await ask(left, "tev:PullMessages", "<Timeout>PT0S</Timeout>", header=header)
    assert (alive.status, ended.status) == (200, 400)


async def test_a_termination_time_may_be_absolute(camera: Camera) -> None:
    inside = "<InitialTerminationTime>2999-01-01T00:00:00Z</InitialTerminationTime>"
    reply = await call(camera, "tev:CreatePullPointSubscription", inside)
    assert reply.status == 200
    past = inside.replace("2999", "2001")
    reply = await call(camera, "tev:CreatePullPointSubscription", past)
    assert "wsnt:UnacceptableTerminationTimeFault" in reply.texts("Value")


async def test_a_cancelled_subscription_is_forgotten(camera: Camera) -> None:
    address = await subscribe(camera)
    assert (await call(camera, "wsnt:Unsubscribe", url=address)).status == 200
    assert (await pull(camera, address))[1].status == 400


async def test_the_number_of_subscriptions_is_limited(camera: Camera) -> None:
    for _ in range(10):
        await subscribe(camera)
    reply = await call(camera, "tev:CreatePullPointSubscription")
    assert "ter:MaxNumberOfPullPoints" in reply.texts("Value")


async def test_killed_subscriptions_fail_even_while_they_wait(camera: Camera) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    waiting = asyncio.create_task(pull(camera, address, 10))
    await asyncio.wait({waiting}, timeout=0.1)
    assert camera.kill_subscriptions() == 1
    _, reply = await waiting
    assert "ter:ResourceUnknown" in reply.texts("Value")


async def test_muted_events_leave_the_subscription_alive_and_empty(
    camera: Camera, clock: ManualClock
) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    camera.mute_events(on=True)
    await clock.advance(1.5)
    messages, reply = await pull(camera, address)
    assert reply.status == 200
    assert messages == []
    camera.mute_events(on=False)
    await clock.advance(1)
    assert (await pull(camera, address))[0] == ["false"]


async def test_motion_can_be_set_whatever_the_footage_shows(camera: Camera) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    camera.publish_motion(moving=True)
    assert (await pull(camera, address))[0] == ["true"]


async def test_a_seek_into_motion_is_reported_at_once(camera: Camera) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    camera.seek(1.6)
    assert (await pull(camera, address, 1))[0] == ["true"]


async def test_going_offline_loses_the_subscriptions(camera: Camera) -> None:
    address = await subscribe(camera)
    await camera.go_offline()
    await camera.go_online()
    assert (await pull(camera, address))[1].status == 400
