"""An address that was typed is looked at before a login is used, and never shown with one."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from custom_components.porchlight.onvif.errors import Absence
from custom_components.porchlight.onvif.values import Credentials, Found, Typed
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.typed import TypedProblem

from .adding import FOUND, LOGIN, Errands, answer, start, suggested
from .conftest import entry_data, make_entry, report

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

THERE = Found(host="192.168.1.20", port=8000, path="/onvif/here")
SECRET = "s3cret-%d"


async def typing(hass: HomeAssistant, **data: Any) -> ConfigFlowResult:
    """Type an address into a new flow."""
    result = await answer(hass, await start(hass), camera="enter_address")
    return await answer(hass, result, **data)


async def test_the_service_is_found_before_the_login_is_used_and_its_address_is_shown(
    hass: HomeAssistant, world: Errands
) -> None:
    world.located = THERE
    world.report = report(host=THERE.host, port=THERE.port)
    result = await typing(hass, address=" rtsp://192.168.1.20:554/live?x=y ", **LOGIN)
    assert result["step_id"] == "confirm"
    assert world.looked == [Typed(host="192.168.1.20", port=554, scheme="rtsp")]
    assert world.inspected == [(THERE.host, THERE.port, THERE.path, Credentials(**LOGIN))]
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"]["address"] == "192.168.1.20:8000"
    result = await answer(hass, result, name="Door", pictures=True)
    data = result["result"].data
    assert (data["host"], data["port"], data["onvif_path"]) == (
        THERE.host,
        THERE.port,
        THERE.path,
    )


@pytest.mark.parametrize("absence", list(Absence))
async def test_where_nothing_is_found_no_login_is_used_and_the_reason_is_shown(
    hass: HomeAssistant, world: Errands, absence: Absence
) -> None:
    world.located = ask.ErrandError(absence)
    result = await typing(hass, address="rtsp://cam.local:554/live", **LOGIN)
    assert (result["step_id"], result["errors"]) == ("camera", {"base": absence})
    assert world.inspected == []
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["typed"] == "cam.local:554"
    assert suggested(result) == {"address": "rtsp://cam.local:554", **LOGIN}
    # Looked at again: it may have been turned on meanwhile.
    world.located = None
    result = await answer(hass, result, address="rtsp://cam.local:554", **LOGIN)
    assert result["step_id"] == "confirm"
    assert len(world.looked) == 2


@pytest.mark.parametrize("problem", list(TypedProblem))
async def test_what_can_be_no_address_is_reported_without_a_look(
    hass: HomeAssistant, world: Errands, problem: TypedProblem
) -> None:
    text = {
        TypedProblem.INVALID: f"rtsp://admin:{SECRET}@two words",
        TypedProblem.ONE_LINK: f"rtsp://admin:{SECRET}@[fe80::1%eth0]",
        TypedProblem.UNCLEAR_LOGIN: f"rtsp://admin:{SECRET}/@@cam",
    }[problem]
    result = await typing(hass, address=text)
    assert (result["step_id"], result["errors"]) == ("camera", {"address": problem})
    assert SECRET not in str(suggested(result))
    assert world.looked == []


@pytest.mark.parametrize(
    ("fields", "used"),
    [
        ({}, Credentials(username="admin", password=SECRET)),
        ({"username": "admin"}, Credentials(username="admin", password=SECRET)),
        ({"password": "mine"}, Credentials(username="admin", password="mine")),
        (
            {"username": "viewer", "password": "mine"},
            Credentials(username="viewer", password="mine"),
        ),
        # The password in the address is another account's.
        ({"username": "viewer"}, Credentials(username="viewer", password="")),
    ],
)
async def test_the_login_in_an_address_fills_empty_fields(
    hass: HomeAssistant, world: Errands, fields: dict[str, str], used: Credentials
) -> None:
    result = await typing(hass, address=f"rtsp://admin:{SECRET}@192.168.1.20/live", **fields)
    assert result["step_id"] == "confirm"
    assert [login for *_, login in world.inspected] == [used]


async def test_a_login_in_an_address_is_neither_shown_there_nor_logged(
    hass: HomeAssistant, world: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    world.located = ask.ErrandError("nothing_there")
    result = await typing(hass, address=f"rtsp://admin:{SECRET}@cam.local:554/{SECRET}")
    assert suggested(result) == {
        "address": "rtsp://cam.local:554",
        "username": "admin",
        "password": SECRET,
    }
    assert SECRET not in str(result["description_placeholders"])
    assert SECRET not in str(world.looked)
    assert SECRET not in caplog.text


async def test_the_address_of_a_camera_from_the_list_is_not_looked_for(
    hass: HomeAssistant, world: Errands
) -> None:
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address=suggested(result)["address"], **LOGIN)
    assert result["step_id"] == "confirm"
    assert world.looked == []


async def test_an_address_that_was_found_is_not_looked_for_again(
    hass: HomeAssistant, world: Errands
) -> None:
    world.located = THERE
    world.report = ask.ErrandError("invalid_auth")
    result = await typing(hass, address="192.168.1.20", **LOGIN)
    assert suggested(result)["address"] == "192.168.1.20:8000/onvif/here"
    world.report = report()
    result = await answer(hass, result, address=suggested(result)["address"], **LOGIN)
    assert result["step_id"] == "confirm"
    assert len(world.looked) == 1
    assert {place[:3] for place in world.inspected} == {(THERE.host, THERE.port, THERE.path)}


async def test_another_address_than_that_of_the_list_is_looked_at(
    hass: HomeAssistant, world: Errands
) -> None:
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.77", **LOGIN)
    assert world.looked == [Typed(host="192.168.1.77")]


@pytest.mark.parametrize("kind", ["reauth", "reconfigure"])
@pytest.mark.parametrize(
    ("text", "secure"),
    [
        ("192.168.1.50", True),
        ("192.168.1.50:8000", True),
        ("rtsp://192.168.1.50", True),
        ("https://192.168.1.50", True),
        ("http://192.168.1.50", False),
    ],
)
async def test_a_camera_with_tls_keeps_it_at_another_address_unless_the_user_says_otherwise(
    hass: HomeAssistant, world: Errands, kind: str, text: str, secure: bool
) -> None:
    entry = make_entry(data=entry_data(ssl=True, port=443))
    entry.add_to_hass(hass)
    world.report = ask.ErrandError("timeout")
    result = await getattr(entry, f"start_{kind}_flow")(hass)
    assert suggested(result)["address"] == "https://192.168.1.20"
    await answer(hass, result, address=text, **LOGIN)
    assert [typed.secure for typed in world.looked] == [secure]
