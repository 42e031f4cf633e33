"""Writes small `.tflite` models with the format's own schema."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import flatbuffers
import numpy as np
import tflite
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

VERSION = 3
_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "int8": tflite.TensorType.INT8,
    "uint8": tflite.TensorType.UINT8,
    "int32": tflite.TensorType.INT32,
    "bool": tflite.TensorType.BOOL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quant:
    """Scales and zero points of a tensor, or of each index of an axis."""

    scale: tuple[float, ...]
    zero: tuple[int, ...] = (0,)
    axis: int = 0


@dataclass(frozen=True, slots=True)
class _Tensor:
    shape: tuple[int, ...]
    dtype: str
    quant: Quant | None
    data: NDArray[Any] | None


@dataclass(frozen=True, slots=True)
class _Operator:
    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    table: str | None
    fields: dict[str, Any]
    custom: bytes


@dataclass(slots=True)
class Writer:
    """A model under construction; tensors are known by their indices."""

    inputs: list[int] = field(default_factory=list)
    _tensors: list[_Tensor] = field(default_factory=list)
    _operators: list[_Operator] = field(default_factory=list)

    def tensor(
        self, shape: Sequence[int], dtype: str = "float32", quant: Quant | None = None
    ) -> int:
        """Add a tensor for a result."""
        self._tensors.append(_Tensor(tuple(shape), dtype, quant, None))
        return len(self._tensors) - 1

    def input(
        self, shape: Sequence[int], dtype: str = "float32", quant: Quant | None = None
    ) -> int:
        """Add an input tensor."""
        self.inputs.append(self.tensor(shape, dtype, quant))
        return self.inputs[-1]

    def constant(self, data: Any, quant: Quant | None = None) -> int:
        """Add a constant tensor."""
        array = np.asarray(data)
        self._tensors.append(_Tensor(array.shape, array.dtype.name, quant, array))
        return len(self._tensors) - 1

    def add(
        self,
        kind: str,
        inputs: Sequence[int],
        *outputs: int,
        table: str | None = None,
        custom: bytes = b"",
        **fields: Any,
    ) -> int:
        """Add an operator; returns its first result."""
        self._operators.append(_Operator(kind, tuple(inputs), outputs, table, fields, custom))
        return outputs[0]

    def data(self, *outputs: int) -> bytes:
        """The file of the model with these output tensors."""
        builder = flatbuffers.Builder(1024)
        buffers = [_buffer(builder, None)]
        buffers += [_buffer(builder, tensor.data) for tensor in self._tensors]
        tensors = [_tensor(builder, number, tensor) for number, tensor in enumerate(self._tensors)]
        kinds = sorted({operator.kind for operator in self._operators})
        codes = [_code(builder, kind) for kind in kinds]
        operators = [
            _operator(builder, operator, kinds.index(operator.kind)) for operator in self._operators
        ]
        parts = {
            "Tensors": _offsets(builder, tensors),
            "Inputs": builder.CreateNumpyVector(np.array(self.inputs, np.int32)),
            "Outputs": builder.CreateNumpyVector(np.array(outputs, np.int32)),
            "Operators": _offsets(builder, operators),
        }
        graphs = _offsets(builder, [_table(builder, "SubGraph", parts)])
        model = _table(
            builder,
            "Model",
            {
                "Version": VERSION,
                "OperatorCodes": _offsets(builder, codes),
                "Subgraphs": graphs,
                "Buffers": _offsets(builder, buffers),
            },
        )
        builder.Finish(model, b"TFL3")
        return bytes(builder.Output())


def _table(builder: Any, name: str, fields: dict[str, Any]) -> int:
    getattr(tflite, f"{name}Start")(builder)
    for key, value in fields.items():
        getattr(tflite, f"{name}Add{key}")(builder, value)
    end: int = getattr(tflite, f"{name}End")(builder)
    return end


def _offsets(builder: Any, offsets: list[int]) -> int:
    builder.StartVector(4, len(offsets), 4)
    for offset in reversed(offsets):
        builder.PrependUOffsetTRelative(offset)
    end: int = builder.EndVector()
    return end


def _buffer(builder: Any, data: NDArray[Any] | None) -> int:
    if data is None:
        return _table(builder, "Buffer", {})
    stored = np.frombuffer(np.ascontiguousarray(data).tobytes(), np.uint8)
    builder.StartVector(1, len(stored), 16)
    builder.head -= len(stored)
    builder.Bytes[builder.head : builder.head + len(stored)] = stored.tobytes()
    return _table(builder, "Buffer", {"Data": builder.EndVector()})


def _tensor(builder: Any, number: int, tensor: _Tensor) -> int:
    fields: dict[str, Any] = {
        "Shape": builder.CreateNumpyVector(np.array(tensor.shape, np.int32)),
        "Name": builder.CreateString(f"t{number}"),
    }
    if tensor.quant is not None:
        parts = {
            "Scale": builder.CreateNumpyVector(np.array(tensor.quant.scale, np.float32)),
            "ZeroPoint": builder.CreateNumpyVector(np.array(tensor.quant.zero, np.int64)),
            "QuantizedDimension": tensor.quant.axis,
        }
        fields["Quantization"] = _table(builder, "QuantizationParameters", parts)
    # A buffer for each tensor, after the empty one that must come first.
    fields |= {"Type": _TYPES[tensor.dtype], "Buffer": number + 1}
    return _table(builder, "Tensor", fields)


def _code(builder: Any, kind: str) -> int:
    number = getattr(tflite.BuiltinOperator, kind, None)
    if number is None:
        name = builder.CreateString(kind)
        custom = tflite.BuiltinOperator.CUSTOM
        fields = {"DeprecatedBuiltinCode": custom, "BuiltinCode": custom, "CustomCode": name}
    else:
        fields = {"DeprecatedBuiltinCode": min(number, 127), "BuiltinCode": number}
    return _table(builder, "OperatorCode", fields | {"Version": 1})


def _operator(builder: Any, operator: _Operator, code: int) -> int:
    fields: dict[str, Any] = {
        "OpcodeIndex": code,
        "Inputs": builder.CreateNumpyVector(np.array(operator.inputs, np.int32)),
        "Outputs": builder.CreateNumpyVector(np.array(operator.outputs, np.int32)),
    }
    if operator.table is not None:
        fields["BuiltinOptions"] = _table(builder, operator.table, operator.fields)
        fields["BuiltinOptionsType"] = getattr(tflite.BuiltinOptions, operator.table)
    if operator.custom:
        fields["CustomOptions"] = builder.CreateByteVector(operator.custom)
    return _table(builder, "Operator", fields)
