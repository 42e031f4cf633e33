"""The options of the detector, which all cameras share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.config_entries import OptionsFlowWithReload
from homeassistant.core import callback
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    TextSelector,
)

from ..const import CONF_BUDGET, CONF_ENGINE, CONF_FILE, CONF_MODEL, DOMAIN
from ..detection import catalogue
from ..detection.choice import AUTOMATIC, BUDGET, Choice
from ..detection.wheels import ENGINES
from ..runtime.owner import DATA_OWNER
from ..worker.messages import EngineFailed
from .selects import select

if TYPE_CHECKING:
    import asyncio

    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

    from ..worker.messages import EngineReady

OWN_FILE = "own_file"


class DetectorOptionsFlow(OptionsFlowWithReload):
    """Chooses model, engine and budget; the user's own file is tried first."""

    def __init__(self) -> None:
        self._input: dict[str, Any] | None = None
        self._trial: asyncio.Task[EngineReady | EngineFailed] | None = None
        self._error: str | None = None
        self._detail = ""

    @callback
    @override
    def async_remove(self) -> None:
        """Cancel a running trial."""
        if self._trial:
            self._trial.cancel()

    async def async_step_init(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the only step."""
        return await self.async_step_detector()

    async def async_step_detector(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Choose model, engine and budget."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._input = user_input
            if user_input[CONF_MODEL] != OWN_FILE:
                return self._save()
            if not self._file:
                errors[CONF_FILE] = "no_file"
            elif await self.hass.async_add_executor_job(_may_read, self.hass, self._file):
                return await self.async_step_trial()
            else:
                errors[CONF_FILE] = "file_not_allowed"
                self._detail = self._file
        if self._error:
            errors[CONF_FILE], self._error = self._error, None
        choice = Choice.of(self.config_entry.options)
        suggested = {
            CONF_MODEL: OWN_FILE if choice.file else choice.model,
            CONF_FILE: choice.file or "",
            CONF_ENGINE: choice.engine or AUTOMATIC,
            CONF_BUDGET: round(choice.budget * 100),
        }
        return self.async_show_form(
            step_id="detector",
            data_schema=self.add_suggested_values_to_schema(
                await self._async_schema(), self._input or suggested
            ),
            errors=errors,
            description_placeholders={
                "detail": self._detail,
                "folder": self.hass.config.path(DOMAIN),
            },
        )

    async def async_step_trial(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Try the user's file."""
        if self._trial is None:
            detection = self.hass.data[DATA_OWNER].detection
            self._trial = self.hass.async_create_task(
                detection.setup.async_try_file(self._file, self._engine), eager_start=False
            )
        if not self._trial.done():
            return self.async_show_progress(
                step_id="trial", progress_action="trial", progress_task=self._trial
            )
        trial, self._trial = self._trial, None
        try:
            outcome = trial.result()
        except catalogue.ModelFileError as error:
            self._error, self._detail = error.key, error.detail
        else:
            if not isinstance(outcome, EngineFailed):
                return self.async_show_progress_done(next_step_id="tried")
            self._error, self._detail = outcome.problem.value, outcome.detail
        return self.async_show_progress_done(next_step_id="detector")

    async def async_step_tried(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Save when the user's file works."""
        return self._save()

    @property
    def _file(self) -> str:
        return str((self._input or {}).get(CONF_FILE, "")).strip()

    @property
    def _engine(self) -> str | None:
        engine = (self._input or {}).get(CONF_ENGINE, AUTOMATIC)
        return None if engine == AUTOMATIC else engine

    def _save(self) -> ConfigFlowResult:
        chosen = self._input or {}
        own = chosen[CONF_MODEL] == OWN_FILE
        options = {
            CONF_MODEL: AUTOMATIC if own else chosen[CONF_MODEL],
            CONF_FILE: self._file if own else None,
            CONF_ENGINE: self._engine,
            CONF_BUDGET: chosen[CONF_BUDGET] / 100,
        }
        return self.async_create_entry(data=options)

    async def _async_schema(self) -> probatio.Schema:
        models = await self.hass.async_add_executor_job(catalogue.all_models)
        names = [AUTOMATIC, *(model.name for model in models), OWN_FILE]
        return probatio.Schema(
            {
                probatio.Required(CONF_MODEL): select(names, translation_key="model"),
                probatio.Optional(CONF_FILE): TextSelector(),
                probatio.Required(CONF_ENGINE): select(
                    [AUTOMATIC, *(engine.name for engine in ENGINES)], translation_key="engine"
                ),
                probatio.Required(CONF_BUDGET, default=round(BUDGET * 100)): NumberSelector(
                    NumberSelectorConfig(min=10, max=100, step=5, unit_of_measurement="%")
                ),
            }
        )


def _may_read(hass: HomeAssistant, file: str) -> bool:
    """Whether a file is in our folder or where Home Assistant allows to read. Blocks."""
    ours = Path(hass.config.path(DOMAIN)).resolve()
    return Path(file).resolve().is_relative_to(ours) or hass.config.is_allowed_path(file)
