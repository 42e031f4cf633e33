"""Getting from a wish for a model to one that runs in the worker."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.requirements import RequirementsNotFound, async_process_requirements
from packaging.tags import sys_tags

from . import errands, models
from .const import DOMAIN
from .repairs import create_detector_issue, delete_detector_issue
from .worker.messages import EngineFailed, EngineReady, UseModel

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

# A model slower than this on the machine, in milliseconds, gives way to the fastest one.
TOO_SLOW = 400.0
AUTOMATIC = "auto"
LITERT_REQUIREMENT = "ai-edge-litert>=2.1"
_STORE_VERSION = 1
_STORE_KEY = f"{DOMAIN}.detector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user wants to run: a model's name, or `auto`, or a file of their own."""

    model: str = AUTOMATIC
    file: str | None = None


class DetectorSetup:
    """Chooses, fetches and tries a model; what goes wrong becomes a repair issue."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._store: Store[dict[str, Any]] = Store(hass, _STORE_VERSION, _STORE_KEY)
        self.kept = Path(hass.config.path(STORAGE_DIR, DOMAIN, "models"))
        self.choice = Choice()
        self.outcome: EngineReady | EngineFailed | None = None

    async def async_load(self) -> None:
        """Remember the user's choice."""
        if stored := await self._store.async_load():
            self.choice = Choice(model=stored.get("model", AUTOMATIC), file=stored.get("file"))

    async def async_choose(self, choice: Choice) -> None:
        """Take over a new choice of the user's."""
        self.choice = choice
        await self._store.async_save({"model": choice.model, "file": choice.file})

    async def async_prepare(self) -> UseModel | None:
        """The model to run, tried and found to work; without one, None and a repair issue."""
        try:
            await self._async_install_engine()
            wish, outcome = await self._async_pick()
        except RequirementsNotFound as error:
            self._fail("engine_not_installed", ", ".join(error.requirements))
            return None
        except models.ModelFileError as error:
            self._fail(error.key, error.detail)
            return None
        self.outcome = outcome
        if isinstance(outcome, EngineFailed):
            self._fail(outcome.problem, outcome.detail)
            return None
        delete_detector_issue(self._hass)
        return wish

    async def async_try_file(self, path: str) -> EngineReady | EngineFailed:
        """Try a file of the user's. Raises ModelFileError."""
        file = await self._hass.async_add_executor_job(models.own_file, Path(path))
        return await errands.try_model(self._wish(file))

    def _fail(self, problem: str, detail: str) -> None:
        create_detector_issue(self._hass, problem, detail, str(self.kept))

    async def _async_install_engine(self) -> None:
        if self._hass.config.skip_pip:
            return
        if await self._hass.async_add_executor_job(_is_musl):
            raise RequirementsNotFound(DOMAIN, ["a TFLite runtime for musl"])
        await async_process_requirements(
            self._hass, DOMAIN, [LITERT_REQUIREMENT], is_built_in=False
        )

    async def _async_pick(self) -> tuple[UseModel, EngineReady | EngineFailed]:
        """The chosen model, and what came of trying it. Raises ModelFileError."""
        if self.choice.file:
            return await self._async_try(Path(self.choice.file))
        best, *others = await self._hass.async_add_executor_job(models.catalogue)
        if self.choice.model != AUTOMATIC:
            named = await self._hass.async_add_executor_job(models.by_name, self.choice.model)
            return await self._async_try(await self._async_file(named or best))
        wish, outcome = await self._async_try(await self._async_file(best))
        if isinstance(outcome, EngineReady) and outcome.inference_ms > TOO_SLOW:
            fastest = min(others, key=lambda model: model.cost)
            with contextlib.suppress(models.ModelFileError):
                return await self._async_try(await self._async_file(fastest))
        return wish, outcome

    async def _async_file(self, model: models.Model) -> Path:
        folders = (models.BUNDLED, self.kept)
        path = await self._hass.async_add_executor_job(models.find, model, folders)
        if path is not None:
            return path
        return await models.fetch(async_get_clientsession(self._hass), model, self.kept)

    async def _async_try(self, file: Path) -> tuple[UseModel, EngineReady | EngineFailed]:
        wish = self._wish(await self._hass.async_add_executor_job(models.own_file, file))
        return wish, await errands.try_model(wish)

    @staticmethod
    def _wish(file: Path) -> UseModel:
        threads = max(1, min(4, (os.cpu_count() or 1) // 2))
        return UseModel(engine="litert", path=str(file), threads=threads)


def _is_musl() -> bool:
    """Whether this Python takes musl wheels; no requirement marker can tell."""
    return any("musllinux" in tag.platform for tag in sys_tags())
