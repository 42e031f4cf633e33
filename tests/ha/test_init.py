from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.components.camera import async_get_stream_source
from homeassistant.components.diagnostics import REDACTED
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, SOURCE_REAUTH
from homeassistant.const import CONF_PASSWORD, EVENT_HOMEASSISTANT_STOP
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.porchlight.const import CONF_REFUSED, DOMAIN
from custom_components.porchlight.diagnostics import async_get_config_entry_diagnostics
from custom_components.porchlight.onvif.values import Found
from custom_components.porchlight.runtime import ask, moves
from custom_components.porchlight.runtime.bridge import WorkerDown
from custom_components.porchlight.runtime.faults import Culprit
from custom_components.porchlight.runtime.login import LAST_WAIT
from custom_components.porchlight.runtime.owner import FIRST_SEARCH, SEARCH_INTERVAL
from custom_components.porchlight.runtime.search import async_search
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import (
    EngineReady,
    PictureKept,
    StreamDown,
    WatchCamera,
)

from .conftest import ENTRY_ID, MAC, FakeBridge, entry_data, jpeg, later, make_entry, report

if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry


async def test_the_worker_ends_with_home_assistant(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    assert bridge.running
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done()
    assert not bridge.running


async def test_what_the_worker_reports_while_home_assistant_stops_starts_nothing(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.up()
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await hass.async_block_till_done(wait_background_tasks=True)
    before = hass.states.async_all()
    # The harness notices timers that are left.
    bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.ENDED))
    bridge.status()
    assert hass.states.async_all() == before


