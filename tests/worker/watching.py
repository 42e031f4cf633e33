"""A camera whose detector sees what a test says, and what it reports."""

from __future__ import annotations

from dataclasses import replace
from time import time
from typing import TYPE_CHECKING, Any

from porchlight.onvif.values import Credentials
from porchlight.worker.messages import Source, VisitInfo, VisitNews
from porchlight.worker.timing import TIMING

from .support import SWAY

if TYPE_CHECKING:
    from porchlight.vision.types import Detection
    from porchlight.worker.messages import VisitPhase

    from .support import Heard

# Retries come soon. What a test wants to run out of time is shorter there.
QUICK = replace(
    TIMING,
    first_retry=0.2,
    last_retry=0.4,
    visit_survives=600.0,
    visit_interval=3600.0,
    status_interval=3600.0,
    picture_interval=0.3,
    opening=60.0,
    reading=60.0,
)
BEFORE = VisitInfo(
    visit_id="kept", arrived_at=time() - 60, last_seen=time() - 5, score=0.7, count=1, most=1
)
HALF = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
NOWHERE = Source(url="rtsp://127.0.0.1:9/", credentials=Credentials(username="", password=""))


def swayed(one: Detection, step: int) -> Detection:
    """A person, a little aside every other time."""
    return replace(one, box=one.box.moved(0, SWAY * (step % 2)))


def phases(heard: Heard) -> list[VisitPhase]:
    """What became of the visits so far."""
    return [news.phase for news in heard.of(VisitNews)]


def visit(heard: Heard, phase: VisitPhase, **more: Any) -> VisitNews:
    """The first such news of a visit."""
    return heard.wait(VisitNews, where=lambda news: news.phase is phase, **more)
