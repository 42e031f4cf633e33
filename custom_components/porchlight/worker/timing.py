"""How long a camera waits, in seconds."""

from __future__ import annotations

from dataclasses import dataclass

from .decoding import DECODE_SECONDS
from .stream import OPEN_SECONDS, READ_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """The waits of one camera, in seconds."""

    first_retry: float = 1.0
    # A camera that is back is watched again within 15 seconds.
    last_retry: float = 8.0
    # After a stream that lasted this long, the next retry is quick again.
    good_stream: float = 30.0
    # Without a look for this long, people count as gone.
    visit_survives: float = 20.0
    # Between reports of an open visit when nothing changed.
    visit_interval: float = 5.0
    # Between reports when nothing changed.
    status_interval: float = 30.0
    # Between two best pictures of one visit.
    picture_interval: float = 2.0
    opening: float = OPEN_SECONDS
    reading: float = READ_SECONDS
    decoding: float = DECODE_SECONDS


TIMING = Timing()
