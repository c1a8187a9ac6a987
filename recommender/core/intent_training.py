"""Trains the small intent model from templates, paraphrase choices and typing noise."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from recommender.core.intent_model import BUCKETS, INTENTS, IntentModel, features_of
from recommender.core.intent_phrases import PHRASES, read_phrases
from recommender.core.wording import read

_CHOICE = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_FILLER = re.compile(r"\{(\w+)\}")
_OPENERS = ("", "", "", "", "hey , ", "ok so ", "please ", "hi , ", "um ", "so ", "well , ")
_CLOSERS = ("", "", "", "", " please", " thanks", " !", " ?", " .", " now", " pls")
_NEIGHBOURS = "qwertyuiop asdfghjkl zxcvbnm"


Example = tuple[np.ndarray, int]


@dataclass(frozen=True)
class Settings:
    """How much is drawn and how long it is learnt."""

    per_intent: int = 500
    epochs: int = 8
    # Share of a message's features left out at each step, so that it leans on no single word.
    dropout: float = 0.3
    rate: float = 0.35
    decay: float = 2e-6
    noise: float = 0.25
    held_out: float = 0.15
    seed: int = 0


def train(settings: Settings = Settings()) -> tuple[IntentModel, dict[str, Any]]:
    """Return a trained model and its figures on templates kept out of training.

    The figures are of generated text and say only that learning worked; how well the instructor
    understands people is measured on dialogues written by hand.
    """
    rng = np.random.default_rng(settings.seed)
    learnt, kept = draw_examples(settings, rng)
    trial = _fit(learnt, settings, rng)
    model = _fit(learnt + kept, settings, rng)
    metrics = {
        "examples": len(learnt) + len(kept),
        "accuracy_own_templates": round(accuracy(trial, learnt), 4),
        "accuracy_other_templates": round(accuracy(trial, kept), 4),
        "settings": asdict(settings),
    }
    return model, metrics


def _fit(examples: list[Example], settings: Settings, rng: np.random.Generator) -> IntentModel:
    """Return a model fitted to the examples, one at a time in random order."""
    weights = np.zeros((BUCKETS, len(INTENTS)), dtype=np.float32)
    bias = np.zeros(len(INTENTS), dtype=np.float32)
    squares = np.full_like(weights, 1e-6)
    for _ in range(settings.epochs):
        for place in rng.permutation(len(examples)):
            features, label = examples[place]
            kept = features[rng.random(features.size) >= settings.dropout]
            if kept.size:
                _step(weights, bias, squares, kept, label, settings)
    return IntentModel(weights.T.copy(), bias)


def draw_examples(
    settings: Settings, rng: np.random.Generator
) -> tuple[list[Example], list[Example]]:
    """Return examples to learn from, and examples of templates that are kept apart."""
    phrases, fillers = read_phrases(PHRASES)
    learnt: list[Example] = []
    kept: list[Example] = []
    for label, intent in enumerate(INTENTS):
        templates = phrases[intent]
        apart = set(rng.permutation(len(templates))[: int(len(templates) * settings.held_out)])
        for number in range(settings.per_intent):
            place = number % len(templates)
            tokens = read(utter(templates[place], fillers, rng, settings.noise)).tokens
            (kept if place in apart else learnt).append((features_of(tokens), label))
    return learnt, kept


def utter(
    template: str, fillers: dict[str, tuple[str, ...]], rng: np.random.Generator, noise: float
) -> str:
    """Return one sentence of a template: choices made, words filled in, now and then a slip."""
    text = template
    while match := _CHOICE.search(text):
        choices = match.group(1).split("|")
        text = text[: match.start()] + str(rng.choice(choices)) + text[match.end() :]
    while match := _FILLER.search(text):
        text = (
            text[: match.start()] + str(rng.choice(fillers[match.group(1)])) + text[match.end() :]
        )
    text = text.replace("<n>", str(int(rng.integers(2, 99))))
    text = f"{rng.choice(_OPENERS)}{text}{rng.choice(_CLOSERS)}"
    return slip(text, rng) if rng.random() < noise else text


def slip(text: str, rng: np.random.Generator) -> str:
    """Return the text with one letter left out, doubled, swapped or mistyped."""
    at = int(rng.integers(0, max(len(text) - 1, 1)))
    kind = int(rng.integers(0, 4))
    if kind == 0:
        return text[:at] + text[at + 1 :]
    if kind == 1:
        return text[:at] + text[at : at + 1] * 2 + text[at + 1 :]
    if kind == 2:
        return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]
    near = _NEIGHBOURS.find(text[at])
    letter = _NEIGHBOURS[near + 1] if 0 <= near < len(_NEIGHBOURS) - 1 else text[at]
    return text[:at] + letter + text[at + 1 :]


def _step(
    weights: np.ndarray,
    bias: np.ndarray,
    squares: np.ndarray,
    features: np.ndarray,
    label: int,
    settings: Settings,
) -> None:
    """Move the weights by one example: softmax cross-entropy, AdaGrad, decay of what is used."""
    norm = np.sqrt(features.size)
    scores = weights[features].sum(axis=0) / norm + bias
    odds = np.exp(scores - scores.max())
    error = odds / odds.sum()
    error[label] -= 1.0
    gradient = error[None, :] / norm + settings.decay * weights[features]
    squares[features] += gradient**2
    weights[features] -= settings.rate * gradient / np.sqrt(squares[features])
    bias -= 0.01 * error


def accuracy(model: IntentModel, examples: list[Example]) -> float:
    """Return the share of examples whose likeliest intent is theirs."""
    if not examples:
        return float("nan")
    right = [int(model.probabilities(f).argmax()) == label for f, label in examples]
    return sum(right) / len(right)


def save(model: IntentModel, path: Path) -> int:
    """Write the weights as 8-bit numbers with a scale per intent; return the file's bytes."""
    scale = np.maximum(np.abs(model.weights).max(axis=1), 1e-6) / 127.0
    whole = np.round(model.weights / scale[:, None]).astype(np.int8)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"weights": whole, "scale": scale.astype(np.float32), "bias": model.bias}, str(path))
    return path.stat().st_size
