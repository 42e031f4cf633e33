"""Cameras of Home Assistant's `onvif` integration are offered with the login stored there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import SOURCE_IGNORE, ConfigEntryDisabler
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.onvif.values import Credentials
from custom_components.porchlight.runtime import ask

from .adding import FOUND, LOGIN, Errands, answer, labels, start, suggested
from .conftest import MAC, entry_data, make_entry

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

STORED = {
    "name": "Porch",
    "host": "192.168.1.20",
    "port": 80,
    "username": "homeassistant",
    "password": "stored-secret",
}
THEIRS = Credentials(username="homeassistant", password="stored-secret")
CHOICE = "onvif:theirs"
DEVICE_PATH = "/onvif/device_service"
ELSEWHERE = "192.168.1.66"
# What the list has when nothing else is offered.
OWN_WAYS = ["enter_address", "scan_again"]


def theirs(hass: HomeAssistant, data: dict[str, Any] | None = None, **changes: Any) -> None:
    """Home Assistant's own integration has a camera."""
    values: dict[str, Any] = {
        "domain": "onvif",
        "entry_id": "theirs",
        "title": f"Porch - {MAC.upper()}",
        "unique_id": MAC.upper(),
    }
    data = {**STORED, **(data or {})}
    MockConfigEntry(**{**values, **changes}, data=data).add_to_hass(hass)


async def chosen(hass: HomeAssistant) -> ConfigFlowResult:
    result = await answer(hass, await start(hass), camera=CHOICE)
    assert (result["step_id"], result["errors"]) == ("onvif", {})
    return result


