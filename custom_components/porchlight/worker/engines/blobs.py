"""Tensors as ncnn holds them: in the order of axes that costs least, and padded late."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from .graph.ir import EVERYTHING, Range, intersect, unsupported

if TYPE_CHECKING:
    from .network import Network, Value

type Axes = tuple[int, ...]
type Shape = tuple[int, ...]
type Padding = tuple[tuple[int, int], ...]

MOST_AXES = 3
# A picture in ncnn's order: channels, rows, columns of (batch, rows, columns, channels).
PLANES = (3, 1, 2)
# ncnn's numbers for permutations of axes; here, the slowest axis comes first.
_PERMUTE = {
    (0, 1, 2): 0, (0, 2, 1): 1, (1, 0, 2): 2, (1, 2, 0): 3, (2, 0, 1): 4, (2, 1, 0): 5,
    (0, 1): 0, (1, 0): 1,
}  # fmt: skip
_MAX_POOLING, _PADDED_EXPLICITLY = 0, 1
_TIMES, _ROUND = 2, 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """One of ncnn's blobs and the tensor that it holds.

    `axes` are the tensor's axes in the blob's order, slowest first, without the batch, which is 1.
    `pads` are zeros around the tensor, (before, after) for each axis, that the blob lacks so far.
    Real values, such as the range's, are the blob's times `step`: quantized values are held in
    whole steps from zero.
    """

    name: str
    shape: Shape
    axes: Axes
    pads: Padding
    range: Range
    step: float = 1.0

    @property
    def logical(self) -> Shape:
        """The tensor's shape, with its padding."""
        return tuple(
            before + side + after
            for side, (before, after) in zip(self.shape, self.pads, strict=True)
        )

    @property
    def physical(self) -> Shape:
        """The blob's shape, slowest axis first."""
        return tuple(self.shape[axis] for axis in self.axes)

    def with_pads(self, pads: Padding) -> Blob:
        """The tensor with more zeros around it."""
        total = tuple(
            (old[0] + new[0], old[1] + new[1]) for old, new in zip(self.pads, pads, strict=True)
        )
        low, high = self.range
        return replace(self, pads=total, range=(min(low, 0.0), max(high, 0.0)))

    def transposed(self, order: Axes) -> Blob:
        """The same blob with the tensor's axes in another order."""
        return replace(
            self,
            shape=tuple(self.shape[axis] for axis in order),
            pads=tuple(self.pads[axis] for axis in order),
            axes=tuple(order.index(axis) for axis in self.axes),
        )


def finite(limits: Range, step: float) -> Range:
    """Limits as numbers for a network's parameters, in steps."""
    most = float(np.finfo(np.float32).max)
    return max(limits[0] / step, -most), min(limits[1] / step, most)


