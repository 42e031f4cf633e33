"""Limits to the memory that untrusted data can make this process use."""

from __future__ import annotations

import ctypes
import gc
import logging
import resource
from functools import cache
from pathlib import Path

_LOGGER = logging.getLogger(__name__)

# Bytes that FFmpeg may take at once. A camera that sends fragments of a picture and never its
# end fills one block that grows, for as long as the connection lasts; nothing else in FFmpeg or
# PyAV bounds it. A picture of MAX_PIXELS is kept in planes, each of them smaller than this.
LARGEST_BLOCK = 64 * 1024 * 1024
# Megabytes of data that an errand may take, several times what it takes on the largest streams
# and models: 95 for a camera's answers, 240 for a picture in 4K, 190 for the models.
ANSWERS, PICTURE, MODEL = 384, 1024, 1024


def bound_memory(megabytes: int) -> None:
    """Have the kernel limit this process's data, threads' stacks included."""
    limit = megabytes * 1024 * 1024
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


@cache
def bound_ffmpeg() -> bool:
    """Limit FFmpeg's blocks to LARGEST_BLOCK, in all threads; False if that is not possible."""
    try:
        with Path("/proc/self/maps").open() as maps:
            path = next((line.split()[-1] for line in maps if "libavutil" in line), None)
        ctypes.CDLL(path or "libavutil.so").av_max_alloc(ctypes.c_size_t(LARGEST_BLOCK))
    except (OSError, AttributeError) as error:
        _LOGGER.warning("FFmpeg's memory is not bounded: %s", error)
        return False
    return True


def release() -> None:
    """Free the memory of a stream that has ended.

    PyAV's streams and frames form reference cycles. They hold a megabyte or more that Python does
    not count, so it would not collect them before there are many.
    """
    gc.collect()
