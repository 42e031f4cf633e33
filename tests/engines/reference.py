"""LiteRT's results, computed on this machine or recorded on another one.

LiteRT has no wheel for musl. With PORCHLIGHT_REFERENCE set to a folder, its results are written
there if it is installed, and read from there if it is not.
"""

from __future__ import annotations

import os
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from porchlight.worker.engines import load

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

type Arrays = Sequence[NDArray[np.generic]]

FOLDER = os.environ.get("PORCHLIGHT_REFERENCE")
INSTALLED = find_spec("ai_edge_litert") is not None


def recorded(key: str, compute: Callable[[], Arrays]) -> Arrays:
    """The result of `compute`, which needs LiteRT; skips the test if it is not available."""
    path = Path(FOLDER) / f"{key}.npz" if FOLDER else None
    if INSTALLED:
        arrays = compute()
        if path is not None:
            np.savez(path, *arrays)
        return arrays
    if path is None or not path.exists():
        pytest.skip("LiteRT has no wheel for this machine, and nothing was recorded on another")
    with np.load(path) as file:
        return [file[name] for name in file.files]


def outputs(model: Path, tensor: NDArray[np.generic]) -> Arrays:
    """LiteRT's output tensors for one input tensor."""
    key = sha256(model.read_bytes() + tensor.tobytes()).hexdigest()[:32]
    return recorded(key, lambda: load("litert", model, 1).run(tensor))
