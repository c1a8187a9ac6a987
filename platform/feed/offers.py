"""The feed's own offer to make something, after a person passed over several items of people.

GeneRec 2023, section 3.1. It is made once for a run of rejections, to who lets us learn from what
they do, wants AI in their feed and has creations left; it can be waved away, and counts as shown
only while it is fresh. Taking it up says the words to the instructor, as the person could.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import User
from common.errors import ConflictError, InvalidInputError
from feed.instructor_services import take_turn
from feed.steering import ai_satisfaction, expected_wait
from generation.selectors import get_allowance
from recommender.conversations import OFFER, REJECTIONS, recent_rejections
from recommender.core.activation import (
    MIN_REJECTIONS,
    Need,
    count_rejections,
    exposure_of,
    should_create,
)
from recommender.core.dialogue import Slots
from recommender.core.policy import features
from recommender.core.replies import describe, with_article
from recommender.models import Interaction, PolicyDecision, StatedWish, Turn
from recommender.services import learning_allowed, liked_items
from recommender.services.policies import Choice, log_choice

OPEN, TAKEN, DISMISSED = "open", "taken", "dismissed"
OFFER_IN_SESSION = "feed_offer"
FRESH = timedelta(minutes=30)
RECENT = timedelta(days=1)
LIKES_READ = 30
FEWEST_LIKES = 2


@dataclass(frozen=True)
class Offer:
    """An offer as pages and API show it."""

    id: int
    # "a navy skirt"
    wish: str
    sentence: str


def find_offer(user: object) -> Offer | None:
    """Return the person's open offer; makes one where it is due. None for visitors.

    One short query while little was rejected lately.
    """
    if not isinstance(user, User) or user.profile.ai_share == 0 or not _rejected_lately(user):
        return None
    if not learning_allowed(user):
        return None
    latest = _offers(user).order_by("-pk").first()
    if latest is not None and _is_open(latest):
        return _as_offer(latest)
    return _make(user) if _is_due(user) else None


def accept_offer(*, user: User, pk: int) -> Turn:
    """Say the offer's wish to the instructor; the same offer taken twice gives the same turn.

    Raises InvalidInputError for what is not the person's, ConflictError once it was waved away.
    """
    row = _own(user, pk)
    if row.context["offer"] == DISMISSED:
        raise ConflictError("You waved this offer away. Tell me in words what you would like.")
    turn = take_turn(
        user=user,
        text=f"Make me {row.context['wish']}",
        request_key=uuid.uuid5(uuid.NAMESPACE_OID, f"offer-{row.pk}"),
    )
    row.context, row.turn = {**row.context, "offer": TAKEN}, turn
    row.save(update_fields=["context", "turn"])
    return turn


def dismiss_offer(*, user: User, pk: int) -> None:
    """Wave the offer away; it does not come back for the same rejections. Safe to repeat."""
    row = _own(user, pk)
    if row.context["offer"] == OPEN:
        row.context = {**row.context, "offer": DISMISSED}
        row.save(update_fields=["context"])


def _offers(user: User) -> QuerySet[PolicyDecision]:
    return PolicyDecision.objects.filter(user=user, reason=OFFER)


def _own(user: User, pk: int) -> PolicyDecision:
    row = _offers(user).filter(pk=pk).first()
    if row is None:
        raise InvalidInputError("There is no such offer.")
    return row


def _is_open(row: PolicyDecision) -> bool:
    return row.context.get("offer") == OPEN and timezone.now() < row.created_at + FRESH


def _as_offer(row: PolicyDecision) -> Offer:
    wish = str(row.context["wish"])
    return Offer(row.pk, wish, f"Not quite it? I could make you {wish}.")


def _rejected_lately(user: User) -> bool:
    """Return whether there were rejections enough at all: spares the others a longer look."""
    recent = Interaction.objects.filter(
        user=user, kind__in=REJECTIONS, created_at__gt=timezone.now() - RECENT
    )
    return recent[:MIN_REJECTIONS].count() == MIN_REJECTIONS


def _is_due(user: User) -> bool:
    need = Need(
        rejections=count_rejections(recent_rejections(user)), ai_share=user.profile.ai_share
    )
    return bool(should_create(need))


def _make(user: User) -> Offer | None:
    """Store an offer of what the person likes; None without likes or without creations left."""
    wish = favourite(user)
    allowance = get_allowance(user)
    if wish is None or not allowance.free_now or not allowance.left_today:
        return None
    with transaction.atomic():
        # Two pages opened at once make one offer.
        User.objects.select_for_update().get(pk=user.pk)
        if not _is_due(user):
            latest = _offers(user).order_by("-pk").first()
            return _as_offer(latest) if latest and _is_open(latest) else None
        rejections = count_rejections(recent_rejections(user))
        seen = features(
            rejections=rejections,
            matches=0,
            near=0,
            similarity=0.0,
            said=0,
            ai_satisfaction=ai_satisfaction(user),
            ai_share=user.profile.ai_share,
            wait_s=expected_wait("image"),
            desires=False,
        )
        choice = Choice("create", "create", "rules", {"create": 1.0}, seen)
        row = log_choice(
            user=user,
            choice=choice,
            reason=OFFER,
            exposure=exposure_of("rejections"),
            offer=OPEN,
            wish=with_article(describe(wish)),
        )
    return _as_offer(row)


def favourite(user: User) -> Slots | None:
    """Return the garment and colour the person likes most, without what they told us not to show.

    None while they liked too little: then there is nothing to offer, only to ask.
    """
    liked = liked_items(user, LIKES_READ)
    if len(liked) < FEWEST_LIKES:
        return None
    unwanted = set(
        StatedWish.objects.filter(user=user, polarity=StatedWish.Polarity.UNWANTED).values_list(
            "value", flat=True
        )
    )
    garment = _most(i.garment_type for i in liked if i.garment_type not in unwanted)
    if not garment:
        return None
    own = [i for i in liked if i.garment_type == garment]
    colour = _most(c for i in own for c in i.colours[:1] if c not in unwanted)
    return Slots(types=(garment,), colours=(colour,) if colour else ())


def _most(values: Iterable[str]) -> str:
    counted = Counter(value for value in values if value)
    return counted.most_common(1)[0][0] if counted else ""
