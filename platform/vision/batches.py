"""Batches of training pictures, and the phrases said of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import astuple
from typing import NamedTuple

import numpy as np
import torch

from vision.augment import augmented, replace_backgrounds
from vision.losses import agreement
from vision.phrases import PLAIN, UNKNOWN, Attributes, class_phrases, sample_phrase
from vision.samples import SampleSet
from vision.tower import IMAGE_SIZE

# Of the photographs, those laid on new grounds and coloured anew, where there are any.
MADE_SHARE = 0.4


class Batch(NamedTuple):
    """One batch: which pictures, what is known of them, the phrases said of them.

    pictures (B,) numbers over all sources in order. known, stated (B, 4) as in `Attributes`.
    tokens (B + classes, L): the pictures' phrases, then one per class. true, unsure (B, B) bool as
    `agreement` returns them.
    """

    pictures: torch.Tensor
    known: torch.Tensor
    stated: torch.Tensor
    tokens: torch.Tensor
    true: torch.Tensor
    unsure: torch.Tensor


class BatchSource:
    """Draws batches: part drawings, part photographs, photographs spread over their types."""

    def __init__(
        self,
        sources: list[SampleSet],
        size: int,
        photo_share: float,
        tokenize: Callable[[list[str]], torch.Tensor],
    ) -> None:
        """Draw `size` pictures a batch, `photo_share` of them of photographs."""
        self.counts = _shares(sources, size, photo_share)
        self.weights = [_sampling_weights(source) for source in sources]
        self.first = np.cumsum([0, *(len(source) for source in sources)])
        self.known = [one for source in sources for one in source.known]
        self.captions = [one for source in sources for one in source.captions]
        self.tokenize = tokenize

    def draw(self, rng: np.random.Generator) -> Batch:
        """Return one batch, as arrays; the same numbers draw the same."""
        chosen = np.concatenate(
            [
                first + rng.choice(len(weights), count, p=weights)
                for first, count, weights in zip(
                    self.first[:-1], self.counts, self.weights, strict=True
                )
            ]
        )
        words = random.Random(int(rng.integers(2**63)))
        known = [self.known[index] for index in chosen]
        captions = [self.captions[index] for index in chosen]
        phrases, stated, own = phrases_of(words, known, captions)
        true, unsure = agreement(known, stated, own, captions)
        return Batch(
            torch.from_numpy(chosen),
            torch.tensor([astuple(one) for one in known]),
            torch.tensor([astuple(one) for one in stated]),
            # Drawn last, so that the class phrases stand behind the batch's own.
            self.tokenize(phrases + class_phrases(words)),
            true,
            unsure,
        )


class Pictures:
    """All sources' pictures on one device, changed by lot when they are taken."""

    def __init__(self, sources: list[SampleSet], device: str, seed: int) -> None:
        self.images = torch.cat([_tensor(source.images) for source in sources]).to(device)
        self.masks = torch.cat([_masks_of(source) for source in sources]).to(device)
        self.generator = torch.Generator(device).manual_seed(seed)

    def take(self, numbers: torch.Tensor) -> torch.Tensor:
        """Return pictures (B, 3, S, S) in 0..1, changed in ways that keep what they show."""
        numbers = numbers.to(self.images.device)
        pixels = self.images[numbers].permute(0, 3, 1, 2).float() / 255
        pixels = replace_backgrounds(pixels, self.masks[numbers], self.generator)
        return augmented(pixels, IMAGE_SIZE, self.generator)


def _tensor(rows: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(rows))


def _masks_of(source: SampleSet) -> torch.Tensor:
    """Return the masks; where there are none, ones that leave every picture as it is."""
    if source.masks is None:
        return torch.zeros(source.images.shape[:3], dtype=torch.bool)
    return _tensor(source.masks)


def _shares(sources: list[SampleSet], size: int, photo_share: float) -> list[int]:
    if len(sources) == 1:
        return [size]
    kinds = [source.kind for source in sources]
    made = MADE_SHARE * photo_share if "made" in kinds else 0.0
    share = {"photographs": photo_share - made, "made": made, "drawn": 1 - photo_share}
    return [round(size * share[kind] / kinds.count(kind)) for kind in kinds]


def _sampling_weights(source: SampleSet) -> np.ndarray:
    """Return (N,): 0 for held-out pictures; a rare type comes oftener than its number says."""
    types = np.array([known.type for known in source.known])
    values, numbers = np.unique(types[~source.held], return_counts=True)
    often = dict(zip(values.tolist(), numbers.tolist(), strict=True))
    weights = np.array([often.get(value, 1) ** -0.5 for value in types.tolist()])
    weights[types == UNKNOWN] *= 0.3
    weights[source.held] = 0
    return weights / weights.sum()


def phrases_of(
    rng: random.Random, known: list[Attributes], captions: list[str]
) -> tuple[list[str], list[Attributes], list[bool]]:
    """Return a phrase per picture, what it states, and whether it is the picture's own caption."""
    phrases, stated, own = [], [], []
    for attributes, caption in zip(known, captions, strict=True):
        whole = bool(caption) and rng.random() < 0.3
        said = (caption, _said_by_caption(attributes)) if whole else sample_phrase(rng, attributes)
        phrase, states = said
        phrases.append(phrase)
        stated.append(states)
        own.append(whole)
    return phrases, stated, own


def _said_by_caption(known: Attributes) -> Attributes:
    """Return what a picture's own caption says for certain: "plain" may go unsaid."""
    pattern = UNKNOWN if known.pattern == PLAIN else known.pattern
    return Attributes(type=known.type, colour=known.colour, pattern=pattern)
