from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    ConfigEntryState,
)
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.onvif.values import Credentials, Found
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.entries import camera_entries
from custom_components.porchlight.worker.messages import Link

from .adding import (
    FOUND,
    LOGIN,
    OTHER,
    Errands,
    answer,
    fields,
    labels,
    start,
    suggested,
)
from .conftest import ENTRY_ID, MAC, entry_data, jpeg, make_entry, report

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator


pytestmark = pytest.mark.usefixtures("world")

# What may be wrong with a camera, and comes back to the form: keys of ONVIF and of streams.
INSPECTION_ERRORS = ["cannot_connect", "not_onvif", "invalid_auth", "no_video", "timeout"]
STREAM_ERRORS = [
    "unreachable",
    "unauthorized",
    "refused",
    "clear_text",
    "unsupported_codec",
    "stalled",
    "broken",
    "ended",
    "worker_failed",
]


async def test_a_camera_is_found_asked_shown_and_added(
    hass: HomeAssistant, world: Errands, hass_client: ClientSessionGenerator
) -> None:
    result = await start(hass)
    assert labels(result) == {
        FOUND.xaddr: "Front door · Eye 3 · 192.168.1.20:80",
        "enter_address": "enter_address",
        "scan_again": "scan_again",
    }
    result = await answer(hass, result, camera=FOUND.xaddr)
    assert (result["step_id"], result["errors"]) == ("camera", {})
    assert suggested(result)["address"] == "192.168.1.20"
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert result["step_id"] == "confirm"
    assert hass.config_entries.async_entries(DOMAIN) == []

    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["analysed"] == "640x360 H264, 10 fps"
    assert placeholders["live"] == "1920x1080 H264, 10 fps"
    preview = placeholders["preview"]
    client = await hass_client()
    picture = await client.get(preview, headers={"Authorization": ""})
    assert await picture.read() == jpeg()
    unsigned = await client.get(preview.partition("?")[0], headers={"Authorization": ""})
    assert unsigned.status == HTTPStatus.UNAUTHORIZED

    result = await answer(hass, result, name="Door", pictures=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert (entry.title, entry.unique_id, entry.state) == ("Door", MAC, ConfigEntryState.LOADED)
    assert dict(entry.data) == entry_data()
    # As the first connection, and with no less protection from then on.
    assert {source.basic for source in world.opened} == {True}
    assert dict(entry.options) == {"pictures": True}
    assert world.inspected == [
        ("192.168.1.20", 80, "/onvif/device_service", Credentials(**LOGIN)),
    ]
    await hass.async_block_till_done()
    assert (await client.get(preview)).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("found", [[], ask.ErrandError("no_interface")], ids=["none", "error"])
async def test_where_nothing_is_found_an_address_can_be_entered(
    hass: HomeAssistant, world: Errands, found: Any
) -> None:
    world.found = found
    result = await start(hass)
    assert list(labels(result)) == ["enter_address", "scan_again"]
    result = await answer(hass, result, camera="enter_address")
    result = await answer(hass, result, address="http://192.168.1.20:8000/onvif/x", **LOGIN)
    assert result["step_id"] == "confirm"
    assert world.inspected[0][:3] == ("192.168.1.20", 8000, "/onvif/x")


async def test_it_can_be_searched_again(hass: HomeAssistant, world: Errands) -> None:
    world.found = []
    result = await start(hass)
    world.found = [FOUND]
    result = await answer(hass, result, camera="scan_again")
    assert result["step_id"] == "pick"
    assert FOUND.xaddr in labels(result)


async def test_a_camera_that_is_set_up_is_named_and_not_offered(
    hass: HomeAssistant, world: Errands
) -> None:
    world.found = [FOUND, OTHER]
    result = await start(hass)
    assert set(labels(result)) == {FOUND.xaddr, OTHER.xaddr, "enter_address", "scan_again"}
    # By another user, while the list was shown.
    make_entry().add_to_hass(hass)
    result = await answer(hass, result, camera=FOUND.xaddr)
    assert (result["step_id"], result["errors"]) == ("pick", {"camera": "already_configured"})
    assert set(labels(result)) == {OTHER.xaddr, "enter_address", "scan_again"}
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"]["known"] == "Front door"
    (field,) = result["data_schema"].schema
    assert field.default() == OTHER.xaddr
    result = await answer(hass, result, camera=OTHER.xaddr)
    assert result["step_id"] == "camera"


@pytest.mark.parametrize("key", INSPECTION_ERRORS)
async def test_a_camera_that_cannot_be_asked_leads_back_to_the_form(
    hass: HomeAssistant, world: Errands, key: str
) -> None:
    await _fails_then_succeeds(hass, world, key, lambda error: setattr(world, "report", error))


@pytest.mark.parametrize("key", STREAM_ERRORS)
async def test_a_stream_that_cannot_be_seen_leads_back_to_the_form(
    hass: HomeAssistant, world: Errands, key: str
) -> None:
    await _fails_then_succeeds(
        hass, world, key, lambda error: world.frames.update(sub=error, main=error)
    )


async def test_a_way_leads_back_to_the_list(hass: HomeAssistant, world: Errands) -> None:
    world.found = [FOUND, OTHER]
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    assert result["description_placeholders"] == {"name": FOUND.name, "typed": ""}
    result = await answer(hass, result, address="192.168.1.20", back=True)
    assert result["step_id"] == "pick"
    result = await answer(hass, result, camera=OTHER.xaddr)
    assert suggested(result)["address"] == OTHER.host


async def test_the_detector_is_not_reconfigured(hass: HomeAssistant, world: Errands) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id="detector")
    entry.add_to_hass(hass)
    result = await entry.start_reconfigure_flow(hass)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "use_options")


