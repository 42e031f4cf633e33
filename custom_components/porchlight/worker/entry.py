"""What the worker's processes have in common: how they start and how they end."""

from __future__ import annotations

import ctypes
import faulthandler
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING

from .sandbox import confine

if TYPE_CHECKING:
    from collections.abc import Sequence

_PR_SET_PDEATHSIG = 1
# Home Assistant comes first when the processor is busy.
_NICENESS = 5


def main(arguments: Sequence[str]) -> int:
    """Run `watch` or `listen` (until standard input closes) or `errand` (one question)."""
    reports = _protect_output()
    _end_with_parent()
    faulthandler.enable()
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(message)s")
    commands = sys.stdin.fileno()
    match arguments:
        case ["watch", *folders]:
            from .service import Service  # noqa: PLC0415 - an errand loads less

            # After the imports: they may have to write bytecode.
            confine(folders)
            os.nice(_NICENESS)
            Service(commands, reports).run()
        case ["errand", *folders]:
            from .errand import Errands  # noqa: PLC0415 - as above
            from .limits import bound_memory  # noqa: PLC0415 - as above

            Errands(commands, reports, bound_memory, lambda: confine(folders)).run()
        case ["listen", *folders]:
            from .limits import ANSWERS, bound_memory  # noqa: PLC0415 - as above
            from .listening import Listening  # noqa: PLC0415 - as above

            confine(folders)
            bound_memory(ANSWERS)
            os.nice(_NICENESS)
            Listening(commands, reports).run()
        case _:
            usage = "usage: worker watch|listen|errand [FOLDER…]"
            print(usage, file=sys.stderr)  # noqa: T201 - a person typed this
            return 2
    sys.stderr.flush()
    # Threads may block in a read for long, and none of them needs cleanup.
    os._exit(0)


def _protect_output() -> int:
    """Keep standard output for messages; whatever a library prints goes to standard error."""
    reports = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return reports


def _end_with_parent() -> None:
    """Have the kernel end this process when Home Assistant's dies, even if this one hangs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
