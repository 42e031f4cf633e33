"""Imports our package first, because the harness's own `custom_components` would shadow it."""

import os
from collections.abc import Generator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("homeassistant"):
    import custom_components.porchlight  # noqa: F401 - see above

if find_spec("hypothesis"):
    from hypothesis import HealthCheck, settings

    # The default wants each example within 200 ms; what else is set, for CI for example, stays.
    settings.register_profile(
        "any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
    )
    settings.load_profile("any speed")

HERE = Path(__file__).parent
# Tests in real time, with processes, ports and a network that are shared on this machine.
IN_REAL_TIME = [HERE / name for name in ("bridge", "e2e", "worker/test_whole_line.py")]
AHEAD = -10


def in_real_time(item: pytest.Item) -> bool:
    """Whether a test runs in real time."""
    return any(item.path.is_relative_to(place) for place in IN_REAL_TIME)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """If several processes run the tests, run those that disturb each other in a single one."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    for item in items:
        if in_real_time(item):
            item.add_marker(pytest.mark.xdist_group("in real time"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run tests in real time at a higher priority, where that is allowed."""
    if not in_real_time(item):
        return (yield)
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, min(before, AHEAD))
    try:
        return (yield)
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, before)
