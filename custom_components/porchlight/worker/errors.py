"""What can go wrong in the worker, each with the stable key of its translation."""

from __future__ import annotations

from enum import StrEnum

# Detail of an unauthorized stream whose login was refused to another stream of the same host.
NOT_SHOWN = "the login was refused to another stream"


class StreamProblem(StrEnum):
    """Why a stream gives no pictures."""

    UNREACHABLE = "unreachable"
    UNAUTHORIZED = "unauthorized"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    TOO_MANY_VIEWERS = "too_many_viewers"
    UNSUPPORTED_TRANSPORT = "transport"
    CERTIFICATE = "certificate"
    CLEAR_TEXT = "clear_text"
    NO_VIDEO = "no_video"
    UNSUPPORTED_CODEC = "unsupported_codec"
    STALLED = "stalled"
    BROKEN = "broken"
    TOO_LARGE = "too_large"
    ENDED = "ended"


class EngineProblem(StrEnum):
    """The reasons why detection is not possible."""

    NOT_INSTALLED = "engine_not_installed"
    CRASHED = "engine_crashed"
    FAILING = "engine_failing"
    MODEL_REFUSED = "model_refused"
    MODEL_UNSUPPORTED = "model_unsupported"


class WorkerError(Exception):
    """Base of the worker's errors; a bare one is a bug."""


class StreamError(WorkerError):
    """A stream cannot be watched; handled by the caller. The text never holds credentials."""

    def __init__(self, problem: StreamProblem, detail: str = "") -> None:
        super().__init__(f"{problem}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail


class FrameError(WorkerError):
    """A frame cannot be analyzed; the next one may be fine."""


class EngineError(WorkerError):
    """An engine or a model cannot be used; handled by the caller."""

    def __init__(self, problem: EngineProblem, detail: str = "") -> None:
        super().__init__(f"{problem}: {detail}" if detail else problem.value)
        self.problem = problem
        self.detail = detail


class ChannelError(WorkerError):
    """The other process sent an invalid message: a bug."""


class SnapshotError(Exception):
    """A camera's own picture is of no use; an errand reports it with `key`."""

    key = "snapshot"
