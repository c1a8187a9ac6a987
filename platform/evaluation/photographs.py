"""A folder of wardrobe photographs: who took which, what each shows, and where its garment is."""

from __future__ import annotations

import csv
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from common.errors import InvalidInputError
from common.vocabulary import TYPES
from vision.colours import garment_mask, measure_colours
from vision.phrases import COLOUR_NAMES, UNKNOWN
from vision.samples import HEIGHT, WIDTH, held_senders, type_of_label
from vision.training import SPLIT_SEED

logger = logging.getLogger(__name__)

COLUMNS = {"image", "sender_id", "label"}


@dataclass(frozen=True)
class Photographs:
    """N photographs, aligned; in the order of the folder's list."""

    images: np.ndarray  # (N, HEIGHT, WIDTH, 3) uint8
    masks: np.ndarray  # (N, HEIGHT, WIDTH) bool, True on the garment
    senders: np.ndarray  # (N,) str
    types: np.ndarray  # (N,) index into TYPES, or UNKNOWN
    colours: np.ndarray  # (N,) index of the main colour

    def __len__(self) -> int:
        return len(self.senders)

    def caption(self, index: int) -> str:
        """Return what the photograph shows in words: "navy shirt"."""
        kind = TYPES[self.types[index]] if self.types[index] != UNKNOWN else "garment"
        return f"{COLOUR_NAMES[self.colours[index]]} {kind}"

    def digest(self) -> str:
        """Return a short name of the content, for caches."""
        whole = hashlib.sha256(self.images.tobytes())
        whole.update(" ".join(self.senders.tolist()).encode())
        return whole.hexdigest()[:16]

    def of(self, sender: str) -> np.ndarray:
        """Return the indices of one person's photographs, in order."""
        return np.flatnonzero(self.senders == sender)


def load_photographs(folder: Path, cache: Path, *, everybody: bool = False) -> Photographs:
    """Return the photographs of the people that no training has seen; with `everybody`, of all.

    The split by person is that of training. Reading takes tens of milliseconds a picture, so the
    result is kept under `cache`.
    """
    rows = _read_list(folder)
    held = held_senders(rows, SPLIT_SEED)
    wanted = [row for row in rows if everybody or row["sender_id"] in held]
    stored = cache / f"photographs-{folder.name}-{'all' if everybody else 'held'}-{len(wanted)}.npz"
    if not stored.is_file():
        found = _read(folder, wanted)
        cache.mkdir(parents=True, exist_ok=True)
        partial = stored.with_suffix(".part.npz")
        np.savez(partial, **vars(found))
        partial.replace(stored)
    with np.load(stored) as arrays:
        return Photographs(**arrays)


def swap_backgrounds(photographs: Photographs, rng: np.random.Generator) -> np.ndarray:
    """Return all pictures with the garment before another person's background.

    The background is the most common border colour of a photograph by somebody else, with that
    border's own texture mirrored over the frame: nothing of the person's own floor or wall is left.
    """
    swapped = photographs.images.copy()
    for index in range(len(photographs)):
        others = np.flatnonzero(photographs.senders != photographs.senders[index])
        if len(others) == 0:
            continue
        wall = _wall(photographs.images[rng.choice(others)])
        mask = photographs.masks[index]
        swapped[index] = np.where(mask[..., None], photographs.images[index], wall)
    return swapped


def _wall(picture: np.ndarray) -> np.ndarray:
    """Return a whole picture of a photograph's upper left corner, repeated by mirroring."""
    corner = picture[: HEIGHT // 4, : WIDTH // 4]
    tile = np.concatenate([corner, corner[:, ::-1]], axis=1)
    tile = np.concatenate([tile, tile[::-1]], axis=0)
    repeats = (-(-HEIGHT // tile.shape[0]), -(-WIDTH // tile.shape[1]), 1)
    return np.tile(tile, repeats)[:HEIGHT, :WIDTH]


def _read_list(folder: Path) -> list[dict[str, str]]:
    path = folder / "images.csv"
    if not path.is_file():
        raise InvalidInputError(
            f"{folder} holds no images.csv; it should list image, sender_id and label."
        )
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if not COLUMNS.issubset(reader.fieldnames or ()):
            raise InvalidInputError(f"{path} needs the columns {', '.join(sorted(COLUMNS))}.")
        return list(reader)


def _read(folder: Path, rows: list[dict[str, str]]) -> Photographs:
    images, masks, senders, types, colours = [], [], [], [], []
    for row in rows:
        try:
            with Image.open(folder / "images" / f"{row['image']}.jpg") as file:
                picture = file.convert("RGB")
            main = measure_colours(picture)[0][0]
            mask = garment_mask(picture)
        except (OSError, UnidentifiedImageError, InvalidInputError) as error:
            logger.warning("Left out %s: %s", row["image"], error)
            continue
        images.append(
            cv2.resize(np.asarray(picture), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
        )
        masks.append(
            cv2.resize(mask.astype(np.uint8), (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST) > 0
        )
        senders.append(row["sender_id"])
        types.append(type_of_label(row["label"]))
        colours.append(COLOUR_NAMES.index(main))
    if not images:
        raise InvalidInputError(f"None of the pictures in {folder} can be read.")
    return Photographs(
        np.array(images), np.array(masks), np.array(senders), np.array(types), np.array(colours)
    )
