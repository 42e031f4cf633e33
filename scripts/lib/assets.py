"""The models and footage that tests, demo and benchmarks use: mirrored, cached, or downloaded.

python -m scripts.lib.assets [NAME…]   gets these, or all, and prints their paths; 1 if one is
                                       not available

With PORCHLIGHT_OFFLINE set, nothing is downloaded.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
LIST = ROOT / "custom_components" / "porchlight" / "detection" / "assets.json"
MIRROR = Path(os.environ.get("PORCHLIGHT_ASSETS", ROOT.parent / "shared" / "assets"))
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "porchlight" / "assets"
TIMEOUT = 60
# Hosts that did not answer; trying them again for each file would take minutes.
_UNREACHABLE: set[str] = set()


class AssetError(Exception):
    """An asset is not available; the text says what to do."""


def asset(name: str) -> Path:
    """The path of a whole copy of an asset, such as `models/….tflite`. Raises AssetError."""
    entries = {entry["file"]: entry for entry in json.loads(LIST.read_text(encoding="utf-8"))}
    entry = entries[name]
    for folder in (MIRROR, CACHE):
        path = folder / name
        if path.is_file() and _whole(path.read_bytes(), entry):
            return path
    if entry["url"] is None:
        raise AssetError(f"{name} has no public address; set PORCHLIGHT_ASSETS to where it is")
    return _download(entry)


def main(names: Sequence[str]) -> int:
    """Print the paths of these assets, or of all; report and count missing ones."""
    missing = 0
    for name in names or [entry["file"] for entry in json.loads(LIST.read_text(encoding="utf-8"))]:
        try:
            print(asset(name))
        except AssetError as problem:
            print(problem, file=sys.stderr)
            missing += 1
    return 1 if missing else 0


def _whole(data: bytes, entry: dict[str, str]) -> bool:
    return hashlib.sha256(data).hexdigest() == entry["sha256"]


def _download(entry: dict[str, str]) -> Path:
    if "PORCHLIGHT_OFFLINE" in os.environ or urlsplit(entry["url"]).netloc in _UNREACHABLE:
        raise AssetError(f"{entry['file']} is not here; set PORCHLIGHT_ASSETS to where it is")
    path = CACHE / entry["file"]
    print(f"Downloading {entry['file']} ({entry['licence']})", file=sys.stderr)
    try:
        # The addresses are https and pinned in the list.
        with urllib.request.urlopen(entry["url"], timeout=TIMEOUT) as response:  # noqa: S310 - see above
            data = response.read()
    except OSError as error:
        if not isinstance(error, urllib.error.HTTPError):
            _UNREACHABLE.add(urlsplit(entry["url"]).netloc)
        raise AssetError(
            f"{entry['file']} could not be downloaded ({error}); "
            "put it under the folder that PORCHLIGHT_ASSETS names"
        ) from error
    if not _whole(data, entry):
        raise AssetError(f"{entry['url']} no longer returns the pinned file")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
    return path


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
