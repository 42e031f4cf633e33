"""Imports our package first, because the harness's own `custom_components` would shadow it."""

from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("homeassistant"):
    import custom_components.porchlight  # noqa: F401 - see above

# Tests in real time, with processes, ports and a network that are shared on this machine.
IN_REAL_TIME = {"bridge", "e2e"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """If several processes run the tests, run those that disturb each other in a single one."""
    if not config.pluginmanager.hasplugin("xdist"):
        return
    here = Path(__file__).parent
    for item in items:
        if item.path.relative_to(here).parts[0] in IN_REAL_TIME:
            item.add_marker(pytest.mark.xdist_group("in real time"))
