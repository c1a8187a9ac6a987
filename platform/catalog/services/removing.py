"""Removed means removed everywhere: files, renditions, vectors, words, within a stated time.

1. Taking an item down writes a `Removal` and, after commit, a task takes it away: stills, vectors
   and embeddings go at once, files move to a quarantine that no URL serves.
2. What nobody may appeal about (its owner took it down) is erased by that same task; what an
   author may appeal about, when the time for it is over. `erase_due_items` finds what was missed.
3. An appeal lends the files to those who decide; restoring the item gives them back for good.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from django.core.files.storage import Storage
from django.db import transaction
from django.utils import timezone

from catalog.models import Credential, Embedding, FrameVectors, Item, Removal
from catalog.removals import QUARANTINE
from catalog.services.storing import delete_files_of, delete_frames, forget_assets, new_key
from catalog.signals import item_expired

logger = logging.getLogger(__name__)

BATCH = 200


def note_removal(*, item: Item, keep_for: timedelta) -> None:
    """Write down when nothing of the item may be left; call it in the removal's transaction."""
    from catalog.tasks import take_away_task  # breaks the import cycle

    erase_at = timezone.now() + keep_for
    Removal.objects.update_or_create(
        item=item, defaults={"erase_at": erase_at, "is_lent": False, "erased_at": None}
    )
    take_away_task.delay_on_commit(item.pk)


def take_away(*, item_id: int) -> bool:
    """Quarantine a removed item's files, or erase it if it is due; False when there is nothing."""
    removal = _removal_of(item_id)
    if removal is None:
        return False
    if removal.erase_at <= timezone.now() and not removal.is_lent:
        return erase_item(item_id=item_id)
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=item_id)
        delete_frames(item)
        Embedding.objects.filter(item=item).delete()
        if not removal.is_lent:
            _move_files(item, into_quarantine=True)
    return True


def lend_files(*, item_id: int) -> bool:
    """Let those who decide an appeal see a removed item again; False if nothing is kept of it."""
    removal = _removal_of(item_id)
    if removal is None:
        return False
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=item_id)
        Removal.objects.filter(pk=item_id).update(is_lent=True)
        _move_files(item, into_quarantine=False)
    return True


def end_loan(*, item: Item) -> None:
    """The removal was upheld: nobody can appeal again, so what is left goes now."""
    from catalog.tasks import take_away_task  # breaks the import cycle

    due = Removal.objects.filter(item=item, erased_at=None, item__state=Item.State.REMOVED)
    if due.update(is_lent=False, erase_at=timezone.now()):
        take_away_task.delay_on_commit(item.pk)


def give_back(*, item: Item) -> None:
    """The removal was taken back: files have addresses again, vectors and stills are made anew."""
    from catalog.tasks import embed_item_task  # breaks the import cycle

    if Removal.objects.filter(item=item, erased_at=None).exists():
        _move_files(item, into_quarantine=False)
        Removal.objects.filter(item=item).delete()
        embed_item_task.delay_on_commit(item.pk)


def erase_due_items() -> int:
    """Erase what is due, and take away what a lost message left; return how many. Beat calls it."""
    now = timezone.now()
    open_ones = Removal.objects.filter(erased_at=None, item__state=Item.State.REMOVED)
    due = open_ones.filter(erase_at__lte=now, is_lent=False)
    left = open_ones.filter(is_lent=False, item__assets__file__startswith="assets/")
    ids = {*due.values_list("pk", flat=True)[:BATCH], *left.values_list("pk", flat=True)[:BATCH]}
    return sum(take_away(item_id=pk) for pk in sorted(ids))


def erase_item(*, item_id: int) -> bool:
    """Delete a removed item's files, words, vectors for good; a bare row says that it was there."""
    with transaction.atomic():
        item = Item.objects.select_for_update().filter(pk=item_id).first()
        if item is None or item.state != Item.State.REMOVED:
            return False
        wipe(item)
        Removal.objects.filter(item=item).update(erased_at=timezone.now())
        # What the apps above know of how it looked, what was asked and who liked it goes too.
        transaction.on_commit(partial(item_expired.send_robust, sender=Item, item_id=item.pk))
    return True


def wipe(item: Item) -> None:
    """Empty a locked item: files after commit, and all rows that hold what it showed or said."""
    delete_files_of(item)
    for rows in (item.assets, item.frames, item.embeddings):
        rows.all().delete()
    FrameVectors.objects.filter(item=item).delete()
    Credential.objects.filter(item=item).delete()
    item.title = item.description = item.garment_type = item.pattern = item.look = ""
    item.colours, item.guidance, item.manifest, item.incoming = [], None, None, ""
    item.save()
    forget_assets(item)


def _removal_of(item_id: int) -> Removal | None:
    rows = Removal.objects.filter(pk=item_id, item__state=Item.State.REMOVED, erased_at=None)
    return rows.first()


def _move_files(item: Item, *, into_quarantine: bool) -> None:
    """Give every file of the item a key inside or outside the quarantine; the old one goes."""
    for asset in item.assets.select_for_update():
        storage, old = asset.file.storage, str(asset.file.name)
        if old.startswith(QUARANTINE) == into_quarantine:
            continue
        key = new_key(item, asset.role, asset.mime)
        asset.file.name = _copied(storage, old, f"{QUARANTINE}{key}" if into_quarantine else key)
        asset.save(update_fields=["file"])
        transaction.on_commit(partial(storage.delete, old))
    if item.incoming:
        # Nobody but the worker that reads an upload ever needs it.
        transaction.on_commit(partial(item.incoming.storage.delete, str(item.incoming.name)))
        item.incoming = ""
        item.save(update_fields=["incoming"])
    forget_assets(item)


def _copied(storage: Storage, old: str, new: str) -> str:
    with storage.open(old, "rb") as file:
        return storage.save(new, file)
