"""Trying models on this machine until one keeps all cameras in real time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..worker.messages import EngineFailed, EngineReady, UseModel
from .catalogue import Model

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from pathlib import Path

    from ..vision.capacity import Demand
    from .catalogue import ModelFileError

# How much faster a model may be, compared with another, than their costs say: processors differ in
# what they do well, whole numbers above all.
DOUBT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A model that works, and the load it would be; `model` is None if the user chose it."""

    model: Model | None
    wish: UseModel
    outcome: EngineReady
    load: float


class Search:
    """The trials of one choice, on one engine."""

    def __init__(
        self,
        engine: str,
        demand: Demand,
        try_model: Callable[[UseModel], Awaitable[EngineReady | EngineFailed]],
        *,
        most: float = math.inf,
        known: Iterable[Result] = (),
    ) -> None:
        """It ends with the first model that keeps up; none whose load is above `most` is taken.

        `known` holds the results of earlier trials.
        """
        self._engine = engine
        self._demand = demand
        self._try_model = try_model
        self._most = most
        self._goal = min(1.0, most)
        self._alone: dict[str, tuple[Model | None, float]] = {}
        self.results: list[Result] = []
        self.failure: EngineFailed | None = None
        self.missing: dict[str, ModelFileError] = {}
        self._failed: set[Model | None] = set()
        for result in known:
            self._remember(result)

    @property
    def best(self) -> Result | None:
        """What keeps up, or else comes nearest to it."""
        allowed = [result for result in self.results if result.load <= self._most]
        return min(allowed, key=lambda result: result.load, default=None)

    @property
    def reached(self) -> bool:
        """Whether a model was found that keeps up."""
        return self.best is not None and self.best.load <= self._goal

    @property
    def broken(self) -> bool:
        """Whether a model failed and none is known to work here."""
        return self.failure is not None and not self._alone

    @property
    def straight(self) -> bool:
        """Whether the first candidate keeps up: a repetition could not do better."""
        return self.reached and len(self.results) == 1 and not self.missing

    def open(self, model: Model) -> bool:
        """Whether a model may still come nearest: its file is there, and it does not fail."""
        there = model.name not in self.missing and model not in self._failed
        return there and not self.hopeless(model, nearest=True)

    def hopeless(self, model: Model, *, nearest: bool = False) -> bool:
        """Whether a model surely does not keep up, by what others took.

        With `nearest`: whether it surely comes to more than the most.
        """
        limit = self._most if nearest else self._goal
        return any(
            self._hope(alone * model.cost / other.cost / DOUBT) > limit
            for other, alone in self._alone.values()
            if other
        )

    async def async_measure(self, file: Path, model: Model | None, *, nearest: bool) -> None:
        """Try a file with ever more threads until it keeps up.

        Numbers of threads with which it cannot are left out; with `nearest` only those that
        cannot come nearer than what was tried.
        """
        path = str(file)
        for threads in self._demand.threads:
            if self._tried(path, threads):
                continue
            if path in self._alone:
                hope = self._demand.hope(self._alone[path][1], threads)
                if hope >= self._least or (hope > self._goal and not nearest):
                    continue
            if not await self._async_try(path, model, threads) or self.reached:
                return

    @property
    def _least(self) -> float:
        return self.best.load if self.best else math.inf

    def _hope(self, alone: float) -> float:
        return min(self._demand.hope(alone, threads) for threads in self._demand.threads)

    def _tried(self, path: str, threads: int) -> bool:
        return any(
            (result.wish.path, result.wish.threads) == (path, threads) for result in self.results
        )

    def _remember(self, result: Result) -> None:
        if result.wish.threads == 1:
            self._alone[result.wish.path] = result.model, result.outcome.inference_ms

    async def _async_try(self, path: str, model: Model | None, threads: int) -> bool:
        wish = UseModel(engine=self._engine, path=path, threads=threads)
        outcome = await self._try_model(wish)
        if isinstance(outcome, EngineFailed):
            self.failure = outcome
            if threads == 1:
                self._failed.add(model)
            return False
        load = self._demand.load(outcome.inference_ms, threads)
        result = Result(model=model, wish=wish, outcome=outcome, load=load)
        self._remember(result)
        self.results.append(result)
        return True
