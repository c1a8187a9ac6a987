"""Reading one source: claim it, fetch or open it, take out its text in a child process, store."""

from __future__ import annotations

import json
import logging
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from common.errors import DomainError
from knowledge.fetching import (
    BlockedAddressError,
    Fetched,
    FetchPolicy,
    TemporaryFetchError,
    Validators,
    fetch,
)
from knowledge.fetching.addresses import parse_url
from knowledge.fetching.errors import FetchError
from knowledge.fetching.robots import check_robots
from knowledge.models import Source
from knowledge.services.storing import NewText, store_text
from media.child import run_in_child
from media.documents import sniff_document
from media.limits import TEXT_LIMITS

logger = logging.getLogger(__name__)
LEASE = timedelta(minutes=5)
MAX_BACKOFF = timedelta(days=7)
FIRST_BACKOFF = timedelta(minutes=15)
# An entry of a feed is news: it is used for so long after it appeared.
ENTRY_LIFE = timedelta(days=365)
# A page that cannot be read any more is believed for so many of its intervals, at least a month.
PAGE_INTERVALS, PAGE_LIFE = 4, timedelta(days=30)
MAX_SOURCES_AT_ONCE = 20


@dataclass(frozen=True)
class Claim:
    """The right to read a source until the lease ends."""

    source: Source
    fence: int


def requeue_due_sources() -> int:
    """Hand out the sources whose time has come; returns how many."""
    from knowledge.tasks import read_source_task  # tasks import services

    due = list(Source.objects.due().order_by("next_fetch_at").values_list("pk", flat=True))
    with transaction.atomic():
        for pk in due[:MAX_SOURCES_AT_ONCE]:
            read_source_task.delay_on_commit(pk)
    return len(due[:MAX_SOURCES_AT_ONCE])


def read_source(*, source_id: int, policy: FetchPolicy | None = None) -> bool:
    """Read a source and store what it says; returns whether it was read.

    False when somebody else reads it, when it is gone or disabled. What goes wrong is written into
    the row, with the time of the next attempt. Safe twice: an unchanged text changes nothing.
    """
    claim = _claim(source_id)
    if claim is None:
        return False
    source = claim.source
    try:
        if source.is_fetched:
            fetched = _fetch(source, policy or fetch_policy())
            texts = [] if fetched.not_modified else _texts_of_page(source, fetched)
        else:
            fetched, texts = None, _texts_of_upload(source)
    except DomainError as error:
        return _fail(claim, error)
    return _succeed(claim, fetched, texts)


def fetch_policy() -> FetchPolicy:
    """Return what fetching may do on this site."""
    return FetchPolicy(
        max_wire_bytes=settings.KNOWLEDGE_MAX_BYTES,
        max_body_bytes=3 * settings.KNOWLEDGE_MAX_BYTES,
        total_s=settings.KNOWLEDGE_FETCH_S,
    )


def _claim(source_id: int) -> Claim | None:
    """Take the lease of a source by one UPDATE, or return None. Time is the database's."""
    taken = (
        Source.objects.filter(pk=source_id, enabled=True)
        .exclude(kind=Source.Kind.STARTER)
        .exclude(lease_until__gt=Now())
        .update(lease_until=Now() + LEASE, fence=F("fence") + 1)
    )
    if not taken:
        return None
    source = Source.objects.get(pk=source_id)
    return Claim(source, source.fence)


def _fetch(source: Source, policy: FetchPolicy) -> Fetched:
    check_robots(source.url, policy)
    validators = Validators(source.etag, source.last_modified)
    return fetch(source.url, policy=policy, validators=validators)


def _texts_of_page(source: Source, fetched: Fetched) -> list[NewText]:
    kind = sniff_document(fetched.body[:4096], fetched.content_type)
    if source.kind == Source.Kind.FEED and kind != "feed":
        raise FetchError("There is no RSS or Atom feed at this address.")
    read = _read_in_child(fetched.body, kind, fetched.charset)
    now = timezone.now()
    if kind == "feed":
        return [_entry(source, entry, now) for entry in read["entries"]]
    entry = read["entries"][0]
    return [
        NewText(
            key=source.url,
            url=source.url,
            title=entry["title"] or source.title,
            publisher=source.publisher or source.host,
            text=entry["text"],
            published_at=_moment(entry["published"], now),
            expires_at=_page_expiry(source, now),
            language=entry["language"] or "en",
        )
    ]


