"""Candidates for one person's next page, each with its source and a reason that is true."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from accounts.follows import followed_ids
from accounts.models import User
from catalog.models import Item
from recommender.core import blend as mix
from recommender.core.content import content_scores
from recommender.core.exploration import Lot
from recommender.services.field import (
    GROUPS,
    Asked,
    Field,
    field_of,
    model_rows,
)
from recommender.services.pool import Pool, read_anew
from recommender.services.reasons import DISLIKED_VECTORS, LIKED_VECTORS, Person, Reasons, person_of
from recommender.services.serving import ServingModel, serving_model
from recommender.services.vectors import Vectors, rows_of

INTEREST_TYPE, INTEREST_COLOUR = 0.7, 0.5
# An item that the collective model has not met is ranked by its looks, which then count more.
UNMET_BOOST = 1.6
# Share of a group's candidates that one uploader may fill while there are others.
OWNER_SHARE = 0.25


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


@dataclass(frozen=True)
class Ranking:
    """Candidates of both groups, each best first, and by group what chance may put instead.

    What proposed a candidate, and why, is said by `explained`: of few it is asked.
    """

    candidates: list[Candidate] = field(default_factory=list)
    lots: dict[str, Lot[Candidate]] = field(default_factory=dict)
    # Those that were read: of the candidates, and of what the person liked last.
    vectors: Vectors | None = None
    explained: Callable[[Sequence[Candidate]], list[Candidate]] = list


def rank_candidates(
    *,
    user: User | None,
    exclude_ids: Collection[int] = (),
    limit: int = 40,
    origins: Collection[str] | None = None,
) -> list[Candidate]:
    """Return up to `limit` candidates made by AI and up to `limit` others, each group best first.

    Each with its source and reason. Nothing is left to chance; see `rank`.
    """
    ranking = rank(user=user, exclude_ids=exclude_ids, limit=limit, origins=origins)
    return ranking.explained(ranking.candidates)


def rank(
    *,
    user: User | None,
    exclude_ids: Collection[int] = (),
    limit: int = 40,
    origins: Collection[str] | None = None,
    rng: np.random.Generator | None = None,
    person: Person | None = None,
    followed: Collection[int] | None = None,
) -> Ranking:
    """Return up to `limit` candidates made by AI and up to `limit` others, and items by lot.

    Never fewer than there are. Only items that the database shows to this person now; rejected
    items never. Visitors, newcomers and who refused personalisation get popular, fresh and
    interesting items. A like counts at once: the person is folded into the trained model. The order
    depends on nothing random; chance has its say on the finished page (`core.exploration`).
    `person` and `followed`, where the caller has read them, are not read again; who refused
    personalisation follows nobody here.
    """
    if person is None:
        person = person_of(user)
    if followed is None:
        followed = followed_ids(user)
    asked = Asked(
        user=user,
        person=person,
        followed=frozenset() if person.refused else frozenset(followed),
        excluded=frozenset(exclude_ids) | frozenset(person.rejected),
        limit=limit,
        origins=origins,
        rng=rng or np.random.default_rng(),
    )
    model = serving_model()
    ranking, gone = _ranked(asked, model)
    if gone:
        # So much was taken down since this process read it that the page would be short.
        read_anew()
        ranking, _ = _ranked(asked, model)
    return ranking


def _ranked(asked: Asked, model: ServingModel | None) -> tuple[Ranking, bool]:
    """Return the ranking, and whether places stay empty that others could fill."""
    found = field_of(asked, model)
    if not len(found.places):
        return Ranking(), False
    weights = mix.source_weights(len(asked.person.positive))
    blended = mix.blend(_parts(asked, found, model), weights)
    chosen = _chosen(found, blended.scores, asked.limit)
    visible = _visible(asked, found, chosen)
    kept = chosen[np.isin(found.pool.ids[found.places[chosen]], visible)]
    gone = len(chosen) - len(kept) > _spare(asked.limit)
    drawn = {name: at[np.isin(found.pool.ids[at], visible)] for name, at in found.drawn.items()}
    return _Describing(asked, found, blended, model).ranking(kept, drawn), gone


def _spare(limit: int) -> int:
    """Candidates looked at beyond those asked for: some may have been taken down a moment ago."""
    return limit // 4 + 1


def _chosen(found: Field, scores: np.ndarray, limit: int) -> np.ndarray:
    """Return positions in `found.places`: of each group the best, not too many of one uploader."""
    owners = found.pool.owner[found.places]
    is_ai = found.pool.origin[found.places] == Item.Origin.AI
    picked = []
    for own in (np.flatnonzero(is_ai), np.flatnonzero(~is_ai)):
        order = own[np.argsort(-scores[own], kind="stable")]
        # A head is enough to find other uploaders in, and short enough to walk in Python.
        head = mix.cap_per_owner(owners, order[: 8 * limit], max(1, int(OWNER_SHARE * limit)))
        picked.append(head[: limit + _spare(limit)])
    return np.concatenate(picked)


def _visible(asked: Asked, found: Field, chosen: np.ndarray) -> np.ndarray:
    """Return the ids that may be shown, of the chosen and the drawn; asked of the database."""
    if found.is_checked:
        return found.pool.ids
    wanted = np.concatenate([found.places[chosen], *found.drawn.values()])
    shown = asked.items().filter(pk__any_of=found.pool.ids[wanted]).order_by()
    return np.array(list(shown.values_list("pk", flat=True)), dtype=np.int64)


def _parts(asked: Asked, found: Field, model: ServingModel | None) -> dict[str, np.ndarray]:
    """Return every source's scores of the candidates, each scaled to [-1, 1]."""
    pool, places, person = found.pool, found.places, asked.person
    ids = pool.ids[places]
    fresh = mix.freshness(pool.published[places], time.time())
    parts = {mix.FRESH: fresh, mix.POPULAR: np.zeros(len(ids), dtype=np.float32)}
    if asked.followed:
        own = np.isin(pool.owner[places], list(asked.followed))
        parts[mix.FOLLOWED] = mix.following(own, fresh)
    if person.interests:
        parts[mix.INTERESTS] = _interest_scores(pool, places, person.interests)
    if person.wishes.has_wanted:
        parts[mix.WISHES] = person.wishes.scores(ids)
    content = _content_part(ids, person, found)
    if content is not None:
        parts[mix.CONTENT] = content
    if model is not None:
        rows = model.rows_of(ids)
        parts[mix.POPULAR] = np.where(rows >= 0, model.popularity[rows], 0).astype(np.float32)
        if found.collective is not None:
            parts[mix.COLLECTIVE] = _collective_part(ids, person, model, found)
            if content is not None:
                parts[mix.CONTENT] = np.where(rows >= 0, content, UNMET_BOOST * content)
    return parts


