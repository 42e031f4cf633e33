"""A video prepared for sending: encoded once, kept in a cache, held in memory."""

import contextlib
import dataclasses
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from simulator import encode, motion, nal
from simulator.encode import Picture, Settings
from simulator.motion import Interval
from simulator.nal import ParameterSets
from simulator.probe import Source, probe
from simulator.spec import CameraSpec

# Part of each cache file's name; must change whenever the files' contents change.
_VERSION = "v1"

CLOCK_RATE = 90000
"""Ticks a second of RTP video time."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class AccessUnit:
    """One frame as it is sent; `ticks` counts from the start of the footage."""

    ticks: int
    key: bool
    nals: tuple[bytes, ...]


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The footage in one encoding."""

    settings: Settings
    parameters: ParameterSets
    units: tuple[AccessUnit, ...]

    @property
    def bitrate(self) -> int:
        """Bits a second, on average."""
        size = sum(len(unit) for one in self.units for unit in one.nals)
        return round(size * 8 * self.settings.fps / len(self.units))


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Footage:
    """The footage of a camera: both encodings, and when something moves."""

    source: Source
    main: Rendition
    sub: Rendition
    motion: tuple[Interval, ...]

    @property
    def duration_ticks(self) -> int:
        """Length of one loop in ticks."""
        return round(self.source.duration * CLOCK_RATE)


def default_cache() -> Path:
    """Return the default folder for prepared footage."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "porchlight-simulator"


def prepare(spec: CameraSpec, cache: Path) -> Footage:
    """Encode a camera's video, or take it from the cache; raises FootageError.

    Takes seconds on a first run: call it in a thread.
    """
    source = probe(spec.video)
    cache.mkdir(parents=True, exist_ok=True)
    stem = cache / f"{_fingerprint(spec.video)}-{_VERSION}"
    main = encode.settle(spec.main, source, sub=False)
    sub = encode.settle(spec.sub, source, sub=True)
    rendition = _rendition(spec.video, source, main, stem)
    return Footage(
        source=source,
        main=rendition,
        sub=rendition if sub == main else _rendition(spec.video, source, sub, stem),
        motion=_motion(spec.video, source, stem),
    )


def _rendition(video: Path, source: Source, settings: Settings, stem: Path) -> Rendition:
    path = stem.with_name(f"{stem.name}-{settings.key}.frames")
    if not path.exists():
        _write_pictures(path, encode.transcode(video, source, settings))
    units = tuple(
        AccessUnit(
            ticks=_ticks(picture.index, settings.fps),
            key=picture.key,
            nals=picture.nals,
        )
        for picture in _read_pictures(path)
    )
    return Rendition(
        settings=settings,
        parameters=nal.parameter_sets(settings.codec, units[0].nals),
        units=units,
    )


def _motion(video: Path, source: Source, stem: Path) -> tuple[Interval, ...]:
    path = stem.with_name(f"{stem.name}-motion.json")
    if not path.exists():
        found = [dataclasses.asdict(one) for one in motion.measure(video, source)]
        _write(path, [json.dumps(found).encode()])
    return tuple(Interval(**one) for one in json.loads(path.read_bytes()))


def _write_pictures(path: Path, pictures: Iterator[Picture]) -> None:
    index: list[dict[str, Any]] = []
    payload: list[bytes] = []
    for picture in pictures:
        sizes = [len(unit) for unit in picture.nals]
        index.append({"index": picture.index, "key": picture.key, "sizes": sizes})
        payload.extend(picture.nals)
    _write(path, [json.dumps(index).encode(), b"\n", *payload])


def _read_pictures(path: Path) -> Iterator[Picture]:
    head, _, payload = path.read_bytes().partition(b"\n")
    offset = 0
    for entry in json.loads(head):
        nals = []
        for size in entry["sizes"]:
            nals.append(payload[offset : offset + size])
            offset += size
        yield Picture(index=entry["index"], key=entry["key"], nals=tuple(nals))


def _write(path: Path, chunks: Sequence[bytes]) -> None:
    # Several processes may prepare the same footage: each writes its own file, and the
    # rename is atomic, so a reader sees all of it or nothing.
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines(chunks)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _fingerprint(video: Path) -> str:
    with video.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:24]


def _ticks(index: int, fps: Fraction) -> int:
    return round(index * CLOCK_RATE / fps)
