"""Takes rights from this process that it does not need, where the kernel can (Landlock)."""

from __future__ import annotations

import ctypes
import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_LOGGER = logging.getLogger(__name__)

_PR_SET_NO_NEW_PRIVS = 38
# The same numbers on all processors. See landlock(7) for what follows.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_BENEATH = 1
_EXECUTE = 1 << 0
_WRITE = 1 << 1
_REMOVE = 1 << 4 | 1 << 5
_MAKE = sum(1 << bit for bit in range(6, 13))
# Rights that newer kernels know, by the version that brought them: to move between folders, and
# to truncate.
_NEWER = {2: 1 << 13, 3: 1 << 14}


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def confine(folders: Iterable[str]) -> bool:
    """Let this process start no program, and write only below these folders.

    Reading stays as it was. False if the kernel cannot do that. Call it before threads start.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        _check(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        version = _check(libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION))
        write = _WRITE | _REMOVE | _MAKE
        for since, right in _NEWER.items():
            write |= right if version >= since else 0
        ruleset = _create(libc, _EXECUTE | write)
        try:
            for folder in folders:
                _allow(libc, ruleset, folder, write)
            _check(libc.syscall(_RESTRICT_SELF, ruleset, 0))
        finally:
            os.close(ruleset)
    except (OSError, AttributeError) as error:
        _LOGGER.debug("This process is not confined: %s", error)
        return False
    return True


def _create(libc: ctypes.CDLL, rights: int) -> int:
    ruleset = _Ruleset(rights)
    size = ctypes.c_size_t(ctypes.sizeof(ruleset))
    return _check(libc.syscall(_CREATE_RULESET, ctypes.byref(ruleset), size, 0))


def _allow(libc: ctypes.CDLL, ruleset: int, folder: str, rights: int) -> None:
    try:
        parent = os.open(folder, os.O_PATH | os.O_CLOEXEC | os.O_DIRECTORY)
    except OSError as error:
        _LOGGER.warning("Nothing can be written to %s: %s", folder, error)
        return
    try:
        rule = _PathBeneath(rights, parent)
        _check(libc.syscall(_ADD_RULE, ruleset, _BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(parent)


def _check(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
