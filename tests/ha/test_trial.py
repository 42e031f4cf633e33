"""Engines that fail in a real trial process, each in its own way."""

from __future__ import annotations

import os
import textwrap
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from packaging.tags import sys_tags

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection import catalogue
from custom_components.porchlight.detection.choice import Choice, DetectorSetup
from custom_components.porchlight.detection.wheels import ENGINES
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.owner import DATA_OWNER
from custom_components.porchlight.worker.errors import EngineProblem
from custom_components.porchlight.worker.messages import EngineFailed, EngineReady
from tests.worker.support import footage

from .conftest import make_entry
from .machines import BEST, FAST, detector_setup

if TYPE_CHECKING:
    from pathlib import Path

    from homeassistant.core import HomeAssistant

    from custom_components.porchlight.runtime.owner import Owner
    from custom_components.porchlight.worker.messages import UseModel

pytestmark = [
    pytest.mark.usefixtures("socket_enabled"),
    pytest.mark.skipif(
        not all(engine.fits(sys_tags()) for engine in ENGINES),
        reason="only one of the engines has wheels for this machine",
    ),
]

MODEL = "models/person_yolox_192_float16.tflite"
NAMES = {"litert": "LiteRT", "ncnn": "ncnn"}
PACKAGES = {"litert": "ai_edge_litert", "ncnn": "ncnn"}
# Called for every picture.
RUNS = {
    "litert": "from ai_edge_litert.interpreter import Interpreter as engine; name = 'invoke'",
    "ncnn": "from ncnn import Extractor as engine; name = 'extract'",
}
KILL = "import os, signal; os.kill(os.getpid(), signal.{})"
# How an engine fails, and the reason that is reported.
FAULTS = {
    "illegal instruction": (KILL.format("SIGILL"), "SIGILL"),
    "crash": ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
    "out of memory": (KILL.format("SIGKILL"), "SIGKILL"),
    "end": ("import os; os._exit(3)", "status 3"),
    "hang": ("import signal; signal.pause()", "it hung"),
}
UNLOADABLE = {
    "library missing": ("raise ImportError('libc.musl: no such file')", "libc.musl: no such file"),
    "library of another kind": ("raise OSError('wrong ELF class')", "wrong ELF class"),
    "other numpy": ("raise RuntimeError('numpy 1 expected')", "numpy 1 expected"),
}
ALL = FAULTS | UNLOADABLE


