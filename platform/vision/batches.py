"""Batches of training pictures, and the phrases said of them."""

from __future__ import annotations

import random

import numpy as np
import torch

from vision.augment import augmented, replace_backgrounds
from vision.phrases import PLAIN, UNKNOWN, Attributes, sample_phrase
from vision.samples import SampleSet
from vision.tower import IMAGE_SIZE


class BatchSource:
    """Draws batches: part drawings, part photographs, photographs spread over their types."""

    def __init__(self, sources: list[SampleSet], size: int, photo_share: float, seed: int) -> None:
        """Draw `size` pictures a batch; the same seed draws the same batches."""
        self.sources = sources
        self.rng = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.generator = torch.Generator().manual_seed(seed)
        self.counts = _shares(sources, size, photo_share)
        self.weights = [_sampling_weights(source) for source in sources]

    def next(self) -> tuple[torch.Tensor, list[Attributes], list[str]]:
        """Return pictures (B, 3, S, S) in 0..1, what is known of them, their own captions."""
        images: list[torch.Tensor] = []
        known: list[Attributes] = []
        captions: list[str] = []
        for source, count, weights in zip(self.sources, self.counts, self.weights, strict=True):
            chosen = np.sort(self.numbers.choice(len(source), count, p=weights))
            pictures = source.images[chosen]
            if source.masks is not None:
                pictures = replace_backgrounds(pictures, source.masks[chosen], self.numbers)
            images.append(augmented(pictures, IMAGE_SIZE, self.generator))
            known.extend(source.known[index] for index in chosen)
            captions.extend(source.captions[index] for index in chosen)
        return torch.cat(images), known, captions


def _shares(sources: list[SampleSet], size: int, photo_share: float) -> list[int]:
    if len(sources) == 1:
        return [size]
    share = {"photographs": photo_share, "drawn": 1 - photo_share}
    kinds = [source.kind for source in sources]
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
