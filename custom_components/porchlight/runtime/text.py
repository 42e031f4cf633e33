"""Text from cameras as people may see it."""

from __future__ import annotations

import re

# Longer names only push the rest out of sight.
MOST = 64
_BLANK = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]+")
# Home Assistant renders descriptions as Markdown, in which a name must not become a picture from
# another host, a link or HTML. Titles are not Markdown, so escaping would be visible there.
_REPLACED = str.maketrans(
    {"[": "(", "]": ")", "<": "(", ">": ")", "`": "'"} | dict.fromkeys("*|\\~")
)
_LINK = re.compile(r":(?=//)|(?<=www)\.|@|&(?=#|\w+;)", re.IGNORECASE)


def plain(text: str, most: int = MOST) -> str:
    """A text in one line, without Markdown, HTML or links, and not longer than `most`."""
    line = _BLANK.sub(" ", _LINK.sub(" ", text.translate(_REPLACED))).strip()
    return line if len(line) <= most else f"{line[: most - 1]}…"
