"""Where a camera's last picture is stored, and which one may be shown."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ..vision.settings import Mask

_NAME = "last_person"
# Pictures of people are readable by their owner only.
_PRIVATE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The best picture of the latest visit."""

    at: datetime
    jpeg: bytes


def picture_name(masks: Sequence[Mask]) -> str:
    """A picture's file name.

    It depends on the masks, so a picture from before a mask was drawn is never shown after it,
    even if a process dies before it deletes the old picture.
    """
    if not masks:
        return f"{_NAME}.jpg"
    drawn = repr(sorted(mask.points for mask in masks))
    return f"{_NAME}-{hashlib.sha256(drawn.encode()).hexdigest()[:12]}.jpg"


def prepare_folder(folder: Path) -> None:
    """Create a folder that only its owner may read. Blocks."""
    with contextlib.suppress(OSError):
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        folder.chmod(_PRIVATE)


def prepare_pictures(folder: Path, before: Path, wanted: str | None) -> Picture | None:
    """Delete all pictures but the wanted one, and return that, if it exists. Blocks.

    Creates the folder. The worker does not, because it may still write for a removed camera.
    The wanted picture may still be where earlier versions kept it: in the folder `before`.
    """
    if wanted is not None:
        prepare_folder(folder)
        with contextlib.suppress(OSError):
            (before / wanted).rename(folder / wanted)
    for path in (*folder.glob(f"{_NAME}*"), *before.glob(f"{_NAME}*")):
        if path != folder / (wanted or ""):
            with contextlib.suppress(OSError):
                path.unlink()
    if wanted is None:
        return None
    try:
        path = folder / wanted
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Picture(at=at, jpeg=path.read_bytes())
    except OSError:
        return None
