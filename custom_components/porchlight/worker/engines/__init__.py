"""The engines that run a `.tflite` model."""

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
    except Exception as error:  # importing a native package may raise anything
        raise EngineError(EngineProblem.NOT_INSTALLED, str(error)) from error
    return made(model, threads)


def _engine(name: str) -> Callable[[Path, int], Engine]:
    # Native packages, of which often only one is installed: imported only when requested.
    match name:
        case "litert":
            from .litert import LiteRt  # noqa: PLC0415 - see above

            return LiteRt
        case "ncnn":
            # By default, waiting threads keep spinning, and slow down the very threads that they
            # wait for when the processor is busy. Read when ncnn is loaded.
            os.environ.setdefault("OMP_WAIT_POLICY", "passive")
            from .ncnn import Ncnn  # noqa: PLC0415 - see above

            return Ncnn
    raise EngineError(EngineProblem.NOT_INSTALLED, name)
