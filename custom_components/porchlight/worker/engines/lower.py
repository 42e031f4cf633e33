"""Writes a graph as an ncnn network, with numpy before and after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np

from .blobs import PLANES, Blob, Blobs
from .convolution import convolve
from .graph.arrays import COMPUTE
from .graph.ir import EVERYTHING, NO_TENSOR, Operator, intersect, unsupported
from .graph.passes import SILU
from .network import Network

if TYPE_CHECKING:
    from collections.abc import Callable

    from .graph.ir import Graph, Range, Tensor
    from .graph.options import Axis, Order, Pads, Slices, Window
    from .network import Value

_PICTURE = 4
_COLOURS = 3
_CUTTING = {"STRIDED_SLICE", "CONCATENATION"}
_ARITHMETIC = {"ADD": 0, "SUB": 1, "MUL": 2}
_MAX_POOLING, _AVERAGE_POOLING = 0, 1
_PADDED_EXPLICITLY = 1
_NEAREST = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What to do for one picture: numpy, then the network, then numpy.

    `fed` are the network's input tensors, `given` its output tensors, as blobs. Without outputs,
    there is no network to run.
    """

    before: tuple[Operator, ...]
    network: Network
    fed: dict[int, Blob]
    given: dict[int, Blob]
    after: tuple[Operator, ...]


def lower(graph: Graph) -> Program:
    """The program for a simplified graph. Raises EngineError for what ncnn cannot do."""
    if len(graph.inputs) != 1:
        raise unsupported(f"{len(graph.inputs)} inputs")
    before, inner, after = _parts(graph)
    made = {index for operator in before for index in operator.outputs} | set(graph.inputs)
    inside = {index for operator in inner for index in operator.outputs}
    needed = [index for operator in after for index in operator.inputs] + list(graph.outputs)
    lowering = _Lowering(graph)
    fed = {
        index: lowering.feed(index)
        for index in dict.fromkeys(i for operator in inner for i in operator.inputs if i in made)
    }
    for operator in inner:
        lowering.add(operator)
    given = {index: lowering.give(index) for index in dict.fromkeys(needed) if index in inside}
    names = lowering.network.exits()
    return Program(
        before=tuple(before),
        network=lowering.network,
        fed=fed,
        given={
            index: replace(blob, name=name)
            for (index, blob), name in zip(given.items(), names, strict=True)
        },
        after=tuple(after),
    )


def _parts(graph: Graph) -> tuple[list[Operator], list[Operator], list[Operator]]:
    """The operators for numpy before the network, for the network, and for numpy after it."""
    at_start = set(graph.inputs)
    before, rest = [], []
    for operator in graph.operators:
        # Slicing the picture is free in numpy; ncnn would copy every piece.
        if operator.kind in _CUTTING and at_start.issuperset(operator.inputs):
            at_start.update(operator.outputs)
            before.append(operator)
        else:
            rest.append(operator)
    producers, consumers = graph.producers(), graph.consumers()
    after: list[Operator] = []
    ends: set[int] = set()
    for operator in reversed(rest):
        readers = [one for index in operator.outputs for one in consumers.get(index, [])]
        last = all(reader.outputs[0] in ends for reader in readers)
        if last and _better_last(operator, producers):
            ends.update(operator.outputs)
            after.append(operator)
    inner = [operator for operator in rest if operator.outputs[0] not in ends]
    return before, inner, after[::-1]


def _better_last(operator: Operator, producers: dict[int, Operator]) -> bool:
    """Whether numpy does an operator at the end at almost no cost, or only numpy can."""
    if operator.kind == "LOGISTIC":
        # After a convolution, ncnn is faster; after others, it would need a conversion of layout.
        source = producers.get(operator.inputs[0])
        return source is not None and source.kind in {"RESHAPE", "CONCATENATION"}
    return operator.kind in COMPUTE and operator.kind != "STRIDED_SLICE"


