"""The steps of the options in which zones, masks and lines are drawn."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, override
from uuid import uuid4

import probatio
from homeassistant.config_entries import ConfigEntryState, OptionsFlowWithReload
from homeassistant.const import CONF_NAME
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelectorMode,
    TextSelector,
)

from ..const import (
    CONF_AREA,
    CONF_AREAS,
    CONF_DELETE,
    CONF_POINTS,
    CONF_PRESET,
    CONF_STAY,
)
from ..runtime.areas import (
    LONGEST_STAY,
    MOST_AREAS,
    Area,
    AreaError,
    AreaProblem,
    Kind,
    areas_of,
    check_name,
    presets,
    read,
    written,
)
from .drawing import WIDTH, draw
from .previews import async_previews
from .selects import select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.helpers.selector import SelectSelector

    from ..runtime.coordinator import CameraCoordinator

OWN_POINTS = "own_points"
FINISH = "finish"
NEW = {f"new_{kind}": kind for kind in Kind}
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+.!|<>~-])")
# The fields that show a problem.
_NAME_PROBLEMS = {AreaProblem.NO_NAME, AreaProblem.LONG_NAME, AreaProblem.NAME_TAKEN}


class AreaSteps(OptionsFlowWithReload):
    """Edits, shows and saves a camera's areas."""

    def __init__(self) -> None:
        self._areas: tuple[Area, ...] | None = None
        self._result: tuple[Area, ...] = ()
        self._edited: Area | None = None
        self._kind = Kind.ZONE
        self._detail = ""
        self._shown: str | None = None
        self._blind = False

    @callback
    @override
    def async_remove(self) -> None:
        """Delete the flow's picture."""
        if self._shown:
            async_previews(self.hass).pop(self._shown, None)

    async def async_step_areas(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose what to draw or change."""
        errors: dict[str, str] = {}
        self._detail = ""
        if user_input is not None:
            choice = user_input[CONF_AREA]
            if choice == FINISH:
                self._result = self._drawn
                return await self.async_step_save()
            if choice not in NEW:
                self._edited = next(one for one in self._drawn if one.area_id == choice)
                self._kind = self._edited.kind
                return await self._async_edit()
            if len(self._drawn) < MOST_AREAS:
                self._edited, self._kind = None, NEW[choice]
                return await self._async_edit()
            self._detail = str(MOST_AREAS)
            errors[CONF_AREA] = AreaProblem.TOO_MANY_AREAS
        picture = await self._async_picture(self._drawn)
        return self.async_show_form(
            step_id="areas",
            data_schema=self._areas_schema(),
            errors=errors or self._blindness,
            description_placeholders={
                "picture": picture,
                "legend": _legend(self._drawn),
                "detail": self._detail,
            },
        )

    async def async_step_zone(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Draw a zone."""
        return await self._async_shape("zone", self._zone_schema(), user_input)

    async def async_step_mask(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Draw a mask."""
        return await self._async_shape("mask", self._plain_schema(), user_input)

    async def async_step_line(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Draw a line."""
        return await self._async_shape("line", self._plain_schema(), user_input)

    async def _async_shape(
        self, step_id: str, schema: probatio.Schema, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for one area until it is valid, then show it."""
        errors: dict[str, str] = {}
        if user_input is not None and not (errors := self._take(user_input)):
            return await self.async_step_preview()
        picture = await self._async_picture(self._sketch)
        return self.async_show_form(
            step_id=step_id,
            data_schema=self._suggested(schema, user_input),
            errors=errors or self._blindness,
            description_placeholders={
                "picture": picture,
                "legend": _legend(self._sketch),
                "detail": self._detail,
            },
        )

    async def async_step_preview(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show what was drawn before it is saved."""
        return self.async_show_menu(
            step_id="preview",
            menu_options=["save", "change", "another"],
            description_placeholders={
                "picture": await self._async_picture(self._result),
                "legend": _legend(self._result),
            },
        )

    async def async_step_change(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the area again."""
        return await self._async_edit()

    async def async_step_another(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Keep the area, and draw another one."""
        self._areas, self._edited = self._result, None
        return await self.async_step_areas()

    async def async_step_save(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save all that was drawn."""
        entry = self.config_entry
        areas = [area.as_dict() for area in self._result]
        return self.async_create_entry(data={**entry.options, CONF_AREAS: areas})

    @property
    def _drawn(self) -> tuple[Area, ...]:
        """The areas, including changes that are not saved yet."""
        if self._areas is None:
            self._areas = areas_of(self.config_entry.options)
        return self._areas

    @property
    def _is_new(self) -> bool:
        return not any(self._edited and one.area_id == self._edited.area_id for one in self._drawn)

    @property
    def _sketch(self) -> tuple[Area, ...]:
        """The areas, including the one that is being edited."""
        edited = self._edited
        if edited is None:
            return self._drawn
        if self._is_new:
            return (*self._drawn, edited)
        return tuple(edited if one.area_id == edited.area_id else one for one in self._drawn)

    @property
    def _blindness(self) -> dict[str, str]:
        """The message to show if there is only a gray grid instead of a picture."""
        errors: dict[str, str] = {}
        if self._blind:
            errors["base"] = "no_picture"
        return errors

    async def _async_edit(self) -> ConfigFlowResult:
        match self._kind:
            case Kind.ZONE:
                return await self.async_step_zone()
            case Kind.MASK:
                return await self.async_step_mask()
            case Kind.LINE:
                return await self.async_step_line()

    def _take(self, user_input: dict[str, Any]) -> dict[str, str]:
        """Read the user's input; returns its errors."""
        edited = self._edited.area_id if self._edited else uuid4().hex[:12]
        others = [one for one in self._drawn if one.area_id != edited]
        if user_input.get(CONF_DELETE):
            self._result = tuple(others)
            return {}
        preset = user_input[CONF_PRESET]
        try:
            points = presets(self._kind).get(preset)
            area = Area(
                area_id=edited,
                kind=self._kind,
                name=check_name(user_input[CONF_NAME], others),
                points=points or read(user_input.get(CONF_POINTS, ""), self._kind),
                stay=float(user_input.get(CONF_STAY, 0)),
            )
        except AreaError as error:
            self._detail = error.detail
            field = CONF_NAME if error.problem in _NAME_PROBLEMS else CONF_POINTS
            # Also at the top: the field may be outside of the dialog's visible part.
            return {"base": error.problem.value, field: error.problem.value}
        self._edited = area
        self._result = self._sketch
        return {}

    async def _async_picture(self, areas: Iterable[Area]) -> str:
        """A signed address of a picture of these areas."""
        still = await self._async_still()
        self._blind = still is None
        chosen = self._edited.area_id if self._edited else None
        picture = await self.hass.async_add_executor_job(draw, still, tuple(areas), chosen)
        previews = async_previews(self.hass)
        if self._shown:
            previews.pop(self._shown, None)
        self._shown = f"{self.flow_id}-{uuid4().hex}"
        return previews.sign(self.hass, self._shown, picture)

    async def _async_still(self) -> bytes | None:
        entry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED:
            return None
        camera: CameraCoordinator = entry.runtime_data
        return await camera.async_still(WIDTH)

    def _suggested(
        self, schema: probatio.Schema, user_input: dict[str, Any] | None
    ) -> probatio.Schema:
        values: dict[str, Any] = {CONF_PRESET: OWN_POINTS, CONF_STAY: 0}
        if self._edited:
            values |= {
                CONF_NAME: self._edited.name,
                CONF_POINTS: written(self._edited.points),
                CONF_STAY: self._edited.stay,
            }
        return self.add_suggested_values_to_schema(schema, user_input or values)

    def _areas_schema(self) -> probatio.Schema:
        names = [*NEW]
        if self._drawn != areas_of(self.config_entry.options):
            names.append(FINISH)
        areas = select(
            names,
            translation_key="area",
            mode=SelectSelectorMode.LIST,
            first=[(one.area_id, one.name) for one in self._drawn],
        )
        return probatio.Schema({probatio.Required(CONF_AREA): areas})

    def _zone_schema(self) -> probatio.Schema:
        stay = NumberSelectorConfig(
            min=0, max=LONGEST_STAY, unit_of_measurement="s", mode=NumberSelectorMode.BOX
        )
        return probatio.Schema(
            {
                **self._drawing_fields(),
                probatio.Required(CONF_STAY, default=0): NumberSelector(stay),
                **self._deleting_fields(),
            }
        )

    def _plain_schema(self) -> probatio.Schema:
        return probatio.Schema({**self._drawing_fields(), **self._deleting_fields()})

    def _drawing_fields(self) -> dict[Any, Any]:
        ready = LINE_SHAPES if self._kind is Kind.LINE else SHAPES
        return {
            probatio.Required(CONF_NAME): TextSelector(),
            probatio.Required(CONF_PRESET, default=OWN_POINTS): ready,
            probatio.Optional(CONF_POINTS): TextSelector(),
        }

    def _deleting_fields(self) -> dict[Any, Any]:
        if self._is_new:
            return {}
        return {probatio.Optional(CONF_DELETE, default=False): BooleanSelector()}


def _shapes(kind: Kind, key: str) -> SelectSelector:
    names = [OWN_POINTS, *presets(kind)]
    return select(names, translation_key=key, mode=SelectSelectorMode.DROPDOWN)


SHAPES = _shapes(Kind.ZONE, "area_preset")
LINE_SHAPES = _shapes(Kind.LINE, "line_preset")


def _legend(areas: Iterable[Area]) -> str:
    """The areas' names by their numbers in the picture, as Markdown."""
    return " · ".join(
        f"**{number}** {_MARKDOWN.sub(r'\\\1', area.name)}" for number, area in enumerate(areas, 1)
    )
