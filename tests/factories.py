"""Factories of rows for tests."""

from __future__ import annotations

import factory
from django.utils import timezone

from accounts.models import User
from catalog.models import Item


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    class Params:
        uploader = factory.Trait(role=User.Role.UPLOADER)
        moderator = factory.Trait(role=User.Role.MODERATOR)
        operator = factory.Trait(role=User.Role.OPERATOR, is_staff=True, is_superuser=True)

    username = factory.Sequence(lambda n: f"person{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    password = factory.django.Password("correct horse battery")


class ItemFactory(factory.django.DjangoModelFactory):
    """An item row without files; `published` and `ai` are traits."""

    class Meta:
        model = Item

    class Params:
        published = factory.Trait(
            state=Item.State.PUBLISHED,
            media_state=Item.MediaState.READY,
            published_at=factory.LazyFunction(timezone.now),
        )
        ai = factory.Trait(origin=Item.Origin.AI, authorship=Item.Authorship.PLATFORM, owner=None)

    owner = factory.SubFactory(UserFactory, uploader=True)
    kind = Item.Kind.IMAGE
    title = factory.Sequence(lambda n: f"Item {n}")
    licence = "own"
    garment_type = "skirt"
    colours = factory.LazyFunction(lambda: ["black"])
    pattern = "plain"