class Saboteur:
    """Has engines fail in every process that is started from now on."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        self._monkeypatch = monkeypatch
        self.hanging: str | None = None
        path = filter(None, (str(folder), os.environ.get("PYTHONPATH")))
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path))
        self._try_model = ask.try_model
        monkeypatch.setattr(ask, "try_model", self._impatient)

    def on_import(self, engine: str, fault: str) -> str:
        """The expected reason."""
        code = self._code(engine, fault)
        package = self._folder / PACKAGES[engine]
        package.mkdir()
        (package / "__init__.py").write_text(code)
        return ALL[fault][1]

    def on_run(self, engine: str, fault: str) -> str:
        """The expected reason."""
        code = self._code(engine, fault)
        lines = f"def fail(*_):\n{textwrap.indent(code, '    ')}\nsetattr(engine, name, fail)\n"
        (self._folder / "sitecustomize.py").write_text(f"{RUNS[engine]}\n{lines}")
        return ALL[fault][1]

    def _code(self, engine: str, fault: str) -> str:
        if fault == "hang":
            self.hanging = engine
        return ALL[fault][0]

    async def _impatient(self, wish: UseModel) -> EngineReady | EngineFailed:
        """Use a short time limit: the answer will never come."""
        with self._monkeypatch.context() as patch:
            if wish.engine == self.hanging:
                patch.setattr(ask, "SECONDS", 2.0)
            return await self._try_model(wish)


@pytest.fixture
def saboteur(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Saboteur:
    folder = tmp_path / "sabotage"
    folder.mkdir()
    return Saboteur(folder, monkeypatch)


def setup(hass: HomeAssistant, first: str) -> DetectorSetup:
    made = detector_setup(hass)
    made.choice = Choice(file=str(footage(MODEL)), engine=first)
    return made


def shown_issue(hass: HomeAssistant) -> tuple[str | None, Any]:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "detector")
    assert issue is not None
    return issue.translation_key, issue.translation_placeholders


async def expect_the_other(hass: HomeAssistant, victim: str, reason: str) -> None:
    (other,) = set(NAMES) - {victim}
    wish = await setup(hass, victim).async_prepare()
    assert wish is not None
    assert wish.engine == other
    key, placeholders = shown_issue(hass)
    assert key == "engine_replaced"
    assert placeholders["engine"] == NAMES[victim]
    assert placeholders["other"] == NAMES[other]
    assert reason in placeholders["detail"]


@pytest.mark.parametrize("victim", NAMES)
@pytest.mark.parametrize("fault", ALL)
async def test_an_engine_that_fails_as_it_is_imported_gives_way_to_the_other(
    hass: HomeAssistant, saboteur: Saboteur, victim: str, fault: str
) -> None:
    await expect_the_other(hass, victim, saboteur.on_import(victim, fault))


@pytest.mark.parametrize("victim", NAMES)
@pytest.mark.parametrize("fault", ["illegal instruction", "crash", "hang"])
async def test_an_engine_that_fails_on_its_first_picture_gives_way_to_the_other(
    hass: HomeAssistant, saboteur: Saboteur, victim: str, fault: str
) -> None:
    await expect_the_other(hass, victim, saboteur.on_run(victim, fault))


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ("illegal instruction", EngineProblem.CRASHED),
        ("library missing", EngineProblem.NOT_INSTALLED),
    ],
)
async def test_without_an_engine_cameras_have_all_but_detection(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    saboteur: Saboteur,
    fault: str,
    problem: EngineProblem,
) -> None:
    # Chosen before a restart: the detector is prepared as soon as there is a camera.
    choice = asdict(Choice(file=str(footage(MODEL))))
    hass_storage["porchlight.detector"] = {"version": 1, "data": choice}
    (reason,) = {saboteur.on_import(engine, fault) for engine in NAMES}
    entry = make_entry()
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    owner: Owner = hass.data[DATA_OWNER]
    await hass.async_block_till_done(wait_background_tasks=True)
    assert shown_issue(hass) == (
        problem,
        {"detail": reason, "folder": str(owner.detection.setup.kept)},
    )
    assert owner.detection.data.failed
    assert entry.state is ConfigEntryState.LOADED
    assert hass.states.get("camera.front_door") is not None
    assert owner.bridge.pid is not None
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert owner.bridge.pid is None
    assert ir.async_get(hass).async_get_issue(DOMAIN, "detector") is None


async def test_with_real_models_it_is_the_most_accurate_that_the_budget_allows(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    best, fast = (footage(f"models/{name}.tflite") for name in (BEST, FAST))
    monkeypatch.setattr(catalogue, "BUNDLED", best.parent)
    real = ask.try_model

    async def tried(wish: UseModel) -> EngineReady | EngineFailed:
        # How fast this machine is at the moment must not decide.
        answer = await real(wish)
        assert isinstance(answer, EngineReady)
        took = {str(best): 40.0, str(fast): 8.0}.get(wish.path, 80.0)
        return replace(answer, inference_ms=took)

    monkeypatch.setattr(ask, "try_model", tried)
    detector = detector_setup(hass)
    # A single camera asks for little.
    wish = await detector.async_prepare()
    assert wish is not None
    assert (wish.path, wish.threads) == (str(best), 1)
    outcome = detector.outcome
    assert isinstance(outcome, EngineReady)
    assert detector.running is not None
    assert detector.running.load <= 1
    # Half of what the best model needs.
    demand = detector.demand
    needed = detector.running.load * demand.budget / demand.cores
    detector.choice = Choice(budget=needed / 2)
    wish = await detector.async_prepare()
    assert wish is not None
    assert wish.path == str(fast)
    assert detector.results[0].wish.path == str(best)
    assert detector.results[0].load > 1
    assert detector.running.load <= 1
    assert detector.outcome.inference_ms < outcome.inference_ms
