"""One camera as Home Assistant sees it: turns the worker's reports into state."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from homeassistant.const import (
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PORT,
    CONF_SSL,
    CONF_USERNAME,
)
from homeassistant.core import CALLBACK_TYPE, callback
from homeassistant.helpers.storage import STORAGE_DIR, Store
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import (
    CONF_DETECT,
    CONF_ENDPOINT,
    CONF_LIVE_STREAM,
    CONF_MASKED_AT,
    CONF_ONVIF_PATH,
    CONF_PICTURES,
    CONF_STREAM,
    DOMAIN,
    EVENT_ARRIVED,
    EVENT_LEFT,
)
from ..onvif.errors import AuthenticationError
from ..onvif.values import Credentials
from ..vision.types import Box
from ..worker.errors import StreamProblem
from ..worker.messages import (
    BestPicture,
    FurnitureKnown,
    LineCrossed,
    PictureKept,
    Source,
    Status,
    StreamDown,
    StreamUp,
    VisitInfo,
    VisitNews,
    VisitPhase,
    WatchCamera,
)
from . import ask
from .areas import Area, Kind, areas_of, of_kind
from .issues import create_storage_issue, delete_storage_issue
from .sensitivity import settings_of
from .totals import Totals

if TYPE_CHECKING:
    from collections.abc import Callable

    from homeassistant.core import HomeAssistant

    from .bridge import News
    from .data import PorchlightConfigEntry
    from .owner import Owner

_LOGGER = logging.getLogger(__name__)

# Refusals in a row before the camera is asked whether the password is wrong: one alone may
# only mean that its connections are exhausted.
REFUSALS = 2
LAST_FRAME_STEP = timedelta(minutes=1)
# Seconds within which the worker heeds a new mask.
MASKED_WITHIN = 5.0
# Seconds until what the camera learnt is written.
SAVE_DELAY = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """What is known of a camera now. None: not known (yet)."""

    connected: bool | None = None
    problem: StreamProblem | None = None
    moving: bool | None = None
    people: int | None = None
    last_frame: datetime | None = None
    fps: float | None = None
    inference_ms: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    # People in each zone, by its id.
    zones: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonEvent:
    """Somebody came, or everybody left."""

    kind: str
    visit_id: str
    at: datetime
    score: float
    count: int
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """The best picture of the latest visit."""

    at: datetime
    jpeg: bytes


class CameraCoordinator(DataUpdateCoordinator[CameraState]):
    """Keeps one camera's state; push only."""

    config_entry: PorchlightConfigEntry

    def __init__(self, hass: HomeAssistant, entry: PorchlightConfigEntry, owner: Owner) -> None:
        super().__init__(hass, _LOGGER, config_entry=entry, name=entry.title)
        self.owner = owner
        self.data = CameraState()
        self.picture: Picture | None = None
        self._visit_listeners: list[Callable[[PersonEvent], None]] = []
        self.totals = Totals(hass, entry.entry_id)
        self._refusals = 0
        self._asking = False
        self._furniture: tuple[Box, ...] = ()
        self._store: Store[list[dict[str, float]]] = Store(
            hass, 1, f"{DOMAIN}/{entry.entry_id}/furniture"
        )

    @property
    def camera_id(self) -> str:
        """How the worker names this camera."""
        return self.config_entry.entry_id

    @property
    def detects(self) -> bool:
        """Whether people are looked for."""
        return bool(self.config_entry.options.get(CONF_DETECT, True))

    @property
    def takes_pictures(self) -> bool:
        """Whether pictures may be made and kept."""
        return bool(self.config_entry.options.get(CONF_PICTURES, True))

    @property
    def areas(self) -> tuple[Area, ...]:
        """The camera's zones, masks and lines."""
        return areas_of(self.config_entry.options)

    @property
    def credentials(self) -> Credentials:
        """The camera's login."""
        data = self.config_entry.data
        return Credentials(username=data[CONF_USERNAME], password=data[CONF_PASSWORD])

    @property
    def live_source(self) -> Source:
        """The stream to show live."""
        return self._source(CONF_LIVE_STREAM)

    def command(self) -> WatchCamera:
        """What the worker is told to watch."""
        picture_path = str(picture_file(self.hass, self.camera_id))
        return WatchCamera(
            camera_id=self.camera_id,
            source=self._source(CONF_STREAM),
            detect=self.detects,
            picture_path=picture_path if self.takes_pictures else None,
            settings=settings_of(self.config_entry.options),
            furniture=self._furniture,
        )

    async def async_load(self) -> None:
        """Read what is kept from before a restart: furniture, and the picture if it is wanted."""
        boxes = await self._store.async_load() or []
        self._furniture = tuple(Box(**box) for box in boxes)
        path = picture_file(self.hass, self.camera_id)
        # What was taken before a mask was drawn may show what must no longer be seen; the old
        # watch takes a moment to end.
        masked_at = self.config_entry.options.get(CONF_MASKED_AT, 0.0) + MASKED_WITHIN
        since = masked_at if self.takes_pictures else float("inf")
        self.picture = await self.hass.async_add_executor_job(_read_picture, path, since)

    async def async_set_detection(self, *, enabled: bool) -> None:
        """Look for people, or stop; kept across restarts."""
        options = {**self.config_entry.options, CONF_DETECT: enabled}
        self.hass.config_entries.async_update_entry(self.config_entry, options=options)
        self.owner.bridge.set_detection(self.camera_id, enabled=enabled)
        self.async_update_listeners()

    @callback
    def async_listen_to_visits(self, listener: Callable[[PersonEvent], None]) -> CALLBACK_TYPE:
        """Call `listener` with each arrival and departure."""
        self._visit_listeners.append(listener)
        return lambda: self._visit_listeners.remove(listener)

    @callback
    def async_worker_down(self) -> None:
        """The worker ended: nothing is known until the next one reports."""
        self.async_set_updated_data(CameraState(connected=False))

    @callback
    def async_hear(self, news: News) -> None:
        """Take over a report."""
        match news:
            case StreamUp():
                self._came_up(news)
            case StreamDown():
                self._went_down(news)
            case Status():
                self._update(news)
            case VisitNews():
                self._visit(news)
            case LineCrossed():
                self.totals.async_count(news.line_id, inward=news.inward)
                self.async_update_listeners()
            case FurnitureKnown(boxes=boxes):
                self._furniture = boxes
                self._store.async_delay_save(self._kept_furniture, SAVE_DELAY)
            case BestPicture():
                self.picture = Picture(at=_moment(news.at), jpeg=news.jpeg)
                self.async_update_listeners()
            case PictureKept():
                tell = delete_storage_issue if news.kept else create_storage_issue
                tell(self.hass, self.config_entry)

    def _kept_furniture(self) -> list[dict[str, float]]:
        return [asdict(box) for box in self._furniture]

    def _came_up(self, news: StreamUp) -> None:
        if self.data.connected is False:
            _LOGGER.info("The stream of %s is back", self.config_entry.title)
        self._refusals = 0
        self.async_set_updated_data(
            replace(
                self.data,
                connected=True,
                problem=None,
                width=news.width,
                height=news.height,
                codec=news.codec,
            )
        )

    def _went_down(self, news: StreamDown) -> None:
        if self.data.connected is not False:
            _LOGGER.warning(
                "The stream of %s is down: %s %s",
                self.config_entry.title,
                news.problem,
                news.detail,
            )
        if news.problem is StreamProblem.UNAUTHORIZED:
            self._refusals += 1
        self.async_set_updated_data(CameraState(connected=False, problem=news.problem))
        if self._refusals >= REFUSALS and not self._asking:
            self._asking = True
            self.config_entry.async_create_background_task(
                self.hass, self._async_ask_about_login(), f"{DOMAIN} login"
            )

    def _update(self, news: Status) -> None:
        last, frame_at = self.data.last_frame, _moment(news.frame_at)
        # A sign of life, not a clock: each new value is a row in the recorder.
        if last is None or frame_at - last >= LAST_FRAME_STEP:
            last = frame_at
        self.async_set_updated_data(
            replace(
                self.data,
                moving=news.moving,
                people=news.people,
                last_frame=last,
                fps=news.fps,
                inference_ms=news.inference_ms,
                zones=news.zones,
            )
        )

    def _visit(self, news: VisitNews) -> None:
        kinds = {VisitPhase.ARRIVED: EVENT_ARRIVED, VisitPhase.LEFT: EVENT_LEFT}
        if kind := kinds.get(news.phase):
            names = {one.area_id: one.name for one in of_kind(self.areas, Kind.ZONE)}
            event = _person_event(kind, news.visit, names)
            for listener in list(self._visit_listeners):
                listener(event)

    async def _async_ask_about_login(self) -> None:
        """The stream is refused: ask for the password anew only if ONVIF refuses it too."""
        data = self.config_entry.data
        try:
            await ask.inspect(
                data[CONF_HOST],
                data[CONF_PORT],
                self.credentials,
                path=data[CONF_ONVIF_PATH],
                endpoint=data[CONF_ENDPOINT],
                secure=data[CONF_SSL],
            )
        except ask.ErrandError as error:
            if error.key == AuthenticationError.key:
                self.config_entry.async_start_reauth(self.hass)
        finally:
            self._asking = False
            self._refusals = 0

    def _source(self, key: str) -> Source:
        """A stored stream at the camera's present address."""
        data = self.config_entry.data
        parts = urlsplit(data[key])
        host = f"[{data[CONF_HOST]}]" if ":" in data[CONF_HOST] else data[CONF_HOST]
        netloc = f"{host}:{parts.port}" if parts.port else host
        return Source(url=urlunsplit(parts._replace(netloc=netloc)), credentials=self.credentials)


def picture_file(hass: HomeAssistant, entry_id: str) -> Path:
    """Where a camera's best picture is kept."""
    return Path(hass.config.path(STORAGE_DIR, DOMAIN, entry_id, "last_person.jpg"))


def _read_picture(path: Path, since: float) -> Picture | None:
    """The kept picture; one taken before that moment is deleted."""
    try:
        if path.stat().st_mtime >= since:
            return Picture(at=_moment(path.stat().st_mtime), jpeg=path.read_bytes())
        path.unlink()
    except OSError:
        pass
    return None


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _person_event(kind: str, visit: VisitInfo, names: Mapping[str, str]) -> PersonEvent:
    arrived = kind == EVENT_ARRIVED
    return PersonEvent(
        kind=kind,
        visit_id=visit.visit_id,
        at=_moment(visit.arrived_at if arrived else visit.last_seen),
        score=visit.score,
        count=visit.count if arrived else visit.most,
        zones=tuple(names[zone] for zone in visit.zones if zone in names),
    )
