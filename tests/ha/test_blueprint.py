from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
    async_mock_service,
)

from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import BestPicture, StreamDown, VisitPhase

from .conftest import ENTRY_ID, FakeBridge, jpeg

if TYPE_CHECKING:
    from freezegun.api import FrozenDateTimeFactory
    from homeassistant.core import HomeAssistant, ServiceCall
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

BLUEPRINT = Path(__file__).parents[2] / "blueprints/automation/porchlight/person_notification.yaml"


@pytest.fixture
def phone(hass: HomeAssistant) -> str:
    """A phone with the app; its device id."""
    entry = MockConfigEntry(domain="mobile_app")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={("mobile_app", "pixel")},
        name="Anna's Pixel",
    )
    return device.id


@pytest.fixture
def notifications(hass: HomeAssistant) -> list[ServiceCall]:
    """The notifications that the phone got."""
    return async_mock_service(hass, "notify", "mobile_app_anna_s_pixel")


async def automate(hass: HomeAssistant, phone: str, **inputs: Any) -> None:
    folder = Path(hass.config.path("blueprints", "automation", "porchlight"))
    await hass.async_add_executor_job(_copy, folder)
    values: dict[str, Any] = {
        "person": "event.front_door_person",
        "camera": "camera.front_door",
        "phones": [phone],
        "picture": ["image.front_door_last_person"],
    }
    blueprint = {"path": f"porchlight/{BLUEPRINT.name}", "input": {**values, **inputs}}
    config = {"automation": {"id": "1", "alias": "Tell me", "use_blueprint": blueprint}}
    assert await async_setup_component(hass, "automation", config)
    await hass.async_block_till_done()
    state = hass.states.get("automation.tell_me")
    assert state is not None
    assert state.state == "on"


def _copy(folder: Path) -> None:
    folder.mkdir(parents=True)
    shutil.copy(BLUEPRINT, folder)


async def arrive(hass: HomeAssistant, bridge: FakeBridge, visit: str, **changes: Any) -> None:
    picture = BestPicture(
        camera_id=ENTRY_ID,
        visit_id=visit,
        at=1_790_000_000.0,
        jpeg=jpeg("green"),
        revision=bridge.cameras[ENTRY_ID].revision,
    )
    bridge.listener(picture)
    bridge.visit(VisitPhase.ARRIVED, visit, **changes)
    await hass.async_block_till_done()


async def test_the_phone_gets_a_notification_and_can_fetch_the_picture(
    hass: HomeAssistant,
    bridge: FakeBridge,
    phone: str,
    notifications: list[ServiceCall],
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    await automate(hass, phone)
    bridge.up()
    await arrive(hass, bridge, "v1")
    (call,) = notifications
    assert (call.data["title"], call.data["message"]) == ("Front door", "A person is there.")
    data = call.data["data"]
    assert data["clickAction"] == data["url"] == "/?more-info-entity-id=camera.front_door"
    assert data["tag"] == "porchlight-v1"
    assert data["attachment"]["url"] == data["image"]

    app = await hass_client()
    answer = await app.get(data["image"])
    assert await answer.read() == jpeg("green")
    stranger = await hass_client_no_auth()
    assert not (await stranger.get(data["image"])).ok


async def test_two_people_are_reported_as_two(
    hass: HomeAssistant, bridge: FakeBridge, phone: str, notifications: list[ServiceCall]
) -> None:
    await automate(hass, phone, message="{{ count }} at {{ name }}, {{ score }}")
    bridge.up()
    await arrive(hass, bridge, "v1", count=2)
    assert notifications[0].data["message"] == "2 at Front door, 0.87"


async def test_each_arrival_is_reported_once_and_nothing_else_is(
    hass: HomeAssistant, bridge: FakeBridge, phone: str, notifications: list[ServiceCall]
) -> None:
    await automate(hass, phone)
    bridge.up()
    await arrive(hass, bridge, "v1")
    bridge.visit(VisitPhase.LEFT, "v1")
    await hass.async_block_till_done()
    await arrive(hass, bridge, "v2")
    bridge.listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.STALLED))
    await hass.async_block_till_done()
    bridge.up()
    await hass.async_block_till_done()
    assert [call.data["data"]["tag"] for call in notifications] == [
        "porchlight-v1",
        "porchlight-v2",
    ]


async def test_a_pause_keeps_it_silent(
    hass: HomeAssistant,
    bridge: FakeBridge,
    phone: str,
    notifications: list[ServiceCall],
    freezer: FrozenDateTimeFactory,
) -> None:
    await automate(hass, phone, pause=5)
    bridge.up()
    for minutes, visits in ((0, 1), (4, 1), (2, 2)):
        freezer.tick(minutes * 60)
        async_fire_time_changed(hass)
        await turns()
        bridge.visit(VisitPhase.ARRIVED, f"v{minutes}")
        await turns()
        assert len(notifications) == visits
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "automation.tell_me"}, blocking=True
    )


async def turns() -> None:
    """Let the loop turn; waiting until all is done would wait out the pause."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_without_pictures_the_notification_has_none(
    hass: HomeAssistant, bridge: FakeBridge, phone: str, notifications: list[ServiceCall]
) -> None:
    await automate(hass, phone, picture=[])
    bridge.up()
    bridge.visit(VisitPhase.ARRIVED)
    await hass.async_block_till_done()
    (call,) = notifications
    assert "image" not in call.data["data"]
    assert "attachment" not in call.data["data"]
