"""A camera's events arrive, whatever it does to its subscriptions."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("_ssl", reason="no OpenSSL, which ONVIF needs")
from porchlight.onvif.subscription import Waits
from porchlight.onvif.values import Credentials, EventKind
from porchlight.worker.camera_states import ANSWER, SILENCE
from porchlight.worker.event_messages import CameraEvent, ListenTo, Subscribed, Unsubscribed
from porchlight.worker.subscriber import FIRST_WAIT, HASTY, LAST_WAIT, Subscriber, Timing

from simulator import CameraSpec, ManualClock, Simulator

from .support import PASSWORD, PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from simulator import Camera

# Answers come when the machine is ready; only a pull without messages takes this long.
WAITS = Waits(poll=0.3, grace=PATIENCE, call=PATIENCE, goodbye=PATIENCE)
PERSON = EventKind.PERSON


class Time:
    """A clock that moves when a test or somebody who waits moves it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waited: list[float] = []
        self.asleep = asyncio.Event()
        self.asleep.set()

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.now += seconds
        await self.asleep.wait()
        await asyncio.sleep(0)


class House:
    """A simulated camera, and one who listens to it."""

    def __init__(self, camera: Camera, clock: ManualClock, waits: Waits, password: str) -> None:
        self.camera = camera
        self.clock = clock
        self.time = Time()
        self.heard: list[Any] = []
        target = ListenTo(
            camera_id="c",
            host=camera.host,
            port=camera.port,
            path="/onvif/device_service",
            credentials=Credentials(username=camera.spec.username, password=password),
        )
        timing = Timing(waits=waits, clock=self.time, sleep=self.time.sleep)
        self.subscriber = Subscriber(target, self.heard.append, timing)
        self.task = asyncio.create_task(self.subscriber.run())

    def asked(self, what: str) -> int:
        return self.camera.state().event_requests.get(what, 0)

    def of[T](self, kind: type[T]) -> list[T]:
        return [one for one in self.heard if isinstance(one, kind)]

    def news(self, kind: EventKind = PERSON) -> list[bool | None]:
        return [one.on for one in self.of(CameraEvent) if one.kind is kind]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not condition():
                assert not self.task.done()
                await asyncio.sleep(0.01)

    async def wait(self, seconds: float) -> None:
        """Let time pass on both sides."""
        self.time.now += seconds
        await self.clock.advance(seconds)

    async def settle(self) -> None:
        """Wait until it is known whether the camera repeats its states."""
        await self.until(lambda: bool(self.of(Subscribed)))
        await self.until(lambda: self.asked("synchronise") == 1)
        await self.wait(ANSWER)
        await self.until(lambda: self.subscriber._states._tested)

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


@pytest.fixture
def house(sockets: None, clip: Path, cache: Path) -> Any:
    @asynccontextmanager
    async def start(
        *, password: str = PASSWORD, habits: dict[str, Any] | None = None, **waits: float
    ) -> AsyncIterator[House]:
        clock = ManualClock()
        spec = CameraSpec(
            video=clip,
            name="Events",
            password=PASSWORD,
            **({"events": "person+doorbell+input"} | (habits or {})),
        )
        async with Simulator([spec], cache=cache, discovery=False, clock=clock) as simulator:
            camera = simulator.cameras[0]
            # A state to be repeated.
            camera.publish_event("input", "false")
            one = House(camera, clock, dataclasses.replace(WAITS, **waits), password)
            try:
                yield one
            finally:
                await one.stop()
            assert camera.state().subscriptions == 0

    return start


async def test_events_arrive_and_the_subscription_ends_when_we_leave(house: Any) -> None:
    async with house() as one:
        await one.until(lambda: one.of(Subscribed))
        await one.until(lambda: one.news(EventKind.INPUT) == [False])
        one.camera.publish_event("person")
        await one.until(lambda: one.news() == [True])
        one.camera.publish_event("person", "false")
        await one.until(lambda: one.news() == [True, False])
        assert one.camera.state().subscriptions == 1
    assert one.asked("unsubscribe") == 1


