"""A person's file: taken in at once, read and re-encoded by a worker, safe to deliver twice."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from PIL import Image

from accounts.models import Restriction
from accounts.services import require_unrestricted
from catalog.models import Credential, Item
from catalog.services.storing import (
    delete_files_of,
    embed_if_possible,
    name_colours,
    save_checked,
    store_media,
)
from catalog.signals import media_settled
from common.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    QuotaExceededError,
)
from common.licences import LICENCES
from media.child import Child, keep_credential, read_upload
from media.errors import BadMediaError, MediaCrashError
from media.file_names import problem_of_name
from media.images import Rendition
from media.probe import HEAD_BYTES, sniff

if TYPE_CHECKING:
    from accounts.models import User

# Renewed while the child works; another worker may take over this long after one died.
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 3
# Uploads of one person that may wait for a worker at a time.
MAX_WAITING = 50
MAX_WAITING_ATTACHMENTS = 12
MAX_ATTACHMENTS_HELD = 200
LOST = "Reading this file failed several times. Please upload it again."
EDITABLE = {
    *("title", "description", "garment_type", "colours", "pattern", "look"),
    *("age_rating", "people_agreed", "licence"),
}


class ClaimLostError(ConflictError):
    """Another worker has taken this item over; what was made here is thrown away."""


def create_upload(
    *, owner: User, file: Any, title: str = "", description: str = "", licence: str = "own"
) -> Item:
    """Return a draft whose file waits for a worker; what cannot be right is refused at once.

    The file's own name and declared type are never used: not for the key, not to tell what it is.
    A name that hides what the file is, is refused all the same: somebody may open it elsewhere.
    `licence` is the uploader's word for whose it is, a code of `common.licences`.
    """
    if licence not in LICENCES:
        raise InvalidInputError("Say whose this is: choose one of the licences.")
    if not owner.can_upload:
        raise NotAllowedError("Your account cannot upload. Ask for an uploader account.")
    require_unrestricted(user=owner, kind=Restriction.Kind.UPLOAD)
    _check_size(file, settings.UPLOAD_MAX_BYTES)
    _check_waiting(owner, MAX_WAITING)
    item = Item(owner=owner, title=plain(title), description=plain(description), licence=licence)
    return _take_in(item, file)


def create_attachment(*, owner: User, file: Any) -> Item:
    """Return a private item whose file waits for a worker as an upload does; anybody may attach.

    Only its owner sees it, and it cannot be submitted: `catalog.services.attachments` keeps or
    deletes it.
    """
    _check_size(file, settings.ATTACHMENT_MAX_BYTES)
    _check_waiting(owner, MAX_WAITING_ATTACHMENTS)
    held = Item.objects.filter(owner=owner, is_attachment=True).count()
    if held >= MAX_ATTACHMENTS_HELD:
        raise QuotaExceededError(
            f"This conversation holds {held} pictures already. Start over to make room."
        )
    return _take_in(Item(owner=owner, is_attachment=True), file)


def _check_size(file: Any, limit: int) -> None:
    if file.size > limit:
        raise InvalidInputError(f"This file is too large. The most is {limit // 1024**2} MB.")


def _check_waiting(owner: User, most: int) -> None:
    waiting = Item.objects.filter(owner=owner, incoming__gt="").exclude(
        media_state=Item.MediaState.FAILED
    )
    if waiting.count() >= most:
        raise QuotaExceededError(
            f"{most} of your uploads are still being prepared. Please wait a little."
        )


def _take_in(item: Item, file: Any) -> Item:
    """Store the item and its file, and have a worker read it."""
    from catalog.tasks import process_media_task  # breaks the import cycle

    if problem := problem_of_name(getattr(file, "name", None) or ""):
        raise BadMediaError(problem)
    file.seek(0)
    item.kind = sniff(file.read(HEAD_BYTES)).kind
    file.seek(0)
    with transaction.atomic():
        save_checked(item)
        item.incoming.name = default_storage.save(f"incoming/{secrets.token_urlsafe(16)}", file)
        item.save(update_fields=["incoming"])
        process_media_task.delay_on_commit(item.pk)
    return item


def process_media(*, item_id: int) -> bool:
    """Re-encode an item's upload; return whether this call did it.

    Claimed by one UPDATE, so that a message delivered twice finds nothing to do. No transaction is
    open while the child process works. Ends in ready, in failed with a sentence, or waiting again.
    """
    item = _claim(item_id)
    if item is None:
        return False
    try:
        with tempfile.TemporaryDirectory(prefix="weft-media-") as folder:
            made = _read(item, Path(folder))
            _finish(item, made, keep_credential(Path(folder) / "upload", Path(folder)))
    except BadMediaError as error:
        _fail(item, str(error))
    except MediaCrashError as error:
        _give_back(item, str(error))
    except ClaimLostError:
        return False
    except OSError:
        # The disk or the object store: nothing the file can help; the task tries again.
        _give_back(item, LOST)
        raise
    else:
        embed_if_possible(item)
        _tell_settled(item)
        return True
    return False


def _tell_settled(item: Item) -> None:
    """Tell the apps above, once it is committed, that no work on this file is left."""
    send = partial(media_settled.send_robust, sender=Item, item_id=item.pk)
    transaction.on_commit(send)


def requeue_stale_media() -> int:
    """Send again what a dead worker or a lost message left behind; return how many.

    An item that used up its attempts fails with a sentence: nothing stays "processing" for ever.
    """
    from catalog.tasks import process_media_task  # breaks the import cycle

    stale = Item.objects.stale_media().filter(incoming__gt="")
    stale.filter(media_attempts__gte=MAX_ATTEMPTS).update(
        media_state=Item.MediaState.FAILED, media_lease_until=None, problem=LOST
    )
    ids = list(stale.filter(media_attempts__lt=MAX_ATTEMPTS).values_list("pk", flat=True)[:200])
    for pk in ids:
        process_media_task.delay_on_commit(pk)
    return len(ids)


def import_item(
    *, owner: User, source_key: str, renditions: list[Rendition], **fields: Any
) -> Item:
    """Return a draft made of files that `media.child.read_upload` made; at once, without queue.

    `source_key` is unique: a file that was imported before is a `ConflictError`. No vector is made,
    since many at a time are much faster (`embed_items`).
    """
    if Item.objects.filter(source_key=source_key).exists():
        raise ConflictError("This file was imported before.")
    is_video = renditions[0].mime.startswith("video/")
    kind = Item.Kind.VIDEO if is_video else Item.Kind.IMAGE
    item = Item(owner=owner, kind=kind, source_key=source_key, **fields)
    with transaction.atomic():
        save_checked(item)
        store_media(item=item, renditions=renditions)
    return item


def update_item(*, item: Item, by: User, **changes: Any) -> Item:
    """Change title, description or attributes of a draft, or of an item that was rejected.

    What was screened cannot be changed afterwards: a new version goes through screening again.
    """
    if item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can change this item.")
    unknown = set(changes) - EDITABLE
    if unknown:
        raise InvalidInputError(f"These cannot be changed: {', '.join(sorted(unknown))}.")
    with transaction.atomic():
        locked = Item.objects.select_for_update().get(pk=item.pk)
        if locked.state not in {Item.State.DRAFT, Item.State.REJECTED}:
            raise ConflictError("An item that was submitted cannot be changed. Make a new version.")
        for name, value in changes.items():
            setattr(locked, name, plain(value) if isinstance(value, str) else value)
            setattr(item, name, getattr(locked, name))
        save_checked(locked)
    return item


def say_people_agreed(*, item: Item, by: User) -> Item:
    """Record that everybody who is shown agreed; also possible while a person looks at the item."""
    if item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can say that the people shown agreed.")
    with transaction.atomic():
        locked = Item.objects.select_for_update().get(pk=item.pk)
        if locked.state in {Item.State.REMOVED, Item.State.EXPIRED}:
            raise ConflictError("This item was taken down, so nothing can be said of it any more.")
        locked.people_agreed = item.people_agreed = True
        locked.save(update_fields=["people_agreed", "updated_at"])
    return item


def allow_edits(*, item: Item, by: User, allowed: bool) -> Item:
    """Let viewers have versions of one's own item made for themselves, or stop that.

    Possible at any time; what was made while it was allowed stays.
    """
    if item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can say who may edit this item.")
    item.allows_edits = allowed
    item.save(update_fields=["allows_edits", "updated_at"])
    return item


def delete_draft(*, item: Item, by: User) -> None:
    """Delete an item of one's own that is not under way or published, with all its files."""
    if item.owner_id != by.pk:
        raise NotAllowedError("Only its owner can delete this item.")
    with transaction.atomic():
        locked = Item.objects.select_for_update().get(pk=item.pk)
        if locked.state not in {Item.State.DRAFT, Item.State.REJECTED, Item.State.REMOVED}:
            raise ConflictError("Take this item down before you delete it.")
        delete_files_of(locked)
        locked.delete()


