"""Repair issues of the detector."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from ..worker.messages import Load

ISSUE_DETECTOR = "detector"
ENGINE_NAMES = {"litert": "LiteRT", "ncnn": "ncnn"}
ISSUE_LOAD = "too_busy"


def create_detector_issue(hass: HomeAssistant, problem: str, detail: str, folder: str = "") -> None:
    """Report that detection is not possible; `problem` is the translation key."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE_DETECTOR,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=problem,
        translation_placeholders={"detail": detail, "folder": folder},
    )


def create_engine_issue(hass: HomeAssistant, engine: str, other: str, detail: str) -> None:
    """Report that an engine does not run and was replaced by another."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE_DETECTOR,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key="engine_replaced",
        translation_placeholders={
            "engine": ENGINE_NAMES.get(engine, engine),
            "other": ENGINE_NAMES.get(other, other),
            "detail": detail,
        },
    )


def delete_detector_issue(hass: HomeAssistant) -> None:
    """Delete the issue when detection works again."""
    ir.async_delete_issue(hass, DOMAIN, ISSUE_DETECTOR)


def create_load_issue(hass: HomeAssistant, load: Load) -> None:
    """Report that the machine has been too slow for its cameras for long."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE_LOAD,
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE_LOAD,
        translation_placeholders={
            "pace": str(round(load.pace * 100)),
            "budget": str(load.budget),
        },
    )


def delete_load_issue(hass: HomeAssistant) -> None:
    """Delete the issue when the machine keeps up again."""
    ir.async_delete_issue(hass, DOMAIN, ISSUE_LOAD)
