"""Adds a camera: finds it or takes its address, queries it, and shows its picture first."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import (
    CONF_NAME,
    CONF_PASSWORD,
    CONF_USERNAME,
)
from homeassistant.core import callback
from homeassistant.helpers.device_registry import format_mac
from homeassistant.helpers.selector import (
    BooleanSelector,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from .const import (
    CONF_ADDRESS,
    CONF_BACK,
    CONF_CAMERA,
    CONF_CERTIFICATE,
    CONF_ENDPOINT,
    CONF_EVENTS,
    CONF_FIRMWARE,
    CONF_LIVE_STREAM,
    CONF_MAC,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_PICTURES,
    CONF_SERIAL,
    CONF_STREAM,
    DETECTOR_ID,
    DOMAIN,
)
from .flows.camera import CameraOptionsFlow
from .flows.detector import DetectorOptionsFlow
from .flows.previews import async_previews
from .flows.selects import select
from .onvif.values import CameraReport, Credentials, Found, Profile
from .runtime import ask
from .runtime.address import Address
from .runtime.entries import async_forget_old_choice, async_old_choice, is_detector
from .runtime.moves import async_consider
from .runtime.search import async_scan, async_sources, entry_of
from .runtime.text import plain
from .worker.messages import FrameTaken, Source

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo

_LOGGER = logging.getLogger(__name__)

ENTER_ADDRESS = "enter_address"
SCAN_AGAIN = "scan_again"
# Below this height in pixels, people farther away are only a few pixels high.
SMALL_HEIGHT = 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The proof that a camera works: its report, a frame, and the live stream."""

    report: CameraReport
    frame: FrameTaken
    live: Profile


