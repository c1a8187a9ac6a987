"""Another colour of the same cloth in a clip: its light, folds and movement stay.

The colour is worked into the source's own frames, at their size. Where the cloth is follows from
key frames; between them it is carried along the motion, so that the change does not flicker.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from generation.core.retouch.colour import dye, has_hue, hue_share, main_colour, to_lab
from generation.core.retouch.masks import garment_alpha
from generation.core.styles.motion import EDGE, MotionEstimator, flow_grid
from vision.faces import find_faces

# Frames from one look for the garment to the next.
KEY_EVERY = 6
# Around where the garment was seen, what has its colour belongs to it: share of the short side.
REACH = 0.03
# A body below a face, in widths and heights of the face: its width, height, and where it begins.
BODY_WIDTH, BODY_HEIGHT, NECK = 4.6, 5.0, 1.15
# Around the garment, by so much of the short side, its colour must be rare.
AROUND = 0.06
# A pixel has changed from the first share on, and surely is cloth from the second on.
A_LITTLE, MOSTLY = 0.08, 0.7
# Parts of what has the colour that are smaller than this share of the largest are crumbs.
CRUMB = 0.03
# Share of a frame's change that comes from the frame before; difference, of 255, beyond which that
# is another thing.
KEPT, OTHER_THING = 0.6, 24.0

Report = Callable[[int, int], None]
Check = Callable[[], None]


@dataclass(frozen=True)
class Recoloured:
    """A dyed clip.

    frames: (T, H, W, 3) uint8. share: how much of the picture changed, 0..1, on average.
    sureness: how much of that surely is cloth, 0..1; low where the cloth could not be told apart.
    """

    frames: np.ndarray
    share: float
    sureness: float


def recolour_clip(
    frames: np.ndarray,
    colour: str,
    *,
    mask: np.ndarray | None = None,
    report: Report = lambda done, total: None,
    check: Check = lambda: None,
) -> Recoloured:
    """Return the clip (T, H, W, 3) uint8 with its garment's main colour turned into `colour`.

    mask: (H, W) in 0..1, where it may change in all frames; without one the garment is looked for.
    `report` is told (frames done, frames in all), `check` may raise to stop.
    """
    total, done = len(frames), 0

    def step() -> None:
        nonlocal done
        check()
        done += 1
        report(min(done, total), 2 * total)

    keys = [frames[number] for number in range(0, total, KEY_EVERY)]
    guesses = [([mask] * len(keys), True)] if mask is not None else _places(keys, step)
    found = []
    for places, sure in guesses:
        main = _main_of(keys, places)
        found.append((_apart(keys, places, main), places, sure, main))
    apart, places, sure, main = max(found, key=lambda one: one[0])
    if mask is None and (has_hue(main) or not sure):
        places = [_reaching(np.minimum(2 * place, 1)) for place in places]
    follower = _Follower(frames.shape[1:3])
    made, changed, surely = np.empty_like(frames), 0.0, 0.0
    for number, frame in enumerate(frames):
        check()
        seen = places[number // KEY_EVERY] if number % KEY_EVERY == 0 else None
        lab = to_lab(frame)
        share = follower.follow(frame, hue_share(lab, main, sure_place=sure), seen)
        share = share * _without_crumbs(share)
        made[number] = dye(frame, lab, share, main, colour)
        changed += float((share > A_LITTLE).mean()) / total
        surely += float((share > MOSTLY).mean()) / total
        report(total + number + 1, 2 * total)
    return Recoloured(made, changed, min(apart, surely / max(changed, 1e-6)))


class _Follower:
    """Carries the garment's place and the change laid on it from frame to frame."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._motion = MotionEstimator(size)
        self._before: np.ndarray | None = None
        self._place: np.ndarray = np.zeros(size, np.float32)
        self._share: np.ndarray = np.zeros(size, np.float32)

    def follow(self, frame: np.ndarray, own: np.ndarray, seen: np.ndarray | None) -> np.ndarray:
        """Return how much of each pixel changes, (H, W) in 0..1.

        own: how much each has the garment's colour; seen: where the garment is, if it was looked
        for in this frame.
        """
        if self._before is None:
            assert seen is not None
            self._place, self._share = seen, seen * own
        else:
            grid = flow_grid(self._motion.between(self._before, frame).flow)
            carried, place, share = (
                cv2.remap(one, *grid, cv2.INTER_LINEAR, borderMode=EDGE)
                for one in (self._before, self._place, self._share)
            )
            # A new look corrects the place gently: looks differ more than garments move.
            self._place = place if seen is None else 0.5 * (place + seen)
            apart = cv2.absdiff(frame, carried).max(axis=2).astype(np.float32)
            kept = KEPT * np.exp(-((apart / OTHER_THING) ** 2))
            self._share = kept * share + (1 - kept) * self._place * own
        self._before = frame
        return self._share


