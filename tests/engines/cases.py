"""Small models of one operator each, and how close ncnn's results must be to LiteRT's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import tflite
from porchlight.worker.engines import load

from .reference import outputs
from .writer import Quant, Writer

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ACTIVATION = {
    "none": tflite.ActivationFunctionType.NONE,
    "relu": tflite.ActivationFunctionType.RELU,
    "relu6": tflite.ActivationFunctionType.RELU6,
    "relu1": tflite.ActivationFunctionType.RELU_N1_TO_1,
}
SAME, VALID = tflite.Padding.SAME, tflite.Padding.VALID
# Real values from -6.4 to 6.35: with these the second half of a relu6 is used, too.
PIXELS = {
    "float32": None,
    "uint8": Quant(scale=(0.05,), zero=(128,)),
    "int8": Quant(scale=(0.05,), zero=(0,)),
}
# Narrower than most operators' results, so that values are clipped at both ends of a type.
RESULTS = {
    "float32": None,
    "uint8": Quant(scale=(0.03,), zero=(100,)),
    "int8": Quant(scale=(0.03,), zero=(-20,)),
}


@dataclass(slots=True)
class Case:
    """A model of one input, and random numbers for it that are the same everywhere."""

    seed: int
    shape: tuple[int, ...] = (1, 12, 10, 6)
    dtype: str = "float32"
    writer: Writer = field(default_factory=Writer)
    rng: np.random.Generator = field(init=False)
    x: int = field(init=False)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.x = self.writer.input(self.shape, self.dtype, PIXELS[self.dtype])

    def real(self, *shape: int, scale: float = 1.0) -> NDArray[np.float32]:
        """Random values around zero."""
        return ((self.rng.random(shape) * 2 - 1) * scale).astype(np.float32)

    def whole(self, *shape: int, dtype: str) -> NDArray[Any]:
        """Random values of a type of integers."""
        info = np.iinfo(dtype)
        return self.rng.integers(info.min, info.max, shape, dtype, endpoint=True)

    def tensor(self, *shape: int, quant: Quant | None = None) -> int:
        """A result of the input's type."""
        return self.writer.tensor(shape, self.dtype, quant or RESULTS[self.dtype])

    def like(self, *shape: int) -> int:
        """A result of the input's type and quantisation."""
        return self.writer.tensor(shape, self.dtype, PIXELS[self.dtype])

    def picture(self) -> NDArray[Any]:
        """A random input."""
        if self.dtype == "float32":
            return self.real(*self.shape, scale=6.0)
        return self.whole(*self.shape, dtype=self.dtype)

    def mixed(self, x: int, shape: tuple[int, ...], channels: int | None = None) -> int:
        """A convolution that mixes the channels, after which ncnn stores them separately."""
        count = channels or shape[3]
        y = self.writer.tensor((*shape[:3], count))
        weights = self.writer.constant(self.real(count, 1, 1, shape[3]))
        return self.writer.add(
            "CONV_2D", [x, weights, self.writer.constant(np.zeros(count, np.float32))], y,
            table="Conv2DOptions", StrideH=1, StrideW=1, Padding=VALID,
        )  # fmt: skip

    def doubled(self, x: int, shape: tuple[int, ...]) -> int:
        """A multiplication after an operator, so that it is not at the end of the model."""
        y = self.writer.tensor(shape)
        two = self.writer.constant(np.array([2], np.float32))
        return self.writer.add("MUL", [x, two], y, table="MulOptions")

    def check(self, folder: Path, *results: int, near: float = 2e-5, halves: float = 0.001) -> None:
        """Compare ncnn with LiteRT; `near` is a share of the largest value.

        Quantized results may differ by one step where a half was rounded differently.
        """
        path = folder / "model.tflite"
        path.write_bytes(self.writer.data(*results))
        picture = self.picture()
        expected = outputs(path, picture)
        given = load("ncnn", path, 1).run(picture)
        assert len(given) == len(expected)
        for mine, theirs in zip(given, expected, strict=True):
            assert mine.shape == theirs.shape
            assert mine.dtype == theirs.dtype
            if np.dtype(theirs.dtype).kind == "f":
                allowed = near * max(1.0, float(np.abs(theirs).max()))
                np.testing.assert_allclose(mine, theirs, rtol=0, atol=allowed)
            else:
                apart = np.abs(mine.astype(int) - theirs.astype(int))
                assert apart.max() <= 1
                assert (apart > 0).mean() <= halves
