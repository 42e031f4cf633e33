"""The benchmark: its truth, its scores, its arms."""

from tests import bare as bare  # makes `porchlight` importable
