"""What operators do with sources and passages."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404
from django.utils import timezone

from accounts.models import User
from common.errors import ConflictError, InvalidInputError, NotAllowedError
from knowledge.fetching.addresses import check_literal, parse_url
from knowledge.models import Document, Passage, Source
from knowledge.services.storing import check_attributes
from media.documents import sniff_document
from media.file_names import clean_name

logger = logging.getLogger(__name__)
ENDINGS = (".txt", ".md", ".html", ".htm", ".pdf")
KNOWN = "This address is among the sources already."
CHANGEABLE = frozenset(("title", "publisher", "trust", "topics", "refresh_hours", "enabled"))


def add_source(
    *,
    user: User,
    kind: str,
    url: str,
    title: str = "",
    publisher: str = "",
    trust: int = Source.Trust.KNOWN,
    topics: Sequence[str] = (),
    refresh_hours: int = 24,
) -> Source:
    """Add a feed or page and have it read; raises a `DomainError` with a sentence."""
    _check_operator(user)
    if kind not in {Source.Kind.FEED, Source.Kind.PAGE}:
        raise InvalidInputError("Choose whether the address is a feed or a page.")
    target = parse_url(url.strip())
    check_literal(target)
    source = Source(
        kind=kind,
        url=target.url,
        title=title.strip() or target.host,
        publisher=publisher.strip() or target.host,
        trust=trust,
        topics=clean_topics(topics),
        refresh_hours=refresh_hours,
        next_fetch_at=timezone.now(),
        added_by=user,
    )
    return _save_and_read(source)


def upload_document(
    *,
    user: User,
    file: UploadedFile,
    title: str = "",
    publisher: str = "",
    trust: int = Source.Trust.KNOWN,
    topics: Sequence[str] = (),
) -> Source:
    """Take a text, Markdown, HTML or PDF file and have it read; raises a `DomainError`."""
    _check_operator(user)
    name = (file.name or "").lower()
    if not name.endswith(ENDINGS):
        raise InvalidInputError("Please upload a .txt, .md, .html or .pdf file.")
    if not 0 < (file.size or 0) <= settings.KNOWLEDGE_MAX_UPLOAD_BYTES:
        limit = settings.KNOWLEDGE_MAX_UPLOAD_BYTES // 2**20
        raise InvalidInputError(f"Please upload a file of at most {limit} MB that is not empty.")
    sniff_document(file.read(4096))
    file.seek(0)
    ending = name[name.rindex(".") :]
    stem = clean_name((file.name or "document")[: -len(ending)])
    source = Source(
        kind=Source.Kind.DOCUMENT,
        title=title.strip() or stem[:200],
        publisher=publisher.strip(),
        trust=trust,
        topics=clean_topics(topics),
        added_by=user,
    )
    # The name on our disk is ours; of the person's only the ending is kept.
    file.name = f"document{ending}"
    source.upload = file
    return _save_and_read(source)


def change_source(*, user: User, source: Source, **changes: Any) -> Source:
    """Change title, publisher, trust, topics, interval, or whether it is used."""
    _check_operator(user)
    if unknown := set(changes) - CHANGEABLE:
        raise InvalidInputError(f"This cannot be changed: {', '.join(sorted(unknown))}.")
    if "topics" in changes:
        changes["topics"] = clean_topics(changes["topics"])
    for name, value in changes.items():
        setattr(source, name, value)
    _clean(source)
    # Only these columns: a worker may be writing the others.
    source.save(update_fields=[*changes, "updated_at"])
    logger.info("source %s changed by %s: %s", source.pk, user.pk, sorted(changes))
    return source


def delete_source(*, user: User, source: Source) -> None:
    """Delete a source with everything read from it. Quotes stay where they were used."""
    _check_operator(user)
    if source.upload:
        upload = source.upload
        transaction.on_commit(partial(upload.storage.delete, str(upload.name)))
    logger.info("source %s deleted by %s", source.pk, user.pk)
    source.delete()


@transaction.atomic
def request_reading(*, user: User, source: Source) -> None:
    """Have a feed or page read now, whatever its interval."""
    from knowledge.tasks import read_source_task  # tasks import services

    _check_operator(user)
    if not source.is_fetched and not source.upload:
        raise ConflictError("There is nothing to fetch: this source has no address.")
    if not source.enabled:
        raise ConflictError("This source is switched off. Switch it on first.")
    if source.is_fetched:
        Source.objects.filter(pk=source.pk).update(next_fetch_at=timezone.now())
    read_source_task.delay_on_commit(source.pk)


def expire_document(*, user: User, document: Document) -> None:
    """Stop using a document now; a source that still says it brings it back when read again."""
    _check_operator(user)
    now = timezone.now()
    Document.objects.filter(pk=document.pk).update(expires_at=now)
    Passage.objects.filter(document=document, retired_at__isnull=True).update(retired_at=now)


@transaction.atomic
def judge_passage(*, user: User, passage_id: int, let_in: bool) -> Passage:
    """Let a passage that was held into search, or set one aside; returns it as it is now."""
    _check_operator(user)
    passage = get_object_or_404(
        Passage.objects.select_for_update(of=("self",)).select_related("document__source"),
        pk=passage_id,
    )
    passage.screening = Passage.Screening.CLEARED if let_in else Passage.Screening.HELD
    if not (passage.held_for or let_in):
        passage.held_for = f"set aside by {user.username}"[:300]
    passage.save(update_fields=["screening", "held_for"])
    logger.info("passage %s is %s by %s", passage.pk, passage.screening, user.pk)
    return passage


def explain_term(
    *, user: User, document: Document, terms: Sequence[str], attributes: dict[str, Any]
) -> None:
    """Say which names a document explains and what they come to in the common vocabulary."""
    _check_operator(user)
    document.terms = [term.strip().lower()[:40] for term in terms if term.strip()]
    document.attributes = check_attributes(attributes)
    document.save(update_fields=["terms", "attributes"])


def clean_topics(topics: Sequence[str]) -> list[str]:
    """Return topics in lower case, each once, at most ten."""
    words = (topic.strip().lower()[:24] for topic in topics)
    return list(dict.fromkeys(word for word in words if word))[:10]


def _check_operator(user: User) -> None:
    if not user.can_operate:
        raise NotAllowedError("Only operators look after the sources of facts.")


def _clean(source: Source) -> None:
    try:
        source.full_clean(validate_constraints=False)
    except ValidationError as error:
        raise InvalidInputError(" ".join(error.messages)) from error


def _save_and_read(source: Source) -> Source:
    from knowledge.tasks import read_source_task  # tasks import services

    _clean(source)
    try:
        with transaction.atomic():
            source.save()
            read_source_task.delay_on_commit(source.pk)
    except IntegrityError as error:
        raise ConflictError(KNOWN) from error
    return source
