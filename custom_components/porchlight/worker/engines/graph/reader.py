"""Reads a `.tflite` file by its schema and checks everything in it."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import tflite

from .ir import (
    MOST_ELEMENTS,
    MOST_OPERATORS,
    NO_TENSOR,
    Graph,
    Operator,
    Quantisation,
    Tensor,
    damaged,
    unsupported,
)
from .options import read_options
from .shapes import SUPPORTED

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MOST_BYTES = 1 << 26
MOST_AXES = 6
MOST_NAME = 200


def _names(codes: type[object]) -> dict[int, str]:
    return {code: name for name, code in vars(codes).items() if isinstance(code, int)}


_KINDS = _names(tflite.BuiltinOperator)
_TYPES = {
    code: name.lower().replace("boolean", "bool")
    for code, name in _names(tflite.TensorType).items()
    if name in {"FLOAT32", "FLOAT16", "INT32", "UINT8", "INT64", "BOOL", "INT16", "INT8"}
}


def read_model(path: Path) -> Graph:
    """The graph of a file. Raises EngineError if it is damaged or not supported."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise unsupported(f"it is larger than {MOST_BYTES >> 20} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise damaged(f"it cannot be read: {error.strerror}") from error
    try:
        return _Reader(data).graph()
    except (
        struct.error,
        ArithmeticError,
        AttributeError,
        LookupError,
        TypeError,
        ValueError,
    ) as error:
        # A wrong offset may cause any of these: the schema's code checks nothing.
        raise damaged(f"it is damaged: {error}") from error


class _Reader:
    def __init__(self, data: bytes) -> None:
        if not tflite.Model.ModelBufferHasIdentifier(data, 0):
            raise damaged("it is not a .tflite file")
        self._data = data
        self._model = tflite.Model.GetRootAs(data, 0)

    def graph(self) -> Graph:
        if self._model.SubgraphsLength() != 1:
            raise unsupported(f"it has {self._model.SubgraphsLength()} subgraphs")
        main = self._model.Subgraphs(0)
        entries = [
            main.Operators(index)
            for index in range(self._count(main.OperatorsLength(), MOST_OPERATORS))
        ]
        # First, so that the error names an unsupported operator and not one of its tensors.
        kinds = [self._kind(entry) for entry in entries]
        self._tensors = [
            self._tensor(main.Tensors(index))
            for index in range(self._count(main.TensorsLength(), len(self._data)))
        ]
        operators = [
            self._operator(kind, entry) for kind, entry in zip(kinds, entries, strict=True)
        ]
        graph = Graph(
            tensors=tuple(self._tensors),
            operators=tuple(operators),
            inputs=self._indices(main.InputsAsNumpy()),
            outputs=self._indices(main.OutputsAsNumpy()),
        )
        _check_order(graph)
        return graph

    def _kind(self, entry: Any) -> str:
        if not 0 <= entry.OpcodeIndex() < self._model.OperatorCodesLength():
            raise damaged("an operator has no code")
        code = self._model.OperatorCodes(entry.OpcodeIndex())
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        kind = _KINDS.get(number, str(number))
        if kind == "CUSTOM":
            kind = (code.CustomCode() or b"").decode()[:MOST_NAME]
        if kind not in SUPPORTED:
            raise unsupported(f"operator {kind}")
        return kind

    def _operator(self, kind: str, entry: Any) -> Operator:
        return Operator(
            kind=kind,
            inputs=self._indices(entry.InputsAsNumpy(), optional=True),
            outputs=self._indices(entry.OutputsAsNumpy()),
            options=read_options(kind, entry),
        )

    def _tensor(self, entry: Any) -> Tensor:
        name = (entry.Name() or b"").decode(errors="replace")[:MOST_NAME]
        if entry.Type() not in _TYPES:
            raise unsupported(f"tensor {name} of type {entry.Type()}")
        axes = self._count(entry.ShapeLength(), MOST_AXES)
        shape = tuple(entry.Shape(axis) for axis in range(axes))
        size = 1
        for side in shape:
            if not 0 < side <= MOST_ELEMENTS or (size := size * side) > MOST_ELEMENTS:
                raise unsupported(f"tensor {name} with shape {list(shape)}")
        if entry.Sparsity() is not None or entry.IsVariable():
            raise unsupported(f"tensor {name}, sparse or variable")
        dtype = _TYPES[entry.Type()]
        return Tensor(
            name=name,
            shape=shape,
            dtype=dtype,
            data=self._constant(name, entry.Buffer(), shape, dtype),
            quantisation=self._quantisation(name, entry.Quantization(), shape),
        )

    def _constant(
        self, name: str, buffer: int, shape: tuple[int, ...], dtype: str
    ) -> NDArray[np.generic] | None:
        if not 0 <= buffer < self._model.BuffersLength():
            raise damaged(f"tensor {name} has no buffer")
        entry = self._model.Buffers(buffer)
        if entry.Offset() > 1:
            raise unsupported(f"tensor {name}, outside of the model's tables")
        if not entry.DataLength():
            return None
        stored = entry.DataAsNumpy()
        if stored.nbytes != np.dtype(dtype).itemsize * int(np.prod(shape, dtype=np.int64)):
            raise damaged(f"tensor {name} has {stored.nbytes} bytes for {dtype}{list(shape)}")
        return np.frombuffer(stored.tobytes(), dtype).reshape(shape)

    def _quantisation(self, name: str, entry: Any, shape: tuple[int, ...]) -> Quantisation | None:
        if entry is None or not entry.ScaleLength():
            return None
        if entry.DetailsType():
            raise unsupported(f"tensor {name} with a quantisation of its own kind")
        scale = np.array(entry.ScaleAsNumpy(), np.float32)
        zero = np.zeros(scale.size, np.int64)
        if entry.ZeroPointLength():
            zero[:] = entry.ZeroPointAsNumpy()
        axis = entry.QuantizedDimension()
        whole = scale.size == 1 or (0 <= axis < len(shape) and shape[axis] == scale.size)
        if not whole or not (np.isfinite(scale) & (scale > 0)).all() or abs(zero).max() > 1 << 31:
            raise damaged(f"tensor {name} has a quantisation that does not fit it")
        return Quantisation(scale=scale, zero=zero, axis=axis)

    def _indices(self, values: Any, *, optional: bool = False) -> tuple[int, ...]:
        indices = tuple(int(value) for value in (values if isinstance(values, np.ndarray) else ()))
        lowest = NO_TENSOR if optional else 0
        if any(not lowest <= index < len(self._tensors) for index in indices):
            raise damaged("an operator uses a tensor that is not there")
        return indices

    def _count(self, count: int, most: int) -> int:
        if count > most:
            raise damaged(f"it claims {count} of what can be {most}")
        return count


def _check_order(graph: Graph) -> None:
    known = set(graph.inputs) | {
        index for index, tensor in enumerate(graph.tensors) if tensor.data is not None
    }
    if not graph.inputs or not graph.outputs:
        raise damaged("it has no inputs or no outputs")
    for operator in graph.operators:
        if set(operator.inputs) - known - {NO_TENSOR}:
            raise damaged(f"{operator.kind} reads what nothing computes")
        if known.intersection(operator.outputs) or not operator.outputs:
            raise damaged(f"{operator.kind} writes what is there already, or nothing")
        known.update(operator.outputs)
    if not known.issuperset(graph.outputs):
        raise damaged("an output is never computed")