def _places(
    frames: list[np.ndarray], step: Callable[[], None]
) -> list[tuple[list[np.ndarray], bool]]:
    """Return guesses where the garment is: for each frame (H, W) in 0..1, and if its edge is sure.

    What stands out from its ground; and below a face, if most frames show one. `step` is called
    before each frame.
    """
    faces, alphas = [], []
    for frame in frames:
        step()
        faces += find_faces(frame)[:1]
        alphas.append(garment_alpha(frame))
    guesses = [(alphas, True)]
    # Turned away in some frames, a face is about where it was in the others.
    if 2 * len(faces) >= len(frames):
        usual = np.median(faces, axis=0)
        guesses.append(([_body_below(usual, frame.shape[:2]) for frame in frames], False))
    return guesses


def _body_below(face: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return (H, W) float32 below a face (x, y, w, h as shares): 0.5 on a body, 1 on its chest."""
    height, width = size
    x, y, wide, tall = face * np.array([width, height, width, height])
    middle, top = x + wide / 2, max(0, int(y + NECK * tall))
    half = BODY_WIDTH * wide / 2
    left, right = (int(np.clip(middle + side * half, 0, width)) for side in (-1, 1))
    # The chest alone counts fully: what somebody wears below it is another garment.
    body = np.zeros(size, np.float32)
    body[top : int(top + BODY_HEIGHT * tall), left:right] = 0.5
    chest = slice(int(middle - 0.9 * wide), int(middle + 0.9 * wide))
    body[top : int(top + 2 * tall), max(0, chest.start) : chest.stop] = 1.0
    return body


def _reaching(alpha: np.ndarray) -> np.ndarray:
    """Return the garment's place with a margin: an arm moves before the next look."""
    side = 2 * max(1, round(REACH * min(alpha.shape))) + 1
    wide = cv2.dilate(alpha, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    return cv2.blur(wide, (side // 2 + 1, side // 2 + 1))


def _without_crumbs(share: np.ndarray) -> np.ndarray:
    """Return (H, W) float32: 0 where a part is too small to be the garment, else 1."""
    parts = (share > 0.25).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(parts)
    if count < 3:
        return np.ones(share.shape, np.float32)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = areas[1:].max()
    kept = (areas >= CRUMB * areas[0])[labels].astype(np.float32)
    return cv2.blur(kept, (3, 3))


def _main_of(frames: list[np.ndarray], alphas: list[np.ndarray]) -> np.ndarray:
    """Return the garment's main colour in Lab, (3,), one for the whole clip."""
    labs = [to_lab(frame[::3, ::3]) for frame in frames]
    places = [_in_the_middle(alpha)[::3, ::3] for alpha in alphas]
    return main_colour(np.concatenate(labs), np.concatenate(places))


def _apart(frames: list[np.ndarray], places: list[np.ndarray], main: np.ndarray) -> float:
    """Return how much rarer the cloth's colour is around the garment's place than in it, 0..1.

    Less where most of it lies at the sides: that is what somebody stands beside.
    """
    inside, around, central = 0.0, 0.0, 0.0
    for frame, place in zip(frames, places, strict=True):
        own, here = hue_share(to_lab(frame[::3, ::3]), main), place[::3, ::3] > 0.4
        side = 2 * max(1, round(AROUND * min(own.shape))) + 1
        ring = (cv2.dilate(here.astype(np.uint8), np.ones((side, side), np.uint8)) > 0) & ~here
        if here.any() and ring.any():
            inside += float(own[here].mean())
            around += float(own[ring].mean())
            columns = (own * here).sum(axis=0)
            quarter = len(columns) // 4
            central += float(columns[quarter:-quarter].sum() / max(columns.sum(), 1e-6))
    if inside <= 0:
        return 0.0
    return (1.0 - min(1.0, around / inside)) * min(1.0, 2 * central / len(frames))


def _in_the_middle(alpha: np.ndarray) -> np.ndarray:
    """Return the largest part of what was found, weighed towards the middle of the picture."""
    count, labels = cv2.connectedComponents((alpha > 0.5).astype(np.uint8))
    if count < 3:
        return alpha
    x = np.abs(np.linspace(-1, 1, alpha.shape[1], dtype=np.float32))
    weight = np.broadcast_to(1.0 - 0.8 * x, alpha.shape)
    sums = np.bincount(labels.ravel(), weight.ravel())
    return alpha * (labels == 1 + int(sums[1:].argmax()))
