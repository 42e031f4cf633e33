"""A camera played from recorded answers: one folder, one server on loopback."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self
from xml.etree import ElementTree as ET

from aiohttp import web

if TYPE_CHECKING:
    from types import TracebackType

_CHECKOUT = Path(__file__).parents[2]
RECORDINGS = Path(os.environ.get("PORCHLIGHT_ASSETS", _CHECKOUT.parent / "shared/assets")) / "onvif"

_ENVELOPE = re.compile(r"<((?:[\w-]+:)?)Envelope\b.*?</\1Envelope>", re.DOTALL)
_XADDR = re.compile(r"(<(?:[\w-]+:)?XAddr>\s*)https?://[^/<\s]+")
_TEMPLATE = "{{"
_NOT_SUPPORTED = """<?xml version="1.0" encoding="UTF-8"?>
<env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope"
    xmlns:ter="http://www.onvif.org/ver10/error">
  <env:Body><env:Fault>
    <env:Code><env:Value>env:Receiver</env:Value>
      <env:Subcode><env:Value>ter:ActionNotSupported</env:Value></env:Subcode></env:Code>
    <env:Reason><env:Text xml:lang="en">Optional Action Not Implemented</env:Text></env:Reason>
  </env:Fault></env:Body>
</env:Envelope>"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One recorded answer and its request."""

    operation: str
    namespace: str
    profile: str | None
    status: int
    envelope: str


def cameras() -> list[Path]:
    """The folders of recorded cameras, sorted by name."""
    return sorted(path for path in RECORDINGS.iterdir() if path.is_dir())


def question(text: str | bytes) -> tuple[str, str, str | None]:
    """An envelope's namespace, operation and profile token."""
    root = ET.fromstring(text)  # noqa: S314 - recorded by people, or sent by our own client
    body = next(child for child in root if child.tag.endswith("}Body"))
    namespace, _, operation = body[0].tag.removeprefix("{").rpartition("}")
    token = next((e.text for e in body.iter() if e.tag.endswith("}ProfileToken")), None)
    return namespace, operation, token


def answers(folder: Path) -> list[Answer]:
    """Every answer in a folder that can be replayed, without templates and incomplete ones."""
    found = []
    for path in sorted(folder.rglob("*.json")):
        found += _from_capture(json.loads(path.read_text(encoding="utf-8")))
    for path in sorted(folder.rglob("*.xml")):
        found += _from_text(path.read_text(encoding="utf-8", errors="replace"))
    return found


def _from_capture(capture: dict[str, object]) -> list[Answer]:
    envelope = str(capture.get("response_body", ""))
    if "request_body" not in capture or not _ENVELOPE.search(envelope):
        return []
    namespace, operation, profile = question(str(capture["request_body"]))
    return [
        Answer(
            operation=operation,
            namespace=namespace,
            profile=profile,
            status=int(str(capture["status_code"])),
            envelope=envelope,
        )
    ]


def _from_text(text: str) -> list[Answer]:
    found = []
    # Some files are logs with several envelopes, including requests.
    for match in _ENVELOPE.finditer(text):
        try:
            namespace, operation, _profile = question(match[0])
        except ET.ParseError:
            continue
        if operation.endswith("Response") and _TEMPLATE not in match[0]:
            found.append(
                Answer(
                    operation=operation.removesuffix("Response"),
                    namespace=namespace,
                    profile=None,
                    status=200,
                    envelope=match[0],
                )
            )
    return found


class Replay:
    """A server that answers like the recorded camera; `asked` lists the requests."""

    def __init__(self, folder: Path) -> None:
        self._answers = answers(folder)
        self._runner: web.AppRunner | None = None
        self.host = "127.0.0.1"
        self.port = 0
        self.asked: list[tuple[str, str]] = []

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        namespace, operation, profile = question(await request.read())
        self.asked.append((namespace, operation))
        known = [
            answer
            for answer in self._answers
            if (answer.namespace, answer.operation) == (namespace, operation)
        ]
        if not known:
            return _soap(_NOT_SUPPORTED, 400)
        answer = next((each for each in known if each.profile == profile), known[0])
        here = rf"\g<1>http://{self.host}:{self.port}"
        return _soap(_XADDR.sub(here, answer.envelope), answer.status)


def _soap(text: str, status: int) -> web.Response:
    return web.Response(
        text=text, status=status, content_type="application/soap+xml", charset="utf-8"
    )
