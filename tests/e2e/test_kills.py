"""A worker that is killed repeatedly: no camera is blamed, and no visit loses its departure."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from statistics import median
from time import monotonic
from typing import TYPE_CHECKING

import pytest
from homeassistant.helpers import issue_registry as ir

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.runtime.owner import DATA_OWNER

from .conftest import record
from .test_line import PATIENCE, add, cameras, state, until

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from simulator import Simulator

__all__ = ["cameras"]

# 20 for the figures: PORCHLIGHT_KILLS=20 scripts/test tests/e2e/test_kills.py -s
KILLS = int(os.environ.get("PORCHLIGHT_KILLS", "4"))
NAMES = ("porch", "hallway", "car_park")


@pytest.mark.timeout(600 + 120 * KILLS)
async def test_random_kills_set_no_camera_aside_and_lose_no_departure(
    house: HomeAssistant, cameras: Simulator, record_property: pytest.RecordProperty
) -> None:
    hass = house
    chance = random.Random(20)  # noqa: S311 - the same moments each time, no secret
    reported = {name: record(hass, f"event.{name}_person", monotonic) for name in NAMES}
    for camera in cameras.cameras:
        await add(hass, camera.host)
    streams = [f"binary_sensor.{name}_stream" for name in NAMES]
    await until(lambda: all(state(hass, stream) == "on" for stream in streams), PATIENCE)
    bridge = hass.data[DATA_OWNER].bridge
    back: list[float] = []
    for _ in range(KILLS):
        await asyncio.sleep(chance.uniform(1, 12))
        pid = bridge.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        began = monotonic()
        await until(lambda: any(state(hass, stream) == "off" for stream in streams), PATIENCE)
        waiting = set(streams)
        async with asyncio.timeout(PATIENCE):
            while waiting:
                for stream in list(waiting):
                    if state(hass, stream) == "on":
                        waiting.remove(stream)
                        back.append(monotonic() - began)
                await asyncio.sleep(0.05)
    issues = ir.async_get(hass).issues
    assert not [issue for domain, issue in issues if domain == DOMAIN and "set_aside" in issue]
    for name in NAMES:
        kinds = [kind for kind, _ in reported[name]]
        expected = "person_arrived"
        for kind in kinds:
            assert kind == expected, (name, kinds)
            expected = "person_left" if kind == "person_arrived" else "person_arrived"
    visits = sum(len(events) // 2 for events in reported.values())
    record_property("streams_back_median_seconds", round(median(back), 1))
    print(  # noqa: T201 - the figures
        f"{KILLS} kills: streams back after {median(back):.1f} s in the median,"
        f" {max(back):.1f} s at most; {visits} whole visits"
    )
