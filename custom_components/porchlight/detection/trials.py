"""Tries models on this machine until one keeps up with all cameras."""

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

# How much faster a model may be than its cost suggests: processors differ, above all with integers.
DOUBT = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A model that works, and its load; `model` is None unless it was chosen automatically."""

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
        """`most` is the highest load that is accepted, `known` the results of earlier trials."""
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
        """The result with the lowest accepted load."""
        allowed = [result for result in self.results if result.load <= self._most]
        return min(allowed, key=lambda result: result.load, default=None)

    @property
    def reached(self) -> bool:
        """Whether a model that keeps up was found."""
        return self.best is not None and self.best.load <= self._goal

    @property
    def broken(self) -> bool:
        """Whether a model failed and none is known to work on this engine."""
        return self.failure is not None and not self._alone

    @property
    def straight(self) -> bool:
        """Whether the first candidate keeps up: a repetition could not do better."""
        return self.reached and len(self.results) == 1 and not self.missing

    def open(self, model: Model) -> bool:
        """Whether a model may have an accepted load: its file is there, and it did not fail."""
        there = model.name not in self.missing and model not in self._failed
        return there and not self.too_slow(model, nearest=True)

    def too_slow(self, model: Model, *, nearest: bool = False) -> bool:
        """Whether a model certainly does not keep up, judging by the others' times.

        With `nearest`: whether its load is certainly above the accepted one.
        """
        limit = self._most if nearest else self._goal
        return any(
            self._least_load(alone * model.cost / other.cost / DOUBT) > limit
            for other, alone in self._alone.values()
            if other
        )

    async def async_measure(self, file: Path, model: Model | None, *, nearest: bool) -> None:
        """Try a file with more and more threads until it keeps up.

        Numbers of threads that cannot suffice are skipped; with `nearest`, only those that cannot
        be better than the best result.
        """
        path = str(file)
        for threads in self._demand.threads:
            if self._tried(path, threads):
                continue
            if path in self._alone:
                possible = self._demand.least_load(self._alone[path][1], threads)
                if possible >= self._best_load or (possible > self._goal and not nearest):
                    continue
            if not await self._async_try(path, model, threads) or self.reached:
                return

    @property
    def _best_load(self) -> float:
        return self.best.load if self.best else math.inf

    def _least_load(self, alone: float) -> float:
        return min(self._demand.least_load(alone, threads) for threads in self._demand.threads)

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
