"""Detects motion without decoding, by the sizes of a camera's predicted frames."""

from __future__ import annotations

from math import exp, log

# Bytes that a moving person adds to a predicted frame, for each pixel covered: measured with
# H.264 and H.265 at several qualities, 0.2 to 0.4.
BYTES_PER_PIXEL = 0.25
# Seconds within which the smallest person must cause an alarm; otherwise sizes are of no use.
PATIENCE = 0.7
# Sizes are compared as log(size + FLOOR): differences of fewer bytes mean nothing.
FLOOR = 64.0
# How quickly the usual sizes and their variation adapt, after the first groups of pictures.
FOLLOW = 0.1
UNREST_RATE = 0.02
FIRST_UNREST, LEAST_UNREST = 0.3, 0.05
# Each packet adds its surplus, in units of the usual variation, less this; the sum decides.
DRIFT = 0.4
# A single packet's surplus counts at most this much: alone it is not a sign.
MOST = 3.0
# The sum at which an alarm is given. False alarms raise it until they come about this many seconds
# apart; it never falls below what two packets can reach.
FALSE_ALARM_SECONDS = 30.0
LEAST_ALARM, FIRST_ALARM, MOST_ALARM = 4.0, 6.0, 60.0
RAISE = 0.15
# Groups of pictures to learn the usual sizes from, and the longest that can be remembered.
LEARNING_GROUPS = 3
LONGEST_GROUP = 300


class PacketSizes:
    """Learns the usual size of each place in a camera's group of pictures.

    After a key frame, encoders send small frames, then larger ones. So a frame is compared with
    those in the same place of earlier groups.
    """

    def __init__(self, smallest: float) -> None:
        """`smallest`: the pixels covered by the smallest person that must not be missed."""
        self._surplus = BYTES_PER_PIXEL * smallest
        self._pace = 0.1
        self._usual: list[float] = []
        self._seen: list[int] = []
        self._place = 0
        self._groups = 0
        self._sum = 0.0
        self._unrest = FIRST_UNREST
        self._alarm = FIRST_ALARM
        self._at: float | None = None

    @property
    def blind(self) -> bool:
        """Whether the usual sizes are not known yet, or vary too much to show a small person."""
        if self._groups <= LEARNING_GROUPS or not self._usual:
            return True
        typical = exp(sorted(self._usual)[len(self._usual) // 2])
        sign = log(1 + self._surplus / typical) / max(self._unrest, LEAST_UNREST)
        return (min(sign, MOST) - DRIFT) * PATIENCE / self._pace < self._alarm

    def alarm(self, size: int, at: float, *, key: bool, calm: bool) -> bool:
        """Process the next packet's size; True if something seems to move.

        `calm`: no motion is known, so this size is a usual one.
        """
        elapsed = 0.0 if self._at is None else min(max(0.0, at - self._at), 1.0)
        self._at = at
        if elapsed:
            self._pace += FOLLOW * (elapsed - self._pace)
        if calm:
            relaxed = self._alarm * (1 - RAISE * elapsed / FALSE_ALARM_SECONDS)
            self._alarm = max(LEAST_ALARM, relaxed)
        if key:
            self._groups += 1
            self._place = 0
            return False
        place, self._place = self._place, self._place + 1
        if place >= LONGEST_GROUP:
            return False
        level = log(size + FLOOR)
        if place == len(self._usual):
            self._usual.append(level)
            self._seen.append(1)
            return False
        surplus = level - self._usual[place]
        if calm:
            self._seen[place] += 1
            self._usual[place] += surplus * max(FOLLOW, 1 / self._seen[place])
            self._unrest += UNREST_RATE * (min(abs(surplus), 1.0) - self._unrest)
        scaled = min(surplus / max(self._unrest, LEAST_UNREST), MOST)
        self._sum = min(max(0.0, self._sum + scaled - DRIFT), 2 * self._alarm)
        return self._sum >= self._alarm

    def was_false(self) -> None:
        """Record that the last alarm was false."""
        self._alarm = min(MOST_ALARM, self._alarm * (1 + RAISE))
        self._sum = 0.0
