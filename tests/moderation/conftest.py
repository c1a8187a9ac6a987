"""Items with real files, ready to be screened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.cache import cache

from accounts.models import User
from catalog.models import Item
from catalog.services import store_media
from common.guidance import Attributes, Guidance
from demo.drawing import draw_garment
from demo.garments import sample_spec
from tests.factories import ItemFactory, UserFactory

MakeItem = Callable[..., Item]


def draw(seed: int = 5, **spec: Any) -> np.ndarray:
    """A drawn garment, 480 x 640."""
    rng = np.random.default_rng(seed)
    return np.ascontiguousarray(draw_garment(sample_spec(rng, **spec), 480, 640))


def soften(image: np.ndarray) -> np.ndarray:
    """The same picture out of focus, which the clarity check flags."""
    import cv2

    return cv2.GaussianBlur(image, (0, 0), 9)


def guidance_of(user: User, **wanted: Any) -> dict[str, Any]:
    return Guidance(
        user_id=user.pk, instruction="make me one", wanted=Attributes(**wanted)
    ).as_dict()


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """Throttles count in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture
def pending_item(db: None) -> MakeItem:
    """Return a function that makes a pending item with stored files."""

    def make(image: np.ndarray | None = None, **fields: Any) -> Item:
        item = ItemFactory(**fields)
        store_media(item=item, image=draw(type="skirt") if image is None else image)
        Item.objects.filter(pk=item.pk).update(state=Item.State.PENDING)
        item.refresh_from_db()
        return item

    return make


@pytest.fixture
def pending_ai_item(pending_item: MakeItem) -> MakeItem:
    """Return a function that makes a pending item by the creator, for a person who asked."""

    def make(image: np.ndarray | None = None, **fields: Any) -> Item:
        asker = fields.pop("asker", None) or UserFactory()
        return pending_item(
            image,
            ai=True,
            made_for=asker,
            guidance=fields.pop("guidance", guidance_of(asker)),
            manifest={"backend": "embedded", "revision": "abc"},
            **fields,
        )

    return make


@pytest.fixture
def moderator(db: None) -> User:
    return UserFactory(moderator=True)
