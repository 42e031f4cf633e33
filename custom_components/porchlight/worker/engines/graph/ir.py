"""A model as tensors and operators, in TFLite's own order of axes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf, prod

import numpy as np
from numpy.typing import NDArray

from ...errors import EngineError, EngineProblem

# Far above any detector; a damaged file may claim more.
MOST_ELEMENTS = 1 << 24
MOST_OPERATORS = 1 << 13
MOST_NUMBERS = 64
# Stands for an optional input that an operator lacks.
NO_TENSOR = -1

type Range = tuple[float, float]
EVERYTHING: Range = (-inf, inf)


def intersect(one: Range, other: Range) -> Range:
    """The intersection of two ranges."""
    low = max(one[0], other[0])
    return low, max(low, min(one[1], other[1]))


def unsupported(what: str) -> EngineError:
    """The error for a valid model with something that is not supported."""
    return EngineError(EngineProblem.MODEL_UNSUPPORTED, what)


def damaged(what: str) -> EngineError:
    """The error for a file that contradicts itself."""
    return EngineError(EngineProblem.MODEL_REFUSED, what)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantisation:
    """Real value = (stored - zero) * scale, for the whole tensor or each index of an axis."""

    scale: NDArray[np.float32]
    zero: NDArray[np.int64]
    axis: int

    def real(self, stored: NDArray[np.generic]) -> NDArray[np.float32]:
        """The real values of stored ones."""
        shape = [1] * stored.ndim
        if self.scale.size > 1:
            shape[self.axis] = self.scale.size
        scale = self.scale.astype(np.float64).reshape(shape)
        return (self.steps(stored) * scale).astype(np.float32)

    def steps(self, stored: NDArray[np.generic]) -> NDArray[np.float32]:
        """How many steps from zero stored values are."""
        shape = [1] * stored.ndim
        if self.zero.size > 1:
            shape[self.axis] = self.zero.size
        return (stored.astype(np.int64) - self.zero.reshape(shape)).astype(np.float32)

    def stored(self, real: NDArray[np.floating], dtype: str) -> NDArray[np.generic]:
        """Real values as they are stored: rounded, and clipped to the type's range."""
        info = np.iinfo(dtype)
        steps = np.rint(real / self.scale[0]) + self.zero[0]
        stored: NDArray[np.generic] = np.clip(steps, info.min, info.max).astype(dtype)
        return stored

    def range(self, dtype: str) -> Range:
        """The range of real values that a type can store."""
        info = np.iinfo(dtype)
        scale, zero = float(self.scale[0]), int(self.zero[0])
        return (info.min - zero) * scale, (info.max - zero) * scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor; only constants have data."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    data: NDArray[np.generic] | None = None
    quantisation: Quantisation | None = None

    @property
    def size(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    @property
    def range(self) -> Range:
        """The real values that it can hold."""
        if self.quantisation is None or np.dtype(self.dtype).kind not in "iu":
            return EVERYTHING
        return self.quantisation.range(self.dtype)

    @property
    def step(self) -> float | None:
        """The distance between neighboring real values if it is quantized, else None."""
        if self.quantisation is None or np.dtype(self.dtype).kind not in "iu":
            return None
        return float(self.quantisation.scale[0])

    def real(self) -> NDArray[np.float32]:
        """A constant's real values. Raises EngineError if they are not known."""
        data = constant(self)
        if np.dtype(self.dtype).kind == "f":
            return data.astype(np.float32)
        if self.quantisation is None:
            raise unsupported(f"{self.name} is {self.dtype} without a quantisation")
        return self.quantisation.real(data)

    def integers(self) -> tuple[int, ...]:
        """A constant list of whole numbers. Raises EngineError if it is not one."""
        if self.data is None or np.dtype(self.dtype).kind != "i" or self.data.size > MOST_NUMBERS:
            raise unsupported(f"{self.name} is not a constant list of integers")
        return tuple(int(value) for value in self.data.reshape(-1))


def constant(tensor: Tensor) -> NDArray[np.generic]:
    """A constant's values as they are stored. Raises EngineError if it is not one."""
    if tensor.data is None:
        raise unsupported(f"{tensor.name} is not constant")
    return tensor.data


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """An operator's options: here, the range of its fused activation."""

    clamp: Range = EVERYTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """One operator; tensors are given by their indices."""

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """A model. Operators come after those that they depend on."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]

    def consumers(self) -> dict[int, list[Operator]]:
        """The operators that read each tensor; the graph's outputs do not count."""
        result: dict[int, list[Operator]] = {}
        for operator in self.operators:
            for index in dict.fromkeys(operator.inputs):
                result.setdefault(index, []).append(operator)
        return result

    def producers(self) -> dict[int, Operator]:
        """The operator that gives each tensor."""
        return {index: operator for operator in self.operators for index in operator.outputs}

    def constant(self, index: int) -> bool:
        """Whether a tensor's values are in the model."""
        return index != NO_TENSOR and self.tensors[index].data is not None

    def with_operators(self, operators: list[Operator]) -> Graph:
        """A copy with other operators."""
        return replace(self, operators=tuple(operators))
