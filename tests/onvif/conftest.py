from __future__ import annotations

import pytest

from .clock import Clock


@pytest.fixture
async def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the test's event loop."""
    return Clock(monkeypatch)
