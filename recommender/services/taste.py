"""What people like, as vectors: of one person, and of an uploader's audience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accounts.models import Consent, User
from recommender.core.content import mean_direction
from recommender.models import Interaction
from recommender.services.feedback import REACTIONS, learning_allowed, user_opinions
from recommender.services.pool import is_small
from recommender.services.reasons import Person
from recommender.services.vectors import Vectors, joined, read_vectors, rows_of, vectors_for

# An audience smaller than this would tell what one person likes.
LEAST_AUDIENCE = 5
MOST_AUDIENCE = 200


@dataclass(frozen=True)
class Taste:
    """The liked items of one person that have a vector, newest like first."""

    item_ids: tuple[int, ...]
    # (M, D) vectors of the liked items' thumbnails, of length 1.
    vectors: np.ndarray
    # Those in memory by the same encoder: of all items, in a large catalogue of the liked ones.
    known: Vectors

    @property
    def model(self) -> str:
        """The encoder that all these vectors come from."""
        return self.known.model

    def vectors_of(self, item_ids: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Return the vectors (K, D) of any items, and (K,) bool, whether each is known."""
        wanted = np.array(item_ids, dtype=np.int64)
        known = self.known
        missing = wanted[rows_of(known.item_ids, wanted) < 0]
        if len(missing) and not is_small():
            known = joined(known, read_vectors(self.model, missing.tolist()))
        rows = rows_of(known.item_ids, wanted)
        return known.matrix[rows], rows >= 0


def taste_of(user: User | None) -> Taste | None:
    """Return what the person likes; None for visitors, without likes, or without their leave.

    A handful of short queries.
    """
    if user is None or not user.is_authenticated or learning_allowed(user) is False:
        return None
    likes = Person(user_opinions(user), {}).likes
    return taste_from(likes, vectors_for(likes) if likes else None)


def taste_from(likes: Sequence[int], vectors: Vectors | None) -> Taste | None:
    """Return the taste that shows in these likes (newest first) as far as `vectors` holds them."""
    if vectors is None or not likes:
        return None
    rows = rows_of(vectors.item_ids, np.array(likes, dtype=np.int64))
    kept = tuple(item for item, row in zip(likes, rows, strict=True) if row >= 0)
    return Taste(kept, vectors.matrix[rows[rows >= 0]], vectors) if kept else None


def audience_vector(owner: User) -> np.ndarray | None:
    """Return the mean taste, of length 1, of the people who liked this uploader's items.

    Each person counts the same, whatever number of likes they gave. Only those who let us learn
    count; None while they are fewer than five, since it would tell what one of them likes. Four
    queries.
    """
    fans = _fans_of(owner)
    if len(fans) < LEAST_AUDIENCE:
        return None
    newest = (
        Interaction.objects.trusted()
        .filter(user__in=fans, kind__in=REACTIONS)
        .order_by("user_id", "item_id", "-created_at", "-id")
        .distinct("user_id", "item_id")
        .values_list("user_id", "item_id", "kind")
    )
    likes: dict[int, list[int]] = {}
    for fan, item, kind in newest:
        if kind == Interaction.Kind.LIKE:
            likes.setdefault(fan, []).append(item)
    vectors = vectors_for({item for liked in likes.values() for item in liked})
    if vectors is None:
        return None
    means = []
    for liked in likes.values():
        rows = rows_of(vectors.item_ids, np.array(liked, dtype=np.int64))
        if (rows >= 0).any():
            means.append(mean_direction(vectors.matrix[rows[rows >= 0]]))
    return mean_direction(np.stack(means)) if len(means) >= LEAST_AUDIENCE else None


def _fans_of(owner: User) -> set[int]:
    """Return people who liked an item of this uploader's and did not refuse to be learned from."""
    likers = (
        Interaction.objects.trusted()
        .filter(item__owner=owner, kind=Interaction.Kind.LIKE)
        .filter(user__is_active=True)
        .exclude(user=owner)
        .order_by("user_id")
        .values_list("user_id", flat=True)
        .distinct()[:MOST_AUDIENCE]
    )
    fans = set(likers)
    answers = (
        Consent.objects.filter(user__in=fans, kind=Consent.Kind.PERSONALISATION)
        .order_by("user_id", "-answered_at", "-id")
        .distinct("user_id")
        .values_list("user_id", "granted")
    )
    return fans - {fan for fan, granted in answers if not granted}