def _collective_part(
    ids: np.ndarray, person: Person, model: ServingModel, found: Field
) -> np.ndarray:
    """Return the model's scores of these items.

    An item that it has not met, created a moment ago, is given a factor from how it looks where
    the model has factors, and 0 where it has none.
    """
    scores, vectors = found.collective, found.vectors
    if scores is None:
        return np.zeros(len(ids), dtype=np.float32)
    rows = model.rows_of(ids)
    known = mix.scaled(scores[np.maximum(rows, 0)], among=scores)
    part = np.where(rows >= 0, known, 0.0).astype(np.float32)
    unmet = np.flatnonzero(rows < 0)
    if len(unmet) and vectors is not None and len(vectors.item_ids):
        at = rows_of(vectors.item_ids, ids[unmet])
        seen = unmet[at >= 0]
        predicted = model.scores_by_looks(*model_rows(person, model), vectors.matrix[at[at >= 0]])
        if predicted is not None:
            part[seen] = mix.scaled(predicted, among=scores)
    return part


def _content_part(ids: np.ndarray, person: Person, found: Field) -> np.ndarray | None:
    vectors = found.vectors
    if vectors is None or not len(vectors.item_ids) or not (person.positive or person.rejected):
        return None
    liked = _vectors_of(vectors, person.positive[:LIKED_VECTORS])
    disliked = _vectors_of(vectors, person.rejected[:DISLIKED_VECTORS])
    scores = content_scores(vectors.matrix, liked, disliked)
    among = scores
    if found.usual is not None and len(found.usual):
        # The candidates are all near to what is liked: what is usual shows on others.
        usual = content_scores(found.usual, liked, disliked)
        among = np.append(usual, scores.max())
    rows = rows_of(vectors.item_ids, ids)
    return np.where(rows >= 0, mix.scaled(scores, among)[rows], 0.0).astype(np.float32)


