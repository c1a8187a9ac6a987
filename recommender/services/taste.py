"""What people like, as vectors: of one person, and of an uploader's audience."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from accounts.models import Consent, User
from recommender.core.content import mean_direction
from recommender.models import Interaction
from recommender.services.feedback import REACTIONS, learning_allowed
from recommender.services.pool import is_small
from recommender.services.vectors import Vectors, read_vectors, rows_of, vectors_for

# Newest reactions that are read: enough for a taste, bounded for speed.
NEWEST_REACTIONS = 400
MOST_LIKES = 50
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
        known = self.known if is_small() else read_vectors(self.model, item_ids)
        rows = rows_of(known.item_ids, np.array(item_ids, dtype=np.int64))
        if not len(known.item_ids):
            return np.zeros((len(rows), self.vectors.shape[1]), dtype=np.float32), rows >= 0
        return known.matrix[rows], rows >= 0


def taste_of(user: User | None, learning: bool | None = None) -> Taste | None:
    """Return what the person likes; None for visitors, without likes, or without their leave.

    learning: their answer on personalisation where it has been read. Two or three short queries.
    """
    if user is None or not user.is_authenticated or learning is False:
        return None
    if learning is None and learning_allowed(user) is False:
        return None
    return _taste(liked_ids(user))


def liked_ids(user: User, most: int = MOST_LIKES) -> list[int]:
    """Return the items whose reaction in force is a like, newest first. One query."""
    rows = (
        Interaction.objects.filter(user=user, kind__in=REACTIONS)
        .order_by("-created_at", "-id")
        .values_list("item_id", "kind")[:NEWEST_REACTIONS]
    )
    newest: dict[int, str] = {}
    for item_id, kind in rows:
        newest.setdefault(item_id, kind)
    return [item for item, kind in newest.items() if kind == Interaction.Kind.LIKE][:most]


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


def _taste(ids: list[int]) -> Taste | None:
    vectors = vectors_for(ids) if ids else None
    if vectors is None:
        return None
    rows = rows_of(vectors.item_ids, np.array(ids, dtype=np.int64))
    kept = tuple(item for item, row in zip(ids, rows, strict=True) if row >= 0)
    if not kept:
        return None
    return Taste(kept, vectors.matrix[rows[rows >= 0]], vectors)
