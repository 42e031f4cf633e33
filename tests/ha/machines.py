"""Machines of any speed, with models whose files are short."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import aiohttp
from homeassistant.helpers import issue_registry as ir

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection import catalogue
from custom_components.porchlight.detection.choice import DetectorSetup
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.entries import camera_entries
from custom_components.porchlight.worker.messages import EngineFailed, EngineReady

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from homeassistant.core import HomeAssistant
    from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker

    from custom_components.porchlight.worker.errors import EngineProblem
    from custom_components.porchlight.worker.messages import UseModel

BEST, NEXT = "yolox_nano_416_float16", "yolox_nano_416_dynamic_range"
FAST, LEAST = "person_yolox_192_float16", "ssd_mobilenet_v1_coco_300_uint8"
HEAD = b"\x1c\x00\x00\x00TFL3"


def fake_model(name: str) -> catalogue.Model:
    """A model of the catalog whose file is short."""
    data = HEAD + name.encode()
    real = catalogue.by_name(name)
    assert real is not None
    return replace(real, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def put(folder: Path, *names: str) -> Path:
    """Put models' files there; the last one's path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        path = folder / f"{name}.tflite"
        path.write_bytes(HEAD + name.encode())
    return path


def out_of_reach(web: AiohttpClientMocker, *names: str) -> None:
    """Models that cannot be fetched."""
    for name in names:
        web.get(fake_model(name).url, exc=aiohttp.ClientError)


class Engines:
    """Answers for the trial process; a pace for each model's file, or a failure."""

    def __init__(self) -> None:
        self.paces: dict[str, float] = {}
        # What each further thread adds to the first one's speed.
        self.gain = 0.8
        self.failures: dict[str, EngineProblem] = {}
        self.asked: list[tuple[str, int]] = []
        self.at_once = self.most_at_once = 0

    @property
    def tried(self) -> list[str]:
        return [name for name, _ in self.asked]

    async def try_model(self, wish: UseModel) -> EngineReady | EngineFailed:
        name = Path(wish.path).stem
        self.asked.append((name, wish.threads))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if problem := self.failures.get(wish.engine) or self.failures.get(name):
            return EngineFailed(engine=wish.engine, path=wish.path, problem=problem, detail="why")
        alone = self.paces.get(name, 20.0)
        return EngineReady(
            engine=wish.engine, version="2", path=wish.path, family="yolox", side=416,
            inference_ms=alone / (1 + self.gain * (wish.threads - 1)), threads=wish.threads,
        )  # fmt: skip


def detector_setup(hass: HomeAssistant) -> DetectorSetup:
    """A choice of detector for the cameras that are set up."""
    return DetectorSetup(
        hass,
        lambda wish: ask.try_model(wish),  # noqa: PLW0108 - it may be replaced later
        lambda: len(camera_entries(hass, disabled=False)),
    )


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    """The repair issue of what detects people, if there is one."""
    return ir.async_get(hass).async_get_issue(DOMAIN, "detector")


@contextmanager
def fake_engines(folder: Path) -> Iterator[Engines]:
    """No real engine, short models, and nothing bundled."""
    answers = Engines()
    short = tuple(fake_model(model.name) for model in catalogue.all_models())
    with (
        patch.object(ask, "try_model", answers.try_model),
        patch.object(catalogue, "all_models", lambda: short),
        patch.object(catalogue, "BUNDLED", folder / "bundled"),
    ):
        yield answers


def cores(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """A machine with so many cores."""
    monkeypatch.setattr("os.process_cpu_count", lambda: number)
