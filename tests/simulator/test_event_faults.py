from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING

import pytest

from simulator import Camera, CameraSpec, CommandError, ManualClock, Simulator

from .soap_client import ask, token
from .test_events import call, pull, subscribe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def camera(spec: CameraSpec, cache: Path, clock: ManualClock) -> AsyncIterator[Camera]:
    spec = dataclasses.replace(spec, events="motion+person+line+input")
    async with Simulator([spec], cache=cache, clock=clock) as simulator:
        yield simulator.cameras[0]


RENEW = "<TerminationTime>PT60S</TerminationTime>"


async def test_what_it_offers_is_among_the_event_properties(camera: Camera) -> None:
    reply = await call(camera, "tev:GetEventProperties")
    found = {
        name for name in ("Motion", "PeopleDetect", "Crossed", "DigitalInput") if reply.all(name)
    }
    assert found == {"Motion", "PeopleDetect", "Crossed", "DigitalInput"}
    assert not reply.all("Visitor")


async def test_states_are_repeated_to_new_subscribers_and_events_are_not(camera: Camera) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    camera.publish_event("input", "true", source="in2")
    camera.publish_event("line", "17")
    _, reply = await pull(camera, address)
    items = [(item.get("Name"), item.get("Value")) for item in reply.all("SimpleItem")]
    assert items[:2] == [("InputToken", "in2"), ("LogicalState", "true")]
    assert items[-1] == ("ObjectId", "17")
    _, reply = await pull(camera, await subscribe(camera))
    names = [item.get("Name") for item in reply.all("SimpleItem")]
    assert "LogicalState" in names
    assert "ObjectId" not in names


async def test_a_subscription_ends_earlier_than_was_promised(
    camera: Camera, clock: ManualClock
) -> None:
    camera.set_event_faults(life=20)
    address = await subscribe(camera, "PT600S")
    await clock.advance(19)
    assert (await pull(camera, address))[1].status == 200
    await clock.advance(2)
    assert "ter:ResourceUnknown" in (await pull(camera, address))[1].texts("Value")


async def test_renewal_is_refused(camera: Camera) -> None:
    address = await subscribe(camera)
    camera.set_event_faults(refuse_renew=True)
    assert (await call(camera, "wsnt:Renew", RENEW, address)).status != 200
    camera.set_event_faults()
    assert (await call(camera, "wsnt:Renew", RENEW, address)).status == 200


async def test_only_one_subscription_is_allowed(camera: Camera) -> None:
    camera.set_event_faults(most=1)
    await subscribe(camera)
    reply = await call(camera, "tev:CreatePullPointSubscription")
    assert "ter:MaxNumberOfPullPoints" in reply.texts("Value")


async def test_answers_hold_durations_and_less_than_was_asked_for(camera: Camera) -> None:
    camera.set_event_faults(relative_times=True, grant=30)
    inside = "<InitialTerminationTime>PT600S</InitialTerminationTime>"
    reply = await call(camera, "tev:CreatePullPointSubscription", inside)
    assert (reply.text("CurrentTime"), reply.text("TerminationTime")) == ("PT0S", "PT30S")


async def test_durations_in_requests_are_refused(camera: Camera) -> None:
    camera.set_event_faults(refuse_durations=True)
    for text, status in (("PT60S", 400), ("2999-01-01T00:00:00Z", 200)):
        inside = f"<InitialTerminationTime>{text}</InitialTerminationTime>"
        assert (await call(camera, "tev:CreatePullPointSubscription", inside)).status == status


async def test_pulls_are_answered_at_once_or_never(camera: Camera) -> None:
    address = await subscribe(camera)
    await pull(camera, address)
    camera.set_event_faults(pulls="hasty")
    async with asyncio.timeout(30):
        assert (await pull(camera, address, 60))[0] == []
    camera.set_event_faults(pulls="hang")
    camera.publish_motion(moving=True)
    waiting = asyncio.create_task(pull(camera, address, 0))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    camera.set_event_faults()
    assert (await waiting)[0] == ["true"]


async def test_one_address_serves_all_subscriptions_and_a_header_says_which(
    camera: Camera,
) -> None:
    camera.set_event_faults(one_address=True)
    reply = await call(camera, "tev:CreatePullPointSubscription")
    address, number = reply.text("Address"), reply.text("SubscriptionId")
    assert (
        await call(camera, "tev:PullMessages", "<Timeout>PT0S</Timeout>", address)
    ).status == 400
    header = token(camera.spec.username, camera.spec.password)
    header += f'<sim:SubscriptionId xmlns:sim="urn:simulator">{number}</sim:SubscriptionId>'
    reply = await ask(address, "tev:PullMessages", "<Timeout>PT0S</Timeout>", header=header)
    assert reply.status == 200


async def test_requests_and_refused_calls_are_counted(camera: Camera) -> None:
    await pull(camera, await subscribe(camera))
    wrong = token(camera.spec.username, "guess")
    await ask(camera.onvif_url, "tev:GetEventProperties", header=wrong)
    state = camera.state()
    assert state.event_requests == {"create": 1, "pull": 1}
    assert state.refused_calls == 1


async def test_unknown_faults_and_kinds_are_refused(camera: Camera) -> None:
    for faults in ({"pulls": "slow"}, {"nonsense": 1}):
        with pytest.raises(CommandError):
            camera.set_event_faults(**faults)
    with pytest.raises(CommandError):
        camera.publish_event("earthquake")
