"""The results for each number of cameras, stored for the table and the plot."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from statistics import median
from typing import TYPE_CHECKING

from .score import percentile_95

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

NAME = "growth.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """The results for one number of cameras; seconds, cores, megabytes."""

    cameras: int
    busy: int
    walks: int
    delays: tuple[float, ...]
    cores: float
    memory: float
    pace: float

    @property
    def found(self) -> int:
        """The walks that were reported."""
        return len(self.delays)

    @property
    def usual(self) -> float:
        """The median of the delays."""
        return median(self.delays or [0.0])

    @property
    def late(self) -> float:
        """The 95th percentile of the delays."""
        return percentile_95(sorted(self.delays)) or 0.0


def save(rows: Sequence[Growth], folder: Path) -> None:
    """Write as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps([asdict(row) for row in rows], indent=1)
    (folder / NAME).write_text(text, encoding="utf-8")


def restore(folder: Path) -> list[Growth]:
    """Read what `save` wrote; nothing if it did not."""
    path = folder / NAME
    if not path.exists():
        return []
    return [
        Growth(**{**row, "delays": tuple(row["delays"])})
        for row in json.loads(path.read_text(encoding="utf-8"))
    ]
