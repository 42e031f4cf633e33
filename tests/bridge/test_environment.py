from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from porchlight.runtime import ask
from porchlight.runtime.environment import worker_environment
from porchlight.worker.messages import Alive

from .test_ask import acting

if TYPE_CHECKING:
    from collections.abc import Callable

    from porchlight.runtime.bridge import Bridge

    from .support import Ear

TOKEN = "SUPERVISOR_TOKEN"
SECRET = "a-token-of-the-supervisor"


def test_only_what_an_interpreter_needs_is_passed_on() -> None:
    given = {
        "PATH": "/bin",
        "PYTHONPATH": "/x",
        "LD_PRELOAD": "/lib/libjemalloc.so.2",
        "LC_ALL": "C.UTF-8",
        TOKEN: SECRET,
        "HASSIO_TOKEN": SECRET,
        "http_proxy": "http://192.0.2.1",
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    passed = {"PATH", "PYTHONPATH", "LD_PRELOAD", "LC_ALL"}
    expected = {name: given[name] for name in passed}
    assert worker_environment(given) == {"OPENBLAS_NUM_THREADS": "1", **expected}


async def test_the_worker_has_no_token_of_home_assistant(
    bridge: Callable[..., Bridge], ear: Ear, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(TOKEN, SECRET)
    bridge()
    alive = await ear.wait(Alive)
    environment = Path(f"/proc/{alive.pid}/environ").read_bytes()
    assert b"PATH=" in environment
    assert SECRET.encode() not in environment


async def test_an_errand_has_no_token_of_home_assistant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(TOKEN, SECRET)
    acting(monkeypatch, f"import os, sys; sys.exit(3 if {TOKEN!r} in os.environ else 4)")
    with pytest.raises(ask.ErrandError, match="status 4"):
        await ask.scan([])
