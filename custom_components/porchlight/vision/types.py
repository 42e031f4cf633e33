"""Values that pass between the rooms."""

from __future__ import annotations

from dataclasses import dataclass

# How near the picture's border a box must come to count as cut off by it.
EDGE = 0.01


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in fractions of the picture, left-top to right-bottom."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def area(self) -> float:
        """Share of the picture that is covered, 0 to 1."""
        return max(0.0, self.x2 - self.x1) * max(0.0, self.y2 - self.y1)

    @property
    def centre(self) -> tuple[float, float]:
        """Middle of the box."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    @property
    def at_edge(self) -> bool:
        """Whether the left, right or lower border cuts the box: where people enter and leave."""
        return self.x1 <= EDGE or self.x2 >= 1 - EDGE or self.y2 >= 1 - EDGE


@dataclass(frozen=True, slots=True)
class Detection:
    """One person seen on one frame, with the detector's score from 0 to 1."""

    box: Box
    score: float


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape and element type of a model's input or output."""

    shape: tuple[int, ...]
    dtype: str
