"""A camera's detection settings, from its options."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..const import CONF_SENSITIVITY
from ..vision.settings import BALANCED, SENSITIVITIES, Rules, Settings
from .areas import areas_of, lines, masks, zones

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL = "balanced"
OWN = "own"


def settings_of(options: Mapping[str, Any]) -> Settings:
    """All of a user's settings for watching a camera."""
    areas = areas_of(options)
    return Settings(
        zones=zones(areas),
        masks=masks(areas),
        lines=lines(areas),
        day=rules_of(options, "day"),
        night=rules_of(options, "night"),
    )


def rules_of(options: Mapping[str, Any], light: str) -> Rules:
    """The rules by day, or by night."""
    kept = options.get(CONF_SENSITIVITY, {})
    choice = kept.get(light, USUAL)
    rules = SENSITIVITIES.get(choice, BALANCED)
    if choice == OWN:
        rules = Rules(
            enter=kept.get(f"enter_{light}", BALANCED.enter),
            confirm=kept.get(f"confirm_{light}", BALANCED.confirm),
        )
    return replace(
        rules,
        smallest=kept.get("smallest", BALANCED.smallest),
        largest=kept.get("largest", BALANCED.largest),
    )
