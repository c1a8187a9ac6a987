"""Words for clothes that the catalogue teaches: learned by a task, read by every process."""

from __future__ import annotations

import time
from collections.abc import Iterator

from django.db import transaction
from django.db.models import Max, Q

from catalog.models import Item
from recommender.core import learned
from recommender.core.catalogue_words import Entry, learn
from recommender.models import CatalogueWord

# How long a process keeps the words that it read.
KEPT_S = 60.0
# The newest items are read, and no more: enough to count words by, in bounded memory.
MAX_ITEMS = 100_000

_read_at: float | None = None


def learn_words() -> int:
    """Replace the words by those of what is published now; return how many there are.

    What AI made is left out: its titles repeat what people asked for. Safe to repeat.
    """
    words = learn(_entries())
    rows = [
        CatalogueWord(word=w.word, items=w.items, slot=w.slot, value=w.value, share=w.share)
        for w in words
    ]
    with transaction.atomic():
        CatalogueWord.objects.all().delete()
        CatalogueWord.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def learn_words_if_needed() -> int | None:
    """Learn anew if an item changed since the last time; return the number of words, else None."""
    last = CatalogueWord.objects.aggregate(at=Max("learned_at"))["at"]
    changed = Q(updated_at__gt=last) | Q(published_at__gt=last)
    if last is not None and not Item.objects.filter(changed).exists():
        return None
    return learn_words()


def use_words() -> None:
    """Let the instructor of this process know the words; reads them at most once a minute."""
    global _read_at
    if _read_at is not None and time.monotonic() - _read_at < KEPT_S:
        return
    _read_at = time.monotonic()
    rows = CatalogueWord.objects.values_list("word", "items", "slot", "value", "share")
    learned.hold(learned.CatalogueWord(*row) for row in rows)


def forget() -> None:
    """Drop what this process holds; the next message reads it anew."""
    global _read_at
    _read_at = None
    learned.hold(())


def _entries() -> Iterator[Entry]:
    items = Item.objects.visible().exclude(origin=Item.Origin.AI).order_by("-published_at", "-pk")
    columns = ("title", "description", "owner_id", "garment_type", "colours", "pattern")
    for row in items.values_list(*columns)[:MAX_ITEMS].iterator(chunk_size=2000):
        title, description, owner, garment, colours, pattern = row
        yield Entry(f"{title} . {description}", owner, garment, tuple(colours), pattern)
