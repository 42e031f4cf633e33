"""Getting from a wish for a model to one that runs in the worker."""

from __future__ import annotations

import contextlib
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from . import engines, errands, models
from .const import DOMAIN
from .repairs import create_detector_issue, create_engine_issue, delete_detector_issue
from .worker.errors import EngineProblem
from .worker.messages import EngineFailed, EngineReady, UseModel

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .engines import EngineKind

# A model slower than this on the machine, in milliseconds, gives way to the fastest one.
TOO_SLOW = 400.0
AUTOMATIC = "auto"
BUDGET = 0.5
# What another engine may do better; all else is the model's fault.
_ENGINE_PROBLEMS = (EngineProblem.NOT_INSTALLED, EngineProblem.CRASHED)
_STORE_VERSION = 1
_STORE_KEY = f"{DOMAIN}.detector"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user wants to run: a model's name, or `auto`, or a file of their own.

    `engine` is forced to go first; None leaves the choice to the machine. `budget` is the share
    of the machine's cores that watching may use.
    """

    model: str = AUTOMATIC
    file: str | None = None
    engine: str | None = None
    budget: float = BUDGET


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an engine does not run; `problem` is the key of a text."""

    engine: str
    problem: str
    detail: str


type Trial = tuple[UseModel, EngineReady | EngineFailed]


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
            self.choice = Choice(
                model=stored.get("model", AUTOMATIC),
                file=stored.get("file"),
                engine=stored.get("engine"),
                budget=stored.get("budget", BUDGET),
            )

    async def async_choose(self, choice: Choice) -> None:
        """Take over a new choice of the user's."""
        self.choice = choice
        await self._store.async_save(asdict(choice))

    async def async_prepare(self) -> UseModel | None:
        """The model to run, tried and found to work; without one, None and a repair issue."""
        failures: list[Failure] = []
        for engine in await self._async_candidates():
            try:
                await self._async_install(engine)
                wish, outcome = await self._async_pick(engine)
            except RequirementsNotFound as error:
                failures.append(
                    Failure(engine.name, "engine_not_installed", ", ".join(error.requirements))
                )
                continue
            except models.ModelFileError as error:
                failures.append(Failure(engine.name, error.key, error.detail))
                break
            self.outcome = outcome
            if isinstance(outcome, EngineReady):
                self._tell(failures, engine.name)
                return wish
            failures.append(Failure(engine.name, outcome.problem, outcome.detail))
            if outcome.problem not in _ENGINE_PROBLEMS:
                break
        self._tell(failures or [Failure("-", "engine_not_installed", "no engine fits")], None)
        return None

    async def async_try_file(self, path: str, engine: str | None) -> EngineReady | EngineFailed:
        """Try a file of the user's. Raises ModelFileError."""
        file = await self._hass.async_add_executor_job(models.own_file, Path(path))
        first, *_ = await self._async_candidates(engine)
        return await errands.try_model(self._wish(file, first))

    def _tell(self, failures: list[Failure], running: str | None) -> None:
        """Raise or clear the repair issue; `running` names the engine that works."""
        if not failures:
            delete_detector_issue(self._hass)
        elif running is None:
            last = failures[-1]
            create_detector_issue(self._hass, last.problem, last.detail, str(self.kept))
        else:
            first = failures[0]
            create_engine_issue(self._hass, first.engine, running, first.detail or first.problem)

    async def _async_candidates(self, forced: str | None = None) -> tuple[EngineKind, ...]:
        return await self._hass.async_add_executor_job(
            engines.candidates, forced or self.choice.engine
        )

    async def _async_install(self, engine: EngineKind) -> None:
        if not self._hass.config.skip_pip:
            await async_process_requirements(
                self._hass, DOMAIN, list(engine.requirements), is_built_in=False
            )

    async def _async_pick(self, engine: EngineKind) -> Trial:
        """The chosen model, and what came of trying it. Raises ModelFileError."""
        if self.choice.file:
            return await self._async_try(Path(self.choice.file), engine)
        best, *others = await self._hass.async_add_executor_job(models.catalogue)
        if self.choice.model != AUTOMATIC:
            named = await self._hass.async_add_executor_job(models.by_name, self.choice.model)
            return await self._async_try(await self._async_file(named or best), engine)
        wish, outcome = await self._async_try(await self._async_file(best), engine)
        if isinstance(outcome, EngineReady) and outcome.inference_ms > TOO_SLOW:
            fastest = min(others, key=lambda model: model.cost)
            with contextlib.suppress(models.ModelFileError):
                return await self._async_try(await self._async_file(fastest), engine)
        return wish, outcome

    async def _async_file(self, model: models.Model) -> Path:
        folders = (models.BUNDLED, self.kept)
        path = await self._hass.async_add_executor_job(models.find, model, folders)
        if path is not None:
            return path
        return await models.fetch(async_get_clientsession(self._hass), model, self.kept)

    async def _async_try(self, file: Path, engine: EngineKind) -> Trial:
        wish = self._wish(await self._hass.async_add_executor_job(models.own_file, file), engine)
        return wish, await errands.try_model(wish)

    @staticmethod
    def _wish(file: Path, engine: EngineKind) -> UseModel:
        threads = max(1, min(4, (os.cpu_count() or 1) // 2))
        return UseModel(engine=engine.name, path=str(file), threads=threads)
