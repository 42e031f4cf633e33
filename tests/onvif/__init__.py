import sys
from pathlib import Path
from types import ModuleType

# As the worker does: the integration's own package would import Home Assistant.
if "porchlight" not in sys.modules:
    _parent = ModuleType("porchlight")
    _parent.__path__ = [str(Path(__file__).parents[2] / "custom_components" / "porchlight")]
    sys.modules["porchlight"] = _parent
