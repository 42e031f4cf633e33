"""Composes a scene: stage, people, light and weather, noise; and returns what is visible."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from scripts.lib.assets import MIRROR

from .actors import cast
from .plan import Planner
from .planes import HEIGHT, WIDTH, Patch, Planes, blend, scaled
from .stages import CAR_PARK_RATE, STAGES, brick, cars, covered, still
from .truth import Sight
from .video import RATE
from .weather import BRIGHTEST, DARKEST, WEATHERS, Noise, colour, stand

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .actors import Actor
    from .plan import Pose, Stroll
    from .scenes import Scene
    from .video import Pixels

PORTRAIT = MIRROR / "images" / "samples" / "person_portrait.bmp"
PORTRAIT_AT, PORTRAIT_SIZE, FRAME = (400, 130), (150, 176), 10
# Clothes of other colors than the footage has: gamma, then factors of red, green and blue.
CLOTHES = (
    (1.0, (1.0, 1.0, 1.0)),
    (0.55, (1.0, 0.93, 0.86)),
    (0.6, (0.8, 0.9, 1.1)),
    (0.7, (1.1, 0.82, 0.8)),
)
# What clothes give back of infrared light: black ones are no longer black.
INFRARED = (0.85, 32.0)
SHADOW = 0.45


class Composer:
    """One scene's frames, in order."""

    def __init__(self, scene: Scene, people: Sequence[Actor] | None = None) -> None:
        self.scene = scene
        self.plan = Planner(scene).plan()
        self._people = tuple(people) if people is not None else cast()
        self._weather = WEATHERS[scene.weather]
        draw = np.random.default_rng((scene.seed, 1))
        self._noise = Noise(self._weather.noise, draw)
        self._effect = self._weather.effect(draw) if self._weather.effect else None
        self._cover = covered(scene.stage).copy()
        self._still = stand(Planes.of(self._furnished()), self._weather)
        self._patches: dict[tuple[object, ...], Patch] = {}
        self._frame = self._still.copy()

    def frames(self) -> Iterator[tuple[float, Planes, tuple[Sight, ...]]]:
        """Second, picture and people of each frame; the picture is overwritten by the next."""
        for index in range(round(self.plan.seconds * self.scene.fps)):
            at = index / self.scene.fps
            self._set(at)
            sights = tuple(
                sight
                for person, stroll in enumerate(self.plan.strolls)
                if (sight := self._play(person, stroll, at)) is not None
            )
            if self._effect is not None:
                self._effect(self._frame, at)
            self._noise.add(self._frame)
            yield at, self._frame, sights

    def _furnished(self) -> Pixels:
        """The stage with the scene's pillars and portrait."""
        image = Image.fromarray(still(self.scene.stage)).copy()
        for pillar in self.plan.pillars:
            size = (pillar.right - pillar.left, pillar.foot - pillar.top)
            front = Image.fromarray(brick()).resize(size, Image.Resampling.LANCZOS)
            image.paste(front, (pillar.left, pillar.top))
            top, left = max(0, pillar.top), max(0, pillar.left)
            self._cover[top : pillar.foot, left : pillar.right] = 255
        if self.scene.portrait:
            with Image.open(PORTRAIT) as portrait:
                left, top = PORTRAIT_AT[0] - FRAME, PORTRAIT_AT[1] - FRAME
                right, foot = (
                    left + PORTRAIT_SIZE[0] + 2 * FRAME,
                    top + PORTRAIT_SIZE[1] + 2 * FRAME,
                )
                image.paste((40, 25, 15), (left, top, right, foot))
                image.paste(portrait.convert("RGB").resize(PORTRAIT_SIZE), PORTRAIT_AT)
        return np.asarray(image, np.uint8)

    def _set(self, at: float) -> None:
        """The stage alone."""
        if not STAGES[self.scene.stage].moving:
            np.copyto(self._frame.buffer, self._still.buffer)
            return
        clip = cars()
        moment = clip[int((at + 7 * self.scene.seed) * CAR_PARK_RATE) % len(clip)]
        np.clip(moment.y, DARKEST, BRIGHTEST, out=self._frame.y)
        np.copyto(self._frame.u, moment.u)
        np.copyto(self._frame.v, moment.v)

    def _play(self, person: int, stroll: Stroll, at: float) -> Sight | None:
        """Put a person into the picture; None before and after the stroll."""
        pose = stroll.pose(at)
        if pose is None:
            return None
        patch, left, top, box = self._figure(stroll, pose, at)
        shown = self._shown(patch, left, top)
        self._shade(pose, stroll.lane.height)
        blend(self._frame, patch, left, top, shown)
        x1, y1, x2, y2 = box
        return Sight(
            walk=stroll.walk,
            person=person,
            box=(x1 / WIDTH, y1 / HEIGHT, x2 / WIDTH, y2 / HEIGHT),
            share=round(float(shown.sum(dtype=np.int64) / patch.opacity.sum(dtype=np.int64)), 3),
        )

    def _figure(
        self, stroll: Stroll, pose: Pose, at: float
    ) -> tuple[Patch, int, int, tuple[int, int, int, int]]:
        """The cut-out for a moment, where its corner is, and the figure's box."""
        actor = self._people[stroll.actor % len(self._people)]
        cycle = actor.sideways if pose.moving else actor.standing
        # Forth and back, as a cycle's end is not its beginning.
        turn = int((at - stroll.span[0]) * RATE) % max(1, 2 * len(cycle) - 2)
        number = min(turn, 2 * len(cycle) - 2 - turn)
        height = stroll.lane.height
        width = max(2, round(cycle[number].shape[1] * height / cycle[number].shape[0]))
        left, top = round(pose.x - width / 2), round(pose.feet - height)
        offset = (left % 2, top % 2)
        key = (stroll.actor, stroll.clothes, pose.moving, pose.leftwards, number, height, offset)
        if key not in self._patches:
            dressed = dress(cycle[number], stroll.clothes)
            self._patches[key] = self._lit(
                Patch.of(scaled(dressed, height, mirrored=pose.leftwards), offset)
            )
        box = (left, top, left + width, top + height)
        return self._patches[key], left - offset[0], top - offset[1], box

    def _lit(self, patch: Patch) -> Patch:
        """As bright and colored as stage and weather have people."""
        stage, weather = STAGES[self.scene.stage], self._weather
        luma = patch.y.astype(np.float32)
        if weather.infrared or stage.infrared:
            luma = luma * INFRARED[0] + INFRARED[1]
        luma *= stage.light * weather.gain * weather.people
        luma += DARKEST * (1 - weather.gain)
        u, v = patch.u.copy(), patch.v.copy()
        colour(u, weather)
        colour(v, weather)
        y = np.clip(luma, DARKEST, BRIGHTEST).astype(np.uint8)
        return Patch(y=y, u=u, v=v, opacity=patch.opacity)

    def _shown(self, patch: Patch, left: int, top: int) -> Pixels:
        """A figure's opacity where nothing stands before it and the picture goes that far."""
        height, width = patch.opacity.shape
        shown = np.zeros_like(patch.opacity)
        x1, y1 = max(0, left), max(0, top)
        x2, y2 = min(WIDTH, left + width), min(HEIGHT, top + height)
        if x1 < x2 and y1 < y2:
            part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
            open_ = 255 - self._cover[y1:y2, x1:x2].astype(np.int32)
            shown[part] = (patch.opacity[part] * open_ // 255).astype(np.uint8)
        return shown

    def _shade(self, pose: Pose, height: int) -> None:
        """The soft shadow about a person's feet."""
        spread, depth = round(height * 0.22), max(2, round(height * 0.05))
        x, y = round(pose.x), round(pose.feet) - depth // 2
        x1, x2 = max(0, x - spread), min(WIDTH, x + spread)
        y1, y2 = max(0, y - depth), min(HEIGHT, y + depth)
        if x1 >= x2 or y1 >= y2:
            return
        across = (np.arange(x1, x2) - x) / spread
        down = (np.arange(y1, y2) - y) / depth
        dark = np.clip(1 - across[None] ** 2 - down[:, None] ** 2, 0, 1) * SHADOW
        dark = dark * (1 - self._cover[y1:y2, x1:x2] / 255)
        under = self._frame.y[y1:y2, x1:x2]
        under[:] = DARKEST + ((under - DARKEST) * (1 - dark)).astype(np.uint8)


def dress(rgba: Pixels, clothes: int) -> Pixels:
    """A cut-out in other colors."""
    gamma, factors = CLOTHES[clothes % len(CLOTHES)]
    picture = rgba.astype(np.float32)
    picture[:, :, :3] = 255 * (picture[:, :, :3] / 255) ** gamma * np.array(factors)
    return np.clip(picture, 0, 255).astype(np.uint8)
