"""The config flow's helper processes, without processes, and what a user does in it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.data_entry_flow import FlowResultType

from custom_components.porchlight.const import DOMAIN
from custom_components.porchlight.onvif.values import CameraReport, Credentials, Found, Typed
from custom_components.porchlight.worker.messages import FrameTaken, Source

from .conftest import MAC, frame, report

if TYPE_CHECKING:
    from homeassistant.config_entries import ConfigFlowResult
    from homeassistant.core import HomeAssistant

LOGIN = {"username": "viewer", "password": "p@ss/w:rd #?%é"}
FOUND = Found(
    host="192.168.1.20",
    port=80,
    endpoint="0b6f1b1c-0001-4000-8000-a41437010203",
    name="Front door",
    model="Eye 3",
    mac=MAC,
)
OTHER = replace(FOUND, host="192.168.1.21", endpoint="other", mac="a4:14:37:01:02:04")


@dataclass
class Errands:
    """What the helper processes answer, and what they were asked."""

    found: list[Found] | Exception = field(default_factory=lambda: [FOUND])
    report: CameraReport | Exception = field(default_factory=report)
    frames: dict[str, Exception | FrameTaken] = field(default_factory=dict)
    inspected: list[tuple[str, int, str, Credentials]] = field(default_factory=list)
    certificates: list[str | None] = field(default_factory=list)
    opened: list[Source] = field(default_factory=list)
    located: Found | Exception | None = None
    looked: list[Typed] = field(default_factory=list)

    async def scan(self, sources: Any) -> list[Found]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    async def locate(self, typed: Typed) -> Found:
        self.looked.append(typed)
        if isinstance(self.located, Exception):
            raise self.located
        path = typed.path or "/onvif/device_service"
        there = Found(host=typed.host, port=typed.port or 80, path=path, secure=typed.secure)
        return self.located or there

    async def inspect(
        self,
        host: str,
        port: int,
        credentials: Credentials,
        *,
        path: str,
        endpoint: str | None,
        secure: bool = False,
        certificate: str | None = None,
    ) -> CameraReport:
        self.certificates.append(certificate)
        self.inspected.append((host, port, path, credentials))
        if isinstance(self.report, Exception):
            raise self.report
        return self.report

    async def first_frame(self, source: Source) -> FrameTaken:
        self.opened.append(source)
        name = source.url.rpartition("/")[2]
        answer = self.frames.get(name, frame())
        if isinstance(answer, Exception):
            raise answer
        return answer


async def settle(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait until a flow shows no progress any more."""
    while result["type"] in (FlowResultType.SHOW_PROGRESS, FlowResultType.SHOW_PROGRESS_DONE):
        await hass.async_block_till_done()
        result = await hass.config_entries.flow.async_configure(result["flow_id"])
    return result


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Search; the list is shown."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await settle(hass, result)
    assert result["step_id"] == "pick"
    return result


async def answer(hass: HomeAssistant, result: ConfigFlowResult, **data: Any) -> ConfigFlowResult:
    """Fill in a form."""
    flow = hass.config_entries.flow
    return await settle(hass, await flow.async_configure(result["flow_id"], data))


def labels(result: ConfigFlowResult) -> dict[str, str]:
    schema = result["data_schema"]
    assert schema is not None
    (selector,) = schema.schema.values()
    return {option["value"]: option["label"] for option in selector.config["options"]}


def fields(result: ConfigFlowResult) -> set[str]:
    """The names of a form's fields."""
    schema = result["data_schema"]
    assert schema is not None
    return {str(key) for key in schema.schema}


def suggested(result: ConfigFlowResult) -> dict[str, Any]:
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(key): key.description["suggested_value"]
        for key in schema.schema
        if key.description and "suggested_value" in key.description
    }
