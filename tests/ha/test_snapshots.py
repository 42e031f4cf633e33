"""The camera's own picture as still: larger than the stream's, seldom asked for, never unmasked."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from io import BytesIO
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, patch

import pytest
from homeassistant.components.camera import async_get_image
from PIL import Image

from custom_components.porchlight.const import CONF_PICTURES, CONF_PROFILES, CONF_REFUSED
from custom_components.porchlight.flows.drawing import no_pictures
from custom_components.porchlight.onvif.values import Access, Credentials
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.areas import areas_of, masks
from custom_components.porchlight.runtime.recovery import FIRST_WAIT as FIRST_LOOK
from custom_components.porchlight.runtime.snapshots import FIRST_WAIT, FRESH, LAST_WAIT
from custom_components.porchlight.worker.control_messages import SnapshotTaken, TakeSnapshot
from custom_components.porchlight.worker.errors import StreamProblem
from custom_components.porchlight.worker.messages import StreamDown

from .conftest import ENTRY_ID, FakeBridge, entry_data, jpeg, later, make_entry, profile

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.common import MockConfigEntry
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

CAMERA = "camera.front_door"
# Seconds for what must come, or else the test fails.
PATIENCE = 60.0
FRAME = jpeg("blue")
MASK = {
    "id": "m", "kind": "mask", "name": "Window", "stay": 0,
    "points": [[0.0, 0.0], [0.5, 0.0], [0.5, 1.0]],
}  # fmt: skip


def picture(width: int = 1920, height: int = 1080) -> SnapshotTaken:
    output = BytesIO()
    Image.new("RGB", (width, height), "red").save(output, "JPEG")
    return SnapshotTaken(width=width, height=height, jpeg=output.getvalue())


PICTURE = picture()


class Lens:
    """Takes the camera's own pictures, or fails with `error`; waits while `shut`."""

    def __init__(self) -> None:
        self.wishes: list[TakeSnapshot] = []
        self.error: str | None = None
        self.open = asyncio.Event()
        self.open.set()
        self.now = 1000.0
        self.ended = 0

    async def snapshot(self, wish: TakeSnapshot) -> SnapshotTaken:
        self.wishes.append(wish)
        try:
            await self.open.wait()
        finally:
            self.ended += 1
        if self.error:
            raise ask.ErrandError(self.error)
        return PICTURE


@pytest.fixture
async def lens(hass: HomeAssistant, bridges: list[FakeBridge]) -> Any:
    one = Lens()
    with patch.object(ask, "snapshot", one.snapshot):
        yield one


async def set_up(
    hass: HomeAssistant, bridges: list[FakeBridge], lens: Lens, **changes: Any
) -> MockConfigEntry:
    """A camera that plays its small stream, and has a larger picture of the same view."""
    profiles = changes.pop(
        "profiles",
        (
            profile("sub", snapshot_uri="http://192.168.1.20/sub.jpg"),
            profile("main", width=1920, height=1080, snapshot_uri="http://192.168.1.20/m.jpg"),
        ),
    )
    data = entry_data(**{CONF_PROFILES: [asdict(one) for one in profiles]})
    entry = make_entry(data={**data, **changes.pop("data", {})}, **changes)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    bridges[0].picture = FRAME
    bridges[0].up()
    entry.runtime_data._snapshots._clock = lambda: lens.now
    return entry


@pytest.fixture
async def porch(hass: HomeAssistant, bridges: list[FakeBridge], lens: Lens) -> MockConfigEntry:
    return await set_up(hass, bridges, lens)


async def still(hass: HomeAssistant, *size: int | None) -> bytes:
    width, height = size or (None, None)
    camera = hass.data["camera"].get_entity(CAMERA)
    assert camera is not None
    found = await camera.async_camera_image(width, height)
    assert isinstance(found, bytes)
    return found


def size_of(data: bytes) -> tuple[int, int]:
    return Image.open(BytesIO(data)).size


