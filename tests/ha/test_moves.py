"""A camera's login goes to another address only if the user agrees."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.config_entries import SOURCE_DHCP, SOURCE_INTEGRATION_DISCOVERY
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo
from homeassistant.setup import async_setup_component

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.onvif.values import Found
from custom_components.porchlight.runtime import ask, moves
from custom_components.porchlight.runtime.issues import create_stream_issue
from custom_components.porchlight.runtime.search import MAX_OFFERS, async_search
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import Link
from simulator.certificate import self_signed

from .conftest import ENTRY_ID, MAC, FakeBridge, entry_data, frame, report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

    from custom_components.porchlight.runtime.address import Address

ISSUE = f"camera_moved_{ENTRY_ID}"
NEW = "192.168.1.77"


@pytest.fixture(autouse=True)
async def network(mock_network: None, camera: MockConfigEntry) -> None:
    """A camera that is set up."""


@pytest.fixture
def listening() -> AsyncIterator[set[tuple[str, int]]]:
    """The addresses that accept connections."""
    accepting: set[tuple[str, int]] = set()

    async def listens(host: str, port: int) -> bool:
        return (host, port) in accepting

    with patch.object(moves, "_async_listens", listens):
        yield accepting


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, ISSUE)


async def search(hass: HomeAssistant, *found: Found) -> None:
    with patch.object(ask, "scan", AsyncMock(return_value=list(found))):
        await async_search(hass)
    await hass.async_block_till_done(wait_background_tasks=True)


async def dhcp(hass: HomeAssistant, mac: str = MAC) -> str:
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_DHCP},
        data=DhcpServiceInfo(ip=NEW, hostname="cam", macaddress=mac.replace(":", "")),
    )
    return str(result["reason"])


def moved(**changes: Any) -> Found:
    return Found(**{"host": NEW, "port": 80, "mac": MAC, "model": "Eye 3"} | changes)


@pytest.mark.parametrize("port", [80, 554], ids=["onvif", "rtsp"])
@pytest.mark.parametrize("how", [search, dhcp])
async def test_a_forged_answer_moves_nothing_while_the_camera_is_where_it_was(
    hass: HomeAssistant,
    camera: MockConfigEntry,
    listening: set[tuple[str, int]],
    how: Any,
    port: int,
) -> None:
    listening.add(("192.168.1.20", port))
    before = dict(camera.data)
    with patch.object(ask, "inspect", AsyncMock()) as inspect:
        await (search(hass, moved()) if how is search else dhcp(hass))
    inspect.assert_not_called()
    assert camera.data == before
    assert issue(hass) is None
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.parametrize("how", [search, dhcp])
async def test_of_a_camera_that_is_gone_the_user_is_asked_before_its_login_goes_elsewhere(
    hass: HomeAssistant, camera: MockConfigEntry, listening: set[tuple[str, int]], how: Any
) -> None:
    before = dict(camera.data)
    with patch.object(ask, "inspect", AsyncMock()) as inspect:
        await (search(hass, moved()) if how is search else dhcp(hass))
    inspect.assert_not_called()
    assert camera.data == before
    found = issue(hass)
    assert found is not None
    assert found.translation_placeholders == {
        "name": "Front door",
        "before": "192.168.1.20",
        "host": NEW,
    }


async def test_a_camera_that_is_off_for_long_may_have_lost_its_address_to_another_device(
    hass: HomeAssistant, camera: MockConfigEntry, listening: set[tuple[str, int]]
) -> None:
    listening.add(("192.168.1.20", 80))
    create_stream_issue(hass, camera, StreamProblem.UNREACHABLE)
    await search(hass, moved())
    assert issue(hass) is not None
    assert camera.data["host"] == "192.168.1.20"


async def test_however_many_say_it_the_known_address_is_tried_once(
    hass: HomeAssistant, camera: MockConfigEntry
) -> None:
    listens = AsyncMock(return_value=True)
    forged = [moved(host=f"192.168.1.{number}") for number in range(100, 120)]
    with patch.object(moves, "_async_listens", listens):
        await search(hass, *forged)
    assert sorted(call.args for call in listens.await_args_list) == [
        ("192.168.1.20", 80),
        ("192.168.1.20", 554),
    ]
    assert issue(hass) is None


async def test_dhcp_leaves_other_devices_alone(
    hass: HomeAssistant, listening: set[tuple[str, int]]
) -> None:
    assert await dhcp(hass) == "already_configured"
    assert await dhcp(hass, "00:11:22:33:44:55") == "not_ours"


async def test_the_issue_goes_when_the_camera_is_back(
    hass: HomeAssistant, bridge: FakeBridge, listening: set[tuple[str, int]]
) -> None:
    await search(hass, moved())
    assert issue(hass) is not None
    bridge.up()
    assert issue(hass) is None


async def test_a_camera_with_tls_keeps_it_and_its_port(
    hass: HomeAssistant, camera: MockConfigEntry, listening: set[tuple[str, int]]
) -> None:
    data = {**entry_data(), "port": 8443, "ssl": True, "onvif_path": "/x"}
    hass.config_entries.async_update_entry(camera, data=data)
    await search(hass, moved(port=80))
    found = issue(hass)
    assert found is not None
    place = {"host": NEW, "port": 8443, "ssl": True, "onvif_path": "/x"}
    assert found.data == {"entry_id": ENTRY_ID, **place}
    ir.async_delete_issue(hass, DOMAIN, ISSUE)
    await dhcp(hass)
    found = issue(hass)
    assert found is not None
    assert found.data == {"entry_id": ENTRY_ID, **place}


@pytest.fixture
async def device(socket_enabled: None) -> AsyncIterator[tuple[int, str]]:
    """A device with TLS: its port, and its certificate's SHA-256."""
    context, fingerprint = self_signed("camera")
    server = await asyncio.start_server(
        lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context
    )
    async with server:
        yield server.sockets[0].getsockname()[1], fingerprint


