"""A release contains exactly what the Marketplace installs."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from scripts.lib import package
from scripts.lib.assets import AssetError, asset

from .commands import run

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

MODEL = package.default_model()


def release(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return run("scripts/release", *arguments)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release, made as the workflow makes it."""
    try:
        asset(MODEL["file"])
    except AssetError as error:
        pytest.skip(str(error))
    out = tmp_path_factory.mktemp("release") / "porchlight.zip"
    done = release(out, "--tag", version())
    assert done.returncode == 0, done.stderr
    return out


def version() -> str:
    return json.loads((package.COMPONENT / "manifest.json").read_text(encoding="utf-8"))["version"]


def test_the_manifest_is_at_the_top(archive: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        assert json.loads(content.read("manifest.json"))["domain"] == "porchlight"


def test_it_has_all_that_is_committed_and_what_it_adds(archive: Path) -> None:
    added = {"LICENSE", "models/LICENSE", "models/ORIGIN.txt", MODEL["file"]}
    with zipfile.ZipFile(archive) as content:
        names = content.namelist()
    assert len(names) == len(set(names))
    assert set(names) - added == set(package.committed())
    assert added <= set(names)


def test_caches_and_tool_settings_are_left_out(archive: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        names = content.namelist()
    assert [name for name in names if "cache" in name or name.endswith((".pyc", "ruff.toml"))] == []


def test_the_model_is_the_pinned_one_with_its_licence(archive: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        assert hashlib.sha256(content.read(MODEL["file"])).hexdigest() == MODEL["sha256"]
        assert "Apache License" in content.read("models/LICENSE").decode()
        origin = content.read("models/ORIGIN.txt").decode()
    assert MODEL["url"] in origin
    assert MODEL["sha256"] in origin


def test_the_integration_finds_the_model_in_the_release(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        content.extractall(tmp_path)
    spec = importlib.util.spec_from_file_location(
        "released_catalogue", tmp_path / "detection" / "catalogue.py"
    )
    assert spec
    assert spec.loader
    catalogue = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(catalogue)
        best = catalogue.all_models()[0]
        assert catalogue.find(best, (catalogue.BUNDLED,)) == tmp_path / MODEL["file"]
    finally:
        del sys.modules[spec.name]


def test_the_marketplace_accepts_it(archive: Path) -> None:
    with zipfile.ZipFile(archive) as content:
        assert sum(entry.file_size for entry in content.infolist()) < package.MOST_BYTES
        assert content.testzip() is None


def test_the_same_files_give_the_same_zip(archive: Path, tmp_path: Path) -> None:
    package.pack(tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


@pytest.mark.parametrize("tag", ["9.9.9", "", "latest"])
def test_another_tag_than_the_version_is_refused(tmp_path: Path, tag: str) -> None:
    done = release(tmp_path / "porchlight.zip", "--tag", tag)
    assert done.returncode == 1
    assert f"but the manifest's version is {version()}" in done.stderr
    assert not (tmp_path / "porchlight.zip").exists()


def test_a_model_without_its_licence_text_is_not_released() -> None:
    with pytest.raises(package.PackageError, match="GPL-3"):
        package.origin({**MODEL, "licence": "GPL-3"})


def test_more_than_the_marketplace_accepts_is_refused(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(package, "MOST_BYTES", 1000)
    with pytest.raises(package.PackageError, match="more than the Marketplace accepts"):
        package.pack(tmp_path / "porchlight.zip")
