"""A camera's streams: how they are reached, and what happens when one stays away."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.recovery import FIRST_WAIT, LAST_WAIT, LOOKS_EVERY
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import Link, StreamDown, StreamUp, Transport

from .conftest import ENTRY_ID, FakeBridge, frame, later, make_entry, profile, report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.porchlight.onvif.values import CameraReport
    from custom_components.porchlight.worker.messages import FrameTaken, Source

SUB, MAIN = "rtsp://192.168.1.20:554/sub", "rtsp://192.168.1.20:554/main"
# Longer than the jitter makes the first wait.
SOON = 2 * FIRST_WAIT


class Device:
    """The camera's answers; what does not play is in `broken`, by the end of its address."""

    def __init__(self) -> None:
        self.report: CameraReport | Exception = report()
        self.broken: dict[str, str] = {}
        self.opened: list[Source] = []
        self.asked = 0

    async def inspect(self, *_args: Any, **_more: Any) -> CameraReport:
        self.asked += 1
        if isinstance(self.report, Exception):
            raise self.report
        return self.report

    async def first_frame(self, source: Source) -> FrameTaken:
        self.opened.append(source)
        if reason := self.broken.get(source.url.rpartition("/")[2]):
            raise ask.ErrandError(reason)
        return frame()


@pytest.fixture
def device() -> Iterator[Device]:
    one = Device()
    with (
        patch.object(ask, "inspect", one.inspect),
        patch.object(ask, "first_frame", one.first_frame),
    ):
        yield one


def watched(bridge: FakeBridge) -> Source:
    return bridge.cameras[ENTRY_ID].source


def down(bridge: FakeBridge, problem: StreamProblem = StreamProblem.NOT_FOUND) -> None:
    bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=problem))


def up(bridge: FakeBridge, **link: Any) -> None:
    bridge.listener(
        StreamUp(camera_id=ENTRY_ID, codec="h264", width=640, height=360, link=Link(**link))
    )


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"substitute_{ENTRY_ID}")


async def begin(hass: HomeAssistant, bridges: list[FakeBridge], **data: Any) -> MockConfigEntry:
    entry = make_entry()
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, **data})
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


