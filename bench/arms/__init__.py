"""The arms, which decide about one camera: ours, and policies to compare it with."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .protocol import Make

# Module and class of each arm. Some need packages that only the benchmark's environment has.
ARMS = {
    "ours": ("ours", "Ours"),
    "every_frame": ("every_frame", "EveryFrame"),
    "frigate": ("frigate", "Frigate"),
    "viseron": ("viseron", "Viseron"),
}
# The arm that knows the ground truth, and so is not a policy.
GUIDED = "guided"


def maker(name: str) -> Make:
    """The factory of an arm with this name."""
    module, made = ARMS[name]
    make: Make = getattr(import_module(f".{module}", __name__), made)
    return make
