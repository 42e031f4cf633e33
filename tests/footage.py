"""The people in the footage, labeled by eye; seconds, to about 0.2."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Walk:
    """One person's stay: first hair in the picture, head and shoulders, whole figure, gone."""

    visible: float
    shoulders: float
    whole: float
    gone: float


HALLWAY = "videos/one_by_one_person.mp4"
PORCH = "videos/porch_man_leaves.mkv"
CAR_PARK = "videos/car_park_nobody.mp4"
HALLWAY_WALKS = (
    Walk(visible=6.0, shoulders=6.4, whole=7.2, gone=19.6),
    Walk(visible=22.8, shoulders=23.0, whole=24.0, gone=44.8),
    Walk(visible=50.2, shoulders=50.6, whole=51.8, gone=69.8),
    Walk(visible=74.6, shoulders=74.8, whole=75.6, gone=86.8),
    Walk(visible=92.2, shoulders=92.6, whole=93.6, gone=119.8),
    Walk(visible=123.4, shoulders=123.8, whole=124.8, gone=136.0),
)
HALLWAY_SECONDS = 139.4
