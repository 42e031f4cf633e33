"""What decides about one camera: ours, and policies to compare it with."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .protocol import Make

# Module and class of each arm. Some need what only the environment of the benchmark has.
ARMS = {
    "ours": ("ours", "Ours"),
    "every_frame": ("every_frame", "EveryFrame"),
    "frigate": ("frigate", "Frigate"),
    "viseron": ("viseron", "Viseron"),
}
# The arm that knows the ground truth, and so is not a policy.
GUIDED = "guided"


def maker(name: str) -> Make:
    """What makes an arm of this name."""
    module, made = ARMS[name]
    make: Make = getattr(import_module(f".{module}", __name__), made)
    return make
