"""Uploads that a person has to look at, so that the review queue has real cases from the start."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from accounts.models import User
from catalog.models import Item
from catalog.services import embed_items, store_media
from demo.drawing import draw_garment
from demo.garments import attributes, caption, sample_spec
from demo.screening import screen_all
from demo.world import HEIGHT, WIDTH


def leave_open_cases(*, owners: Sequence[User]) -> list[Item]:
    """Hand in a handful of uploads with something wrong, and screen them."""
    rng = np.random.default_rng(99)
    originals = [sample_spec(rng) for _ in range(5)]
    pictures = [draw_garment(spec, WIDTH, HEIGHT) for spec in originals]
    texts = [
        "Selling it, call +44 20 7946 0018 or write to dealer@example.com",
        "",
        "Wore it once. Size M.",
        "FREE followers!!! Click the link in my profile, fr33 m0ney",
        "My favourite this autumn.",
    ]
    # Out of focus; and the same picture handed in by two people.
    pictures[1] = cv2.GaussianBlur(pictures[1], (0, 0), 9)
    originals[4], pictures[4] = originals[2], pictures[2]
    items = []
    for index, (spec, picture, text) in enumerate(zip(originals, pictures, texts, strict=True)):
        wanted = attributes(spec)
        item = Item.objects.create(
            owner=owners[index % len(owners)],
            kind=Item.Kind.IMAGE,
            licence="own",
            title=caption(spec).replace(" plain ", " ").capitalize(),
            description=text,
            garment_type=wanted.type or "",
            colours=list(wanted.colours),
            pattern=wanted.pattern or "",
            look="illustration",
        )
        store_media(item=item, image=picture)
        items.append(item)
    embed_items(items=items)
    # One after the other: the copy has to find the original published.
    screen_all(items, processes=1)
    return items
