"""Entry point, started by its path: the integration's package would import Home Assistant."""

import os
import sys
from pathlib import Path
from types import ModuleType

# The rooms import each other relatively, so they need a common parent: one without contents.
_parent = ModuleType("porchlight")
_parent.__path__ = [str(Path(__file__).resolve().parent.parent)]
sys.modules["porchlight"] = _parent
# This file's folder must not shadow other modules.
sys.path[:] = [entry for entry in sys.path if entry != os.fspath(Path(__file__).resolve().parent)]

from porchlight.worker.entry import main  # noqa: E402 - its parent is made above

sys.exit(main(sys.argv[1:]))
