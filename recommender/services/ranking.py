"""Candidates for one person's next page, each with its source and a reason that is true."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from accounts.models import User
from catalog.models import Item
from recommender.core import blend as mix
from recommender.core.content import content_scores
from recommender.core.ease import fold_in
from recommender.services.reasons import LIKED_VECTORS, Person, Reasons, person_of
from recommender.services.serving import (
    Pool,
    ServingModel,
    Vectors,
    item_pool,
    item_vectors,
    rows_of,
    serving_model,
)

# Share of places given to items drawn at random: what keeps the log able to judge other policies.
EXPLORATION = 0.08
# Newest rejections whose vectors are compared with every item.
DISLIKED_VECTORS = 10
INTEREST_TYPE, INTEREST_COLOUR = 0.7, 0.5
# An item that the collective model has not met is ranked by its looks, which then count more.
UNMET_BOOST = 1.6


@dataclass(frozen=True)
class Candidate:
    """An item proposed for a page: by which source, why, and with what probability."""

    item_id: int
    origin: str
    score: float
    source: str
    reason: dict[str, Any] = field(default_factory=dict)
    propensity: float = 1.0
    policy: str = ""
    owner_id: int = 0
    garment_type: str = ""


def rank_candidates(
    *,
    user: User | None,
    exclude_ids: Collection[int] = (),
    limit: int = 40,
    origins: Collection[str] | None = None,
    rng: np.random.Generator | None = None,
) -> list[Candidate]:
    """Return up to `limit` candidates made by AI and up to `limit` others, each group best first.

    Only items that the database shows to this person now; rejected items never. Anonymous
    visitors, newcomers and who refused personalisation get popular, fresh and interesting items.
    A like counts at once: scores are the person's row times the trained matrix.
    """
    pool = item_pool()
    person = person_of(user)
    indices = _eligible(pool, user, set(exclude_ids) | set(person.rejected), origins)
    if not len(indices):
        return []
    model, vectors = serving_model(), item_vectors()
    parts = _parts(pool, indices, person, model, vectors)
    blended = mix.blend(parts, mix.source_weights(len(person.positive)))
    rng = rng or np.random.default_rng()
    chosen = _chosen(pool, indices, blended.scores, limit, rng)
    visible = _still_visible(user, [int(pool.ids[indices[at]]) for at, _, _ in chosen])
    chosen = [entry for entry in chosen if int(pool.ids[indices[entry[0]]]) in visible]
    reasons = Reasons(person, model, vectors, [int(pool.ids[indices[at]]) for at, _, _ in chosen])
    policy = f"{model.kind}-{model.version}" if model else "untrained"
    return [_candidate(pool, indices, blended, entry, reasons, policy) for entry in chosen]


def _eligible(
    pool: Pool, user: User | None, excluded: set[int], origins: Collection[str] | None
) -> np.ndarray:
    """Return the positions in the pool that may be proposed; filtered before any top-k."""
    keep = ~np.isin(pool.ids, np.fromiter(excluded, dtype=np.int64, count=len(excluded)))
    if user is None or not user.is_authenticated or user.is_minor:
        keep &= ~pool.adult
    if origins is not None:
        keep &= np.isin(pool.origin, list(origins))
    return np.flatnonzero(keep)


def _still_visible(user: User | None, ids: list[int]) -> set[int]:
    """Ask the database: an item taken down a moment ago is still in this process's pool."""
    return set(Item.objects.for_audience(user).filter(pk__in=ids).values_list("pk", flat=True))


