"""Makes the rooms importable as `porchlight`, as the worker does, without Home Assistant."""

import sys
from pathlib import Path
from types import ModuleType

ROOM = Path(__file__).parents[1] / "custom_components" / "porchlight"

if "porchlight" not in sys.modules:
    _parent = ModuleType("porchlight")
    _parent.__path__ = [str(ROOM)]
    sys.modules["porchlight"] = _parent
