"""A recorder with several channels, as tests set it up."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .conftest import ENTRY_ID, MAC, entry_data, make_entry, profile, report

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry


def channel(number: int, **changes: Any) -> list[Any]:
    """A channel's two profiles."""
    suffix = "" if number == 1 else f"_{number}"
    lens = {"source": f"source{number}", "view": f"view{number}"}
    return [
        profile(f"{name}{suffix}", **{**lens, **size, **changes})
        for name, size in (("main", {"width": 1920, "height": 1080}), ("sub", {}))
    ]


def recorder(channels: int = 3, **changes: Any) -> Any:
    """What a recorder reports."""
    profiles = [one for number in range(1, channels + 1) for one in channel(number)]
    values = {"profiles": tuple(profiles), "analyse": profiles[1], "record": profiles[0]}
    return report(**{**values, **changes})


def recorder_data(channels: int = 3, **changes: Any) -> dict[str, Any]:
    return entry_data(profiles=[asdict(one) for one in recorder(channels).profiles], **changes)


def child_entry(number: int = 2, **changes: Any) -> MockConfigEntry:
    values = {
        "entry_id": f"01CHANNEL{number}",
        "title": f"Channel {number}",
        "unique_id": f"{MAC}/source{number}/view{number}",
        "data": recorder_data(
            parent=ENTRY_ID,
            stream=f"rtsp://192.168.1.20:554/sub_{number}",
            live_stream=f"rtsp://192.168.1.20:554/main_{number}",
        ),
    }
    return make_entry(**{**values, **changes})


async def set_up(hass: HomeAssistant, *entries: MockConfigEntry) -> None:
    for entry in entries:
        entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entries[0].entry_id)
    await hass.async_block_till_done()
