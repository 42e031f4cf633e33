"""Computes every tensor's shape, and reads the constants that are operators' options."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, cast

import numpy as np

from .ir import MOST_ELEMENTS, NO_TENSOR, Graph, Operator, Options, Tensor, damaged, unsupported
from .options import POST_PROCESS, Axis, Masks, Order, Pads, PostProcess, Slices, Window

if TYPE_CHECKING:
    from collections.abc import Callable

type Shape = tuple[int, ...]
type Resolved = tuple[Options, list[Shape]]

# Multiplications for one picture: more takes minutes on a small machine.
MOST_WORK = 1 << 36
MOST_DETECTIONS = 1000
MOST_STRIDE = 1 << 10
# Operators whose inputs after the first are constants that become options.
_IN_OPTIONS = {"PAD", "RESHAPE", "RESIZE_NEAREST_NEIGHBOR", "STRIDED_SLICE", "TRANSPOSE"}
_PICTURE = 4
_BOX = 4


def resolve(graph: Graph) -> Graph:
    """The graph with the shapes that its tensors have when it runs.

    Operators keep the inputs that are values; their options hold the rest.
    Raises EngineError if shapes contradict the file or each other.
    """
    tensors = list(graph.tensors)
    operators = []
    work = 0
    for index in graph.inputs:
        _check_type(tensors[index])
    for operator in graph.operators:
        site = _Site(operator, tensors)
        options, shapes = _RULES[operator.kind](site)
        if len(shapes) != len(operator.outputs):
            raise site.wrong(f"{len(operator.outputs)} results")
        for index, shape in zip(operator.outputs, shapes, strict=True):
            tensors[index] = _shaped(site, tensors[index], shape)
        values = operator.inputs[:1] if operator.kind in _IN_OPTIONS else operator.inputs
        operators.append(replace(operator, inputs=values, options=options))
        work += _work(operators[-1], tensors)
        if work > MOST_WORK:
            raise unsupported("it takes too long for a camera")
    return replace(graph, tensors=tuple(tensors), operators=tuple(operators))


class _Site:
    """An operator and its tensors, as far as they are resolved."""

    def __init__(self, operator: Operator, tensors: list[Tensor]) -> None:
        self.kind = operator.kind
        self.options = operator.options
        self._operator = operator
        self._tensors = tensors

    def __len__(self) -> int:
        return len(self._operator.inputs)

    def has(self, position: int) -> bool:
        inputs = self._operator.inputs
        return position < len(inputs) and inputs[position] != NO_TENSOR

    def tensor(self, position: int) -> Tensor:
        if not self.has(position):
            raise self.wrong("too few tensors")
        return self._tensors[self._operator.inputs[position]]

    def shape(self, position: int, axes: int | None = None) -> Shape:
        shape = self.tensor(position).shape
        if axes is not None and len(shape) != axes:
            raise unsupported(f"{self.kind} on {len(shape)} axes")
        return shape

    def shapes(self) -> list[Shape]:
        return [self.shape(position) for position in range(len(self))]

    def integers(self, position: int, count: int | None = None) -> Shape:
        values = self.tensor(position).integers()
        if count is not None and len(values) != count:
            raise self.wrong(f"{len(values)} numbers for {count}")
        return values

    def stored_output(self) -> Shape:
        return self._tensors[self._operator.outputs[0]].shape

    def wrong(self, what: str) -> Exception:
        return damaged(f"{self.kind} with {what}")


def _shaped(site: _Site, tensor: Tensor, shape: Shape) -> Tensor:
    if any(side < 1 for side in shape):
        raise site.wrong(f"an empty result {list(shape)}")
    if prod(shape) > MOST_ELEMENTS:
        raise unsupported(f"{site.kind} with a result of {list(shape)}")
    _check_type(tensor)
    # A shape that the file leaves open is empty.
    if tensor.shape and tensor.shape != shape:
        raise site.wrong(f"a result of {list(tensor.shape)} that has to be {list(shape)}")
    return replace(tensor, shape=shape)


def _check_type(tensor: Tensor) -> None:
    """Raise EngineError unless the values are float32, or quantized with a single scale."""
    scales = 0 if tensor.quantisation is None else tensor.quantisation.scale.size
    quantised = tensor.dtype in {"uint8", "int8"} and scales
    if tensor.dtype != "float32" and not quantised:
        raise unsupported(f"values of type {tensor.dtype}")
    if quantised and scales > 1:
        raise unsupported("values with several scales")


def _work(operator: Operator, tensors: list[Tensor]) -> int:
    size = sum(tensors[index].size for index in operator.outputs)
    match operator.kind:
        case "CONV_2D":
            return size * prod(tensors[operator.inputs[1]].shape[1:])
        case "DEPTHWISE_CONV_2D":
            return size * prod(tensors[operator.inputs[1]].shape[1:3])
        case "MAX_POOL_2D" | "AVERAGE_POOL_2D":
            return size * prod(cast("Window", operator.options).kernel)
    return size


def _unchanged(site: _Site) -> Resolved:
    return site.options, [site.shape(0)]


def _window(site: _Site, kernel: tuple[int, int], channels: int) -> Resolved:
    options = cast("Window", site.options)
    _, height, width, _ = site.shape(0, _PICTURE)
    batch = site.shape(0)[0]
    sides, pads = [], []
    for side, length, stride, dilation in zip(
        (height, width), kernel, options.stride, options.dilation, strict=True
    ):
        if not (1 <= stride <= MOST_STRIDE and 1 <= dilation <= MOST_STRIDE and length >= 1):
            raise site.wrong(f"stride {stride}, dilation {dilation}, kernel {length}")
        extent = (length - 1) * dilation + 1
        out = -(-side // stride) if options.same else (side - extent) // stride + 1
        missing = max((out - 1) * stride + extent - side, 0) if options.same else 0
        sides.append(out)
        # An odd pixel is added at the end.
        pads.append((missing // 2, missing - missing // 2))
    resolved = replace(options, kernel=kernel, pads=(pads[0], pads[1]))
    return resolved, [(batch, sides[0], sides[1], channels)]


def _check_bias(site: _Site, outputs: int) -> None:
    if site.has(2) and site.shape(2) != (outputs,):
        raise site.wrong(f"a bias of {list(site.shape(2))}")


def _conv(site: _Site) -> Resolved:
    outputs, height, width, inputs = site.shape(1, _PICTURE)
    _check_bias(site, outputs)
    channels = site.shape(0, _PICTURE)[3]
    if channels % inputs or outputs % (channels // inputs):
        raise site.wrong(f"weights for {inputs} channels on {channels}")
    return _window(site, (height, width), outputs)


def _depthwise(site: _Site) -> Resolved:
    one, height, width, outputs = site.shape(1, _PICTURE)
    _check_bias(site, outputs)
    channels = site.shape(0, _PICTURE)[3]
    if one != 1 or outputs % channels:
        raise site.wrong(f"weights {list(site.shape(1))} on {channels} channels")
    return _window(site, (height, width), outputs)


def _pool(site: _Site) -> Resolved:
    return _window(site, cast("Window", site.options).kernel, site.shape(0, _PICTURE)[3])


def _arithmetic(site: _Site) -> Resolved:
    try:
        shape = np.broadcast_shapes(site.shape(0), site.shape(1))
    except ValueError as error:
        raise site.wrong(f"{list(site.shape(0))} and {list(site.shape(1))}") from error
    return site.options, [tuple(shape)]


def _concatenation(site: _Site) -> Resolved:
    options = cast("Axis", site.options)
    shapes = site.shapes()
    if not shapes or not -len(shapes[0]) <= options.axis < len(shapes[0]):
        raise site.wrong(f"axis {options.axis}")
    axis = options.axis % len(shapes[0])
    rest = {(*shape[:axis], 0, *shape[axis + 1 :]) for shape in shapes}
    if len(rest) != 1 or len({len(shape) for shape in shapes}) != 1:
        raise site.wrong(f"{[list(shape) for shape in shapes]}")
    total = sum(shape[axis] for shape in shapes)
    result = (*shapes[0][:axis], total, *shapes[0][axis + 1 :])
    return replace(options, axis=axis), [result]


def _pad(site: _Site) -> Resolved:
    shape = site.shape(0)
    values = site.integers(1, 2 * len(shape))
    pads = tuple(zip(values[::2], values[1::2], strict=True))
    if any(not 0 <= value <= MOST_ELEMENTS for value in values):
        raise site.wrong(f"{list(values)}")
    result = tuple(before + side + after for side, (before, after) in zip(shape, pads, strict=True))
    return Pads(pads=pads), [result]


def _reshape(site: _Site) -> Resolved:
    wanted = list(site.integers(1)) if site.has(1) else list(site.stored_output())
    size = site.tensor(0).size
    if wanted.count(-1) == 1:
        known = -prod(wanted)
        wanted[wanted.index(-1)] = size // known if known > 0 else 0
    if prod(wanted) != size:
        raise site.wrong(f"{list(site.shape(0))} as {wanted}")
    return Options(), [tuple(wanted)]


def _transpose(site: _Site) -> Resolved:
    shape = site.shape(0)
    axes = site.integers(1, len(shape))
    if sorted(axes) != list(range(len(shape))):
        raise site.wrong(f"axes {list(axes)}")
    return Order(axes=axes), [tuple(shape[axis] for axis in axes)]


def _slice(site: _Site) -> Resolved:
    masks = cast("Masks", site.options)
    shape = site.shape(0)
    parts = [site.integers(position, len(shape)) for position in (1, 2, 3)]
    starts, sides = [], []
    for axis, (side, begin, end, step) in enumerate(zip(shape, *parts, strict=True)):
        if step < 1:
            raise unsupported(f"{site.kind} with step {step}")
        first, last, _ = slice(
            None if masks.begin >> axis & 1 else begin, None if masks.end >> axis & 1 else end
        ).indices(side)
        starts.append(first)
        sides.append(len(range(first, last, step)))
    return Slices(starts=tuple(starts), steps=parts[2]), [tuple(sides)]


def _resize(site: _Site) -> Resolved:
    batch, _, _, channels = site.shape(0, _PICTURE)
    height, width = site.integers(1, 2)
    return site.options, [(batch, height, width, channels)]


def _post_process(site: _Site) -> Resolved:
    options = cast("PostProcess", site.options)
    boxes, scores, anchors = site.shape(0), site.shape(1), site.shape(2)
    fits = (
        len(anchors) == 2  # noqa: PLR2004 - rows and their sides
        and anchors[1] == _BOX
        and boxes == (1, *anchors)
        and scores[:-1] == boxes[:-1]
        and 1 <= options.classes <= scores[-1] <= options.classes + 1
    )
    if not fits or not 1 <= options.max_detections <= MOST_DETECTIONS:
        raise site.wrong(f"{list(boxes)}, {list(scores)}, {list(anchors)}")
    if not 1 <= options.max_classes <= options.classes or options.detections_per_class < 1:
        raise site.wrong(f"{options.max_classes} classes for each detection")
    count = options.max_detections * options.max_classes
    return options, [(1, count, _BOX), (1, count), (1, count), (1,)]


_RULES: dict[str, Callable[[_Site], Resolved]] = {
    "ADD": _arithmetic,
    "AVERAGE_POOL_2D": _pool,
    "CONCATENATION": _concatenation,
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "DEQUANTIZE": _unchanged,
    "LOGISTIC": _unchanged,
    "MAX_POOL_2D": _pool,
    "MUL": _arithmetic,
    "PAD": _pad,
    "QUANTIZE": _unchanged,
    "RESHAPE": _reshape,
    "RESIZE_NEAREST_NEIGHBOR": _resize,
    "STRIDED_SLICE": _slice,
    "SUB": _arithmetic,
    "TRANSPOSE": _transpose,
    POST_PROCESS: _post_process,
}
# An operator is supported if its result's shape can be computed; engines must handle all of these.
SUPPORTED = frozenset(_RULES)
