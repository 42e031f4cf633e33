"""The errands that have a camera turn or restart, or take its own picture.

Each may be answered by an ErrandFailed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ..onvif.values import Access, Preset
from ..vision.settings import Mask


@dataclass(frozen=True, slots=True, kw_only=True)
class GoTo:
    """Have a camera turn to a preset; answered by Done."""

    access: Access
    preset: Preset


@dataclass(frozen=True, slots=True, kw_only=True)
class Reboot:
    """Have a camera restart; answered by Done."""

    access: Access


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSnapshot:
    """Fetch a camera's own picture and black out its masks; answered by a SnapshotTaken.

    `width` and `height` are those of the stream's pictures: one that is no larger is of no use.
    """

    access: Access
    uri: str
    width: int
    height: int
    masks: tuple[Mask, ...] = ()
    seconds: float = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotTaken:
    """A camera's own picture with its masks blacked out, as a JPEG of our own."""

    width: int
    height: int
    jpeg: bytes = field(repr=False)
