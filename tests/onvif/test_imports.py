from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOM = Path(__file__).parents[2] / "custom_components" / "porchlight"
HEAVY = ("homeassistant", "lxml", "onvif", "zeep")
PRELUDE = f"""
import sys
from types import ModuleType
parent = ModuleType("porchlight")
parent.__path__ = [{str(ROOM)!r}]
sys.modules["porchlight"] = parent
"""


def run(code: str) -> str:
    done = subprocess.run(  # noqa: S603 - our own interpreter and our own text
        [sys.executable, "-c", PRELUDE + code], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "values",
        "errors",
        "identity",
        "profiles",
        "addresses",
        "probes",
        "discovery",
        "web",
        "locate",
        "pin",
        "snapshots",
    ],
)
def test_a_light_module_loads_neither_soap_nor_home_assistant(module: str) -> None:
    code = f"import porchlight.onvif.{module}\nprint([n for n in {HEAVY!r} if n in sys.modules])"
    assert run(code) == "[]"


def test_the_client_loads_without_home_assistant() -> None:
    code = "import porchlight.onvif.client\nprint('homeassistant' in sys.modules)"
    assert run(code) == "False"


def test_loading_the_client_leaves_the_root_logger_alone() -> None:
    code = """
import logging
import porchlight.onvif.client
root = logging.getLogger()
print(root.handlers, root.level == logging.WARNING)
logging.basicConfig(level=logging.DEBUG)
print(logging.getLogger("onvif.zeep_aiohttp").isEnabledFor(logging.DEBUG))
print(logging.getLogger("zeep.transports").isEnabledFor(logging.DEBUG))
"""
    assert run(code).split("\n") == ["[] True", "False", "False"]
