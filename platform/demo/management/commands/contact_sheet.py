"""`manage.py contact_sheet`: what the creators make of captions nobody trained on, to be looked at.

It lies in `demo` beside the trainings. The captions go round types, colours, patterns and looks,
so that a sheet shows what works and what does not; nothing is chosen by hand.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand

from common.vocabulary import COLOURS, PATTERNS, TYPES

SAMPLES, CLIPS = 48, 12
COLUMNS = 8
CELL = 240  # width of a picture on the sheet, in pixels
CLIP_FRAMES = 6  # of a clip, shown side by side
CAPTION_HEIGHT = 22
INK, PAPER = (30, 30, 30), 250
SEED = 4021


class Command(BaseCommand):
    """Writes images.png, and clips.png where the video model is there."""

    help = "Write contact sheets of generated pictures and clips, captions printed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare where to write and from which seed."""
        parser.add_argument("--out", type=Path, required=True, help="folder for the sheets")
        parser.add_argument("--seed", type=int, default=SEED)
        parser.add_argument("--weights", type=Path, help="folder of another picture pipeline")
        parser.add_argument("--samples", type=int, default=SAMPLES)
        parser.add_argument("--clips", type=int, default=CLIPS)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the pictures one after the other, then the clips."""
        out: Path = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        captions = list(picture_captions(options["samples"]))
        if captions:
            made = make_pictures(captions, options["seed"], options["weights"])
            cells = [labelled(_scaled(one), text) for one, text in zip(made, captions, strict=True)]
            self._write(out / "images.png", tiled(cells, COLUMNS))
        captions = list(clip_captions(options["clips"]))
        if captions:
            self._write_clips(out / "clips.png", captions, options["seed"])

    def _write_clips(self, file: Path, captions: list[str], seed: int) -> None:
        from generation.core.backends import ModelUnavailableError

        try:
            clips = make_clips(captions, seed)
        except ModelUnavailableError as error:
            self.stderr.write(f"No clips: {error}")
            return
        cells = [labelled(strip(one), text) for one, text in zip(clips, captions, strict=True)]
        self._write(file, tiled(cells, 1))

    def _write(self, file: Path, sheet: np.ndarray) -> None:
        cv2.imwrite(str(file), sheet[:, :, ::-1])
        self.stdout.write(f"{file}: {sheet.shape[1]} x {sheet.shape[0]}")


def picture_captions(count: int) -> Iterator[str]:
    """Yield captions over all types, colours and patterns; every second one asks for a photo."""
    colours = list(COLOURS)
    for index in range(count):
        turn, place = divmod(index, len(TYPES))
        colour = colours[(5 * place + 4 * turn) % len(colours)]
        pattern = PATTERNS[1 + (place + 2 * turn) % 5] if (place + turn) % 3 == 1 else ""
        words = " ".join(word for word in (colour, pattern, TYPES[place]) if word)
        yield f"photo of a {words}" if (place + turn) % 2 else words


def clip_captions(count: int) -> Iterator[str]:
    """Yield captions of clips over types and colours."""
    colours = list(COLOURS)
    for index in range(count):
        colour = colours[(3 * index + 1) % len(colours)]
        yield f"{colour} {TYPES[(5 * index + 4) % len(TYPES)]}"


def make_pictures(captions: list[str], seed: int, weights: Path | None) -> list[np.ndarray]:
    """Return one picture (H, W, 3) per caption; the first has the seed, the next seed + 1, ..."""
    from generation.core.backends import GenerationRequest
    from generation.core.creator import WEIGHTS, EmbeddedBackend

    backend = EmbeddedBackend.load(weights or WEIGHTS)
    return [
        backend.run(GenerationRequest(prompt=text, seed=seed + index)).image
        for index, text in enumerate(captions)
    ]


def make_clips(captions: list[str], seed: int) -> list[np.ndarray]:
    """Return frames (T, H, W, 3) per caption; raises ModelUnavailableError without a model."""
    from generation.core.video.backends import VideoRequest, load_video_backend

    backend = load_video_backend()
    return [
        backend.run(VideoRequest(prompt=text, seed=seed + index)).frames
        for index, text in enumerate(captions)
    ]


def strip(frames: np.ndarray) -> np.ndarray:
    """Return CLIP_FRAMES of the clip's frames (T, H, W, 3), evenly spread, side by side."""
    chosen = np.linspace(0, len(frames) - 1, CLIP_FRAMES).round().astype(int)
    return np.hstack([_scaled(frames[index]) for index in chosen])


def labelled(shown: np.ndarray, caption: str) -> np.ndarray:
    """Return a picture or a strip above its caption."""
    label = np.full((CAPTION_HEIGHT, shown.shape[1], 3), PAPER, np.uint8)
    cv2.putText(label, caption, (6, 15), cv2.FONT_HERSHEY_SIMPLEX, 0.4, INK, 1, cv2.LINE_AA)
    return np.vstack([shown, label])


def tiled(cells: list[np.ndarray], columns: int) -> np.ndarray:
    """Return the cells, all of one size, in rows of `columns`; white fills the last row."""
    blank = np.full_like(cells[0], PAPER)
    padded = cells + [blank] * (-len(cells) % columns)
    rows = [np.hstack(padded[start : start + columns]) for start in range(0, len(padded), columns)]
    return np.vstack(rows)


def _scaled(picture: np.ndarray) -> np.ndarray:
    height = round(picture.shape[0] * CELL / picture.shape[1])
    return cv2.resize(picture, (CELL, height), interpolation=cv2.INTER_AREA)
