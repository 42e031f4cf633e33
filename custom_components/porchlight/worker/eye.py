"""Turns one camera's packets into frames and motion, in the thread that reads them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from ..vision.motion import HEIGHT, WIDTH

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

    from ..vision.watch import Watch
    from .decoding import Decoder
    from .masks import Curtain
    from .pixels import Shrinker


class Eye:
    """Decodes the packets that a watch wants, and passes it pictures for the motion gate."""

    def __init__(
        self,
        watch: Watch,
        decoder: Decoder,
        shrinker: Shrinker,
        lock: AbstractContextManager[object] | None = None,
        curtain: Curtain | None = None,
    ) -> None:
        """`lock` guards the watch, if other threads use it, too; `curtain` hides masks."""
        self._watch = watch
        self._decoder = decoder
        self._shrinker = shrinker
        self._lock = lock or nullcontext()
        self._curtain = curtain

    def take(
        self, packet: Packet[VideoStream], at: float, *, always: bool = False
    ) -> tuple[VideoFrame, float] | None:
        """The newest frame that this packet completes, with its time. Raises StreamError.

        `always`: decode even if the watch does not want it.
        """
        with self._lock:
            wanted = self._watch.wants(packet.size, at, key=packet.is_keyframe)
        newest = None
        hidden = False
        for frame, came in self._decoder.take(packet, at, wanted=wanted or always):
            newest, hidden = (frame, came), False
            if self._watch.gate_due(came):
                curtain = self._curtain
                newest, hidden = (_behind(curtain, frame), came), True
                self._show(*newest, curtain)
        if newest is not None and not hidden:
            newest = _behind(self._curtain, newest[0]), newest[1]
        return newest

    def cover(self, curtain: Curtain) -> None:
        """Use this curtain from now on. Needs the lock."""
        self._curtain = curtain

    def _show(self, frame: VideoFrame, came: float, curtain: Curtain | None) -> None:
        """Pass the watch a small gray picture, and now and then the spread of its colors."""
        grey = self._shrinker.grey(frame, WIDTH, HEIGHT)
        daylight = self._watch.daylight
        spread = self._shrinker.spread(frame) if daylight.due(came) else None
        with self._lock:
            if curtain is not self._curtain:
                # A changed mask must not count as motion.
                return
            self._watch.see(grey, came)
            if spread is not None:
                daylight.measure(spread, came)


def _behind(curtain: Curtain | None, frame: VideoFrame) -> VideoFrame:
    return curtain.over(frame) if curtain else frame