async def test_an_unexpected_error_is_reported_as_unknown(
    hass: HomeAssistant, world: Errands
) -> None:
    world.report = ask.ErrandError("new_kind")
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert result["errors"] == {"base": "unknown"}


async def _fails_then_succeeds(hass: HomeAssistant, world: Errands, key: str, fail: Any) -> None:
    fail(ask.ErrandError(key, "detail"))
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert (result["step_id"], result["errors"]) == ("camera", {"base": key})
    kept = {} if key in ("invalid_auth", "unauthorized") else {"password": LOGIN["password"]}
    assert suggested(result) == {"address": "192.168.1.20", "username": "viewer", **kept}
    world.report, world.frames = report(), {}
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    result = await answer(hass, result, name="Door", pictures=False)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert dict(result["result"].options) == {"pictures": False}


async def test_a_known_camera_at_a_new_address_is_neither_doubled_nor_moved(
    hass: HomeAssistant, world: Errands
) -> None:
    entry = make_entry(data=entry_data(host="192.168.1.99"))
    entry.add_to_hass(hass)
    world.found = []
    result = await answer(hass, await start(hass), camera="enter_address")
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert result["description_placeholders"] == {"name": "Front door"}
    # Its stored login goes nowhere because a device says that it is this camera.
    assert entry.data["host"] == "192.168.1.99"


async def test_two_cameras_of_one_model_do_not_merge(hass: HomeAssistant, world: Errands) -> None:
    make_entry().add_to_hass(hass)
    world.found = [OTHER]
    world.report = report(unique_id=OTHER.mac, mac=OTHER.mac, endpoint="other", host=OTHER.host)
    result = await answer(hass, await start(hass), camera=OTHER.xaddr)
    result = await answer(hass, result, address=OTHER.host, **LOGIN)
    result = await answer(hass, result, name="Back door", pictures=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert {entry.unique_id for entry in camera_entries(hass)} == {MAC, OTHER.mac}


async def discovered(hass: HomeAssistant, found: Found) -> ConfigFlowResult:
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data={"found": found}
    )


