"""One camera's watch: what to decode, when and where to look, and the resulting events."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from .daylight import Daylight
from .effort import Effort
from .motion import MotionGate
from .packets import PacketSizes
from .patience import Patience
from .regions import MOST_REGIONS, around, tiles
from .settings import DEFAULT
from .tracks import MISSES_TO_GO, Tracker
from .types import NEVER, WHOLE, Box
from .visits import Arrived, VisitEvent, Visits
from .zones import Areas, Crossing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .furniture import Furniture
    from .geometry import Pixels
    from .motion import Motion, Place
    from .regions import Region, View
    from .settings import Rules, Settings
    from .tracks import Track
    from .types import Detection
    from .visits import Visit

# Seconds between the motion gate's pictures while frames are decoded.
GATE_INTERVAL = 0.2
# Seconds between looks: at candidates and people just lost, at people who move or stay lost, at
# people who stand still.
EAGER_INTERVAL = 0.2
KNOWN_INTERVAL = 0.4
STILL_INTERVAL = 1.0
# A candidate that has not become a person by then is looked at as if it stood still.
EAGER_SECONDS = 5.0
# One that has been a part of the background is looked at less often after some seconds.
NEW_SECONDS = 3.0
ROOTED_INTERVAL = 5.0
# Seconds between looks at the whole picture, from the first to the last: someone may stand still.
SCAN_INTERVALS = (2.0, 5.0, 15.0, 60.0)
# After so many, there is none until something has moved.
FIRST_SCANS = 3
# Seconds for which motion counts after it was seen: for the schedule, and for reports.
MOTION_LINGERS = 1.0
MOTION_REPORTED = 5.0
# Seconds for which frames are decoded after a sign of motion, and after the last motion.
ALARM_LASTS = 1.0
AWAKE_AFTER_MOTION = 2.0
# Cameras with more seconds than this between key frames are always decoded; otherwise, on a quiet
# camera, key frames that come sooner than KEY_INTERVAL after the last one are not.
LONGEST_GROUP = 4.6
KEY_INTERVAL = 0.5
# Motion is a person's own if MOSTLY of it lies in the person's box, grown by OWN of its size.
OWN, MOSTLY = 0.4, 0.6
# The smallest person who must be noticed at once, as a share of the picture's height, and that
# height if the stream does not declare it.
SMALLEST = 1 / 12
USUAL_HEIGHT = 720
# Seconds before the next key frame that are not decoded, even if packet sizes are of no use; key
# frames count as regular when their distances differ by no more than this share.
UNSEEN = 1.0
KEYS_KEPT = 4
REGULAR = 0.1
# A frame may come this much early: cameras do not keep time exactly.
SLACK = 0.02
# Looks that are due within this many seconds are made together with those due now.
GRACE = 0.1
# A picture replaces the visit's best only when it is this much better.
BETTER = 1.15


@dataclass(frozen=True, slots=True)
class _Wish:
    box: Box
    due: float


@dataclass(frozen=True, slots=True)
class Look:
    """What one analyzed frame changed."""

    people: int
    events: tuple[VisitEvent, ...]
    best: Box | None
    crossings: tuple[Crossing, ...] = ()


class Watch:
    """Decides for one camera. Times are monotonic seconds; frames come in order."""

    def __init__(
        self,
        new_id: Callable[[], str],
        open_visit: Visit | None = None,
        furniture: Furniture | None = None,
        *,
        settings: Settings = DEFAULT,
    ) -> None:
        self._settings = settings
        self._areas = Areas(settings)
        self.daylight = Daylight()
        self._gate = MotionGate()
        self._sizes = PacketSizes(0)
        self._keys: deque[float] = deque(maxlen=KEYS_KEPT)
        self._patience = Patience()
        self._tracker = Tracker(furniture)
        self._visits = Visits(new_id, open_visit)
        # Where something moves, and where of these nobody is known.
        self._places: tuple[Place, ...] = ()
        self._strange: tuple[Place, ...] = ()
        self._moved_at = self._looked_at = self._gated_at = NEVER
        self._alarmed_at = self._decoded_at = NEVER
        self._scanned_at = NEVER
        self._scans = self._turn = 0
        self._stirred_at = NEVER
        self._effort = Effort()
        self._best = 0.0
        # The share of the wanted looks that are made; a busy machine makes intervals longer.
        self.pace = 1.0

    @property
    def visit(self) -> Visit | None:
        """The open visit."""
        return self._visits.visit

    @property
    def people(self) -> Sequence[Track]:
        """The tracks that are people."""
        return self._tracker.people

    @property
    def furniture(self) -> Furniture:
        """The objects that the detector mistakes for people."""
        return self._tracker.furniture

    @property
    def zones(self) -> dict[str, int]:
        """How many people are in each zone."""
        return self._areas.people

    @property
    def rules(self) -> Rules:
        """When a track is a person, in the present light."""
        return self._settings.night if self.daylight.night else self._settings.day

    def update(self, settings: Settings) -> None:
        """Apply new settings; the people and the visit stay."""
        before, self._settings = self._settings, settings
        self._areas.update(settings)
        if settings.masks != before.masks:
            # A changed mask is not motion; the visit's best picture may show what is now masked.
            self._gate = MotionGate()
            self._best = 0.0

    def began(self, height: int) -> None:
        """Begin a new stream; its pictures' height is in pixels, 0 if not known."""
        smallest = SMALLEST * (height or USUAL_HEIGHT)
        self._sizes = PacketSizes(smallest * smallest / 3)
        self._keys.clear()
        self._alarmed_at = NEVER

    def wants(self, size: int, at: float, *, key: bool) -> bool:
        """Whether to decode a packet now; if not, it may still be decoded later."""
        calm = not self._busy(at)
        if calm and self._alarmed_at != NEVER and at - self._alarmed_at >= ALARM_LASTS:
            self._sizes.was_false()
            self._alarmed_at = NEVER
        if self._sizes.alarm(size, at, key=key, calm=calm) and self._alarmed_at == NEVER:
            self._alarmed_at = at
        if key:
            self._keys.append(at)
        wanted = self._awake(at) or (key and at - self._decoded_at >= KEY_INTERVAL - SLACK)
        if wanted:
            self._decoded_at = at
        return wanted

    def gate_due(self, at: float) -> bool:
        """Whether to pass a frame at `at` to the motion gate."""
        return at - self._gated_at >= GATE_INTERVAL - SLACK

    def see(self, grey: Pixels, at: float) -> Motion:
        """Pass a small gray picture through the motion gate."""
        self._gated_at = at
        motion = self._gate.update(grey, at)
        if motion.new_scene:
            self._scans = 0
            self._tracker.moved((WHOLE,), at)
        self._patience.moved(motion.places, at)
        self._tracker.moved([place.box for place in motion.places], at)
        if motion.stirred or motion.new_scene:
            self._stirred_at = at
        if motion.moving:
            self._moved_at = at
            self._alarmed_at = NEVER
            self._places = motion.places
            # What moves where nobody is known: several people who touch make one motion.
            known = [track.expected(at).grown(OWN) for track in self._tracker.tracks]
            self._strange = self._gate.places_beyond(known) if known else motion.places
        elif motion.stirred and self._alarmed_at == NEVER:
            self._alarmed_at = at
        return motion

    def moving(self, at: float) -> bool:
        """Whether motion is to be reported."""
        return at - self._moved_at < MOTION_REPORTED

    def look_due(self, at: float) -> bool:
        """Whether a frame at `at` should be analyzed."""
        if self._effort.room(at) < 1:
            return False
        return self._scan_due(at) or any(wish.due <= at + SLACK for wish in self._wishes(at))

    def regions(self, view: View, at: float) -> tuple[Region, ...]:
        """The regions of a frame at `at` to analyze."""
        regions = self._due_regions(view, at)
        self._effort.spend(len(regions), at)
        return regions

    def _due_regions(self, view: View, at: float) -> tuple[Region, ...]:
        if self._scan_due(at):
            self._scanned_at = at
            self._scans += 1
            return tiles(view)
        self._turn += 1
        due = [wish for wish in self._wishes(at) if wish.due <= at + GRACE]
        room = self._effort.room(at)
        if len(due) > room:
            # Not always the same ones: who has waited longest comes first.
            due.sort(key=lambda wish: wish.due)
        return around([wish.box for wish in due], view, self._turn, min(room, MOST_REGIONS))

    def look(
        self, detections: Sequence[Detection], at: float, regions: Sequence[Box] = (WHOLE,)
    ) -> Look:
        """Process the detections of a frame, and the regions that were analyzed."""
        self._looked_at = at
        rules = self._tracker.rules = self.rules
        detections = [
            one for one in detections if rules.smallest <= one.box.height <= rules.largest
        ]
        self._patience.looked(regions, [one.box for one in detections], at)
        self._tracker.update(
            detections, at, self._gate.evidence, regions, known=self._visits.resumed
        )
        self._tracker.furniture.looked(detections, regions)
        people, present = self._tracker.people, self._tracker.present(at)
        crossings = self._areas.look(self._tracker.tracks, at)
        zones = [name for name, number in self._areas.people.items() if number]
        events = self._visits.update(people, at, zones, len(present))
        return Look(len(present), events, self._best_box(events, at), crossings)

    def pause(self) -> tuple[VisitEvent, ...]:
        """Pause: end the visit and forget all tracks."""
        self._tracker.clear()
        self._areas.clear()
        self._looked_at = NEVER
        self._scans = 0
        return self._visits.close()

    def _busy(self, at: float) -> bool:
        return at - self._moved_at < AWAKE_AFTER_MOTION or bool(
            self._tracker.tracks or self._visits.visit
        )

    def _awake(self, at: float) -> bool:
        if self._busy(at) or at - self._alarmed_at < ALARM_LASTS:
            return True
        if not self._keys or at - self._keys[-1] > LONGEST_GROUP:
            return True
        return self._sizes.blind and self._next_key() - at > UNSEEN

    def _next_key(self) -> float:
        """When the next key frame is expected; infinity if they come irregularly."""
        gaps = [late - early for early, late in pairwise(self._keys)]
        if len(gaps) < KEYS_KEPT - 1 or max(gaps) > (1 + REGULAR) * min(gaps):
            return float("inf")
        return self._keys[-1] + max(gaps)

    def _scan_due(self, at: float) -> bool:
        if not self._scans:
            return True
        if self._scans > FIRST_SCANS and self._stirred_at < self._scanned_at:
            return False
        interval = SCAN_INTERVALS[min(self._scans, len(SCAN_INTERVALS)) - 1]
        return at - self._scanned_at >= interval - SLACK

    def _wishes(self, at: float) -> list[_Wish]:
        """Where to look and when, the most important first."""
        recent = at - self._moved_at < MOTION_LINGERS
        places, strange = (self._places, self._strange) if recent else ((), ())
        tracks = [(track, track.expected(at)) for track in self._tracker.tracks]
        wishes = [
            _Wish(box, track.looked_at + _candidate_interval(track, at) / self.pace)
            for track, box in tracks
            if not track.confirmed
        ]
        wishes += [
            _Wish(place.box, self._patience.due(place, self.pace))
            for place in strange
            if not any(box.grown(OWN).share_of(place.box) >= MOSTLY for _, box in tracks)
        ]
        for track, box in tracks:
            if track.confirmed:
                moves = any(place.box.touches(box) for place in places)
                interval = _known_interval(track, moves=moves) / self.pace
                # Look when a lost person counts as gone, not some time after.
                leaves, due = track.leaves_at, track.looked_at + interval
                wishes.append(_Wish(box, min(due, leaves) if track.looked_at < leaves else due))
        if not tracks and self._visits.visit:
            wishes.append(_Wish(WHOLE, self._looked_at + STILL_INTERVAL / self.pace))
        return wishes

    def _best_box(self, events: tuple[VisitEvent, ...], at: float) -> Box | None:
        """The person in this frame's picture, if it is the visit's best so far."""
        if any(isinstance(event, Arrived) for event in events):
            self._best = 0.0
        seen = [track for track in self._tracker.people if track.last_seen == at]
        if not seen:
            return None
        best = max(seen, key=lambda track: quality(track.box, track.scores[-1]))
        worth = quality(best.box, best.scores[-1])
        if worth < self._best * BETTER:
            return None
        self._best = worth
        return best.box


def _candidate_interval(track: Track, at: float) -> float:
    known = at - track.first_seen
    if track.rooted:
        # What has been there all the time is not about to arrive.
        return STILL_INTERVAL if known < NEW_SECONDS else ROOTED_INTERVAL
    return EAGER_INTERVAL if known < EAGER_SECONDS else STILL_INTERVAL


def _known_interval(track: Track, *, moves: bool) -> float:
    if 0 < track.misses < MISSES_TO_GO:
        return EAGER_INTERVAL
    away = track.misses and not track.standing
    return KNOWN_INTERVAL if moves or away else STILL_INTERVAL


def quality(box: Box, score: float) -> float:
    """How good a picture of a person is: a high score, large, and not cut off."""
    whole = 0.5 if box.at_edge or box.y1 <= 0 else 1.0
    return float(score * box.area**0.5 * whole)
