"""A camera's options, and the detector that all cameras share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import probatio
from homeassistant.config_entries import OptionsFlowWithReload
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
)

from . import models
from .const import CONF_BUDGET, CONF_ENGINE, CONF_FILE, CONF_MODEL, CONF_PICTURES
from .data import DATA_HUB
from .detector import AUTOMATIC, BUDGET, Choice
from .engines import ENGINES
from .worker.messages import EngineFailed

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult

OWN_FILE = "own_file"


class PorchlightOptionsFlow(OptionsFlowWithReload):
    """Changes one camera, or the detector."""

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose what to change."""
        return self.async_show_menu(step_id="init", menu_options=["pictures", "detector"])

    async def async_step_pictures(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Whether pictures of this camera may be made and kept."""
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

    async def async_step_detector(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Which model looks for people on all cameras."""
        errors: dict[str, str] = {}
        detail = ""
        detector = self.hass.data[DATA_HUB].detector
        if user_input is not None:
            own = user_input[CONF_MODEL] == OWN_FILE
            path = user_input.get(CONF_FILE, "").strip()
            engine = None if user_input[CONF_ENGINE] == AUTOMATIC else user_input[CONF_ENGINE]
            if own:
                error, detail = await self._async_try(path, engine)
                if error:
                    errors[CONF_FILE] = error
            if not errors:
                budget = user_input[CONF_BUDGET] / 100
                await detector.async_choose(
                    Choice(file=path, engine=engine, budget=budget)
                    if own
                    else Choice(model=user_input[CONF_MODEL], engine=engine, budget=budget)
                )
                self.hass.async_create_task(self.hass.data[DATA_HUB].async_prepare_detector())
                return self.async_create_entry(data=dict(self.config_entry.options))
        choice = detector.choice
        suggested = {
            CONF_MODEL: OWN_FILE if choice.file else choice.model,
            CONF_FILE: choice.file or "",
            CONF_ENGINE: choice.engine or AUTOMATIC,
            CONF_BUDGET: round(choice.budget * 100),
        }
        return self.async_show_form(
            step_id="detector",
            data_schema=self.add_suggested_values_to_schema(
                await self._async_schema(), user_input or suggested
            ),
            errors=errors,
            description_placeholders={"detail": detail},
        )

    async def _async_try(self, path: str, engine: str | None) -> tuple[str | None, str]:
        """Try a file of the user's: the error's key, and its detail."""
        try:
            outcome = await self.hass.data[DATA_HUB].detector.async_try_file(path, engine)
        except models.ModelFileError as error:
            return error.key, error.detail
        if isinstance(outcome, EngineFailed):
            return outcome.problem.value, outcome.detail
        return None, ""

    async def _async_schema(self) -> probatio.Schema:
        catalogue = await self.hass.async_add_executor_job(models.catalogue)
        names = [AUTOMATIC, *(model.name for model in catalogue), OWN_FILE]
        return probatio.Schema(
            {
                probatio.Required(CONF_MODEL): _select(names, "model"),
                probatio.Optional(CONF_FILE): TextSelector(),
                probatio.Required(CONF_ENGINE): _select(
                    [AUTOMATIC, *(engine.name for engine in ENGINES)], "engine"
                ),
                probatio.Required(CONF_BUDGET, default=round(BUDGET * 100)): NumberSelector(
                    NumberSelectorConfig(min=10, max=100, step=5, unit_of_measurement="%")
                ),
            }
        )


def _select(names: list[str], key: str) -> SelectSelector:
    options = [SelectOptionDict(value=name, label=name) for name in names]
    return SelectSelector(SelectSelectorConfig(options=options, translation_key=key))