async def test_a_discovered_camera_is_offered_once_and_added(
    hass: HomeAssistant, world: Errands
) -> None:
    result = await discovered(hass, FOUND)
    assert result["step_id"] == "camera"
    again = await discovered(hass, FOUND)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_in_progress")
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "Front door"}
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    result = await answer(hass, result, name="Door", pictures=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    known = await discovered(hass, FOUND)
    assert (known["type"], known["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_an_ignored_camera_is_not_offered_again(hass: HomeAssistant) -> None:
    await discovered(hass, FOUND)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": FOUND.endpoint, "title": "Front door"},
    )
    assert hass.config_entries.flow.async_progress() == []
    again = await discovered(hass, FOUND)
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")
    assert labels(await start(hass))[FOUND.xaddr].startswith("Front door")


async def test_a_new_password_is_asked_for_and_used(
    hass: HomeAssistant, camera: MockConfigEntry, world: Errands
) -> None:
    result = await camera.start_reauth_flow(hass)
    assert result["step_id"] == "camera"
    assert suggested(result) == {"address": "192.168.1.20", "username": "viewer"}
    assert result["description_placeholders"] == {"name": "Front door", "typed": ""}
    world.report = ask.ErrandError("invalid_auth")
    result = await answer(hass, result, address="192.168.1.20", username="u", password="bad")
    assert result["errors"] == {"base": "invalid_auth"}
    world.report = report()
    result = await answer(hass, result, address="192.168.1.20", username="u", password="new")
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reauth_successful")
    assert camera.data["password"] == "new"
    await hass.async_block_till_done()
    assert camera.state is ConfigEntryState.LOADED


@pytest.mark.parametrize("kind", ["reauth", "reconfigure"])
@pytest.mark.parametrize("error", ["certificate", "clear_text"])
async def test_only_a_reconfiguration_accepts_less_protection_and_only_if_asked_to(
    hass: HomeAssistant, camera: MockConfigEntry, world: Errands, kind: str, error: str
) -> None:
    link = asdict(Link(certificate="ab" * 32))
    data = {**camera.data, "certificate": "ab", "link": link}
    hass.config_entries.async_update_entry(camera, data=data)
    world.report = report(certificate="cd")
    failed = ask.ErrandError(error)
    if error == "certificate":
        world.report = failed
    else:
        world.frames = {"sub": failed, "main": failed}
    result = await getattr(camera, f"start_{kind}_flow")(hass)
    assert "accept" not in fields(result)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert result["errors"] == {"base": error}
    assert ("accept" in fields(result)) == (kind == "reconfigure")
    if kind == "reauth":
        return
    # Sent once more without the user's consent, it is demanded again.
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert result["errors"] == {"base": error}
    assert not any(one.basic or one.certificate is None for one in world.opened)
    world.report, world.frames = report(certificate="cd"), {}
    result = await answer(hass, result, address="192.168.1.20", **LOGIN, accept=True)
    assert result["reason"] == "reconfigure_successful"
    assert world.certificates == ["ab", "ab", None]
    assert (camera.data["certificate"], camera.data["link"]) == ("cd", asdict(Link()))
    assert (world.opened[-1].certificate, world.opened[-1].basic) == (None, True)


async def test_a_failure_that_no_one_expected_is_an_error_in_the_form(
    hass: HomeAssistant, world: Errands, caplog: pytest.LogCaptureFixture
) -> None:
    world.report = RuntimeError("a bug")
    world.found = []
    result = await answer(hass, await start(hass), camera="enter_address")
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert result["errors"] == {"base": "unknown"}
    assert len(world.inspected) == 1
    assert "A camera could not be checked" in caplog.text


@pytest.mark.parametrize("kind", ["reauth", "reconfigure"])
async def test_another_camera_at_the_address_changes_nothing(
    hass: HomeAssistant, camera: MockConfigEntry, world: Errands, kind: str
) -> None:
    result = await getattr(camera, f"start_{kind}_flow")(hass)
    world.report = report(mac="a4:14:37:01:02:99", endpoint="another")
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "another_camera")
    assert dict(camera.data) == entry_data()


async def test_a_camera_gets_a_new_address(
    hass: HomeAssistant, camera: MockConfigEntry, world: Errands
) -> None:
    result = await camera.start_reconfigure_flow(hass)
    world.report = report(host="192.168.1.50", port=8080)
    result = await answer(hass, result, address="192.168.1.50:8080", **LOGIN)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    assert (camera.data["host"], camera.data["port"]) == ("192.168.1.50", 8080)
    await hass.async_block_till_done()
    assert camera.state is ConfigEntryState.LOADED
    assert camera.entry_id == ENTRY_ID


async def test_a_flow_that_is_given_up_leaves_nothing_running(
    hass: HomeAssistant, world: Errands, hass_client: ClientSessionGenerator
) -> None:
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    hass.config_entries.flow.async_abort(result["flow_id"])
    client = await hass_client()
    assert (await client.get(placeholders["preview"])).status == HTTPStatus.NOT_FOUND


async def test_a_choice_that_was_not_offered_is_refused(hass: HomeAssistant) -> None:
    result = await start(hass)
    with pytest.raises(InvalidData):
        await hass.config_entries.flow.async_configure(
            result["flow_id"], {"camera": "http://elsewhere"}
        )
