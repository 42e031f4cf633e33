"""The control port: JSON over HTTP on loopback, to change cameras while they run."""

import dataclasses
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from simulator.camera import Camera
from simulator.errors import CommandError

_HOST = "127.0.0.1"
# Seconds for unfinished answers at the end; for aiohttp, 0 means forever.
_GRACE = 0.05

type _Command = Callable[[Camera, "_Arguments"], Any]


@dataclasses.dataclass(frozen=True, slots=True)
class _Arguments:
    """A command's JSON object."""

    values: Mapping[str, Any]

    def take(self, name: str, kinds: type | tuple[type, ...], default: Any = ...) -> Any:
        value = self.values.get(name, default)
        if value is ...:
            raise CommandError(f"missing {name}")
        # In Python, unlike JSON, a boolean is also an integer.
        wrong_bool = isinstance(value, bool) and kinds is not bool
        if value is not default and (wrong_bool or not isinstance(value, kinds)):
            raise CommandError(f"{name} has the wrong type")
        return value


async def _online(camera: Camera, args: _Arguments) -> None:
    if args.take("on", bool):
        await camera.go_online()
    else:
        await camera.go_offline()


COMMANDS: Mapping[str, _Command] = {
    "password": lambda camera, args: camera.set_password(args.take("password", str)),
    "clock_offset": lambda camera, args: camera.set_clock_offset(
        args.take("seconds", (int, float))
    ),
    "drop_rtsp": lambda camera, _: camera.drop_rtsp(),
    "refuse_rtsp": lambda camera, args: camera.refuse_rtsp(args.take("status", (int, type(None)))),
    "redirect_rtsp": lambda camera, args: camera.redirect_rtsp(args.take("url", (str, type(None)))),
    "stall": lambda camera, args: camera.stall(args.take("kind", (str, type(None)))),
    "garbage": lambda camera, args: camera.send_garbage(on=args.take("on", bool)),
    "mute_events": lambda camera, args: camera.mute_events(on=args.take("on", bool)),
    "kill_subscriptions": lambda camera, _: camera.kill_subscriptions(),
    "motion": lambda camera, args: camera.publish_motion(moving=args.take("moving", bool)),
    "event": lambda camera, args: camera.publish_event(
        args.take("kind", str),
        args.take("value", str, "true"),
        source=args.take("source", str, ""),
        operation=args.take("operation", str, "Changed"),
    ),
    "event_faults": lambda camera, args: camera.set_event_faults(**args.values),
    "control_faults": lambda camera, args: camera.set_control_faults(**args.values),
    "silence_onvif": lambda camera, args: camera.silence_onvif(on=args.take("on", bool)),
    "online": _online,
    "seek": lambda camera, args: camera.seek(args.take("second", (int, float))),
}


class ControlServer:
    """`GET /cameras/N` reads a state; `POST /cameras/N/COMMAND` changes it."""

    def __init__(self, cameras: Sequence[Camera], *, port: int = 0) -> None:
        self._cameras = cameras
        self._port = port
        self._runner: web.AppRunner | None = None

    def url(self, index: int) -> str:
        """Return the URL of a camera's state; commands are below it."""
        return f"http://{_HOST}:{self._port}/cameras/{index}"

    async def start(self) -> None:
        """Listen on loopback."""
        app = web.Application()
        app.router.add_get("/cameras", self._list)
        app.router.add_get("/cameras/{index:\\d+}", self._state)
        app.router.add_post("/cameras/{index:\\d+}/{command}", self._command)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
        await self._runner.setup()
        await web.TCPSite(self._runner, _HOST, self._port).start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    async def _list(self, _: web.Request) -> web.Response:
        names = [camera.spec.name for camera in self._cameras]
        return web.json_response(
            [{"name": name, "url": self.url(i)} for i, name in enumerate(names)]
        )

    async def _state(self, request: web.Request) -> web.Response:
        camera = self._camera(request)
        return web.json_response(dataclasses.asdict(camera.state()))

    async def _command(self, request: web.Request) -> web.Response:
        camera = self._camera(request)
        name = request.match_info["command"]
        command = COMMANDS.get(name)
        if command is None:
            known = ", ".join(sorted(COMMANDS))
            return _refusal(404, f"no command {name}; there are {known}")
        try:
            result = command(camera, await _arguments(request))
            if isinstance(result, Awaitable):
                result = await result
        except (CommandError, ValueError) as error:
            return _refusal(400, str(error))
        state = dataclasses.asdict(camera.state())
        return web.json_response({"result": result, "state": state})

    def _camera(self, request: web.Request) -> Camera:
        index = int(request.match_info["index"])
        if index >= len(self._cameras):
            raise web.HTTPNotFound
        return self._cameras[index]


async def _arguments(request: web.Request) -> _Arguments:
    values = await request.json() if request.can_read_body else {}
    if not isinstance(values, dict):
        raise CommandError("the body must be a JSON object")
    return _Arguments(values)


def _refusal(status: int, reason: str) -> web.Response:
    return web.json_response({"error": reason}, status=status)
