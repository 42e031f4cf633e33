from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from simulator.__main__ import main

if TYPE_CHECKING:
    from pathlib import Path


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulator", "--no-discovery", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_cameras_run_until_they_are_stopped(
    number: signal.Signals, counting: Path, cache: Path, tmp_path: Path
) -> None:
    config = tmp_path / "cameras.json"
    second = {"video": str(counting), "name": "Yard", "sub": {"width": 160}}
    config.write_text(json.dumps([second]), "utf-8")
    process = await start(
        "--cache", str(cache), "--config", str(config),
        "--camera", f"video={counting},name=Door,,bell,password=a=b,main.gop=0.5",
    )  # fmt: skip
    try:
        lines = [json.loads(await process.stdout.readline()) for _ in range(2)]
        async with (
            aiohttp.ClientSession() as client,
            client.get(lines[1]["control"]) as response,
        ):
            state = await response.json()
    finally:
        process.send_signal(number)
        out, err = await process.communicate()
    assert [one["name"] for one in lines] == ["Yard", "Door,bell"]
    assert set(lines[0]) == {"name", "host", "onvif", "main", "sub", "control"}
    assert state["online"] is True
    assert process.returncode == 0
    assert (out, err) == (b"", b"")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "no camera"),
        (["--camera", "name=x"], "missing setting video"),
        (["--camera", "video=x,name=x,colour=red"], "unknown setting colour"),
        (["--camera", "video"], "is not name=value"),
        (["--config", "nowhere.json"], "nowhere.json"),
        (["--config", __file__], "is not JSON"),
    ],
)
def test_a_wrong_description_ends_with_a_reason(
    arguments: Any, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert reason in shown.err


async def test_a_video_that_is_not_there_ends_with_a_reason(tmp_path: Path) -> None:
    process = await start("--cache", str(tmp_path), "--camera", "video=no.mp4,name=x")
    out, err = await process.communicate()
    assert process.returncode == 1
    assert out == b""
    assert err.decode().startswith("simulator: no.mp4 cannot be read")
    assert err.count(b"\n") == 1
