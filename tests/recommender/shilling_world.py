"""A small world of people with tastes, for tests of attacks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.utils import timezone
from scipy import sparse

from accounts.models import User
from catalog.models import Item
from recommender.core.shilling_attacks import Attack, attack_opinions
from recommender.models import Interaction
from tests.factories import ItemFactory, UserFactory

DAY = 86400.0
TASTES = 6


def honest_world(people: int = 240, items: int = 120, seed: int = 0) -> sparse.csr_matrix:
    """Return signed opinions (U, I): most likes go to items of one's taste, dislikes elsewhere."""
    rng = np.random.default_rng(seed)
    # How much items appeal to people is the same whoever comes.
    appeal = np.random.default_rng(1000).gamma(1.0, 1.0, size=items)
    kind = np.arange(items) % TASTES
    matrix = np.zeros((people, items), dtype=np.float32)
    for row in matrix:
        own = rng.choice(TASTES, size=2, replace=False)
        chance = appeal * np.where(np.isin(kind, own), 6.0, 1.0)
        count = int(np.clip(rng.gamma(4.0, 4.0), 4, 40))
        liked = rng.choice(items, size=count, replace=False, p=chance / chance.sum())
        row[liked] = 1.0
        disliked = rng.choice(np.flatnonzero(row == 0), size=2, replace=False)
        row[disliked] = -1.0
    return sparse.csr_matrix(matrix)


@dataclass(frozen=True)
class AttackedSite:
    """People, items and feedback as rows; the last people are an attack on `target`."""

    honest: list[User]
    attackers: list[User]
    items: list[Item]
    target: Item


def make_attacked_site(attackers: int = 30, people: int = 150, items: int = 90) -> AttackedSite:
    """Write an honest world of the last weeks and an attack of yesterday by new accounts."""
    matrix = honest_world(people, items, seed=2)
    attacked = attack_opinions(
        matrix, Attack("random", attackers / people, 12), np.random.default_rng(2)
    )
    now = timezone.now()
    users = User.objects.bulk_create(
        User(
            username=f"{'fake' if guilty else 'viewer'}-{number}",
            email=f"p{number}@example.org",
            date_joined=now - timedelta(days=2 if guilty else 200),
        )
        for number, guilty in enumerate(attacked.is_attack)
    )
    owner = UserFactory(uploader=True)
    made = [ItemFactory(published=True, owner=owner) for _ in range(items)]
    entries = attacked.matrix.tocoo()
    rng = np.random.default_rng(3)
    hours = rng.uniform(2, 50 * 24, size=len(entries.data))
    Interaction.objects.bulk_create(
        Interaction(
            user=users[user],
            item=made[item],
            kind="like" if weight > 0 else "dislike",
            created_at=now - timedelta(hours=1 if attacked.is_attack[user] else hour),
        )
        for user, item, weight, hour in zip(
            entries.row, entries.col, entries.data, hours, strict=True
        )
    )
    return AttackedSite(users[:people], users[people:], made, made[attacked.target])
