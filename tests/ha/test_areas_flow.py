"""Drawing in the options flow: every way through it, and every mistake."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.data_entry_flow import FlowResultType

from custom_components.porchlight.flows.area_steps import _legend
from custom_components.porchlight.runtime.areas import MOST_AREAS, Area, Kind

from .conftest import ENTRY_ID, FakeBridge, jpeg, make_entry
from .test_areas import LINE, MASK, OPTIONS, ZONE, pixels, state

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

POINTS = "10,60 45,60 45,100 10,100"
FILLED = {"name": "Path", "preset": "own_points", "points": POINTS, "stay": 5}


class Draughtsman:
    """A user who goes through the flow."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.hass = hass
        self.flow = hass.config_entries.options
        self.at: Any = {}

    async def opens(self, page: str = "areas") -> Any:
        self.at = await self.flow.async_init(ENTRY_ID)
        return await self.chooses(page)

    async def chooses(self, option: str) -> Any:
        return await self.answers({"next_step_id": option})

    async def picks(self, area: str) -> Any:
        return await self.answers({"area": area})

    async def answers(self, answers: dict[str, Any]) -> Any:
        self.at = await self.flow.async_configure(self.at["flow_id"], answers)
        await self.hass.async_block_till_done()
        return self.at

    @property
    def choices(self) -> list[str]:
        (field,) = self.at["data_schema"].schema.values()
        return [option["value"] for option in field.config["options"]]

    @property
    def suggested(self) -> dict[str, Any]:
        return {
            str(key): key.description["suggested_value"]
            for key in self.at["data_schema"].schema
            if key.description and "suggested_value" in key.description
        }

    @property
    def kept(self) -> list[dict[str, Any]]:
        entry = self.hass.config_entries.async_get_entry(ENTRY_ID)
        assert entry is not None
        return list(entry.options.get("areas", []))


@pytest.fixture
async def user(hass: HomeAssistant, bridges: list[FakeBridge], options: Any) -> Draughtsman:
    entry = make_entry(options=options)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(ENTRY_ID)
    await hass.async_block_till_done()
    bridges[0].up()
    bridges[0].picture = jpeg("navy")
    return Draughtsman(hass)


@pytest.fixture
def options() -> dict[str, Any]:
    return {"pictures": True}


async def test_a_zone_is_drawn_shown_and_saved(user: Draughtsman) -> None:
    page = await user.opens()
    assert (page["step_id"], page["errors"]) == ("areas", {})
    assert user.choices == ["new_zone", "new_mask", "new_line"]
    page = await user.picks("new_zone")
    assert (page["step_id"], page["errors"]) == ("zone", {})
    assert "delete" not in page["data_schema"].schema
    page = await user.answers(FILLED)
    assert (page["type"], page["step_id"]) == (FlowResultType.MENU, "preview")
    assert page["menu_options"] == ["save", "change", "another"]
    assert page["description_placeholders"]["legend"] == "**1** Path"
    assert user.kept == []
    page = await user.chooses("save")
    assert page["type"] is FlowResultType.CREATE_ENTRY
    (kept,) = user.kept
    assert kept == {**ZONE, "id": kept["id"]}
    assert page["data"]["pictures"] is True
    assert state(user.hass, "binary_sensor.front_door_path") == "unknown"


async def test_a_mask_and_a_line_are_drawn_from_ready_made_shapes_in_one_go(
    user: Draughtsman,
) -> None:
    await user.opens()
    await user.picks("new_mask")
    await user.answers({"name": "Neighbour", "preset": "right_half"})
    page = await user.chooses("another")
    assert page["step_id"] == "areas"
    assert user.choices[1:] == ["new_zone", "new_mask", "new_line", "finish"]
    page = await user.picks("new_line")
    assert page["step_id"] == "line"
    await user.answers({"name": "Gate", "preset": "across_middle", "points": ""})
    await user.chooses("another")
    page = await user.picks("finish")
    assert page["type"] is FlowResultType.CREATE_ENTRY
    mask, line = user.kept
    assert (mask["kind"], mask["points"]) == ("mask", [[0.5, 0], [1, 0], [1, 1], [0.5, 1]])
    assert (line["kind"], line["points"]) == ("line", [[0, 0.5], [1, 0.5]])
    assert mask["id"] != line["id"]


async def test_mistakes_are_corrected_before_saving(user: Draughtsman) -> None:
    await user.opens()
    await user.picks("new_zone")
    await user.answers({**FILLED, "preset": "left_half"})
    page = await user.chooses("change")
    assert (page["step_id"], page["errors"]) == ("zone", {})
    assert page["description_placeholders"]["legend"] == "**1** Path"
    assert user.suggested == {
        "name": "Path",
        "preset": "own_points",
        "points": "0,0 50,0 50,100 0,100",
        "stay": 5,
    }
    await user.answers({**FILLED, "points": "0,0 60,0 60,100"})
    await user.chooses("save")
    (kept,) = user.kept
    assert kept["points"] == [[0, 0], [0.6, 0], [0.6, 1]]