def plain(text: str) -> str:
    """Return text without control characters, which no title needs and PostgreSQL refuses."""
    return "".join(c for c in text if c in "\n\t" or c.isprintable()).strip()


def _claim(item_id: int) -> Item | None:
    """Take the item for this worker; None when it is done, failed or somebody else's."""
    now = timezone.now()
    free = Q(media_state=Item.MediaState.WAITING) | Q(
        media_state=Item.MediaState.PROCESSING, media_lease_until__lt=now
    )
    claimed = Item.objects.filter(
        free, pk=item_id, media_attempts__lt=MAX_ATTEMPTS, incoming__gt=""
    ).update(
        media_state=Item.MediaState.PROCESSING,
        media_lease_until=now + LEASE,
        media_attempts=F("media_attempts") + 1,
    )
    return Item.objects.get(pk=item_id) if claimed else None


def _mine(item: Item) -> Any:
    """The row, as long as this worker's claim holds: the attempt's number is the fence."""
    return Item.objects.filter(
        pk=item.pk, media_state=Item.MediaState.PROCESSING, media_attempts=item.media_attempts
    )


def _renew(item: Item) -> None:
    if not _mine(item).update(media_lease_until=timezone.now() + LEASE):
        raise ClaimLostError("Another worker has taken this item over.")


