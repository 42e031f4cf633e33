"""Select fields of forms."""

from __future__ import annotations

from typing import TYPE_CHECKING

from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


def select(
    names: Iterable[str],
    *,
    translation_key: str,
    mode: SelectSelectorMode | None = None,
    first: Iterable[tuple[str, str]] = (),
) -> SelectSelector:
    """A select of `first`, which are values with labels, then of names that are translated."""
    options = [
        SelectOptionDict(value=value, label=label)
        for value, label in (*first, *((name, name) for name in names))
    ]
    config = SelectSelectorConfig(options=options, translation_key=translation_key)
    if mode:
        config["mode"] = mode
    return SelectSelector(config)