def _vectors_of(vectors: Vectors, ids: list[int]) -> np.ndarray:
    rows = rows_of(vectors.item_ids, np.array(ids, dtype=np.int64))
    return vectors.matrix[rows[rows >= 0]]


def _interest_scores(pool: Pool, places: np.ndarray, interests: dict[str, list[str]]) -> np.ndarray:
    types, colours = set(interests.get("types", [])), set(interests.get("colours", []))
    by_type = np.isin(pool.garment_type[places], list(types)) if types else np.zeros(len(places))
    by_colour = [bool(colours.intersection(pool.colours[at])) for at in places]
    scores = INTEREST_TYPE * by_type + INTEREST_COLOUR * np.array(by_colour)
    return np.minimum(scores, 1.0).astype(np.float32)


class _Describing:
    """Turns chosen positions into candidates, and tells the reasons of those that are shown."""

    def __init__(
        self, asked: Asked, found: Field, blended: mix.Blend, model: ServingModel | None
    ) -> None:
        self.asked, self.found, self.blended, self.model = asked, found, blended, model
        self.policy = f"{model.kind}-{model.version}" if model else "untrained"
        self.at: dict[int, int] = {}

    def ranking(self, chosen: np.ndarray, drawn: dict[str, np.ndarray]) -> Ranking:
        """Return up to `limit` candidates of each group in their order, and the lots."""
        lots = {
            name: Lot([self._drawn(int(place)) for place in drawn[name]], self.found.eligible[name])
            for name in GROUPS
        }
        left = dict.fromkeys((True, False), self.asked.limit)
        candidates = []
        for at in chosen.tolist():
            candidate = self._proposed(at)
            is_ai = candidate.origin == Item.Origin.AI
            left[is_ai] -= 1
            if left[is_ai] >= 0:
                candidates.append(candidate)
                self.at[candidate.item_id] = at
        return Ranking(candidates, lots, self.found.vectors, self.explained)

    def explained(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        """Return the candidates with source and reason; what has a reason already keeps it."""
        open_ones = [one.item_id for one in candidates if not one.reason]
        reasons = Reasons(self.asked.person, self.model, self.found.vectors, open_ones)
        return [one if one.reason else self._explained(one, reasons) for one in candidates]

    def _explained(self, candidate: Candidate, reasons: Reasons) -> Candidate:
        at = self.at[candidate.item_id]
        place = int(self.found.places[at])
        source, reason = reasons.of(candidate.item_id, candidate.source, self.found.pool, place)
        return replace(
            candidate, source=source, reason={**reason, "parts": self.blended.shares(at)}
        )

    def _proposed(self, at: int) -> Candidate:
        source, score = str(self.blended.sources[at]), float(self.blended.scores[at])
        return self._candidate(int(self.found.places[at]), score, source, {})

    def _drawn(self, place: int) -> Candidate:
        return self._candidate(place, 0.0, mix.EXPLORE, {"kind": mix.EXPLORE})

    def _candidate(
        self, place: int, score: float, source: str, reason: dict[str, Any]
    ) -> Candidate:
        pool = self.found.pool
        return Candidate(
            item_id=int(pool.ids[place]),
            origin=str(pool.origin[place]),
            score=score,
            source=source,
            reason=reason,
            policy=self.policy,
            owner_id=int(pool.owner[place]),
            garment_type=str(pool.garment_type[place]),
        )
