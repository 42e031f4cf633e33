"""The simulated camera works with a third-party ONVIF client."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from typing import TYPE_CHECKING, Any

import pytest
from onvif import ONVIFCamera
from PIL import Image
from zeep.exceptions import Fault

from simulator import Camera, CameraSpec, ManualClock, Simulator

from .conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

SETUP = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}


@pytest.fixture
async def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def camera(
    spec: CameraSpec, moving: Path, cache: Path, clock: ManualClock
) -> AsyncIterator[Camera]:
    spec = dataclasses.replace(
        spec, video=moving, manufacturer="Acme", model="Eye 3", clock_offset=-5000
    )
    async with Simulator([spec], cache=cache, clock=clock) as simulator:
        yield simulator.cameras[0]


@pytest.fixture
async def client(camera: Camera) -> AsyncIterator[ONVIFCamera]:
    client = ONVIFCamera(camera.host, camera.port, camera.spec.username, PASSWORD, adjust_time=True)
    await client.update_xaddrs()
    yield client
    await client.close()


async def test_it_reads_the_device_information(client: ONVIFCamera, camera: Camera) -> None:
    device = await client.create_devicemgmt_service()
    information = await device.GetDeviceInformation()
    assert information.Manufacturer == "Acme"
    assert information.Model == "Eye 3"
    assert information.FirmwareVersion == camera.spec.firmware
    interfaces = await device.GetNetworkInterfaces()
    assert interfaces[0].Info.HwAddress == camera.spec.mac
    assert f"urn:uuid:{camera.spec.uuid}" == (await device.GetEndpointReference()).GUID
    assert (await device.GetHostname()).Name == "Door"
    capabilities = await client.get_capabilities()
    assert capabilities["Events"]["WSPullPointSupport"] is True


async def test_it_reads_profiles_and_stream_addresses(client: ONVIFCamera, camera: Camera) -> None:
    media = await client.create_media_service()
    main, sub = await media.GetProfiles()
    assert main.VideoEncoderConfiguration.Encoding == "H264"
    assert main.VideoEncoderConfiguration.Resolution.Width == 320
    request = {"StreamSetup": SETUP, "ProfileToken": main.token}
    assert (await media.GetStreamUri(request)).Uri == camera.main_url
    request["ProfileToken"] = sub.token
    assert (await media.GetStreamUri(request)).Uri == camera.sub_url
    assert (await media.GetVideoSources())[0].Resolution.Height == 240
    assert len(await media.GetVideoEncoderConfigurations()) == 2


async def test_it_gets_a_snapshot(client: ONVIFCamera) -> None:
    media = await client.create_media_service()
    profile = (await media.GetProfiles())[0]
    data = await client.get_snapshot(profile.token)
    assert Image.open(io.BytesIO(data)).size == (320, 240)


async def test_it_receives_motion_events_in_step_with_the_footage(
    client: ONVIFCamera, camera: Camera, clock: ManualClock
) -> None:
    lost = []
    manager = await client.create_pullpoint_manager(
        dt.timedelta(seconds=60), lambda: lost.append(True)
    )
    service = manager.get_service()
    assert await pull(service) == [("Initialized", "false")]
    interval = camera.footage.motion[0]
    await clock.advance(interval.start + 0.05)
    assert await pull(service) == [("Changed", "true")]
    await clock.advance(interval.end - interval.start)
    assert await pull(service) == [("Changed", "false")]
    await manager.set_synchronization_point()
    assert await pull(service) == [("Initialized", "false")]
    assert camera.state().subscriptions == 1
    await manager.shutdown()
    assert camera.state().subscriptions == 0
    assert not lost


async def test_a_wrong_password_is_a_fault_that_it_recognizes(camera: Camera) -> None:
    client = ONVIFCamera(camera.host, camera.port, "admin", "wrong", adjust_time=True)
    device = await client.create_devicemgmt_service()
    with pytest.raises(Fault, match="not Authorized") as caught:
        await device.GetDeviceInformation()
    assert "NotAuthorized" in [one.localname for one in caught.value.subcodes]
    await client.close()


async def test_without_the_cameras_time_it_is_refused(camera: Camera) -> None:
    client = ONVIFCamera(camera.host, camera.port, camera.spec.username, PASSWORD)
    device = await client.create_devicemgmt_service()
    with pytest.raises(Fault, match="not Authorized"):
        await device.GetDeviceInformation()
    await client.close()


async def pull(service: Any) -> list[tuple[str, str]]:
    reply = await service.PullMessages({"MessageLimit": 10, "Timeout": dt.timedelta(seconds=5)})
    found = []
    for one in reply.NotificationMessage:
        assert one.Topic._value_1 == "tns1:RuleEngine/CellMotionDetector/Motion"
        message = one.Message._value_1
        (item,) = message.Data.SimpleItem
        assert item.Name == "IsMotion"
        found.append((message.PropertyOperation, item.Value))
    return found
