"""Command line: runs cameras until SIGINT or SIGTERM."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from simulator.camera import Camera
from simulator.errors import SimulatorError, SpecError
from simulator.simulator import Simulator
from simulator.spec import CameraSpec, camera_from_mapping


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cameras that the command line describes; return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        specs = _specs(options)
        asyncio.run(_run(specs, options))
    except (SimulatorError, OSError) as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    return 0


async def _run(specs: Sequence[CameraSpec], options: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    simulator = Simulator(
        specs,
        cache=options.cache,
        discovery=options.discovery,
        control_port=options.control_port,
    )
    running = asyncio.create_task(_serve(simulator, stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not running.done() and not simulator.ready:
        running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        return


async def _serve(simulator: Simulator, stop: asyncio.Event) -> None:
    async with simulator:
        for camera in simulator.cameras:
            _announce(camera, simulator.control_url(camera))
        await stop.wait()


def _announce(camera: Camera, control_url: str) -> None:
    line = {
        "name": camera.spec.name,
        "host": camera.host,
        "onvif": camera.onvif_url,
        "main": camera.main_url,
        "sub": camera.sub_url,
        "control": control_url,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _specs(options: argparse.Namespace) -> list[CameraSpec]:
    described: list[dict[str, Any]] = []
    if options.config is not None:
        try:
            loaded = json.loads(options.config.read_text("utf-8"))
        except ValueError as error:
            raise SpecError(f"{options.config} is not JSON: {error}") from error
        if not isinstance(loaded, list):
            raise SpecError(f"{options.config} must hold a list of cameras")
        described.extend(loaded)
    described.extend(_settings(text) for text in options.camera)
    if not described:
        raise SpecError("no camera: give --camera or --config")
    return [camera_from_mapping(one) for one in described]


def _settings(text: str) -> dict[str, Any]:
    """Read `name=value,…`; a comma in a value is written twice."""
    settings: dict[str, Any] = {}
    for part in text.replace(",,", "\0").split(","):
        name, mark, value = part.partition("=")
        if not mark:
            raise SpecError(f"{part!r} is not name=value")
        settings[name.strip()] = value.replace("\0", ",")
    return settings


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator", description="Simulated ONVIF cameras."
    )
    parser.add_argument(
        "--camera",
        action="append",
        default=[],
        metavar="video=PATH,name=NAME,…",
        help="a camera; may be repeated; settings are those of CameraSpec",
    )
    parser.add_argument("--config", type=Path, help="JSON file with a list of cameras")
    parser.add_argument("--cache", type=Path, help="folder for prepared footage")
    parser.add_argument("--control-port", type=int, default=0)
    parser.add_argument(
        "--discovery",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="answer WS-Discovery on loopback",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
