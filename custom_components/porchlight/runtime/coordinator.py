"""One camera as Home Assistant sees it: turns the worker's reports into state."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback
from homeassistant.helpers.storage import STORAGE_DIR
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..const import CONF_DETECT, CONF_PICTURES, DOMAIN
from ..vision.types import Box
from ..worker.errors import NOT_SHOWN, StreamProblem
from ..worker.messages import (
    BestPicture,
    FurnitureKnown,
    LineCrossed,
    LiveRefused,
    LiveServed,
    PictureKept,
    Status,
    StreamDown,
    StreamUp,
    VisitNews,
    WatchCamera,
)
from .areas import Area, Kind, areas_of, masks, of_kind
from .camera_events import LensEvents
from .controls import Controls
from .issues import (
    create_storage_issue,
    create_stream_issue,
    delete_camera_issues,
    delete_move_issue,
    delete_storage_issue,
    delete_stream_issue,
)
from .journal import VisitJournal
from .live import LiveView
from .outage import Outage
from .pictures import Picture, picture_name, prepare_pictures
from .recovery import StreamRecovery
from .sensitivity import settings_of
from .snapshots import Snapshots
from .storage import Stored
from .streams import source_of, with_link
from .totals import Totals

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

    from ..detection.coordinator import DetectionCoordinator
    from ..worker.control_messages import SnapshotTaken
    from ..worker.messages import Link, Report
    from .bridge import Bridge
    from .device import Device

type CameraEntry = ConfigEntry[CameraCoordinator]

_LOGGER = logging.getLogger(__name__)

LAST_FRAME_STEP = timedelta(minutes=1)
# Seconds until changed furniture is written.
FURNITURE_DELAY = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraState:
    """A camera's present state; None where it is not known."""

    connected: bool | None = None
    problem: StreamProblem | None = None
    set_aside: bool = False
    moving: bool | None = None
    # Whether a visit is open: until all people have left, also while none of them is seen.
    occupied: bool | None = None
    # How many people are there now.
    people: int | None = None
    last_frame: datetime | None = None
    fps: float | None = None
    inference_ms: float | None = None
    width: int | None = None
    height: int | None = None
    codec: str | None = None
    # People in each zone, by its id.
    zones: Mapping[str, int] | None = None


