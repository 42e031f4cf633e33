"""Diagnostics that help to find problems, without private data."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_USERNAME

from .const import (
    CONF_CERTIFICATE,
    CONF_ENDPOINT,
    CONF_FILE,
    CONF_LIVE_STREAM,
    CONF_MAC,
    CONF_SERIAL,
    CONF_STREAM,
)
from .detection.coordinator import DetectionCoordinator
from .runtime.owner import DATA_OWNER

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from .detection.coordinator import DetectorEntry
    from .detection.trials import Result
    from .runtime.coordinator import CameraEntry

PRIVATE = {
    CONF_CERTIFICATE,
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
    "snapshot_uri",
    "title",
    "unique_id",
    "uri",
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: CameraEntry | DetectorEntry
) -> dict[str, Any]:
    """One camera's diagnostics, or the detector's."""
    owned = entry.runtime_data
    about: dict[str, Any] = {}
    if not isinstance(owned, DetectionCoordinator):
        about = {
            "state": asdict(owned.data),
            "has_picture": owned.picture is not None,
            "visit_open": owned.visits.visit is not None,
            "substitute": owned.substitutes,
            "events": {"subscribed": owned.events.subscribed, "problem": owned.events.problem},
        }
    return async_redact_data(
        {
            "entry": {"data": dict(entry.data), "options": dict(entry.options)},
            **about,
            "worker_running": hass.data[DATA_OWNER].bridge.pid is not None,
            "detector": _detector(hass.data[DATA_OWNER].detection),
        },
        PRIVATE,
    )


def _detector(detection: DetectionCoordinator) -> dict[str, Any]:
    return {
        "choice": asdict(detection.choice),
        "state": asdict(detection.data),
        "demand": asdict(detection.setup.demand),
        "trials": [_trial(result) for result in detection.setup.results],
    }


def _trial(result: Result) -> dict[str, Any]:
    """The result of a trial; the user's own file stays unnamed."""
    return {
        "model": result.model.file if result.model else None,
        "engine": result.outcome.engine,
        "threads": result.wish.threads,
        "inference_ms": result.outcome.inference_ms,
        "load": round(result.load, 2),
    }
