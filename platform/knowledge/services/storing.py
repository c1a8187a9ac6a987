"""Texts become documents and passages; what is no longer said is retired."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.postgres.search import SearchVector
from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction
from django.db.models import Value
from django.utils import timezone
from pgvector.django import CosineDistance

from common.vocabulary import COLOURS, PATTERNS, TYPES
from knowledge.models import Document, Passage, Source
from knowledge.screening import find_orders
from knowledge.splitting import Piece, split_passages
from knowledge.wording import VECTOR_MODEL, all_words_of, vector_of

# Passages this near in words are one, if they agree in every number and every "not".
DUPLICATE_DISTANCE = 0.03
MAX_PASSAGES = 2000
# How long what nobody can cite any more is kept for those who did.
KEEP_RETIRED = timedelta(days=365)
_NEGATIONS_TEXT = "not no never nor without neither none cannot except unless"
_NEGATIONS = frozenset(_NEGATIONS_TEXT.split())
_MAX_DETAILS, _MAX_DETAIL_CHARS = 6, 40


@dataclass(frozen=True)
class NewText:
    """A text as a source gives it."""

    key: str
    title: str
    text: str
    url: str = ""
    publisher: str = ""
    published_at: datetime | None = None
    expires_at: datetime | None = None
    language: str = "en"
    jurisdiction: str = ""
    in_force_from: date | None = None
    terms: tuple[str, ...] = ()
    attributes: dict[str, Any] = field(default_factory=dict)


@transaction.atomic
def store_text(*, source: Source, given: NewText) -> Document:
    """Store a text under its key and return its document.

    An unchanged text only gets its new dates. Of a changed one the passages that still stand in
    it keep their rows, so that citations stay whole; the others are retired.
    """
    now = timezone.now()
    digest = _sha256(given.text)
    known = Document.objects.select_for_update().filter(source=source, key=given.key).first()
    document = known or Document(source=source, key=given.key)
    known_digest, title_before = document.sha256, document.title
    document.url = _shown_address(given.url)
    document.title = given.title[:300] or source.title
    document.publisher = given.publisher[:120]
    document.published_at = given.published_at
    document.fetched_at = now
    document.expires_at = given.expires_at
    document.language = (given.language or "en")[:8].lower()
    document.jurisdiction = given.jurisdiction
    document.in_force_from = given.in_force_from
    if given.terms or source.kind == Source.Kind.STARTER:
        document.terms = [term.lower()[:40] for term in given.terms]
        document.attributes = check_attributes(given.attributes)
    document.sha256, document.text = digest, given.text
    document.full_clean(exclude=["source"], validate_unique=False, validate_constraints=False)
    document.save()
    unchanged = known is not None and known_digest == digest and title_before == document.title
    if not (unchanged and document.passages.filter(retired_at__isnull=True).exists()):
        _replace_passages(document, now)
    return document


def _shown_address(url: str) -> str:
    """Return an address that may stand in a link, or nothing: a feed may name any scheme."""
    try:
        URLValidator(schemes=["http", "https"])(url)
    except ValidationError:
        return ""
    return url[:1000]


def check_attributes(given: dict[str, Any]) -> dict[str, Any]:
    """Return only what the common vocabulary knows, and short plain details."""
    kept: dict[str, Any] = {}
    if given.get("type") in TYPES:
        kept["type"] = given["type"]
    if given.get("pattern") in PATTERNS:
        kept["pattern"] = given["pattern"]
    colours = [colour for colour in given.get("colours", ()) if colour in COLOURS]
    details = [
        detail
        for detail in given.get("details", ())
        if re.fullmatch(r"[a-z][a-z -]*", detail) and len(detail) <= _MAX_DETAIL_CHARS
    ]
    if colours:
        kept["colours"] = colours
    if details:
        kept["details"] = details[:_MAX_DETAILS]
    return kept


def _replace_passages(document: Document, now: datetime) -> None:
    pieces = {_sha256(piece.text): piece for piece in split_passages(document.text)[:MAX_PASSAGES]}
    standing = {p.sha256: p for p in document.passages.filter(retired_at__isnull=True)}
    gone = [p.pk for digest, p in standing.items() if digest not in pieces]
    Passage.objects.filter(pk__in=gone).update(retired_at=now)
    for position, (digest, piece) in enumerate(pieces.items()):
        kept = standing.get(digest)
        if kept is None:
            kept = _new_passage(document, digest, piece)
        kept.position, kept.start, kept.end = position, piece.start, piece.end
        kept.save()
    _index(document)


def _new_passage(document: Document, digest: str, piece: Piece) -> Passage:
    orders = find_orders(f"{document.title}\n{piece.text}")
    passage = Passage(
        document=document,
        text=piece.text,
        sha256=digest,
        vector=vector_of(f"{document.title} {piece.text}"),
        vector_model=VECTOR_MODEL,
        screening=Passage.Screening.HELD if orders else Passage.Screening.CLEAN,
        held_for=orders,
    )
    passage.duplicate_of = None if orders else _find_duplicate(passage)
    return passage


def _find_duplicate(passage: Passage) -> Passage | None:
    """Return an older passage, of any source, that says the same in almost the same words."""
    others = Passage.objects.usable().filter(duplicate_of__isnull=True)
    if same := others.filter(sha256=passage.sha256).order_by("pk").first():
        return same
    near = (
        others.filter(vector_model=VECTOR_MODEL)
        .annotate(distance=CosineDistance("vector", passage.vector))
        .filter(distance__lte=DUPLICATE_DISTANCE)
        .order_by("distance", "pk")[:5]
    )
    mine = _hard_facts(passage.text)
    return next((other for other in near if _hard_facts(other.text) == mine), None)


def _hard_facts(text: str) -> tuple[list[str], int]:
    """Return what may not differ between doubles: the numbers, and how often something is denied.

    "Applies from 2 August" and "from 2 December" are near in words and are not the same.
    """
    words = all_words_of(text)
    numbers = sorted(word for word in words if any(c.isdigit() for c in word))
    months = sorted(word for word in words if word in _MONTHS)
    return [*numbers, *months], sum(word in _NEGATIONS for word in words)


_MONTHS_TEXT = (
    "january february march april may june july august september october november december"
)
_MONTHS = frozenset(_MONTHS_TEXT.split())


def _index(document: Document) -> None:
    """Write the words of the document's standing passages, stemmed as its language allows."""
    config = text_search_config(document.language)
    Passage.objects.filter(document=document, retired_at__isnull=True).update(
        search_vector=SearchVector(Value(document.title), weight="A", config=config)
        + SearchVector(Value(" ".join(document.terms)), weight="A", config=config)
        + SearchVector("text", weight="B", config=config)
        # Somebody may ask by the name of the law or of the paper.
        + SearchVector(Value(document.publisher), weight="C", config=config)
    )


def text_search_config(language: str) -> str:
    """Return PostgreSQL's configuration for a language; words as they stand where it has none."""
    return _CONFIGS.get(language.lower()[:2], "simple")


_CONFIGS = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}


def expire_knowledge() -> int:
    """Retire the passages of documents whose time is up, drop what was retired long ago.

    Returns how many passages were retired. Search leaves expired documents out by itself; this
    keeps the tables short.
    """
    now = timezone.now()
    retired = Passage.objects.filter(retired_at__isnull=True, document__expires_at__lte=now).update(
        retired_at=now
    )
    Passage.objects.filter(retired_at__lte=now - KEEP_RETIRED).delete()
    Document.objects.filter(expires_at__lte=now - KEEP_RETIRED, passages__isnull=True).delete()
    return retired


def _sha256(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()