async def test_the_worker_gets_the_camera_s_new_address(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    assert bridge.cameras[ENTRY_ID].source.url == "rtsp://192.168.1.20:554/sub"
    hass.config_entries.async_update_entry(
        camera, data=entry_data(host="fe80::9", stream="rtsp://192.168.1.20/sub?x=1")
    )
    await hass.config_entries.async_reload(ENTRY_ID)
    assert bridge.cameras[ENTRY_ID].source.url == "rtsp://[fe80::9]/sub?x=1"


async def test_the_worker_is_given_the_model(hass: HomeAssistant, bridge: FakeBridge) -> None:
    assert bridge.model is not None
    assert bridge.model.path == "/m.tflite"


async def test_a_removed_camera_leaves_no_picture_behind(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    picture = Path(bridge.cameras[ENTRY_ID].picture_path or "")
    picture.write_bytes(jpeg())
    await hass.config_entries.async_remove(ENTRY_ID)
    assert not picture.parent.exists()


async def test_a_full_disk_is_an_issue_until_it_is_not(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    registry = ir.async_get(hass)
    bridge.listener(PictureKept(camera_id=ENTRY_ID, kept=False))
    assert registry.async_get_issue(DOMAIN, f"storage_{ENTRY_ID}")
    bridge.listener(PictureKept(camera_id=ENTRY_ID, kept=True))
    assert registry.async_get_issue(DOMAIN, f"storage_{ENTRY_ID}") is None


def refuse(bridge: FakeBridge) -> None:
    bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.UNAUTHORIZED))


def reauth_flows(hass: HomeAssistant) -> list[Any]:
    flows = hass.config_entries.flow.async_progress()
    return [flow for flow in flows if flow["context"]["source"] == SOURCE_REAUTH]


async def test_a_login_that_onvif_accepts_is_right_and_the_stream_is_tried_again_later(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    attempt = bridge.cameras[ENTRY_ID].attempt
    with patch.object(ask, "inspect", AsyncMock(return_value=report())) as inspect:
        for tried in range(1, 4):
            bridge.cameras.clear()
            refuse(bridge)
            await hass.async_block_till_done(wait_background_tasks=True)
            assert inspect.await_count == tried
            assert bridge.cameras == {}
            # Another worker must not try it either.
            bridge.begin()
            assert bridge.cameras == {}
            await later(hass, 1.3 * LAST_WAIT + 1)
            assert bridge.cameras[ENTRY_ID].attempt == attempt + tried
    assert reauth_flows(hass) == []
    bridge.up()
    bridge.begin()
    assert set(bridge.cameras) == {ENTRY_ID}


async def test_a_camera_that_cannot_be_asked_is_asked_again_and_its_stream_is_left_alone(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.cameras.clear()
    answers = [ask.ErrandError("cannot_connect"), report()]
    with patch.object(ask, "inspect", AsyncMock(side_effect=answers)) as inspect:
        refuse(bridge)
        await hass.async_block_till_done(wait_background_tasks=True)
        await later(hass, 1.3 * LAST_WAIT + 1)
        assert inspect.await_count == 2
        assert bridge.cameras == {}
        await later(hass, 1.3 * LAST_WAIT + 1)
    assert set(bridge.cameras) == {ENTRY_ID}
    assert reauth_flows(hass) == []


@pytest.mark.parametrize("password", ["another", "p@ss/w:rd #?%é"])
async def test_a_refused_login_is_not_used_again_until_the_user_enters_one(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, password: str
) -> None:
    attempt = bridge.cameras[ENTRY_ID].attempt
    inspect = AsyncMock(side_effect=ask.ErrandError("invalid_auth"))
    with patch.object(ask, "inspect", inspect):
        refuse(bridge)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert len(reauth_flows(hass)) == 1
        bridge.cameras.clear()
        bridge.sent.clear()
        bridge.begin()
        await later(hass, 10 * LAST_WAIT)
        await hass.config_entries.async_reload(ENTRY_ID)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert bridge.cameras == {}
        assert not [one for one in bridge.sent if isinstance(one, WatchCamera)]
        assert len(reauth_flows(hass)) == 1
        inspect.assert_awaited_once()
    status = hass.states.get("sensor.front_door_stream_status")
    assert status is not None
    assert status.state == "unauthorized"
    # Live view would use it, too.
    assert await async_get_stream_source(hass, "camera.front_door") is None
    data = {**camera.data, CONF_PASSWORD: password}
    del data[CONF_REFUSED]
    hass.config_entries.async_update_entry(camera, data=data)
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert bridge.cameras[ENTRY_ID].source.credentials.password == password
    assert bridge.cameras[ENTRY_ID].attempt > attempt


async def test_a_refused_login_is_not_used_after_a_restart_either(
    hass: HomeAssistant, detector: None, bridges: list[FakeBridge]
) -> None:
    entry = make_entry(data={**entry_data(), CONF_REFUSED: True})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert bridges[0].cameras == {}
    assert len(reauth_flows(hass)) == 1
    status = hass.states.get("sensor.front_door_stream_status")
    assert status is not None
    assert status.state == "unauthorized"


async def test_further_cameras_are_searched_for_soon_and_now_and_then(
    hass: HomeAssistant, detector: None, freezer: FrozenDateTimeFactory
) -> None:
    with (
        patch("custom_components.porchlight.runtime.owner.Bridge", FakeBridge),
        patch("custom_components.porchlight.runtime.owner.async_search") as search,
    ):
        entry = make_entry()
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(ENTRY_ID)
        await hass.async_block_till_done()
        search.assert_not_called()
        freezer.tick(FIRST_SEARCH + 1)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        assert search.await_count == 1
        freezer.tick(SEARCH_INTERVAL)
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        assert search.await_count == 2
        await hass.config_entries.async_unload(ENTRY_ID)
        freezer.tick(SEARCH_INTERVAL)
        async_fire_time_changed(hass, dt_util.utcnow())
        await hass.async_block_till_done()
        assert search.await_count == 2


async def test_a_search_offers_only_cameras_that_are_not_set_up(
    hass: HomeAssistant, camera: MockConfigEntry, mock_network: None
) -> None:
    known = Found(host="10.0.0.9", port=80, mac=MAC)
    new = Found(host="10.0.0.10", port=80, endpoint="new", name="Shed")
    by_address = Found(host="192.168.1.20", port=80)
    with (
        patch.object(ask, "scan", AsyncMock(return_value=[known, new, by_address])) as scan,
        patch.object(moves, "_async_listens", AsyncMock(return_value=True)),
    ):
        await async_search(hass)
        await async_search(hass)
        await hass.async_block_till_done(wait_background_tasks=True)
    (sources,) = scan.await_args_list[0].args
    assert sources
    assert all(":" not in source for source in sources)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    assert flow["context"]["title_placeholders"] == {"name": "Shed"}


async def test_a_failed_search_does_no_harm(
    hass: HomeAssistant, camera: MockConfigEntry, mock_network: None
) -> None:
    error = ask.ErrandError("no_interface")
    with patch.object(ask, "scan", AsyncMock(side_effect=error)):
        await async_search(hass)
    assert hass.config_entries.flow.async_progress() == []


async def test_diagnostics_contain_nothing_private(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.up()
    bridge.people(1)
    bridge.listener(
        EngineReady(
            engine="litert",
            version="2.3.0",
            path="/home/x/m.tflite",
            family="yolox",
            side=416,
            inference_ms=21.0,
        )
    )
    area = {"id": "m1", "kind": "mask", "name": "Mr Smith", "points": [[0, 0]], "stay": 0}
    hass.config_entries.async_update_entry(camera, options={**camera.options, "areas": [area]})
    reported = await async_get_config_entry_diagnostics(hass, camera)
    assert reported["state"]["people"] == 1
    assert reported["detector"]["state"]["engine"]["inference_ms"] == 21.0
    assert reported["worker_running"] is True
    text = str(reported)
    for secret in ("192.168.1.20", "p@ss", "viewer", MAC, "S123", "/home/x", "0b6f1b1c", "Smith"):
        assert secret not in text
    assert reported["entry"]["data"]["password"] == REDACTED


async def test_reports_of_unknown_cameras_are_ignored(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.status("nobody", people=3)
    for _ in range(3):
        bridge.listener(WorkerDown(detail="SIGSEGV", culprit=Culprit("nobody")))
    assert not ir.async_get(hass).issues
