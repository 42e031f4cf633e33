"""Tests of the engines: that ncnn gives what LiteRT gives. They need no Home Assistant."""

import tests.bare  # noqa: F401 - makes `porchlight` importable
