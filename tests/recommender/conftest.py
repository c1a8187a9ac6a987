"""A small catalogue with vectors of three tastes, and nothing kept between tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone

from accounts.models import Consent, User
from catalog.models import Embedding, Item
from recommender.models import Interaction
from recommender.services import serving, user_emb
from tests.factories import ItemFactory, UserFactory

TASTES = ("skirt", "hat", "shoes")


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path: Path) -> Iterator[None]:
    """Models go to the test's own folder, and what processes keep is dropped."""
    settings.VAR_DIR = tmp_path
    serving.forget()
    user_emb.forget()
    yield
    serving.forget()
    user_emb.forget()


def with_vector(item: Item, taste: str, seed: int) -> Item:
    """Give the item a vector near those of its taste."""
    vector = np.eye(8)[TASTES.index(taste)] + 0.1 * np.random.default_rng(seed).normal(size=8)
    vector /= np.linalg.norm(vector)
    Embedding.objects.create(item=item, model="test", vector=vector)
    return item


@pytest.fixture
def adult(db) -> User:
    person = UserFactory()
    person.profile.age_band = "adult"
    person.profile.save()
    Consent.objects.create(user=person, kind=Consent.Kind.PERSONALISATION, granted=True)
    return person


@pytest.fixture
def items(db) -> list[Item]:
    """Thirty published items, ten of each taste, every third made by AI."""
    made = []
    for number in range(30):
        taste = TASTES[number % 3]
        traits = {"ai": True} if number % 9 in (1, 3, 8) else {}
        made.append(
            with_vector(ItemFactory(published=True, garment_type=taste, **traits), taste, number)
        )
    return made


@pytest.fixture
def like() -> Callable[[User, Item], None]:
    def act(user: User, item: Item, kind: str = "like") -> None:
        Interaction.objects.create(user=user, item=item, kind=kind, created_at=timezone.now())

    return act


@pytest.fixture
def fans(items, like) -> list[User]:
    """Twelve people, each fond of one taste."""
    people = [UserFactory() for _ in range(12)]
    for number, person in enumerate(people):
        fond = [item for item in items if item.garment_type == TASTES[number % 3]]
        for item in fond[: 6 + number % 4]:
            like(person, item)
    return people
