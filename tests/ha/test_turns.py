"""Whatever happens, in whatever order: a camera's arrivals and departures take turns."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import STATE_ON
from homeassistant.core import callback
from homeassistant.util import dt as dt_util
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.porchlight.const import EVENT_ARRIVED
from custom_components.porchlight.event import PersonEventEntity
from custom_components.porchlight.runtime.blame import PAUSES
from custom_components.porchlight.runtime.bridge import Bridge
from custom_components.porchlight.runtime.journal import SILENCE, VisitJournal
from custom_components.porchlight.runtime.owner import DATA_OWNER, RELOAD_TAKES, async_owner
from tests.bridge.acting_worker import Act

from .conftest import ENTRY_ID, make_entry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from homeassistant.core import Event, EventStateChangedData, HomeAssistant

    from custom_components.porchlight.runtime.bridge import News
    from custom_components.porchlight.runtime.ledger import VisitEvent
    from custom_components.porchlight.worker.messages import Command

ACTOR = (sys.executable, str(Path(__file__).parents[1] / "bridge" / "acting_worker.py"))
# More for a longer search: PORCHLIGHT_EXAMPLES=500 scripts/test tests/ha/test_turns.py
EXAMPLES = int(os.environ.get("PORCHLIGHT_EXAMPLES", "25"))
PERSON = "binary_sensor.front_door_person"
ZONE = {
    "id": "z1",
    "kind": "zone",
    "name": "Porch",
    "points": [[0, 0], [1, 0], [1, 1], [0, 1]],
    "stay": 0,
}

STEPS = (
    *(act.name.lower() for act in Act),
    "kill",
    "reload",
    "draw",
    "switch",
    "disable",
    "enable",
    "replace",
    "unload",
    "die",
    "wait",
)


class House:
    """One camera in Home Assistant, with the real bridge over a worker that acts."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        # What the event entity showed: arrivals and departures.
        self.shown: list[bool] = []
        # Whether a person was shown while there was no visit.
        self.uninvited = False
        self.entry = make_entry()
        hass.bus.async_listen("state_changed", self._changed)

    async def enter(self) -> None:
        self.entry = make_entry()
        self.entry.add_to_hass(self.hass)
        await self.hass.config_entries.async_setup(ENTRY_ID)
        await self.settle()

    async def step(self, step: str) -> None:
        await getattr(self, f"_{step}", partial(self._act, step))()
        await self.settle()
        self._look()

    async def settle(self) -> None:
        """Wait until there is a worker that did all it was asked for, if there is to be one."""
        await self.hass.async_block_till_done(wait_background_tasks=True)
        if self.owner._watched:
            async with asyncio.timeout(300):
                while await self.bridge.still("nobody") is None:  # noqa: ASYNC110 - as said
                    await asyncio.sleep(0.01)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def leave(self) -> None:
        await self.hass.config_entries.async_remove(ENTRY_ID)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        await self.bridge.stop()

    @property
    def owner(self) -> Any:
        return self.hass.data[DATA_OWNER]

    @property
    def bridge(self) -> Bridge:
        return self.owner.bridge  # type: ignore[no-any-return] # said above

    async def _act(self, step: str) -> None:
        # A crash is waited for: the still is answered with nothing when the worker is gone.
        await self.bridge.still(ENTRY_ID, Act[step.upper()])

    async def _kill(self) -> None:
        if (pid := self.bridge.pid) is not None:
            os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(300):
                while self.bridge.pid == pid:  # noqa: ASYNC110 - nobody says so
                    await asyncio.sleep(0.01)

    async def _reload(self) -> None:
        await self.hass.config_entries.async_reload(ENTRY_ID)

    async def _draw(self) -> None:
        areas = [] if self.entry.options.get("areas") else [ZONE]
        self.hass.config_entries.async_update_entry(self.entry, options={"areas": areas})
        await self._reload()

    async def _switch(self) -> None:
        if self.hass.states.get("switch.front_door_person_detection"):
            await self.hass.services.async_call(
                "switch", "toggle", {"entity_id": "switch.front_door_person_detection"},
                blocking=True,
            )  # fmt: skip

    async def _disable(self) -> None:
        await self.hass.config_entries.async_set_disabled_by(ENTRY_ID, ConfigEntryDisabler.USER)

    async def _enable(self) -> None:
        await self.hass.config_entries.async_set_disabled_by(ENTRY_ID, None)

    async def _replace(self) -> None:
        await self.hass.config_entries.async_remove(ENTRY_ID)
        await self.hass.async_block_till_done(wait_background_tasks=True)
        # Its entity went before the visit ended, and with it whoever would have seen that.
        if self.shown and self.shown[-1]:
            self.shown.append(False)
        await self.enter()

    async def _unload(self) -> None:
        await self.hass.config_entries.async_unload(ENTRY_ID)
        await self._pass(RELOAD_TAKES + 1)
        await self.hass.config_entries.async_setup(ENTRY_ID)

    async def _die(self) -> None:
        """Home Assistant is killed, and starts again with what was written."""
        owner = self.owner
        for camera in owner._cameras.values():
            camera.async_stop()
            for stored in (camera.visits._stored, camera._kept_furniture, camera.totals._stored):
                stored._store.make_read_only()
        owner._stop_work()
        await owner.bridge.stop()
        self.hass.data[DATA_OWNER] = await async_owner(self.hass)
        for entry in self.hass.config_entries.async_entries("porchlight"):
            await self.hass.config_entries.async_reload(entry.entry_id)

    async def _wait(self) -> None:
        await self._pass(max(SILENCE, PAUSES[0]) + 1)

    async def _pass(self, seconds: float) -> None:
        async_fire_time_changed(self.hass, dt_util.utcnow() + timedelta(seconds=seconds))
        await self.hass.async_block_till_done(wait_background_tasks=True)

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        if event.data["entity_id"] == PERSON:
            self._look()

    def _look(self) -> None:
        state = self.hass.states.get(PERSON)
        if state and state.state == STATE_ON:
            self.uninvited |= self.entry.runtime_data.visits.visit is None


