"""The camera's HTTP server: SOAP services and snapshots."""

import asyncio
import uuid
from collections.abc import Mapping, Sequence

from aiohttp import web

from simulator import events, snapshot, soap
from simulator.clock import Clock
from simulator.condition import Condition
from simulator.digest import DigestGuard, Verdict
from simulator.errors import HangUpError
from simulator.profiles import Profile
from simulator.security import TokenGuard
from simulator.service import Operation, Service
from simulator.soap import SoapFault, SoapRequest
from simulator.spec import CameraSpec
from simulator.timeline import Timeline

# A client needs the clock before it can sign anything.
_NEVER_CHECKED = "GetSystemDateAndTime"
_UNAUTHORIZED = 401
# Seconds for unfinished answers when the camera stops; for aiohttp, 0 means forever.
_GRACE = 0.05


class WebServer:
    """Listens on one port, checks credentials, and calls the services."""

    def __init__(
        self,
        spec: CameraSpec,
        condition: Condition,
        clock: Clock,
        timeline: Timeline,
        profiles: Sequence[Profile],
    ) -> None:
        self._spec = spec
        self._condition = condition
        self._timeline = timeline
        self._profiles = {profile.path: profile for profile in profiles}
        self._tokens = TokenGuard(fault_status=spec.fault_status)
        self._digest = DigestGuard(spec.model, clock, qop=True)
        self._services: Mapping[str, Service] = {}
        self._runner: web.AppRunner | None = None
        self._audible = asyncio.Event()
        # The requests that are not answered.
        self._silenced: set[asyncio.Task[object]] = set()
        self.port = spec.port

    def serve(self, services: Sequence[Service]) -> None:
        """Set the services; they need the port, so this comes after the start."""
        self._services = {service.namespace: service for service in services}

    def silence(self, *, on: bool) -> None:
        """Accept requests without answering, or answer those that waited."""
        if on:
            self._audible.clear()
        else:
            self._audible.set()

    async def start(self) -> None:
        """Listen; a restart uses the same port."""
        self.silence(on=self._condition.onvif_silent)
        app = web.Application(client_max_size=1 << 20)
        app.router.add_post("/onvif/{tail:.*}", self._soap)
        app.router.add_get("/snapshot/{name}.jpg", self._snapshot)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=_GRACE)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._spec.host, self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Stop listening and cut every connection."""
        runner, self._runner = self._runner, None
        silenced = set(self._silenced)
        if runner is not None:
            await runner.cleanup()
        # The server forgets those whose client has left.
        for task in silenced:
            task.cancel()
        if silenced:
            await asyncio.wait(silenced)

    async def _until_audible(self) -> None:
        task = asyncio.current_task()
        if task is None or self._audible.is_set():
            return
        self._silenced.add(task)
        try:
            await self._audible.wait()
        finally:
            self._silenced.discard(task)

    async def _soap(self, request: web.Request) -> web.Response:
        await self._until_audible()
        try:
            parsed = soap.parse(await request.read(), request.path)
            service = self._service(parsed)
            operation = service.find(parsed)
            self._authorise(request, parsed, operation)
            body = await service.answer(operation, parsed)
        except SoapFault as error:
            # A long poll may have been silenced while it waited.
            await self._until_audible()
            return self._fault(error)
        except HangUpError:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        await self._until_audible()
        header = _addressing(operation, parsed)
        return _document(soap.envelope(body, header))

    def _service(self, request: SoapRequest) -> Service:
        namespace = request.namespace
        if events.answers(namespace):
            namespace = soap.EVENTS
        service = self._services.get(namespace)
        if service is None:
            raise SoapFault("ter:ActionNotSupported", "No such service", code="Receiver")
        return service

    def _authorise(self, request: web.Request, parsed: SoapRequest, operation: Operation) -> None:
        if parsed.operation == _NEVER_CHECKED:
            return
        has_token = self._tokens.has_token(parsed.header)
        if has_token:
            try:
                self._tokens.check(
                    parsed.header,
                    username=self._condition.username,
                    password=self._condition.password,
                    now=self._condition.device_time(),
                )
            except SoapFault:
                self._condition.refused_calls += 1
                raise
        elif not operation.open and self._digest_verdict(request) is not Verdict.RIGHT:
            raise self._tokens.refusal()

    def _fault(self, error: SoapFault) -> web.Response:
        response = _document(soap.fault(error), status=error.status)
        if error.status == _UNAUTHORIZED:
            response.headers["WWW-Authenticate"] = self._digest.challenge()
        return response

    async def _snapshot(self, request: web.Request) -> web.Response:
        await self._until_audible()
        verdict = self._digest_verdict(request)
        if verdict is not Verdict.RIGHT:
            if verdict is Verdict.WRONG and "Authorization" in request.headers:
                self._condition.refused_snapshots += 1
            challenge = self._digest.challenge(stale=verdict is Verdict.STALE)
            return web.Response(status=_UNAUTHORIZED, headers={"WWW-Authenticate": challenge})
        profile = self._profiles.get(request.match_info["name"])
        if profile is None:
            raise web.HTTPNotFound
        self._condition.snapshots += 1
        rendition = profile.rendition
        index = self._timeline.current_index(rendition.units)
        jpeg = await asyncio.to_thread(snapshot.render, rendition, index)
        return web.Response(body=jpeg, content_type="image/jpeg")

    def _digest_verdict(self, request: web.Request) -> Verdict:
        return self._digest.check(
            request.headers.get("Authorization"),
            method=request.method,
            username=self._condition.username,
            password=self._condition.password,
        )


def _addressing(operation: Operation, request: SoapRequest) -> str:
    if not operation.action:
        return ""
    header = f"<wsa:MessageID>urn:uuid:{uuid.uuid4()}</wsa:MessageID>"
    if request.message_id:
        related = soap.escape(request.message_id)
        header += f"<wsa:RelatesTo>{related}</wsa:RelatesTo>"
    return f"{header}<wsa:Action>{operation.action}</wsa:Action>"


def _document(body: bytes, status: int = 200) -> web.Response:
    return web.Response(body=body, status=status, headers={"Content-Type": soap.CONTENT_TYPE})
