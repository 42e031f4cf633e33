from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import aiohttp
import pytest
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.requirements import RequirementsNotFound
from packaging.tags import Tag

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection import catalogue
from custom_components.porchlight.detection.choice import Choice
from custom_components.porchlight.detection.wheels import ENGINES
from custom_components.porchlight.worker.errors import EngineProblem

from .machines import (
    BEST,
    FAST,
    HEAD,
    LEAST,
    NEXT,
    cores,
    detector_setup,
    fake_engines,
    fake_model,
    issue,
    out_of_reach,
    put,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

    from .conftest import FakeBridge
    from .machines import Engines


@pytest.fixture(autouse=True)
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engines]:
    """No real engine, short models, and nothing bundled, on two cores."""
    cores(monkeypatch, 2)
    with fake_engines(tmp_path) as answers:
        yield answers


async def test_the_catalogue_is_the_real_one_in_order_of_accuracy() -> None:
    names = [model.name for model in catalogue.all_models()]
    assert names == [BEST, NEXT, FAST, LEAST]


async def test_the_best_model_is_taken_from_the_archive(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker
) -> None:
    path = put(catalogue.BUNDLED, BEST)
    wish = await detector_setup(hass).async_prepare()
    assert wish is not None
    assert wish.path == str(path)
    assert aioclient_mock.call_count == 0
    assert issue(hass) is None


async def test_a_missing_model_is_fetched_once_and_kept(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker
) -> None:
    model = fake_model(BEST)
    aioclient_mock.get(model.url, content=HEAD + BEST.encode())
    for _ in range(2):
        setup = detector_setup(hass)
        wish = await setup.async_prepare()
        assert wish is not None
        assert Path(wish.path) == setup.kept / model.file
    assert aioclient_mock.call_count == 1


@pytest.mark.parametrize(
    ("answer", "key"),
    [
        ({"exc": aiohttp.ClientError}, "model_not_fetched"),
        ({"exc": TimeoutError}, "model_not_fetched"),
        ({"status": 404}, "model_not_fetched"),
        ({"content": b"not it"}, "model_not_genuine"),
        ({"content": HEAD + BEST.encode() + b"more"}, "model_not_genuine"),
    ],
)
async def test_without_a_model_an_issue_says_where_to_put_it(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker, answer: Any, key: str
) -> None:
    model = fake_model(BEST)
    aioclient_mock.get(model.url, **answer)
    out_of_reach(aioclient_mock, NEXT, FAST, LEAST)
    setup = detector_setup(hass)
    assert await setup.async_prepare() is None
    found = issue(hass)
    assert found is not None
    assert found.translation_key == key
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["folder"] == str(setup.kept)
    put(setup.kept, BEST)
    assert await setup.async_prepare() is not None
    assert issue(hass) is None


async def test_a_full_disk_is_reported(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker
) -> None:
    model = fake_model(BEST)
    aioclient_mock.get(model.url, content=HEAD + BEST.encode())
    out_of_reach(aioclient_mock, NEXT, FAST, LEAST)
    with patch.object(Path, "write_bytes", side_effect=OSError("no space")):
        assert await detector_setup(hass).async_prepare() is None
    found = issue(hass)
    assert found is not None
    assert found.translation_key == "model_not_kept"


async def test_a_damaged_copy_is_not_used(
    hass: HomeAssistant, aioclient_mock: AiohttpClientMocker
) -> None:
    put(catalogue.BUNDLED, BEST).write_bytes(HEAD + b"damaged")
    aioclient_mock.get(fake_model(BEST).url, content=HEAD + BEST.encode())
    wish = await detector_setup(hass).async_prepare()
    assert wish is not None
    assert Path(wish.path).read_bytes() == HEAD + BEST.encode()


@pytest.mark.parametrize("problem", list(EngineProblem))
async def test_a_model_that_does_not_run_is_an_issue(
    hass: HomeAssistant, engines: Engines, problem: EngineProblem
) -> None:
    put(catalogue.BUNDLED, BEST)
    engines.failures = {"litert": problem, "ncnn": problem}
    setup = detector_setup(hass)
    assert await setup.async_prepare() is None
    found = issue(hass)
    assert found is not None
    assert found.translation_key == problem.value
    assert setup.outcome is None


LITERT, NCNN = ENGINES
GLIBC = ["manylinux_2_28_x86_64", "linux_x86_64"]
MUSL = ["musllinux_1_2_aarch64", "linux_aarch64"]


@contextmanager
def machine(hass: HomeAssistant, platforms: list[str], broken: tuple[str, ...] = ()) -> Any:
    """A machine that takes such wheels, and where these engines do not install."""
    hass.config.skip_pip = False
    installed: list[str] = []

    async def install(_hass: Any, _name: str, requirements: list[str], **_options: Any) -> None:
        kind = next(engine for engine in ENGINES if list(engine.requirements) == requirements)
        installed.append(kind.name)
        if kind.name in broken:
            raise RequirementsNotFound(DOMAIN, requirements)

    tags = [Tag("cp314", "cp314", platform) for platform in platforms]
    with (
        patch("custom_components.porchlight.detection.wheels.sys_tags", lambda: iter(tags)),
        patch("custom_components.porchlight.detection.choice.async_process_requirements", install),
    ):
        yield installed


