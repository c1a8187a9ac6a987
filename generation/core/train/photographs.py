"""Photographs of a wardrobe as training pictures: cut out, coloured anew, on plain grounds.

A garment whose outline can be trusted is laid on a soft ground drawn by lot, so that the floor it
was photographed on says nothing; the caption's colour is measured after all changes. The others
are shown as they are. Senders who are held out for measuring are never learnt from.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from common.errors import InvalidInputError
from common.vocabulary import COLOURS, PATTERNS, TYPES
from generation.core.train.cache import HEIGHT, WIDTH, ZOOM, Facts, Sample
from generation.core.train.wording import photo_captions
from vision.colours import garment_mask, measure_colours
from vision.phrases import COLOUR_NAMES, PLAIN, UNKNOWN, Attributes
from vision.samples import SECOND_SHARE, held_senders, type_of_label

# As in the encoder's training: nobody held out there is learnt from here.
SPLIT_SEED = 7
# Types are drawn by their count to this power: rare ones more often than they were photographed.
RARITY = 0.4
# Of photographs with a trusted outline, those shown as they were taken all the same.
UNTOUCHED_SHARE = 0.12
RECOLOUR_SHARE = 0.5
# Of plain garments, those given a pattern; it would sit wrong on what is not flat cloth.
PATTERN_SHARE = 0.35
UNPATTERNED = ("shoes", "hat")
# How far lightness may be moved before cloth looks painted (CIE L).
MOST_LIGHTER = 45.0
# Spread (CIE Lab) up to which cloth counts as plain.
PLAIN_SPREAD = (13.0, 7.0)
# Least distance in lightness, or in hue, between a garment and the ground it is laid on.
LEAST_CONTRAST = 22.0


@dataclass(frozen=True)
class Photograph:
    """One file with the index of its type."""

    file: Path
    type: int


class PhotographSampler:
    """Gives photograph number `index`, changed by lot, the same every time."""

    def __init__(self, folder: Path, seed: int, *, held: bool = False) -> None:
        """Read `folder`/images.csv (image, sender_id, label); `held`: only held-out senders."""
        rows = list(csv.DictReader((folder / "images.csv").open()))
        senders = held_senders(rows, SPLIT_SEED)
        self.seed = seed
        self.by_type: dict[int, list[Photograph]] = {}
        for row in rows:
            kind = type_of_label(row["label"])
            if kind == UNKNOWN or (row["sender_id"] in senders) != held:
                continue
            file = folder / "images" / f"{row['image']}.jpg"
            self.by_type.setdefault(kind, []).append(Photograph(file, kind))
        if not self.by_type:
            raise InvalidInputError(f"{folder} holds no labelled photographs.")
        counts = np.array([len(self.by_type[kind]) for kind in sorted(self.by_type)], float)
        self._shares = counts**RARITY / (counts**RARITY).sum()

    def __call__(self, index: int, large: bool) -> Sample | None:
        """Return the photograph with its captions; None when the file cannot be read."""
        rng = np.random.default_rng((self.seed, 77, index))
        kind = sorted(self.by_type)[int(rng.choice(len(self._shares), p=self._shares))]
        picked = self.by_type[kind][int(rng.integers(len(self.by_type[kind])))]
        found = _read(picked.file)
        if found is None:
            return None
        rgb, cutout = found
        zoom = ZOOM if large else 2
        if cutout is None or rng.random() < UNTOUCHED_SHARE:
            picture, pattern, laid = _as_taken(rgb, zoom, rng), UNKNOWN, False
        else:
            share = 0.0 if TYPES[kind] in UNPATTERNED else PATTERN_SHARE
            (picture, pattern), laid = lay_out(rgb, cutout, zoom, rng, share), True
        small = cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        known = _measured(small, picked.type, pattern)
        words = random.Random(int(rng.integers(2**31)))
        return Sample(
            image=small,
            facts=Facts(
                captions=photo_captions(words, known),
                # On its own ground a photograph shows whose it is: it is never a liked item.
                taste=_taste(known) if laid else {},
                photo=True,
            ),
            large=picture if large else None,
        )


def learnt_files(folder: Path) -> list[Path]:
    """Return the photographs of senders who are not held out, labelled or not, in order."""
    rows = list(csv.DictReader((folder / "images.csv").open()))
    senders = held_senders(rows, SPLIT_SEED)
    names = sorted(row["image"] for row in rows if row["sender_id"] not in senders)
    files = [folder / "images" / f"{name}.jpg" for name in names]
    return [file for file in files if file.is_file()]


def outline(rgb: np.ndarray) -> np.ndarray | None:
    """Return where the garment of a photograph is, (h, w) bool, or None if that is not sure."""
    mask = garment_mask(rgb).astype(np.uint8)
    if not 0.1 < mask.mean() < 0.72 or _is_fallback(mask):
        return None
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    areas = stats[1:, cv2.CC_STAT_AREA]
    order = np.argsort(-areas)
    # A pair of shoes is two pieces; crumbs are background.
    kept = [i for i in order[:2] if areas[i] >= 0.3 * areas[order[0]]]
    if areas[kept].sum() < 0.9 * areas.sum():
        return None
    whole = np.isin(labels, [i + 1 for i in kept]).astype(np.uint8)
    edge = np.concatenate([whole[0], whole[-1], whole[:, 0], whole[:, -1]])
    if edge.mean() > 0.08:
        return None
    square = np.ones((3, 3), np.uint8)
    smooth = cv2.morphologyEx(whole, cv2.MORPH_CLOSE, square)
    smooth = cv2.morphologyEx(smooth, cv2.MORPH_OPEN, square)
    contours, _ = cv2.findContours(smooth, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    around = sum(cv2.arcLength(one, True) for one in contours)
    area = float(smooth.sum())
    hull = sum(cv2.contourArea(cv2.convexHull(one)) for one in contours)
    # Frayed outlines, and shapes that fill little of their hull, are mistakes of the cutting.
    if area == 0 or around**2 / area > 110 * len(kept) or area < 0.45 * hull:
        return None
    return np.asarray(smooth > 0)


def lay_out(
    rgb: np.ndarray,
    cutout: np.ndarray,
    zoom: int,
    rng: np.random.Generator,
    pattern_share: float = PATTERN_SHARE,
) -> tuple[np.ndarray, int]:
    """Return the garment on a plain ground (zoom HEIGHT, zoom WIDTH, 3), and its pattern's index.

    Turned, mirrored, coloured and patterned by lot; the pattern is UNKNOWN where it cannot be
    known.
    """
    height, width = zoom * HEIGHT, zoom * WIDTH
    matrix = _placement(cutout, rgb.shape, height, width, rng)
    shown = cv2.warpAffine(
        rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    full = cv2.resize(cutout.astype(np.float32), rgb.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    full = cv2.GaussianBlur(full, (0, 0), 0.012 * max(rgb.shape[:2]))
    # A little inside the outline, where no old background shines through.
    alpha = np.clip((full - 0.56) * 4.5, 0, 1)
    alpha = cv2.warpAffine(alpha, matrix, (width, height), flags=cv2.INTER_LINEAR)
    lab = cv2.cvtColor(shown.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    lab, pattern = _dressed(lab, alpha > 0.6, pattern_share, rng)
    ground = _ground(height, width, np.median(lab[alpha > 0.6], axis=0), rng)
    ground = _shaded(ground, alpha, zoom, rng)
    mixed = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB) * alpha[..., None]
    mixed += cv2.cvtColor(ground, cv2.COLOR_LAB2RGB) * (1 - alpha[..., None])
    return (mixed.clip(0, 1) * 255).round().astype(np.uint8), pattern


def recoloured(lab: np.ndarray, middle: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return Lab pixels of cloth moved from its median `middle` to `target`; folds stay."""
    moved = lab - middle
    # Shade is deeper on light cloth and shallower on dark.
    moved[..., 0] *= np.clip((target[0] + 25) / (middle[0] + 25), 0.55, 1.5)
    moved[..., 1:] *= 0.7
    moved += target
    moved[..., 0] = moved[..., 0].clip(2, 99)
    return moved


