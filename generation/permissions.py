"""Whose items a person may have changed by AI, and by what right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.models import User
from catalog.models import EditPermission, Item
from catalog.permission_selectors import grant_in_force
from common.errors import ConflictError, NotAllowedError

if TYPE_CHECKING:
    from generation.models import Job

# Versions above an item that are asked for leave; longer chains do not come about.
MAX_ANCESTORS = 50
SOURCE_GONE = "The item that this was made from was taken down, so no more edits are made of it."


class NeedsPermissionError(NotAllowedError):
    """The person must ask first. `item` is the one whose owner can be asked; None where nobody."""

    def __init__(self, sentence: str, item: Item | None) -> None:
        super().__init__(sentence)
        self.item = item


@dataclass(frozen=True)
class Right:
    """By what right an edit is made: own, made_for_you, open or grant, and the grants it uses."""

    basis: str
    permissions: tuple[EditPermission, ...] = ()


def check_may_edit(*, user: User, item: Item) -> None:
    """Raise a refusal with its reason unless this person may edit this item with AI now."""
    find_right(user=user, item=item)


def find_right(*, user: User, item: Item, job: Job | None = None) -> Right:
    """Return by what right this person may edit the item; raise a refusal with its reason.

    Everybody who has a part in it must agree: the item's owner and, where it was made from
    somebody else's item, that one's owner too. `job`: one that is at work already, whose own use of
    a grant does not count against it.
    """
    basis, grants = _right_to(user, item, job)
    _check_ready(item)
    for older in _ancestors(item):
        if older.state in {Item.State.REMOVED, Item.State.EXPIRED} and older.owner_id != user.pk:
            raise ConflictError(SOURCE_GONE)
        if older.owner_id is not None:
            _, more = _right_to(user, older, job)
            grants = (*grants, *more)
    return Right(basis, grants)


def may_change(user: User, item: Item, granted_ids: frozenset[int] = frozenset()) -> bool:
    """Return whether a picture may be painted over: own, made for them, free, or lastingly granted.

    granted_ids: items for which a grant was used. One for a single edit is used on demand alone.
    """
    if item.pk in granted_ids:
        return True
    try:
        right = find_right(user=user, item=item)
    except (NotAllowedError, ConflictError):
        return False
    return all(grant.lasting for grant in right.permissions)


def check_job(job: Job) -> Right:
    """Return by what right a job at work edits; raise a refusal where it is not permitted any more.

    Between request and run a grant may have been revoked or run out, or the source taken down.
    """
    item = job.source or reference_of(job)
    return Right("created") if item is None else find_right(user=job.user, item=item, job=job)


def granted_items(job: Job) -> frozenset[int]:
    """Return the items that the job's grants are for."""
    return frozenset(job.permissions.values_list("item_id", flat=True))


def lock_grants(right: Right) -> None:
    """Hold the grants' rows, so that a revocation comes before this transaction or after it."""
    ids = [grant.pk for grant in right.permissions]
    if ids:
        held = EditPermission.objects.in_force().filter(pk__in=ids).order_by("pk")
        if len(held.select_for_update()) < len(ids):
            raise NotAllowedError("The permission for this edit has just been taken back.")


def reference_of(job: Job) -> Item | None:
    """Return the item that a creation paints over with a grant, if it rests on one."""
    ids = job.guidance.get("reference_item_ids") or ()
    if not ids or not job.permissions.exists():
        return None
    item = Item.objects.filter(pk=ids[0]).first()
    if item is None:
        raise ConflictError(SOURCE_GONE)
    return item


def _right_to(user: User, item: Item, job: Job | None) -> tuple[str, tuple[EditPermission, ...]]:
    if item.owner_id == user.pk:
        return "own", ()
    if item.is_ai and item.made_for_id == user.pk:
        return "made_for_you", ()
    if item.allows_edits:
        return "open", ()
    grant = grant_in_force(person=user, item=item)
    if grant is not None and (grant.lasting or not _is_used(grant, job)):
        return "grant", (grant,)
    raise NeedsPermissionError(_refusal(item, used=grant is not None), _askable(item))


def _is_used(grant: EditPermission, job: Job | None) -> bool:
    """Return whether a grant for one edit served one: what failed or was cancelled was none."""
    from generation.models import Job as Jobs  # breaks the import cycle

    uses = Jobs.objects.filter(permissions=grant).exclude(
        state__in=[Jobs.State.FAILED, Jobs.State.CANCELLED]
    )
    if job is not None:
        uses = uses.exclude(pk=job.pk)
        if job.batch is not None:
            # Variants that were asked for together are one edit.
            uses = uses.exclude(batch=job.batch)
    return uses.exists()


def _askable(item: Item) -> Item | None:
    return item if item.owner_id and item.state == Item.State.PUBLISHED else None


def _refusal(item: Item, *, used: bool) -> str:
    if used:
        return (
            "Your permission was for one edit, and that has been made. Ask for another one with "
            "“Ask to edit” on the item's page."
        )
    rule = (
        "You can edit your own uploads, what was made for you, and items whose uploader allows "
        "edits. This one is somebody else's"
    )
    if _askable(item) and item.owner:
        asking = f"ask @{item.owner.username} for permission with “Ask to edit” on its page"
        return f"{rule}: {asking}, or ask for something like it instead."
    return f"{rule}; ask for something like it instead."


def _check_ready(item: Item) -> None:
    if item.state in {Item.State.REMOVED, Item.State.EXPIRED}:
        raise ConflictError("This item was taken down and can no longer be edited.")
    if item.media_state != Item.MediaState.READY:
        raise ConflictError(
            "This item's files are not ready yet. Try again when they have been prepared."
        )


def _ancestors(item: Item) -> Iterator[Item]:
    """Yield the items that this was made from; refuse where a source with a say is gone."""
    one = item
    for _ in range(MAX_ANCESTORS):
        if one.parent is None:
            made = (one.manifest or {}).get("authorship") or {}
            if made.get("right") in {"grant", "open"} and made.get("source"):
                raise ConflictError(SOURCE_GONE)
            return
        one = one.parent
        yield one
