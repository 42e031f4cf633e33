from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.core import callback
from homeassistant.helpers.event import async_track_state_change_event

from scripts.lib.assets import AssetError, asset

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from homeassistant.core import Event, EventStateChangedData, HomeAssistant

MODELS = (
    "yolox_nano_416_float16",
    "yolox_nano_416_dynamic_range",
    "person_yolox_192_float16",
    "ssd_mobilenet_v1_coco_300_uint8",
)
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "porchlight-simulator"


def footage(name: str) -> Path:
    try:
        return asset(name)
    except AssetError as error:
        pytest.skip(str(error))


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """A configuration with all models in it: a slow machine must not have to fetch one."""
    folder = Path(hass_tmp_config_dir, ".storage", "porchlight", "models")
    folder.mkdir(parents=True)
    for name in MODELS:
        shutil.copy(footage(f"models/{name}.tflite"), folder)
    return hass_tmp_config_dir


@pytest.fixture
async def house(
    hass: HomeAssistant, enable_custom_integrations: None, socket_enabled: None
) -> AsyncIterator[HomeAssistant]:
    """Home Assistant whose only network is loopback; no camera is left when the test ends."""

    async def loopback(_hass: HomeAssistant) -> list[str]:
        return ["127.0.0.1"]

    with (
        patch("custom_components.porchlight.runtime.search.async_sources", loopback),
        patch("custom_components.porchlight.config_flow.async_sources", loopback),
        patch("custom_components.porchlight.runtime.owner.async_search"),
    ):
        yield hass
        for entry in hass.config_entries.async_entries("porchlight"):
            await hass.config_entries.async_unload(entry.entry_id)


class NoWorker:
    """Stands in for the bridge to the worker, which has no part in this."""

    pid = None

    def __init__(self, *_arguments: Any, **_named: Any) -> None:
        """Start nothing."""

    def start(self) -> None:
        """Start nothing."""

    def send(self, _command: object) -> None:
        """Send nothing."""

    async def still(self, *_wanted: object) -> bytes:
        """The last frame."""
        return b"frame"

    async def stop(self) -> None:
        """Stop nothing."""


@pytest.fixture
def no_worker() -> Iterator[None]:
    with (
        patch("custom_components.porchlight.runtime.owner.Bridge", NoWorker),
        patch(
            "custom_components.porchlight.detection.choice.DetectorSetup.async_prepare",
            return_value=None,
        ),
    ):
        yield


def record(hass: HomeAssistant, entity_id: str, moment: Callable[[], float]) -> list[Any]:
    """The events of an event entity, each with its time."""
    reported: list[Any] = []

    @callback
    def hear(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        if new and (kind := new.attributes.get("event_type")):
            reported.append((kind, moment()))

    async_track_state_change_event(hass, entity_id, hear)
    return reported