class _Lowering:
    """Writes operators one after the other, and knows the blob of each tensor."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.network = Network()
        self._blobs = Blobs(self.network)
        self._values: dict[int, Blob] = {}

    def feed(self, index: int) -> Blob:
        """Add an input tensor of the network."""
        tensor = self._graph.tensors[index]
        axes = PLANES if _pixels(tensor) else tuple(range(1, len(tensor.shape)))
        step = tensor.step or 1.0
        blob = self._blobs.new(self.network.input(), tensor.shape, axes, tensor.range, step)
        self._values[index] = blob
        return blob

    def give(self, index: int) -> Blob:
        """Make a tensor an output of the network."""
        blob = self._blobs.padded(self._values[index])
        if blob.name in self.network.outputs:
            blob = replace(blob, name=self.network.add("Noop", [blob.name]))
        self.network.outputs.append(blob.name)
        return blob

    def add(self, operator: Operator) -> None:
        """Write one operator."""
        rule = _RULES.get(operator.kind)
        if rule is None:
            raise unsupported(f"operator {operator.kind} in the middle of a network")
        (index,) = operator.outputs
        self._values[index] = rule(self, operator)

    def _tensor(self, operator: Operator) -> Tensor:
        return self._graph.tensors[operator.outputs[0]]

    def _value(self, operator: Operator, position: int = 0) -> Blob:
        index = operator.inputs[position]
        if index in self._values:
            return self._values[index]
        raise unsupported(f"operator {operator.kind} on a constant")

    def _limits(self, operator: Operator) -> Range:
        """The range that both the fused activation and the result's type allow."""
        return intersect(operator.options.clamp, self._tensor(operator).range)

    def _result(self, operator: Operator, blob: Blob) -> Blob:
        return self._blobs.settled(blob, self._limits(operator), self._tensor(operator).step)

    def conv(self, operator: Operator) -> Blob:
        tensors, (_, weights, *bias) = self._graph.tensors, operator.inputs
        if any(index != NO_TENSOR and tensors[index].data is None for index in (weights, *bias)):
            raise unsupported(f"operator {operator.kind} with weights that are computed")
        return convolve(
            self._blobs,
            operator,
            self._value(operator),
            weights=tensors[weights],
            bias=tensors[bias[0]] if bias and bias[0] != NO_TENSOR else None,
            result=self._tensor(operator),
            limits=self._limits(operator),
        )

    def pool(self, operator: Operator) -> Blob:
        options = cast("Window", operator.options)
        source = self._blobs.ordered(self._value(operator), PLANES)
        largest = operator.kind == "MAX_POOL_2D"
        source = source if largest else self._blobs.real(source)
        (top, bottom), (left, right) = options.pads
        params: dict[int, Value] = {
            0: _MAX_POOLING if largest else _AVERAGE_POOLING,
            1: options.kernel[1], 11: options.kernel[0],
            2: options.stride[1], 12: options.stride[0],
            3: left, 14: right, 13: top, 15: bottom,
            5: _PADDED_EXPLICITLY,
        }  # fmt: skip
        name = self.network.add("Pooling", [source.name], params)
        shape = self._tensor(operator).shape
        blob = self._blobs.new(name, shape, PLANES, source.range, source.step)
        return self._result(operator, blob)

    def arithmetic(self, operator: Operator) -> Blob:
        shape = self._tensor(operator).shape
        blobs = {
            index: self._blobs.padded(self._blobs.real(self._values[index]))
            for index in operator.inputs
            if index in self._values
        }
        if any(blob.shape != shape for blob in blobs.values()):
            raise unsupported(f"{operator.kind} of values of different shapes")
        axes = next(iter(blobs.values())).axes
        names = [
            self._blobs.ordered(blobs[index], axes).name
            if index in blobs
            else self._constant(index, shape, axes)
            for index in operator.inputs
        ]
        name = self.network.add("BinaryOp", names, {0: _ARITHMETIC[operator.kind]})
        return self._result(operator, self._blobs.new(name, shape, axes))

    def _constant(self, index: int, shape: tuple[int, ...], axes: tuple[int, ...]) -> str:
        values = np.broadcast_to(self._graph.tensors[index].real(), shape)[0]
        physical = values.transpose([axis - 1 for axis in axes])
        sides = physical.shape[::-1]
        params: dict[int, Value] = dict(enumerate(sides[:3]))
        return self.network.add("MemoryData", (), params, [physical])

    def silu(self, operator: Operator) -> Blob:
        source = self._blobs.padded(self._blobs.real(self._value(operator)))
        name = self.network.add("Swish", [source.name])
        return self._result(operator, replace(source, name=name, range=EVERYTHING))

    def logistic(self, operator: Operator) -> Blob:
        source = self._blobs.padded(self._blobs.real(self._value(operator)))
        name = self.network.add("Sigmoid", [source.name])
        return self._result(operator, replace(source, name=name, range=(0.0, 1.0)))

    def concatenate(self, operator: Operator) -> Blob:
        axis = cast("Axis", operator.options).axis
        if axis == 0:
            raise unsupported("CONCATENATION of batches")
        # Each is first converted to the result's steps.
        blobs = [
            self._blobs.padded(self._result(operator, self._value(operator, position)))
            for position in range(len(operator.inputs))
        ]
        axes = blobs[0].axes
        blobs = [self._blobs.ordered(blob, axes) for blob in blobs]
        name = self.network.add("Concat", [blob.name for blob in blobs], {0: axes.index(axis)})
        reach = min(blob.range[0] for blob in blobs), max(blob.range[1] for blob in blobs)
        return self._blobs.new(name, self._tensor(operator).shape, axes, reach, blobs[0].step)

    def pad(self, operator: Operator) -> Blob:
        pads = cast("Pads", operator.options).pads
        if pads[0] != (0, 0):
            raise unsupported("PAD of batches")
        return self._result(operator, self._value(operator).with_pads(pads))

    def transpose(self, operator: Operator) -> Blob:
        order = cast("Order", operator.options).axes
        if order[0] != 0:
            raise unsupported("TRANSPOSE of batches")
        return self._result(operator, self._value(operator).transposed(order))

    def reshape(self, operator: Operator) -> Blob:
        blob = self._blobs.reshaped(self._value(operator), self._tensor(operator).shape)
        return self._result(operator, blob)

    def slice(self, operator: Operator) -> Blob:
        options = cast("Slices", operator.options)
        sides = self._tensor(operator).shape
        return self._result(
            operator,
            self._blobs.sliced(self._value(operator), options.starts, options.steps, sides),
        )

    def resize(self, operator: Operator) -> Blob:
        source = self._blobs.ordered(self._value(operator), PLANES)
        shape = self._tensor(operator).shape
        name = self.network.add("Interp", [source.name], {0: _NEAREST, 3: shape[1], 4: shape[2]})
        return self._result(
            operator, self._blobs.new(name, shape, PLANES, source.range, source.step)
        )

    def same(self, operator: Operator) -> Blob:
        return self._result(operator, self._value(operator))


def _pixels(tensor: Tensor) -> bool:
    """Whether it is a picture: bytes, with a pixel's colors next to each other."""
    return len(tensor.shape) == _PICTURE and tensor.dtype == "uint8" and tensor.shape[3] == _COLOURS


_RULES: dict[str, Callable[[_Lowering, Operator], Blob]] = {
    "ADD": _Lowering.arithmetic,
    "AVERAGE_POOL_2D": _Lowering.pool,
    "CONCATENATION": _Lowering.concatenate,
    "CONV_2D": _Lowering.conv,
    "DEPTHWISE_CONV_2D": _Lowering.conv,
    "DEQUANTIZE": _Lowering.same,
    "LOGISTIC": _Lowering.logistic,
    "MAX_POOL_2D": _Lowering.pool,
    "MUL": _Lowering.arithmetic,
    "PAD": _Lowering.pad,
    "QUANTIZE": _Lowering.same,
    "RESHAPE": _Lowering.reshape,
    "RESIZE_NEAREST_NEIGHBOR": _Lowering.resize,
    "STRIDED_SLICE": _Lowering.slice,
    "SUB": _Lowering.arithmetic,
    "TRANSPOSE": _Lowering.transpose,
    SILU: _Lowering.silu,
}