def pattern_mask(
    pattern: str, height: int, width: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return how much of the second and of a third colour shows, (height, width) float32 each."""
    ys, xs = _wavy(height, width, rng)
    period = width * rng.uniform(0.055, 0.11)
    none = np.zeros((height, width), np.float32)
    if pattern == "striped":
        along = ys if rng.random() < 0.75 else xs
        return _bands(along, period, rng.uniform(0.35, 0.5)), none
    if pattern == "checked":
        share = rng.uniform(0.35, 0.5)
        across, down = _bands(xs, 1.5 * period, share), _bands(ys, 1.5 * period, share)
        return 0.5 * (across + down), none
    row = np.floor(ys / period)
    beside = (xs / period + 0.5 * (row % 2)) % 1 - 0.5
    below = (ys / period) % 1 - 0.5
    away = np.hypot(beside, below)
    if pattern == "dotted":
        return _step(rng.uniform(0.2, 0.3) - away, 1.5 / period), none
    turn = np.arctan2(below, beside)
    petals = 0.3 + 0.12 * np.cos(5 * turn + row)
    heart = _step(0.12 - away, 1.5 / period)
    return _step(petals - away, 1.5 / period) * (1 - heart), heart


@lru_cache(maxsize=8192)
def _read(file: Path) -> tuple[np.ndarray, np.ndarray | None] | None:
    bgr = cv2.imread(str(file))
    if bgr is None:
        return None
    rgb = np.ascontiguousarray(bgr[:, :, ::-1])
    return rgb, outline(rgb)


def _is_fallback(mask: np.ndarray) -> bool:
    """Return whether this is only the middle of the picture, taken when nothing stood out."""
    y = np.linspace(-1, 1, mask.shape[0])[:, None] / 0.62
    x = np.linspace(-1, 1, mask.shape[1])[None, :] / 0.55
    middle = np.exp(-0.5 * (x**2 + y**2)) > 0.6
    either = (mask > 0) | middle
    return bool(((mask > 0) & middle).sum() > 0.92 * either.sum())


def _placement(
    cutout: np.ndarray,
    shape: tuple[int, ...],
    height: int,
    width: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the 2 x 3 matrix from the photograph to the new picture."""
    rows, columns = np.flatnonzero(cutout.any(1)), np.flatnonzero(cutout.any(0))
    scale = shape[0] / cutout.shape[0]
    top, bottom = rows[0] * scale, (rows[-1] + 1) * scale
    left, right = columns[0] * scale, (columns[-1] + 1) * scale
    fill = rng.uniform(0.76, 0.9)
    size = fill * min(height / (bottom - top), 1.04 * width / (right - left))
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    angle = np.deg2rad(rng.normal(0, 2.0))
    turn = size * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([mirror, 1.0])
    aim = np.array([width * rng.normal(0.5, 0.012), height * rng.normal(0.5, 0.012)])
    return np.column_stack([turn, aim - turn @ [(left + right) / 2, (top + bottom) / 2]])


def _dressed(
    lab: np.ndarray, cloth: np.ndarray, pattern_share: float, rng: np.random.Generator
) -> tuple[np.ndarray, int]:
    """Return the Lab picture with the cloth coloured and patterned by lot, and its pattern."""
    pixels = lab[cloth]
    middle = np.median(pixels, axis=0)
    spread = np.abs(pixels - middle).mean(axis=0)
    is_plain = spread[0] < PLAIN_SPREAD[0] and spread[1:].max() < PLAIN_SPREAD[1]
    if rng.random() < RECOLOUR_SHARE:
        target = _tone(rng)
        if abs(target[0] - middle[0]) <= MOST_LIGHTER:
            lab, middle = recoloured(lab, middle, target), target
    else:
        lab = lab.copy()
        lab[..., 0] = (lab[..., 0] + rng.normal(0, 3)).clip(2, 99)
    if not is_plain:
        return lab, UNKNOWN
    if rng.random() >= pattern_share:
        return lab, PLAIN
    second = _tone(rng)
    if np.linalg.norm(second - middle) < 40:
        return lab, PLAIN
    names = ("striped", "checked", "dotted", "floral")
    name = names[int(rng.integers(len(names)))]
    most, least = pattern_mask(name, lab.shape[0], lab.shape[1], rng)
    over = recoloured(lab, middle, second)
    heart = recoloured(lab, middle, _tone(rng))
    mixed = lab + most[..., None] * (over - lab)
    return mixed + least[..., None] * (heart - mixed), PATTERNS.index(name)


def _tone(rng: np.random.Generator) -> np.ndarray:
    """Return a Lab colour near one of the vocabulary's, each as likely."""
    rgb = COLOURS[COLOUR_NAMES[int(rng.integers(len(COLOUR_NAMES)))]]
    lab = cv2.cvtColor(np.array([[rgb]], np.float32) / 255, cv2.COLOR_RGB2LAB)[0, 0]
    return (lab + rng.normal(0, (4, 3, 3))).astype(np.float32)


def _ground(height: int, width: int, cloth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a soft plain ground in Lab that the cloth stands out from."""
    for _ in range(20):
        lightness = rng.uniform(80, 97) if rng.random() < 0.8 else rng.uniform(55, 80)
        tint = rng.normal(0, 1) * 4, rng.normal(1.5, 4)
        base = np.array([lightness, *tint], np.float32)
        apart = np.abs(base - cloth)
        if apart[0] > LEAST_CONTRAST or np.hypot(apart[1], apart[2]) > 1.4 * LEAST_CONTRAST:
            break
    else:
        base = np.array([62.0, *rng.normal(0, 5, 2)], np.float32)
    y = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    x = np.linspace(-1, 1, width, dtype=np.float32)[None, :]
    light = -rng.uniform(0, 3.5) * y - rng.uniform(-2, 2) * x - rng.uniform(0, 3) * (x**2 + y**2)
    ground = np.broadcast_to(base, (height, width, 3)).copy()
    ground[..., 0] = (ground[..., 0] + light).clip(5, 99)
    return ground


def _shaded(
    ground: np.ndarray, alpha: np.ndarray, zoom: int, rng: np.random.Generator
) -> np.ndarray:
    """Return the ground with the garment's soft shadow."""
    across, down = rng.uniform(-2, 2) * zoom, rng.uniform(0.5, 3) * zoom
    slide = np.array([[1, 0, across], [0, 1, down]], np.float32)
    shadow = cv2.warpAffine(alpha, slide, alpha.shape[::-1])
    shadow = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(1.5, 4) * zoom)
    ground[..., 0] *= 1 - rng.uniform(0.15, 0.35) * shadow
    return ground


def _as_taken(rgb: np.ndarray, zoom: int, rng: np.random.Generator) -> np.ndarray:
    """Return the photograph cut to shape, a little turned, perhaps mirrored."""
    height, width = zoom * HEIGHT, zoom * WIDTH
    have_height, have_width = rgb.shape[:2]
    scale = max(height / have_height, width / have_width) * rng.uniform(1.0, 1.08)
    angle = np.deg2rad(rng.normal(0, 1.0))
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([-1.0 if rng.random() < 0.5 else 1.0, 1.0])
    aim = np.array([width / 2, height / 2])
    matrix = np.column_stack([turn, aim - turn @ [have_width / 2, have_height / 2]])
    return cv2.warpAffine(
        rgb, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
    )


def _measured(small: np.ndarray, kind: int, pattern: int) -> Attributes:
    # Half the size says the same in a quarter of the time.
    half = cv2.resize(small, (WIDTH // 2, HEIGHT // 2), interpolation=cv2.INTER_AREA)
    colours = measure_colours(half)
    has_second = len(colours) > 1 and colours[1][1] >= SECOND_SHARE
    return Attributes(
        type=kind,
        colour=COLOUR_NAMES.index(colours[0][0]),
        second=COLOUR_NAMES.index(colours[1][0]) if has_second else UNKNOWN,
        pattern=pattern,
    )


def _taste(known: Attributes) -> dict[str, str]:
    taste = {"colour": COLOUR_NAMES[known.colour], "type": TYPES[known.type]}
    if known.pattern != UNKNOWN:
        taste["pattern"] = PATTERNS[known.pattern]
    return taste


def _wavy(height: int, width: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and columns of a grid that is bent a little, as cloth lies."""
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    coarse = rng.normal(0, 0.012 * width, (2, 8, 6)).astype(np.float32)
    bend = [cv2.resize(one, (width, height), interpolation=cv2.INTER_CUBIC) for one in coarse]
    angle = np.deg2rad(rng.normal(0, 4))
    turned = np.cos(angle) * ys + np.sin(angle) * xs, np.cos(angle) * xs - np.sin(angle) * ys
    return turned[0] + bend[0], turned[1] + bend[1]


def _bands(along: np.ndarray, period: float, share: float) -> np.ndarray:
    away = np.abs((along / period) % 1 - 0.5)
    return _step(0.5 * share - away, 1.5 / period)


def _step(inside: np.ndarray, softness: float) -> np.ndarray:
    """Return 1 inside, 0 outside, with an edge of this softness."""
    return np.clip(inside / softness + 0.5, 0, 1).astype(np.float32)