def _parts(
    pool: Pool,
    indices: np.ndarray,
    person: Person,
    model: ServingModel | None,
    vectors: Vectors | None,
) -> dict[str, np.ndarray]:
    """Return every source's scores of the eligible items, each scaled to [-1, 1]."""
    ids = pool.ids[indices]
    parts = {
        mix.FRESH: mix.freshness(pool.published[indices], time.time()),
        mix.POPULAR: np.zeros(len(ids), dtype=np.float32),
    }
    if person.interests:
        parts[mix.INTERESTS] = _interest_scores(pool, indices, person.interests)
    content = _content_part(ids, person, vectors)
    if content is not None:
        parts[mix.CONTENT] = content
    if model is not None:
        rows = model.rows_of(ids)
        parts[mix.POPULAR] = np.where(rows >= 0, model.popularity[rows], 0).astype(np.float32)
        collective = _collective_part(rows, person, model)
        if collective is not None:
            parts[mix.COLLECTIVE] = np.where(rows >= 0, collective, 0.0)
            if content is not None:
                parts[mix.CONTENT] = np.where(rows >= 0, content, UNMET_BOOST * content)
    return parts


def _collective_part(rows: np.ndarray, person: Person, model: ServingModel) -> np.ndarray | None:
    known, values = _model_rows(person, model)
    if not len(known):
        return None
    return mix.scaled(fold_in(model.weights, known, values)[rows])


def _model_rows(person: Person, model: ServingModel) -> tuple[np.ndarray, np.ndarray]:
    """Return (rows of B, opinions) of the items this person has an opinion on."""
    items = np.fromiter(person.opinions, dtype=np.int64, count=len(person.opinions))
    values = np.array([o.weight for o in person.opinions.values()], dtype=np.float32)
    rows = model.rows_of(items)
    return rows[rows >= 0], values[rows >= 0]


def _content_part(ids: np.ndarray, person: Person, vectors: Vectors | None) -> np.ndarray | None:
    if vectors is None or not (person.positive or person.rejected):
        return None
    liked = _vectors_of(vectors, person.positive[:LIKED_VECTORS])
    disliked = _vectors_of(vectors, person.rejected[:DISLIKED_VECTORS])
    scores = content_scores(vectors.matrix, liked, disliked)
    rows = rows_of(vectors.item_ids, ids)
    return np.where(rows >= 0, mix.scaled(scores)[rows], 0.0).astype(np.float32)


def _vectors_of(vectors: Vectors, ids: list[int]) -> np.ndarray:
    rows = rows_of(vectors.item_ids, np.array(ids, dtype=np.int64))
    return vectors.matrix[rows[rows >= 0]]


def _interest_scores(
    pool: Pool, indices: np.ndarray, interests: dict[str, list[str]]
) -> np.ndarray:
    types, colours = set(interests.get("types", [])), set(interests.get("colours", []))
    by_type = np.isin(pool.garment_type[indices], list(types)) if types else np.zeros(len(indices))
    by_colour = [bool(colours.intersection(pool.colours[at])) for at in indices]
    scores = INTEREST_TYPE * by_type + INTEREST_COLOUR * np.array(by_colour)
    return np.minimum(scores, 1.0).astype(np.float32)


def _chosen(
    pool: Pool, indices: np.ndarray, scores: np.ndarray, limit: int, rng: np.random.Generator
) -> list[tuple[int, float, bool]]:
    """Return (position in `indices`, propensity, explored) of both groups, best first."""
    is_ai = pool.origin[indices] == Item.Origin.AI
    picked: list[tuple[int, float, bool]] = []
    for group in (np.flatnonzero(is_ai), np.flatnonzero(~is_ai)):
        ordered = mix.order_with_exploration(scores[group], limit, EXPLORATION, rng)
        picked += [(int(group[at]), propensity, random) for at, propensity, random in ordered]
    return picked


def _candidate(
    pool: Pool,
    indices: np.ndarray,
    blended: mix.Blend,
    entry: tuple[int, float, bool],
    reasons: Reasons,
    policy: str,
) -> Candidate:
    at, propensity, explored = entry
    place = int(indices[at])
    proposed = mix.EXPLORE if explored else str(blended.sources[at])
    source, reason = reasons.of(int(pool.ids[place]), proposed, pool, place)
    return Candidate(
        item_id=int(pool.ids[place]),
        origin=str(pool.origin[place]),
        score=float(blended.scores[at]),
        source=source,
        reason=reason,
        propensity=propensity,
        policy=policy,
        owner_id=int(pool.owner[place]),
        garment_type=str(pool.garment_type[place]),
    )
