"""Tests that ncnn gives the same results as LiteRT. They need no Home Assistant."""

import tests.bare  # noqa: F401 - makes `porchlight` importable
