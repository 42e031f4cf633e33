"""ncnn, whose wheels install on every Home Assistant, running `.tflite` models."""

from __future__ import annotations

import os
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import ncnn
import numpy as np

from ...vision.types import TensorSpec
from ..errors import EngineError, EngineProblem
from .blobs import PLANES
from .graph.arrays import evaluate
from .graph.passes import simplify
from .graph.reader import read_model
from .lower import lower

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from ...vision.geometry import Floats
    from .blobs import Blob
    from .graph.ir import Operator, Tensor
    from .network import Network


class Ncnn:
    """A model in ncnn."""

    name = "ncnn"

    def __init__(self, model: Path, threads: int) -> None:
        """Load. Raises EngineError, naming the model, for what is damaged or cannot be done."""
        self.version = version("ncnn")
        try:
            graph = simplify(read_model(model))
            self._program = lower(graph)
            self._net = _load(self._program.network, threads)
        except EngineError as error:
            raise EngineError(error.problem, f"{model.name}: {error.detail}") from error
        self._graph = graph
        # Unless ncnn alone reads the input, and as the pixels that it is.
        readers = {i for one in (*self._program.before, *self._program.after) for i in one.inputs}
        (entry,) = graph.inputs
        blob = self._program.fed.get(entry)
        pixels = blob is not None and blob.axes == PLANES
        self._constants = {
            index: graph.tensors[index].real() for index in readers if graph.constant(index)
        }
        self._by_value = not pixels or entry in readers.union(graph.outputs)
        self.inputs = tuple(_spec(graph.tensors[index]) for index in graph.inputs)
        self.outputs = tuple(_spec(graph.tensors[index]) for index in graph.outputs)

    def run(self, tensor: NDArray[np.generic]) -> Sequence[Floats]:
        """The output tensors for one input tensor."""
        program = self._program
        (entry,) = self._graph.inputs
        values = {entry: _real(self._graph.tensors[entry], tensor)} if self._by_value else {}
        self._compute(program.before, values)
        extractor = self._net.create_extractor()
        # ncnn borrows what it is fed until the last blob is extracted.
        fed = {
            blob.name: _mat(values[index], blob)
            if index in values
            else _planes(tensor, self._graph.tensors[entry])
            for index, blob in program.fed.items()
        }
        for name, (mat, _memory) in fed.items():
            extractor.input(name, mat)
        for index, blob in program.given.items():
            failed, result = extractor.extract(blob.name)
            if failed:
                raise EngineError(EngineProblem.CRASHED, f"ncnn failed with {failed}")
            values[index] = _logical(result, blob)
        self._compute(program.after, values)
        return [_stored(self._graph.tensors[index], values[index]) for index in self._graph.outputs]

    def _compute(self, operators: Sequence[Operator], values: dict[int, Floats]) -> None:
        for operator in operators:
            inputs = [
                values[index] if index in values else self._constants[index]
                for index in operator.inputs
            ]
            values.update(
                zip(operator.outputs, evaluate(self._graph, operator, inputs), strict=True)
            )


def _load(network: Network, threads: int) -> ncnn.Net:
    net = ncnn.Net()
    options = net.opt
    options.num_threads = threads
    options.use_vulkan_compute = False
    # Half the precision would cost the parity with LiteRT, for little on x86.
    options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
    options.use_bf16_storage = False
    # Not exact, which whole numbers are to be, and slower where there are few channels.
    options.use_winograd_convolution = False
    failed = net.load_param_mem(network.text())
    # Read as from a file, the weights are copied; from memory, ncnn would go on pointing there.
    descriptor = os.memfd_create("weights", os.MFD_CLOEXEC)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(network.weights())
        file.flush()
        failed = failed or net.load_model(f"/proc/self/fd/{descriptor}")
    if failed:
        raise EngineError(EngineProblem.MODEL_UNSUPPORTED, f"ncnn refuses it with {failed}")
    return net


def _spec(tensor: Tensor) -> TensorSpec:
    return TensorSpec(tensor.shape, tensor.dtype)


def _real(tensor: Tensor, values: NDArray[np.generic]) -> Floats:
    if tensor.quantisation is None:
        return np.asarray(values, np.float32)
    return tensor.quantisation.real(values)


def _stored(tensor: Tensor, values: Floats) -> NDArray[Any]:
    if tensor.quantisation is None:
        return values
    return tensor.quantisation.stored(values, tensor.dtype)


def _mat(values: Floats, blob: Blob) -> tuple[ncnn.Mat, Floats]:
    """Values for ncnn, and the memory that must outlive them."""
    memory = np.ascontiguousarray(values[0].transpose([axis - 1 for axis in blob.axes]))
    if blob.step != 1:
        memory = np.rint(memory / np.float32(blob.step))
    return ncnn.Mat(memory), memory


def _planes(pixels: NDArray[np.generic], tensor: Tensor) -> tuple[ncnn.Mat, NDArray[np.generic]]:
    _, height, width, channels = tensor.shape
    memory = np.ascontiguousarray(pixels[0])
    mat = ncnn.Mat.from_pixels(memory, ncnn.Mat.PixelType.PIXEL_RGB, width, height)
    if tensor.quantisation is not None:
        zero = float(tensor.quantisation.zero[0])
        mat.substract_mean_normalize([zero] * channels, [])
    return mat, memory


def _logical(mat: ncnn.Mat, blob: Blob) -> Floats:
    """A blob as its tensor: a view of ncnn's memory that keeps it alive, where that will do."""
    values: Floats = np.asarray(mat).reshape(blob.physical)
    values = values.transpose([blob.axes.index(axis) for axis in range(1, len(blob.shape))])
    if blob.step != 1:
        values = np.multiply(values, np.float32(blob.step), order="C")
    return values[None]
