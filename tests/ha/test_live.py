from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING
from unittest.mock import AsyncMock, create_autospec, patch

import pytest
from homeassistant.components.camera import async_get_stream_source
from homeassistant.components.camera.const import CAMERA_STREAM_SOURCE_TIMEOUT
from homeassistant.components.camera.helper import get_camera_from_entity_id
from homeassistant.components.camera.prefs import DynamicStreamSettings
from homeassistant.components.stream import Stream

from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.bridge import WorkerDown
from custom_components.porchlight.runtime.live import PATIENCE
from custom_components.porchlight.runtime.login import FIRST_WAIT
from custom_components.porchlight.worker.messages import Link, LiveRefused, Transport

from .conftest import ENTRY_ID, FakeBridge, entry_data, later, make_entry, report
from .test_init import reauth_flows, refuse

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

CAMERA = "camera.front_door"


async def test_players_are_sent_to_the_worker_and_the_worker_to_the_main_stream(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    live = bridge.cameras[ENTRY_ID].live
    assert live is not None
    assert live.source.url == "rtsp://192.168.1.20:554/main"
    assert live.source.credentials.username == "viewer"
    assert len(live.path) >= 32
    bridge.live()
    assert await async_get_stream_source(hass, CAMERA) == f"rtsp://127.0.0.1:8555/{live.path}"
    await hass.config_entries.async_reload(ENTRY_ID)
    await hass.async_block_till_done()
    assert bridge.cameras[ENTRY_ID].live == live


async def test_live_view_waits_a_moment_for_the_worker(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    asked = hass.async_create_task(async_get_stream_source(hass, CAMERA))
    await asyncio.sleep(0)
    assert not asked.done()
    bridge.live(port=8666)
    source = await asked
    assert source is not None
    assert source.startswith("rtsp://127.0.0.1:8666/")
    bridge.listener(WorkerDown(detail="SIGKILL"))
    with patch("custom_components.porchlight.runtime.live.PATIENCE", 0.01):
        assert await async_get_stream_source(hass, CAMERA) is None


def test_home_assistant_waits_longer_than_we_do() -> None:
    # Its own timeout is an error, at which it preloads no further camera of any integration.
    assert PATIENCE <= CAMERA_STREAM_SOURCE_TIMEOUT / 2


async def test_live_view_follows_the_worker_to_its_new_port(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.live()
    entity = get_camera_from_entity_id(hass, CAMERA)
    source = await entity.stream_source()
    assert source is not None
    stream = entity.stream = create_autospec(Stream, instance=True)
    stream.source = source
    bridge.up()
    bridge.listener(WorkerDown(detail="SIGKILL"))
    await hass.async_block_till_done()
    assert stream.source == source
    bridge.begin()
    bridge.live(port=8666)
    assert stream.source == source.replace("8555", "8666")
    # One that waits for its next try would end, and one that is started later would never do so.
    stream.update_source.assert_not_called()
    stream.stop.assert_not_called()


@pytest.mark.parametrize(
    ("link", "options", "expected"),
    [
        (Transport.TCP, {}, "auto"),
        (Transport.UDP, {}, "udp"),
        (Transport.UDP, {"transport": "tcp"}, "tcp"),
        (Transport.TCP, {"transport": "udp"}, "udp"),
    ],
)
async def test_the_worker_receives_the_live_stream_as_the_camera_sends_it(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    link: Transport,
    options: dict[str, str],
    expected: str,
) -> None:
    make_entry(data=entry_data(link=asdict(Link(transport=link))), options=options).add_to_hass(
        hass
    )
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    live = bridges[0].cameras[ENTRY_ID].live
    assert live is not None
    assert live.source.transport == expected
    # The worker serves it in one way.
    assert get_camera_from_entity_id(hass, CAMERA).stream_options == {"rtsp_transport": "tcp"}


async def test_live_view_with_a_refused_login_ends(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
) -> None:
    bridge.live()
    entity = get_camera_from_entity_id(hass, "camera.front_door")
    stream = entity.stream = create_autospec(Stream, instance=True)
    stream.source = await entity.stream_source()
    preloaded = stream.dynamic_stream_settings = DynamicStreamSettings(preload_stream=True)
    bridge.up()
    assert entity.stream is stream
    with patch.object(ask, "inspect", AsyncMock(side_effect=ask.ErrandError("invalid_auth"))):
        refuse(bridge)
        await hass.async_block_till_done(wait_background_tasks=True)
    stream.stop.assert_awaited_once()
    assert entity.stream is None
    # Others that were given its address are not served either.
    assert bridge.cameras[ENTRY_ID].live is None
    # Home Assistant keeps one that is preloaded; the user's choice stays for the next one.
    assert not stream.dynamic_stream_settings.preload_stream
    assert preloaded.preload_stream


@pytest.mark.parametrize("right", [True, False])
async def test_a_login_that_live_view_is_refused_with_is_asked_for_over_onvif(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, right: bool
) -> None:
    bridge.up()
    attempt = bridge.cameras[ENTRY_ID].attempt
    answer = (
        {"return_value": report()} if right else {"side_effect": ask.ErrandError("invalid_auth")}
    )
    with patch.object(ask, "inspect", AsyncMock(**answer)) as inspect:
        bridge.listener(LiveRefused(camera_id=ENTRY_ID))
        assert bridge.cameras[ENTRY_ID].live is None
        assert await async_get_stream_source(hass, "camera.front_door") is None
        await hass.async_block_till_done(wait_background_tasks=True)
        await later(hass, 1.3 * FIRST_WAIT + 1)
    inspect.assert_awaited_once()
    # What plays goes on.
    status = hass.states.get("sensor.front_door_stream_status")
    assert status is not None
    assert status.state == "connected"
    assert len(reauth_flows(hass)) == (not right)
    assert (bridge.cameras[ENTRY_ID].live is not None) is right
    assert (bridge.cameras[ENTRY_ID].attempt > attempt) is right