@pytest.mark.parametrize("options", [OPTIONS])
@pytest.mark.parametrize(("area", "kind"), [(ZONE, "zone"), (MASK, "mask"), (LINE, "line")])
async def test_a_changed_area_keeps_its_id(
    user: Draughtsman, area: dict[str, Any], kind: str
) -> None:
    await user.opens()
    page = await user.picks(area["id"])
    assert page["step_id"] == kind
    answers = {**user.suggested, "name": "Other"}
    if kind != "zone":
        answers.pop("stay", None)
    await user.answers(answers)
    await user.chooses("save")
    before = [ZONE, MASK, LINE]
    assert user.kept == [
        {**one, "name": "Other"} if one["id"] == area["id"] else one for one in before
    ]


@pytest.mark.parametrize("options", [OPTIONS])
async def test_an_area_is_deleted(user: Draughtsman) -> None:
    assert user.hass.states.get("sensor.front_door_gate_in") is not None
    await user.opens()
    await user.picks("l1")
    page = await user.answers({**user.suggested, "delete": True} | {"name": ""})
    assert page["description_placeholders"]["legend"] == "**1** Path · **2** Neighbour"
    await user.chooses("save")
    assert [one["id"] for one in user.kept] == ["z1", "m1"]
    assert user.hass.states.get("sensor.front_door_gate_in") is None


@pytest.mark.parametrize("options", [OPTIONS])
@pytest.mark.parametrize(
    ("kind", "changes", "errors", "detail"),
    [
        ("zone", {"points": "10,60 45,60"}, {"points": "too_few_points"}, "2"),
        ("zone", {"points": " ".join(["1,1"] * 41)}, {"points": "too_many_points"}, "40"),
        ("zone", {"points": "10,60 145,60 45,100"}, {"points": "outside"}, "145,60"),
        ("zone", {"points": "10,10 50,50 90,90"}, {"points": "no_area"}, ""),
        ("mask", {"points": "10,10 90,90 90,10 10,90"}, {"points": "crossing"}, ""),
        ("mask", {"points": "10,60 oops 45,100"}, {"points": "bad_point"}, "oops"),
        ("line", {"points": "10,60 20,60 30,60"}, {"points": "not_two_points"}, "3"),
        ("line", {"points": "10,60 10,60"}, {"points": "no_length"}, ""),
        ("line", {"name": " gATE "}, {"name": "name_taken"}, "gATE"),
        ("line", {"name": "  "}, {"name": "no_name"}, ""),
        ("zone", {"name": "x" * 41}, {"name": "long_name"}, "40"),
    ],
)
async def test_a_mistake_is_shown_and_can_be_corrected(
    user: Draughtsman,
    kind: str,
    changes: dict[str, str],
    errors: dict[str, str],
    detail: str,
) -> None:
    good = {**FILLED, "name": "New"} if kind == "zone" else {"name": "New", "preset": "own_points"}
    good["points"] = "20,20 80,20" if kind == "line" else POINTS
    await user.opens()
    await user.picks(f"new_{kind}")
    page = await user.answers({**good, **changes})
    # Also at the top of the dialog, for the field may be below what is shown.
    (problem,) = errors.values()
    assert (page["step_id"], page["errors"]) == (kind, {"base": problem, **errors})
    assert page["description_placeholders"]["detail"] == detail
    assert user.suggested == {**good, **changes}
    assert (await user.answers(good))["step_id"] == "preview"


@pytest.mark.parametrize(
    "options",
    [{"areas": [{**ZONE, "id": f"z{n}", "name": f"Zone {n}"} for n in range(MOST_AREAS)]}],
)
async def test_there_may_not_be_too_many(user: Draughtsman) -> None:
    await user.opens()
    page = await user.picks("new_zone")
    assert (page["step_id"], page["errors"]) == ("areas", {"area": "too_many_areas"})
    assert page["description_placeholders"]["detail"] == str(MOST_AREAS)
    assert (await user.picks("z3"))["step_id"] == "zone"


async def test_the_picture_is_shown_to_this_user_only_and_not_for_long(
    user: Draughtsman, hass_client: ClientSessionGenerator
) -> None:
    page = await user.opens()
    client = await hass_client()
    first = page["description_placeholders"]["picture"]
    answer = await client.get(first, headers={"Authorization": ""})
    assert answer.status == HTTPStatus.OK
    assert answer.headers["Cache-Control"] == "no-store"
    bare = pixels(await answer.read())
    assert bare[45, 45] == pytest.approx([0, 0, 128], abs=8)
    unsigned = await client.get(first.partition("?")[0], headers={"Authorization": ""})
    assert unsigned.status == HTTPStatus.UNAUTHORIZED

    await user.picks("new_zone")
    page = await user.answers(FILLED)
    second = page["description_placeholders"]["picture"]
    drawn = pixels(await (await client.get(second)).read())
    assert drawn[430, 431][1] > bare[430, 431][1] + 100
    assert (await client.get(first)).status == HTTPStatus.NOT_FOUND
    await user.chooses("save")
    assert (await client.get(second)).status == HTTPStatus.NOT_FOUND