@pytest.mark.parametrize("known", [True, False])
async def test_a_camera_is_followed_without_a_question_only_if_it_has_its_certificate(
    hass: HomeAssistant,
    camera: MockConfigEntry,
    listening: set[tuple[str, int]],
    device: tuple[int, str],
    known: bool,
) -> None:
    port, fingerprint = device
    data = {
        **entry_data(host="127.0.0.9"),
        "ssl": True,
        "certificate": fingerprint if known else "00" * 32,
    }
    hass.config_entries.async_update_entry(camera, data=data)
    with patch.object(ask, "inspect", AsyncMock()) as inspect:
        await search(hass, moved(host="127.0.0.1", port=port, secure=True))
    inspect.assert_not_called()
    here = ("127.0.0.1", port) if known else ("127.0.0.9", 80)
    assert (camera.data["host"], camera.data["port"]) == here
    assert (issue(hass) is None) == known


async def test_few_devices_are_asked_for_the_certificate_and_all_at_once(
    hass: HomeAssistant, camera: MockConfigEntry, listening: set[tuple[str, int]]
) -> None:
    data = {**entry_data(), "ssl": True, "certificate": "00" * 32}
    hass.config_entries.async_update_entry(camera, data=data)
    asked: list[str] = []
    # Nobody gets past before all are there.
    all_at_once = asyncio.Barrier(moves.MOST_PROOFS)

    async def proves(_entry: MockConfigEntry, address: Address) -> bool:
        asked.append(address.host)
        await all_at_once.wait()
        return False

    forged = [moved(host=f"192.168.2.{number}", secure=True) for number in range(100)]
    with patch.object(moves, "_async_proves", proves):
        await search(hass, *forged)
    assert len(asked) == moves.MOST_PROOFS


