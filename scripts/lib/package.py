"""Packs a release: see scripts/release."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import zipfile
from pathlib import Path

from scripts.lib.assets import LIST, ROOT, AssetError, asset

COMPONENT = ROOT / "custom_components" / "porchlight"
# The Marketplace's limits for downloading and unpacking.
MOST_BYTES = 100 * 1024 * 1024
# A fixed time, so that the same files give the same zip.
_MOMENT = (2020, 1, 1, 0, 0, 0)
# Only for development.
_LEFT_OUT = {"ruff.toml"}


class PackageError(Exception):
    """The release cannot be packed; the text says why."""


def main() -> int:
    """Pack the release as the command line requests."""
    parser = argparse.ArgumentParser(prog="scripts/release")
    parser.add_argument("zip", type=Path)
    parser.add_argument("--tag", help="the release's tag, to be compared with the manifest")
    arguments = parser.parse_args()
    try:
        if arguments.tag is not None:
            check_tag(arguments.tag)
        pack(arguments.zip)
    except (PackageError, AssetError) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(f"{arguments.zip}: {arguments.zip.stat().st_size} bytes")
    return 0


def check_tag(tag: str) -> None:
    """Compare a tag with the manifest's version. Raises PackageError."""
    version = json.loads((COMPONENT / "manifest.json").read_text(encoding="utf-8"))["version"]
    if tag != version:
        raise PackageError(f"The tag is {tag}, but the manifest's version is {version}")


def pack(out: Path) -> None:
    """Write the zip: the integration's files, with the manifest at the top. Raises AssetError."""
    files = {name: COMPONENT / name for name in committed()}
    model = default_model()
    files["LICENSE"] = files["models/LICENSE"] = ROOT / "LICENSE"
    files[model["file"]] = asset(model["file"])
    contents = {name: path.read_bytes() for name, path in files.items()}
    contents["models/ORIGIN.txt"] = origin(model).encode()
    if sum(map(len, contents.values())) > MOST_BYTES:
        raise PackageError("This is more than the Marketplace accepts")
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, _MOMENT)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, contents[name], zipfile.ZIP_DEFLATED)


def committed() -> list[str]:
    """The integration's files as git has them, by their path in it. Raises PackageError."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "."],  # noqa: S607 - the user's git
        cwd=COMPONENT,
        capture_output=True,
        check=False,
        text=True,
    )
    names = [name for name in listed.stdout.split("\0") if name]
    if not names:
        raise PackageError(f"git lists no files: {listed.stderr.strip()}")
    return [name for name in names if Path(name).name not in _LEFT_OUT]


def default_model() -> dict[str, str]:
    """The list's entry of the default model."""
    models = [
        entry for entry in json.loads(LIST.read_text(encoding="utf-8")) if "accuracy" in entry
    ]
    best: dict[str, str] = max(models, key=lambda entry: entry["accuracy"])
    return best


def origin(model: dict[str, str]) -> str:
    """The notice about a model's origin and license. Raises PackageError."""
    if model["licence"] != "Apache-2.0":
        raise PackageError(f"{model['file']} is {model['licence']}, whose text is not here")
    return (
        f"{Path(model['file']).name}\n"
        f"Unchanged from {model['url']}\n"
        f"SHA-256 {model['sha256']}\n"
        f"Licence {model['licence']}, see LICENSE beside this file\n"
    )


if __name__ == "__main__":
    sys.exit(main())
