"""One subscription at a simulated camera that gets it wrong."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from porchlight.onvif.calls import EVENTS, PULL_POINT, SUBSCRIPTION, load_descriptions
from porchlight.onvif.connection import connect
from porchlight.onvif.errors import AuthenticationError, CameraFaultError, CannotConnectError
from porchlight.onvif.subscription import PullPoint, Waits
from porchlight.onvif.values import Credentials

from simulator import CameraSpec, Simulator
from tests.worker.support import PASSWORD, PATIENCE, write_clip

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from porchlight.onvif.connection import Connection

    from simulator import Camera

pytestmark = pytest.mark.usefixtures("socket_enabled")

WAITS = Waits(poll=0.2, grace=PATIENCE, call=PATIENCE, goodbye=PATIENCE)


class Time:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clip(tmp_path_factory.mktemp("clip") / "moving.mp4", seconds=2)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
async def camera(clip: Path, cache: Path) -> AsyncIterator[Camera]:
    """A camera that reports only what a test has it report."""
    spec = CameraSpec(video=clip, name="Events", password=PASSWORD, events="person+input+line")
    async with Simulator([spec], cache=cache, discovery=False) as simulator:
        yield simulator.cameras[0]


@asynccontextmanager
async def connected(camera: Camera, password: str = PASSWORD) -> AsyncIterator[Connection]:
    await load_descriptions((EVENTS,))
    async with connect(
        camera.host,
        camera.port,
        Credentials(username=camera.spec.username, password=password),
        path="/onvif/device_service",
        secure=False,
        certificate=None,
        seconds=PATIENCE,
    ) as connection:
        await connection.read_clock()
        await connection.find_services()
        yield connection


@asynccontextmanager
async def subscribed(camera: Camera, time: Time, **waits: float) -> AsyncIterator[PullPoint]:
    async with connected(camera) as connection:
        settings = {name: getattr(WAITS, name) for name in Waits.__dataclass_fields__} | waits
        point = PullPoint(connection, Waits(**settings), time)
        await point.open()
        yield point
        await point.close()


def asked(camera: Camera) -> dict[str, int]:
    return camera.state().event_requests


async def topics(point: PullPoint) -> list[str]:
    return [one.topic.rpartition("/")[2] for one in await point.pull(0.2)]


async def test_events_are_pulled_and_the_subscription_ends_with_a_goodbye(
    camera: Camera, time: Time
) -> None:
    camera.publish_event("person", "false")
    async with subscribed(camera, time) as point:
        assert await topics(point) == ["PeopleDetect"]
        camera.publish_event("input", "true")
        camera.publish_event("line", "3")
        assert await topics(point) == ["DigitalInput", "Crossed"]
        assert await topics(point) == []
        assert await point.synchronise()
        assert await topics(point) == ["PeopleDetect", "DigitalInput"]
        assert camera.state().subscriptions == 1
    assert camera.state().subscriptions == 0
    assert asked(camera) == {"create": 1, "pull": 4, "synchronise": 1, "unsubscribe": 1}


async def test_it_is_renewed_at_half_its_time(camera: Camera, time: Time) -> None:
    async with subscribed(camera, time, life=600) as point:
        time.now += 299
        assert not point.due
        time.now += 2
        assert point.due
        assert not point.spent
        await point.renew()
        assert not point.due
    assert asked(camera)["renew"] == 1


@pytest.mark.parametrize("offset", [0.0, 86_400.0 * 3, -86_400.0 * 400])
@pytest.mark.parametrize(
    "faults",
    [{}, {"relative_times": True}, {"refuse_durations": True}],
    ids=["usual", "durations in answers", "no durations in requests"],
)
async def test_its_end_is_known_whatever_the_camera_s_clock_and_words(
    camera: Camera, time: Time, offset: float, faults: dict[str, Any]
) -> None:
    camera.set_clock_offset(offset)
    camera.set_event_faults(**faults)
    async with subscribed(camera, time, life=600) as point:
        assert not point.due
        # Answers say when it ends, rounded; and a slow machine takes its time.
        assert point._rest == pytest.approx(600, abs=60)
        time.now += 301
        assert point.due
        await point.renew()
        assert point._rest == pytest.approx(600, abs=60)
        await point.pull(0)
        assert point._rest == pytest.approx(600, abs=60)
    assert camera.state().subscriptions == 0


@pytest.mark.parametrize("offset", [0.0, 86_400.0, -86_400.0])
@pytest.mark.parametrize("relative", [True, False])
async def test_less_time_than_was_asked_for_is_known(
    camera: Camera, time: Time, relative: bool, offset: float
) -> None:
    camera.set_clock_offset(offset)
    camera.set_event_faults(grant=60, relative_times=relative)
    async with subscribed(camera, time, life=600) as point:
        assert 0 < point._rest <= 60
        # Once more with a time, in case that the camera misread the duration.
        assert asked(camera)["renew"] == 1
        time.now += 31
        assert point.due


async def test_no_time_at_all_is_not_believed(camera: Camera, time: Time) -> None:
    camera.set_event_faults(grant=0.5)
    async with subscribed(camera, time, life=600) as point:
        assert point._rest == pytest.approx(600)


async def test_a_refused_renewal_is_not_asked_for_again(camera: Camera, time: Time) -> None:
    camera.set_event_faults(refuse_renew=True)
    async with subscribed(camera, time, life=600) as point:
        time.now += 301
        assert point.due
        await point.renew()
        assert not point.due
        assert not point.spent
        time.now += 200
        assert point.spent
        await point.close()
        await point.open()
        assert not point.spent
    assert asked(camera)["renew"] == 1
    assert camera.state().subscriptions == 0


async def test_a_subscription_that_the_camera_forgot_is_an_error(
    camera: Camera, time: Time
) -> None:
    async with subscribed(camera, time, poll=PATIENCE) as point:
        waiting = asyncio.create_task(point.pull(PATIENCE))
        async with asyncio.timeout(PATIENCE):
            while asked(camera).get("pull") != 1:  # noqa: ASYNC110 - there is no event
                await asyncio.sleep(0.01)
        camera.kill_subscriptions()
        with pytest.raises(CameraFaultError):
            await waiting


async def test_a_pull_that_hangs_ends_a_grace_later(camera: Camera, time: Time) -> None:
    async with subscribed(camera, time, grace=0.3) as point:
        camera.set_event_faults(pulls="hang")
        with pytest.raises(CannotConnectError):
            await point.pull(0)


async def test_one_address_for_all_subscriptions_is_told_apart_by_its_header(
    camera: Camera, time: Time
) -> None:
    camera.set_event_faults(one_address=True)
    async with subscribed(camera, time) as one, subscribed(camera, time) as other:
        camera.publish_event("person")
        assert await topics(one) == ["PeopleDetect"]
        assert await topics(other) == ["PeopleDetect"]
        time.now += 100
        await one.renew()
        assert await one.synchronise()
        assert await topics(one) == ["PeopleDetect"]
        assert await topics(other) == []
    assert camera.state().subscriptions == 0


@pytest.mark.parametrize(
    "words", ["http://192.0.2.7:{port}/onvif/subscription/1", "nonsense", "ftp://192.0.2.7/x"]
)
async def test_the_address_of_a_subscription_leads_nowhere_else(
    camera: Camera, time: Time, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "simulator.addresses.Addresses.subscription",
        lambda _self, _number: words.format(port=camera.port),
    )
    async with connected(camera) as connection:
        point = PullPoint(connection, WAITS, time)
        await point.open()
        for service in (PULL_POINT, SUBSCRIPTION):
            here = f"http://{camera.host}:{camera.port}/"
            assert connection.calls.xaddrs[service.key].startswith(here)


async def test_a_wrong_password_is_one_failed_login(camera: Camera, time: Time) -> None:
    async with connected(camera) as connection:
        camera.set_password("another")
        point = PullPoint(connection, WAITS, time)
        with pytest.raises(AuthenticationError):
            await point.open()
    assert camera.state().refused_calls == 1


async def test_a_subscription_that_is_being_made_when_we_leave_is_ended(
    camera: Camera, time: Time
) -> None:
    async with connected(camera) as connection:
        point = PullPoint(connection, WAITS, time)
        camera.silence_onvif(on=True)
        opening = asyncio.create_task(point.open())
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.sleep(0)
        camera.silence_onvif(on=False)
        with pytest.raises(asyncio.CancelledError):
            await opening
        await point.close()
    assert asked(camera) == {"create": 1, "unsubscribe": 1}
    assert camera.state().subscriptions == 0


async def test_a_camera_that_is_gone_does_not_hold_up_the_goodbye(
    camera: Camera, time: Time
) -> None:
    async with subscribed(camera, time, goodbye=0.2) as point:
        camera.silence_onvif(on=True)
        async with asyncio.timeout(PATIENCE):
            await point.close()
        camera.silence_onvif(on=False)
