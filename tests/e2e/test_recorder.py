"""A simulated recorder with three channels, through the real flows and worker."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import (
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_REAUTH,
    SOURCE_USER,
)
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.runtime.entries import camera_entries
from simulator import CameraSpec, Simulator
from tests.worker.support import PASSWORD, PATIENCE, write_clip

from .test_camera_events import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from simulator import Camera

CHANNELS = 3


@pytest.fixture
async def recorder(socket_enabled: None, tmp_path: Path) -> AsyncIterator[Camera]:
    clip = await asyncio.to_thread(write_clip, tmp_path / "clip.mp4", 2)
    spec = CameraSpec(video=clip, name="Recorder", password=PASSWORD, channels=CHANNELS)
    async with Simulator([spec], cache=tmp_path, discovery=False) as simulator:
        yield simulator.cameras[0]


@pytest.fixture
def no_detector() -> Iterator[None]:
    with patch(
        "custom_components.porchlight.detection.choice.DetectorSetup.async_prepare",
        return_value=None,
    ):
        yield


async def settled(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait until a flow shows no progress any more."""
    async with asyncio.timeout(PATIENCE):
        while result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
            await asyncio.sleep(0.05)
            result = await hass.config_entries.flow.async_configure(result["flow_id"])
    return result


async def answer(hass: HomeAssistant, flow_id: str, **data: Any) -> ConfigFlowResult:
    flow = hass.config_entries.flow
    return await settled(hass, await flow.async_configure(flow_id, data))


async def add_all(hass: HomeAssistant, recorder: Camera) -> None:
    """Add the first channel by its address, and the others as they are offered."""
    login = {"username": recorder.spec.username, "password": PASSWORD}
    with patch("custom_components.porchlight.config_flow.async_scan", return_value=[]):
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await settled(hass, result)
    result = await answer(hass, result["flow_id"], camera="enter_address")
    address = f"{recorder.host}:{recorder.port}"
    result = await answer(hass, result["flow_id"], address=address, **login)
    assert result["step_id"] == "confirm"
    await answer(hass, result["flow_id"], name="Recorder", pictures=True)
    await until(lambda: len(offered(hass)) == CHANNELS - 1)
    for number, flow_id in enumerate(offered(hass), 2):
        result = await answer(hass, flow_id)
        assert result["step_id"] == "confirm"
        result = await answer(hass, flow_id, name=f"Recorder {number}", pictures=True)
        assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


def offered(hass: HomeAssistant) -> list[str]:
    return [
        flow["flow_id"]
        for flow in hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY
    ]


def playing(hass: HomeAssistant) -> int:
    """How many channels are watched."""
    return sum(
        getattr(entry, "runtime_data", None) is not None
        and entry.runtime_data.data.connected is True
        for entry in camera_entries(hass)
    )


async def test_all_channels_are_added_and_watched_and_gone_with_the_recorder(
    house: HomeAssistant, no_detector: None, recorder: Camera
) -> None:
    hass = house
    await add_all(hass, recorder)
    first, *others = camera_entries(hass)
    assert [one.title for one in others] == ["Recorder 2", "Recorder 3"]
    await until(lambda: playing(hass) == CHANNELS)
    devices = dr.async_get(hass)
    (above,) = dr.async_entries_for_config_entry(devices, first.entry_id)
    for one in others:
        (device,) = dr.async_entries_for_config_entry(devices, one.entry_id)
        assert device.via_device_id == above.id
    await hass.config_entries.async_remove(first.entry_id)
    await hass.async_block_till_done()
    assert not camera_entries(hass)
    await until(lambda: recorder.state().clients == 0)


async def test_a_changed_password_is_refused_once_by_each_service_whatever_the_number_of_channels(
    house: HomeAssistant, no_detector: None, recorder: Camera
) -> None:
    hass = house
    await add_all(hass, recorder)
    await until(lambda: playing(hass) == CHANNELS)
    before = recorder.state()
    recorder.set_password("another")
    recorder.drop_rtsp()

    def asked() -> list[str]:
        flows = hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return [one["flow_id"] for one in flows if one["context"]["source"] == SOURCE_REAUTH]

    await until(lambda: len(asked()) == 1)
    await until(lambda: playing(hass) == 0)
    after = recorder.state()
    assert after.refused_logins - before.refused_logins == 1
    assert after.refused_calls - before.refused_calls == 1
    (flow_id,) = asked()
    await hass.config_entries.flow.async_configure(flow_id)
    address = f"{recorder.host}:{recorder.port}"
    login = {"username": recorder.spec.username, "password": "another"}
    result = await answer(hass, flow_id, address=address, **login)
    assert result["reason"] == "reauth_successful"
    await until(lambda: playing(hass) == CHANNELS)
    assert recorder.state().refused_logins == after.refused_logins
    assert recorder.state().refused_calls == after.refused_calls
