"""Which streams of a new camera are used, and what the user should know of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.data_entry_flow import FlowResultType

from custom_components.porchlight.runtime import ask
from custom_components.porchlight.worker.messages import Link

from .adding import FOUND, LOGIN, Errands, answer, start
from .conftest import frame, profile, report

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant


@pytest.mark.parametrize(
    ("changes", "remark"),
    [
        ({"height": 239}, "small_stream"),
        ({"height": 240}, None),
        # Of ten frames a second.
        ({"seconds": 0.051}, "large_stream"),
        ({"seconds": 0.049}, None),
        ({"link": Link(basic=True)}, "clear_text_login"),
    ],
)
async def test_what_the_user_should_know_of_a_stream_is_a_remark(
    hass: HomeAssistant, world: Errands, changes: dict[str, Any], remark: str | None
) -> None:
    world.frames = {"sub": replace(frame(), **changes)}
    errors = {"base": remark} if remark else {}
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert (result["step_id"], result["errors"]) == ("confirm", errors)
    result = await answer(hass, result, name="Door", pictures=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY


async def test_a_main_stream_that_is_only_listed_is_replaced_by_the_other(
    hass: HomeAssistant, world: Errands
) -> None:
    world.frames["main"] = ask.ErrandError("refused")
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    result = await answer(hass, result, name="Door", pictures=True)
    assert result["result"].data["live_stream"] == result["result"].data["stream"]


@pytest.mark.parametrize("key", ["not_found", "unsupported_codec", "stalled", "broken", "ended"])
async def test_where_the_sub_stream_fails_the_main_stream_is_analyzed_and_the_user_is_informed(
    hass: HomeAssistant, world: Errands, key: str
) -> None:
    world.frames["sub"] = ask.ErrandError(key)
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert (result["step_id"], result["errors"]) == ("confirm", {"base": "another_stream"})
    result = await answer(hass, result, name="Door", pictures=True)
    data = result["result"].data
    assert data["stream"] == data["live_stream"] == "rtsp://192.168.1.20:554/main"


async def test_sizes_that_a_camera_does_not_give_are_measured(
    hass: HomeAssistant, world: Errands
) -> None:
    main, sub = (profile(name, width=0, height=0) for name in ("main", "sub"))
    world.report = report(analyse=main, record=main, profiles=(main, sub))
    world.frames["main"] = replace(frame(), width=1920, height=1080)
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    result = await answer(hass, result, name="Door", pictures=True)
    data = result["result"].data
    assert (data["stream"], data["live_stream"]) == (sub.uri, main.uri)
    sizes = {one["token"]: (one["width"], one["height"]) for one in data["profiles"]}
    assert sizes == {"main": (1920, 1080), "sub": (640, 360)}
    assert len(world.opened) == 2


async def test_other_views_of_the_camera_are_not_used(hass: HomeAssistant, world: Errands) -> None:
    sub, other = profile("sub", view="north"), profile("main", view="south", width=1920)
    world.report = report(analyse=sub, record=sub, profiles=(other, sub))
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    result = await answer(hass, result, name="Door", pictures=True)
    data = result["result"].data
    assert data["stream"] == data["live_stream"] == sub.uri


async def test_a_camera_with_one_stream_is_opened_once(hass: HomeAssistant, world: Errands) -> None:
    only = profile("main")
    world.report = report(analyse=only, record=only, profiles=(only,))
    result = await answer(hass, await start(hass), camera=FOUND.xaddr)
    result = await answer(hass, result, address="192.168.1.20", **LOGIN)
    assert result["step_id"] == "confirm"
    assert [source.url for source in world.opened] == [only.uri]
