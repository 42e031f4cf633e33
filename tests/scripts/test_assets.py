"""Models and footage come from the mirror or the cache, are complete, or are reported missing."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from scripts.lib.assets import LIST, AssetError, asset

from .commands import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

SMALLEST = min(json.loads(LIST.read_text(encoding="utf-8")), key=lambda entry: entry["bytes"])
NAME = SMALLEST["file"]


def find(mirror: Path, cache: Path, *names: str) -> subprocess.CompletedProcess[str]:
    return run(
        sys.executable,
        "-m",
        "scripts.lib.assets",
        *names,
        PORCHLIGHT_ASSETS=str(mirror),
        PORCHLIGHT_OFFLINE="1",
        XDG_CACHE_HOME=str(cache),
    )


@pytest.fixture
def whole() -> bytes:
    """The content of the smallest file."""
    try:
        return asset(NAME).read_bytes()
    except AssetError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("place", ["mirror", "cache/porchlight/assets"])
def test_a_whole_file_is_found(tmp_path: Path, whole: bytes, place: str) -> None:
    path = tmp_path / place / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(whole)
    found = find(tmp_path / "mirror", tmp_path / "cache", NAME)
    assert (found.returncode, found.stdout.strip()) == (0, str(path))


def test_an_incomplete_file_is_ignored(tmp_path: Path, whole: bytes) -> None:
    path = tmp_path / "mirror" / NAME
    path.parent.mkdir(parents=True)
    path.write_bytes(whole[:-1])
    found = find(tmp_path / "mirror", tmp_path / "cache", NAME)
    assert (found.returncode, found.stdout) == (1, "")


def test_without_download_each_missing_file_is_reported(
    tmp_path: Path,
) -> None:
    found = find(tmp_path / "mirror", tmp_path / "cache")
    names = [entry["file"] for entry in json.loads(LIST.read_text(encoding="utf-8"))]
    assert found.returncode == 1
    assert [line.split()[0] for line in found.stderr.splitlines()] == names
    assert "Downloading" not in found.stderr
