"""A small trained guess at what a message is about, for where the rules are unsure.

A linear softmax over hashed words, pairs of words and letter n-grams, in NumPy; 8-bit weights.
Words of the lexicon are seen as their slot ("<type>"): it learns the frame, not the garment.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from recommender.core.lexicon import phrases
from recommender.core.wording import Words

BUCKETS = 8192
WEIGHTS = Path(__file__).resolve().parents[1] / "weights" / "instructor" / "weights.safetensors"
INTENTS: tuple[str, ...] = (
    "find",
    "make",
    "edit",
    "refine",
    "more",
    "vague",
    "like",
    "dislike",
    "greeting",
    "thanks",
    "bye",
    "smalltalk",
    "identity",
    "help",
    "price",
    "upload",
    "off_topic",
    "injection",
    "sexual",
    "violence",
    "hate",
    "person",
    "self_harm",
)
REFUSED = frozenset({"injection", "sexual", "violence", "hate", "person", "self_harm"})
MAX_WORDS = 60


@dataclass(frozen=True)
class Guess:
    """The likeliest intent and its probability."""

    intent: str
    probability: float


class IntentModel:
    """Weights of shape (intents, BUCKETS) and a bias per intent."""

    def __init__(self, weights: np.ndarray, bias: np.ndarray) -> None:
        if weights.shape != (len(INTENTS), BUCKETS) or bias.shape != (len(INTENTS),):
            raise ValueError(f"Weights of shape {weights.shape} do not belong to these intents.")
        self.weights, self.bias = weights, bias

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return the probability of each intent (intents,) for hashed features."""
        if features.size == 0:
            return np.full(len(INTENTS), 1 / len(INTENTS))
        scores = self.weights[:, features].sum(axis=1) / np.sqrt(features.size) + self.bias
        odds = np.exp(scores - scores.max())
        return np.asarray(odds / odds.sum())

    def guess(self, tokens: Sequence[str]) -> Guess:
        """Return the likeliest intent of a message's words."""
        chances = self.probabilities(features_of(tokens))
        best = int(chances.argmax())
        return Guess(INTENTS[best], float(chances[best]))


def features_of(tokens: Sequence[str]) -> np.ndarray:
    """Return the buckets of a message's features, without repeats."""
    words = ["<s>", *abstract(tokens[:MAX_WORDS]), "</s>"]
    names = list(words[1:-1])
    names += [f"{a} {b}" for a, b in pairwise(words)]
    names += [f"{a} {b} {c}" for a, b, c in zip(words, words[1:], words[2:], strict=False)]
    for word in words[1:-1]:
        if word[0] != "<":
            padded = f"#{word}#"
            names += [padded[at : at + 4] for at in range(len(padded) - 3)]
    return np.array(sorted({zlib.crc32(name.encode()) % BUCKETS for name in names}), dtype=np.int64)


def abstract(tokens: Sequence[str]) -> list[str]:
    """Return the words with those of the lexicon as their slots and numbers as "<n>"."""
    table = phrases()
    words: list[str] = []
    at = 0
    while at < len(tokens):
        for size in (3, 2, 1):
            senses = table.get(tuple(tokens[at : at + size]))
            if senses and len(tokens) >= at + size:
                words.append(f"<{senses[0][0]}>")
                at += size
                break
        else:
            words.append("<n>" if tokens[at].isdigit() else tokens[at])
            at += 1
    return words


@lru_cache(maxsize=1)
def shipped_model() -> IntentModel | None:
    """Return the model that comes with Weft, or None where its file is missing."""
    return load_model(WEIGHTS) if WEIGHTS.exists() else None


def load_model(path: Path) -> IntentModel:
    """Return the model of a file. Raises ValueError when it belongs to other intents."""
    stored = load_file(path)
    return IntentModel(
        stored["weights"].astype(np.float32) * stored["scale"][:, None], stored["bias"]
    )


def guess(words: Words) -> Guess | None:
    """Return the shipped model's guess at a message, or None without a model."""
    model = shipped_model()
    return None if model is None else model.guess(words.tokens)