def takes_turns(events: list[bool]) -> bool:
    """Whether arrivals and departures alternate, an arrival first."""
    return events == [number % 2 == 0 for number in range(len(events))]


@pytest.fixture
def spied() -> Iterator[list[bool]]:
    """What all journals decide, in order."""
    decided: list[bool] = []
    deliver = VisitJournal._deliver

    def spy(journal: VisitJournal, events: Iterable[VisitEvent]) -> None:
        events = list(events)
        # What waited was decided before.
        if not any(event in journal._waiting for event in events) and not spying:
            decided.extend(event.arrived for event in events)
        deliver(journal, events)

    release = VisitJournal.async_release
    spying: list[None] = []

    def released(journal: VisitJournal) -> None:
        spying.append(None)
        release(journal)
        spying.pop()

    with (
        patch.object(VisitJournal, "_deliver", spy),
        patch.object(VisitJournal, "async_release", released),
    ):
        yield decided


@pytest.fixture
def real_bridge(detector: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Bridges are real; their workers act."""
    # They are many, and start in a tenth of the time without being measured.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    monkeypatch.delenv("COVERAGE_PROCESS_START", raising=False)

    def make(
        listener: Callable[[News], None],
        opening: Callable[[], Iterable[Command]],
        folders: Sequence[str],
    ) -> Bridge:
        assert all(Path(folder).is_dir() for folder in folders)
        return Bridge(listener, opening, command=ACTOR, first_restart=0.02)

    with (
        patch("custom_components.porchlight.runtime.owner.Bridge", make),
        patch("custom_components.porchlight.runtime.owner.async_search"),
    ):
        yield


@pytest.mark.timeout(1800)
async def test_arrivals_and_departures_take_turns(
    hass: HomeAssistant,
    real_storage: None,
    real_bridge: None,
    spied: list[bool],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    house = House(hass)
    trigger = PersonEventEntity._trigger_event

    def shown(entity: PersonEventEntity, kind: str, attributes: dict[str, Any]) -> None:
        house.shown.append(kind == EVENT_ARRIVED)
        trigger(entity, kind, attributes)

    monkeypatch.setattr(PersonEventEntity, "_trigger_event", shown)

    @settings(
        max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    # Rare by chance: a visit that is open when Home Assistant is killed, or the worker, or that
    # nothing is reported of any more.
    @example(["arrive", "wait", "reload"])
    @example(["arrive", "die", "arrive"])
    @example(["arrive", "kill", "arrive", "crash", "arrive"])
    @given(st.lists(st.sampled_from(STEPS), min_size=3, max_size=12))
    async def run(steps: list[str]) -> None:
        house.shown.clear()
        house.uninvited = False
        spied.clear()
        await house.enter()
        try:
            for step in steps:
                await house.step(step)
        finally:
            await house.leave()
        assert takes_turns(house.shown), house.shown
        assert takes_turns(spied), spied
        assert not house.uninvited
        # With the camera's end its last visit has ended.
        assert len(spied) % 2 == 0

    await _driven(run)


async def _driven(run: Any) -> None:
    """Let hypothesis drive a coroutine in this loop: it runs in a thread of its own."""
    loop = asyncio.get_running_loop()
    inner = run.hypothesis.inner_test

    def bridge(*arguments: Any, **named: Any) -> None:
        asyncio.run_coroutine_threadsafe(inner(*arguments, **named), loop).result()

    run.hypothesis.inner_test = bridge
    await asyncio.to_thread(run)
