"""Lets the policy choose where the instructor's rules leave a choice, and keeps the record.

Whoever refused to be learned from is served by the rules and leaves no record; who was never asked
is served by the rules, without exploration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from accounts.models import User
from catalog.models import Item
from feed.instructor_search import Findings
from generation.models import Job
from generation.selectors import usual_seconds
from recommender.core.decision import Context, Decision
from recommender.core.dialogue import SLOT_NAMES, ShownItem, State, Understanding
from recommender.core.policy import features, shrunk_mean
from recommender.core.steering import allowed_arms, carry
from recommender.models import Interaction, Turn
from recommender.services import learning_allowed, taste_of
from recommender.services.feedback import REACTIONS
from recommender.services.policies import Choice, choose, log_choice

NEWEST_OPINIONS = 50
OPINION: dict[str, float] = {
    Interaction.Kind.LIKE.value: 1.0,
    Interaction.Kind.DISLIKE.value: -1.0,
    Interaction.Kind.NOT_INTERESTED.value: -1.0,
}


@dataclass(frozen=True)
class Steered:
    """The decision that is carried out, and the choice behind it, if there is one to record."""

    decision: Decision
    choice: Choice | None = None


def find_own(user: User, findings: Findings) -> Item | None:
    """Return the nearest found picture that is the person's own."""
    own = (item for item in findings.near[:6] if user.pk in {item.owner_id, item.made_for_id})
    return next((item for item in own if item.kind == Item.Kind.IMAGE), None)


def steer(
    *,
    user: User,
    heard: Understanding,
    state: State,
    context: Context,
    decision: Decision,
    findings: Findings,
    own: ShownItem | None = None,
) -> Steered:
    """Return the decision to carry out: the rules', or another arm that they leave open.

    own: what `find_own` found, if the person may edit it.
    """
    learns = learning_allowed(user)
    arms = allowed_arms(heard, state, context, decision, own)
    if not arms or learns is False:
        return Steered(decision)
    if not learns:
        arms = arms[:1]
    seen = features(
        rejections=context.rejections,
        matches=context.matches,
        near=context.near,
        said=sum(bool(getattr(state.wanted, name)) for name in SLOT_NAMES),
        ai_share=context.ai_share,
        desires=heard.is_desire,
        # What costs queries is looked up where something hangs on it.
        similarity=_similarity(user, findings) if len(arms) > 1 else 0.0,
        ai_satisfaction=ai_satisfaction(user) if len(arms) > 1 else 0.0,
        wait_s=expected_wait(state.kind or "image") if len(arms) > 1 else 0.0,
    )
    choice = choose(allowed=arms, context=seen)
    taken = carry(choice.arm, decision, heard, state, context, own)
    if taken.action != choice.arm:
        # A choice that could not be carried out (a question came first) is not the policy's.
        choice = replace(choice, arm=arms[0], probabilities={arms[0]: 1.0})
        taken = decision
    return Steered(taken, choice)


def record(*, user: User, steered: Steered | None, turn: Turn) -> None:
    """Keep the choice behind a turn; nothing where there was none."""
    if steered is None or steered.choice is None:
        return
    made = turn.decision
    log_choice(
        user=user,
        choice=steered.choice,
        turn=turn,
        exposure=made.get("exposure") or "",
        reason=made.get("reason", "")[:30],
    )


def expected_wait(kind: str) -> float:
    """Return the seconds until something asked for now would be there."""
    return usual_seconds("create", kind) * (1 + Job.objects.active().count())


def ai_satisfaction(user: User) -> float:
    """Return the person's opinion of AI items, -1 to 1, drawn towards 0 while they judged few."""
    newest = (
        Interaction.objects.filter(user=user, item__origin=Item.Origin.AI, kind__in=REACTIONS)
        .order_by("-created_at", "-pk")
        .values_list("item_id", "kind")[:NEWEST_OPINIONS]
    )
    held: dict[int, str] = {}
    for item_id, kind in newest:
        held.setdefault(item_id, kind)
    return shrunk_mean([OPINION[kind] for kind in held.values() if kind in OPINION])


def _similarity(user: User, findings: Findings) -> float:
    """Return the cosine of the best found item to the mean of what the person likes, or 0."""
    taste = taste_of(user) if findings.cards else None
    if taste is None:
        return 0.0
    vectors, known = taste.vectors_of([item.pk for item in findings.cards])
    mean = taste.vectors.mean(axis=0)
    length = float(np.linalg.norm(mean))
    if not known.any() or length == 0:
        return 0.0
    return float((vectors[known] @ (mean / length)).max())
