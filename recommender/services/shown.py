"""An item of the catalogue as the instructor knows it."""

from __future__ import annotations

from catalog.models import Item
from recommender.core.dialogue import ShownItem


def as_shown(item: Item) -> ShownItem:
    """Return what a picture shows; who may change it is not asked here."""
    return ShownItem(
        id=item.pk,
        kind="video" if item.kind == Item.Kind.VIDEO else "image",
        type=item.garment_type or None,
        colours=tuple(item.colours),
        pattern=item.pattern or None,
        look=item.look,
        origin=item.origin,
        title=item.title,
    )
