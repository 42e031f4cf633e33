"""Ways to break the manifest, rooms and everything besides code."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from scripts.checks import environments, files, manifest, rooms, scale

from .copies import COMPONENT, GONE, Break, more, text, value

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scripts.checks.tree import Check

MANIFEST = f"{COMPONENT}/manifest.json"
ASSETS = f"{COMPONENT}/detection/assets.json"
SCALE = f"{COMPONENT}/quality_scale.yaml"
BLUEPRINT = "blueprints/automation/porchlight/person_notification.yaml"
WORKFLOW = ".github/workflows/new.yml"
STEP = "permissions: {{}}\njobs:\n  a:\n    steps:\n      - uses: {}\n"
# A PNG of one pixel, as far as its header.
PIXEL = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0\0\0\1" * 2


def says_of(file: str, path: str, new: object, says: str) -> Break:
    """Change a JSON file."""
    return Break(name=f"{path}-{new}", how=value(file, path, new), says=says)


def imports(file: str, line: str, says: str) -> Break:
    """Add an import to a file of the integration."""
    return Break(
        name=f"{file} {line.strip().splitlines()[-1].strip()}",
        how=more(f"{COMPONENT}/{file}", f"\n{line}\n"),
        says=says,
    )


def picture(name: str, content: bytes) -> Callable[[Path], None]:
    """Put another brand picture in place."""
    return lambda root: _write(root / COMPONENT / "brand" / name, content)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _without_icon(root: Path) -> None:
    (root / COMPONENT / "brand" / "icon.png").unlink()


def _without_licence(root: Path) -> None:
    (root / "LICENSE").unlink()


def _elsewhere(root: Path) -> None:
    shutil.move(root / "blueprints" / "automation", root / "blueprints" / "script")


BREAKS: dict[Check, list[Break]] = {
    manifest.manifest_keys: [
        says_of(MANIFEST, "version", GONE, "version is missing"),
        says_of(MANIFEST, "colour", "blue", "colour is not known"),
    ],
    manifest.manifest_order: [
        Break(
            name="version first",
            how=text(MANIFEST, '"domain"', '"version": "0.1.0",\n  "domain"'),
            says="the keys should come in this order: domain, name, ",
        ),
    ],
    manifest.manifest_values: [
        says_of(MANIFEST, "iot_class", "local_pushing", "iot_class is not one of "),
        says_of(MANIFEST, "integration_type", "box", "integration_type is not one of "),
        says_of(MANIFEST, "categories", ["cameras"], "cameras is not a known category"),
        says_of(MANIFEST, "connectivity", ["air"], "air is not a known connectivity"),
    ],
    manifest.manifest_version: [
        says_of(MANIFEST, "version", "1.0", "'1.0' is not a semantic version"),
        says_of(MANIFEST, "version", "9.9.9", "9.9.9 here, "),
    ],
    manifest.requirements: [
        says_of(MANIFEST, "requirements", ["mashumaro==3.17"], "should be a range"),
        says_of(MANIFEST, "requirements", ["mashumaro>=3"], "should be a range"),
        says_of(MANIFEST, "requirements", ["mashumaro>=3,<4,!=3.5"], "should be a range"),
        says_of(MANIFEST, "requirements", ["mashumaro"], "should be a range"),
        says_of(MANIFEST, "requirements", ["aiohttp>=99,<100"], "aiohttp>=99,<100 conflicts with"),
        says_of(MANIFEST, "requirements", ["not one"], "not one is not a requirement"),
        Break(
            name="installed later",
            how=text(f"{COMPONENT}/detection/wheels.py", '"ai-edge-litert>=', '"ai-edge-litert=='),
            says="should be a range",
        ),
    ],
    manifest.dependencies: [
        says_of(MANIFEST, "dependencies", ["http", "repairs", "stream"], "network is used"),
        says_of(MANIFEST, "after_dependencies", ["nowhere"], "nowhere is not an integration"),
    ],
    environments.requirements_file: [
        Break(
            name="another version in the file",
            how=text("requirements_test.txt", "numpy==", "numpy==1."),
            says="requirements_test.txt lacks numpy==",
        ),
        Break(
            name="more in the file",
            how=more("requirements_test.txt", "django\n"),
            says="requirements_test.txt has django, but the group does not",
        ),
        Break(
            name="more in the group",
            how=text("pyproject.toml", "lint = [\n", 'lint = [\n  "django",\n'),
            says="requirements_test.txt lacks django",
        ),
        Break(
            name="no file",
            how=lambda root: (root / "requirements_test.txt").unlink(),
            says="No such file",
        ),
    ],
    rooms.arrows: [
        imports("vision/watch.py", "import av", "av may not be imported in vision"),
        imports("vision/watch.py", "def f():\n    from PIL import Image", "PIL may not be"),
        imports("vision/watch.py", "from ..worker import errors", "(worker-words) may not be"),
        imports("vision/watch.py", "from ..onvif.values import Found", "(onvif-words) may not"),
        imports("vision/watch.py", "import importlib\nimportlib.import_module('av')", "av may not"),
        imports("onvif/client.py", "import homeassistant.core", "homeassistant may not be"),
        imports("onvif/client.py", "from ..worker.messages import Scan", "(worker-words) may not"),
        imports("onvif/client.py", "from ..vision import watch", "vision/watch.py (vision) may"),
        imports("onvif/values.py", "import aiohttp", "aiohttp may not be imported in onvif-words"),
        imports("worker/camera.py", "import homeassistant", "may not be imported in worker"),
        imports(
            "worker/camera.py", "from ..runtime.bridge import Bridge", "bridge.py (seam) may not"
        ),
        imports("worker/camera.py", "from .. import const", "const.py (top-words) may not"),
        imports("worker/camera.py", "import ai_edge_litert", "may not be imported in worker"),
        imports("worker/engines/litert.py", "import av", "av may not be imported in engines"),
        imports(
            "worker/engines/litert.py", "from ...runtime.owner import Owner", "owner.py (runtime)"
        ),
        imports("worker/messages.py", "from . import stream", "worker/stream.py (worker) may not"),
        imports("runtime/bridge.py", "from .owner import Owner", "may not be imported in seam"),
        imports(
            "runtime/bridge.py", "import homeassistant.core", "homeassistant may not be imported"
        ),
        imports(
            "runtime/bridge.py", "from ..worker import stream", "worker/stream.py (worker) may not"
        ),
        imports(
            "runtime/owner.py",
            "from ..worker.camera import Camera",
            "worker/camera.py (worker) may",
        ),
        imports(
            "runtime/owner.py",
            "from ..vision.watch import Watch",
            "vision/watch.py (vision) may not",
        ),
        imports("runtime/owner.py", "import numpy", "numpy may not be imported in runtime"),
        imports(
            "runtime/owner.py",
            "if TYPE_CHECKING:\n    from ..onvif.client import inspect",
            "onvif/client.py (onvif) may not",
        ),
        imports(
            "runtime/owner.py",
            "from custom_components.porchlight import const",
            "imported relatively",
        ),
        imports(
            "runtime/owner.py", "from .nowhere import nothing", "is not a file of the integration"
        ),
        imports("recorder/disk.py", "import os", "recorder/disk.py is in no room"),
    ],
    files.assets: [
        says_of(ASSETS, "0/sha256", "abc", "its sha256 is invalid"),
        says_of(ASSETS, "0/sha256", GONE, "has no sha256"),
        says_of(ASSETS, "0/bytes", 0, "its bytes are not a size"),
        says_of(ASSETS, "0/licence", "", "has no licence"),
        says_of(ASSETS, "0/url", "http://example.org", "its url is not https"),
        says_of(ASSETS, "0/url", "https://example.org/main/x", "not pinned to a commit"),
        says_of(ASSETS, "0/url", None, "may be chosen, but cannot be downloaded"),
        says_of(ASSETS, "0/cost", GONE, "has accuracy"),
        says_of(ASSETS, "0/file", "models/yolox_nano_416_dynamic_range.tflite", "listed twice"),
    ],
    files.brand: [
        Break(name="too small", how=picture("icon.png", PIXEL), says="icon.png is 1x1"),
        Break(name="no picture", how=picture("logo.png", b"<svg/>"), says="logo.png is not a PNG"),
        Break(name="a stray one", how=picture("new.png", PIXEL), says="new.png is not a brand"),
        Break(name="dark", how=picture("dark_icon.png", PIXEL), says="dark_icon.png is 1x1"),
        Break(name="none", how=_without_icon, says="icon.png is missing"),
    ],
    files.blueprints: [
        Break(name="no YAML", how=text(BLUEPRINT, "mode: single", "mode: ["), says="while parsing"),
        Break(
            name="an input that is none",
            how=text(BLUEPRINT, "!input camera", "!input colour"),
            says="colour is not an input",
        ),
        Break(
            name="an idle input",
            how=text(BLUEPRINT, "!input camera", "none"),
            says="the input camera is not used",
        ),
        Break(
            name="not described",
            how=text(BLUEPRINT, "  description: >-", "  about: >-"),
            says="has no description",
        ),
        Break(
            name="an older Home Assistant",
            how=text(BLUEPRINT, "min_version: 2026.10.4", "min_version: 2025.1.0"),
            says="its min_version should be 2026.10.4",
        ),
        Break(name="elsewhere", how=_elsewhere, says="lies in another domain's folder"),
        Break(name="moved", how=_elsewhere, says="its source_url is another file's"),
    ],
    files.marketplace: [
        says_of("hacs.json", "colour", "blue", "colour is not a key of hacs.json"),
        says_of("hacs.json", "name", "Porch", "another name than the manifest"),
        says_of("hacs.json", "zip_release", GONE, "should name the zip"),
        says_of("hacs.json", "filename", "other.zip", "should name the zip"),
        says_of("hacs.json", "homeassistant", GONE, "the oldest Home Assistant"),
        Break(name="no licence", how=_without_licence, says="LICENSE is missing"),
    ],
    files.workflows: [
        Break(
            name="a tag",
            how=more(WORKFLOW, STEP.format("actions/checkout@v7")),
            says="new.yml:5 pin the action",
        ),
        Break(
            name="a commit without a version",
            how=more(WORKFLOW, STEP.format(f"actions/checkout@{'0' * 40}")),
            says="new.yml:5 pin the action",
        ),
        Break(
            name="all rights",
            how=more(WORKFLOW, "jobs: {}\n"),
            says="new.yml does not say which permissions",
        ),
    ],
    files.sizes: [
        Break(
            name="a long file",
            how=more(f"{COMPONENT}/long.py", "\n" * 501),
            says="long.py has 501 lines",
        ),
        Break(
            name="a long method",
            how=more(
                f"{COMPONENT}/long.py", "class A:\n    def long(self):\n" + "        self\n" * 50
            ),
            says="long.py:2 long has 51 lines",
        ),
    ],
    scale.quality_scale: [
        Break(
            name="forgotten",
            how=text(SCALE, "  common-modules: done\n", ""),
            says="common-modules is not judged",
        ),
        Break(name="invented", how=more(SCALE, "  colour: done\n"), says="colour is not a rule"),
        Break(
            name="not explained",
            how=text(SCALE, "common-modules: done", "common-modules: todo"),
            says="common-modules is todo without a comment",
        ),
        Break(
            name="undecided",
            how=text(SCALE, "common-modules: done", "common-modules: perhaps"),
            says="common-modules: 'perhaps' is not a valid status",
        ),
        Break(
            name="out of order",
            how=text(
                SCALE,
                "  brands: done\n  common-modules: done",
                "  common-modules: done\n  brands: done",
            ),
            says="the rules should come tier by tier",
        ),
        Break(
            name="not seen in the code",
            how=text(f"{COMPONENT}/sensor.py", "PARALLEL_UPDATES = 0", ""),
            says="parallel-updates is called done, but cannot be seen",
        ),
        Break(
            name="not exempt",
            how=more(f"{COMPONENT}/services.yaml", "look:\n"),
            says="action-setup is called exempt, but there is services.yaml",
        ),
    ],
}