class Blobs:
    """Adds layers that change a blob's layout where an operator needs it."""

    def __init__(self, network: Network) -> None:
        self.network = network

    def new(
        self, name: str, shape: Shape, axes: Axes, reach: Range = EVERYTHING, step: float = 1.0
    ) -> Blob:
        """A blob that holds a whole tensor."""
        if shape[0] != 1 or not 1 <= len(axes) <= MOST_AXES:
            raise unsupported(f"a tensor of {list(shape)} inside of the network")
        pads = ((0, 0),) * len(shape)
        return Blob(name=name, shape=shape, axes=axes, pads=pads, range=reach, step=step)

    def settled(self, blob: Blob, limits: Range, step: float | None) -> Blob:
        """Clip to the limits and convert to whole steps of this size, if any; only where needed."""
        if step is None:
            return self._clipped(self.real(blob), limits)
        if blob.step == step:
            return self._clipped(blob, limits)
        return self.rounded(self._clipped(self._scaled(blob, step), limits))

    def real(self, blob: Blob) -> Blob:
        """Convert steps to real values."""
        return blob if blob.step == 1.0 else self._scaled(blob, 1.0)

    def rounded(self, blob: Blob) -> Blob:
        """Round to whole steps."""
        return replace(blob, name=self.network.add("UnaryOp", [blob.name], {0: _ROUND}))

    def _scaled(self, blob: Blob, step: float) -> Blob:
        whole = self.padded(blob)
        params: dict[int, Value] = {0: _TIMES, 1: 1, 2: blob.step / step}
        return replace(whole, name=self.network.add("BinaryOp", [whole.name], params), step=step)

    def _clipped(self, blob: Blob, limits: Range) -> Blob:
        if limits[0] <= blob.range[0] and blob.range[1] <= limits[1]:
            return blob
        whole = self.padded(blob)
        low, high = finite(limits, whole.step)
        name = self.network.add("Clip", [whole.name], {0: low, 1: high})
        return replace(whole, name=name, range=intersect(whole.range, limits))

    def padded(self, blob: Blob) -> Blob:
        """Write the padding into the blob."""
        return self._padded(blob, ())

    def ordered(self, blob: Blob, axes: Axes, spare: Axes = ()) -> Blob:
        """Permute to this order of axes, and pad all but the axes that the caller pads."""
        blob = self._padded(blob, spare)
        if blob.axes == axes:
            return blob
        if len(blob.axes) != len(axes):
            raise unsupported(f"a picture of {list(blob.shape)}")
        kind = _PERMUTE[tuple(blob.axes.index(axis) for axis in axes)]
        name = self.network.add("Permute", [blob.name], {0: kind})
        return replace(blob, name=name, axes=axes)

    def reshaped(self, blob: Blob, shape: Shape) -> Blob:
        """Reshape, without moving values in memory if possible."""
        blob = self.padded(blob)
        axes = _regrouped(blob, shape)
        if axes is None:
            blob = self.ordered(blob, tuple(range(1, len(blob.shape))))
            axes = tuple(range(1, len(shape)))
        result = self.new(blob.name, shape, axes, blob.range, blob.step)
        if result.physical == blob.physical:
            return result
        params: dict[int, Value] = dict(enumerate(result.physical[::-1]))
        return replace(result, name=self.network.add("Reshape", [blob.name], params))

    def sliced(self, blob: Blob, starts: Shape, steps: Shape, shape: Shape) -> Blob:
        """Slice; steps are possible only in the two inner axes."""
        blob = self.padded(blob)
        ends = [
            start + (side - 1) * step + 1
            for start, step, side in zip(starts, steps, shape, strict=True)
        ]
        outer = blob.axes[:-2]
        if any(steps[axis] > 1 for axis in outer):
            raise unsupported("STRIDED_SLICE of every second channel")
        params: dict[int, Value] = {
            9: [starts[axis] for axis in blob.axes],
            10: [ends[axis] for axis in blob.axes],
            11: list(range(len(blob.axes))),
        }
        name = self.network.add("Crop", [blob.name], params)
        if any(steps[axis] > 1 for axis in blob.axes):
            if len(blob.axes) != MOST_AXES:
                raise unsupported("STRIDED_SLICE with steps in what is no picture")
            # Max pooling with a window of one picks every nth value.
            height, width = (steps[axis] for axis in blob.axes[-2:])
            params = {0: _MAX_POOLING, 1: 1, 2: width, 12: height, 5: _PADDED_EXPLICITLY}
            name = self.network.add("Pooling", [name], params)
        return self.new(name, shape, blob.axes, blob.range, blob.step)

    def _padded(self, blob: Blob, spare: Axes) -> Blob:
        now = [(0, 0) if axis in spare else pads for axis, pads in enumerate(blob.pads)]
        if not any(map(any, now)):
            return blob
        shape = tuple(
            before + side + after for side, (before, after) in zip(blob.shape, now, strict=True)
        )
        inner = [now[axis] for axis in blob.axes]
        inner = [(0, 0)] * (MOST_AXES - len(inner)) + inner
        (front, behind), (top, bottom), (left, right) = inner
        params: dict[int, Value] = {0: top, 1: bottom, 2: left, 3: right, 7: front, 8: behind}
        left_over = tuple(pads if axis in spare else (0, 0) for axis, pads in enumerate(blob.pads))
        name = self.network.add("Padding", [blob.name], params)
        return replace(blob, name=name, shape=shape, pads=left_over)


def _regrouped(blob: Blob, shape: Shape) -> Axes | None:
    """The new tensor's axes in the order of the blob's memory; None if values must move.

    Old and new axes form the smallest groups of the same size. No value moves if the old axes
    of each group are adjacent and in order in memory.
    """
    groups: list[tuple[list[int], list[int]]] = []
    old, new = list(range(1, len(blob.shape))), list(range(1, len(shape)))
    while old or new:
        mine, theirs = old[:1], new[:1]
        del old[:1], new[:1]
        while True:
            size, wanted = (
                prod(blob.shape[axis] for axis in mine),
                prod(shape[axis] for axis in theirs),
            )
            if size == wanted:
                break
            if size < wanted:
                mine.append(old.pop(0))
            else:
                theirs.append(new.pop(0))
        groups.append((mine, theirs))
    solid = [([a for a in mine if blob.shape[a] > 1], theirs) for mine, theirs in groups]
    memory = [axis for axis in blob.axes if blob.shape[axis] > 1]
    order: list[int] = []
    loose = [theirs for mine, theirs in solid if not mine]
    for mine, theirs in sorted(
        (group for group in solid if group[0]), key=lambda group: memory.index(group[0][0])
    ):
        at = memory.index(mine[0])
        if memory[at : at + len(mine)] != mine:
            return None
        order += theirs
    return tuple(order + [axis for theirs in loose for axis in theirs])