def _read(item: Item, folder: Path) -> list[Rendition]:
    """Copy the upload to a local name of ours and have a child process re-encode it."""
    source = folder / "upload"
    with item.incoming.open("rb") as stored, source.open("wb") as local:
        shutil.copyfileobj(stored, local, 1024 * 1024)
    child = Child(on_wait=partial(_renew, item))
    try:
        return read_upload(source, folder, child)
    finally:
        child.close()


def _finish(item: Item, made: list[Rendition], came_with: tuple[dict[str, Any], bytes]) -> None:
    """Store what was made if the claim still holds; the upload itself goes after commit."""
    colours = item.colours or name_colours(still_of(made))
    with transaction.atomic():
        if not _mine(item).select_for_update().exists():
            raise ClaimLostError("Another worker has taken this item over.")
        item.colours = colours
        item.save(update_fields=["colours"])
        store_media(item=item, renditions=made)
        said, archive = came_with
        if said:
            Credential.objects.update_or_create(
                item=item, defaults={"said": said, "archive": archive}
            )
        _drop_upload(item)


def _fail(item: Item, problem: str) -> None:
    with transaction.atomic():
        failed = _mine(item).update(
            media_state=Item.MediaState.FAILED, media_lease_until=None, problem=problem[:500]
        )
        if failed:
            _drop_upload(item)
            _tell_settled(item)


def _give_back(item: Item, problem: str) -> None:
    """Let another attempt have it, or fail it when there have been enough."""
    if item.media_attempts >= MAX_ATTEMPTS:
        _fail(item, problem)
    else:
        _mine(item).update(media_state=Item.MediaState.WAITING, media_lease_until=None)


def _drop_upload(item: Item) -> None:
    name = item.incoming.name
    item.incoming = ""
    item.save(update_fields=["incoming"])
    if name:
        transaction.on_commit(partial(default_storage.delete, name))


def still_of(made: list[Rendition]) -> Image.Image:
    """Return the poster among files that a child process made."""
    path = next(one.data for one in made if one.role == "poster")
    with Image.open(path, formats=["JPEG"]) as image:
        return image.convert("RGB")
