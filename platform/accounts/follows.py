"""Following uploaders: what they publish is shown more often, and on a page of its own."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import Http404

from accounts.models import Follow, User
from common.errors import InvalidInputError, QuotaExceededError

# Enough for anybody's taste; a bound on what one page of the feed must look up.
MOST_FOLLOWED = 2000


def follow(*, follower: User, username: str) -> User:
    """Follow a person by their name and return them; safe to repeat."""
    followed = _person(username)
    if followed.pk == follower.pk:
        raise InvalidInputError("You cannot follow yourself: your own items are in the studio.")
    if Follow.objects.filter(follower=follower)[:MOST_FOLLOWED].count() >= MOST_FOLLOWED:
        raise QuotaExceededError(
            f"You follow {MOST_FOLLOWED} people already. Stop following some of them first."
        )
    try:
        with transaction.atomic():
            Follow.objects.get_or_create(follower=follower, followed=followed)
    except IntegrityError:
        # The account went away between the two queries.
        raise Http404("There is no such person.") from None
    return followed


def unfollow(*, follower: User, username: str) -> User:
    """Stop following a person and return them; safe to repeat."""
    followed = _person(username)
    Follow.objects.filter(follower=follower, followed=followed).delete()
    return followed


def followed_ids(user: User | AnonymousUser | None) -> set[int]:
    """Return the ids of the people this person follows; empty for visitors. One query."""
    if user is None or not user.is_authenticated:
        return set()
    return set(Follow.objects.filter(follower=user).values_list("followed_id", flat=True))


def is_followed(user: User | AnonymousUser | None, person_id: int | None) -> bool:
    """Return whether this person follows that one. One query; none for visitors."""
    if user is None or not user.is_authenticated or person_id is None:
        return False
    return Follow.objects.filter(follower=user, followed_id=person_id).exists()


def list_followed(user: User) -> QuerySet[User]:
    """Return the active people this person follows, the newest follow first."""
    return User.objects.filter(followers__follower=user, is_active=True).order_by(
        "-followers__created_at", "-followers__pk"
    )


def _person(username: str) -> User:
    found = User.objects.filter(username=username, is_active=True).first()
    if found is None:
        raise Http404("There is no such person.")
    return found