class CameraCoordinator(DataUpdateCoordinator[CameraState]):
    """Keeps one camera's state; push only. Outlives the reloads of its entry."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: CameraEntry,
        bridge: Bridge,
        detection: DetectionCoordinator,
        device: Device,
    ) -> None:
        # If bound to the entry, each reload would shut it down.
        super().__init__(hass, _LOGGER, config_entry=None, name=entry.title)
        self.entry = entry
        self.detection = detection
        self.data = CameraState()
        self.picture: Picture | None = None
        self.visits = VisitJournal(hass, entry.entry_id, self._lose_count)
        self.totals = Totals(hass, entry.entry_id)
        self._bridge = bridge
        self.device = device
        self.events = LensEvents(hass, entry, device.events)
        self._login = device.login
        self._leave = self._login.async_join(entry.entry_id, self.async_watch, self._login_is_wrong)
        self._live = LiveView(entry, device.login)
        self._recovery = StreamRecovery(hass, entry, self._login, self.async_watch)
        self._snapshots = Snapshots(hass, entry, self._login)
        self.controls = Controls(hass, entry, self._login, self.async_update_listeners)
        self._outage = Outage(
            hass,
            partial(create_stream_issue, hass, entry),
            partial(delete_stream_issue, hass, entry),
        )
        # Backups and other users of Home Assistant's storage have no business with pictures.
        self._folder = Path(hass.config.path(DOMAIN, "pictures", entry.entry_id))
        self._stored = Path(hass.config.path(STORAGE_DIR, DOMAIN, entry.entry_id))
        self._picture_name: str | None = None
        # Counts changes of what pictures may show; pictures of earlier revisions are dropped.
        self._revision = 0
        # What the present worker was last sent; None if it does not watch the camera.
        self._sent: WatchCamera | None = None
        self._furniture: tuple[Box, ...] = ()
        self._kept_furniture = Stored(
            hass, f"{DOMAIN}/{entry.entry_id}/furniture", tuple[Box, ...], tuple
        )

    @property
    def camera_id(self) -> str:
        """The camera's id in the worker's messages."""
        return self.entry.entry_id

    @property
    def detects(self) -> bool:
        """Whether detection is on."""
        return bool(self.entry.options.get(CONF_DETECT, True))

    @property
    def takes_pictures(self) -> bool:
        """Whether pictures may be taken and stored."""
        return bool(self.entry.options.get(CONF_PICTURES, True))

    @property
    def substitutes(self) -> bool:
        """Whether another stream stands in for the one that should be analyzed."""
        return self._recovery.substitutes

    @property
    def areas(self) -> tuple[Area, ...]:
        """The camera's zones, masks and lines."""
        return areas_of(self.entry.options)

    @property
    def live_url(self) -> str | None:
        """Where the worker serves live view; None while it may not, or does not."""
        return self._live.url

    async def async_live_url(self) -> str | None:
        """The same; waits a moment for a worker that starts."""
        return self.live_url if self.data.set_aside else await self._live.async_url()

    @property
    def live_allowed(self) -> bool:
        """Whether live view may use the login."""
        return self._live.allowed

    @callback
    def async_opening(self) -> WatchCamera | None:
        """A new worker's command to watch the camera; None if it may not."""
        self._sent = self._command() if self.watchable else None
        return self._sent

    def _command(self) -> WatchCamera:
        name = self._picture_name
        return WatchCamera(
            camera_id=self.camera_id,
            source=source_of(self.entry, self._recovery.uri),
            detect=self.detects,
            picture_path=str(self._folder / name) if name else None,
            open_visit=self.visits.visit,
            settings=settings_of(self.entry.options),
            furniture=self._furniture,
            revision=self._revision,
            attempt=self._login.attempt,
            live=self._live.wanted,
        )

    async def async_still(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        """The last frame as JPEG; None if pictures are off."""
        if not self.takes_pictures:
            return None
        return await self._bridge.still(self.camera_id, width, height)

    async def async_snapshot(
        self, width: int | None = None, height: int | None = None
    ) -> SnapshotTaken | None:
        """The camera's own picture if it is larger than the stream's, at its full size, masked.

        None if the last frame is to be used, also for a request that needs nothing larger.
        """
        state, allowed = self.data, self.takes_pictures
        if not (allowed and state.connected and state.width and state.height):
            return None
        stream, wanted = (state.width, state.height), (width, height)
        picture = await self._snapshots.async_picture(stream, wanted)
        # The user may have turned pictures off meanwhile.
        return picture if self.takes_pictures else None

    async def async_load(self) -> None:
        """Read what was stored before a restart."""
        self._furniture = await self._kept_furniture.async_load()
        await self.totals.async_load()
        await self.visits.async_load()

    @property
    def watchable(self) -> bool:
        """Whether the worker may watch the camera now."""
        return not self.data.set_aside and not self._login.blocks(self.camera_id)

    @callback
    def async_watch(self) -> None:
        """Have the worker watch the camera, or watch it differently, if it may."""
        command = self._command()
        if not self.watchable:
            if self._sent is None:
                return
            # Masks must be used at once. The worker opens no stream for the source that it has.
            command = replace(command, source=self._sent.source, attempt=self._sent.attempt)
        self._sent = command
        if command.live is None:
            self._live.async_lose()
        self._bridge.send(command)

    @callback
    def async_check_login(self) -> None:
        """Ask the user for another login if the camera refuses the present one."""
        if not self._login.refused:
            return
        # A stream that plays on is not reported again when the login is right after all.
        if not self.data.connected:
            self._outage.async_down(StreamProblem.UNAUTHORIZED)
            self._lose()
        self._login.async_request()

    async def async_configure(self) -> None:
        """Apply the entry's data and options."""
        self.name = self.entry.title
        self._login.async_configure()
        self._recovery.async_configure()
        self.events.async_configure()
        areas = self.areas
        self.totals.async_configure(line.area_id for line in of_kind(areas, Kind.LINE))
        name = picture_name(masks(areas)) if self.takes_pictures else None
        if name == self._picture_name and self._revision:
            return
        self._picture_name, self.picture = name, None
        self._revision += 1
        kept = await self.hass.async_add_executor_job(
            prepare_pictures, self._folder, self._stored, name
        )
        self._show_kept(kept)

    async def async_set_detection(self, *, enabled: bool) -> None:
        """Turn detection on or off; kept across restarts."""
        options = {**self.entry.options, CONF_DETECT: enabled}
        self.hass.config_entries.async_update_entry(self.entry, options=options)
        self.async_watch()
        self.async_update_listeners()

    @callback
    def async_worker_down(self) -> None:
        """Handle the worker's end: the state is unknown until the next one reports."""
        self._sent = None
        self._live.async_lose()
        self._lose(set_aside=self.data.set_aside)

    @callback
    def async_set_aside(self, *, aside: bool) -> None:
        """Pause the camera, or end its pause."""
        if aside:
            self.visits.async_close()
            self._outage.async_over()
            self._recovery.async_stop()
        if aside != self.data.set_aside:
            self._lose(set_aside=aside)

    @callback
    def async_end(self) -> None:
        """Clean up when the camera is no longer watched."""
        self.visits.async_close()
        self._leave()
        self.async_stop()
        self._recovery.async_end()

    @callback
    def async_stop(self) -> None:
        """Clean up when Home Assistant stops."""
        self.visits.async_stop()
        self._recovery.async_stop()
        self._snapshots.async_stop()
        self._outage.async_over()

    async def async_remove(self) -> None:
        """Forget the camera; later writes for it are ignored."""
        delete_camera_issues(self.hass, self.entry)
        await self._kept_furniture.async_remove()
        await self.totals.async_remove()
        await self.visits.async_remove()
        for folder in (self._folder, self._stored):
            await self.hass.async_add_executor_job(shutil.rmtree, folder, True)  # noqa: FBT003 - ignore_errors

    @callback
    def async_hear(self, news: Report) -> None:
        """Process a report of the worker."""
        match news:
            case StreamUp():
                self._came_up(news)
            case StreamDown():
                self._went_down(news)
            case Status():
                self._update(news)
            case LiveServed():
                self._live.async_serve(news.port)
                self.async_update_listeners()
            case LiveRefused():
                self._login.async_refused(self.camera_id)
                self._login_is_wrong()
            case _:
                self._hear_of_people(news)

    def _hear_of_people(self, news: Report) -> None:
        match news:
            case VisitNews():
                self._visit(news)
            case LineCrossed():
                self.totals.async_count(news.line_id, inward=news.inward)
                self.async_update_listeners()
            case FurnitureKnown(boxes=boxes):
                self._furniture = boxes
                self._kept_furniture.async_save_soon(lambda: self._furniture, FURNITURE_DELAY)
            case BestPicture():
                if self.takes_pictures and news.revision == self._revision:
                    self.picture = Picture(at=moment(news.at), jpeg=news.jpeg)
                    self.async_update_listeners()
            case PictureKept():
                show = delete_storage_issue if news.kept else create_storage_issue
                show(self.hass, self.entry)

    def _show_kept(self, picture: Picture | None) -> None:
        # The worker may have sent a newer one while it was read.
        if self.picture is None:
            self.picture = picture

    def _came_up(self, news: StreamUp) -> None:
        if self.data.connected is False:
            _LOGGER.info("The stream of %s is back", self.entry.title)
        self._login.async_accepted(self.camera_id)
        self._recovery.async_up()
        self._note(news.link)
        delete_move_issue(self.hass, self.entry)
        self._outage.async_over()
        self.async_set_updated_data(
            replace(
                self.data,
                connected=True,
                problem=None,
                set_aside=False,
                width=news.width,
                height=news.height,
                codec=news.codec,
            )
        )

    def _went_down(self, news: StreamDown) -> None:
        if (self.data.connected, self.data.problem) != (False, news.problem):
            _LOGGER.warning(
                "The stream of %s is down: %s %s", self.entry.title, news.problem, news.detail
            )
        if news.problem is StreamProblem.UNAUTHORIZED:
            self._login.async_refused(self.camera_id, shown=news.detail != NOT_SHOWN)
        self._recovery.async_down(news.problem)
        self._outage.async_down(news.problem)
        self._lose(problem=news.problem)

    def _lose(self, *, problem: StreamProblem | None = None, set_aside: bool = False) -> None:
        """Reset the state without frames; only the time of the last one is still known."""
        doubts = self._login.doubts(self.camera_id)
        self.async_set_updated_data(
            CameraState(
                connected=False,
                problem=StreamProblem.UNAUTHORIZED if doubts else problem,
                set_aside=set_aside,
                last_frame=self.data.last_frame,
            )
        )

    def _update(self, news: Status) -> None:
        last, frame_at = self.data.last_frame, moment(news.frame_at)
        # Updated rarely, because each new value is a row in the recorder. Clocks may be set back.
        if last is None or frame_at < last or frame_at - last >= LAST_FRAME_STEP:
            last = frame_at
        # A late worker may still count people whose visit was ended here.
        counts = self.visits.visit is not None or not news.people
        people = news.people if counts else None
        self.async_set_updated_data(
            replace(
                self.data,
                moving=news.moving,
                occupied=None if people is None else self.visits.visit is not None,
                people=people,
                last_frame=last,
                fps=news.fps,
                inference_ms=news.inference_ms,
                zones=news.zones if counts else None,
            )
        )

    def _visit(self, news: VisitNews) -> None:
        before = self.visits.visit
        self.visits.async_update(news)
        if before and self.visits.visit is None:
            # At once: the state must not show people whose departure was already reported.
            zones = self.data.zones and dict.fromkeys(self.data.zones, 0)
            self.async_set_updated_data(replace(self.data, occupied=False, people=0, zones=zones))

    @callback
    def _login_is_wrong(self) -> None:
        """End live view, and have the entities show why."""
        self.async_watch()
        self.async_update_listeners()

    @callback
    def _lose_count(self) -> None:
        """Forget how many people there are: the worker no longer reports it."""
        self.async_set_updated_data(replace(self.data, occupied=None, people=None, zones=None))

    def _note(self, link: Link) -> None:
        """Remember how the camera was reached."""
        data = with_link(self.entry.data, link)
        if data != self.entry.data:
            self.hass.config_entries.async_update_entry(self.entry, data=data)


def moment(seconds: float) -> datetime:
    """Seconds since the epoch as a time that Home Assistant understands."""
    return datetime.fromtimestamp(seconds, UTC)
