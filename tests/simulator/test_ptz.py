from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import aiohttp
import pytest

from simulator import Camera, CameraSpec, CommandError, Simulator

from .soap_client import ask, token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def camera(spec: CameraSpec, cache: Path) -> AsyncIterator[Camera]:
    turning = replace(spec, ptz=True, presets="Gate & co++Drive")
    async with Simulator([turning], cache=cache) as simulator:
        yield simulator.cameras[0]


def login(camera: Camera) -> str:
    return token(camera.spec.username, camera.spec.password)


def main(camera: Camera) -> str:
    return f"<ProfileToken>{camera._profiles[0].token}</ProfileToken>"


async def test_a_camera_without_ptz_does_not_offer_it(spec: CameraSpec, cache: Path) -> None:
    async with Simulator([spec], cache=cache) as simulator:
        url = simulator.cameras[0].onvif_url
        for operation in ("tds:GetServices", "tds:GetCapabilities"):
            assert not any("ptz" in one for one in (await ask(url, operation)).texts("XAddr"))
        assert (await ask(url, "tptz:GetPresets")).all("Fault")


async def test_it_has_presets_and_remembers_where_it_turned(camera: Camera) -> None:
    url = camera.onvif_url
    for operation in ("tds:GetServices", "tds:GetCapabilities"):
        assert any("ptz" in one for one in (await ask(url, operation)).texts("XAddr"))
    listed = await ask(url, "tptz:GetPresets", main(camera), header=login(camera))
    assert [one.get("token") for one in listed.all("Preset")] == ["1", "2", "3"]
    assert listed.texts("Name") == ["Gate & co", "Drive"]
    for preset in ("3", "4"):
        where = main(camera) + f"<PresetToken>{preset}</PresetToken>"
        answer = await ask(url, "tptz:GotoPreset", where, header=login(camera))
        assert bool(answer.all("Fault")) is (preset == "4")
    unknown = "<ProfileToken>x</ProfileToken>"
    assert (await ask(url, "tptz:GetPresets", unknown, header=login(camera))).all("Fault")
    assert camera.state().presets_gone_to == ["3"]
    assert (await ask(url, "tptz:GetPresets", main(camera))).all("Fault")


async def test_it_counts_restarts(camera: Camera) -> None:
    url = camera.onvif_url
    assert (await ask(url, "tds:SystemReboot")).all("Fault")
    assert camera.state().reboots == 0
    answer = await ask(url, "tds:SystemReboot", header=login(camera))
    assert answer.text("Message") == "Rebooting"
    camera.set_control_faults(hang_up=True)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await ask(url, "tds:SystemReboot", header=login(camera))
    assert camera.state().reboots == 2


async def test_it_refuses_a_user_without_the_right(camera: Camera) -> None:
    camera.set_control_faults(refuse=True)
    for operation in ("tds:SystemReboot", "tptz:GetPresets", "tptz:GotoPreset"):
        answer = await ask(camera.onvif_url, operation, main(camera), header=login(camera))
        assert answer.all("Fault")
    assert camera.state().reboots == 0
    assert camera.state().refused_calls == 0
    with pytest.raises(CommandError):
        camera.set_control_faults(nonsense=True)
