"""The detector of all cameras as Home Assistant sees it."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import DOMAIN
from ..worker.messages import DropModel, EngineFailed, EngineReady, Load, SetBudget
from .choice import Choice, DetectorSetup
from .issues import create_load_issue, delete_detector_issue, delete_load_issue

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from homeassistant.core import CALLBACK_TYPE, HomeAssistant

    from ..worker.errors import EngineProblem
    from ..worker.messages import Command, UseModel

type DetectorEntry = ConfigEntry[DetectionCoordinator]

_LOGGER = logging.getLogger(__name__)

# A pace below this for this many seconds is too low.
SHORT, SHORT_FOR = 0.6, 600.0
# Seconds after the last change of cameras until the model is chosen again.
SETTLE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectionState:
    """The running engine and the load of watching. `failed`: detection is not possible."""

    engine: EngineReady | None = None
    failed: bool = False
    load: Load | None = None


class DetectionCoordinator(DataUpdateCoordinator[DetectionState]):
    """Keeps a suitable model running in the worker."""

    def __init__(
        self,
        hass: HomeAssistant,
        send: Callable[[Command], None],
        try_model: Callable[[UseModel], Awaitable[EngineReady | EngineFailed]],
        count_cameras: Callable[[], int],
    ) -> None:
        """`send` sends the worker a command; `try_model` tries a model in another process."""
        # Cameras are watched whether or not the detector's entry is loaded at the moment.
        super().__init__(hass, _LOGGER, config_entry=None, name="Detector")
        self.data = DetectionState()
        self.setup = DetectorSetup(hass, try_model, count_cameras)
        self._send = send
        self._model: UseModel | None = None
        self._enabled = True
        self._running = False
        self._short_since: float | None = None
        self._nothing_faster = False
        self._choosing = asyncio.Lock()
        self._stop_waiting: CALLBACK_TYPE | None = None
        self._stop_at_started: CALLBACK_TYPE | None = None

    @property
    def choice(self) -> Choice:
        """What the user wants to run."""
        return self.setup.choice

    def commands(self) -> list[Command]:
        """The commands that set up a new worker's detection."""
        budget = SetBudget(share=self.choice.budget)
        return [budget, self._model] if self._model else [budget]

    @callback
    def async_start(self) -> None:
        """Start with the first camera."""
        self._running = True
        self._prepare_soon()
        self._stop_at_started = async_at_started(self.hass, self.async_cameras_changed)

    @callback
    def async_stop(self) -> None:
        """Stop after the last camera."""
        self._running = False
        self._model = None
        for stop in (self._stop_waiting, self._stop_at_started):
            if stop:
                stop()
        self._stop_waiting = self._stop_at_started = None
        self.setup.forgive_engines()
        delete_detector_issue(self.hass)
        delete_load_issue(self.hass)
        self.async_set_updated_data(DetectionState())

    @callback
    def async_enable(self, choice: Choice) -> None:
        """Enable detection with the user's choice."""
        if self._enabled and choice == self.choice and not self.data.failed:
            return
        self._enabled = True
        self.setup.choose(choice)
        if self._running:
            self._prepare_soon()

    @callback
    def async_disable(self) -> None:
        """Stop detection until enabled again."""
        self._enabled = False
        self._use(None)

    @callback
    def async_cameras_changed(self, _hass: HomeAssistant | None = None) -> None:
        """Choose the model again once the cameras have settled, if the demand has changed."""
        if self._stop_waiting:
            self._stop_waiting()
        self._stop_waiting = async_call_later(self.hass, SETTLE, self._async_choose_again)

    @callback
    def async_worker_down(self) -> None:
        """Handle the worker's end: the load is unknown until the next one reports."""
        self.async_set_updated_data(replace(self.data, load=None))

    @callback
    def async_hear(self, news: EngineReady | EngineFailed | Load) -> None:
        """Process a report of the worker."""
        match news:
            case EngineReady():
                self.async_set_updated_data(replace(self.data, engine=news, failed=False))
            case EngineFailed():
                model = self._model
                if model and (news.engine, news.path) == (model.engine, model.path):
                    self.async_engine_failed(news.problem, news.detail)
            case Load():
                self._load_is(news)

    @callback
    def async_engine_failed(self, problem: EngineProblem, detail: str) -> None:
        """Handle a failure of the running engine: try another one."""
        self.setup.exclude_engine(problem, detail)
        self._use(None)
        if self._running and self._enabled:
            self._prepare_soon()

    def _prepare_soon(self) -> None:
        self.hass.async_create_background_task(
            self._async_prepare(), f"{DOMAIN} detector", eager_start=False
        )

    async def _async_prepare(self) -> None:
        """Run the chosen model, or raise a repair issue."""
        async with self._choosing:
            self._send(SetBudget(share=self.choice.budget))
            self._use(await self.setup.async_prepare())
            if not self._running:
                delete_detector_issue(self.hass)

    def _use(self, model: UseModel | None) -> None:
        """Have the worker run a model, or none, and measure its pace again."""
        if not (self._running and self._enabled):
            model = None
        self._model = model
        self._send(model or DropModel())
        self._short_since = None
        self._nothing_faster = False
        self.async_set_updated_data(
            replace(self.data, engine=self.setup.outcome if model else None, failed=model is None)
        )

    async def _async_choose_again(self, _now: datetime) -> None:
        self._stop_waiting = None
        async with self._choosing:
            if self._running and self._enabled and self.setup.outdated:
                self._use(await self.setup.async_prepare())

    async def _async_step_down(self, load: Load) -> None:
        """Run a faster model; raise a repair issue if there is none."""
        async with self._choosing:
            model = await self.setup.async_step_down()
            if model:
                self._use(model)
            elif self._running and self._enabled:
                self._nothing_faster = True
                create_load_issue(self.hass, load)

    def _load_is(self, load: Load) -> None:
        """Show the load; if the pace is too low for long, step down to a faster model."""
        now = self.hass.loop.time()
        if load.pace >= SHORT:
            self._short_since = None
            self._nothing_faster = False
            delete_load_issue(self.hass)
        elif self._short_since is None:
            self._short_since = now
        elif now - self._short_since >= SHORT_FOR:
            self._short_for_long(load)
        self.async_set_updated_data(replace(self.data, load=load))

    def _short_for_long(self, load: Load) -> None:
        if self._nothing_faster:
            create_load_issue(self.hass, load)
        elif not self._choosing.locked():
            self.hass.async_create_background_task(
                self._async_step_down(load), f"{DOMAIN} faster model"
            )
