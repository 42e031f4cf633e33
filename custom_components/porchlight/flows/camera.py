"""A camera's options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelectorMode,
)

from ..const import (
    CONF_DAY,
    CONF_LARGEST,
    CONF_NIGHT,
    CONF_PICTURES,
    CONF_SENSITIVITY,
    CONF_SMALLEST,
)
from ..runtime.sensitivity import OWN, USUAL, rules_of
from ..vision.settings import SENSITIVITIES
from .area_steps import AreaSteps
from .selects import select
from .stream_steps import StreamSteps

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult

# A person's height as a share of the picture's, in percent.
_HEIGHT = NumberSelector(NumberSelectorConfig(min=0, max=100, step=1, unit_of_measurement="%"))
_SCORE = NumberSelector(
    NumberSelectorConfig(min=0.25, max=0.95, step=0.05, mode=NumberSelectorMode.SLIDER)
)


class CameraOptionsFlow(AreaSteps, StreamSteps):
    """Changes how one camera is watched."""

    def __init__(self) -> None:
        super().__init__()
        self._sensitivity: dict[str, Any] = {}

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose what to change."""
        return self.async_show_menu(
            step_id="init",
            menu_options=["areas", "sensitivity", "streams", "pictures"],
            description_placeholders={"name": self.config_entry.title},
        )

    async def async_step_sensitivity(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose the sensitivity and a person's sizes."""
        errors: dict[str, str] = {}
        kept = self.config_entry.options.get(CONF_SENSITIVITY, {})
        if user_input is not None:
            sizes = {key: user_input[key] / 100 for key in (CONF_SMALLEST, CONF_LARGEST)}
            self._sensitivity = {**kept, **user_input, **sizes}
            if sizes[CONF_SMALLEST] >= sizes[CONF_LARGEST]:
                errors[CONF_LARGEST] = "sizes_swapped"
            elif OWN in (user_input[CONF_DAY], user_input[CONF_NIGHT]):
                return await self.async_step_numbers()
            else:
                return self._save_sensitivity()
        suggested = {
            CONF_DAY: kept.get(CONF_DAY, USUAL),
            CONF_NIGHT: kept.get(CONF_NIGHT, USUAL),
            CONF_SMALLEST: round(kept.get(CONF_SMALLEST, 0) * 100),
            CONF_LARGEST: round(kept.get(CONF_LARGEST, 1) * 100),
        }
        return self.async_show_form(
            step_id="sensitivity",
            data_schema=self.add_suggested_values_to_schema(
                _SENSITIVITY_SCHEMA, user_input or suggested
            ),
            errors=errors,
        )

    async def async_step_numbers(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Enter the scores of a custom sensitivity."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._sensitivity |= user_input
            for light in self._own_lights:
                if user_input[f"enter_{light}"] > user_input[f"confirm_{light}"]:
                    errors[f"confirm_{light}"] = "scores_swapped"
            if not errors:
                return self._save_sensitivity()
        suggested: dict[str, float] = {}
        for light in self._own_lights:
            rules = rules_of({CONF_SENSITIVITY: self._sensitivity}, light)
            suggested |= {f"enter_{light}": rules.enter, f"confirm_{light}": rules.confirm}
        return self.async_show_form(
            step_id="numbers",
            data_schema=self.add_suggested_values_to_schema(
                self._numbers_schema(), user_input or suggested
            ),
            errors=errors,
        )

    def _numbers_schema(self) -> probatio.Schema:
        fields: dict[Any, Any] = {}
        if CONF_DAY in self._own_lights:
            fields |= {
                probatio.Required("enter_day"): _SCORE,
                probatio.Required("confirm_day"): _SCORE,
            }
        if CONF_NIGHT in self._own_lights:
            fields |= {
                probatio.Required("enter_night"): _SCORE,
                probatio.Required("confirm_night"): _SCORE,
            }
        return probatio.Schema(fields)

    @property
    def _own_lights(self) -> list[str]:
        """The times with the user's own scores: by day, at night."""
        return [light for light in (CONF_DAY, CONF_NIGHT) if self._sensitivity.get(light) == OWN]

    def _save_sensitivity(self) -> ConfigFlowResult:
        options = self.config_entry.options
        return self.async_create_entry(data={**options, CONF_SENSITIVITY: self._sensitivity})

    async def async_step_pictures(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose whether pictures may be taken and stored."""
        options = self.config_entry.options
        if user_input is not None:
            return self.async_create_entry(data={**options, **user_input})
        return self.async_show_form(
            step_id="pictures",
            data_schema=self.add_suggested_values_to_schema(
                probatio.Schema({probatio.Required(CONF_PICTURES): BooleanSelector()}),
                {CONF_PICTURES: options.get(CONF_PICTURES, True)},
            ),
        )


_SENSITIVITY = select(
    [*SENSITIVITIES, OWN], translation_key="sensitivity", mode=SelectSelectorMode.DROPDOWN
)
_SENSITIVITY_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_DAY): _SENSITIVITY,
        probatio.Required(CONF_NIGHT): _SENSITIVITY,
        probatio.Required(CONF_SMALLEST): _HEIGHT,
        probatio.Required(CONF_LARGEST): _HEIGHT,
    }
)
