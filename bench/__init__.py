"""Compares detection policies ("arms") on scenes with known ground truth."""

from tests import bare as bare  # makes `porchlight` importable for all modules here
