"""The model changes with the cameras, with the budget, and when the machine is short for long."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED
from homeassistant.core import CoreState
from homeassistant.helpers import issue_registry as ir

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection import catalogue
from custom_components.porchlight.detection.choice import Choice
from custom_components.porchlight.detection.coordinator import SETTLE, SHORT_FOR
from custom_components.porchlight.diagnostics import async_get_config_entry_diagnostics
from custom_components.porchlight.runtime.owner import DATA_OWNER
from custom_components.porchlight.worker.errors import EngineProblem
from custom_components.porchlight.worker.messages import Load

from .conftest import later, make_entry
from .machines import BEST, FAST, LEAST, NEXT, cores, fake_engines, out_of_reach, put

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

    from .conftest import FakeBridge
    from .machines import Engines

SHORT = Load(cores=1.0, budget=1.0, pace=0.4)
ENOUGH = Load(cores=0.5, budget=1.0, pace=1.0)


@pytest.fixture(autouse=True)
def engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aioclient_mock: AiohttpClientMocker
) -> Iterator[Engines]:
    """Two cores, on which the best model keeps up with one camera, but not with two."""
    cores(monkeypatch, 2)
    with fake_engines(tmp_path) as answers:
        put(catalogue.BUNDLED, BEST, NEXT, FAST, LEAST)
        answers.paces = {BEST: 200.0, NEXT: 190.0, FAST: 40.0, LEAST: 130.0}
        yield answers


@pytest.fixture
def detector() -> None:
    """The model is really chosen."""


@pytest.fixture
async def bridge(
    hass: HomeAssistant, camera: MockConfigEntry, bridges: list[FakeBridge]
) -> FakeBridge:
    """The bridge of the camera that is set up, whose model is chosen since long."""
    await hass.async_block_till_done(wait_background_tasks=True)
    await settle(hass)
    return bridges[0]


class Clock:
    """Home Assistant's time, and the worker's reports in it."""

    def __init__(self, hass: HomeAssistant, bridge: FakeBridge) -> None:
        self._hass = hass
        self._bridge = bridge
        self._now = 1000.0

    async def report(self, load: Load, after: float = 0.0) -> None:
        self._now += after
        with patch.object(self._hass.loop, "time", return_value=self._now):
            self._bridge.listener(load)
        await self._hass.async_block_till_done(wait_background_tasks=True)

    async def short_for_long(self) -> None:
        await self.report(SHORT)
        await self.report(SHORT, after=SHORT_FOR)


@pytest.fixture
def clock(hass: HomeAssistant, bridge: FakeBridge) -> Clock:
    return Clock(hass, bridge)


def model(bridge: FakeBridge) -> str:
    assert bridge.model is not None
    return Path(bridge.model.path).stem


def too_busy(hass: HomeAssistant) -> bool:
    return ir.async_get(hass).async_get_issue(DOMAIN, "too_busy") is not None


async def settle(hass: HomeAssistant, seconds: float = SETTLE + 1) -> None:
    await later(hass, seconds)


async def add_camera(hass: HomeAssistant, name: str = "b") -> MockConfigEntry:
    entry = make_entry(entry_id=name, unique_id=name, title=name)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    return entry


async def choose(hass: HomeAssistant, choice: Choice) -> None:
    hass.data[DATA_OWNER].detection.async_enable(choice)
    await hass.async_block_till_done(wait_background_tasks=True)


async def test_when_short_of_time_a_faster_model_runs_before_an_issue_is_raised(
    hass: HomeAssistant, bridge: FakeBridge, clock: Clock, engines: Engines
) -> None:
    assert model(bridge) == BEST
    await clock.report(SHORT)
    await clock.report(SHORT, after=SHORT_FOR - 1)
    assert model(bridge) == BEST
    await clock.report(SHORT, after=1)
    # The next in accuracy would gain a twentieth only.
    assert model(bridge) == FAST
    assert engines.tried == [BEST, NEXT, FAST]
    assert not too_busy(hass)
    detection = hass.data[DATA_OWNER].detection
    assert detection.data.engine is not None
    assert detection.data.engine.path == str(catalogue.BUNDLED / f"{FAST}.tflite")


async def test_a_faster_model_has_as_long_to_show_whether_it_keeps_up(
    hass: HomeAssistant, bridge: FakeBridge, clock: Clock
) -> None:
    await clock.short_for_long()
    assert model(bridge) == FAST
    await clock.report(SHORT, after=1)
    await clock.report(SHORT, after=SHORT_FOR - 1)
    assert not too_busy(hass)
    await clock.report(SHORT, after=1)
    assert model(bridge) == FAST
    assert too_busy(hass)


async def test_steps_are_small_where_there_are_models_between(
    bridge: FakeBridge, clock: Clock, engines: Engines
) -> None:
    # As on processors that are good at whole numbers.
    engines.paces |= {NEXT: 110.0}
    await clock.short_for_long()
    assert model(bridge) == NEXT
    await clock.short_for_long()
    assert model(bridge) == FAST


async def test_what_keeps_up_again_keeps_its_model(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, clock: Clock
) -> None:
    await clock.short_for_long()
    await clock.report(ENOUGH, after=10 * SHORT_FOR)
    await settle(hass)
    assert model(bridge) == FAST
    # Changed options reload a camera, and with the only one the worker.
    await hass.config_entries.async_reload(camera.entry_id)
    await settle(hass)
    assert model(bridge) == FAST


async def test_a_chosen_model_stays_and_an_issue_is_raised(
    hass: HomeAssistant, bridge: FakeBridge, clock: Clock
) -> None:
    await choose(hass, Choice(model=NEXT))
    await clock.short_for_long()
    assert model(bridge) == NEXT
    assert too_busy(hass)


async def test_a_faster_model_that_is_not_to_be_had_is_sought_once(
    hass: HomeAssistant,
    bridge: FakeBridge,
    clock: Clock,
    engines: Engines,
    aioclient_mock: AiohttpClientMocker,
) -> None:
    for name in (NEXT, FAST, LEAST):
        (catalogue.BUNDLED / f"{name}.tflite").unlink()
    out_of_reach(aioclient_mock, NEXT, FAST, LEAST)
    await clock.short_for_long()
    assert aioclient_mock.call_count == 3
    for _ in range(3):
        await clock.report(SHORT, after=30)
    assert aioclient_mock.call_count == 3
    assert model(bridge) == BEST
    assert engines.tried == [BEST]
    assert too_busy(hass)
    # After a good spell it may be had.
    await clock.report(ENOUGH)
    assert not too_busy(hass)
    put(catalogue.BUNDLED, FAST)
    await clock.short_for_long()
    assert model(bridge) == FAST


async def test_with_another_choice_a_faster_model_is_sought_again(
    hass: HomeAssistant, bridge: FakeBridge, clock: Clock, engines: Engines
) -> None:
    engines.paces |= {BEST: 100.0}
    engines.failures = dict.fromkeys((NEXT, FAST, LEAST), EngineProblem.CRASHED)
    await clock.short_for_long()
    assert too_busy(hass)
    engines.failures = {}
    await add_camera(hass)
    await settle(hass)
    assert model(bridge) == BEST
    await clock.short_for_long()
    assert model(bridge) == FAST


async def test_a_step_that_would_gain_little_is_not_made(
    hass: HomeAssistant,
    bridge: FakeBridge,
    clock: Clock,
    engines: Engines,
    aioclient_mock: AiohttpClientMocker,
) -> None:
    for name in (NEXT, FAST, LEAST):
        (catalogue.BUNDLED / f"{name}.tflite").unlink()
    out_of_reach(aioclient_mock, NEXT, FAST, LEAST)
    engines.paces = {BEST: 400.0, NEXT: 390.0}
    await add_camera(hass)
    await settle(hass)
    put(catalogue.BUNDLED, NEXT)
    await clock.short_for_long()
    assert engines.tried[-1] == NEXT
    assert model(bridge) == BEST
    assert too_busy(hass)


async def test_a_model_that_cannot_be_faster_is_not_tried(
    hass: HomeAssistant, bridge: FakeBridge, clock: Clock, engines: Engines
) -> None:
    engines.paces = {BEST: 1000.0, NEXT: 950.0, FAST: 200.0, LEAST: 650.0}
    await add_camera(hass)
    await settle(hass)
    assert model(bridge) == FAST
    tried = list(engines.tried)
    await clock.short_for_long()
    assert engines.tried == tried
    assert too_busy(hass)


async def test_reports_during_a_step_do_not_start_another(
    hass: HomeAssistant, bridge: FakeBridge, engines: Engines
) -> None:
    with patch.object(hass.loop, "time", return_value=1000.0) as time:
        bridge.listener(SHORT)
        time.return_value += SHORT_FOR
        for _ in range(5):
            bridge.listener(SHORT)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert engines.tried == [BEST, NEXT, FAST]
    assert engines.most_at_once == 1
    assert not too_busy(hass)


async def test_with_more_cameras_the_model_is_chosen_again_in_the_same_worker(
    hass: HomeAssistant, bridge: FakeBridge, bridges: list[FakeBridge], engines: Engines
) -> None:
    await add_camera(hass)
    await settle(hass, SETTLE - 1)
    assert model(bridge) == BEST
    await settle(hass)
    assert model(bridge) == FAST
    assert bridges == [bridge]
    assert bridge.running


async def test_with_fewer_cameras_the_model_is_chosen_again(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    entry = await add_camera(hass)
    await settle(hass)
    assert model(bridge) == FAST
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert model(bridge) == BEST


async def test_after_a_step_down_other_cameras_are_a_new_beginning(
    hass: HomeAssistant, bridge: FakeBridge, clock: Clock, engines: Engines
) -> None:
    engines.paces |= {BEST: 100.0}
    await clock.short_for_long()
    assert model(bridge) == FAST
    await add_camera(hass)
    await settle(hass)
    assert model(bridge) == BEST


async def test_many_cameras_in_a_row_are_one_choice(
    hass: HomeAssistant, bridge: FakeBridge, engines: Engines
) -> None:
    for name in "bcdef":
        await add_camera(hass, name)
    await settle(hass)
    assert engines.tried == [BEST, BEST, NEXT, FAST]


async def test_a_camera_that_is_loaded_again_changes_nothing(
    hass: HomeAssistant, bridge: FakeBridge, engines: Engines
) -> None:
    entry = await add_camera(hass)
    await settle(hass)
    tried = list(engines.tried)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert engines.tried == tried


async def test_another_budget_is_another_choice(hass: HomeAssistant, bridge: FakeBridge) -> None:
    for share, name in ((0.2, FAST), (0.5, BEST)):
        await choose(hass, Choice(budget=share))
        assert model(bridge) == name
        assert bridge.budget == share


@pytest.mark.parametrize(("calm", "tried"), [(100.0, [BEST]), (900.0, [BEST, FAST])])
async def test_measurements_from_during_startup_are_repeated(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    engines: Engines,
    calm: float,
    tried: list[str],
) -> None:
    hass.set_state(CoreState.starting)
    engines.paces |= {BEST: 900.0}
    await add_camera(hass)
    await settle(hass)
    assert model(bridges[0]) == FAST
    assert engines.tried == [BEST, FAST]
    engines.asked.clear()
    engines.paces |= {BEST: calm}
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await hass.async_block_till_done(wait_background_tasks=True)
    for _ in range(3):
        await settle(hass)
    assert engines.tried == tried
    assert model(bridges[0]) == tried[-1]


async def test_a_model_that_keeps_up_during_startup_is_not_measured_again(
    hass: HomeAssistant, bridges: list[FakeBridge], engines: Engines
) -> None:
    hass.set_state(CoreState.starting)
    await add_camera(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle(hass)
    assert engines.tried == [BEST]


async def test_diagnostics_list_the_trials_and_their_purpose(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, tmp_path: Path
) -> None:
    await add_camera(hass)
    await settle(hass)
    found = (await async_get_config_entry_diagnostics(hass, camera))["detector"]
    assert found["demand"] == {"cameras": 2, "cores": 2, "budget": 1.0}
    assert [(trial["model"], trial["threads"]) for trial in found["trials"]] == [
        (f"{BEST}.tflite", 1),
        (f"{NEXT}.tflite", 1),
        (f"{FAST}.tflite", 1),
    ]
    assert found["trials"][0]["load"] == pytest.approx(1.5)
    assert found["state"]["engine"]["threads"] == 1
    await choose(hass, Choice(file=str(put(tmp_path / "smith", LEAST))))
    text = str(await async_get_config_entry_diagnostics(hass, camera))
    assert "smith" not in text
    assert LEAST not in text


async def test_no_issue_is_raised_for_cameras_that_went_while_a_faster_model_was_sought(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, clock: Clock
) -> None:
    await choose(hass, Choice(model=NEXT))
    setup = hass.data[DATA_OWNER].detection.setup
    found, seeking = asyncio.Event(), asyncio.Event()

    async def seek() -> None:
        seeking.set()
        await found.wait()

    with patch.object(setup, "async_step_down", seek):
        await clock.report(SHORT)
        with patch.object(hass.loop, "time", return_value=1000.0 + SHORT_FOR):
            bridge.listener(SHORT)
        await seeking.wait()
        hass.data[DATA_OWNER].async_end(camera)
        found.set()
        await hass.async_block_till_done(wait_background_tasks=True)
    assert not too_busy(hass)
