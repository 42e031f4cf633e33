"""Writes a network in ncnn's format: layers as text, weights as bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

type Value = int | float | Sequence[int] | Sequence[float]

MAGIC = 7767517
# A flag before the weights of a convolution: they are plain float32.
RAW = np.zeros(1, np.uint32)
# A list parameter is written with the key LIST - key.
LIST = -23300


@dataclass(frozen=True, slots=True)
class _Layer:
    kind: str
    bottoms: tuple[str, ...]
    tops: tuple[str, ...]
    params: dict[int, Value]


@dataclass(slots=True)
class Network:
    """Layers in the order in which they are computed; blobs are identified by name."""

    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    _layers: list[_Layer] = field(default_factory=list)
    _weights: list[NDArray[np.generic]] = field(default_factory=list)

    def input(self) -> str:
        """Add an input blob; returns its name."""
        self.inputs.append(self.add("Input", ()))
        return self.inputs[-1]

    def add(
        self,
        kind: str,
        bottoms: Iterable[str],
        params: dict[int, Value] | None = None,
        weights: Iterable[NDArray[np.generic]] = (),
    ) -> str:
        """Add a layer; returns its result's name. Weights come in the order that it loads them."""
        top = f"b{len(self._layers)}"
        self._layers.append(_Layer(kind, tuple(bottoms), (top,), params or {}))
        self._weights += weights
        return top

    def text(self) -> str:
        """The layers, with a Split layer where several read the same blob."""
        layers = list(self._shared())
        blobs = sum(len(layer.tops) for layer in layers)
        lines = [str(MAGIC), f"{len(layers)} {blobs}"]
        lines += [_line(number, layer) for number, layer in enumerate(layers)]
        return "\n".join(lines) + "\n"

    def weights(self) -> Iterable[bytes]:
        """All weights, in the order in which they are loaded."""
        return (np.ascontiguousarray(array).tobytes() for array in self._weights)

    def exits(self) -> list[str]:
        """The names to extract the outputs by: the first copy, if others read the blob, too."""
        readers = self._readers()
        return [_copy(name, 0) if readers[name] > 1 else name for name in self.outputs]

    def _readers(self) -> dict[str, int]:
        readers = dict.fromkeys(self.outputs, 1)
        for layer in self._layers:
            for bottom in layer.bottoms:
                readers[bottom] = readers.get(bottom, 0) + 1
        return readers

    def _shared(self) -> Iterable[_Layer]:
        readers = self._readers()
        taken = dict.fromkeys(self.outputs, 1)

        def take(name: str) -> str:
            if readers[name] == 1:
                return name
            number = taken.get(name, 0)
            taken[name] = number + 1
            return _copy(name, number)

        for layer in self._layers:
            yield _Layer(layer.kind, tuple(map(take, layer.bottoms)), layer.tops, layer.params)
            (top,) = layer.tops
            count = readers.get(top, 0)
            if count > 1:
                copies = tuple(_copy(top, number) for number in range(count))
                yield _Layer("Split", layer.tops, copies, {})


def _copy(name: str, number: int) -> str:
    return f"{name}_{number}"


def _line(number: int, layer: _Layer) -> str:
    params = (_parameter(key, value) for key, value in layer.params.items())
    counts = f"{len(layer.bottoms)} {len(layer.tops)}"
    return " ".join([layer.kind, f"l{number}", counts, *layer.bottoms, *layer.tops, *params])


def _parameter(key: int, value: Value) -> str:
    if isinstance(value, (int, float)):
        return f"{key}={_number(value)}"
    return f"{LIST - key}=" + ",".join([str(len(value)), *(_number(one) for one in value)])


def _number(value: float) -> str:
    # ncnn recognizes a float by the point or the e.
    return str(value) if isinstance(value, int) else f"{value:.9e}"
