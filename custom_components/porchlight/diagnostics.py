"""What helps to understand a camera's troubles, without what is private."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME

from .const import (
    CONF_ENDPOINT,
    CONF_FILE,
    CONF_LIVE_STREAM,
    CONF_MAC,
    CONF_SERIAL,
    CONF_STREAM,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .detection.trials import Result
    from .runtime.data import PorchlightConfigEntry

PRIVATE = {
    CONF_ENDPOINT,
    CONF_FILE,
    CONF_HOST,
    CONF_LIVE_STREAM,
    CONF_MAC,
    CONF_PASSWORD,
    CONF_SERIAL,
    CONF_STREAM,
    CONF_USERNAME,
    "name",
    "path",
    "title",
    "unique_id",
}


async def async_get_config_entry_diagnostics(
    _hass: HomeAssistant, entry: PorchlightConfigEntry
) -> dict[str, Any]:
    """One camera's diagnostics."""
    camera = entry.runtime_data
    detector = camera.owner.detector
    return async_redact_data(
        {
            "entry": {"data": dict(entry.data), "options": dict(entry.options)},
            "state": asdict(camera.data),
            "has_picture": camera.picture is not None,
            "worker_running": camera.owner.bridge.pid is not None,
            "detector": {
                "choice": asdict(detector.choice),
                "outcome": asdict(detector.outcome) if detector.outcome else None,
                "demand": asdict(detector.demand),
                "trials": [_trial(result) for result in detector.results],
            },
            "load": asdict(camera.owner.load) if camera.owner.load else None,
        },
        PRIVATE,
    )


def _trial(result: Result) -> dict[str, Any]:
    """What a trial told; a file of the user's stays unnamed."""
    return {
        "model": result.model.file if result.model else None,
        "engine": result.outcome.engine,
        "threads": result.wish.threads,
        "inference_ms": result.outcome.inference_ms,
        "load": round(result.load, 2),
    }
