"""Runs `.tflite` models with ncnn, whose wheels install on every Home Assistant."""

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
        """Load. Raises EngineError, with the model's name, if it is damaged or not supported."""
        self.version = version("ncnn")
        try:
            graph = simplify(read_model(model))
            self._program = lower(graph)
            if self._program.given:
                self._net = _load(self._program.network, threads)
        except EngineError as error:
            raise EngineError(error.problem, f"{model.name}: {error.detail}") from error
        self._graph = graph
        self.inputs = tuple(_spec(graph.tensors[index]) for index in graph.inputs)
        self.outputs = tuple(_spec(graph.tensors[index]) for index in graph.outputs)
        ends = (*self._program.before, *self._program.after)
        read = {index for operator in ends for index in operator.inputs}.union(graph.outputs)
        self._constants = {
            index: graph.tensors[index].real() for index in read if graph.constant(index)
        }
        # Not needed if only ncnn reads the input, and reads it as pixels.
        (entry,) = graph.inputs
        blob = self._program.fed.get(entry)
        self._by_value = entry in read or blob is None or blob.axes != PLANES

    def run(self, tensor: NDArray[np.generic]) -> Sequence[Floats]:
        """The output tensors for one input tensor."""
        program = self._program
        (entry,) = self._graph.inputs
        values = dict(self._constants)
        if self._by_value:
            values[entry] = _real(self._graph.tensors[entry], tensor)
        self._compute(program.before, values)
        if program.given:
            self._infer(values, tensor)
        self._compute(program.after, values)
        return [_stored(self._graph.tensors[index], values[index]) for index in self._graph.outputs]

    def _infer(self, values: dict[int, Floats], tensor: NDArray[np.generic]) -> None:
        (entry,) = self._graph.inputs
        extractor = self._net.create_extractor()
        for index, blob in self._program.fed.items():
            mat = (
                _mat(values[index], blob)
                if index in values
                else _planes(tensor, self._graph.tensors[entry])
            )
            _check(extractor.input(blob.name, mat))
        for index, blob in self._program.given.items():
            failed, result = extractor.extract(blob.name)
            _check(failed)
            values[index] = _logical(result, blob)

    def _compute(self, operators: Sequence[Operator], values: dict[int, Floats]) -> None:
        for operator in operators:
            inputs = [values[index] for index in operator.inputs]
            results = evaluate(self._graph, operator, inputs)
            values.update(zip(operator.outputs, results, strict=True))


def _check(failed: int) -> None:
    if failed:
        raise EngineError(EngineProblem.FAILING, f"ncnn failed with {failed}")


def _load(network: Network, threads: int) -> ncnn.Net:
    net = ncnn.Net()
    options = net.opt
    options.num_threads = threads
    options.use_vulkan_compute = False
    # Half precision would lose the parity with LiteRT, for little gain on x86.
    options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
    options.use_bf16_storage = False
    # Not exact, as whole numbers require, and slower with few channels.
    options.use_winograd_convolution = False
    failed = net.load_param_mem(network.text())
    # Weights from a file are copied; from memory, ncnn would keep pointers to ours.
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
    if tensor.quantisation is None or tensor.step is None:
        return np.asarray(values, np.float32)
    return tensor.quantisation.real(values)


def _stored(tensor: Tensor, values: Floats) -> NDArray[Any]:
    if tensor.quantisation is None or tensor.step is None:
        return values
    return tensor.quantisation.stored(values, tensor.dtype)


def _mat(values: Floats, blob: Blob) -> ncnn.Mat:
    """Values in ncnn's own memory: a layer that works in place crashes on any other."""
    mat = ncnn.Mat(blob.physical[::-1])
    memory = np.asarray(mat).reshape(blob.physical)
    source = values[0].transpose([axis - 1 for axis in blob.axes])
    if blob.step == 1:
        np.copyto(memory, source)
    else:
        np.rint(source / np.float32(blob.step), out=memory)
    return mat


def _planes(pixels: NDArray[np.generic], tensor: Tensor) -> ncnn.Mat:
    _, height, width, channels = tensor.shape
    memory = np.ascontiguousarray(pixels[0])
    mat = ncnn.Mat.from_pixels(memory, ncnn.Mat.PixelType.PIXEL_RGB, width, height)
    if tensor.quantisation is not None:
        mat.substract_mean_normalize([float(tensor.quantisation.zero[0])] * channels, [])
    return mat


def _logical(mat: ncnn.Mat, blob: Blob) -> Floats:
    """A blob's tensor: if possible, a view that keeps ncnn's memory alive."""
    values: Floats = np.asarray(mat).reshape(blob.physical)
    values = values.transpose([blob.axes.index(axis) for axis in range(1, len(blob.shape))])
    if blob.step != 1:
        values = np.multiply(values, np.float32(blob.step), order="C")
    return values[None]
