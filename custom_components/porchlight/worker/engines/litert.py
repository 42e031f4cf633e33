"""LiteRT, the TFLite runtime, where its wheels install."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from ai_edge_litert.interpreter import Interpreter

from ...vision.types import TensorSpec
from ..errors import EngineError, EngineProblem

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from ...vision.geometry import Floats


class LiteRt:
    """A model in LiteRT's interpreter."""

    name = "litert"

    def __init__(self, model: Path, threads: int) -> None:
        """Load. Raises EngineError if LiteRT refuses the model."""
        self.version = version("ai-edge-litert")
        try:
            self._interpreter = Interpreter(model_path=str(model), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise EngineError(EngineProblem.MODEL_REFUSED, str(error)[:300]) from error
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        self.inputs = tuple(_spec(detail) for detail in inputs)
        self.outputs = tuple(_spec(detail) for detail in outputs)
        self._input = inputs[0]["index"]
        self._outputs = [detail["index"] for detail in outputs]

    def run(self, tensor: NDArray[np.generic]) -> Sequence[Floats]:
        """The output tensors for one input tensor. Raises EngineError if LiteRT fails."""
        try:
            self._interpreter.set_tensor(self._input, tensor)
            self._interpreter.invoke()
            return [self._interpreter.get_tensor(index) for index in self._outputs]
        except (ValueError, RuntimeError) as error:
            raise EngineError(EngineProblem.FAILING, str(error)[:300]) from error


def _spec(detail: dict[str, Any]) -> TensorSpec:
    return TensorSpec(tuple(int(side) for side in detail["shape"]), detail["dtype"].__name__)
