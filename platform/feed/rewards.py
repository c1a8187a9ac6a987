"""What became of logged decisions: the reward is filled in once what followed is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils import timezone

from generation.models import Job
from recommender.core.decision import MAKE_IT
from recommender.core.policy import Arm, as_arm
from recommender.core.rewards import Response, cost_of, reward_of
from recommender.models import Impression, Interaction, PolicyDecision, Turn

# What a person does so long after a decision, or until so many more items were put before them,
# is put down to it.
WINDOW = timedelta(minutes=30)
IMPRESSIONS = 20
# What has not been made by then is not waited for: the decision brought nothing.
LONGEST_JOB = timedelta(hours=24)
BATCH = 500
# An offer that was waved away bothered somebody.
DISMISSED = -0.2


@dataclass(frozen=True)
class _Outcome:
    """What a decision brought, and when the person could see it. `begins` None: not known yet.

    steps: what it took of the person, the decision itself first.
    """

    item_ids: Sequence[int] = ()
    begins: datetime | None = None
    waited_s: float = 0.0
    steps: tuple[Arm, ...] = ()


def settle_rewards(*, now: datetime | None = None) -> int:
    """Fill in the reward of every decision whose window is over; return how many that were.

    Safe to repeat and to run twice at once: a reward is written where there is none.
    """
    now = now or timezone.now()
    due = PolicyDecision.objects.filter(reward__isnull=True, created_at__lte=now)
    settled = 0
    for decision in due.select_related("user", "turn").order_by("created_at", "pk")[:BATCH]:
        reward = reward_for(decision, now)
        if reward is None:
            continue
        settled += PolicyDecision.objects.filter(pk=decision.pk, reward__isnull=True).update(
            reward=reward, rewarded_at=now
        )
    return settled


def reward_for(decision: PolicyDecision, now: datetime) -> float | None:
    """Return what the decision was worth; None while its window is open."""
    if decision.context.get("offer") == "dismissed":
        return DISMISSED
    if decision.turn is None:
        # An offer that nobody answered, or a conversation that was cleared meanwhile.
        return 0.0 if now >= decision.created_at + WINDOW else None
    outcome = _outcome_of(decision, now)
    if outcome.begins is None:
        return None
    ends = _end_of_window(decision, outcome.begins)
    if now < ends:
        return None
    responses = _responses(decision.user_id, outcome.item_ids, outcome.begins, ends)
    steps = outcome.steps or (as_arm(decision.arm),)
    felt = reward_of("retrieve", responses)
    return round(felt - sum(cost_of(step, outcome.waited_s) for step in steps), 6)


def _outcome_of(decision: PolicyDecision, now: datetime) -> _Outcome:
    """Return what the decision brought; a question or offer brought what its answer brought."""
    turn, arm = decision.turn, as_arm(decision.arm)
    assert turn is not None  # `reward_for` saw to that
    if turn.job_id:
        return replace(_made_by(turn, decision, now), steps=(arm,))
    offers = MAKE_IT in turn.decision.get("suggestions", [])
    following = _answered_by(turn, decision.created_at) if arm == "ask" or offers else None
    if following is not None and following.job_id and offers:
        return replace(_made_by(following, decision, now), steps=("ask", "create"))
    if following is not None and arm == "ask":
        return _Outcome(following.item_ids, following.created_at)
    return _Outcome(turn.item_ids, turn.created_at)


def _answered_by(turn: Turn, since: datetime) -> Turn | None:
    """Return the first turn after a question or offer that asks nothing itself, if it came soon."""
    later = Turn.objects.filter(
        conversation_id=turn.conversation_id, speaker=Turn.Speaker.INSTRUCTOR, pk__gt=turn.pk
    )
    later = later.filter(created_at__lte=since + WINDOW).exclude(action=Turn.Action.ASK)
    return later.order_by("pk").first()


def _made_by(turn: Turn, decision: PolicyDecision, now: datetime) -> _Outcome:
    """Return what the turn's job made, once it is finished or given up."""
    job = Job.objects.filter(pk=turn.job_id or 0, user_id=decision.user_id).first()
    if job is None:
        return _Outcome(begins=decision.created_at)
    if not job.is_finished or job.finished_at is None:
        given_up = now >= decision.created_at + LONGEST_JOB
        return _Outcome(begins=decision.created_at if given_up else None)
    waited = (job.finished_at - turn.created_at).total_seconds()
    made = [job.result_id] if job.result_id else []
    return _Outcome(made, job.finished_at, max(0.0, waited))


def _end_of_window(decision: PolicyDecision, begins: datetime) -> datetime:
    """Return when the window closes: after half an hour, or with the last of twenty impressions."""
    shown = Impression.objects.filter(user_id=decision.user_id, created_at__gt=begins)
    if decision.turn_id:
        # What the turn itself shows is what is judged.
        shown = shown.exclude(policy="instructor")
    times = shown.order_by("created_at").values_list("created_at", flat=True)
    last = list(times[IMPRESSIONS - 1 : IMPRESSIONS])
    return min([begins + WINDOW, *last])


def _responses(
    user_id: int, item_ids: Sequence[int], begins: datetime, ends: datetime
) -> list[Response]:
    """Return what the person did with each of the items within the window."""
    kinds: dict[int, set[str]] = {pk: set() for pk in item_ids}
    looked = dict.fromkeys(item_ids, 0.0)
    events = Interaction.objects.filter(
        user_id=user_id,
        item_id__in=list(item_ids),
        created_at__gte=begins,
        created_at__lte=ends,
        suspicion=None,
    ).order_by("created_at", "pk")
    for item_id, kind, value in events.values_list("item_id", "kind", "value"):
        if kind == Interaction.Kind.DWELL:
            looked[item_id] += value
        elif kind == Interaction.Kind.UNDO:
            kinds[item_id].discard(Interaction.Kind.LIKE)
            kinds[item_id] -= {Interaction.Kind.DISLIKE, Interaction.Kind.NOT_INTERESTED}
        else:
            kinds[item_id].add(kind)
    return [Response(frozenset(kinds[pk]), looked[pk]) for pk in item_ids]
