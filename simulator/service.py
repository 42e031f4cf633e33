"""The base of all SOAP services: a namespace, and operations by name."""

from __future__ import annotations

import dataclasses
import inspect
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, ClassVar

from simulator.soap import SoapFault

if TYPE_CHECKING:
    from simulator.soap import SoapRequest

type Handler = Callable[[SoapRequest], str | Awaitable[str]]


@dataclasses.dataclass(frozen=True, slots=True)
class Operation:
    """An operation: a function that returns the content of the response element."""

    handler: Handler
    open: bool = False
    """Needs no credentials."""
    prefix: str = ""
    """Namespace prefix of the response element if it is not the service's own."""
    action: str = ""
    """WS-Addressing action of the response, for those operations that use it."""


class Service(ABC):
    """One SOAP service."""

    namespace: ClassVar[str]
    prefix: ClassVar[str]

    @abstractmethod
    def operations(self) -> dict[str, Operation]:
        """Return the operations by name."""

    def find(self, request: SoapRequest) -> Operation:
        """Return the operation a request asks for; raises SoapFault."""
        found = self.operations().get(request.operation)
        if found is None:
            raise SoapFault(
                "ter:ActionNotSupported", "Optional Action Not Implemented", code="Receiver"
            )
        return found

    async def answer(self, operation: Operation, request: SoapRequest) -> str:
        """Return the response element; raises SoapFault."""
        result = operation.handler(request)
        inside = await result if inspect.isawaitable(result) else result
        name = f"{operation.prefix or self.prefix}:{request.operation}Response"
        return f"<{name}>{inside}</{name}>"
