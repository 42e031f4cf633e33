"""Operators on numpy arrays of real values: for constants, and before and after a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from .ir import EVERYTHING, intersect
from .options import POST_PROCESS
from .postprocess import post_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from .ir import Graph, Operator
    from .options import Axis, Order, PostProcess, Slices

type Floats = NDArray[np.float32]
type Compute = Callable[[Graph, Operator, Sequence[Floats]], Sequence[Floats]]


def evaluate(graph: Graph, operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    """An operator's results, clipped to their tensors' ranges; views of the inputs if possible."""
    results = COMPUTE[operator.kind](graph, operator, inputs)
    return [
        _held(graph, operator, index, result)
        for index, result in zip(operator.outputs, results, strict=True)
    ]


def _held(graph: Graph, operator: Operator, index: int, values: Floats) -> Floats:
    tensor = graph.tensors[index]
    limits = intersect(operator.options.clamp, tensor.range)
    moved = operator.kind not in _ROUNDING
    if limits == EVERYTHING or (moved and graph.tensors[operator.inputs[0]].range == limits):
        return values
    if tensor.step is None or moved:
        return np.clip(values, *limits)
    step = np.float32(tensor.step)
    low, high = (np.float32(round(limit / tensor.step)) for limit in limits)
    # In place if the values are new: allocating memory takes as long as the arithmetic.
    fresh = operator.kind in _FRESH
    steps: Floats = np.divide(values, step, out=values if fresh else None)
    np.rint(steps, out=steps)
    np.clip(steps, low, high, out=steps)
    steps *= step
    return steps


def _same(_graph: Graph, _operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    return inputs[:1]


def _reshape(graph: Graph, operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    return [inputs[0].reshape(graph.tensors[operator.outputs[0]].shape)]


def _transpose(_graph: Graph, operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    return [inputs[0].transpose(cast("Order", operator.options).axes)]


def _concatenate(_graph: Graph, operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    return [np.concatenate(inputs, axis=cast("Axis", operator.options).axis)]


def _slice(graph: Graph, operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    options = cast("Slices", operator.options)
    sides = graph.tensors[operator.outputs[0]].shape
    cut = tuple(
        slice(start, start + side * step, step)
        for start, side, step in zip(options.starts, sides, options.steps, strict=True)
    )
    return [inputs[0][cut]]


def _logistic(_graph: Graph, _operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    result = np.negative(inputs[0])
    # A huge negative logit overflows to infinity, which gives the right result, zero.
    with np.errstate(over="ignore"):
        np.exp(result, out=result)
    result += 1
    return [np.reciprocal(result, out=result)]


def _detections(_graph: Graph, operator: Operator, inputs: Sequence[Floats]) -> Sequence[Floats]:
    boxes, scores, anchors = inputs
    return post_process(cast("PostProcess", operator.options), boxes[0], scores[0], anchors)


# Operators that compute new values; the others leave them as they were.
_FRESH = {"CONCATENATION", "LOGISTIC"}
_ROUNDING = _FRESH | {"QUANTIZE"}
COMPUTE: dict[str, Compute] = {
    "CONCATENATION": _concatenate,
    "DEQUANTIZE": _same,
    "LOGISTIC": _logistic,
    "QUANTIZE": _same,
    "RESHAPE": _reshape,
    "STRIDED_SLICE": _slice,
    "TRANSPOSE": _transpose,
    POST_PROCESS: _detections,
}
