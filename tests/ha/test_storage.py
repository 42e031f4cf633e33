"""Whatever is found in a stored file, the camera is watched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store

from custom_components.porchlight.runtime.storage import Stored
from custom_components.porchlight.vision.types import Box

from .conftest import ENTRY_ID, FakeBridge, make_entry

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

LINE = {"id": "l1", "kind": "line", "name": "Gate", "points": [[0, 0.5], [1, 0.5]], "stay": 0}
CONTENTS = {
    "not JSON": b"\x00\xff{",
    "empty": b"",
    "a list": b"[]",
    "no version": b'{"data": {}}',
    "a later version": b'{"version": 99, "minor_version": 1, "data": {}}',
    "a text": b'{"version": 1, "minor_version": 1, "data": "?"}',
    "a number": b'{"version": 1, "minor_version": 1, "data": 7}',
    "numbers": b'{"version": 1, "minor_version": 1, "data": [1, 2]}',
    "odd fields": b'{"version": 1, "minor_version": 1, "data": {"visit": 5, "l1": "?", "x1": {}}}',
    "odd boxes": b'{"version": 1, "minor_version": 1, "data": [{"x1": "left"}]}',
}


@pytest.fixture(autouse=True)
def _files(real_storage: None) -> None:
    """It is about files."""


def write(path: Path, contents: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(contents)


@pytest.mark.parametrize("name", ["furniture", "crossings", "visits"])
@pytest.mark.parametrize("contents", CONTENTS.values(), ids=CONTENTS)
async def test_a_stored_file_of_any_kind_does_not_stop_a_camera(
    hass: HomeAssistant,
    bridges: list[FakeBridge],
    name: str,
    contents: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = Path(hass.config.path(".storage/porchlight", ENTRY_ID, name))
    await hass.async_add_executor_job(write, path, contents)
    entry = make_entry(options={"areas": [LINE]})
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert bridges[0].cameras[ENTRY_ID].furniture == ()
    assert bridges[0].cameras[ENTRY_ID].open_visit is None
    found = hass.states.get("sensor.front_door_gate_in")
    assert found is not None
    assert found.state == "0"
    # What Home Assistant cannot parse, it sets aside itself.
    (kept,) = [one for one in path.parent.glob(f"{name}.*") if one.read_bytes() == contents]
    by_us = [line for line in caplog.messages if f"{name} is not valid and was set aside" in line]
    assert len(by_us) == (1 if ".invalid." in kept.name else 0)


async def test_a_file_that_cannot_be_read_is_not_written_over(hass: HomeAssistant) -> None:
    stored = Stored(hass, "porchlight/x/boxes", tuple[Box, ...], tuple)
    path = Path(hass.config.path(".storage/porchlight/x/boxes"))
    good = {"version": 1, "minor_version": 1, "data": [{"x1": 0, "y1": 0, "x2": 1, "y2": 1}]}
    await hass.async_add_executor_job(write, path, json.dumps(good).encode())
    failure = HomeAssistantError("Error loading")
    failure.__cause__ = OSError("I/O error")
    with patch.object(Store, "async_load", side_effect=failure):
        assert await stored.async_load() == ()
    stored.async_save_soon(lambda: (Box(0, 0, 0.5, 0.5),), 0)
    await hass.async_block_till_done()
    again: Stored[Any] = Stored(hass, "porchlight/x/boxes", tuple[Box, ...], tuple)
    assert await again.async_load() == (Box(0, 0, 1, 1),)
