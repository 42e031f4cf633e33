"""Values that pass between the rooms."""

from __future__ import annotations

from dataclasses import dataclass

# Earlier than any event.
NEVER = float("-inf")
# How near the picture's border a box must come to count as cut off by it.
EDGE = 0.01
# The shares of a box's pixels that show motion, or something in front of the background.
MOTION_SEEN = 0.04
FOREGROUND_SEEN = 0.08


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
    def height(self) -> float:
        """Share of the picture's height."""
        return self.y2 - self.y1

    @property
    def feet(self) -> tuple[float, float]:
        """Middle of the lower edge: where a person stands."""
        return (self.x1 + self.x2) / 2, self.y2

    def covers(self, other: Box) -> bool:
        """Whether the other box lies within this one."""
        return (
            self.x1 <= other.x1
            and self.y1 <= other.y1
            and other.x2 <= self.x2
            and other.y2 <= self.y2
        )

    def share_of(self, other: Box) -> float:
        """How much of another box lies in this one, 0 to 1."""
        shared = Box(
            max(self.x1, other.x1),
            max(self.y1, other.y1),
            min(self.x2, other.x2),
            min(self.y2, other.y2),
        )
        if shared.x2 <= shared.x1 or shared.y2 <= shared.y1:
            return 0.0
        return shared.area / other.area

    def touches(self, other: Box) -> bool:
        """Whether the boxes have a point in common."""
        return (
            self.x1 <= other.x2
            and other.x1 <= self.x2
            and self.y1 <= other.y2
            and other.y1 <= self.y2
        )

    def grown(self, share: float = 0.25) -> Box:
        """The same box with a border of a share of its sides."""
        x, y = share * (self.x2 - self.x1), share * (self.y2 - self.y1)
        return Box(self.x1 - x, self.y1 - y, self.x2 + x, self.y2 + y)

    def moved(self, x: float, y: float) -> Box:
        """The same box elsewhere."""
        return Box(self.x1 + x, self.y1 + y, self.x2 + x, self.y2 + y)

    @property
    def at_edge(self) -> bool:
        """Whether the left, right or lower border cuts the box: where people enter and leave."""
        return self.x1 <= EDGE or self.x2 >= 1 - EDGE or self.y2 >= 1 - EDGE


WHOLE = Box(0, 0, 1, 1)


@dataclass(frozen=True, slots=True)
class Cut:
    """The sides at which the border of an analyzed region cuts a box."""

    left: bool = False
    top: bool = False
    right: bool = False
    bottom: bool = False

    def __bool__(self) -> bool:
        """Whether it cuts at all."""
        return self.left or self.top or self.right or self.bottom


WHOLE_BODY = Cut()


@dataclass(frozen=True, slots=True)
class Detection:
    """One person seen on one frame, with the detector's score from 0 to 1."""

    box: Box
    score: float
    cut: Cut = WHOLE_BODY

    def beside(self, box: Box) -> Box:
        """Another box of the same person, moved to where this one's sides are known."""
        cut, own = self.cut, self.box
        x = box.x2 - own.x2 if cut.left else box.x1 - own.x1
        y = box.y2 - own.y2 if cut.top else box.y1 - own.y1
        return box.moved(
            0.0 if cut.left and cut.right else -x, 0.0 if cut.top and cut.bottom else -y
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """What shows that something living is in a box, as shares of its pixels from 0 to 1.

    `motion`: pixels that move by themselves; `foreground`: pixels that differ from the background.
    Light that passes over the box counts for neither.
    """

    motion: float
    foreground: float

    @property
    def moves(self) -> bool:
        """Whether something moves there."""
        return self.motion >= MOTION_SEEN

    @property
    def background(self) -> bool:
        """Whether the box shows what is always there."""
        return not self.moves and self.foreground < FOREGROUND_SEEN


# Where no picture is compared with another.
ALIVE = Evidence(1.0, 1.0)
# Of a box while the background is not known.
UNKNOWN = Evidence(0.0, FOREGROUND_SEEN)


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Shape and element type of a model's input or output."""

    shape: tuple[int, ...]
    dtype: str