async def test_it_is_renewed_before_it_ends(house: Any) -> None:
    async with house(life=600.0) as one:
        await one.settle()
        await one.wait(301)
        await one.until(lambda: one.asked("renew") == 1)
        await one.wait(301)
        await one.until(lambda: one.asked("renew") == 2)
        assert one.asked("create") == 1
        assert not one.of(Unsubscribed)


async def test_a_forgotten_subscription_is_replaced_after_a_short_wait(house: Any) -> None:
    async with house() as one:
        one.camera.publish_event("person")
        await one.until(lambda: one.news() == [True])
        before = one.time.now
        one.camera.kill_subscriptions()
        await one.until(lambda: len(one.of(Subscribed)) == 2)
        assert one.time.now - before < 2 * FIRST_WAIT + HASTY
        # The state is reported anew: after Unsubscribed, nothing was known.
        await one.until(lambda: one.news() == [True, True])
        kinds = [type(each).__name__ for each in one.heard]
        assert kinds.index("Unsubscribed") < len(kinds) - 1 - kinds[::-1].index("Subscribed")


async def test_a_subscription_that_ends_earlier_than_promised_is_replaced(house: Any) -> None:
    async with house() as one:
        one.camera.set_event_faults(life=20)
        await one.until(lambda: one.of(Subscribed))
        await one.clock.advance(30)
        await one.until(lambda: len(one.of(Subscribed)) == 2)
        one.camera.publish_event("person")
        await one.until(lambda: one.news() == [True])


async def test_a_subscription_that_died_silently_is_replaced(house: Any) -> None:
    async with house(life=6000.0) as one:
        await one.settle()
        one.camera.mute_events(on=True)
        before = one.time.now
        await one.wait(SILENCE)
        await one.until(lambda: one.asked("synchronise") == 2)
        await one.wait(ANSWER)
        await one.until(lambda: one.of(Unsubscribed))
        one.camera.mute_events(on=False)
        await one.until(lambda: len(one.of(Subscribed)) == 2)
        # Each pull without messages counts as two seconds here.
        assert one.time.now - before < SILENCE + ANSWER + 30


async def test_silence_of_a_camera_that_repeats_nothing_proves_nothing(house: Any) -> None:
    async with house(life=6000.0) as one:
        one.camera.publish_event("input", operation="Deleted")
        await one.settle()
        for number in (2, 3):
            await one.wait(SILENCE)
            await one.until(lambda n=number: one.asked("synchronise") == n)  # type: ignore[misc] # bound now
            await one.wait(ANSWER)
            await one.until(lambda: one.subscriber._states._asked is None)
        assert one.asked("create") == 1
        assert not one.of(Unsubscribed)


async def test_pulls_that_hang_are_given_up_and_the_subscription_is_replaced(house: Any) -> None:
    async with house(grace=0.5) as one:
        await one.until(lambda: one.of(Subscribed))
        one.camera.set_event_faults(pulls="hang")
        await one.until(lambda: one.of(Unsubscribed))
        one.camera.set_event_faults()
        await one.until(lambda: len(one.of(Subscribed)) > 1)
        one.camera.publish_event("person")
        await one.until(lambda: one.news()[-1:] == [True])


async def test_a_camera_that_answers_nothing_is_tried_at_growing_intervals(house: Any) -> None:
    async with house(grace=0.5, call=0.5, goodbye=0.5) as one:
        await one.until(lambda: one.of(Subscribed))
        one.camera.silence_onvif(on=True)
        await one.until(lambda: len(one.of(Unsubscribed)) >= 4)
        waits = [each for each in one.time.waited if each > HASTY * 1.1]
        assert waits == sorted(waits)
        assert waits[-1] <= LAST_WAIT * 1.3
        one.camera.silence_onvif(on=False)
        await one.until(lambda: len(one.of(Subscribed)) > 1)
        # The one to which no goodbye could be said; it would end by itself.
        one.camera.kill_subscriptions()


async def test_a_refused_renewal_leads_to_another_subscription_in_time(house: Any) -> None:
    async with house(life=600.0) as one:
        one.camera.set_event_faults(refuse_renew=True, most=1)
        one.camera.publish_event("person")
        await one.settle()
        assert one.news() == [True]
        await one.wait(301)
        await one.until(lambda: one.asked("renew") == 1)
        await one.wait(160)
        await one.until(lambda: one.asked("create") == 2)
        # Nothing was lost meanwhile, and the camera repeats that somebody is there.
        await one.wait(ANSWER)
        pulls = one.asked("pull")
        await one.until(lambda: one.asked("pull") > pulls + 2)
        assert one.news() == [True]
        assert not one.of(Unsubscribed)
        assert one.asked("renew") == 1


