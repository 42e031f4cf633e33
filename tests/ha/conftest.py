from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock, PropertyMock, patch

import pytest
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from PIL import Image
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.syrupy import HomeAssistantSnapshotExtension

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.detection.trials import Result
from custom_components.porchlight.onvif.values import CameraReport, Codec, Profile, Service
from custom_components.porchlight.runtime import ask
from custom_components.porchlight.runtime.bridge import News
from custom_components.porchlight.worker.event_messages import ListenTo, StopListening
from custom_components.porchlight.worker.messages import (
    Command,
    DropModel,
    EngineReady,
    FrameTaken,
    Link,
    LiveServed,
    RemoveCamera,
    SetBudget,
    Status,
    StreamUp,
    UseModel,
    VisitInfo,
    VisitNews,
    VisitPhase,
    WatchCamera,
)

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant
    from syrupy.assertion import SnapshotAssertion

    from custom_components.porchlight.worker.messages import Source

    from .adding import Errands


ENTRY_ID = "01PORCHLIGHT"
MAC = "a4:14:37:01:02:03"


@pytest.fixture(autouse=True)
def _ours(enable_custom_integrations: None) -> None:
    """Custom integrations are found."""


@pytest.fixture
def snapshot(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(HomeAssistantSnapshotExtension)


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Files that are kept go to a folder of the test's own."""
    return hass_tmp_config_dir


_STORE = {
    name: getattr(Store, name) for name in ("_async_load", "_async_write_data", "async_remove")
}


@pytest.fixture
def real_storage(hass: HomeAssistant) -> Iterator[None]:
    """Stores are files, where the harness keeps them in memory."""
    with patch.multiple(Store, **_STORE):
        yield


@pytest.fixture
def all_enabled() -> Iterator[None]:
    """Entities that are disabled at first are there, too."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        new_callable=PropertyMock,
        return_value=True,
    ):
        yield


def jpeg(colour: str = "red") -> bytes:
    output = BytesIO()
    Image.new("RGB", (64, 36), colour).save(output, "JPEG")
    return output.getvalue()


def profile(name: str = "sub", **changes: Any) -> Profile:
    values: dict[str, Any] = {
        "token": name,
        "name": name,
        "codec": Codec.H264,
        "width": 640,
        "height": 360,
        "fps": 10.0,
        "uri": f"rtsp://192.168.1.20:554/{name}",
        "snapshot_uri": None,
        "service": Service.MEDIA2,
    }
    return Profile(**{**values, **changes})


def report(**changes: Any) -> CameraReport:
    sub, main = profile("sub"), profile("main", width=1920, height=1080)
    values: dict[str, Any] = {
        "name": "Front door",
        "manufacturer": "Acme",
        "model": "Eye 3",
        "firmware": "2.1",
        "serial": "S123",
        "mac": MAC,
        "endpoint": "0b6f1b1c-0001-4000-8000-a41437010203",
        "unique_id": MAC,
        "host": "192.168.1.20",
        "port": 80,
        "clock_offset": 0.0,
        "profiles": (main, sub),
        "analyse": sub,
        "record": main,
        "has_events": True,
        "has_media2": True,
    }
    return CameraReport(**{**values, **changes})


def frame() -> FrameTaken:
    return FrameTaken(codec="h264", width=640, height=360, jpeg=jpeg())


async def later(hass: HomeAssistant, seconds: float) -> None:
    """Let timers fire that are due by then, and wait for what they start."""
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=seconds))
    await hass.async_block_till_done(wait_background_tasks=True)


def entry_data(**changes: Any) -> dict[str, Any]:
    return {
        "host": "192.168.1.20",
        "port": 80,
        "ssl": False,
        "onvif_path": "/onvif/device_service",
        "username": "viewer",
        "password": "p@ss/w:rd #?%é",
        "endpoint": "0b6f1b1c-0001-4000-8000-a41437010203",
        "mac": MAC,
        "manufacturer": "Acme",
        "model": "Eye 3",
        "firmware": "2.1",
        "serial": "S123",
        "certificate": None,
        "events": None,
        "presets": None,
        "stream": "rtsp://192.168.1.20:554/sub",
        "live_stream": "rtsp://192.168.1.20:554/main",
        "profiles": [asdict(profile) for profile in report().profiles],
        "link": asdict(Link()),
        **changes,
    }


def make_entry(**changes: Any) -> MockConfigEntry:
    values: dict[str, Any] = {
        "domain": DOMAIN,
        "entry_id": ENTRY_ID,
        "title": "Front door",
        "unique_id": MAC,
        "data": entry_data(),
        "options": {"pictures": True},
    }
    return MockConfigEntry(**{**values, **changes})


@dataclass
class FakeBridge:
    """Stands in for the worker's bridge where its reports are to be chosen by a test."""

    listener: Callable[[News], None]
    opening: Callable[[], Iterable[Command]]
    folders: Sequence[str] = ()
    mode: str = "watch"
    running: bool = False
    cameras: dict[str, WatchCamera] = field(default_factory=dict)
    targets: dict[str, ListenTo] = field(default_factory=dict)
    model: UseModel | None = None
    budget: float | None = None
    sent: list[Command] = field(default_factory=list)
    picture: bytes | None = None
    pid: int | None = 42

    def start(self) -> None:
        if not self.running:
            self.running = True
            self.begin()

    def begin(self) -> None:
        """A worker begins."""
        self.cameras, self.model, self.targets = {}, None, {}
        for command in self.opening():
            self.send(command)

    async def stop(self) -> None:
        self.running = False

    def send(self, command: Command) -> None:
        if not self.running:
            return
        self.sent.append(command)
        match command:
            case WatchCamera():
                self.cameras[command.camera_id] = command
            case RemoveCamera():
                self.cameras.pop(command.camera_id, None)
            case UseModel():
                self.model = command
            case DropModel():
                self.model = None
            case SetBudget():
                self.budget = command.share
            case ListenTo():
                self.targets[command.camera_id] = command
            case StopListening():
                self.targets.pop(command.camera_id, None)

    async def still(
        self, camera_id: str, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        return self.picture

    def up(self, camera_id: str = ENTRY_ID) -> None:
        self.listener(StreamUp(camera_id=camera_id, codec="h264", width=640, height=360))

    def live(self, camera_id: str = ENTRY_ID, port: int = 8555) -> None:
        self.listener(LiveServed(camera_id=camera_id, port=port))

    def status(self, camera_id: str = ENTRY_ID, **changes: Any) -> None:
        values: dict[str, Any] = {
            "frame_at": 1_790_000_000.0,
            "moving": False,
            "people": 0,
            "fps": 4.8,
            "inference_ms": 21.4,
        }
        self.listener(Status(camera_id=camera_id, **{**values, **changes}))

    def people(self, number: int) -> None:
        """So many people are there: their visit, and a status."""
        self.visit(VisitPhase.ARRIVED, count=number, most=number)
        self.status(people=number, moving=True)

    def visit(self, phase: VisitPhase, visit_id: str = "v1", **changes: Any) -> None:
        values: dict[str, Any] = {
            "arrived_at": 1_790_000_000.0,
            "last_seen": 1_790_000_010.0,
            "score": 0.87,
            "count": 1,
            "most": 2,
        }
        info = VisitInfo(visit_id=visit_id, **{**values, **changes})
        self.listener(VisitNews(camera_id=ENTRY_ID, phase=phase, visit=info))


@pytest.fixture
def detector() -> Iterator[None]:
    """The detector is ready at once."""
    ready = EngineReady(
        engine="litert", version="2.3.0", path="/m.tflite", family="yolox", side=416,
        inference_ms=21.0,
    )  # fmt: skip

    wish = UseModel(engine="litert", path="/m.tflite")

    async def prepare(setup: Any) -> UseModel:
        setup.running = Result(model=None, wish=wish, outcome=ready, load=0.5)
        return wish

    with patch(
        "custom_components.porchlight.detection.choice.DetectorSetup.async_prepare", prepare
    ):
        yield


@pytest.fixture
def bridges(detector: None) -> Iterator[list[FakeBridge]]:
    """Every bridge that was made; there is one."""
    made: list[FakeBridge] = []
    absent = ask.ErrandError("cannot_connect")

    def make(
        listener: Callable[[News], None],
        opening: Callable[[], Iterable[Command]],
        folders: Sequence[str],
    ) -> FakeBridge:
        made.append(FakeBridge(listener, opening, folders))
        return made[-1]

    with (
        patch("custom_components.porchlight.runtime.owner.Bridge", make),
        # The camera is not asked anything, unless a test answers for it.
        patch.object(ask, "inspect", AsyncMock(side_effect=absent)),
        patch.object(ask, "first_frame", AsyncMock(side_effect=absent)),
        patch("custom_components.porchlight.runtime.listener.Bridge", FakeBridge),
        patch("custom_components.porchlight.runtime.owner.async_search"),
    ):
        yield made


@pytest.fixture
async def camera(hass: HomeAssistant, bridges: list[FakeBridge]) -> AsyncIterator[MockConfigEntry]:
    """One camera that is set up; nothing is known of it yet."""
    entry = make_entry()
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


@pytest.fixture
def bridge(camera: MockConfigEntry, bridges: list[FakeBridge]) -> FakeBridge:
    """The bridge of the camera that is set up."""
    return bridges[0]


class Device:
    """The camera's answers; what does not play is in `broken`, by the end of its address."""

    def __init__(self) -> None:
        self.report: CameraReport | Exception = report()
        self.broken: dict[str, str] = {}
        self.opened: list[Source] = []
        self.asked = 0

    async def inspect(self, *_args: Any, **_more: Any) -> CameraReport:
        self.asked += 1
        # As a process would: something else may happen meanwhile.
        await asyncio.sleep(0)
        if isinstance(self.report, Exception):
            raise self.report
        return self.report

    async def first_frame(self, source: Source) -> FrameTaken:
        self.opened.append(source)
        await asyncio.sleep(0)
        if reason := self.broken.get(source.url.rpartition("/")[2]):
            raise ask.ErrandError(reason)
        return frame()


@pytest.fixture
def device() -> Iterator[Device]:
    one = Device()
    with (
        patch.object(ask, "inspect", one.inspect),
        patch.object(ask, "first_frame", one.first_frame),
    ):
        yield one


@pytest.fixture
def world(bridges: Any, mock_network: None) -> Iterator[Errands]:
    """The config flow's helper processes, without processes."""
    # It needs values from here.
    from .adding import Errands  # noqa: PLC0415

    answers = Errands()
    with (
        patch.object(ask, "scan", answers.scan),
        patch.object(ask, "locate", answers.locate),
        patch.object(ask, "inspect", answers.inspect),
        patch.object(ask, "first_frame", answers.first_frame),
    ):
        yield answers


@pytest.fixture
async def both(
    hass: HomeAssistant, bridges: list[FakeBridge], device: Device
) -> tuple[MockConfigEntry, MockConfigEntry]:
    """A recorder with two channels that are set up."""
    # It needs values from here.
    from .recorder import child_entry, recorder, recorder_data, set_up  # noqa: PLC0415

    device.report = recorder(2)
    entries = make_entry(data=recorder_data(2)), child_entry()
    await set_up(hass, *entries)
    return entries
