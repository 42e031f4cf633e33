"""Adds a camera: finds it or takes its address, queries it, and shows its picture first."""

from __future__ import annotations

import logging
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING, Any, override

import probatio
from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_NAME, CONF_PASSWORD, CONF_USERNAME
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
    CONF_ACCEPT,
    CONF_ADDRESS,
    CONF_BACK,
    CONF_CAMERA,
    CONF_CERTIFICATE,
    CONF_ENDPOINT,
    CONF_FIRMWARE,
    CONF_MAC,
    CONF_MANUFACTURER,
    CONF_MODEL,
    CONF_OTHER_LOGIN,
    CONF_PARENT,
    CONF_PICTURES,
    CONF_STREAM,
    CONF_TRANSPORT,
    DETECTOR_ID,
    DOMAIN,
)
from .flows.camera import CameraOptionsFlow
from .flows.detector import DetectorOptionsFlow
from .flows.lens_steps import LensSteps
from .flows.offers import Lent, Offer, async_offers, label, name_of
from .flows.previews import async_previews
from .flows.proof import ERRORS, LOGIN_ERRORS, PROTECTION_ERRORS, Proof, describe, name_in
from .flows.selects import select
from .flows.where import Where
from .onvif.values import Credentials, Found, Profile
from .runtime import ask
from .runtime.address import Address
from .runtime.entries import (
    async_forget_old_choice,
    async_old_choice,
    device_entries,
    is_detector,
    parent_of,
)
from .runtime.identity import entry_of_report, identifiers, is_same
from .runtime.inspection import abilities, async_query, credentials_of
from .runtime.lenses import Lens, async_asking
from .runtime.moves import async_consider
from .runtime.search import async_scan, async_sources, entry_of
from .runtime.streams import Chosen, async_open, link_of
from .runtime.text import plain
from .runtime.typed import TypedError
from .worker.messages import Link, Source, Transport

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from homeassistant.config_entries import ConfigEntry
    from homeassistant.helpers.service_info.dhcp import DhcpServiceInfo

_LOGGER = logging.getLogger(__name__)

ENTER_ADDRESS = "enter_address"
SCAN_AGAIN = "scan_again"


