"""Reads operators' options into plain values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import tflite
from flatbuffers import flexbuffers

from .ir import EVERYTHING, Options, Range, damaged, unsupported

if TYPE_CHECKING:
    from collections.abc import Callable

POST_PROCESS = "TFLite_Detection_PostProcess"
# The range of results that each fused activation allows.
ACTIVATIONS: dict[int, Range] = {
    tflite.ActivationFunctionType.NONE: EVERYTHING,
    tflite.ActivationFunctionType.RELU: (0.0, EVERYTHING[1]),
    tflite.ActivationFunctionType.RELU_N1_TO_1: (-1.0, 1.0),
    tflite.ActivationFunctionType.RELU6: (0.0, 6.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window(Options):
    """Options of convolution and pooling; (height, width) each.

    `pads`, (before, after) for each axis, and a convolution's `kernel` are known once the shapes
    are resolved.
    """

    same: bool
    stride: tuple[int, int]
    dilation: tuple[int, int] = (1, 1)
    kernel: tuple[int, int] = (1, 1)
    pads: tuple[tuple[int, int], tuple[int, int]] = ((0, 0), (0, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis(Options):
    """Options of concatenation."""

    axis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Masks(Options):
    """Options of a strided slice: bits for the axes without a beginning or an end."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices(Options):
    """Options of a strided slice for each axis, from its constants."""

    starts: tuple[int, ...]
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pads(Options):
    """Options of padding: (before, after) for each axis, from its constants."""

    pads: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Order(Options):
    """Options of transposition: the old axis of each new one, from its constants."""

    axes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostProcess(Options):
    """Options of TFLite_Detection_PostProcess."""

    max_detections: int
    max_classes: int
    detections_per_class: int
    regular: bool
    score_threshold: float
    iou_threshold: float
    classes: int
    scales: tuple[float, float, float, float]


def read_options(kind: str, operator: Any) -> Options:
    """An operator's options. Raises EngineError if they are not supported."""
    if kind == POST_PROCESS:
        return _post_process(operator.CustomOptionsAsNumpy().tobytes())
    if kind in _READERS:
        name, reader = _READERS[kind]
        if operator.BuiltinOptionsType() != getattr(tflite.BuiltinOptions, name):
            raise damaged(f"{kind} has options of another operator")
        table = operator.BuiltinOptions()
        options = getattr(tflite, name)()
        options.Init(table.Bytes, table.Pos)
        return reader(options)
    return Options()


def _clamp(options: Any) -> Range:
    function = options.FusedActivationFunction()
    if function not in ACTIVATIONS:
        raise unsupported(f"activation {function}")
    return ACTIVATIONS[function]


def _same(options: Any) -> bool:
    padding = options.Padding()
    if padding not in {tflite.Padding.SAME, tflite.Padding.VALID}:
        raise unsupported(f"padding {padding}")
    return bool(padding == tflite.Padding.SAME)


def _conv(options: Any) -> Window:
    return Window(
        clamp=_clamp(options),
        same=_same(options),
        stride=(options.StrideH(), options.StrideW()),
        dilation=(options.DilationHFactor(), options.DilationWFactor()),
    )


def _pool(options: Any) -> Window:
    return Window(
        clamp=_clamp(options),
        same=_same(options),
        stride=(options.StrideH(), options.StrideW()),
        kernel=(options.FilterHeight(), options.FilterWidth()),
    )


def _arithmetic(options: Any) -> Options:
    return Options(clamp=_clamp(options))


def _concatenation(options: Any) -> Axis:
    return Axis(clamp=_clamp(options), axis=options.Axis())


def _slice(options: Any) -> Masks:
    if options.EllipsisMask() or options.NewAxisMask() or options.ShrinkAxisMask():
        raise unsupported("STRIDED_SLICE with other masks than those of begin and end")
    if options.Offset():
        raise unsupported("STRIDED_SLICE with offsets as ends")
    return Masks(begin=options.BeginMask(), end=options.EndMask())


def _resize(options: Any) -> Options:
    if options.AlignCorners() or options.HalfPixelCenters():
        raise unsupported("RESIZE_NEAREST_NEIGHBOR with aligned corners or half pixel centres")
    return Options()


_READERS: dict[str, tuple[str, Callable[[Any], Options]]] = {
    "CONV_2D": ("Conv2DOptions", _conv),
    "DEPTHWISE_CONV_2D": ("DepthwiseConv2DOptions", _conv),
    "MAX_POOL_2D": ("Pool2DOptions", _pool),
    "AVERAGE_POOL_2D": ("Pool2DOptions", _pool),
    "ADD": ("AddOptions", _arithmetic),
    "SUB": ("SubOptions", _arithmetic),
    "MUL": ("MulOptions", _arithmetic),
    "CONCATENATION": ("ConcatenationOptions", _concatenation),
    "STRIDED_SLICE": ("StridedSliceOptions", _slice),
    "RESIZE_NEAREST_NEIGHBOR": ("ResizeNearestNeighborOptions", _resize),
}


def _post_process(data: bytes) -> PostProcess:
    values = flexbuffers.GetRoot(data).AsMap

    def value(key: str, default: float | None = None) -> Any:
        try:
            return values[key].Value
        except KeyError:
            if default is None:
                raise damaged(f"{POST_PROCESS} lacks {key}") from None
            return default

    def scale(key: str) -> float:
        result = float(value(key))
        if not result > 0:
            raise damaged(f"{POST_PROCESS} has {key} {result}")
        return result

    return PostProcess(
        max_detections=int(value("max_detections")),
        max_classes=int(value("max_classes_per_detection")),
        detections_per_class=int(value("detections_per_class", 100)),
        regular=bool(value("use_regular_nms", 0)),
        score_threshold=float(value("nms_score_threshold")),
        iou_threshold=float(value("nms_iou_threshold")),
        classes=int(value("num_classes")),
        scales=(scale("y_scale"), scale("x_scale"), scale("h_scale"), scale("w_scale")),
    )
