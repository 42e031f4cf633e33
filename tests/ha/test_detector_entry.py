"""The detector's own entry and options, and engines that fail while they run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection import catalogue
from custom_components.porchlight.detection.choice import Choice
from custom_components.porchlight.detection.wheels import ENGINES
from custom_components.porchlight.runtime.bridge import WorkerDown
from custom_components.porchlight.runtime.faults import Culprit
from custom_components.porchlight.runtime.owner import DATA_OWNER
from custom_components.porchlight.worker.errors import EngineProblem
from custom_components.porchlight.worker.messages import DropModel, EngineFailed, UseModel

from .conftest import MAC, make_entry
from .machines import (
    BEST,
    FAST,
    cores,
    fake_engines,
    issue,
    put,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from .conftest import FakeBridge
    from .machines import Engines


@pytest.fixture(autouse=True)
def allowed(hass: HomeAssistant, tmp_path: Path) -> None:
    """Home Assistant may read the tests' files."""
    hass.config.allowlist_external_dirs = {str(tmp_path)}


@pytest.fixture(autouse=True)
def engines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engines]:
    """No real engine, short models, and nothing bundled, on two cores."""
    cores(monkeypatch, 2)
    with fake_engines(tmp_path) as answers:
        yield answers


@pytest.fixture
async def detector_entry(hass: HomeAssistant, camera: MockConfigEntry) -> ConfigEntry:
    """The entry that came with the first camera."""
    await hass.async_block_till_done(wait_background_tasks=True)
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, "detector")
    assert entry is not None
    return entry


