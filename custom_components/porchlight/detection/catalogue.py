"""The models to choose from, and their files: bundled, or downloaded once and kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

if TYPE_CHECKING:
    from collections.abc import Sequence

_ASSETS = Path(__file__).parent / "assets.json"
BUNDLED = Path(__file__).parents[1] / "models"
FETCH_SECONDS = 120
_CHUNK = 65536
# The maximum size of a model file, also of the user's own.
MAX_BYTES = 64 * 1024 * 1024


class ModelFileError(Exception):
    """A model's file is not available; handled by the caller. `key` gives the reason."""

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(f"{key}: {detail}" if detail else key)
        self.key = key
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A pinned model: its file and where it comes from.

    Accuracy is person AP at IoU .5; cost is the time for a picture, relative to the default's.
    """

    name: str
    file: str
    url: str
    size: int
    sha256: str
    accuracy: float
    cost: float


@cache
def all_models() -> tuple[Model, ...]:
    """The models that can be chosen by name, the most accurate first. Reads a file."""
    assets = json.loads(_ASSETS.read_text(encoding="utf-8"))
    models = (
        Model(
            name=Path(asset["file"]).stem,
            file=Path(asset["file"]).name,
            url=asset["url"],
            size=asset["bytes"],
            sha256=asset["sha256"],
            accuracy=asset["accuracy"],
            cost=asset["cost"],
        )
        for asset in assets
        if "accuracy" in asset
    )
    return tuple(sorted(models, key=lambda model: -model.accuracy))


def by_name(name: str) -> Model | None:
    """The model with this name. Reads a file."""
    return next((model for model in all_models() if model.name == name), None)


def find(model: Model, folders: Sequence[Path]) -> Path | None:
    """The first undamaged copy of a model's file. Reads files."""
    for folder in folders:
        path = folder / model.file
        try:
            data = path.read_bytes()
        except OSError:
            continue
        if _whole(model, data):
            return path
    return None


async def fetch(session: aiohttp.ClientSession, model: Model, folder: Path) -> Path:
    """Download a model from its pinned address and keep it. Raises ModelFileError."""
    try:
        async with asyncio.timeout(FETCH_SECONDS), session.get(model.url) as response:
            response.raise_for_status()
            data = bytearray()
            async for chunk in response.content.iter_chunked(_CHUNK):
                data += chunk
                if len(data) > model.size:
                    break
    except (aiohttp.ClientError, TimeoutError) as error:
        raise ModelFileError("model_not_fetched", type(error).__name__) from error
    whole = bytes(data)
    if not _whole(model, whole):
        raise ModelFileError("model_not_genuine", model.url)
    return await asyncio.get_running_loop().run_in_executor(None, _keep, folder, model, whole)


def own_file(path: Path) -> Path:
    """Check that a user's file is readable, a model and not too large; returns its path.

    Raises ModelFileError.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise ModelFileError("model_file_missing", str(path)) from error
    if size > MAX_BYTES or head[4:8] != b"TFL3":
        raise ModelFileError("model_file_invalid", str(path))
    return path


def _whole(model: Model, data: bytes) -> bool:
    return len(data) == model.size and hashlib.sha256(data).hexdigest() == model.sha256


def _keep(folder: Path, model: Model, data: bytes) -> Path:
    path = folder / model.file
    part = path.with_suffix(".part")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        part.write_bytes(data)
        part.replace(path)
    except OSError as error:
        raise ModelFileError("model_not_kept", str(folder)) from error
    return path
