from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from custom_components.porchlight.runtime.pictures import prepare_pictures

from .conftest import ENTRY_ID, FakeBridge, jpeg

if TYPE_CHECKING:
    from pathlib import Path

    from homeassistant.core import HomeAssistant

WANTED = "last_person.jpg"


@pytest.fixture
def before(tmp_path: Path) -> Path:
    """Where earlier versions kept pictures."""
    folder = tmp_path / "before"
    folder.mkdir()
    return folder


def test_the_folder_is_its_owner_s_only(tmp_path: Path, before: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert prepare_pictures(folder, before, WANTED) is None
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_picture_from_an_earlier_version_is_moved(tmp_path: Path, before: Path) -> None:
    folder = tmp_path / "new"
    (before / WANTED).write_bytes(jpeg())
    (before / "visits").write_text("{}")
    picture = prepare_pictures(folder, before, WANTED)
    assert picture is not None
    assert picture.jpeg == jpeg()
    assert [path.name for path in before.iterdir()] == ["visits"]
    assert prepare_pictures(folder, before, WANTED) == picture


@pytest.mark.parametrize("wanted", [None, "last_person-0123456789ab.jpg"])
def test_pictures_that_may_not_be_shown_are_deleted_in_both_places(
    tmp_path: Path, before: Path, wanted: str | None
) -> None:
    folder = tmp_path / "new"
    prepare_pictures(folder, before, WANTED)
    for place in (before, folder):
        (place / WANTED).write_bytes(jpeg())
        (place / "last_person.part").write_bytes(b"half")
    assert prepare_pictures(folder, before, wanted) is None
    assert list(before.iterdir()) == list(folder.iterdir()) == []


def test_pictures_lie_outside_home_assistant_s_storage(
    hass: HomeAssistant, bridge: FakeBridge
) -> None:
    path = bridge.cameras[ENTRY_ID].picture_path
    assert path == hass.config.path("porchlight", "pictures", ENTRY_ID, WANTED)