@pytest.mark.parametrize("options", [{"pictures": False}])
async def test_without_pictures_areas_are_drawn_on_gray_with_a_message(
    user: Draughtsman, hass_client: ClientSessionGenerator
) -> None:
    page = await user.opens()
    assert page["errors"] == {"base": "no_picture"}
    client = await hass_client()
    picture = await client.get(page["description_placeholders"]["picture"])
    assert pixels(await picture.read())[27, 67] == pytest.approx([96, 96, 96], abs=6)
    page = await user.picks("new_zone")
    assert (page["step_id"], page["errors"]) == ("zone", {"base": "no_picture"})
    assert (await user.answers(FILLED))["step_id"] == "preview"


async def test_without_a_stream_the_grid_is_on_grey(
    user: Draughtsman, bridges: list[FakeBridge]
) -> None:
    bridges[0].picture = None
    assert (await user.opens())["errors"] == {"base": "no_picture"}


async def test_areas_are_drawn_also_while_the_camera_is_not_set_up(
    user: Draughtsman,
) -> None:
    assert await user.hass.config_entries.async_unload(ENTRY_ID)
    assert (await user.opens())["errors"] == {"base": "no_picture"}


async def test_a_new_mask_takes_away_the_kept_picture(
    user: Draughtsman, bridges: list[FakeBridge]
) -> None:
    path = Path(bridges[0].cameras[ENTRY_ID].picture_path or "")
    await user.hass.async_add_executor_job(_write, path)
    await user.opens()
    await user.picks("new_zone")
    await user.answers(FILLED)
    await user.chooses("save")
    assert path.exists()
    await user.opens()
    await user.picks("new_mask")
    await user.answers({"name": "Neighbour", "preset": "right_half"})
    await user.chooses("save")
    assert not path.exists()
    path = Path(bridges[0].cameras[ENTRY_ID].picture_path or "")
    await user.hass.async_add_executor_job(_write, path)
    await user.hass.config_entries.async_reload(ENTRY_ID)
    await user.hass.async_block_till_done()
    assert path.exists()


def _write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg())


def test_names_are_shown_as_they_are_and_not_as_markdown() -> None:
    odd = Area(area_id="a", kind=Kind.ZONE, name="*[x](y) <b>", points=())
    assert _legend([odd]) == r"**1** \*\[x\]\(y\) \<b\>"


async def test_sensitivity_is_one_choice_by_day_and_one_by_night(
    user: Draughtsman, bridges: list[FakeBridge]
) -> None:
    await user.opens("sensitivity")
    assert user.suggested == {
        "day": "balanced",
        "night": "balanced",
        "smallest": 0,
        "largest": 100,
    }
    page = await user.answers({"day": "high", "night": "low", "smallest": 60, "largest": 60})
    assert page["errors"] == {"largest": "sizes_swapped"}
    page = await user.answers({"day": "high", "night": "low", "smallest": 5, "largest": 60})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    sent = bridges[0].cameras[ENTRY_ID].settings
    assert (sent.day.enter, sent.night.enter) == (0.3, 0.6)
    assert (sent.day.smallest, sent.night.largest) == (0.05, 0.6)


async def test_experts_can_change_the_numbers(user: Draughtsman, bridges: list[FakeBridge]) -> None:
    await user.opens("sensitivity")
    page = await user.answers({"day": "low", "night": "own", "smallest": 0, "largest": 100})
    assert page["step_id"] == "numbers"
    # By day the choice was another one.
    assert user.suggested == {"enter_night": 0.4, "confirm_night": 0.5}
    swapped = {"enter_night": 0.4, "confirm_night": 0.3}
    page = await user.answers(swapped)
    assert page["errors"] == {"confirm_night": "scores_swapped"}
    page = await user.answers({**swapped, "confirm_night": 0.45})
    assert page["type"] is FlowResultType.CREATE_ENTRY
    sent = bridges[0].cameras[ENTRY_ID].settings
    assert (sent.day.enter, sent.day.confirm) == (0.6, 0.7)
    assert (sent.night.enter, sent.night.confirm) == (0.4, 0.45)
    await user.opens("sensitivity")
    assert user.suggested["night"] == "own"
    await user.answers({"day": "low", "night": "own", "smallest": 0, "largest": 100})
    assert user.suggested["enter_night"] == 0.4
