"""What one camera's packets come to, in the thread that reads them: frames, motion, regions."""

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
    from .pixels import Shrinker


class Eye:
    """Decodes what a watch wants and shows it the motion."""

    def __init__(
        self,
        watch: Watch,
        decoder: Decoder,
        shrinker: Shrinker,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        """`lock` guards the watch, if other threads come to it, too."""
        self._watch = watch
        self._decoder = decoder
        self._shrinker = shrinker
        self._lock = lock or nullcontext()

    def take(
        self, packet: Packet[VideoStream], at: float, *, always: bool = False
    ) -> tuple[VideoFrame, float] | None:
        """The newest frame that this packet leads to, with its time. Raises StreamError.

        `always`: whatever the watch wants, decode it.
        """
        with self._lock:
            wanted = self._watch.wants(packet.size, at, key=packet.is_keyframe)
        newest = None
        for frame, came in self._decoder.take(packet, at, wanted=wanted or always):
            newest = frame, came
            if self._watch.gate_due(came):
                grey = self._shrinker.grey(frame, WIDTH, HEIGHT)
                with self._lock:
                    self._watch.see(grey, came)
        return newest
