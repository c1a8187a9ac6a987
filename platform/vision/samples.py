"""What the encoder learns from: pictures of one size with what is known of each.

Two sources have one shape: garments drawn by the demo world (exact) and photographs of a wardrobe
(type from its label, colour measured, pattern unknown).
"""

from __future__ import annotations

import csv
import json
import logging
import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from common.errors import InvalidInputError
from common.processes import in_order
from common.vocabulary import ALIASES, TYPES
from vision.colours import garment_mask, measure_colours
from vision.phrases import COLOUR_NAMES, UNKNOWN, Attributes

logger = logging.getLogger(__name__)

HEIGHT, WIDTH = 160, 120
HELD_SHARE = 0.15
SECOND_SHARE = 0.3


@dataclass
class SampleSet:
    """N pictures, aligned with what is known of them."""

    images: np.ndarray  # (N, HEIGHT, WIDTH, 3) uint8 RGB
    known: list[Attributes]
    captions: list[str]  # the picture's own full caption; "" if it has none
    held: np.ndarray  # (N,) bool: kept for measuring, never learnt from
    masks: np.ndarray | None = None  # (N, HEIGHT, WIDTH) bool: where the garment is
    kind: str = "drawn"  # or "photographs", or "made" of photographs

    def __len__(self) -> int:
        return len(self.known)

    def save(self, folder: Path) -> None:
        """Write the set to `folder` as .npy files and one JSON."""
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "images.npy", self.images)
        np.save(folder / "held.npy", self.held)
        if self.masks is not None:
            np.save(folder / "masks.npy", self.masks)
        rows = [[k.type, k.colour, k.second, k.pattern] for k in self.known]
        (folder / "known.json").write_text(
            json.dumps({"known": rows, "captions": self.captions, "kind": self.kind})
        )

    @classmethod
    def load(cls, folder: Path) -> SampleSet:
        """Read a set written by `save`; the pictures stay on disk until they are used."""
        stored = json.loads((folder / "known.json").read_text())
        masks = folder / "masks.npy"
        return cls(
            images=np.load(folder / "images.npy", mmap_mode="r"),
            known=[Attributes(*row) for row in stored["known"]],
            captions=stored["captions"],
            held=np.load(folder / "held.npy"),
            masks=np.load(masks, mmap_mode="r") if masks.exists() else None,
            kind=stored.get("kind", "photographs" if masks.exists() else "drawn"),
        )


def drawn_samples(
    drawings: Iterable[tuple[np.ndarray, Attributes, str]], count: int, held: int
) -> SampleSet:
    """Collect `count` of (picture, attributes, caption); the last `held` are for measuring."""
    images = np.empty((count, HEIGHT, WIDTH, 3), dtype=np.uint8)
    known, captions = [], []
    for index, (picture, attributes, caption) in zip(range(count), drawings, strict=False):
        images[index] = _resized(picture)
        known.append(attributes)
        captions.append(caption)
    if len(known) < count:
        raise InvalidInputError(f"Only {len(known)} of {count} drawings came.")
    return SampleSet(images, known, captions, held=np.arange(count) >= count - held)


def wardrobe_samples(folder: Path, seed: int, processes: int = 1) -> SampleSet:
    """Read photographs listed by `images.csv` (image, sender_id, label); held out by sender.

    A person photographs on one floor with one light: only unseen senders tell what was learnt. A
    file that cannot be read is logged and left out.
    """
    rows = list(csv.DictReader((folder / "images.csv").open()))
    senders = held_senders(rows, seed)
    wanted = ((folder / "images" / f"{row['image']}.jpg", row["label"]) for row in rows)
    images, known, held, masks = [], [], [], []
    for row, found in zip(rows, in_order(_photograph, wanted, processes), strict=True):
        if found is None:
            logger.warning("Left out %s: it cannot be read", row["image"])
            continue
        images.append(found[0])
        masks.append(found[1])
        known.append(found[2])
        held.append(row["sender_id"] in senders)
    return SampleSet(
        np.array(images),
        known,
        [""] * len(known),
        np.array(held),
        np.array(masks),
        kind="photographs",
    )


def _photograph(file: Path, label: str) -> tuple[np.ndarray, np.ndarray, Attributes] | None:
    """Return a photograph made small, where its garment is, what is known of it."""
    try:
        picture = Image.open(file).convert("RGB")
    except (OSError, UnidentifiedImageError):
        return None
    small = _resized(np.asarray(picture))
    mask = garment_mask(small).astype(np.uint8)
    whole = cv2.resize(mask, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST) > 0
    return small, whole, _photo_attributes(label, picture)


def type_of_label(label: str) -> int:
    """Return the index of the type a wardrobe label names, UNKNOWN if it names none."""
    word = label.strip().lower()
    kind, value = ALIASES.get(word, ("type", word))
    return TYPES.index(value) if kind == "type" and value in TYPES else UNKNOWN


def _photo_attributes(label: str, picture: Image.Image) -> Attributes:
    colours = measure_colours(picture)
    second = UNKNOWN
    if len(colours) > 1 and colours[1][1] >= SECOND_SHARE:
        second = COLOUR_NAMES.index(colours[1][0])
    return Attributes(
        type=type_of_label(label), colour=COLOUR_NAMES.index(colours[0][0]), second=second
    )


def held_senders(rows: list[dict[str, str]], seed: int) -> set[str]:
    """Choose whole senders until their photographs make up the held-out share."""
    order = sorted({row["sender_id"] for row in rows})
    random.Random(seed).shuffle(order)
    counts = dict.fromkeys(order, 0)
    for row in rows:
        counts[row["sender_id"]] += 1
    chosen: set[str] = set()
    total = 0
    for sender in order:
        if total + counts[sender] <= HELD_SHARE * len(rows):
            chosen.add(sender)
            total += counts[sender]
    return chosen


def _resized(picture: np.ndarray) -> np.ndarray:
    if picture.shape[:2] == (HEIGHT, WIDTH):
        return picture
    return cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
