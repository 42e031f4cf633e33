"""Arms that decide about cameras, compared on scenes whose truth is known."""

from tests import bare as bare  # makes `porchlight` importable for all modules here