class PorchlightConfigFlow(ConfigFlow, domain=DOMAIN):
    """Adds a camera, or updates its address or login."""

    VERSION = 1
    MINOR_VERSION = 2

    def __init__(self) -> None:
        self._scan: asyncio.Task[list[Found]] | None = None
        self._cameras: list[Found] = []
        self._address: Address | None = None
        self._endpoint: str | None = None
        self._certificate: str | None = None
        self._credentials = Credentials(username="", password="")
        self._proving: asyncio.Task[Proof] | None = None
        self._proof: Proof | None = None
        self._error: str | None = None
        self._name = ""

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Change a camera's options, or the detector's."""
        return DetectorOptionsFlow() if is_detector(config_entry) else CameraOptionsFlow()

    @callback
    @override
    def async_remove(self) -> None:
        """Delete the flow's picture and cancel its tasks."""
        async_previews(self.hass).pop(self.flow_id, None)
        for task in (self._scan, self._proving):
            if task:
                task.cancel()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Search for cameras."""
        if self._scan is None:
            self._scan = self.hass.async_create_task(async_scan(self.hass), eager_start=False)
        if not self._scan.done():
            return self.async_show_progress(
                step_id="user", progress_action="scan", progress_task=self._scan
            )
        try:
            self._cameras = self._scan.result()
        except ask.ErrandError:
            self._cameras = []
        self._scan = None
        return self.async_show_progress_done(next_step_id="pick")

    async def async_step_pick(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Choose among the cameras found."""
        errors: dict[str, str] = {}
        if user_input is not None:
            choice = user_input[CONF_CAMERA]
            if choice == SCAN_AGAIN:
                return await self.async_step_user()
            if choice == ENTER_ADDRESS:
                return await self.async_step_camera()
            found = next(camera for camera in self._cameras if camera.xaddr == choice)
            if entry_of(self.hass, found) is None:
                self._take(found)
                return await self.async_step_camera()
            # It was set up meanwhile and is no longer in the list.
            errors[CONF_CAMERA] = "already_configured"
        entries = {camera: entry_of(self.hass, camera) for camera in self._cameras}
        new = [camera for camera, entry in entries.items() if entry is None]
        cameras = select(
            (ENTER_ADDRESS, SCAN_AGAIN),
            translation_key="camera",
            mode=SelectSelectorMode.LIST,
            first=[(camera.xaddr, _label(camera)) for camera in new],
        )
        first = new[0].xaddr if new else ENTER_ADDRESS
        return self.async_show_form(
            step_id="pick",
            data_schema=probatio.Schema({probatio.Required(CONF_CAMERA, default=first): cameras}),
            errors=errors,
            description_placeholders={
                "count": str(len(new)),
                "interfaces": ", ".join(await async_sources(self.hass)) or "-",
                "known": ", ".join(entry.title for entry in entries.values() if entry) or "-",
            },
        )

    @override
    async def async_step_integration_discovery(
        self, discovery_info: dict[str, Any]
    ) -> ConfigFlowResult:
        """Offer a camera that was found in the background."""
        found: Found = discovery_info["found"]
        await self.async_set_unique_id(found.endpoint or found.xaddr)
        if entry := entry_of(self.hass, found):
            return self.async_abort(
                reason="already_configured", description_placeholders={"name": plain(entry.title)}
            )
        # Also if the user ignored it.
        self._abort_if_unique_id_configured(description_placeholders={"name": _name_of(found)})
        self._take(found)
        self.context["title_placeholders"] = {"name": _name_of(found)}
        return await self.async_step_camera()

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Update the address of a camera that is set up."""
        entry = await self.async_set_unique_id(format_mac(discovery_info.macaddress))
        if entry is None:
            return self.async_abort(reason="not_ours")
        address = replace(Address.of(entry.data), host=discovery_info.ip)
        await async_consider(self.hass, entry, [address])
        return self.async_abort(
            reason="already_configured", description_placeholders={"name": plain(entry.title)}
        )

    async def async_step_system(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Create the detector's entry when the first camera is set up."""
        await self.async_set_unique_id(DETECTOR_ID)
        self._abort_if_unique_id_configured()
        options = await async_old_choice(self.hass)
        await async_forget_old_choice(self.hass)
        return self.async_create_entry(title="Detector", data={}, options=options)

    async def async_step_reauth(self, _data: Mapping[str, Any]) -> ConfigFlowResult:
        """Ask for a new login when the camera refuses the old one."""
        entry = self._get_reauth_entry()
        self._take_entry(entry)
        # A new password is for the same camera. Only "Reconfigure" accepts another certificate.
        self._certificate = entry.data.get(CONF_CERTIFICATE)
        return await self.async_step_camera()

    async def async_step_reconfigure(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the camera's address or login."""
        if is_detector(self._get_reconfigure_entry()):
            return self.async_abort(reason="use_options")
        self._take_entry(self._get_reconfigure_entry())
        return await self.async_step_camera()

    async def async_step_camera(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for address and login; every failure returns to this step."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input.get(CONF_BACK):
                return await self.async_step_pick()
            self._credentials = Credentials(
                username=user_input.get(CONF_USERNAME, ""),
                password=user_input.get(CONF_PASSWORD, ""),
            )
            try:
                self._address = Address.parse(user_input[CONF_ADDRESS])
            except ValueError:
                errors[CONF_ADDRESS] = "invalid_address"
            else:
                return await self.async_step_prove()
        suggested = {
            CONF_ADDRESS: str(self._address or ""),
            CONF_USERNAME: self._credentials.username,
            **(user_input or {}),
        }
        # The password need not be entered again, unless it was wrong.
        if self._credentials.password and self._error not in _LOGIN_ERRORS:
            suggested[CONF_PASSWORD] = self._credentials.password
        if self._error:
            errors["base"], self._error = self._error, None
        return self.async_show_form(
            step_id="camera",
            data_schema=self.add_suggested_values_to_schema(self._camera_schema(), suggested),
            errors=errors,
            description_placeholders={"name": self._name or str(self._address or "")},
        )

    async def async_step_prove(self, _user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Query the camera, and decode a frame."""
        if self._proving is None:
            self._proving = self.hass.async_create_task(self._prove(), eager_start=False)
        if not self._proving.done():
            return self.async_show_progress(
                step_id="prove", progress_action="prove", progress_task=self._proving
            )
        task, self._proving = self._proving, None
        try:
            self._proof = task.result()
        except ask.ErrandError as error:
            self._error = error.key if error.key in _ERRORS else "unknown"
        except Exception:
            # Raised, it would have the progress shown, and the camera asked, without end.
            _LOGGER.exception("A camera could not be checked")
            self._error = "unknown"
        else:
            return self.async_show_progress_done(next_step_id="confirm")
        return self.async_show_progress_done(next_step_id="camera")

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the camera's picture, then create or update its entry."""
        proof = self._proof
        if proof is None:
            return await self.async_step_camera()
        report = proof.report
        await self.async_set_unique_id(report.unique_id, raise_on_progress=False)
        if self.source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            self._abort_if_unique_id_mismatch(reason="another_camera")
            entry = (
                self._get_reauth_entry()
                if self.source == SOURCE_REAUTH
                else self._get_reconfigure_entry()
            )
            return self.async_update_reload_and_abort(entry, data=self._entry_data(proof))
        known = self.hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, report.unique_id)
        self._abort_if_unique_id_configured(
            description_placeholders={"name": plain(known.title) if known else ""},
        )
        if user_input is not None:
            return self.async_create_entry(
                title=user_input[CONF_NAME],
                data=self._entry_data(proof),
                options={CONF_PICTURES: user_input[CONF_PICTURES]},
            )
        frame = proof.frame
        errors: dict[str, str] = {}
        if frame.height < SMALL_HEIGHT:
            errors["base"] = "small_stream"
        preview = async_previews(self.hass).sign(self.hass, self.flow_id, frame.jpeg)
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.add_suggested_values_to_schema(
                _CONFIRM_SCHEMA, {CONF_NAME: _name(report), CONF_PICTURES: True}
            ),
            errors=errors,
            description_placeholders={
                "preview": preview,
                "manufacturer": plain(report.manufacturer) or "-",
                "model": plain(report.model) or "-",
                "firmware": plain(report.firmware) or "-",
                "analysed": _describe(report.analyse, frame),
                "live": _describe(proof.live),
                "size": f"{frame.width}x{frame.height}",
            },
        )

    async def _prove(self) -> Proof:
        """Query the camera and decode a frame. Raises ErrandError."""
        address = self._address or Address(host="")
        report = await ask.inspect(
            address.host,
            address.port,
            self._credentials,
            path=address.path,
            endpoint=self._endpoint,
            secure=address.secure,
            certificate=self._certificate,
        )
        frame = await ask.first_frame(self._source(report.analyse))
        live = report.record
        if live.uri != report.analyse.uri:
            try:
                await ask.first_frame(self._source(live))
            except ask.ErrandError:
                # Some cameras list a main stream that they do not serve; the other one works.
                live = report.analyse
        return Proof(report=report, frame=frame, live=live)

    def _camera_schema(self) -> probatio.Schema:
        """Address and login, and an option to go back if there is a list."""
        back = {probatio.Optional(CONF_BACK, default=False): BooleanSelector()}
        return probatio.Schema({**_LOGIN, **(back if self._cameras else {})})

    def _source(self, profile: Profile) -> Source:
        return Source(url=profile.uri, credentials=self._credentials)

    def _take(self, found: Found) -> None:
        self._address = Address.of_found(found)
        self._endpoint = found.endpoint
        self._name = _name_of(found)

    def _take_entry(self, entry: ConfigEntry) -> None:
        data = entry.data
        self._address = Address.of(data)
        self._endpoint = data[CONF_ENDPOINT]
        self._credentials = Credentials(username=data[CONF_USERNAME], password="")
        self._name = plain(entry.title)
        self.context["title_placeholders"] = {"name": entry.title}

    def _entry_data(self, proof: Proof) -> dict[str, Any]:
        report = proof.report
        address = self._address or Address(host=report.host)
        return {
            **replace(address, host=report.host, port=report.port).data,
            CONF_USERNAME: self._credentials.username,
            CONF_PASSWORD: self._credentials.password,
            CONF_ENDPOINT: report.endpoint,
            CONF_MAC: report.mac,
            CONF_MANUFACTURER: report.manufacturer,
            CONF_MODEL: report.model,
            CONF_FIRMWARE: report.firmware,
            CONF_SERIAL: report.serial,
            CONF_CERTIFICATE: report.certificate,
            CONF_EVENTS: None if report.events is None else list(map(str, report.events)),
            CONF_STREAM: report.analyse.uri,
            CONF_LIVE_STREAM: proof.live.uri,
        }


_LOGIN = {
    probatio.Required(CONF_ADDRESS): TextSelector(),
    probatio.Optional(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
    probatio.Optional(CONF_PASSWORD): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
    ),
}
_CONFIRM_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_NAME): TextSelector(),
        probatio.Required(CONF_PICTURES): BooleanSelector(),
    }
)
# After these errors, the password must be entered again.
_LOGIN_ERRORS = frozenset({"invalid_auth", "unauthorized"})
_ERRORS = frozenset(
    {
        "cannot_connect",
        "certificate",
        "not_onvif",
        "invalid_auth",
        "no_video",
        "unreachable",
        "unauthorized",
        "refused",
        "not_found",
        "transport",
        "too_many_viewers",
        "too_large",
        "unsupported_codec",
        "stalled",
        "broken",
        "ended",
        "timeout",
        "worker_failed",
    }
)


def _name(report: CameraReport) -> str:
    described = " ".join(filter(None, (report.manufacturer, report.model)))
    return plain(report.name or described or report.host)


def _name_of(found: Found) -> str:
    return plain(found.name or found.model or found.host)


def _label(camera: Found) -> str:
    parts = [camera.name, camera.model, f"{camera.host}:{camera.port}"]
    return " · ".join(dict.fromkeys(plain(part) for part in parts if part))


def _describe(profile: Profile, frame: FrameTaken | None = None) -> str:
    width = frame.width if frame else profile.width
    height = frame.height if frame else profile.height
    fps = f", {profile.fps:g} fps" if profile.fps else ""
    return f"{width}x{height} {profile.codec.upper()}{fps}"
