"""A real Home Assistant and simulated cameras on loopback, for the demo, benchmark and tests."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import sys
from datetime import UTC, datetime
from itertools import count
from typing import TYPE_CHECKING, Any, Self

import aiohttp

from scripts.lib.assets import ROOT, asset

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator, Iterable, Mapping
    from pathlib import Path

COMPONENT = ROOT / "custom_components" / "porchlight"
BLUEPRINTS = ROOT / "blueprints"
DEFAULT_MODEL = "models/yolox_nano_416_float16.tflite"
USER, PASSWORD = "porch", "light"
HOST = "127.0.0.1"
# Generous, because the machine may be busy.
START_SECONDS = 300
STOP_SECONDS = 30
_CONFIGURATION = """\
homeassistant:
  name: Porchlight demo
  time_zone: UTC
  country: GB
automation: !include automations.yaml
mobile_app:
frontend:
config:
stream:
media_source:
image:
history:
logbook:
recorder:
  commit_interval: 5
logger:
  default: warning
  logs:
    custom_components.porchlight: info
"""
_NOTHING = "async def async_setup(hass, config):\n    return True\n"


class LiveError(Exception):
    """The demo cannot go on; the text says why."""


def free_port() -> int:
    """An unused TCP port."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


async def end(process: Process | None) -> None:
    """End one of our processes: terminate it, then kill it."""
    if process is None or process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


class Cameras:
    """Simulated cameras in a process of their own."""

    def __init__(self, specs: Iterable[Mapping[str, Any]]) -> None:
        self._specs = list(specs)
        self._process: Process | None = None
        self.ready: list[dict[str, Any]] = []

    async def __aenter__(self) -> Self:
        """Start them; returns when all answer."""
        arguments = [
            argument
            for spec in self._specs
            for argument in ("--camera", ",".join(f"{key}={value}" for key, value in spec.items()))
        ]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "simulator",
            *arguments,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                while len(self.ready) < len(self._specs):
                    self.ready.append(await self._line())
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _line(self) -> dict[str, Any]:
        if self._process is None or self._process.stdout is None:
            raise LiveError("the simulated cameras are not running")
        if not (line := await self._process.stdout.readline()):
            raise LiveError("the simulated cameras did not start")
        camera: dict[str, Any] = json.loads(line)
        return camera

    async def __aexit__(self, *_exc: object) -> None:
        """End them."""
        await end(self._process)


