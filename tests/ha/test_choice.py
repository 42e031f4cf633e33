"""Which model runs with how many threads: the most accurate that keeps all cameras in real time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import product
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryDisabler
from homeassistant.helpers import issue_registry as ir

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection import catalogue
from custom_components.porchlight.detection.choice import Choice, DetectorSetup
from custom_components.porchlight.detection.trials import DOUBT
from custom_components.porchlight.vision.capacity import Demand
from custom_components.porchlight.worker.errors import EngineProblem

from .conftest import make_entry
from .machines import (
    BEST,
    FAST,
    LEAST,
    NEXT,
    cores,
    detector_setup,
    fake_engines,
    out_of_reach,
    put,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

    from custom_components.porchlight.worker.messages import UseModel

    from .machines import Engines

ALL = (BEST, NEXT, FAST, LEAST)


@pytest.fixture(autouse=True)
def engines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, aioclient_mock: AiohttpClientMocker
) -> Iterator[Engines]:
    """Two cores, all models bundled, and nothing to be fetched unless a test says so."""
    cores(monkeypatch, 2)
    with fake_engines(tmp_path) as answers:
        put(catalogue.BUNDLED, *ALL)
        yield answers


def watch(hass: HomeAssistant, cameras: int) -> DetectorSetup:
    for number in range(cameras):
        make_entry(entry_id=f"e{number}", unique_id=f"u{number}").add_to_hass(hass)
    return detector_setup(hass)


async def chosen(setup: DetectorSetup) -> tuple[str, int]:
    wish = await setup.async_prepare()
    assert wish is not None
    return summary(wish)


def summary(wish: UseModel) -> tuple[str, int]:
    return Path(wish.path).stem, wish.threads


def unbundle(*names: str) -> None:
    for name in names:
        (catalogue.BUNDLED / f"{name}.tflite").unlink()


async def test_a_fast_machine_runs_the_most_accurate_model_after_one_trial(
    hass: HomeAssistant, engines: Engines
) -> None:
    assert await chosen(watch(hass, 32)) == (BEST, 1)
    assert engines.asked == [(BEST, 1)]


async def test_the_next_model_in_accuracy_is_taken_where_it_keeps_up(
    hass: HomeAssistant, engines: Engines
) -> None:
    # Eight cameras leave 133 ms for a look.
    engines.paces = {BEST: 140.0, NEXT: 125.0, FAST: 30.0}
    assert await chosen(watch(hass, 8)) == (NEXT, 1)


async def test_a_slow_machine_passes_over_what_surely_cannot_keep_up(
    hass: HomeAssistant, engines: Engines
) -> None:
    engines.paces = {BEST: 900.0, FAST: 100.0}
    setup = watch(hass, 8)
    assert await chosen(setup) == (FAST, 1)
    assert engines.tried == [BEST, FAST]
    assert [result.load > 1 for result in setup.results] == [True, False]


async def test_what_keeps_one_camera_in_real_time_may_be_too_slow_for_more(
    hass: HomeAssistant, engines: Engines
) -> None:
    engines.paces = {BEST: 200.0, NEXT: 190.0, FAST: 40.0}
    setup = watch(hass, 1)
    assert await chosen(setup) == (BEST, 1)
    watch(hass, 3)
    assert await chosen(setup) == (FAST, 1)


async def test_a_small_budget_leaves_a_faster_model(hass: HomeAssistant, engines: Engines) -> None:
    engines.paces = {BEST: 100.0, NEXT: 95.0, FAST: 20.0}
    setup = watch(hass, 8)
    assert await chosen(setup) == (BEST, 1)
    setup.choice = Choice(budget=0.2)
    assert await chosen(setup) == (FAST, 1)


async def test_cameras_that_are_ignored_or_disabled_ask_for_nothing(hass: HomeAssistant) -> None:
    setup = watch(hass, 2)
    make_entry(entry_id="i", unique_id="i", source=SOURCE_IGNORE).add_to_hass(hass)
    disabled = make_entry(entry_id="d", unique_id="d", disabled_by=ConfigEntryDisabler.USER)
    disabled.add_to_hass(hass)
    assert setup.demand == Demand(cameras=2, cores=2, budget=1.0)


async def test_threads_are_added_one_step_after_the_other_until_it_keeps_up(
    hass: HomeAssistant, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores(monkeypatch, 16)
    # 32 cameras want 24 looks a second.
    engines.paces = {BEST: 60.0}
    assert await chosen(watch(hass, 32)) == (BEST, 2)
    assert engines.asked == [(BEST, 1), (BEST, 2)]


async def test_threads_that_surely_do_not_suffice_are_not_tried(
    hass: HomeAssistant, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores(monkeypatch, 16)
    engines.paces = {BEST: 100.0}
    assert await chosen(watch(hass, 32)) == (BEST, 4)
    assert engines.asked == [(BEST, 1), (BEST, 4)]


async def test_threads_do_not_help_where_the_budget_is_short(
    hass: HomeAssistant, engines: Engines, monkeypatch: pytest.MonkeyPatch
) -> None:
    cores(monkeypatch, 4)
    setup = watch(hass, 8)
    setup.choice = Choice(budget=0.25)
    engines.paces = {BEST: 140.0, NEXT: 133.5, FAST: 30.0}
    assert await chosen(setup) == (FAST, 1)
    assert engines.asked == [(BEST, 1), (NEXT, 1), (FAST, 1)]


@pytest.mark.parametrize("fast", [800.0, 150.0])
async def test_if_nothing_keeps_up_the_fastest_runs_with_the_threads_that_help(
    hass: HomeAssistant, engines: Engines, monkeypatch: pytest.MonkeyPatch, fast: float
) -> None:
    cores(monkeypatch, 16)
    engines.paces = {BEST: 5 * fast, FAST: fast}
    setup = watch(hass, 32)
    assert await chosen(setup) == (FAST, 4)
    assert set(engines.tried) == {BEST, FAST}
    assert len(set(engines.asked)) == len(engines.asked)


async def test_nothing_is_fetched_while_a_bundled_model_keeps_up(
    hass: HomeAssistant, engines: Engines, aioclient_mock: AiohttpClientMocker
) -> None:
    unbundle(NEXT)
    engines.paces = {BEST: 140.0, NEXT: 125.0, FAST: 30.0}
    assert await chosen(watch(hass, 8)) == (FAST, 1)
    assert aioclient_mock.call_count == 0


async def test_a_model_that_cannot_be_fetched_is_passed_over(
    hass: HomeAssistant, engines: Engines, aioclient_mock: AiohttpClientMocker
) -> None:
    unbundle(*ALL)
    setup = watch(hass, 1)
    put(setup.kept, FAST)
    out_of_reach(aioclient_mock, BEST, NEXT)
    assert await chosen(setup) == (FAST, 1)
    assert engines.tried == [FAST]
    assert ir.async_get(hass).async_get_issue(DOMAIN, "detector") is None


async def test_a_slow_machine_without_faster_models_makes_do(
    hass: HomeAssistant, engines: Engines, aioclient_mock: AiohttpClientMocker
) -> None:
    unbundle(NEXT, FAST, LEAST)
    out_of_reach(aioclient_mock, NEXT, FAST, LEAST)
    engines.paces = {BEST: 250.0}
    assert await chosen(watch(hass, 8)) == (BEST, 1)
    assert ir.async_get(hass).async_get_issue(DOMAIN, "detector") is None


async def test_one_that_fails_does_not_take_away_one_that_works(
    hass: HomeAssistant, engines: Engines
) -> None:
    engines.paces = {BEST: 900.0, LEAST: 2000.0}
    engines.failures = {FAST: EngineProblem.CRASHED}
    setup = watch(hass, 8)
    assert (await chosen(setup))[0] == BEST
    assert engines.tried == [BEST, FAST, LEAST]


@pytest.mark.parametrize("own", [True, False], ids=["a file", "by name"])
async def test_a_chosen_model_is_kept_and_its_threads_adapt(
    hass: HomeAssistant,
    engines: Engines,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    own: bool,
) -> None:
    cores(monkeypatch, 16)
    setup = watch(hass, 32)
    file = str(put(tmp_path / "mine", LEAST))
    setup.choice = Choice(file=file) if own else Choice(model=LEAST)
    for ms, threads in ((20.0, 1), (60.0, 2), (3000.0, 4)):
        engines.paces = {LEAST: ms}
        assert await chosen(setup) == (LEAST, threads)
    assert set(engines.tried) == {LEAST}
    # Where the budget is what is short, threads only cost.
    engines.asked.clear()
    setup.choice = replace(setup.choice, budget=0.05)
    assert await chosen(setup) == (LEAST, 1)
    assert engines.asked == [(LEAST, 1)]
    assert await setup.async_step_down() is None


async def test_there_is_never_more_than_one_trial_at_a_time(
    hass: HomeAssistant, engines: Engines, tmp_path: Path
) -> None:
    setup = watch(hass, 1)
    mine = str(put(tmp_path / "mine", LEAST))
    await asyncio.gather(
        setup.async_prepare(), *(setup.async_try_file(mine, None) for _ in range(3))
    )
    assert len(engines.asked) == 4
    assert engines.most_at_once == 1


@pytest.mark.parametrize("seed", range(40))
async def test_on_any_machine_it_is_the_most_accurate_that_keeps_up_or_the_nearest_of_all(
    hass: HomeAssistant, engines: Engines, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 - the same cases each time, no secret
    cores(monkeypatch, random.choice([1, 2, 4, 6, 16]))
    models = catalogue.all_models()
    speed = 10 ** random.uniform(0.5, 3.5)
    engines.gain = random.uniform(0.1, 1.0)
    # Half as fast or twice: no two models are further apart than their costs let expect.
    engines.paces = {
        model.name: speed * model.cost * DOUBT ** random.uniform(-0.5, 0.5) for model in models
    }
    setup = watch(hass, random.choice([1, 2, 8, 20, 40]))
    setup.choice = Choice(budget=random.choice([0.1, 0.5, 1.0]))

    def load(name: str, threads: int) -> float:
        ms = engines.paces[name] / (1 + engines.gain * (threads - 1))
        return setup.demand.load(ms, threads)

    every = [(model.name, threads) for model, threads in product(models, setup.demand.threads)]
    expected: Any = next((one for one in every if load(*one) <= 1), None)
    found = await chosen(setup)
    if expected:
        assert found == expected
    else:
        least = min(load(FAST, threads) for threads in setup.demand.threads)
        assert load(*found) <= least