async def test_a_single_subscription_that_another_holds_is_waited_for(house: Any) -> None:
    async with house() as one:
        one.camera.set_event_faults(most=0)
        await one.until(lambda: len(one.of(Unsubscribed)) >= 2)
        assert not one.of(Subscribed)
        one.camera.set_event_faults(most=1)
        await one.until(lambda: one.of(Subscribed))
        assert one.camera.state().subscriptions == 1


@pytest.mark.parametrize("offset", [7200.0, -7200.0])
async def test_a_camera_with_a_wrong_clock_and_relative_times_is_listened_to(
    house: Any, offset: float
) -> None:
    async with house(habits={"clock_offset": offset}, life=600.0) as one:
        one.camera.set_event_faults(relative_times=True)
        await one.settle()
        await one.wait(301)
        await one.until(lambda: one.asked("renew") == 1)
        one.camera.publish_event("person")
        await one.until(lambda: one.news() == [True])
        assert one.asked("create") == 1
        assert one.camera.state().refused_calls == 0


async def test_a_clock_that_is_set_meanwhile_is_no_wrong_password(house: Any) -> None:
    async with house() as one:
        await one.until(lambda: one.of(Subscribed))
        one.camera.set_clock_offset(-3600.0)
        await one.until(lambda: len(one.of(Subscribed)) == 2)
        assert [each.problem for each in one.of(Unsubscribed)] == ["cannot_connect"]
        # The goodbye was signed with a time that the camera no longer has.
        one.camera.kill_subscriptions()


async def test_pulls_that_are_answered_at_once_do_not_keep_us_busy(house: Any) -> None:
    async with house() as one:
        one.camera.set_event_faults(pulls="hasty")
        await one.settle()
        start, pulls = one.time.now, one.asked("pull")
        await one.until(lambda: one.asked("pull") >= pulls + 20)
        done, seconds = one.asked("pull") - pulls, one.time.now - start
        assert done <= seconds / HASTY + 2
        one.camera.publish_event("person")
        await one.until(lambda: one.news() == [True])


async def test_a_camera_that_floods_us_is_read_slowly(house: Any) -> None:
    async with house() as one:
        await one.settle()
        start = one.time.now
        for number in range(2000):
            one.camera.publish_event("person", "true" if number % 2 else "false")
            if number % 50 == 49:
                pulls = one.asked("pull")
                await one.until(lambda before=pulls: one.asked("pull") > before)  # type: ignore[misc] # bound now
        await one.until(lambda: len(one.news()) > 1000)
        assert len(one.news()) <= (one.time.now - start) * 20 + 200


async def test_a_wrong_password_is_one_failed_login_and_then_nothing(house: Any) -> None:
    async with house(password="guess") as one:
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({one.task})
        assert one.heard == [Unsubscribed(camera_id="c", problem="invalid_auth")]
        assert one.camera.state().refused_calls == 1
        assert one.asked("create") == 0


async def test_a_password_that_changes_is_one_failed_login_and_then_nothing(house: Any) -> None:
    async with house() as one:
        await one.settle()
        one.camera.set_password("another")
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({one.task})
        assert one.of(Unsubscribed) == [Unsubscribed(camera_id="c", problem="invalid_auth")]
        assert one.camera.state().refused_calls == 1
        # Not even a goodbye, which would be another failed login.
        assert one.asked("unsubscribe") == 0
        one.camera.kill_subscriptions()


async def test_answers_that_break_the_reader_end_one_subscription_only(
    house: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = True

    async def meanings(_message: object) -> list[Any]:
        if broken:
            raise RecursionError
        return []

    monkeypatch.setattr("porchlight.worker.subscriber.meanings_of", meanings)
    async with house() as one:
        await one.until(lambda: one.of(Unsubscribed))
        broken = False
        await one.until(lambda: len(one.of(Subscribed)) > 1)