class HomeAssistant:
    """A Home Assistant with Porchlight in it, onboarded, and a client of its interfaces."""

    def __init__(self, folder: Path, *, python: str = sys.executable) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://{HOST}:{self.port}"
        self.token = ""
        self._python = python
        self._process: Process | None = None
        self._session: aiohttp.ClientSession | None = None
        self._ids = count(1)

    @property
    def pid(self) -> int | None:
        """The process."""
        return self._process.pid if self._process else None

    def prepare(self, *, model: bool = True) -> None:
        """Write its configuration, with loopback as the only network."""
        storage = self.folder / ".storage"
        models = storage / "porchlight" / "models"
        models.mkdir(parents=True, exist_ok=True)
        if model:
            shutil.copy(asset(DEFAULT_MODEL), models)
        # The Marketplace would ask the Internet for its catalog.
        self.add_component("marketplace", _NOTHING)
        shutil.copytree(
            COMPONENT,
            self.folder / "custom_components" / "porchlight",
            ignore=shutil.ignore_patterns("__pycache__"),
            dirs_exist_ok=True,
        )
        shutil.copytree(BLUEPRINTS, self.folder / "blueprints", dirs_exist_ok=True)
        (self.folder / "configuration.yaml").write_text(_CONFIGURATION, encoding="utf-8")
        (self.folder / "automations.yaml").write_text("[]\n", encoding="utf-8")
        _store(storage, "core.network", 1, {"configured_adapters": ["lo"]})
        _store(storage, "http", 3, _server(self.port))
        # It finds that it is not installed as it recommends; here, nobody can change that.
        _store(storage, "repairs.issue_registry", 1, {"issues": [_IGNORED]})
        # Onboarding's later steps set up integrations that connect to the Internet.
        _store(storage, "onboarding", 4, {"done": ["core_config", "analytics", "integration"]})

    def add_component(self, domain: str, source: str) -> None:
        """Add a component of one file, or replace a built-in one with it."""
        folder = self.folder / "custom_components" / domain
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {"domain": domain, "name": domain, "version": "1.0.0", "requirements": []}
        (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        (folder / "__init__.py").write_text(source, encoding="utf-8")

    async def __aenter__(self) -> Self:
        """Start it; returns when it answers."""
        self._session = aiohttp.ClientSession()
        log = (self.folder / "output.log").open("ab")
        with log:
            self._process = await asyncio.create_subprocess_exec(
                self._python,
                "-m",
                "homeassistant",
                "--config",
                str(self.folder),
                "--skip-pip",
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                env=_without(os.environ, "PYTHONPATH") | {"PYTHONWARNINGS": "ignore"},
            )
        try:
            await self._wait_until_up()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """End it."""
        await end(self._process)
        if self._session:
            await self._session.close()

    def log(self, lines: int = 40) -> str:
        """The end of its log."""
        path = self.folder / "output.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    async def kill(self) -> None:
        """Kill it, as a power cut would."""
        if self._process:
            self._process.kill()
            await self._process.wait()

    async def _wait_until_up(self) -> None:
        for _ in range(START_SECONDS * 4):
            if self._process is None or self._process.returncode is not None:
                raise LiveError(f"Home Assistant ended; see {self.folder / 'output.log'}")
            with contextlib.suppress(aiohttp.ClientError):
                async with self.session.get(f"{self.url}/api/onboarding") as response:
                    if response.ok:
                        return
            await asyncio.sleep(0.25)
        raise LiveError("Home Assistant did not start in time")

    @property
    def session(self) -> aiohttp.ClientSession:
        """The HTTP session, for requests without a method below."""
        if self._session is None:
            raise LiveError("not started")
        return self._session

    async def onboard(self) -> None:
        """Create the user and log in."""
        client = f"{self.url}/"
        answer = await self.post(
            "/api/onboarding/users",
            {
                "client_id": client,
                "name": "Porch",
                "username": USER,
                "password": PASSWORD,
                "language": "en",
            },
        )
        form = {
            "grant_type": "authorization_code",
            "code": answer["auth_code"],
            "client_id": client,
        }
        async with self.session.post(f"{self.url}/auth/token", data=form) as response:
            self.token = (await response.json())["access_token"]
        async with self.websocket() as call:
            # Access tokens end after half an hour; the demo may run longer.
            self.token = await call(
                {
                    "type": "auth/long_lived_access_token",
                    "client_name": "demo",
                    "lifespan": 30,
                }
            )

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Post JSON to an interface. Raises LiveError."""
        return await self._request("POST", path, body)

    async def get(self, path: str) -> Any:
        """Get JSON from an interface. Raises LiveError."""
        return await self._request("GET", path)

    async def _request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.request(
            method, f"{self.url}{path}", json=body, headers=headers
        ) as response:
            text = await response.text()
            if not response.ok:
                raise LiveError(f"{method} {path}: {response.status} {text}")
            return json.loads(text) if text else None

    @contextlib.asynccontextmanager
    async def websocket(self) -> AsyncIterator[Call]:
        """A WebSocket connection that is logged in."""
        async with self.session.ws_connect(
            f"{self.url}/api/websocket", max_msg_size=0
        ) as connection:
            await connection.receive_json()
            await connection.send_json({"type": "auth", "access_token": self.token})
            await connection.receive_json()
            yield Call(connection)

    async def entity_states(self) -> dict[str, dict[str, Any]]:
        """All states by entity id."""
        return {state["entity_id"]: state for state in await self.get("/api/states")}

    async def add_dashboard(self, path: str, config: Mapping[str, Any]) -> None:
        """Add a dashboard to the sidebar."""
        async with self.websocket() as call:
            await call(
                {
                    "type": "lovelace/dashboards/create",
                    "url_path": path,
                    "title": config["title"],
                    "icon": "mdi:outdoor-lamp",
                    "mode": "storage",
                }
            )
            await call({"type": "lovelace/config/save", "url_path": path, "config": config})

    async def add_camera(self, host: str, username: str, password: str) -> None:
        """Add a camera through the user's flow: search, pick it, log in, confirm."""
        step = await self.post("/api/config/config_entries/flow", {"handler": "porchlight"})
        step = await self._past_progress(step)
        options = _options(step, "camera")
        choice = next((value for value, label in options.items() if f"{host}:" in label), None)
        if choice is None:
            raise LiveError(f"the search did not find {host}: {list(options.values())}")
        step = await self._answer(step, {"camera": choice})
        await self.log_in(step, username, password)

    async def add_discovered(self, host: str, username: str, password: str) -> None:
        """Add a camera that Home Assistant offers by itself; waits for the offer."""
        async with self.websocket() as call:
            for _ in range(START_SECONDS):
                for flow in await call({"type": "config_entries/flow/progress"}):
                    path = f"/api/config/config_entries/flow/{flow['flow_id']}"
                    if flow["handler"] != "porchlight":
                        continue
                    step = await self.get(path)
                    if _suggested(step).get("address", "").startswith(f"{host}:"):
                        await self.log_in(step, username, password)
                        return
                await asyncio.sleep(1)
        raise LiveError(f"{host} was not discovered")

    async def log_in(self, step: Mapping[str, Any], username: str, password: str) -> None:
        """Continue from the login step to a created entry."""
        login = {"address": _suggested(step)["address"], "username": username}
        step = await self._answer(step, {**login, "password": password})
        step = await self._past_progress(step)
        if step["step_id"] != "confirm":
            raise LiveError(f"the camera was refused: {step['errors']}")
        step = await self._answer(step, _suggested(step))
        if step["type"] != "create_entry":
            raise LiveError(f"the flow ended with {step}")

    async def _past_progress(self, step: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(START_SECONDS * 4):
            if step["type"] not in ("progress", "progress_done"):
                return step
            await asyncio.sleep(0.25)
            step = await self.get(f"/api/config/config_entries/flow/{step['flow_id']}")
        raise LiveError("the config flow does not continue")

    async def _answer(self, step: Mapping[str, Any], answers: Mapping[str, Any]) -> Any:
        return await self.post(f"/api/config/config_entries/flow/{step['flow_id']}", answers)


class Call:
    """Sends commands over one WebSocket connection."""

    def __init__(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        self._connection = connection
        self._ids = count(1)

    async def __call__(self, command: Mapping[str, Any]) -> Any:
        """Send a command and return its result. Raises LiveError."""
        number = next(self._ids)
        await self._connection.send_json({"id": number, **command})
        while True:
            message = await self._receive()
            if message.get("id") == number and message["type"] == "result":
                if not message["success"]:
                    raise LiveError(f"{command['type']}: {message['error']}")
                return message["result"]

    async def _receive(self) -> dict[str, Any]:
        try:
            message: dict[str, Any] = await self._connection.receive_json()
        except aiohttp.WSMessageTypeError as error:
            raise LiveError("Home Assistant closed the connection") from error
        return message

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """The events of earlier subscriptions, forever."""
        while True:
            message = await self._receive()
            if message["type"] == "event":
                yield message["event"]


def _without(environment: Mapping[str, str], name: str) -> dict[str, str]:
    """The environment without a variable: the checkout must not take precedence over the copy."""
    return {key: value for key, value in environment.items() if key != name}


def _server(port: int) -> dict[str, Any]:
    """The stored settings of the web server; YAML for them is deprecated."""
    settings = {
        "server_host": [HOST],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    return {"stable": settings, "pending": None, "yaml_migration_done": True}


_IGNORED = {
    "domain": "homeassistant",
    "issue_id": "deprecated_method",
    "created": "2026-11-01T00:00:00+00:00",
    "dismissed_version": "2026.11.0",
}


def _store(storage: Path, key: str, version: int, data: Mapping[str, Any]) -> None:
    content = {"version": version, "minor_version": 1, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content), encoding="utf-8")


def _options(step: Mapping[str, Any], field: str) -> dict[str, str]:
    (schema,) = (entry for entry in step["data_schema"] if entry["name"] == field)
    return {option["value"]: option["label"] for option in schema["selector"]["select"]["options"]}


def _suggested(step: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field["name"]: field["description"]["suggested_value"]
        for field in step["data_schema"]
        if "suggested_value" in field.get("description", {})
    }
