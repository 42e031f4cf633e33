"""Chooses a model that runs on this machine, following the user's options."""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from homeassistant.core import CoreState
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from ..const import CONF_BUDGET, CONF_ENGINE, CONF_FILE, CONF_MODEL, DOMAIN
from ..vision.capacity import Demand
from ..worker.errors import EngineProblem
from ..worker.messages import EngineFailed, EngineReady, UseModel
from . import catalogue, wheels
from .issues import create_detector_issue, create_engine_issue, delete_detector_issue
from .trials import Search

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from homeassistant.core import HomeAssistant

    from .catalogue import Model
    from .trials import Result
    from .wheels import EngineKind

_LOGGER = logging.getLogger(__name__)

# The most load of a faster model, relative to the present one's, that is worth the change.
FASTER = 0.8
AUTOMATIC = "auto"
BUDGET = 0.5
# Problems that another engine may not have; all others are the model's.
_ENGINE_PROBLEMS = (EngineProblem.NOT_INSTALLED, EngineProblem.CRASHED, EngineProblem.FAILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the user wants to run: a model's name, `auto`, or their own file.

    `engine` is tried first; None leaves the order to the machine. `budget` is the share
    of the machine's cores that watching may use.
    """

    model: str = AUTOMATIC
    file: str | None = None
    engine: str | None = None
    budget: float = BUDGET

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The choice in the detector's options, with defaults for missing keys."""
        return cls(
            model=options.get(CONF_MODEL, AUTOMATIC),
            file=options.get(CONF_FILE),
            engine=options.get(CONF_ENGINE),
            budget=options.get(CONF_BUDGET, BUDGET),
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an engine does not run; `problem` is a translation key."""

    engine: str
    problem: str
    detail: str


class DetectorSetup:
    """Chooses, downloads and tries a model; failures become a repair issue."""

    def __init__(
        self,
        hass: HomeAssistant,
        try_model: Callable[[UseModel], Awaitable[EngineReady | EngineFailed]],
        count_cameras: Callable[[], int],
    ) -> None:
        """`try_model` tries a model in a separate process, so that a crash does no harm."""
        self._hass = hass
        self._try_model = try_model
        self._count_cameras = count_cameras
        self.kept = Path(hass.config.path(STORAGE_DIR, DOMAIN, "models"))
        self.choice = Choice()
        self.running: Result | None = None
        self.results: tuple[Result, ...] = ()
        # The demand that the running model was chosen for, and whether that was during startup.
        self.chosen_for: Demand | None = None
        self._hurried = False
        # Names of models that proved too slow at run time, and engines that failed then.
        self._passed: set[str] = set()
        self._excluded: dict[str, Failure] = {}
        self._trying = asyncio.Lock()

    @property
    def demand(self) -> Demand:
        """The present demand on this machine."""
        cores = os.process_cpu_count() or 1
        return Demand(
            cameras=max(1, self._count_cameras()), cores=cores, budget=self.choice.budget * cores
        )

    @property
    def outcome(self) -> EngineReady | None:
        """The result of the running model's trial."""
        return self.running.outcome if self.running else None

    @property
    def outdated(self) -> bool:
        """Whether a new choice may differ from the last one."""
        if self.chosen_for is None:
            return False
        calm = self._hass.state is CoreState.running
        return self.chosen_for != self.demand or (self._hurried and calm)

    def choose(self, choice: Choice) -> None:
        """Apply the user's new choice."""
        self.choice = choice
        self._passed.clear()
        self.forgive_engines()

    def exclude_engine(self, problem: EngineProblem, detail: str) -> None:
        """Exclude the running engine, which failed, from the next choices."""
        if self.running:
            engine = self.running.wish.engine
            self._excluded[engine] = Failure(engine, problem, detail)
            self.running = None

    def forgive_engines(self) -> None:
        """Allow engines that failed to be tried again."""
        self._excluded.clear()

    async def async_prepare(self) -> UseModel | None:
        """Choose a model that was tried and works; None, with a repair issue, if there is none."""
        demand = self._begin()
        failures = list(self._excluded.values())
        for engine in await self._async_candidates():
            if engine.name in self._excluded:
                continue
            search = Search(engine.name, demand, self._async_try)
            try:
                await self._async_install(engine)
                await self._async_pick(search)
            except RequirementsNotFound as error:
                failures.append(
                    Failure(engine.name, "engine_not_installed", ", ".join(error.requirements))
                )
                continue
            except catalogue.ModelFileError as error:
                failures.append(Failure(engine.name, error.key, error.detail))
                break
            if search.best:
                self._report(failures, engine.name)
                self._hurried &= not search.straight
                return self._run(search.best, search.results)
            if search.failure:
                problem = search.failure.problem
                failures.append(Failure(engine.name, problem, search.failure.detail))
                if problem not in _ENGINE_PROBLEMS:
                    break
        self._report(failures or [Failure("-", "engine_not_installed", "no engine fits")], None)
        return None

    async def async_step_down(self) -> UseModel | None:
        """Choose a faster model and try it; None if there is none or the user chose the model."""
        running = self.running
        if running is None or running.model is None:
            return None
        demand = self.demand
        most = FASTER * demand.load(running.outcome.inference_ms, running.wish.threads)
        search = Search(running.wish.engine, demand, self._async_try, most=most, known=self.results)
        models = await self._hass.async_add_executor_job(catalogue.all_models)
        passed = {*self._passed, running.model.name}
        await self._async_automatic(search, [model for model in models if model.name not in passed])
        if search.best is None:
            return None
        _LOGGER.info("%s is too slow for this machine's cameras", running.model.name)
        for model in models:
            if model == search.best.model:
                break
            if model.name not in search.missing:
                self._passed.add(model.name)
        return self._run(search.best, [*self.results, *search.results])

    async def async_try_file(self, path: str, engine: str | None) -> EngineReady | EngineFailed:
        """Try the user's own file. Raises ModelFileError."""
        file = await self._hass.async_add_executor_job(catalogue.own_file, Path(path))
        first, *_ = await self._async_candidates(engine)
        return await self._async_try(UseModel(engine=first.name, path=str(file)))

    def _report(self, failures: list[Failure], running: str | None) -> None:
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
            wheels.candidates, forced or self.choice.engine
        )

    async def _async_install(self, engine: EngineKind) -> None:
        if not self._hass.config.skip_pip:
            await async_process_requirements(
                self._hass, DOMAIN, list(engine.requirements), is_built_in=False
            )

    def _begin(self) -> Demand:
        """Begin a new choice; what run time showed is forgotten if the demand has changed."""
        demand = self.demand
        if demand != self.chosen_for:
            self._passed.clear()
        self.chosen_for = demand
        self._hurried = self._hass.state is not CoreState.running
        self.running = None
        self.results = ()
        return demand

    def _run(self, result: Result, results: Sequence[Result]) -> UseModel:
        self.running, self.results = result, tuple(results)
        return result.wish

    async def _async_pick(self, search: Search) -> None:
        """Try the user's choice. Raises ModelFileError."""
        if self.choice.file:
            path = Path(self.choice.file)
            file = await self._hass.async_add_executor_job(catalogue.own_file, path)
            await search.async_measure(file, None, nearest=True)
            return
        if self.choice.model != AUTOMATIC:
            named = await self._hass.async_add_executor_job(catalogue.by_name, self.choice.model)
            if named:
                await search.async_measure(await self._async_file(named), None, nearest=True)
                return
        await self._async_automatic(
            search, await self._hass.async_add_executor_job(catalogue.all_models)
        )
        if search.missing and not search.best and not search.failure:
            raise next(iter(search.missing.values()))

    async def _async_automatic(self, search: Search, candidates: Sequence[Model]) -> None:
        """Try models, the most accurate first, until one keeps up; if none does, the fastest."""
        for model in await self._hass.async_add_executor_job(self._in_order, candidates):
            if not search.too_slow(model):
                await self._async_measure(search, model)
            if search.reached or search.broken:
                return
        left = [model for model in candidates if search.open(model)]
        if left:
            fastest = min(left, key=lambda model: model.cost)
            await self._async_measure(search, fastest, nearest=True)

    def _in_order(self, candidates: Sequence[Model]) -> list[Model]:
        """The most accurate first, but bundled ones before any download. Reads files.

        Models that proved too slow at run time come last.
        """
        bundled = [model for model in candidates if catalogue.find(model, [catalogue.BUNDLED])]
        first = candidates.index(bundled[-1]) if bundled else -1

        def place(model: Model) -> tuple[bool, bool]:
            early = candidates.index(model) <= first and catalogue.find(model, self._folders)
            return model.name in self._passed, not early

        return sorted(candidates, key=place)

    async def _async_measure(self, search: Search, model: Model, *, nearest: bool = False) -> None:
        try:
            file = await self._async_file(model)
        except catalogue.ModelFileError as error:
            _LOGGER.warning("%s is passed over: %s", model.name, error)
            search.missing[model.name] = error
        else:
            await search.async_measure(file, model, nearest=nearest)

    @property
    def _folders(self) -> tuple[Path, ...]:
        return catalogue.BUNDLED, self.kept

    async def _async_file(self, model: Model) -> Path:
        """A model's file, downloaded if needed. Raises ModelFileError."""
        path = await self._hass.async_add_executor_job(catalogue.find, model, self._folders)
        if path is None:
            path = await catalogue.fetch(async_get_clientsession(self._hass), model, self.kept)
        return await self._hass.async_add_executor_job(catalogue.own_file, path)

    async def _async_try(self, wish: UseModel) -> EngineReady | EngineFailed:
        """Try a model; one at a time, because trials slow each other down."""
        async with self._trying:
            return await self._try_model(wish)
