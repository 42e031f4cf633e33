"""The one place that imports the ONVIF library, with its side effects undone."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def _root_logger_kept() -> Iterator[None]:
    """Keep the root logger as it is; the library configures it when imported."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


with _root_logger_kept():
    import onvif.client
    from lxml.etree import LxmlError as XmlError
    from onvif import ONVIFService
    from onvif.client import AsyncTransportProtocolErrorHandler as Transport
    from onvif.exceptions import ONVIFError
    from zeep.exceptions import Error as ZeepError
    from zeep.settings import Settings

for _name in ("onvif", "zeep"):
    # At debug level they log whole envelopes with signatures and addresses, and otherwise a
    # traceback for every odd number that a camera sends.
    logging.getLogger(_name).setLevel(logging.CRITICAL)

WSDL_DIR = Path(onvif.client.__file__).parent / "wsdl"

__all__ = [
    "WSDL_DIR",
    "ONVIFError",
    "ONVIFService",
    "Settings",
    "Transport",
    "XmlError",
    "ZeepError",
]
