"""Any real camera: PORCHLIGHT_TEST_CAMERA=user:password@host scripts/test tests/real -s."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from porchlight.onvif.values import Credentials
from porchlight.runtime.typed import read
from porchlight.worker.messages import UseModel

from tests.worker.support import footage

from .examination import examine, redacted

if TYPE_CHECKING:
    from porchlight.onvif.values import Typed

CAMERA = "PORCHLIGHT_TEST_CAMERA"
REPORT = Path(__file__).parents[2] / "camera-report.json"
# Seconds for which it is watched.
WATCHED = 60.0


def camera_in(text: str) -> tuple[Typed, Credentials]:
    """Where a camera is and its login, from user:password@host; the password may hold anything."""
    login, _, host = text.rpartition("@")
    username, _, password = login.partition(":")
    return read(host)[0], Credentials(username=username, password=password)


@pytest.mark.parametrize(
    ("text", "host", "port", "login"),
    [
        ("u:p@192.0.2.7", "192.0.2.7", None, ("u", "p")),
        ("u:p@ss/w:rd #?%é@cam.local:8000", "cam.local", 8000, ("u", "p@ss/w:rd #?%é")),
        ("192.0.2.7", "192.0.2.7", None, ("", "")),
        ("u:@[fd00::7]:81", "fd00::7", 81, ("u", "")),
    ],
)
def test_the_camera_is_read_as_people_type_it(
    text: str, host: str, port: int | None, login: tuple[str, str]
) -> None:
    typed, credentials = camera_in(text)
    assert (typed.host, typed.port) == (host, port)
    assert (credentials.username, credentials.password) == login


@pytest.mark.skipif(not os.environ.get(CAMERA), reason=f"{CAMERA}=user:password@host is not set")
async def test_a_real_camera_is_found_opened_and_watched(socket_enabled: None) -> None:
    typed, credentials = camera_in(os.environ[CAMERA])
    model = UseModel(engine="ncnn", path=str(footage("models/person_yolox_192_float16.tflite")))
    found = await examine(typed, credentials, model=model, seconds=WATCHED)
    secrets = (typed.host, credentials.username, credentials.password)
    text = json.dumps(redacted(found, secrets), indent=2, ensure_ascii=False)
    REPORT.write_text(f"{text}\n", encoding="utf-8")
    print(f"\n{text}\nThis is in {REPORT.name}, too.")  # noqa: T201 - it is for the user
    assert not found.failed
