"""The errands that have a camera do something; each is answered by Done or an ErrandFailed."""

from __future__ import annotations

from dataclasses import dataclass

from ..onvif.values import Access, Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTo:
    """Have a camera turn to a preset."""

    access: Access
    preset: Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot:
    """Have a camera restart."""

    access: Access
