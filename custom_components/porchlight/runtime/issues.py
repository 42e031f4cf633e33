"""Repair issues of cameras and of the worker that watches them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from homeassistant.const import CONF_HOST
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from .text import plain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.core import HomeAssistant

    from ..worker.errors import StreamProblem

ISSUE_CAMERA = "camera_set_aside"
ISSUE_MOVED = "camera_moved"
ISSUE_STORAGE = "storage"
ISSUE_STREAM = "stream"
ISSUE_SUBSTITUTE = "substitute"
ISSUE_WORKER = "worker"


def create_camera_issue(hass: HomeAssistant, entry: ConfigEntry[Any], detail: str) -> None:
    """Report that a camera is paused because its stream keeps crashing the worker."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_CAMERA}_{entry.entry_id}",
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE_CAMERA,
        translation_placeholders={"name": plain(entry.title), "detail": detail},
    )


def delete_camera_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the issue when a camera is watched again."""
    ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_CAMERA}_{entry.entry_id}")


def create_storage_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Report that a camera's pictures cannot be written."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_STORAGE}_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE_STORAGE,
        translation_placeholders={"name": plain(entry.title)},
    )


def delete_storage_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the issue when pictures can be written again."""
    ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_STORAGE}_{entry.entry_id}")


def create_stream_issue(
    hass: HomeAssistant, entry: ConfigEntry[Any], problem: StreamProblem
) -> None:
    """Report that a camera's stream has been down for long."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_STREAM}_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=f"{ISSUE_STREAM}_{problem}",
        translation_placeholders={"name": plain(entry.title)},
    )


def stream_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> ir.IssueEntry | None:
    """The issue of a camera whose stream has been down for long."""
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{ISSUE_STREAM}_{entry.entry_id}")


def delete_stream_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the issue when a camera's stream is back."""
    ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_STREAM}_{entry.entry_id}")


def create_substitute_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Report that another stream is analyzed, because the usual one cannot be played."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_SUBSTITUTE}_{entry.entry_id}",
        is_fixable=False,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE_SUBSTITUTE,
        translation_placeholders={"name": plain(entry.title)},
    )


def delete_substitute_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the issue when the usual stream is analyzed again."""
    ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_SUBSTITUTE}_{entry.entry_id}")


def create_move_issue(
    hass: HomeAssistant, entry: ConfigEntry[Any], place: Mapping[str, str | int | bool]
) -> None:
    """Report that a camera is gone and something like it is elsewhere; `place` as entry data."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{ISSUE_MOVED}_{entry.entry_id}",
        data={"entry_id": entry.entry_id, **place},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE_MOVED,
        translation_placeholders={
            "name": plain(entry.title),
            "before": plain(entry.data[CONF_HOST]),
            "host": plain(str(place[CONF_HOST])),
        },
    )


def delete_move_issue(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete the issue when a camera is at its known address."""
    ir.async_delete_issue(hass, DOMAIN, f"{ISSUE_MOVED}_{entry.entry_id}")


def create_worker_issue(hass: HomeAssistant, detail: str) -> None:
    """Report that the worker has not run for long."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE_WORKER,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=ISSUE_WORKER,
        translation_placeholders={"detail": detail},
    )


def delete_worker_issue(hass: HomeAssistant) -> None:
    """Delete the issue when the worker runs, or is not needed."""
    ir.async_delete_issue(hass, DOMAIN, ISSUE_WORKER)


def delete_camera_issues(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Delete all issues of a camera that is removed."""
    delete_camera_issue(hass, entry)
    delete_storage_issue(hass, entry)
    delete_stream_issue(hass, entry)
    delete_substitute_issue(hass, entry)
    delete_move_issue(hass, entry)
