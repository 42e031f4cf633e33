"""Caches results in files that are named after their inputs and code."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from scripts.lib.assets import CACHE

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

FOLDER = Path(os.environ.get("PORCHLIGHT_BENCH_CACHE", CACHE.parent / "bench"))


def digest(*parts: str) -> str:
    """A short name for these texts; a part that is a file of code or data stands for it."""
    state = hashlib.sha256()
    for part in parts:
        state.update(Path(part).read_bytes() if part.endswith((".py", ".json")) else part.encode())
        state.update(b"\0")
    return state.hexdigest()[:16]


def cached_arrays(
    name: str, code: tuple[str, ...], make: Callable[[], dict[str, NDArray[np.uint8]]]
) -> dict[str, NDArray[np.uint8]]:
    """The arrays that `make` returns, cached until one of the modules `code` changes."""
    path = FOLDER / f"{name}-{digest(*code)}.npz"
    if not path.exists():
        arrays = make()
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part.npz")
        np.savez_compressed(part, allow_pickle=False, **arrays)
        part.replace(path)
    with np.load(path) as kept:
        return {key: kept[key] for key in kept.files}
