"""Why a source proposed an item: true reasons, naming the opinions that counted most."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from accounts.models import User
from recommender.core import blend as mix
from recommender.core.content import content_parts
from recommender.core.data import Opinion
from recommender.models import Interaction
from recommender.services.feedback import learning_allowed, user_opinions
from recommender.services.pool import Pool
from recommender.services.serving import ServingModel
from recommender.services.vectors import Vectors, rows_of
from recommender.services.wishes import NO_WISHES, FeedWishes, feed_wishes_of

NAMED_ITEMS = 3
# Newest likes whose vectors are compared with every item.
LIKED_VECTORS = 20
# Newest likes that a person's own posters and clips are chosen by.
MOST_LIKES = 50
# Newest rejections whose vectors are compared with every item.
DISLIKED_VECTORS = 10
LIKE = Interaction.Kind.LIKE


@dataclass(frozen=True)
class Person:
    """What ranking knows of a person; everything empty for a visitor or without their leave."""

    opinions: dict[int, Opinion]
    interests: dict[str, list[str]]
    # Stated, not learned: they hold without that leave.
    wishes: FeedWishes = NO_WISHES
    # They asked us not to learn from what they do: they are ranked as a stranger is.
    refused: bool = False

    @cached_property
    def positive(self) -> list[int]:
        """The items with a positive opinion, newest first."""
        return self._newest_first(o.weight > 0 for o in self.opinions.values())

    @cached_property
    def rejected(self) -> list[int]:
        """The items rejected in so many words, newest first."""
        return self._newest_first(o.weight < 0 and o.reaction for o in self.opinions.values())

    @cached_property
    def likes(self) -> list[int]:
        """The newest items liked in so many words, newest first: what their taste is read from."""
        liked = self._newest_first(o.reaction == LIKE for o in self.opinions.values())
        return liked[:MOST_LIKES]

    def _newest_first(self, kept: Iterable[object]) -> list[int]:
        held = zip(self.opinions.items(), kept, strict=True)
        chosen = [(opinion.at, item) for (item, opinion), keep in held if keep]
        return [item for _, item in sorted(chosen, reverse=True)]


def person_of(user: User | None, learning: bool | None = None) -> Person:
    """Return what ranking may know of a person. Two queries, three where `learning` is not given.

    learning: their answer on personalisation where the caller has read it already.
    """
    wishes = feed_wishes_of(user)
    if user is None or not user.is_authenticated:
        return Person({}, {}, wishes)
    if learning is False or (learning is None and learning_allowed(user) is False):
        return Person({}, {}, wishes, refused=True)
    interests = user.profile.interests
    return Person(user_opinions(user), interests if isinstance(interests, dict) else {}, wishes)


class Reasons:
    """Reasons of a set of items; what each opinion gave to each item is computed once."""

    def __init__(
        self,
        person: Person,
        model: ServingModel | None,
        vectors: Vectors | None,
        item_ids: list[int],
    ) -> None:
        self.person = person
        wanted = np.array(item_ids, dtype=np.int64)
        positive = np.array(person.positive, dtype=np.int64)
        self._column = {item: at for at, item in enumerate(item_ids)}
        self._collective = self._by_collective(positive, wanted, model)
        self._content = self._by_content(positive[:LIKED_VECTORS], wanted, vectors)

    def of(self, item_id: int, source: str, pool: Pool, place: int) -> tuple[str, dict[str, Any]]:
        """Return (source, reason); a source that can name nothing hands over to the next."""
        if source == mix.COLLECTIVE:
            named = self._named(self._collective, item_id)
            if named:
                return source, self._because(named)
            # What counted lies outside the kept neighbours: the looks are what is left to name.
            source = mix.CONTENT
        if source == mix.CONTENT:
            named = self._named(self._content, item_id)
            if named:
                return source, {"kind": "looks_like", "item_ids": named}
            source = mix.FRESH
        if source == mix.WISHES:
            return source, self.person.wishes.reason(item_id)
        if source == mix.INTERESTS:
            return source, self._by_interests(pool, place)
        if source == mix.FOLLOWED:
            return source, {"kind": source, "owner_id": int(pool.owner[place])}
        return source, {"kind": source}

    def _named(self, parts: tuple[np.ndarray, np.ndarray], item_id: int) -> list[int]:
        """Return the other items whose part in this item's score is largest, if above 0."""
        items, matrix = parts
        column = np.where(items == item_id, 0.0, matrix[:, self._column[item_id]])
        return [int(items[at]) for at in np.argsort(-column)[:NAMED_ITEMS] if column[at] > 0]

    def _because(self, named: list[int]) -> dict[str, Any]:
        held = self.person.opinions
        liked = [item for item in named if held[item].reaction == LIKE]
        if liked:
            return {"kind": "because_you_liked", "item_ids": liked}
        return {"kind": "because_you_watched", "item_ids": named}

    def _by_collective(
        self, positive: np.ndarray, wanted: np.ndarray, model: ServingModel | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (items, (items, wanted)): what each positive opinion adds to each item."""
        nothing = np.zeros((0, len(wanted)), dtype=np.float32)
        if model is None or not len(positive):
            return positive[:0], nothing
        # All opinions, since what one like gave may depend on the others.
        items = np.fromiter(self.person.opinions, dtype=np.int64, count=len(self.person.opinions))
        rows, columns = model.rows_of(items), model.rows_of(wanted)
        items, rows = items[rows >= 0], rows[rows >= 0]
        if not len(rows):
            return items, nothing
        values = np.array([self.person.opinions[int(item)].weight for item in items])
        parts = model.ranker.contributions(rows, values, np.maximum(columns, 0))
        liked = values > 0
        return items[liked], np.where(columns >= 0, parts[liked], 0.0)

    def _by_content(
        self, liked: np.ndarray, wanted: np.ndarray, vectors: Vectors | None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return (items, (items, wanted)): by how much each score would fall without each like."""
        nothing = np.zeros((0, len(wanted)), dtype=np.float32)
        if vectors is None or not len(liked):
            return liked[:0], nothing
        rows, columns = rows_of(vectors.item_ids, liked), rows_of(vectors.item_ids, wanted)
        liked, rows = liked[rows >= 0], rows[rows >= 0]
        if not len(rows):
            return liked, nothing
        parts = content_parts(vectors.matrix[np.maximum(columns, 0)], vectors.matrix[rows])
        return liked, np.where(columns >= 0, parts, 0.0)

    def _by_interests(self, pool: Pool, place: int) -> dict[str, Any]:
        interests = self.person.interests
        words = [name for name in pool.colours[place] if name in interests.get("colours", [])]
        if str(pool.garment_type[place]) in interests.get("types", []):
            words.append(str(pool.garment_type[place]))
        return {"kind": "your_interests", "words": words}