async def test_it_is_added_with_the_address_and_the_login_from_there(
    hass: HomeAssistant, world: Errands
) -> None:
    theirs(hass)
    world.found = []
    result = await start(hass)
    assert labels(result) == {
        CHOICE: "Porch · 192.168.1.20:80 · Home Assistant ONVIF",
        "enter_address": "enter_address",
        "scan_again": "scan_again",
    }
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"]["count"] == "1"
    (field,) = result["data_schema"].schema
    assert field.default() == CHOICE
    result = await answer(hass, result, camera=CHOICE)
    assert result["step_id"] == "onvif"
    assert result["description_placeholders"] == {
        "name": "Porch",
        "address": "192.168.1.20:80",
    }
    result = await answer(hass, result, other_login=False)
    assert result["step_id"] == "confirm"
    assert world.inspected == [("192.168.1.20", 80, DEVICE_PATH, THEIRS)]
    assert world.looked == []
    result = await answer(hass, result, name="Door", pictures=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = result["result"].data
    assert (data["username"], data["password"]) == ("homeassistant", "stored-secret")


@pytest.mark.parametrize(
    "found",
    [
        FOUND,
        replace(FOUND, mac=None),
        replace(FOUND, mac=None, port=8000),
        replace(FOUND, mac="a4:14:37:0a:0b:0c"),
        replace(FOUND, host=ELSEWHERE),
    ],
    ids=["all", "address", "host", "address of another card", "mac"],
)
async def test_it_is_one_with_the_camera_that_was_found_and_its_login_stays_at_its_address(
    hass: HomeAssistant, world: Errands, found: Any
) -> None:
    theirs(hass)
    world.found = [found]
    result = await start(hass)
    assert labels(result)[CHOICE] == "Porch · Eye 3 · 192.168.1.20:80 · Home Assistant ONVIF"
    assert list(labels(result)) == [CHOICE, *OWN_WAYS]
    result = await answer(hass, result, camera=CHOICE)
    await answer(hass, result, other_login=False)
    assert world.inspected == [("192.168.1.20", 80, DEVICE_PATH, THEIRS)]


@pytest.mark.parametrize(
    "found",
    [
        replace(FOUND, host=ELSEWHERE, mac=None),
        replace(FOUND, host=ELSEWHERE, mac="a4:14:37:0a:0b:0c"),
        replace(FOUND, port=81, mac="a4:14:37:0a:0b:0c"),
    ],
    ids=["no mac", "another mac", "another port"],
)
async def test_another_camera_is_offered_beside_it_without_its_login(
    hass: HomeAssistant, world: Errands, found: Any
) -> None:
    theirs(hass)
    world.found = [found]
    result = await start(hass)
    assert list(labels(result)) == [found.xaddr, CHOICE, *OWN_WAYS]
    result = await answer(hass, result, camera=found.xaddr)
    assert result["step_id"] == "camera"
    assert set(suggested(result)) == {"address", "username"}
    assert suggested(result)["username"] == ""


async def test_tls_is_kept(hass: HomeAssistant, world: Errands) -> None:
    theirs(hass, {"host": "https://192.168.1.20", "port": 8443})
    result = await answer(hass, await chosen(hass), other_login=False)
    result = await answer(hass, result, name="Door", pictures=True)
    assert (result["result"].data["ssl"], result["result"].data["host"]) == (True, FOUND.host)


async def test_where_another_login_is_wanted_the_stored_one_is_not_used(
    hass: HomeAssistant, world: Errands
) -> None:
    theirs(hass)
    world.found = [replace(FOUND, host=ELSEWHERE)]
    result = await answer(hass, await chosen(hass), other_login=True)
    # A device elsewhere says that it is this camera: it may be asked, but not with this login.
    assert suggested(result) == {"address": ELSEWHERE, "username": ""}
    result = await answer(hass, result, address=ELSEWHERE, **LOGIN)
    assert [login for *_, login in world.inspected] == [Credentials(**LOGIN)]


@pytest.mark.parametrize("key", ["invalid_auth", "unauthorized"])
async def test_a_stored_login_that_is_refused_is_not_tried_twice(
    hass: HomeAssistant, world: Errands, key: str
) -> None:
    theirs(hass)
    world.report = ask.ErrandError(key)
    result = await answer(hass, await chosen(hass), other_login=False)
    assert (result["step_id"], result["errors"]) == ("camera", {"base": key})
    assert suggested(result) == {"address": FOUND.host, "username": ""}
    await answer(hass, result, address=FOUND.host)
    assert [login.password for *_, login in world.inspected] == ["stored-secret", ""]


async def test_a_stored_login_is_not_shown_and_goes_nowhere_else_after_a_failure(
    hass: HomeAssistant, world: Errands
) -> None:
    theirs(hass)
    other = replace(FOUND, host=ELSEWHERE, mac=None)
    world.found = [other]
    world.report = ask.ErrandError("timeout")
    result = await answer(hass, await chosen(hass), other_login=False)
    assert (result["step_id"], result["errors"]) == ("onvif", {"base": "timeout"})
    result = await answer(hass, result, other_login=True)
    assert suggested(result) == {"address": FOUND.host, "username": ""}
    result = await answer(hass, result, address="x", back=True)
    result = await answer(hass, result, camera=other.xaddr)
    assert suggested(result) == {"address": ELSEWHERE, "username": ""}
    await answer(hass, result, address=ELSEWHERE)
    assert [(host, login.password) for host, *_, login in world.inspected] == [
        (FOUND.host, "stored-secret"),
        (ELSEWHERE, ""),
    ]


async def test_a_camera_that_is_set_up_here_is_not_offered(
    hass: HomeAssistant, world: Errands
) -> None:
    theirs(hass)
    world.found = []
    result = await start(hass)
    # By another user, while the list was shown.
    make_entry(data=entry_data(host=ELSEWHERE)).add_to_hass(hass)
    result = await answer(hass, result, camera=CHOICE)
    assert (result["step_id"], result["errors"]) == ("pick", {"camera": "already_configured"})
    assert list(labels(result)) == OWN_WAYS


@pytest.mark.parametrize(
    ("data", "changes", "offered"),
    [
        ({}, {"disabled_by": ConfigEntryDisabler.USER}, True),
        ({}, {"source": SOURCE_IGNORE}, False),
        ({}, {"unique_id": "SERIAL-1", "title": "Porch - SERIAL-1"}, True),
        ({}, {"unique_id": None}, True),
        ({"host": ""}, {}, False),
        ({"host": "two words"}, {}, False),
        ({"port": None}, {}, False),
        ({"username": None, "password": None}, {}, True),
    ],
)
async def test_which_entries_are_offered(
    hass: HomeAssistant,
    world: Errands,
    data: dict[str, Any],
    changes: dict[str, Any],
    offered: bool,
) -> None:
    theirs(hass, data, **changes)
    world.found = []
    assert (CHOICE in labels(await start(hass))) is offered