async def test_the_larger_picture_is_the_still(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens
) -> None:
    assert (await async_get_image(hass, CAMERA)).content == PICTURE.jpeg
    login = Credentials(username="viewer", password=entry_data()["password"])
    assert lens.wishes == [
        TakeSnapshot(
            access=Access(host="192.168.1.20", port=80, credentials=login),
            uri="http://192.168.1.20/m.jpg",
            width=640,
            height=360,
            masks=(),
        )
    ]


@pytest.mark.parametrize(
    ("wanted", "size"),
    [
        ((1280, None), (1280, 720)),
        ((None, 900), (1600, 900)),
        ((1000, 1000), (1000, 563)),
        ((5000, 5000), (1920, 1080)),
    ],
)
async def test_it_is_as_large_as_asked_for(
    hass: HomeAssistant, porch: MockConfigEntry, wanted: Any, size: tuple[int, int]
) -> None:
    assert size_of(await still(hass, *wanted)) == size


@pytest.mark.parametrize("wanted", [(640, None), (640, 360), (1000, 360), (None, 1), (20, 2000)])
async def test_a_small_request_takes_the_frame_and_asks_nothing(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens, wanted: Any
) -> None:
    assert await still(hass, *wanted) == FRAME
    assert lens.wishes == []


async def test_many_who_ask_at_once_cost_one_picture_and_so_do_those_who_follow(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens
) -> None:
    lens.open.clear()
    asked = [asyncio.create_task(still(hass)) for _ in range(5)]
    await asyncio.sleep(0)
    asked[0].cancel()
    await asyncio.sleep(0)
    lens.open.set()
    assert await asyncio.gather(*asked[1:]) == [PICTURE.jpeg] * 4
    lens.now += FRESH - 1
    assert size_of(await still(hass, 1280, None)) == (1280, 720)
    assert len(lens.wishes) == 1
    lens.now += 2
    assert await still(hass) == PICTURE.jpeg
    assert len(lens.wishes) == 2


@pytest.mark.parametrize("error", ["timeout", "cannot_connect", "snapshot", "worker_failed"])
async def test_a_picture_that_fails_is_replaced_by_the_frame_and_left_alone_for_a_while(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens, error: str
) -> None:
    assert await still(hass) == PICTURE.jpeg
    lens.error = error
    lens.now += FRESH + 1
    assert await still(hass) == FRAME
    lens.now += FIRST_WAIT * 0.6
    assert await still(hass) == FRAME
    assert len(lens.wishes) == 2
    lens.error = None
    lens.now += FIRST_WAIT
    assert await still(hass) == PICTURE.jpeg
    assert CONF_REFUSED not in porch.data


async def test_a_refused_login_is_used_once_until_it_changes(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens, bridges: list[FakeBridge]
) -> None:
    lens.error = "invalid_auth"
    assert await still(hass) == FRAME
    lens.now += 10 * LAST_WAIT
    assert await still(hass) == FRAME
    # Nor after the stream was in doubt, or plays in another size.
    porch.runtime_data._snapshots.async_stop()
    assert await still(hass) == FRAME
    assert len(lens.wishes) == 1
    # It plays the stream, so only the user of the camera's pages is another one.
    assert CONF_REFUSED not in porch.data
    lens.error = None
    hass.config_entries.async_update_entry(porch, data={**porch.data, "password": "new"})
    assert await still(hass) == PICTURE.jpeg
    assert lens.wishes[-1].access.credentials.password == "new"


@pytest.mark.parametrize("why", ["refused", "refused by ONVIF", "down"])
async def test_without_a_login_or_a_stream_nothing_is_asked(
    hass: HomeAssistant,
    porch: MockConfigEntry,
    lens: Lens,
    bridges: list[FakeBridge],
    why: str,
) -> None:
    if why == "refused":
        hass.config_entries.async_update_entry(porch, data={**porch.data, CONF_REFUSED: True})
    else:
        bridges[0].listener(StreamDown(camera_id=ENTRY_ID, problem=StreamProblem.STALLED))
    if why == "refused by ONVIF":
        with patch.object(ask, "inspect", AsyncMock(side_effect=ask.ErrandError("invalid_auth"))):
            await later(hass, 2 * FIRST_LOOK)
        bridges[0].up()
    assert await still(hass) == FRAME
    assert lens.wishes == []


