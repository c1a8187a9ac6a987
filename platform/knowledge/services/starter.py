"""The facts that Weft brings along: rules with their sources, fabrics, patterns, styles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from knowledge.models import Document, Source
from knowledge.services.managing import clean_topics
from knowledge.services.storing import NewText, store_text

FOLDER = Path(__file__).resolve().parent.parent / "starter"


def read_starter(folder: Path = FOLDER) -> Iterator[dict[str, Any]]:
    """Yield each group of facts that is shipped, in a fixed order."""
    for path in sorted(folder.glob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


@transaction.atomic
def load_starter() -> int:
    """Bring the shipped facts up to date and return how many there are.

    Safe to repeat: unchanged facts keep their rows, changed ones are replaced, those that are no
    longer shipped go. What an operator has set of a source (trust, topics, whether it is on) stays.
    """
    count = 0
    for group in read_starter():
        source, _ = Source.objects.get_or_create(
            kind=Source.Kind.STARTER,
            title=group["title"],
            defaults={
                "publisher": group["publisher"],
                "trust": group["trust"],
                "topics": clean_topics(group["topics"]),
            },
        )
        for fact in group["facts"]:
            store_text(source=source, given=_as_text(fact))
            count += 1
        shipped = [fact["key"] for fact in group["facts"]]
        Document.objects.filter(source=source).exclude(key__in=shipped).delete()
        Source.objects.filter(pk=source.pk).update(
            state=Source.State.READY, fetched_at=timezone.now()
        )
    return count


def _as_text(fact: dict[str, Any]) -> NewText:
    since = fact["in_force_from"]
    return NewText(
        key=fact["key"],
        title=fact["title"],
        text=fact["text"],
        url=fact["url"],
        publisher=fact["publisher"],
        jurisdiction=fact["jurisdiction"],
        in_force_from=date.fromisoformat(since) if since else None,
        terms=tuple(fact.get("terms", ())),
        attributes=fact.get("attributes", {}),
    )
