"""Does the creator make what was asked? 300 instructions it never saw, judged by another network.

Every instruction states a type and a main colour in a person's words. The judge is an encoder that
neither conditions nor selects pictures; the colour is also measured on the garment itself. Both
looks are asked for, drawn ("red frock") and photographed ("red frock, photo").
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from record import RESULTS, write_result

from common.vocabulary import PATTERNS, TYPES
from generation.core.backends import GenerationRequest
from generation.core.creator import WEIGHTS, EmbeddedBackend
from generation.core.metrics import has_colour
from generation.core.train.wording import drawn_phrase, photo_phrase
from vision.encoder import Encoder, load_encoder
from vision.phrases import (
    COLOUR_NAMES,
    COLOUR_WORDS,
    TYPE_WORDS,
    UNKNOWN,
    Attributes,
    plain_prompts,
)

JUDGE = Path("platform/vision/weights/judge")
# Trainings use small numbers; no training draws its phrases from this one.
SEED = 920_041
# Of the garments asked for, those with a pattern.
PATTERNED = 0.4
LOOKS: dict[str, Callable[[random.Random, Attributes], str]] = {
    "drawn": drawn_phrase,
    "photographed": photo_phrase,
}


def main() -> None:
    """Make the pictures of both looks, judge them, print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--judge", type=Path, default=JUDGE, help="folder of the judging encoder")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="folder of the pipeline")
    parser.add_argument("--looks", nargs="*", default=list(LOOKS), choices=list(LOOKS))
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--keep", type=Path, help="folder for the pictures, to be looked at")
    arguments = parser.parse_args()
    judge = load_encoder(str(arguments.judge))
    backend = EmbeddedBackend.load(arguments.weights)
    if judge.name == backend.encoder.name:
        parser.error("the judge must not be the encoder that conditions the creator")
    figures = same_run(
        {
            "count": arguments.count,
            "seed": arguments.seed,
            "judge": judge.name,
            "judge_on_real_pictures": judge_accuracy(arguments.judge),
            "revision": backend.revision,
        }
    )
    for look in arguments.looks:
        asked = instructions(arguments.count, arguments.seed, LOOKS[look])
        images = [
            backend.run(GenerationRequest(prompt=text, seed=index)).image
            for index, (text, _) in enumerate(asked)
        ]
        if arguments.keep:
            keep(arguments.keep / look, images, [text for text, _ in asked])
        figures[look] = judged(judge, images, [known for _, known in asked])
        print(look, json.dumps(figures[look], indent=2), flush=True)
        write_result("creator_attributes", figures)


def same_run(figures: dict[str, Any]) -> dict[str, Any]:
    """Return the figures, with the looks that an earlier run of the same weights and judge had."""
    file = RESULTS / "creator_attributes.json"
    earlier = json.loads(file.read_text()) if file.is_file() else {}
    if any(earlier.get(name) != value for name, value in figures.items()):
        return figures
    return figures | {look: earlier[look] for look in LOOKS if look in earlier}


def instructions(
    count: int, seed: int, phrase: Callable[[random.Random, Attributes], str]
) -> list[tuple[str, Attributes]]:
    """Return instructions with what they ask for: types in turn, colours and patterns by lot."""
    rng = random.Random(seed)
    asked = []
    for index in range(count):
        pattern = rng.randrange(1, len(PATTERNS)) if rng.random() < PATTERNED else UNKNOWN
        known = Attributes(
            type=index % len(TYPES), colour=rng.randrange(len(COLOUR_NAMES)), pattern=pattern
        )
        asked.append((complete_phrase(rng, known, phrase), known))
    return asked


def complete_phrase(
    rng: random.Random, known: Attributes, phrase: Callable[[random.Random, Attributes], str]
) -> str:
    """Return a phrase that leaves out neither the type nor the colour."""
    while True:
        text = phrase(rng, known)
        words = text.replace("-", " ")
        if _names(words, known.type, "type") and _names(words, known.colour, "colour"):
            return text


def judged(
    judge: Encoder, images: list[np.ndarray], asked: list[Attributes]
) -> dict[str, dict[str, float]]:
    """Return, per attribute, the share that the judge finds right, with n and a 95 % interval."""
    types, colours, _ = plain_prompts()
    vectors = judge.encode_images(images)
    wanted_type = np.array([known.type for known in asked])
    wanted_colour = np.array([known.colour for known in asked])
    right_type = (vectors @ judge.encode_texts(types).T).argmax(1) == wanted_type
    right_colour = (vectors @ judge.encode_texts(colours).T).argmax(1) == wanted_colour
    pairs = list(zip(images, (COLOUR_NAMES[colour] for colour in wanted_colour), strict=True))
    return {
        "type": share(right_type),
        "colour": share(right_colour),
        "both": share(right_type & right_colour),
        "colour_measured": share([has_colour(*pair, strict=True) for pair in pairs]),
        "colour_measured_or_neighbour": share([has_colour(*pair) for pair in pairs]),
    }


def share(right: Any) -> dict[str, float]:
    """Return the share of right ones with Wilson's 95 % interval."""
    n, p = len(right), float(np.mean(right))
    z = 1.96
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return {
        "n": n,
        "share": round(p, 3),
        "low": round(middle - half, 3),
        "high": round(middle + half, 3),
    }


def judge_accuracy(folder: Path) -> Any:
    """Return what the judge gets right on real held-out pictures: no figure here can mean more."""
    file = folder / "metrics.json"
    return json.loads(file.read_text()).get("held_out") if file.is_file() else None


def keep(folder: Path, images: list[np.ndarray], texts: list[str]) -> None:
    """Write the pictures and a list of their instructions."""
    folder.mkdir(parents=True, exist_ok=True)
    for index, image in enumerate(images):
        cv2.imwrite(str(folder / f"{index:03d}.jpg"), image[:, :, ::-1])
    (folder / "instructions.json").write_text(json.dumps(texts, indent=1))


def _names(words: str, index: int, attribute: str) -> bool:
    """Return whether the words name this value of the attribute, by itself or by an alias."""
    names = (TYPE_WORDS if attribute == "type" else COLOUR_WORDS)[index]
    padded = f" {words.replace(',', ' ')} "
    return any(f" {name.replace('-', ' ')} " in padded for name in names)


if __name__ == "__main__":
    main()
