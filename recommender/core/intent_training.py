"""Trains the small intent model from templates, paraphrase choices and typing noise."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from scipy import sparse
from scipy.optimize import minimize

from recommender.core.dialogue import State
from recommender.core.intent_model import BUCKETS, INTENTS, IntentModel, features_of
from recommender.core.intent_phrases import PHRASES, read_phrases
from recommender.core.understanding import understand
from recommender.core.wording import read

_CHOICE = re.compile(r"[\[(]([^\[\]()]*)[\])]")
_FILLER = re.compile(r"\{(\w+)\}")
_OPENERS = ("", "", "", "", "hey , ", "ok so ", "please ", "hi , ", "um ", "so ", "well , ")
_CLOSERS = ("", "", "", "", " please", " thanks", " !", " ?", " .", " now", " pls")
_NEIGHBOURS = "qwertyuiop asdfghjkl zxcvbnm"


@dataclass(frozen=True)
class Example:
    """One utterance: its features, its intent, and the part of the templates it comes from."""

    features: np.ndarray
    label: int
    fold: int
    tokens: tuple[str, ...] = ()


@dataclass(frozen=True)
class Settings:
    """How much is drawn and how it is learnt."""

    per_intent: int = 250
    iterations: int = 60
    l2: float = 1e-5
    noise: float = 0.25
    # Parts of the templates, of which each in turn is kept out of training and tried on.
    folds: int = 5
    seed: int = 0


def train(settings: Settings = Settings()) -> tuple[IntentModel, dict[str, Any]]:
    """Return a trained model and its figures on templates kept out of training.

    The figures are of generated text and say only that learning worked; how well the instructor
    understands people is measured on dialogues written by hand.
    """
    examples = draw_examples(settings, np.random.default_rng(settings.seed))
    right = np.zeros(len(examples), dtype=bool)
    for fold in range(settings.folds):
        trial = fit([one for one in examples if one.fold != fold], settings)
        for place, one in enumerate(examples):
            if one.fold == fold:
                right[place] = trial.probabilities(one.features).argmax() == one.label
    silent = np.array([is_silent(one.tokens) for one in examples])
    model = fit(examples, settings)
    metrics = {
        "examples": len(examples),
        "accuracy_own_templates": round(accuracy(model, examples), 4),
        "accuracy_other_templates": round(float(right.mean()), 4),
        # Where it decides: on messages in which the rules find nothing.
        "accuracy_where_rules_are_silent": round(float(right[silent].mean()), 4),
        "share_where_rules_are_silent": round(float(silent.mean()), 4),
        "settings": asdict(settings),
    }
    return model, metrics


def is_silent(tokens: Sequence[str]) -> bool:
    """Return whether the rules find nothing in a message, so that the model is asked."""
    heard = understand(" ".join(tokens) or "?", state=State(), shown=())
    return heard.intent == "unclear"


def draw_examples(settings: Settings, rng: np.random.Generator) -> list[Example]:
    """Return utterances of all intents, as many of each; all of one template in one fold."""
    phrases, fillers = read_phrases(PHRASES)
    examples = []
    for label, intent in enumerate(INTENTS):
        templates = phrases[intent]
        fold_of = rng.permutation(len(templates)) % settings.folds
        for number in range(settings.per_intent):
            place = number % len(templates)
            tokens = read(utter(templates[place], fillers, rng, settings.noise)).tokens
            examples.append(Example(features_of(tokens), label, int(fold_of[place]), tokens))
    return examples


def fit(examples: Sequence[Example], settings: Settings) -> IntentModel:
    """Return the softmax that fits the examples best, by L-BFGS; the same examples, the same one.

    Minimises the mean cross-entropy plus l2 / 2 times the squared weights.
    """
    counts = [one.features.size for one in examples]
    starts = np.concatenate([[0], np.cumsum(counts)])
    values = np.concatenate([np.full(n, 1 / np.sqrt(max(n, 1)), np.float32) for n in counts])
    columns = np.concatenate([one.features for one in examples])
    seen = sparse.csr_matrix((values, columns, starts), shape=(len(examples), BUCKETS))
    across = seen.T.tocsr()
    labels = np.array([one.label for one in examples])
    wanted = np.zeros((len(examples), len(INTENTS)))
    wanted[np.arange(len(examples)), labels] = 1.0

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat[: BUCKETS * len(INTENTS)].reshape(BUCKETS, len(INTENTS))
        scores = seen @ weights + flat[BUCKETS * len(INTENTS) :]
        scores -= scores.max(axis=1, keepdims=True)
        odds = np.exp(scores)
        odds /= odds.sum(axis=1, keepdims=True)
        right = odds[np.arange(len(labels)), labels]
        error = (odds - wanted) / len(labels)
        slope = np.concatenate([(across @ error + settings.l2 * weights).ravel(), error.sum(0)])
        return float(-np.log(right + 1e-12).mean() + settings.l2 / 2 * (weights**2).sum()), slope

    start = np.zeros(BUCKETS * len(INTENTS) + len(INTENTS))
    options = {"maxiter": settings.iterations}
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options=options).x.astype(np.float32)
    weights = best[: BUCKETS * len(INTENTS)].reshape(BUCKETS, len(INTENTS))
    return IntentModel(weights.T.copy(), best[BUCKETS * len(INTENTS) :])


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


def accuracy(model: IntentModel, examples: Sequence[Example]) -> float:
    """Return the share of examples whose likeliest intent is theirs."""
    right = [int(model.probabilities(one.features).argmax()) == one.label for one in examples]
    return float(np.mean(right)) if right else float("nan")


def save(model: IntentModel, path: Path) -> int:
    """Write the weights as 8-bit numbers with a scale per intent; return the file's bytes."""
    scale = np.maximum(np.abs(model.weights).max(axis=1), 1e-6) / 127.0
    whole = np.round(model.weights / scale[:, None]).astype(np.int8)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"weights": whole, "scale": scale.astype(np.float32), "bias": model.bias}, str(path))
    return path.stat().st_size