class Fix:
    """The dialog that fixes the issue."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._flow = ""

    async def start(self) -> dict[str, Any]:
        return await self._post("", {"handler": DOMAIN, "issue_id": ISSUE})

    async def submit(self) -> dict[str, Any]:
        return await self._post(f"/{self._flow}", {})

    async def _post(self, path: str, json: dict[str, Any]) -> dict[str, Any]:
        answer = await self._client.post(f"/api/repairs/issues/fix{path}", json=json)
        step: dict[str, Any] = await answer.json()
        self._flow = step["flow_id"]
        return step


@pytest.fixture
async def fix(
    hass: HomeAssistant,
    listening: set[tuple[str, int]],
    hass_client: ClientSessionGenerator,
) -> Fix:
    """The dialog for a camera that seems to have moved."""
    assert await async_setup_component(hass, "repairs", {})
    await search(hass, moved())
    return Fix(await hass_client())


async def test_the_user_sees_the_new_picture_and_then_the_address_is_used(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, fix: Fix
) -> None:
    sub = replace(report().analyse, uri=f"rtsp://{NEW}:8554/sub")
    main = replace(report().record, uri=f"rtsp://{NEW}:8554/main")
    there = report(host=NEW, analyse=sub, record=main, profiles=(main, sub))
    inspect, first = AsyncMock(return_value=there), AsyncMock(return_value=frame())
    with patch.object(ask, "inspect", inspect), patch.object(ask, "first_frame", first):
        step = await fix.start()
        assert step["step_id"] == "confirm"
        assert step["description_placeholders"]["host"] == NEW
        inspect.assert_not_called()
        step = await fix.submit()
    assert step["step_id"] == "picture"
    assert step["description_placeholders"]["preview"].startswith("/api/porchlight/preview/")
    assert inspect.await_args is not None
    assert inspect.await_args.args[:2] == (NEW, 80)
    assert camera.data["host"] == "192.168.1.20"
    step = await fix.submit()
    assert step["type"] == "create_entry"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert camera.data["host"] == NEW
    assert bridge.cameras[ENTRY_ID].source.url == f"rtsp://{NEW}:8554/sub"
    live = bridge.cameras[ENTRY_ID].live
    assert live is not None
    assert live.source.url == f"rtsp://{NEW}:8554/main"
    assert issue(hass) is None


async def test_what_changed_while_the_picture_was_shown_is_kept(
    hass: HomeAssistant, camera: MockConfigEntry, bridge: FakeBridge, fix: Fix
) -> None:
    there = report(host=NEW)
    shown = replace(frame(), link=Link(certificate="cd" * 32))
    hass.config_entries.async_update_entry(
        camera, data={**camera.data, "link": None, "refused": True}
    )
    with (
        patch.object(ask, "inspect", AsyncMock(return_value=there)),
        patch.object(ask, "first_frame", AsyncMock(return_value=shown)) as first,
    ):
        await fix.start()
        await fix.submit()
    # A device elsewhere does not get the password in clear text.
    assert not first.await_args.args[0].basic  # type: ignore[union-attr]
    hass.config_entries.async_update_entry(camera, data={**camera.data, "password": "new"})
    await fix.submit()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert (camera.data["host"], camera.data["password"]) == (NEW, "new")
    assert camera.data["link"]["certificate"] == "cd" * 32
    assert not bridge.cameras[ENTRY_ID].source.basic
    # It was right there.
    assert "refused" not in camera.data


async def test_a_camera_that_is_removed_meanwhile_leaves_nothing(
    hass: HomeAssistant, camera: MockConfigEntry
) -> None:
    async def listens(*_: Any) -> bool:
        # Asked for each of its ports.
        if hass.config_entries.async_get_entry(camera.entry_id):
            await hass.config_entries.async_remove(camera.entry_id)
        return False

    with patch.object(moves, "_async_listens", listens):
        await search(hass, moved())
    assert issue(hass) is None


@pytest.mark.parametrize(
    ("answer", "picture", "reason"),
    [
        (report(mac="a4:14:37:01:02:99", endpoint="another"), frame(), "another_camera"),
        (ask.ErrandError("invalid_auth"), frame(), "invalid_auth"),
        (ask.ErrandError("timeout"), frame(), "cannot_connect"),
        (ask.ErrandError("certificate"), frame(), "another_camera"),
        (report(), ask.ErrandError("refused", "404"), "no_picture"),
    ],
)
async def test_what_is_not_the_camera_changes_nothing(
    hass: HomeAssistant, camera: MockConfigEntry, fix: Fix, answer: Any, picture: Any, reason: str
) -> None:
    with (
        patch.object(ask, "inspect", AsyncMock(side_effect=[answer])),
        patch.object(ask, "first_frame", AsyncMock(side_effect=[picture])),
    ):
        await fix.start()
        step = await fix.submit()
    assert (step["type"], step["reason"]) == ("abort", reason)
    assert camera.data["host"] == "192.168.1.20"
    assert issue(hass) is not None


async def test_a_device_that_accepts_connections_is_noticed(socket_enabled: None) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await moves._async_listens("127.0.0.1", port)
    assert not await moves._async_listens("127.0.0.1", port)


async def test_only_so_many_cameras_are_offered_at_a_time(hass: HomeAssistant) -> None:
    forged = [
        Found(host=f"10.0.{number // 250}.{number % 250}", port=80, endpoint=f"forged-{number}")
        for number in range(300)
    ]
    for _ in range(2):
        await search(hass, *forged)
        flows = hass.config_entries.flow.async_progress()
        assert len(flows) == MAX_OFFERS
        assert {flow["context"]["source"] for flow in flows} == {SOURCE_INTEGRATION_DISCOVERY}


async def test_a_camera_s_name_is_shown_as_text(hass: HomeAssistant) -> None:
    await search(hass, Found(host="10.0.0.10", port=80, name="![x](http://203.0.113.9/x.png)"))
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "!(x)(http //203.0.113.9/x.png)"}
