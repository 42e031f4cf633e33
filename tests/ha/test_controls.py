"""A camera's presets and its restart, as entities."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.const import ATTR_ENTITY_ID, STATE_UNAVAILABLE, STATE_UNKNOWN, EntityCategory
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er

from custom_components.porchlight.const import CONF_PRESETS, CONF_REFUSED, CONF_STREAM, DOMAIN
from custom_components.porchlight.diagnostics import async_get_config_entry_diagnostics
from custom_components.porchlight.onvif.values import Access, Credentials, Preset
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.controls import presets_of
from custom_components.porchlight.runtime.inspection import abilities
from custom_components.porchlight.runtime.recovery import FIRST_WAIT
from custom_components.porchlight.runtime.streams import with_streams
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import StreamDown

from .conftest import ENTRY_ID, MAC, FakeBridge, entry_data, later, make_entry, profile, report
from .test_camera_events import named, reload, state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

GATE = Preset(profile="main", token="1", name="Gate")
DRIVE = Preset(profile="main", token="2", name="Drive")
SELECT = "select.front_door_ptz_preset"


class Head:
    """What a camera is asked to do; `error` is why it does not do it."""

    def __init__(self) -> None:
        self.done: list[Preset | str] = []
        self.accesses: list[Access] = []
        self.error: str | None = None
        self.busy = 0
        self.most_busy = 0

    async def go_to(self, access: Access, preset: Preset) -> None:
        await self._do(access, preset)

    async def reboot(self, access: Access) -> None:
        await self._do(access, "restart")

    async def _do(self, access: Access, what: Preset | str) -> None:
        self.accesses.append(access)
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        # As a process would: something else may happen meanwhile.
        await asyncio.sleep(0)
        self.busy -= 1
        if self.error:
            raise ask.ErrandError(self.error)
        self.done.append(what)


@pytest.fixture
def head() -> Iterator[Head]:
    one = Head()
    with patch.object(ask, "go_to", one.go_to), patch.object(ask, "reboot", one.reboot):
        yield one


def data(*presets: Preset, **changes: Any) -> dict[str, Any]:
    return entry_data(**{CONF_PRESETS: [asdict(preset) for preset in presets], **changes})


async def set_up(hass: HomeAssistant, *presets: Preset, **changes: Any) -> MockConfigEntry:
    entry = make_entry(data=data(*presets, **changes))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    return entry


@pytest.fixture
async def turning(
    hass: HomeAssistant, bridges: list[FakeBridge], all_enabled: None, head: Head
) -> MockConfigEntry:
    """A camera with two presets and all entities."""
    return await set_up(hass, GATE, DRIVE)


async def press(hass: HomeAssistant, key: str) -> None:
    target = {ATTR_ENTITY_ID: named(hass, "button", key)}
    await hass.services.async_call("button", "press", target, blocking=True)


async def select(hass: HomeAssistant, option: str) -> None:
    target = {ATTR_ENTITY_ID: SELECT, "option": option}
    await hass.services.async_call("select", "select_option", target, blocking=True)


def keys_of(hass: HomeAssistant, domain: str) -> set[str]:
    entries = er.async_entries_for_config_entry(er.async_get(hass), ENTRY_ID)
    return {one.unique_id.removeprefix(f"{MAC}_") for one in entries if one.domain == domain}


async def test_buttons_are_disabled_at_first_and_the_select_is_not(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    await set_up(hass, GATE, DRIVE)
    registry = er.async_get(hass)
    assert keys_of(hass, "button") == {"restart", "preset_1", "preset_2"}
    for key in keys_of(hass, "button"):
        entry = registry.async_get(named(hass, "button", key))
        assert entry is not None
        assert entry.disabled_by is er.RegistryEntryDisabler.INTEGRATION
    found = hass.states.get(SELECT)
    assert found is not None
    assert (found.state, found.attributes["options"]) == (STATE_UNKNOWN, ["Gate", "Drive"])
    restart = registry.async_get(named(hass, "button", "restart"))
    assert restart is not None
    assert restart.original_device_class == "restart"
    assert restart.entity_category is EntityCategory.CONFIG


@pytest.mark.parametrize("presets", [None, []])
async def test_a_camera_without_presets_has_only_the_restart(
    hass: HomeAssistant, bridges: list[FakeBridge], presets: Any
) -> None:
    await set_up(hass, **{CONF_PRESETS: presets})
    assert keys_of(hass, "button") == {"restart"}
    assert keys_of(hass, "select") == set()


async def test_an_entry_from_before_has_only_the_restart(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    values = entry_data()
    del values[CONF_PRESETS]
    entry = make_entry(data=values)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert (keys_of(hass, "button"), keys_of(hass, "select")) == ({"restart"}, set())


async def test_a_button_and_the_select_turn_the_camera_and_show_where_it_is(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head
) -> None:
    await press(hass, "preset_2")
    assert state(hass, SELECT) == "Drive"
    await select(hass, "Gate")
    assert state(hass, SELECT) == "Gate"
    assert head.done == [DRIVE, GATE]
    values = entry_data()
    login = Credentials(username=values["username"], password=values["password"])
    assert head.accesses[-1] == Access(host="192.168.1.20", port=80, credentials=login)
    # It is not forgotten with the entities.
    await reload(hass)
    assert state(hass, SELECT) == "Gate"


async def test_the_camera_is_reached_where_and_as_it_was(
    hass: HomeAssistant, bridges: list[FakeBridge], all_enabled: None, head: Head
) -> None:
    place = {"host": "192.168.1.9", "port": 8443, "ssl": True, "onvif_path": "/x"}
    await set_up(hass, **place, certificate="ab" * 32)
    await press(hass, "restart")
    (access,) = head.accesses
    assert (access.host, access.port, access.path) == ("192.168.1.9", 8443, "/x")
    assert (access.secure, access.certificate) == (True, "ab" * 32)


async def test_after_a_restart_it_is_not_known_where_it_points(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head
) -> None:
    await select(hass, "Gate")
    await press(hass, "restart")
    assert head.done == [GATE, "restart"]
    assert state(hass, SELECT) == STATE_UNKNOWN


async def test_an_option_that_is_not_there_is_not_sent(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head
) -> None:
    with pytest.raises(ServiceValidationError):
        await select(hass, "Garden")
    assert head.accesses == []


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("forbidden", "forbidden"),
        ("camera_fault", "camera_fault"),
        ("certificate", "certificate"),
        ("cannot_connect", "no_answer"),
        ("timeout", "no_answer"),
        ("worker_failed", "not_done"),
    ],
)
async def test_a_failure_is_an_error_and_costs_the_login_nothing(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head, key: str, text: str
) -> None:
    await select(hass, "Gate")
    head.error = key
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, "preset_2")
    assert (caught.value.translation_domain, caught.value.translation_key) == (DOMAIN, text)
    assert "Front door" in str(caught.value)
    assert state(hass, SELECT) == STATE_UNKNOWN
    assert CONF_REFUSED not in turning.data
    assert hass.config_entries.flow.async_progress() == []
    head.error = None
    await press(hass, "preset_2")
    assert state(hass, SELECT) == "Drive"


async def test_a_refused_login_is_used_once_and_another_one_is_asked_for(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head
) -> None:
    head.error = "invalid_auth"
    pressed = [press(hass, key) for key in ("preset_1", "preset_2", "restart")]
    results = await asyncio.gather(*pressed, return_exceptions=True)
    assert [getattr(one, "translation_key", one) for one in results] == ["login_refused"] * 3
    assert len(head.accesses) == 1
    assert turning.data[CONF_REFUSED] is True
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == "reauth"
    # Nor after a restart of Home Assistant, until the login changes.
    await reload(hass)
    with pytest.raises(HomeAssistantError):
        await press(hass, "restart")
    assert len(head.accesses) == 1
    changed = {key: value for key, value in turning.data.items() if key != CONF_REFUSED}
    hass.config_entries.async_update_entry(turning, data={**changed, "password": "new"})
    await reload(hass)
    head.error = None
    await press(hass, "restart")
    assert head.accesses[-1].credentials.password == "new"


async def test_a_login_that_was_changed_meanwhile_is_not_blamed(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head
) -> None:
    async def refuse(_access: Access) -> None:
        changed = {**turning.data, "password": "new"}
        hass.config_entries.async_update_entry(turning, data=changed)
        raise ask.ErrandError("invalid_auth")

    with patch.object(ask, "reboot", refuse), pytest.raises(HomeAssistantError):
        await press(hass, "restart")
    assert CONF_REFUSED not in turning.data


async def test_a_login_in_doubt_is_not_used(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head, bridges: list[FakeBridge]
) -> None:
    waiting = asyncio.Event()

    async def inspect(*_args: Any, **_more: Any) -> None:
        await waiting.wait()
        raise ask.ErrandError("cannot_connect")

    with patch.object(ask, "inspect", inspect):
        bridges[0].listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.UNAUTHORIZED))
        with pytest.raises(HomeAssistantError) as caught:
            await press(hass, "restart")
        waiting.set()
    assert caught.value.translation_key == "login_refused"
    assert head.accesses == []


async def test_a_login_that_onvif_refused_before_is_not_used(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head, bridges: list[FakeBridge]
) -> None:
    refusal = AsyncMock(side_effect=ask.ErrandError("invalid_auth"))
    with patch.object(ask, "inspect", refusal):
        bridges[0].listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.NOT_FOUND))
        await later(hass, 2 * FIRST_WAIT)
    assert refusal.await_count == 1
    with pytest.raises(HomeAssistantError) as caught:
        await press(hass, "restart")
    assert caught.value.translation_key == "login_refused"
    assert head.accesses == []


async def test_one_thing_is_done_at_a_time(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head
) -> None:
    await asyncio.gather(*(press(hass, key) for key in ("preset_1", "preset_2", "restart")))
    assert len(head.done) == 3
    assert head.most_busy == 1


async def test_all_are_there_without_a_stream(
    hass: HomeAssistant, turning: MockConfigEntry, head: Head, bridges: list[FakeBridge]
) -> None:
    bridges[0].listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.STALLED))
    await hass.async_block_till_done()
    assert state(hass, "binary_sensor.front_door_person") == STATE_UNAVAILABLE
    for entity_id in (SELECT, *(named(hass, "button", key) for key in ("restart", "preset_1"))):
        assert state(hass, entity_id) != STATE_UNAVAILABLE


async def test_presets_that_are_gone_lose_their_entities(
    hass: HomeAssistant, turning: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(turning, data=data(replace(GATE, name="Door")))
    await reload(hass)
    assert keys_of(hass, "button") == {"restart", "preset_1"}
    found = hass.states.get(SELECT)
    assert found is not None
    assert found.attributes["options"] == ["Door"]
    hass.config_entries.async_update_entry(turning, data=data())
    await reload(hass)
    assert (keys_of(hass, "button"), keys_of(hass, "select")) == ({"restart"}, set())


def test_names_are_text_and_each_is_used_once() -> None:
    names = ("Gate", "Gate", "Gate (2)", "", "[x](http://y)", "\n")
    presets = [Preset(profile="sub", token=f"t{i}", name=name) for i, name in enumerate(names)]
    named = presets_of(data(*presets))
    assert list(named) == ["Gate", "Gate (2)", "Gate (2) (2)", "t3", "(x)(http //y)", "t5"]
    assert [preset.token for preset in named.values()] == [f"t{i}" for i in range(6)]


def test_only_presets_of_the_view_that_is_analyzed_are_offered() -> None:
    one, two = profile("one", source="a"), profile("two", source="b")
    values = {"profiles": [asdict(one), asdict(two)], CONF_STREAM: two.uri}
    mine, other = replace(GATE, profile="two"), replace(DRIVE, profile="one")
    assert list(presets_of(data(other, mine, **values)).values()) == [mine]
    # It is not known which view an unknown stream shows.
    assert len(presets_of(data(other, mine, **{**values, CONF_STREAM: "rtsp://x/y"}))) == 2


def test_an_inspection_updates_the_presets_unless_the_camera_does_not_say() -> None:
    known = data(GATE)
    listed, silent = report(presets=(DRIVE,)), report(presets=None)
    assert with_streams(known, listed)[CONF_PRESETS] == [asdict(DRIVE)]
    assert with_streams(known, silent)[CONF_PRESETS] == [asdict(GATE)]
    assert abilities(listed, known)[CONF_PRESETS] == [asdict(DRIVE)]
    assert abilities(silent, known)[CONF_PRESETS] == [asdict(GATE)]
    assert abilities(silent, {})[CONF_PRESETS] is None


async def test_diagnostics_do_not_name_presets(
    hass: HomeAssistant, turning: MockConfigEntry
) -> None:
    shown = str(await async_get_config_entry_diagnostics(hass, turning))
    assert "Gate" not in shown
    assert "'token': '2'" in shown