class PorchlightConfigFlow(LensSteps, domain=DOMAIN):
    """Adds a camera, or updates its address or login."""

    VERSION = 1
    MINOR_VERSION = 3

    def __init__(self) -> None:
        super().__init__()
        self._scan: asyncio.Task[list[Found]] | None = None
        self._cameras: list[Found] = []
        self._offers: dict[str, Offer] = {}
        self._lent: Lent | None = None
        self._where = Where()
        self._endpoint: str | None = None
        self._certificate: str | None = None
        self._link: Link | None = None
        self._options: Mapping[str, Any] = {}
        self._known: Mapping[str, Any] = {}
        self._credentials = Credentials(username="", password="")
        self._proving: asyncio.Task[Proof] | None = None
        self._proof: Proof | None = None

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
                self._give_back()
                return await self.async_step_camera()
            match async_offers(self.hass, self._cameras).get(choice):
                case Found() as found:
                    self._take(found)
                    return await self.async_step_camera()
                case Lent() as lent:
                    self._lent = lent
                    return await self.async_step_onvif()
            # It was set up meanwhile and is no longer in the list.
            errors[CONF_CAMERA] = "already_configured"
        known = [entry_of(self.hass, camera) for camera in self._cameras]
        self._offers = async_offers(self.hass, self._cameras)
        cameras = select(
            (ENTER_ADDRESS, SCAN_AGAIN),
            translation_key="camera",
            mode=SelectSelectorMode.LIST,
            first=[(choice, label(offer)) for choice, offer in self._offers.items()],
        )
        first = next(iter(self._offers), ENTER_ADDRESS)
        return self.async_show_form(
            step_id="pick",
            data_schema=probatio.Schema({probatio.Required(CONF_CAMERA, default=first): cameras}),
            errors=errors,
            description_placeholders={
                "count": str(len(self._offers)),
                "interfaces": ", ".join(await async_sources(self.hass)) or "-",
                "known": ", ".join(dict.fromkeys(entry.title for entry in known if entry)) or "-",
            },
        )

    async def async_step_onvif(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Use the address and the login that Home Assistant's `onvif` integration has."""
        lent = self._lent
        if lent is None or (user_input and user_input[CONF_OTHER_LOGIN]):
            if lent:
                self._take(lent.without_login)
            return await self.async_step_camera()
        if user_input is not None:
            self._where, self._endpoint = Where.of(lent.address), None
            self._credentials = lent.credentials
            return await self.async_step_prove()
        errors: dict[str, str] = {}
        if self._error:
            errors["base"], self._error = self._error, None
        return self.async_show_form(
            step_id="onvif",
            data_schema=_LENT_SCHEMA,
            errors=errors,
            description_placeholders={"name": lent.name, "address": lent.address.place},
        )

    @override
    async def async_step_integration_discovery(
        self, discovery_info: dict[str, Any]
    ) -> ConfigFlowResult:
        """Offer a camera that was found in the background, or a further lens."""
        if lens := discovery_info.get("lens"):
            return await self.offer_lens(lens)
        found: Found = discovery_info["found"]
        await self.async_set_unique_id(found.endpoint or found.xaddr)
        if entry := entry_of(self.hass, found):
            return self._already_configured(plain(entry.title))
        # Also if the user ignored it.
        self._abort_if_unique_id_configured(description_placeholders={"name": name_of(found)})
        self._take(found)
        self.context["title_placeholders"] = {"name": name_of(found)}
        return await self.async_step_camera()

    @override
    async def async_step_dhcp(self, discovery_info: DhcpServiceInfo) -> ConfigFlowResult:
        """Update the address of a camera that is set up."""
        mac = format_mac(discovery_info.macaddress)
        await self.async_set_unique_id(mac)
        entry = next((one for one in device_entries(self.hass) if one.data[CONF_MAC] == mac), None)
        if entry is None:
            return self.async_abort(reason="not_ours")
        address = replace(Address.of(entry.data), host=discovery_info.ip)
        await async_consider(self.hass, entry, [address])
        return self._already_configured(plain(entry.title))

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
        return await self.async_step_camera()

    async def async_step_reconfigure(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Change the camera's address or login."""
        entry = self._get_reconfigure_entry()
        if is_detector(entry):
            return self.async_abort(reason="use_options")
        if (parent := parent_of(self.hass, entry)) is not entry:
            return self.async_abort(
                reason="use_parent", description_placeholders={"name": plain(parent.title)}
            )
        self._take_entry(entry)
        return await self.async_step_camera()

    async def async_step_camera(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for address and login; every failure returns to this step."""
        errors: dict[str, str] = {}
        if user_input is not None:
            if user_input.get(CONF_BACK):
                return await self.async_step_pick()
            if user_input.get(CONF_ACCEPT):
                self._certificate = self._link = None
            self._credentials = Credentials(
                username=user_input.get(CONF_USERNAME, ""),
                password=user_input.get(CONF_PASSWORD, ""),
            )
            try:
                self._credentials = self._where.read(user_input[CONF_ADDRESS], self._credentials)
            except TypedError as error:
                errors[CONF_ADDRESS] = error.problem.value
            else:
                return await self.async_step_prove()
        suggested = {CONF_ADDRESS: self._where.shown, CONF_USERNAME: self._credentials.username}
        # The password need not be entered again, unless it was wrong.
        if self._credentials.password and self._error not in LOGIN_ERRORS:
            suggested[CONF_PASSWORD] = self._credentials.password
        if self._error:
            errors["base"], self._error = self._error, None
        schema = self._camera_schema(errors.get("base"))
        return self.async_show_form(
            step_id="camera",
            data_schema=self.add_suggested_values_to_schema(schema, suggested),
            errors=errors,
            description_placeholders={
                "name": self._name or self._where.shown,
                "typed": self._where.place,
            },
        )

    @override
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
            self._error = error.key if error.key in ERRORS else "unknown"
        except Exception:
            # Raised, it would have the progress shown, and the camera asked, without end.
            _LOGGER.exception("A camera could not be checked")
            self._error = "unknown"
        else:
            return self.async_show_progress_done(next_step_id="confirm")
        if self._lent and self._error in LOGIN_ERRORS:
            # It would be refused again.
            self._take(self._lent.without_login)
        if self._lens:
            return self.async_show_progress_done(next_step_id="lens")
        return self.async_show_progress_done(next_step_id="onvif" if self._lent else "camera")

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show the camera's picture, then create or update its entry."""
        if (proof := self._proof) is None:
            return await self.async_step_camera()
        report = proof.report
        if self.source in (SOURCE_REAUTH, SOURCE_RECONFIGURE):
            return self._update_entry(proof)
        if abort := await self._identify(proof):
            return abort
        if user_input is not None:
            return self.async_create_entry(
                title=user_input[CONF_NAME],
                data=self._entry_data(proof),
                options={CONF_PICTURES: user_input[CONF_PICTURES]},
            )
        streams, frame = proof.streams, proof.streams.frame
        preview = async_previews(self.hass).sign(self.hass, self.flow_id, frame.jpeg)
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.add_suggested_values_to_schema(
                _CONFIRM_SCHEMA, {CONF_NAME: self._name, CONF_PICTURES: True}
            ),
            errors={"base": proof.remark} if proof.remark else {},
            description_placeholders={
                "preview": preview,
                "manufacturer": plain(report.manufacturer) or "-",
                "model": plain(report.model) or "-",
                "firmware": plain(report.firmware) or "-",
                "analysed": describe(streams.analysed, frame),
                "live": describe(streams.live),
                "address": self._where.address.place if self._where.address else "",
                "size": f"{frame.width}x{frame.height}",
                "cores": f"{proof.cores:.1f}",
            },
        )

    async def _identify(self, proof: Proof) -> ConfigFlowResult | None:
        """Note which camera it is; the flow's end if it can't be added."""
        report = proof.report
        if self._lens:
            if self._parent is None or not is_same(self._parent.data, report):
                return self.async_abort(reason="another_camera")
            if proof.streams.wanted.shows != self._lens.profile.shows:
                return self.async_abort(reason="no_lens")
        else:
            # A camera without an id of its own gets one that does not depend on its address.
            unique_id = report.unique_id or self.flow_id
            await self.async_set_unique_id(unique_id, raise_on_progress=False)
            if known := entry_of_report(self.hass, report):
                return self._already_configured(plain(known.title))
            self._name = name_in(report)
        self._abort_if_unique_id_configured(description_placeholders={"name": self._name})
        return None

    def _already_configured(self, name: str) -> ConfigFlowResult:
        return self.async_abort(
            reason="already_configured", description_placeholders={"name": name}
        )

    def _update_entry(self, proof: Proof) -> ConfigFlowResult:
        """Update the entry that the flow is about, if it is the same camera's."""
        again = self.source == SOURCE_REAUTH
        entry = self._get_reauth_entry() if again else self._get_reconfigure_entry()
        if not is_same(entry.data, proof.report):
            return self.async_abort(reason="another_camera")
        data = {**self._entry_data(proof), **proof.streams.wanted_data}
        return self.async_update_reload_and_abort(entry, data=data)

    async def _prove(self) -> Proof:
        """Find, query the camera and decode a frame. Raises ErrandError."""
        address = await self._where.find()
        parent = self._parent
        async with async_asking(parent, self._credentials) if parent else nullcontext():
            report = await async_query(
                address,
                self._credentials,
                endpoint=self._endpoint,
                certificate=self._certificate,
            )
        streams = await async_open(report, self._source, Chosen.of(self._options, self._known))
        return Proof(report=report, streams=streams)

    def _source(self, profile: Profile) -> Source:
        link = self._link or Link(basic=True)
        return Source(
            url=profile.uri,
            credentials=self._credentials,
            basic=link.basic,
            certificate=link.certificate,
            transport=Transport(self._options.get(CONF_TRANSPORT, Transport.AUTO)),
        )

    def _camera_schema(self, error: str | None) -> probatio.Schema:
        """Address, login and what else there is to choose, also after an error about protection."""
        fields: dict[probatio.Marker, Any] = {**_LOGIN}
        if self._cameras or self._offers:
            fields[probatio.Optional(CONF_BACK, default=False)] = BooleanSelector()
        if self.source == SOURCE_RECONFIGURE and error in PROTECTION_ERRORS:
            fields[probatio.Optional(CONF_ACCEPT, default=False)] = BooleanSelector()
        return probatio.Schema(fields)

    def _take(self, found: Found) -> None:
        self._give_back()
        self._where = Where.of_found(found)
        self._endpoint = found.endpoint
        self._name = name_of(found)

    def _give_back(self) -> None:
        """Forget the camera that was chosen, and its login, which is for that one only."""
        if self._lent:
            self._credentials = Credentials(username="", password="")
        self._lent, self._where, self._endpoint, self._name = None, Where(), None, ""

    @override
    def _take_parent(self, parent: ConfigEntry, lens: Lens) -> None:
        """Use a device's address, login and protection for a further lens of it."""
        name = self._name
        self._take_entry(parent)
        self._credentials = credentials_of(parent)
        self._options, self._name = {}, name
        self._known = {**parent.data, CONF_STREAM: lens.profile.uri}
        self.context["title_placeholders"] = {"name": name}

    def _take_entry(self, entry: ConfigEntry) -> None:
        data = entry.data
        address = Address.of(data)
        self._where = Where.of(address, encrypted=address.secure)
        self._endpoint = data[CONF_ENDPOINT]
        self._credentials = Credentials(username=data[CONF_USERNAME], password="")
        # It must be as well protected as it was, until the user accepts less.
        self._certificate, self._link = data.get(CONF_CERTIFICATE), link_of(data)
        self._options, self._known = entry.options, entry.data
        self._name = plain(entry.title)
        self.context["title_placeholders"] = {"name": entry.title}

    def _entry_data(self, proof: Proof) -> dict[str, Any]:
        report = proof.report
        address = self._where.address or Address(host=report.host)
        return {
            **({CONF_PARENT: self._lens.parent} if self._lens else {}),
            **replace(address, host=report.host, port=report.port).data,
            CONF_USERNAME: self._credentials.username,
            CONF_PASSWORD: self._credentials.password,
            **identifiers(report, self._known),
            CONF_MANUFACTURER: report.manufacturer,
            CONF_MODEL: report.model,
            CONF_FIRMWARE: report.firmware,
            CONF_CERTIFICATE: report.certificate,
            **proof.streams.data,
            **abilities(report, self._known),
        }


_LOGIN = {
    probatio.Required(CONF_ADDRESS): TextSelector(),
    probatio.Optional(CONF_USERNAME): TextSelector(TextSelectorConfig(autocomplete="username")),
    probatio.Optional(CONF_PASSWORD): TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="current-password")
    ),
}
_LENT_SCHEMA = probatio.Schema(
    {probatio.Required(CONF_OTHER_LOGIN, default=False): BooleanSelector()}
)
_CONFIRM_SCHEMA = probatio.Schema(
    {
        probatio.Required(CONF_NAME): TextSelector(),
        probatio.Required(CONF_PICTURES): BooleanSelector(),
    }
)
