"""A camera's streams: how they are reached, and what happens when one stays away."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.recovery import FIRST_WAIT, LAST_WAIT, LOOKS_EVERY
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import Link, StreamDown, StreamUp, Transport

from .conftest import ENTRY_ID, Device, FakeBridge, later, make_entry, profile, report

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry

    from custom_components.porchlight.onvif.values import CameraReport
    from custom_components.porchlight.worker.messages import Source

SUB, MAIN = "rtsp://192.168.1.20:554/sub", "rtsp://192.168.1.20:554/main"
# Longer than the jitter makes the first wait.
SOON = 2 * FIRST_WAIT


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
        live = bridge.cameras[camera.entry_id].live
        assert live is not None
        assert (live.source.url, live.source.basic) == (MAIN, False)


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

    async def test_a_login_that_onvif_refuses_is_asked_with_once(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.report = ask.ErrandError("invalid_auth")
        down(bridge)
        await later(hass, SOON)
        assert device.asked == 1
        for number in range(1, 12):
            down(bridge)
            await later(hass, number * LAST_WAIT * 2)
        assert device.asked == 1
        # The stream decides whether the login is wrong: ONVIF's accounts may be others.
        assert "refused" not in camera.data
        up(bridge)
        assert hass.states.get("binary_sensor.front_door_stream").state == "on"  # type: ignore[union-attr]
        # Another login is tried.
        device.report = report()
        hass.config_entries.async_update_entry(camera, data={**camera.data, "password": "new"})
        down(bridge)
        await later(hass, 30 * LAST_WAIT)
        assert device.asked == 2

    async def test_a_login_that_both_refuse_is_asked_for_without_another_question(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.report = ask.ErrandError("invalid_auth")
        down(bridge)
        await later(hass, SOON)
        down(bridge, StreamProblem.UNAUTHORIZED)
        await hass.async_block_till_done(wait_background_tasks=True)
        assert device.asked == 1
        assert camera.data["refused"]
        flows = hass.config_entries.flow.async_progress()
        assert [flow["context"]["source"] for flow in flows] == ["reauth"]

    async def test_a_stream_that_refuses_the_login_ends_the_search(
        self, hass: HomeAssistant, bridges: list[FakeBridge], device: Device
    ) -> None:
        others = tuple(profile(f"other{number}") for number in range(5))
        profiles = (profile("sub"), *others)
        await begin(hass, bridges, profiles=[asdict(one) for one in profiles])
        device.report = report(profiles=profiles)
        device.broken = {one.token: "unauthorized" for one in others}
        down(bridges[0])
        await later(hass, SOON)
        assert len(device.opened) == 1
        # The camera was asked whether the login is wrong.
        assert device.asked == 2
        await later(hass, SOON)
        assert len(device.opened) == 1

    async def test_a_late_refusal_of_the_old_login_says_nothing_of_the_new_one(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        asked, answer = asyncio.Event(), asyncio.Event()

        async def slow(*_args: Any, **_more: Any) -> CameraReport:
            asked.set()
            await answer.wait()
            raise ask.ErrandError("invalid_auth")

        with patch.object(ask, "inspect", slow):
            down(bridge)
            async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=SOON))
            await asked.wait()
            hass.config_entries.async_update_entry(camera, data={**camera.data, "password": "new"})
            answer.set()
            await hass.async_block_till_done(wait_background_tasks=True)
        assert "refused" not in camera.data
        down(bridge)
        await later(hass, LAST_WAIT)
        assert device.asked == 1

    async def test_after_a_refusal_in_between_the_first_stream_still_comes_back(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"sub": "not_found"}
        down(bridge)
        await later(hass, SOON)
        up(bridge)
        device.broken = {"sub": "unauthorized"}
        await later(hass, 2 * LAST_WAIT)
        device.broken = {}
        await later(hass, 2 * LAST_WAIT + 2 * LOOKS_EVERY)
        await later(hass, 2 * LAST_WAIT + 4 * LOOKS_EVERY)
        assert watched(bridge).url == SUB

    async def test_another_lens_never_stands_in_for_one_whose_profiles_were_renamed(
        self, hass: HomeAssistant, bridges: list[FakeBridge], device: Device
    ) -> None:
        lens = profile("two", source="second", view="second")
        entry = await begin(
            hass, bridges, profiles=[asdict(lens)], stream=lens.uri, live_stream=lens.uri
        )
        first = profile("sub", source="first", view="first")
        renamed = profile("2b", source="second", view="second")
        device.report = report(profiles=(first,), analyse=first, record=first)
        down(bridges[0])
        await later(hass, SOON)
        assert entry.data["stream"] == lens.uri
        entry_profiles = {**entry.data, "profiles": [asdict(lens)]}
        hass.config_entries.async_update_entry(entry, data=entry_profiles)
        device.report = report(profiles=(first, renamed), analyse=first, record=first)
        down(bridges[0])
        await later(hass, 20 * LAST_WAIT)
        assert entry.data["stream"] == renamed.uri

    async def test_a_removed_or_disabled_camera_leaves_no_issue(
        self, hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, device: Device
    ) -> None:
        device.broken = {"sub": "not_found"}
        down(bridge)
        await later(hass, SOON)
        assert issue(hass)
        await hass.config_entries.async_set_disabled_by(camera.entry_id, ConfigEntryDisabler.USER)
        await hass.async_block_till_done()
        assert issue(hass) is None

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
