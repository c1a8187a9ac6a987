"""What templates ask about the feed's offer and about how something made is shown."""

from __future__ import annotations

from django import template

from catalog.models import Item
from feed.offers import OFFER_IN_SESSION, Offer, find_offer
from generation.models import Job
from recommender.conversations import get_making_turn
from recommender.core.activation import exposure_sentence
from recommender.models import Turn

register = template.Library()


@register.simple_tag(takes_context=True)
def feed_offer(context: template.Context) -> Offer | None:
    """Return the offer that a rejection brought in this session, while it is open; else None."""
    request = context["request"]
    if not request.session.get(OFFER_IN_SESSION):
        return None
    offer = find_offer(request.user)
    if offer is None:
        del request.session[OFFER_IN_SESSION]
    return offer


@register.filter
def shown_how(turn: Turn) -> str:
    """Return how what a turn makes will be shown, in words; "" where it makes nothing."""
    decision = turn.decision if turn.job_id else {}
    return exposure_sentence(decision.get("exposure") or "", decision.get("reason") or "")


@register.simple_tag(takes_context=True)
def exposure_of_item(context: template.Context, item: Item) -> str:
    """Return why an item was shown directly or ranked; only for the person it was made for."""
    user = context["request"].user
    if not user.is_authenticated or item.made_for_id != user.pk:
        return ""
    jobs = Job.objects.filter(result=item, user=user).values_list("pk", flat=True)
    turn = get_making_turn(user=user, job_ids=list(jobs))
    reason = turn.decision.get("reason", "") if turn else "explicit"
    return exposure_sentence(item.exposure, reason)