async def choose(hass: HomeAssistant, entry: ConfigEntry, **answers: Any) -> Any:
    """Fill in the detector's options; what comes of it, after a trial if there is one."""
    flow = hass.config_entries.options
    step = await flow.async_init(entry.entry_id)
    assert step["step_id"] == "detector"
    answers = {"model": "auto", "engine": "auto", "budget": 50, **answers}
    step = await flow.async_configure(step["flow_id"], answers)
    if step["type"] is FlowResultType.SHOW_PROGRESS:
        assert step["progress_action"] == "trial"
        await hass.async_block_till_done()
        step = await flow.async_configure(step["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    return step


def chosen(hass: HomeAssistant) -> Choice:
    return hass.data[DATA_OWNER].detection.choice


async def test_the_detector_comes_with_the_first_camera_and_goes_with_the_last(
    hass: HomeAssistant, camera: MockConfigEntry, detector_entry: ConfigEntry
) -> None:
    assert detector_entry.state is ConfigEntryState.LOADED
    assert (detector_entry.title, detector_entry.source) == ("Detector", "system")
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), detector_entry.entry_id)
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.name == "Detector"
    second = make_entry(entry_id="02", unique_id="02", title="Back door")
    second.add_to_hass(hass)
    assert await hass.config_entries.async_setup("02")
    await hass.config_entries.async_remove(camera.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert set(hass.config_entries.async_entries(DOMAIN)) == {second, detector_entry}
    await hass.config_entries.async_remove("02")
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.config_entries.async_entries(DOMAIN) == []


async def test_a_detector_removed_alone_comes_back_with_defaults(
    hass: HomeAssistant, camera: MockConfigEntry, detector_entry: ConfigEntry, bridge: FakeBridge
) -> None:
    await choose(hass, detector_entry, model=FAST)
    assert chosen(hass) == Choice(model=FAST)
    await hass.config_entries.async_remove(detector_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert chosen(hass) == Choice()
    assert bridge.cameras.keys() == {camera.entry_id}
    assert hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, "detector")


async def test_a_disabled_detector_detects_no_one(
    hass: HomeAssistant, camera: MockConfigEntry, detector_entry: ConfigEntry, bridge: FakeBridge
) -> None:
    person = "binary_sensor.front_door_person"
    bridge.up()
    bridge.people(1)
    await hass.config_entries.async_set_disabled_by(
        detector_entry.entry_id, ConfigEntryDisabler.USER
    )
    await hass.async_block_till_done(wait_background_tasks=True)
    assert bridge.model is None
    assert bridge.sent[-1] == DropModel()
    found = hass.states.get(person)
    assert found is not None
    assert found.state == STATE_UNAVAILABLE
    bridge.begin()
    assert bridge.model is None
    await hass.config_entries.async_set_disabled_by(detector_entry.entry_id, None)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert bridge.sent[-1] == UseModel(engine="litert", path="/m.tflite")


async def test_options_from_before_the_detector_entry_are_migrated(
    hass: HomeAssistant, bridges: list[FakeBridge], hass_storage: dict[str, Any]
) -> None:
    hass_storage["porchlight.detector"] = {
        "version": 1,
        "key": "porchlight.detector",
        "data": {"model": FAST, "file": None, "engine": "ncnn", "budget": 0.7},
    }
    old = make_entry(minor_version=1)
    old.add_to_hass(hass)
    registry = er.async_get(hass)
    for key in ("detector", "pace", "processor"):
        registry.async_get_or_create("sensor", DOMAIN, f"{MAC}_{key}", config_entry=old)
    assert await hass.config_entries.async_setup(old.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    entry = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, "detector")
    assert entry is not None
    assert dict(entry.options) == {"model": FAST, "engine": "ncnn", "budget": 0.7}
    assert chosen(hass) == Choice(model=FAST, engine="ncnn", budget=0.7)
    assert bridges[0].budget == 0.7
    assert "porchlight.detector" not in hass_storage
    mine = {one.unique_id for one in er.async_entries_for_config_entry(registry, old.entry_id)}
    assert not mine & {f"{MAC}_{key}" for key in ("detector", "pace", "processor")}
    assert old.minor_version == 3


@pytest.mark.parametrize(
    "stored",
    [{"version": 9, "data": {}}, {"version": 1, "data": ["?"]}, {"version": 1}, ["?"]],
    ids=["a later version", "another shape", "no data", "no store"],
)
async def test_an_unreadable_choice_gives_the_default(
    hass: HomeAssistant, real_storage: None, bridges: list[FakeBridge], stored: Any
) -> None:
    path = Path(hass.config.path(".storage/porchlight.detector"))
    await hass.async_add_executor_job(write, path, stored)
    entry = make_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert chosen(hass) == Choice()
    assert list(path.parent.glob("porchlight.detector.invalid.*"))
    assert not path.exists()


def write(path: Path, stored: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(stored))


async def test_a_model_is_chosen_by_name_for_all_cameras(
    hass: HomeAssistant, detector_entry: ConfigEntry, bridge: FakeBridge
) -> None:
    bridge.sent.clear()
    result = await choose(hass, detector_entry, model=FAST, engine="ncnn", budget=80)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert chosen(hass) == Choice(model=FAST, engine="ncnn", budget=0.8)
    assert bridge.budget == 0.8
    assert bridge.sent[-1] == UseModel(engine="litert", path="/m.tflite")


async def test_a_reload_of_the_detector_alone_changes_nothing(
    hass: HomeAssistant, detector_entry: ConfigEntry, bridge: FakeBridge
) -> None:
    bridge.sent.clear()
    await hass.config_entries.async_reload(detector_entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert bridge.sent == []


async def test_a_file_of_the_user_s_is_tried_first(
    hass: HomeAssistant, detector_entry: ConfigEntry, engines: Engines, tmp_path: Path
) -> None:
    path = put(tmp_path, "mine")
    result = await choose(hass, detector_entry, model="own_file", file=str(path))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert engines.tried == ["mine"]
    assert chosen(hass) == Choice(file=str(path))


async def test_an_own_model_needs_a_file(hass: HomeAssistant, detector_entry: ConfigEntry) -> None:
    result = await choose(hass, detector_entry, model="own_file", file=" ")
    assert result["errors"] == {"file": "no_file"}


async def test_a_file_that_is_no_model_is_an_error_in_the_form(
    hass: HomeAssistant, detector_entry: ConfigEntry, engines: Engines, tmp_path: Path
) -> None:
    text = tmp_path / "text.tflite"
    text.write_text("hello")
    for path, key in ((text, "model_file_invalid"), (tmp_path / "none", "model_file_missing")):
        result = await choose(hass, detector_entry, model="own_file", file=str(path))
        assert result["errors"] == {"file": key}
        assert result["description_placeholders"]["detail"] == str(path)
        hass.config_entries.options.async_abort(result["flow_id"])
    engines.failures = {"litert": EngineProblem.MODEL_UNSUPPORTED}
    result = await choose(
        hass, detector_entry, model="own_file", engine="litert", file=str(put(tmp_path, "lstm"))
    )
    assert result["errors"] == {"file": "model_unsupported"}
    assert chosen(hass) == Choice()


async def test_a_file_must_be_where_home_assistant_may_read(
    hass: HomeAssistant, detector_entry: ConfigEntry, tmp_path: Path
) -> None:
    hass.config.allowlist_external_dirs = set()
    file, ours = put(tmp_path, BEST), Path(hass.config.path(DOMAIN))
    link = ours / "link.tflite"
    link.symlink_to(file)
    for path in (file, link, ours / ".." / "secrets.yaml"):
        result = await choose(hass, detector_entry, model="own_file", file=str(path))
        assert result["errors"] == {"file": "file_not_allowed"}
        assert result["description_placeholders"] == {"detail": str(path), "folder": str(ours)}
        hass.config_entries.options.async_abort(result["flow_id"])
    link.unlink()
    own = put(ours, BEST)
    result = await choose(hass, detector_entry, model="own_file", file=str(own))
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert chosen(hass).file == str(own)


def state(hass: HomeAssistant, entity_id: str) -> str:
    found = hass.states.get(entity_id)
    assert found is not None, entity_id
    return found.state


class TestRunning:
    """What runs in the worker may fail there, whatever its trial said."""

    @pytest.fixture
    def detector(self) -> None:
        """The model is really chosen."""

    @pytest.fixture
    async def entry(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
    ) -> MockConfigEntry:
        """A camera that is watched, with LiteRT."""
        await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.model is not None
        assert bridge.model.engine == "litert"
        bridge.up()
        bridge.status(people=0)
        return camera

    @pytest.fixture(autouse=True)
    def model(self, engines: Engines) -> None:
        put(catalogue.BUNDLED, BEST)

    def fail(self, bridge: FakeBridge, problem: EngineProblem = EngineProblem.FAILING) -> None:
        model = bridge.model
        assert model is not None
        bridge.listener(
            EngineFailed(engine=model.engine, path=model.path, problem=problem, detail="why")
        )

    async def fail_all(self, hass: HomeAssistant, bridge: FakeBridge) -> None:
        for _ in ENGINES:
            self.fail(bridge)
            await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.model is None

    async def test_an_engine_that_fails_on_each_frame_gives_way_to_the_other(
        self, hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        person = "binary_sensor.front_door_person"
        assert state(hass, person) == "off"
        self.fail(bridge)
        assert state(hass, person) == STATE_UNAVAILABLE
        assert state(hass, "sensor.front_door_people") == STATE_UNAVAILABLE
        assert state(hass, "binary_sensor.front_door_motion") == "off"
        assert state(hass, "sensor.detector_engine") == STATE_UNKNOWN
        await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.model is not None
        assert bridge.model.engine == "ncnn"
        assert state(hass, person) == "off"
        assert state(hass, "sensor.detector_engine") == "ncnn 2"
        found = issue(hass)
        assert found is not None
        assert found.translation_key == "engine_replaced"
        assert found.translation_placeholders == {
            "engine": "LiteRT",
            "other": "ncnn",
            "detail": "why",
        }

    async def test_when_all_engines_fail_that_is_an_issue_until_the_last_camera_goes(
        self, hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        await self.fail_all(hass, bridge)
        assert state(hass, "binary_sensor.front_door_person") == STATE_UNAVAILABLE
        found = issue(hass)
        assert found is not None
        assert found.translation_key == "engine_failing"
        await hass.config_entries.async_remove(entry.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert issue(hass) is None

    async def test_a_reload_of_the_detector_has_all_engines_tried_again_if_none_works(
        self, hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        await self.fail_all(hass, bridge)
        detector = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, "detector")
        assert detector is not None
        await hass.config_entries.async_reload(detector.entry_id)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.model is not None
        assert issue(hass) is None

    async def test_another_choice_has_all_engines_tried_again(
        self, hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        self.fail(bridge)
        await hass.async_block_till_done(wait_background_tasks=True)
        hass.data[DATA_OWNER].detection.async_enable(Choice(model=BEST))
        await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.model is not None
        assert bridge.model.engine == "litert"
        assert issue(hass) is None

    async def test_an_engine_that_kills_the_worker_gives_way_to_the_other(
        self, hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        for engine in ("litert", "ncnn"):
            assert bridge.model is not None
            assert bridge.model.engine == engine
            for _ in range(3):
                bridge.listener(WorkerDown(detail="SIGSEGV", culprit=Culprit()))
                bridge.begin()
            await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.model is None
        assert set(bridge.cameras) == {entry.entry_id}
        found = issue(hass)
        assert found is not None
        assert found.translation_key == "engine_crashed"

    async def test_a_failure_of_an_earlier_model_is_ignored(
        self, hass: HomeAssistant, entry: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        bridge.listener(
            EngineFailed(engine="litert", path="/other.tflite", problem=EngineProblem.FAILING)
        )
        await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.model is not None
        assert bridge.model.engine == "litert"
        assert issue(hass) is None
