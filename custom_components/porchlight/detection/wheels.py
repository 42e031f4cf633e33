"""The engines, and the machines that their wheels install on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.tags import sys_tags

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

_MACHINES = ("x86_64", "aarch64")


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """An engine: what to install for it, and the C libraries that its wheels are built for."""

    name: str
    requirements: tuple[str, ...]
    platforms: tuple[str, ...]

    def fits(self, tags: Iterable[Tag]) -> bool:
        """Whether its wheels install on a machine with these tags."""
        return any(
            tag.platform.startswith(self.platforms) and tag.platform.endswith(_MACHINES)
            for tag in tags
        )


# The preferred one first. No requirement marker can distinguish musl from glibc.
ENGINES = (
    EngineKind(
        name="litert",
        requirements=("ai-edge-litert>=2.1,<3",),
        platforms=("manylinux",),
    ),
    EngineKind(
        name="ncnn",
        requirements=("ncnn>=1.0.20251001,<2", "tflite>=2.18,<3", "flatbuffers>=24.3,<27"),
        platforms=("manylinux", "musllinux"),
    ),
)


def candidates(forced: str | None) -> tuple[EngineKind, ...]:
    """The engines to try on this machine, in order; may read files.

    A forced engine comes first even if its wheels do not fit: its failure is then reported.
    """
    tags = list(sys_tags())
    fitting = [engine for engine in ENGINES if engine.fits(tags)]
    wanted = [engine for engine in ENGINES if engine.name == forced]
    return tuple(dict.fromkeys([*wanted, *fitting]))
