"""A small trained guess at what a message is about, for where the rules are unsure.

A linear softmax over hashed words, pairs of words, letter n-grams and subjects, in NumPy; 8-bit
weights. Words of the lexicon are seen as their slot ("<type>"): it learns the frame, not the
garment. Words for other subjects than clothes are seen beside their subject (`topic_words.txt`).
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
SUBJECTS = Path(__file__).with_name("topic_words.txt")
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
    """The likeliest intent and its probability; `unsafe`: that of all intents that are refused."""

    intent: str
    probability: float
    unsafe: float = 0.0


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

    def guess(self, tokens: Sequence[str], *, harmless: bool = False) -> Guess:
        """Return the likeliest intent of a message's words; `harmless`: of those not refused."""
        chances = self.probabilities(features_of(tokens))
        if harmless:
            chances = np.where([name in REFUSED for name in INTENTS], 0.0, chances)
            chances = chances / chances.sum()
        best = int(chances.argmax())
        unsafe = float(sum(chances[n] for n, name in enumerate(INTENTS) if name in REFUSED))
        return Guess(INTENTS[best], float(chances[best]), unsafe)


def features_of(tokens: Sequence[str]) -> np.ndarray:
    """Return the buckets of a message's features, without repeats."""
    words = abstract(tokens[:MAX_WORDS])
    subjects = subject_words()
    framed = ["<s>", *words, "</s>"]
    names = words + [f"{a} {b}" for a, b in pairwise(framed)]
    for word in words:
        if word[0] != "<":
            padded = f"#{word}#"
            names += [padded[at : at + n] for n in (3, 4) for at in range(len(padded) - n + 1)]
            names += [f"@{subject}" for subject in subjects.get(word, ())]
    # What is learned of "cook pasta" holds for "cook casserole".
    about = [f"@{subjects[w][0]}" if w in subjects else w for w in framed]
    names += [f"{a} {b}" for a, b in pairwise(about) if "@" in a + b]
    return np.array(sorted({zlib.crc32(name.encode()) % BUCKETS for name in names}), dtype=np.int64)


@lru_cache(maxsize=1)
def subject_words() -> dict[str, tuple[str, ...]]:
    """Return the subjects that a word speaks for, none of them clothes: "kettle" -> home."""
    found: dict[str, tuple[str, ...]] = {}
    for line in SUBJECTS.read_text(encoding="utf-8").splitlines():
        subject, is_list, words = line.partition(" = ")
        for word in words.split() if is_list and not line.startswith("#") else ():
            found[word] = (*found.get(word, ()), subject)
    return found


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


def guess(words: Words, *, harmless: bool = False) -> Guess | None:
    """Return the shipped model's guess at a message, or None without a model."""
    model = shipped_model()
    return None if model is None else model.guess(words.tokens, harmless=harmless)