@pytest.mark.parametrize(
    ("platforms", "forced", "engine"),
    [
        (GLIBC, None, "litert"),
        (MUSL, None, "ncnn"),
        (GLIBC, "ncnn", "ncnn"),
        (GLIBC, "litert", "litert"),
    ],
)
async def test_the_engine_is_one_whose_wheels_fit_and_only_that_is_installed(
    hass: HomeAssistant, platforms: list[str], forced: str | None, engine: str
) -> None:
    put(catalogue.BUNDLED, BEST)
    setup = detector_setup(hass)
    setup.choice = Choice(engine=forced)
    with machine(hass, platforms) as installed:
        wish = await setup.async_prepare()
    assert wish is not None
    assert wish.engine == engine
    assert installed == [engine]
    assert issue(hass) is None


@pytest.mark.parametrize("platforms", [["macosx_14_0_arm64"], ["manylinux_2_28_armv7l"], []])
async def test_a_platform_without_a_wheel_is_reported(
    hass: HomeAssistant, platforms: list[str]
) -> None:
    put(catalogue.BUNDLED, BEST)
    with machine(hass, platforms) as installed:
        assert await detector_setup(hass).async_prepare() is None
    assert installed == []
    found = issue(hass)
    assert found is not None
    assert found.translation_key == "engine_not_installed"


async def test_an_engine_that_does_not_install_gives_way_to_the_other(
    hass: HomeAssistant,
) -> None:
    put(catalogue.BUNDLED, BEST)
    with machine(hass, GLIBC, broken=("litert",)):
        wish = await detector_setup(hass).async_prepare()
    assert wish is not None
    assert wish.engine == "ncnn"
    found = issue(hass)
    assert found is not None
    assert found.translation_key == "engine_replaced"
    assert found.severity is ir.IssueSeverity.WARNING
    assert found.translation_placeholders == {
        "engine": "LiteRT",
        "other": "ncnn",
        "detail": ", ".join(LITERT.requirements),
    }


@pytest.mark.parametrize("problem", [EngineProblem.CRASHED, EngineProblem.NOT_INSTALLED])
async def test_an_engine_that_crashes_or_does_not_load_gives_way_to_the_other(
    hass: HomeAssistant, engines: Engines, problem: EngineProblem
) -> None:
    put(catalogue.BUNDLED, BEST)
    engines.failures = {"litert": problem}
    with machine(hass, GLIBC):
        wish = await detector_setup(hass).async_prepare()
    assert wish is not None
    assert wish.engine == "ncnn"
    found = issue(hass)
    assert found is not None
    assert found.translation_key == "engine_replaced"


async def test_a_forced_engine_that_cannot_be_gives_way_to_the_one_that_can(
    hass: HomeAssistant,
) -> None:
    put(catalogue.BUNDLED, BEST)
    setup = detector_setup(hass)
    setup.choice = Choice(engine="litert")
    with machine(hass, MUSL, broken=("litert",)) as installed:
        wish = await setup.async_prepare()
    assert wish is not None
    assert wish.engine == "ncnn"
    assert installed == ["litert", "ncnn"]


async def test_without_any_engine_an_issue_says_so(hass: HomeAssistant) -> None:
    put(catalogue.BUNDLED, BEST)
    with machine(hass, GLIBC, broken=("litert", "ncnn")):
        assert await detector_setup(hass).async_prepare() is None
    found = issue(hass)
    assert found is not None
    assert found.translation_key == "engine_not_installed"


async def test_a_choice_that_is_no_longer_there_gives_the_best(hass: HomeAssistant) -> None:
    put(catalogue.BUNDLED, BEST)
    setup = detector_setup(hass)
    setup.choice = Choice(model="withdrawn")
    wish = await setup.async_prepare()
    assert wish is not None
    assert Path(wish.path).stem == BEST


async def test_a_file_of_the_user_s_is_run(hass: HomeAssistant, tmp_path: Path) -> None:
    path = put(tmp_path, "mine")
    setup = detector_setup(hass)
    setup.choice = Choice(file=str(path))
    wish = await setup.async_prepare()
    assert wish is not None
    assert wish.path == str(path)
    path.unlink()
    assert await setup.async_prepare() is None
    found = issue(hass)
    assert found is not None
    assert found.translation_key == "model_file_missing"


async def test_pictures_are_switched_off_afterwards(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    picture = Path(bridge.cameras[camera.entry_id].picture_path or "")
    picture.write_bytes(b"somebody")
    flow = hass.config_entries.options
    step = await flow.async_init(camera.entry_id)
    step = await flow.async_configure(step["flow_id"], {"next_step_id": "pictures"})
    step = await flow.async_configure(step["flow_id"], {"pictures": False})
    assert step["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert hass.states.get("image.front_door_last_person") is None
    assert bridge.cameras[camera.entry_id].picture_path is None
    assert not picture.exists()
