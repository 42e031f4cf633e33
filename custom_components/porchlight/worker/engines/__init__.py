"""What runs a `.tflite` model."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from ..errors import EngineError, EngineProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from ...vision.geometry import Floats
    from ...vision.types import TensorSpec


class Engine(Protocol):
    """One loaded model; used from one thread."""

    name: str
    version: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]

    def run(self, tensor: NDArray[np.generic]) -> Sequence[Floats]:
        """The output tensors for one input tensor."""


def load(name: str, model: Path, threads: int) -> Engine:
    """Load a model into the named engine, litert or ncnn. Raises EngineError."""
    try:
        made = _engine(name)
    except EngineError:
        raise
    except Exception as error:  # a native package may raise anything as it is imported
        raise EngineError(EngineProblem.NOT_INSTALLED, str(error)) from error
    return made(model, threads)


def _engine(name: str) -> Callable[[Path, int], Engine]:
    # Native, and seldom are both installed: imported only where it is asked for.
    match name:
        case "litert":
            from .litert import LiteRt  # noqa: PLC0415 - as said

            return LiteRt
        case "ncnn":
            # Else its threads keep the processor busy while they wait for each other, and where
            # something else runs they wait for what they displace. Read when ncnn is loaded.
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            from .ncnn import Ncnn  # noqa: PLC0415 - as said

            return Ncnn
    raise EngineError(EngineProblem.NOT_INSTALLED, name)
