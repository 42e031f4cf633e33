"""Composes a scene: stage, people, light and weather, noise; and returns what is visible."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from scripts.lib.assets import MIRROR

from .actors import cast
from .crowd import window
from .light import LIGHTS
from .plan import Planner
from .planes import HEIGHT, WIDTH, Patch, Planes, blend, scaled
from .plants import PLANTS
from .stages import CAR_PARK_RATE, STAGES, brick, cars, covered, still
from .things import cut_out
from .truth import PERSON, Sight
from .video import RATE
from .weather import BRIGHTEST, DARKEST, WEATHERS, Noise, colour, stand

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from .actors import Actor
    from .plan import Plan, Pose, Stroll
    from .scenes import Scene
    from .video import Pixels

type Area = tuple[slice, slice]

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
# Of who is this opaque, what is behind is not visible.
OPAQUE = 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Something to put into a frame: its picture, where, and what the truth says of it."""

    patch: Patch
    left: int
    top: int
    # In pixels of the composed picture.
    box: tuple[int, int, int, int]
    # Where it stands; who stands lower is nearer.
    foot: tuple[int, int]
    number: int
    walk: int = -1
    label: str = PERSON


class Composer:
    """One scene's frames, in order."""

    def __init__(
        self, scene: Scene, people: Sequence[Actor] | None = None, plan: Plan | None = None
    ) -> None:
        self.scene = scene
        self.plan = plan or Planner(scene).plan()
        self._people = tuple(people) if people is not None else cast()
        self._weather = WEATHERS[scene.weather]
        draw = np.random.default_rng((scene.seed, 1))
        self._noise = Noise(self._weather.noise, draw)
        self._effect = self._weather.effect(draw) if self._weather.effect else None
        self._cover = covered(scene.stage).copy()
        self.window = window(scene)
        # What the camera does not show is as if something stood before it.
        self._cover[:, : self.window[0]] = 255
        self._cover[:, self.window[1] :] = 255
        # On each frame, which figure is the nearest at each pixel.
        self._nearest = np.zeros((HEIGHT, WIDTH), np.uint8)
        self._still = stand(Planes.of(self._furnished()), self._weather)
        self._light = LIGHTS[scene.light](draw) if scene.light else None
        self._plants = {
            index: PLANTS[thing.kind](thing.height, np.random.default_rng(thing.look["seed"]))
            for index, thing in enumerate(self.plan.things)
            if thing.kind in PLANTS
        }
        self._patches: dict[tuple[object, ...], Patch] = {}
        self._frame = self._still.copy()

    def frames(self) -> Iterator[tuple[float, Planes, tuple[Sight, ...]]]:
        """Second, picture and figures of each frame; the picture is overwritten by the next."""
        for index in range(round(self.plan.seconds * self.scene.fps)):
            at = index / self.scene.fps
            self._set(at)
            if self.plan.deep:
                sights = self._play_in_depth(at)
            else:
                sights = tuple(
                    sight
                    for person, stroll in enumerate(self.plan.strolls)
                    if (sight := self._play(person, stroll, at)) is not None
                )
            if self._effect is not None:
                self._effect(self._frame, at)
            if self._light is not None:
                self._light(self._frame, at)
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
        figure = self._figure(person, stroll, pose, at)
        shown = self._put(figure)
        opacity = figure.patch.opacity
        share = float(shown.sum(dtype=np.int64) / opacity.sum(dtype=np.int64))
        return self._sight(figure, share)

    def _play_in_depth(self, at: float) -> tuple[Sight, ...]:
        """Put everything into the picture, the farthest first: who is nearer hides who is not."""
        figures = [
            self._figure(person, stroll, pose, at)
            for person, stroll in enumerate(self.plan.strolls)
            if (pose := stroll.pose(at)) is not None
        ]
        figures += [self._thing(number, at) for number in range(len(self.plan.things))]
        figures.sort(key=lambda figure: figure.foot[1])
        self._nearest.fill(0)
        for number, figure in enumerate(figures, 1):
            shown = self._put(figure)
            part, where = _inside(figure.patch, figure.left, figure.top)
            self._nearest[where][shown[part] > OPAQUE] = number
        sights = []
        for number, figure in enumerate(figures, 1):
            _, where = _inside(figure.patch, figure.left, figure.top)
            seen = int(np.count_nonzero(self._nearest[where] == number))
            whole = int(np.count_nonzero(figure.patch.opacity > OPAQUE))
            sights.append(self._sight(figure, seen / max(1, whole)))
        return tuple(sights)

    def _put(self, figure: Figure) -> Pixels:
        """Put a figure into the picture; how opaque each of its pixels is there."""
        shown = self._shown(figure.patch, figure.left, figure.top)
        self._shade(figure.foot, figure.box[3] - figure.box[1])
        blend(self._frame, figure.patch, figure.left, figure.top, shown)
        return shown

    def _sight(self, figure: Figure, share: float) -> Sight:
        x1, y1, x2, y2 = figure.box
        left, right = self.window
        width = right - left
        return Sight(
            walk=figure.walk,
            person=figure.number,
            box=((x1 - left) / width, y1 / HEIGHT, (x2 - left) / width, y2 / HEIGHT),
            share=round(share, 3),
            label=figure.label,
        )

    def _figure(self, person: int, stroll: Stroll, pose: Pose, at: float) -> Figure:
        """Somebody at a moment."""
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
        return Figure(
            patch=self._patches[key],
            left=left - offset[0],
            top=top - offset[1],
            box=(left, top, left + width, top + height),
            foot=(round(pose.x), round(pose.feet)),
            number=person,
            walk=stroll.walk,
            label=stroll.label,
        )

    def _thing(self, number: int, at: float) -> Figure:
        """A thing at a moment."""
        thing = self.plan.things[number]
        key = ("thing", number)
        patch = self._patches.get(key)
        if patch is None:
            if number in self._plants:
                picture = self._plants[number](at)
            else:
                rgba = cut_out(thing.kind, thing.look, self._people)
                picture = scaled(rgba, thing.height)
            # Its foot is at an even line, as a patch must be.
            patch = self._lit(Patch.of(picture, (0, thing.height % 2)))
            if number not in self._plants:
                self._patches[key] = patch
        height, width = patch.opacity.shape
        left, top = thing.x // 2 * 2 - width // 4 * 2, thing.feet // 2 * 2 - height
        return Figure(
            patch=patch,
            left=left,
            top=top,
            box=(left, top, left + width, top + height),
            # A flag stands at its pole, which is on the left.
            foot=(left if thing.kind == "flag" else thing.x, thing.feet),
            number=number,
            label=thing.kind,
        )

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
        shown = np.zeros_like(patch.opacity)
        part, where = _inside(patch, left, top)
        open_ = 255 - self._cover[where].astype(np.int32)
        shown[part] = (patch.opacity[part] * open_ // 255).astype(np.uint8)
        return shown

    def _shade(self, foot: tuple[int, int], height: int) -> None:
        """The soft shadow about the feet of a figure."""
        spread, depth = round(height * 0.22), max(2, round(height * 0.05))
        x, y = foot[0], foot[1] - depth // 2
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


def _inside(patch: Patch, left: int, top: int) -> tuple[Area, Area]:
    """The part of a patch that the picture shows, and where it is there; empty if there is none."""
    height, width = patch.opacity.shape
    x1, y1 = min(max(0, left), WIDTH), min(max(0, top), HEIGHT)
    x2, y2 = max(x1, min(WIDTH, left + width)), max(y1, min(HEIGHT, top + height))
    part = (slice(y1 - top, y2 - top), slice(x1 - left, x2 - left))
    return part, (slice(y1, y2), slice(x1, x2))


def dress(rgba: Pixels, clothes: int) -> Pixels:
    """A cut-out in other colors."""
    gamma, factors = CLOTHES[clothes % len(CLOTHES)]
    picture = rgba.astype(np.float32)
    picture[:, :, :3] = 255 * (picture[:, :, :3] / 255) ** gamma * np.array(factors)
    return np.clip(picture, 0, 255).astype(np.uint8)
