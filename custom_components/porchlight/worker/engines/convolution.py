"""Writes convolutions; quantized ones give exactly the results of an integer engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from .blobs import PLANES, finite
from .graph.ir import EVERYTHING, constant
from .network import RAW

if TYPE_CHECKING:
    from .blobs import Blob, Blobs, Padding
    from .graph.ir import Operator, Range, Tensor
    from .graph.options import Window
    from .network import Value

type Floats = NDArray[np.float32]
type Reals = NDArray[np.float64]

_RELU, _CLIP = 1, 3


def convolve(
    blobs: Blobs,
    operator: Operator,
    source: Blob,
    *,
    weights: Tensor,
    bias: Tensor | None,
    result: Tensor,
    limits: Range,
) -> Blob:
    """Add a convolution of a blob with constant weights and perhaps a bias."""
    source = blobs.ordered(source, PLANES, spare=(1, 2))
    stored, shift, units = _values(weights, bias, source, quantised=result.step is not None)
    channels = source.logical[3]
    if operator.kind == "DEPTHWISE_CONV_2D":
        groups, kernel = channels, np.moveaxis(stored[0], 2, 0)[:, None]
    else:
        groups, kernel = channels // stored.shape[3], np.moveaxis(stored, 3, 1)
    params = _params(kernel, cast("Window", operator.options), source.pads)
    arrays: list[NDArray[np.generic]] = [RAW, kernel]
    if shift is not None:
        params[5] = 1
        arrays.append(shift)
    same_units = units.size == 1
    if same_units:
        params |= _activation(limits, float(units[0]))
    kind = "Convolution"
    if groups > 1:
        kind, params[7] = "ConvolutionDepthWise", groups
    name = blobs.network.add(kind, [source.name], params, arrays)
    if result.step is None:
        return blobs.new(name, result.shape, PLANES, limits)
    reach = limits if same_units else EVERYTHING
    blob = blobs.new(name, result.shape, PLANES, reach, float(units[0]))
    if not same_units:
        name = blobs.network.add(
            "Scale", [name], {0: units.size}, [(units / units[0]).astype(np.float32)]
        )
        blob = replace(blob, name=name)
    return blobs.settled(blob, limits, result.step)


def _values(
    weights: Tensor, bias: Tensor | None, source: Blob, *, quantised: bool
) -> tuple[Floats, Floats | None, Reals]:
    """Kernel, bias, and the real value of one unit of their result, for all channels or each.

    Whole numbers if everything is quantized: single precision adds them without error, so
    rounding afterwards gives the results of an integer engine.
    """
    quantisation = weights.quantisation if np.dtype(weights.dtype).kind in "iu" else None
    if quantised and quantisation is not None and (bias is None or bias.dtype == "int32"):
        kernel = quantisation.steps(constant(weights))
        shift = None if bias is None else constant(bias).astype(np.float32)
        return kernel, shift, quantisation.scale.astype(np.float64) * source.step
    kernel = weights.real() * np.float32(source.step)
    return kernel, None if bias is None else bias.real(), np.ones(1)


def _params(kernel: Floats, options: Window, extra: Padding) -> dict[int, Value]:
    (top, bottom), (left, right) = (
        (own[0] + more[0], own[1] + more[1])
        for own, more in zip(options.pads, extra[1:3], strict=True)
    )
    return {
        0: kernel.shape[0],
        1: kernel.shape[3], 11: kernel.shape[2],
        2: options.dilation[1], 12: options.dilation[0],
        3: options.stride[1], 13: options.stride[0],
        4: left, 15: right, 14: top, 16: bottom,
        6: kernel.size,
    }  # fmt: skip


def _activation(limits: Range, unit: float) -> dict[int, Value]:
    if limits == EVERYTHING:
        return {}
    if limits == (0.0, np.inf):
        return {9: _RELU}
    return {9: _CLIP, 10: finite(limits, unit)}