class TestProtection:
    async def test_what_was_used_at_first_is_demanded_later(
        self, hass: HomeAssistant, bridges: list[FakeBridge]
    ) -> None:
        entry = await begin(hass, bridges, link=None)
        (bridge,) = bridges
        assert watched(bridge).basic
        assert watched(bridge).certificate is None
        up(bridge, certificate="ab" * 32)
        assert entry.data["link"] == asdict(Link(certificate="ab" * 32))
        await hass.config_entries.async_reload(entry.entry_id)
        assert not watched(bridge).basic
        assert watched(bridge).certificate == "ab" * 32

    async def test_protection_is_never_taken_back(
        self, hass: HomeAssistant, bridges: list[FakeBridge]
    ) -> None:
        known = Link(certificate="ab" * 32)
        entry = await begin(hass, bridges, link=asdict(known))
        up(bridges[0], certificate=None, basic=True)
        assert entry.data["link"] == asdict(known)

    async def test_a_camera_that_only_knows_basic_keeps_it_until_it_knows_more(
        self, hass: HomeAssistant, bridges: list[FakeBridge]
    ) -> None:
        entry = await begin(hass, bridges, link=asdict(Link(basic=True)))
        (bridge,) = bridges
        assert watched(bridge).basic
        up(bridge, basic=True)
        assert entry.data["link"]["basic"]
        up(bridge, basic=False)
        assert not entry.data["link"]["basic"]

    async def test_live_view_is_no_less_protected(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        live = camera.runtime_data.live_source
        assert live is not None
        assert (live.url, live.basic) == (MAIN, False)


class TestTransport:
    async def test_udp_is_remembered_until_it_no_longer_works(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        assert watched(bridge).transport is Transport.AUTO
        up(bridge, transport=Transport.UDP)
        await hass.config_entries.async_reload(camera.entry_id)
        assert watched(bridge).transport is Transport.UDP
        down(bridge, StreamProblem.UNSUPPORTED_TRANSPORT)
        assert watched(bridge).transport is Transport.AUTO

    async def test_the_user_s_choice_is_kept(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge
    ) -> None:
        hass.config_entries.async_update_entry(camera, options={"transport": "udp"})
        up(bridge, transport=Transport.TCP)
        await hass.config_entries.async_reload(camera.entry_id)
        assert watched(bridge).transport is Transport.UDP


class TestRecovery:
    async def test_a_stream_that_moved_is_followed(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        moved = [
            profile(name, uri=f"rtsp://192.168.1.20:8554/new/{name}") for name in ("main", "sub")
        ]
        device.report = report(profiles=tuple(moved), analyse=moved[0], record=moved[0])
        down(bridge)
        assert device.asked == 0
        await later(hass, SOON)
        assert device.asked == 1
        assert watched(bridge).url == moved[1].uri
        assert camera.data["live_stream"] == moved[0].uri
        assert device.opened == []
        assert issue(hass) is None

    async def test_another_stream_stands_in_until_the_first_plays_again(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"sub": "not_found"}
        down(bridge)
        await later(hass, SOON)
        assert watched(bridge).url == MAIN
        assert issue(hass) is not None
        up(bridge)
        await later(hass, LAST_WAIT * 2)
        assert watched(bridge).url == MAIN
        device.broken = {}
        await later(hass, LAST_WAIT * 2 + LOOKS_EVERY + 1)
        assert watched(bridge).url == SUB
        assert issue(hass) is None

    async def test_where_nothing_plays_nothing_changes(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"sub": "not_found", "main": "not_found"}
        sent = len(bridge.sent)
        down(bridge)
        await later(hass, SOON)
        assert device.asked == 1
        assert [source.url for source in device.opened] == [MAIN]
        assert len(bridge.sent) == sent
        assert issue(hass) is None
        # It is asked again, later.
        await later(hass, SOON + 4 * FIRST_WAIT)
        assert device.asked == 2

    async def test_only_what_shows_the_same_stands_in(
        self, hass: HomeAssistant, bridges: list[FakeBridge], device: Device
    ) -> None:
        north, south = profile("sub", view="north"), profile("main", view="south")
        await begin(hass, bridges, profiles=[asdict(north), asdict(south)])
        device.report = report(profiles=(north, south), analyse=north, record=north)
        down(bridges[0])
        await later(hass, SOON)
        assert device.opened == []

    async def test_a_stream_that_comes_back_is_left_alone(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        down(bridge)
        up(bridge)
        await later(hass, SOON)
        assert (device.asked, device.opened) == (0, [])

    @pytest.mark.parametrize(
        "problem",
        [
            StreamProblem.TOO_MANY_VIEWERS,
            StreamProblem.CERTIFICATE,
            StreamProblem.CLEAR_TEXT,
        ],
    )
    async def test_what_other_streams_would_not_change_is_not_asked(
        self,
        hass: HomeAssistant,
        camera: MockConfigEntry,
        bridge: FakeBridge,
        device: Device,
        problem: StreamProblem,
    ) -> None:
        down(bridge, problem)
        await later(hass, SOON)
        assert (device.asked, device.opened) == (0, [])

    async def test_a_wrong_login_is_used_once_and_asked_for(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.report = ask.ErrandError("invalid_auth")
        down(bridge)
        await later(hass, SOON)
        await later(hass, LAST_WAIT * 2)
        assert device.asked == 1
        assert camera.data["refused"]
        flows = hass.config_entries.flow.async_progress()
        assert [flow["context"]["source"] for flow in flows] == ["reauth"]

    async def test_a_stream_that_refuses_the_login_is_not_tried_on_and_on(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"sub": "not_found", "main": "unauthorized"}
        down(bridge)
        await later(hass, SOON)
        assert len(device.opened) == 1
        # The camera was asked whether the login is wrong.
        assert device.asked == 2
        await later(hass, SOON)
        assert len(device.opened) == 1

    @pytest.mark.parametrize("error", ["cannot_connect", "timeout"])
    async def test_a_camera_that_is_off_is_asked_at_growing_intervals(
        self,
        hass: HomeAssistant,
        camera: MockConfigEntry,
        bridge: FakeBridge,
        device: Device,
        error: str,
    ) -> None:
        device.report = ask.ErrandError(error)
        down(bridge, StreamProblem.UNREACHABLE)
        passed = 0.0
        for _ in range(30):
            passed += LAST_WAIT
            down(bridge, StreamProblem.UNREACHABLE)
            await later(hass, passed)
        # Not more often than every half hour in the end: the jitter may be a third.
        assert 10 <= device.asked <= 30
        assert device.opened == []

    async def test_a_reload_keeps_what_stands_in(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"sub": "not_found"}
        down(bridge)
        await later(hass, SOON)
        await hass.config_entries.async_reload(camera.entry_id)
        assert watched(bridge).url == MAIN
        assert issue(hass) is not None

    async def test_nothing_is_asked_after_the_camera_is_gone(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        down(bridge)
        await hass.config_entries.async_remove(camera.entry_id)
        await later(hass, SOON)
        assert device.asked == 0


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
        assert words["reason"] == "Not reachable"
        assert camera.options == {"pictures": True}

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
