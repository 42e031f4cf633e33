"""The options in which a camera's streams are chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.data_entry_flow import FlowResultType

from custom_components.porchlight.runtime import ask
from custom_components.porchlight.worker.messages import Transport

from .conftest import Device, FakeBridge, report
from .test_streams import begin, watched

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry


SUB, MAIN = "rtsp://192.168.1.20:554/sub", "rtsp://192.168.1.20:554/main"


class TestOptions:
    async def start(self, hass: HomeAssistant, camera: MockConfigEntry) -> ConfigFlowResult:
        flow = hass.config_entries.options
        result = await flow.async_init(camera.entry_id)
        assert "streams" in result["menu_options"]
        return await flow.async_configure(result["flow_id"], {"next_step_id": "streams"})

    async def choose(
        self, hass: HomeAssistant, result: ConfigFlowResult, **choice: str
    ) -> ConfigFlowResult:
        data = {"analysed": "best", "live": "best", "transport": "auto", **choice}
        result = await hass.config_entries.options.async_configure(result["flow_id"], data)
        await hass.async_block_till_done()
        return result

    async def test_the_streams_are_listed_and_chosen(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        result = await self.start(hass, camera)
        schema = result["data_schema"]
        assert schema is not None
        labels = {
            option["value"]: option["label"]
            for option in schema.schema["analysed"].config["options"]
        }
        assert labels == {
            "main": "main · 1920x1080 H264, 10 fps",
            "sub": "sub · 640x360 H264, 10 fps",
            "best": "best",
        }
        assert device.asked == 0
        result = await self.choose(hass, result, analysed="main", live="sub", transport="tcp")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert (camera.data["stream"], camera.data["live_stream"]) == (MAIN, SUB)
        assert (watched(bridge).url, watched(bridge).transport) == (MAIN, Transport.TCP)
        assert {source.transport for source in device.opened} == {Transport.TCP}
        assert camera.options == {
            "pictures": True, "analysed": "main", "live": "sub", "transport": "tcp",
        }  # fmt: skip
        result = await self.choose(hass, await self.start(hass, camera))
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert (camera.data["stream"], camera.data["live_stream"]) == (SUB, MAIN)
        assert camera.options == {"pictures": True}

    async def test_what_cannot_be_played_is_not_chosen(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"main": "unsupported_codec"}
        result = await self.start(hass, camera)
        for field in ("analysed", "live"):
            result = await self.choose(hass, result, **{field: "main"})
            assert result["errors"] == {field: "not_played"}
        words = result["description_placeholders"]
        assert words is not None
        assert words["reason"]
        assert (camera.data["stream"], camera.data["live_stream"]) == (SUB, MAIN)

    async def test_a_camera_that_does_not_answer_keeps_its_streams(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.report = ask.ErrandError("unreachable")
        result = await self.choose(hass, await self.start(hass, camera), analysed="main")
        assert result["errors"] == {"base": "not_played"}
        words = result["description_placeholders"]
        assert words is not None
        assert words["reason"].startswith("Failed to connect to the video stream")
        assert camera.options == {"pictures": True}

    async def test_a_refused_login_is_not_used(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        hass.config_entries.async_update_entry(
            camera, data={**camera.data, "refused": True, "profiles": []}
        )
        result = await self.start(hass, camera)
        for _ in range(3):
            result = await self.choose(hass, result)
            assert result["errors"] == {"base": "login_refused"}
        assert (device.asked, device.opened) == (0, [])

    async def test_why_the_live_stream_is_not_played_is_said(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"main": "too_many_viewers"}
        result = await self.choose(hass, await self.start(hass, camera), live="main")
        words = result["description_placeholders"]
        assert words is not None
        assert words["reason"].startswith("The camera allows no more viewers")

    async def test_what_should_be_analyzed_is_kept_while_it_does_not_play(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"sub": "broken"}
        result = await self.choose(hass, await self.start(hass, camera))
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert camera.data["stream"] == SUB

    async def test_a_camera_that_was_added_long_ago_is_asked_for_its_streams(
        self, hass: HomeAssistant, bridges: list[FakeBridge], device: Device
    ) -> None:
        camera = await begin(hass, bridges, profiles=[])
        device.report = ask.ErrandError("cannot_connect")
        result = await self.start(hass, camera)
        assert result["errors"] == {"base": "not_asked"}
        device.report = report()
        result = await self.choose(hass, await self.start(hass, camera), analysed="main")
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert camera.data["stream"] == MAIN

    async def test_a_choice_survives_a_new_login(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        await self.choose(hass, await self.start(hass, camera), analysed="main")
        device.opened.clear()
        result = await camera.start_reauth_flow(hass)
        flow = hass.config_entries.flow
        result = await flow.async_configure(
            result["flow_id"], {"address": "192.168.1.20", "username": "u", "password": "new"}
        )
        while result["type"] is not FlowResultType.ABORT:
            await hass.async_block_till_done()
            result = await flow.async_configure(result["flow_id"])
        assert result["reason"] == "reauth_successful"
        assert camera.data["password"] == "new"
        assert camera.data["stream"] == MAIN
        # A new login is for the same camera.
        assert not any(source.basic for source in device.opened)