def _entry(source: Source, entry: dict[str, Any], now: datetime) -> NewText:
    published = _moment(entry["published"], now)
    return NewText(
        key=entry["key"] or entry["title"] or entry["text"][:200],
        url=_web_address(entry["url"]) or source.url,
        title=entry["title"] or source.title,
        publisher=source.publisher or source.host,
        text=entry["text"],
        published_at=published,
        expires_at=(published or now) + ENTRY_LIFE,
        language=entry["language"] or "en",
    )


def _texts_of_upload(source: Source) -> list[NewText]:
    if not source.upload:
        return []
    with source.upload.open("rb") as file:
        data = file.read(settings.KNOWLEDGE_MAX_UPLOAD_BYTES + 1)
    label = "markdown" if str(source.upload.name).endswith(".md") else ""
    read = _read_in_child(data, sniff_document(data[:4096], label), "")
    entry = read["entries"][0]
    return [
        NewText(
            key="upload",
            title=source.title or entry["title"],
            publisher=source.publisher,
            text=entry["text"],
            published_at=_moment(entry["published"], timezone.now()),
            language=entry["language"] or "en",
        )
    ]


def _read_in_child(data: bytes, kind: str, charset: str) -> dict[str, Any]:
    """Return the text of a document, read by a process that has limits and no network."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "document"
        path.write_bytes(data)
        made = run_in_child(
            "read_text", TEXT_LIMITS, source=str(path), kind=kind, charset=charset, folder=folder
        )
        return json.loads(Path(made["path"]).read_text())


@transaction.atomic
def _succeed(claim: Claim, fetched: Fetched | None, texts: list[NewText]) -> bool:
    source = _still_ours(claim)
    if source is None:
        return False
    now = timezone.now()
    for given in texts:
        store_text(source=source, given=given)
    if fetched is not None and fetched.not_modified and source.kind == Source.Kind.PAGE:
        # It still says so: what was read stays believed.
        source.documents.update(fetched_at=now, expires_at=_page_expiry(source, now))
    if fetched is not None and not fetched.not_modified:
        source.etag, source.last_modified = (
            fetched.validators.etag,
            fetched.validators.last_modified,
        )
    source.state, source.error, source.failures = Source.State.READY, "", 0
    source.fetched_at, source.lease_until = now, None
    source.next_fetch_at = now + source.refresh_interval if source.is_fetched else None
    if source.upload:
        upload = source.upload
        # The name is taken now: the field is emptied below.
        transaction.on_commit(partial(upload.storage.delete, str(upload.name)))
        source.upload = ""
    source.save()
    return True


@transaction.atomic
def _fail(claim: Claim, error: DomainError) -> bool:
    """Write down what went wrong and when to try again: later each time, or when the site says."""
    source = _still_ours(claim)
    if source is None:
        return False
    source.failures = min(source.failures + 1, 1000)
    wait = min(FIRST_BACKOFF * 2 ** min(source.failures - 1, 12), MAX_BACKOFF)
    if isinstance(error, TemporaryFetchError):
        wait = max(wait, timedelta(seconds=error.retry_after_s))
    elif source.is_fetched:
        # Trying again soon will not help: at most as often as when it worked.
        wait = max(wait, min(source.refresh_interval, MAX_BACKOFF))
    source.state, source.error = Source.State.FAILED, str(error)[:500]
    source.next_fetch_at = timezone.now() + wait if source.is_fetched else None
    source.lease_until = None
    source.save()
    level = logging.WARNING if isinstance(error, BlockedAddressError) else logging.INFO
    logger.log(level, "source %s could not be read: %s", source.pk, error)
    return False


def _still_ours(claim: Claim) -> Source | None:
    """Return the source, locked, if nobody has claimed it since."""
    rows = Source.objects.select_for_update()
    return rows.filter(pk=claim.source.pk, fence=claim.fence).first()


def _page_expiry(source: Source, now: datetime) -> datetime:
    return now + max(PAGE_INTERVALS * source.refresh_interval, PAGE_LIFE)


def _moment(text: str, now: datetime) -> datetime | None:
    """Return a stated date, or None where it is unreadable or lies in the future."""
    try:
        moment = parse_datetime(text) or parse_datetime(f"{text}T00:00:00+00:00")
    except ValueError:
        return None
    if moment is None:
        return None
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return moment if moment <= now else None


def _web_address(url: str) -> str:
    """Return a link that may be shown, or nothing: a feed may name any scheme at all."""
    try:
        return parse_url(url).url if url else ""
    except DomainError:
        return ""
