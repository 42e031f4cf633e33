"""Reads the answers of services whose words the schema does not know; tolerant and bounded."""

from __future__ import annotations

from typing import Any

from lxml import etree

from .errors import CameraFaultError


def content_of(document: bytes) -> Any:
    """The first element in a SOAP body. Raises CameraFaultError, also if it is a fault."""
    # Without huge_tree, depth and length have limits; entities and addresses are never followed.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, recover=True, huge_tree=False
    )
    try:
        root = etree.fromstring(document, parser)
    except (etree.LxmlError, ValueError):
        root = None
    body = None if root is None else root.find("{*}Body")
    content = next(children(body), None)
    if content is None:
        raise CameraFaultError("The answer has no body")
    if name_of(content) == "Fault":
        # Its words are not kept: they may hold addresses with credentials.
        raise CameraFaultError("The camera answered with a fault")
    return content


def children(element: Any) -> Any:
    """The elements in an element, comments left out; none in None."""
    if element is None:
        return iter(())
    return (child for child in element if isinstance(child.tag, str))


def name_of(element: Any) -> str:
    """An element's name, whatever its namespace."""
    return str(etree.QName(element).localname)


def text_of(element: Any, name: str) -> str:
    """The text of the first element of this name in it, whatever its namespace; or ""."""
    found = None if element is None else element.find(f".//{{*}}{name}")
    return "" if found is None else (found.text or "").strip()
