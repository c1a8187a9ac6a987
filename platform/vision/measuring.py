"""How well an encoder knows pictures it never saw: zero-shot classes and search by phrase."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np

from vision.encoder import Encoder
from vision.phrases import UNKNOWN, Attributes, plain_prompts, sample_phrase
from vision.samples import SampleSet

ATTRIBUTES = ("type", "colour", "pattern")
SEARCH_ROUNDS = 300
SEARCH_POOL = 200


def measure(encoder: Encoder, samples: SampleSet, seed: int = 0) -> dict[str, Any]:
    """Return figures over the held-out pictures of `samples`.

    type, colour, pattern: share of pictures whose nearest plain prompt ("a dress", "a red garment")
    is the true one; absent where nothing is known. colour_either: the nearest prompt is one of the
    two main colours. search_at_1, search_at_5: a freshly worded phrase, against 200 pictures, finds
    first (among the first five) one of which all it says is true.
    """
    chosen = np.flatnonzero(samples.held)
    vectors = encoder.encode_images([samples.images[index] for index in chosen])
    known = [samples.known[index] for index in chosen]
    result: dict[str, Any] = {"pictures": len(chosen)}
    for name, prompts in zip(ATTRIBUTES, plain_prompts(), strict=True):
        guesses = (vectors @ encoder.encode_texts(prompts).T).argmax(1)
        result.update(_accuracies(name, guesses, known))
    result.update(_search(encoder, vectors, known, random.Random(seed)))
    return result


def _accuracies(name: str, guesses: np.ndarray, known: list[Attributes]) -> dict[str, float]:
    truth = np.array([getattr(attributes, name) for attributes in known])
    told = truth != UNKNOWN
    if not told.any():
        return {}
    found = {name: round(float((guesses == truth)[told].mean()), 4)}
    if name == "colour":
        seconds = np.array([attributes.second for attributes in known])
        either = (guesses == truth) | (guesses == seconds)
        found["colour_either"] = round(float(either.mean()), 4)
    return found


def _search(
    encoder: Encoder, vectors: np.ndarray, known: list[Attributes], rng: random.Random
) -> dict[str, float]:
    """Search small random pools, since most phrases are true of several pictures of a large one."""
    phrases, pools = [], []
    for _ in range(SEARCH_ROUNDS):
        chosen = rng.sample(range(len(known)), min(SEARCH_POOL, len(known)))
        wanted = replace(known[chosen[0]], second=UNKNOWN)
        phrases.append(sample_phrase(rng, wanted))
        pools.append(np.array(chosen))
    queries = encoder.encode_texts([text for text, _ in phrases])
    first = five = 0
    for (_, stated), query, pool in zip(phrases, queries, pools, strict=True):
        ranked = pool[np.argsort(-(vectors[pool] @ query))][:5]
        hits = [_is_true(stated, known[index]) for index in ranked]
        first += hits[0]
        five += any(hits)
    return {
        "search_at_1": round(first / SEARCH_ROUNDS, 4),
        "search_at_5": round(five / SEARCH_ROUNDS, 4),
    }


def _is_true(stated: Attributes, known: Attributes) -> bool:
    return all(getattr(stated, name) in (UNKNOWN, getattr(known, name)) for name in ATTRIBUTES)
