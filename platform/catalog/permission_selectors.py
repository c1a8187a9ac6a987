"""Requests and grants as their two sides see them, and whose a version is, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, QuerySet
from django.http import Http404

from accounts.models import User as UserRow
from catalog.models import EditMute, EditPermission, Item
from catalog.permissions import EditPermissionQuerySet
from catalog.selectors import can_view

if TYPE_CHECKING:
    from accounts.models import User

State = EditPermission.State


@dataclass(frozen=True)
class Authorship:
    """Whose a version is. `before`, the source (if this person may see it), `after`."""

    before: str
    source: Item | None = None
    source_label: str = ""
    after: str = ""

    @property
    def sentence(self) -> str:
        return f"{self.before}{self.source_label}{self.after}."


def describe_authorship(*, user: User | AnonymousUser | None, item: Item) -> Authorship:
    """Return who made a version, from whose item, by what right, and whom it belongs to.

    For whom Weft made something stays between that person, Weft and its moderators.
    """
    source = item.parent
    maker = f"@{item.owner.username}" if item.owner else ""
    if item.authorship == Item.Authorship.UPLOADER and item.owner:
        if not item.is_ai:
            own = f"Uploaded by {maker}, who owns it"
            return (
                Authorship(own)
                if source is None
                else Authorship(f"A version by {maker}, who owns it")
            )
        owned = f"Edited with AI by {maker}, who owns it"
        right = right_of(item)
        if source is None:
            gone = "; its source is no longer here" if right not in {"", "created"} else ""
            return Authorship(f"{owned}{gone}")
        if source.owner_id == item.owner_id:
            return Authorship(owned)
        return _from_source(user, owned, source, right)
    audience = _audience(user, item)
    made = f"Made by Weft{audience}"
    if source is None or source.owner is None or source.owner == item.made_for:
        return Authorship(f"{made}; belongs to Weft")
    named = _from_source(user, made, source, right_of(item))
    return Authorship(
        named.before, named.source, named.source_label, f"{named.after}; belongs to Weft"
    )


def right_of(item: Item) -> str:
    """Return by what right the version was made: created, own, made_for_you, open or grant."""
    return str(((item.manifest or {}).get("authorship") or {}).get("right", ""))


def _audience(user: User | AnonymousUser | None, item: Item) -> str:
    if item.made_for is None:
        return ""
    signed_in = user is not None and user.is_authenticated
    if signed_in and item.made_for_id == user.pk:  # type: ignore[union-attr]
        return " for you"
    knows = signed_in and bool(getattr(user, "can_moderate", False))
    return f" for @{item.made_for.username}" if knows else " for one of its viewers"


def _from_source(
    user: User | AnonymousUser | None, made: str, source: Item, right: str
) -> Authorship:
    whose = f"@{source.owner.username}'s item" if source.owner else "an item of Weft's"
    if not can_view(user, source):
        whose, after = "an item that is no longer shown", ""
    else:
        after = {"grant": " with permission", "open": ", whose maker lets everybody edit it"}.get(
            right, ""
        )
    seen = source if can_view(user, source) else None
    return Authorship(f"{made}; from ", seen, whose, after)


def list_requests_to(owner: User) -> EditPermissionQuerySet:
    """Return what was asked of this owner, newest first, each with how many versions came of it."""
    asked = EditPermission.objects.filter(item__owner=owner)
    return _with_people(asked)


def list_requests_by(person: User) -> EditPermissionQuerySet:
    """Return what this person asked for, newest first."""
    return _with_people(EditPermission.objects.filter(person=person))


def count_waiting(owner: User) -> int:
    """Return how many requests wait for this owner's answer."""
    return EditPermission.objects.open().filter(item__owner=owner).count()


def list_muted(owner: User) -> QuerySet[UserRow]:
    """Return the people whose requests this owner does not hear."""
    muted = EditMute.objects.filter(owner=owner).values("person")
    return UserRow.objects.filter(pk__in=muted).order_by("username")


def get_permission(*, user: User, pk: int) -> EditPermission:
    """Return a request that this person made or may answer; for others there is none."""
    found = EditPermission.objects.select_related("item__owner", "person").filter(pk=pk).first()
    if found is None or user.pk not in {found.person_id, found.item.owner_id}:
        raise Http404("There is no such request.")
    return found


def get_own_request(*, person: User, item: Item) -> EditPermission | None:
    """Return the newest request of this person for this item."""
    return EditPermission.objects.filter(person=person, item=item).order_by("-pk").first()


def grant_in_force(*, person: User, item: Item) -> EditPermission | None:
    """Return the grant by which this person may edit this item; once or lasting."""
    if person.pk is None or item.pk is None:
        return None
    return EditPermission.objects.in_force().filter(person=person, item=item).first()


def _with_people(rows: EditPermissionQuerySet) -> EditPermissionQuerySet:
    return (
        rows.select_related("item__owner", "person")
        .prefetch_related("item__assets")
        .annotate(versions=Count("results"))
        .order_by("-asked_at", "-pk")
    )