SNAP = {"snapshot_uri": "http://192.168.1.20/x.jpg"}


@pytest.mark.parametrize(
    "profiles",
    [
        (profile("sub", **SNAP), profile("main", width=1920, height=1080)),
        (profile("sub", **SNAP), profile("main", **SNAP)),
        (profile("sub", **SNAP), profile("main", width=0, height=0, **SNAP)),
        (profile("sub"), profile("main", width=1920, height=1080, source="other", **SNAP)),
        (profile("sub"), profile("main", width=1920, height=1080, view="other", **SNAP)),
        (profile("main", width=1920, height=1080, **SNAP),),
        (),
    ],
    ids=["no address", "no larger", "size unknown", "other lens", "other view", "unknown view",
         "old entry"],
)  # fmt: skip
async def test_without_a_larger_picture_of_the_same_view_nothing_is_asked(
    hass: HomeAssistant, bridges: list[FakeBridge], lens: Lens, profiles: Any
) -> None:
    await set_up(hass, bridges, lens, profiles=profiles)
    assert await still(hass) == FRAME
    assert lens.wishes == []


async def test_masks_are_sent_along(
    hass: HomeAssistant, bridges: list[FakeBridge], lens: Lens
) -> None:
    entry = await set_up(hass, bridges, lens, options={"areas": [MASK]})
    drawn = masks(areas_of(entry.options))
    assert len(drawn) == 1
    assert await still(hass) == PICTURE.jpeg
    assert lens.wishes[-1].masks == drawn


@pytest.mark.parametrize("when", ["before", "meanwhile"])
async def test_a_picture_from_before_a_mask_is_not_shown_after_it(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens, when: str
) -> None:
    if when == "before":
        await still(hass)
    else:
        lens.open.clear()
    asked = None if when == "before" else asyncio.create_task(still(hass))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(lens.wishes) == 1
    hass.config_entries.async_update_entry(porch, options={"areas": [MASK]})
    lens.open.set()
    if asked:
        assert await asked == FRAME
    lens.error = "cannot_connect"
    assert await still(hass) == FRAME
    assert len(lens.wishes[-1].masks) == 1


async def test_with_pictures_off_nothing_is_asked_or_served(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens
) -> None:
    lens.open.clear()
    asked = asyncio.create_task(still(hass))
    await asyncio.sleep(0)
    hass.config_entries.async_update_entry(porch, options={CONF_PICTURES: False})
    lens.open.set()
    assert await asked == no_pictures()
    lens.wishes.clear()
    lens.now += 10 * FRESH
    assert await still(hass) == no_pictures()
    assert lens.wishes == []


async def test_a_stream_of_stills_is_made_of_frames(
    hass: HomeAssistant,
    porch: MockConfigEntry,
    lens: Lens,
    hass_client: ClientSessionGenerator,
) -> None:
    client = await hass_client()
    response = await client.get(f"/api/camera_proxy_stream/{CAMERA}?interval=0.5")
    async with asyncio.timeout(PATIENCE):
        part = await response.content.readuntil(FRAME)
    response.close()
    assert b"image/jpeg" in part
    assert lens.wishes == []


@pytest.mark.parametrize("how", ["remove", "stop"])
async def test_what_is_under_way_ends_with_the_camera(
    hass: HomeAssistant, porch: MockConfigEntry, lens: Lens, how: str
) -> None:
    lens.open.clear()
    asked = asyncio.create_task(still(hass))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (len(lens.wishes), lens.ended) == (1, 0)
    if how == "remove":
        await hass.config_entries.async_remove(ENTRY_ID)
    else:
        hass.bus.async_fire("homeassistant_stop")
        await hass.async_block_till_done()
    async with asyncio.timeout(PATIENCE):
        await asked
    assert lens.ended == 1
