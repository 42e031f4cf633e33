"""Which camera is which, wherever it is and whatever a login may read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.const import CONF_HOST
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.onvif.values import Found
from custom_components.porchlight.runtime import ask, moves
from custom_components.porchlight.runtime.identity import is_same
from custom_components.porchlight.runtime.search import async_search

from .adding import FOUND, LOGIN
from .conftest import ENTRY_ID, MAC, FakeBridge, entry_data, frame, make_entry, report

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.porchlight.onvif.values import CameraReport

OTHER_MAC = "a4:14:37:01:02:99"


@pytest.mark.parametrize(
    ("known", "given", "same"),
    [
        ({}, {}, True),
        ({}, {"mac": OTHER_MAC, "endpoint": "another"}, False),
        ({}, {"mac": OTHER_MAC, "serial": "S124"}, False),
        # On Wi-Fi instead of a cable.
        ({}, {"mac": OTHER_MAC}, True),
        # A login that may not read the network interfaces.
        ({}, {"mac": None}, True),
        ({}, {"mac": None, "endpoint": "made-up-at-each-start"}, True),
        ({}, {"mac": None, "endpoint": "another", "serial": "S124"}, False),
        ({}, {"mac": None, "endpoint": None}, True),
        ({}, {"mac": None, "endpoint": None, "serial": "S124"}, False),
        ({}, {"mac": None, "endpoint": None, "model": "Eye 4"}, False),
        ({"mac": None, "endpoint": None}, {}, True),
        ({"mac": None, "endpoint": None}, {"serial": "S124"}, False),
        # Placeholders are no serial numbers.
        ({"serial": "123456"}, {"mac": None, "endpoint": "another", "serial": "123456"}, False),
        ({"mac": None, "endpoint": None, "serial": ""}, {}, True),
    ],
)
def test_the_best_identifier_that_both_have_decides(
    known: dict[str, Any], given: dict[str, Any], same: bool
) -> None:
    assert is_same(entry_data(**known), report(**given)) is same


async def again(
    hass: HomeAssistant, result: ConfigFlowResult, there: CameraReport, host: str
) -> ConfigFlowResult:
    """Enter address and login in a flow, and wait for its end."""
    flow = hass.config_entries.flow
    with (
        patch.object(ask, "inspect", AsyncMock(return_value=there)),
        patch.object(ask, "first_frame", AsyncMock(return_value=frame())),
        patch.object(ask, "locate", AsyncMock(return_value=Found(host=host, port=80))),
    ):
        result = await flow.async_configure(result["flow_id"], {"address": host, **LOGIN})
        while result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
            await hass.async_block_till_done()
            result = await flow.async_configure(result["flow_id"])
        await hass.async_block_till_done()
    return result


async def test_a_login_with_fewer_rights_changes_no_identity(
    hass: HomeAssistant, camera: MockConfigEntry
) -> None:
    less = report(mac=None, unique_id=report().endpoint)
    result = await again(hass, await camera.start_reauth_flow(hass), less, "192.168.1.20")
    assert result["reason"] == "reauth_successful"
    assert camera.unique_id == MAC
    assert camera.data["mac"] == MAC


async def test_a_camera_known_by_its_serial_number_can_move(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    entry = make_entry(
        unique_id=ENTRY_ID, data=entry_data(mac=None, endpoint=None), minor_version=3
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    there = report(mac=None, endpoint=None, unique_id=None, host="192.168.1.99")
    result = await again(hass, await entry.start_reconfigure_flow(hass), there, "192.168.1.99")
    assert result["reason"] == "reconfigure_successful"
    assert (entry.data[CONF_HOST], entry.unique_id) == ("192.168.1.99", ENTRY_ID)


async def test_a_camera_without_an_id_gets_one_without_its_address(
    hass: HomeAssistant, bridges: list[FakeBridge], mock_network: None
) -> None:
    nameless = report(mac=None, endpoint=None, unique_id=None)
    ids = set()
    for host in ("192.168.1.30", "192.168.1.31"):
        with patch.object(ask, "scan", AsyncMock(return_value=[])):
            result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": "user"})
            await hass.async_block_till_done()
            flow = hass.config_entries.flow
            result = await flow.async_configure(result["flow_id"])
            result = await flow.async_configure(result["flow_id"], {"camera": "enter_address"})
        result = await again(hass, result, replace(nameless, host=host), host)
        result = await flow.async_configure(result["flow_id"], {"name": "x", "pictures": True})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        ids.add(result["result"].unique_id)
    assert len(ids) == 2
    assert not any("192.168" in one for one in ids)


async def test_ids_that_hold_an_address_are_replaced(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    old = "S123-192.168.1.20"
    entry = make_entry(unique_id=old, data=entry_data(mac=None, endpoint=None), minor_version=2)
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=ENTRY_ID, identifiers={(DOMAIN, old)}
    )
    registry = er.async_get(hass)
    person = registry.async_get_or_create(
        "binary_sensor", DOMAIN, f"{old}_person", config_entry=entry, device_id=device.id
    )
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert (entry.unique_id, entry.minor_version) == (ENTRY_ID, 3)
    kept = registry.async_get(person.entity_id)
    assert kept is not None
    assert (kept.unique_id, kept.device_id) == (f"{ENTRY_ID}_person", device.id)
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), ENTRY_ID)
    assert [one.identifiers for one in devices] == [{(DOMAIN, ENTRY_ID)}]
    assert all(
        one.unique_id.startswith(ENTRY_ID)
        for one in er.async_entries_for_config_entry(registry, ENTRY_ID)
    )


async def test_ids_of_cameras_that_have_one_are_kept(
    hass: HomeAssistant, bridges: list[FakeBridge]
) -> None:
    entry = make_entry(minor_version=2)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert (entry.unique_id, entry.minor_version) == (MAC, 3)


@pytest.mark.parametrize(
    ("host", "secure", "page"),
    [
        ("192.168.1.20", False, "http://192.168.1.20"),
        ("192.168.1.20", True, "https://192.168.1.20"),
        ("fd00::20", False, "http://[fd00::20]"),
        # Browsers know no zones.
        ("fe80::20%eth0", False, None),
    ],
)
async def test_a_camera_at_any_kind_of_address_has_its_entities(
    hass: HomeAssistant, bridges: list[FakeBridge], host: str, secure: bool, page: str | None
) -> None:
    entry = make_entry(data=entry_data(host=host, ssl=secure))
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("binary_sensor.front_door_person") is not None
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), ENTRY_ID)
    assert device.configuration_url == page
    bracketed = f"[{host}]" if ":" in host else host
    assert bridges[0].cameras[ENTRY_ID].source.url == f"rtsp://{bracketed}:554/sub"


@pytest.mark.parametrize(
    ("data", "host", "learned"),
    [
        ({"mac": None, "endpoint": None}, "192.168.1.20", FOUND.endpoint),
        ({"mac": None, "endpoint": "own"}, "192.168.1.20", "own"),
        ({"endpoint": None}, "192.168.1.20", None),
        ({"endpoint": None}, "192.168.1.99", None),
    ],
)
async def test_what_a_camera_calls_itself_in_searches_is_noted_at_its_own_address(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    mock_network: None,
    data: dict[str, Any],
    host: str,
    learned: str | None,
) -> None:
    entry = make_entry(data=entry_data(**data))
    entry.add_to_hass(hass)
    found = replace(FOUND, host=host)
    with (
        patch.object(ask, "scan", AsyncMock(return_value=[found])),
        patch.object(moves, "_async_listens", AsyncMock(return_value=True)),
    ):
        await async_search(hass)
    assert entry.data["endpoint"] == learned
