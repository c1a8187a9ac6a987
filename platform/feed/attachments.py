"""Pictures and videos shown to the instructor: taken in, looked at, waited for, deleted.

An attachment is an item of the person's own that nobody else sees (`Item.is_attachment`). A worker
reads its file as it reads every upload, and makes its vector; what garment it shows is told by its
nearest neighbours in the catalogue, since web processes never load the encoder.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import Http404
from django.utils import timezone

from accounts.models import User
from catalog.models import Embedding, Item
from catalog.selectors import nearest_items
from catalog.services import create_attachment, delete_attachments
from common.errors import InvalidInputError
from generation.models import Job

MAX_PER_MESSAGE = 4
# Neighbours that are asked for the garment, and how many of them must agree.
NEIGHBOURS, AGREEING = 9, 5
GONE = "One of your pictures is not there any more. Please attach it again."
WAITING, READY, FAILED = "waiting", "ready", "failed"


def attach_file(*, user: User, file: Any) -> Item:
    """Take a file in for the next message; refused at once where it cannot be right."""
    return create_attachment(owner=user, file=file)


def get_attachment(*, user: User, pk: int) -> Item:
    """Return one of the person's own attachments; `Http404` for anybody else's."""
    item = Item.objects.with_assets().filter(owner=user, is_attachment=True, pk=pk).first()
    if item is None:
        raise Http404("There is no such attachment.")
    return item


def discard_attachment(*, user: User, pk: int) -> None:
    """Delete an attachment with its files; harmless when it is gone or was kept."""
    delete_attachments(owner=user, ids=[pk])


def list_attached(*, user: User, ids: Sequence[int]) -> list[Item]:
    """Return these attachments in order; raises InvalidInputError where one is not the person's."""
    if len(ids) > MAX_PER_MESSAGE:
        raise InvalidInputError(f"Attach at most {MAX_PER_MESSAGE} pictures or videos at a time.")
    found = find_attached(user=user, ids=ids)
    if len(found) != len(set(ids)):
        raise InvalidInputError(GONE)
    return found


def find_attached(*, user: User, ids: Sequence[int]) -> list[Item]:
    """Return those of these items that are still the person's, in order, each once."""
    items = Item.objects.with_assets().select_related("owner")
    found = items.filter(owner=user).in_bulk(list(ids))
    return [found[pk] for pk in dict.fromkeys(ids) if pk in found]


def state_of(item: Item) -> str:
    """Return whether an attachment can be talked about: waiting, ready or failed."""
    if item.media_state == Item.MediaState.FAILED:
        return FAILED
    is_ready = item.media_state == Item.MediaState.READY
    return READY if is_ready and Embedding.objects.filter(item=item).exists() else WAITING


def look_at(items: Iterable[Item]) -> None:
    """Note what garment each shows, where the catalogue can tell and it is not known."""
    for item in items:
        if item.garment_type or not (garment := _garment_of(item)):
            continue
        item.garment_type = garment
        Item.objects.filter(pk=item.pk, garment_type="").update(garment_type=garment)


def _garment_of(item: Item) -> str:
    """Return the garment that most of the nearest published items show; "" when they differ."""
    own = Embedding.objects.filter(item=item).order_by("-pk").first()
    if own is None:
        return ""
    near = nearest_items(
        vector=own.vector, model=own.model, limit=NEIGHBOURS, exclude_ids=[item.pk], user=item.owner
    )
    types = Item.objects.filter(pk__in=[pk for pk, _ in near]).values_list(
        "garment_type", flat=True
    )
    common = Counter(name for name in types if name).most_common(1)
    return common[0][0] if common and common[0][1] >= min(AGREEING, len(near)) else ""


def clear_attachments(*, user: User) -> None:
    """Delete the person's attachments, but for those that a job under way still reads."""
    needed: set[int] = set()
    active = Job.objects.filter(user=user, state__in=[Job.State.QUEUED, Job.State.RUNNING])
    for guidance in active.values_list("guidance", flat=True):
        needed.update(guidance.get("reference_item_ids", ()))
    held = Item.objects.filter(owner=user, is_attachment=True).values_list("pk", flat=True)
    delete_attachments(owner=user, ids=[pk for pk in held if pk not in needed])


def delete_old_attachments() -> int:
    """Delete attachments past their time; return how many."""
    return delete_attachments(before=timezone.now() - timedelta(days=settings.ATTACHMENT_DAYS))
