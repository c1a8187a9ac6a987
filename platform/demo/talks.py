"""The talks of the demo world as rows: turns, decisions with propensities, what was shown and done.

Everything is dated back to when it happened, as if the site had stored it then.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from django.db import models

from catalog.models import Item
from demo.asking import Step
from demo.history import Times
from demo.wishing.people import DRAWING_S, FIND, MAKE
from demo.wishing.sitting import slots_of
from generation.models import Job
from recommender.conversations import POLICY
from recommender.core.policy import FEATURES
from recommender.core.replies import describe, with_article
from recommender.core.rewards import Response
from recommender.models import Conversation, Impression, Interaction, PolicyDecision, Turn

OPENINGS = {MAKE: "Make me {}", FIND: "Show me {}"}
# What a person does with a thing comes so long after it was shown, and after the one before it.
FIRST_LOOK, NEXT_LOOK = timedelta(seconds=20), timedelta(seconds=45)
SETTLED_AFTER = timedelta(minutes=35)


def words_of(step: Step) -> str:
    """Return what the person said."""
    wish = with_article(describe(slots_of(step.wish)))
    return OPENINGS.get(step.wish.mode, "I'd like {}").format(wish)


def keep_talks(
    steps: Sequence[Step], items: Sequence[Item], jobs: Mapping[int, Job], times: Times
) -> None:
    """Store everybody's talks. jobs: by the place of the step that they were handed in for."""
    users = {step.resident.user.pk: step.resident.user for step in steps}
    talks = Conversation.objects.bulk_create(Conversation(user=user) for user in users.values())
    talk_of = {talk.user_id: talk for talk in talks}
    moments = [times.at(step.minute) for step in steps]
    said, answered = [], []
    for number, step in enumerate(steps):
        talk, job = talk_of[step.resident.user.pk], jobs.get(number)
        said.append(Turn(conversation=talk, speaker=Turn.Speaker.PERSON, text=words_of(step)))
        answered.append(_answer(talk, step, items, job))
    # In turn, so that their order tells who spoke when.
    both = [turn for pair in zip(said, answered, strict=True) for turn in pair]
    Turn.objects.bulk_create(both, batch_size=1000)
    _date_back(both, [at for at in moments for _ in range(2)])
    _keep_decisions(steps, answered, moments)
    _keep_reactions(steps, items, jobs, moments)


def _answer(talk: Conversation, step: Step, items: Sequence[Item], job: Job | None) -> Turn:
    return Turn(
        conversation=talk,
        speaker=Turn.Speaker.INSTRUCTOR,
        text=step.decision.reply,
        action=step.decision.action,
        decision=step.decision.as_dict(),
        item_ids=[items[place].pk for place in step.places],
        job_id=job.pk if job else None,
    )


def _keep_decisions(
    steps: Sequence[Step], turns: Sequence[Turn], moments: Sequence[datetime]
) -> None:
    rows = []
    for step, turn, at in zip(steps, turns, moments, strict=True):
        seen = {name: float(value) for name, value in zip(FEATURES, step.seen, strict=True)}
        rows.append(
            PolicyDecision(
                user=step.resident.user,
                turn=turn,
                policy="rules",
                context={**seen, "rule": step.rule},
                arm=step.arm,
                probabilities=dict(step.chances),
                propensity=step.chances[step.arm],
                exposure=step.decision.exposure or "",
                reason=step.decision.reason[:30],
                reward=round(step.reward, 6),
                rewarded_at=at + SETTLED_AFTER,
            )
        )
    PolicyDecision.objects.bulk_create(rows, batch_size=1000)
    _date_back(rows, moments)


def _keep_reactions(
    steps: Sequence[Step],
    items: Sequence[Item],
    jobs: Mapping[int, Job],
    moments: Sequence[datetime],
) -> None:
    """Store what was shown, and what people did with it and with what was made for them."""
    shown, shown_at, acts = [], [], []
    for number, (step, at) in enumerate(zip(steps, moments, strict=True)):
        job = jobs.get(number)
        feed_id = uuid.UUID(int=int(np.random.default_rng([number, 11]).integers(2**62)))
        cards = [items[place] for place in step.places]
        ready = at
        if job is not None and job.result is not None and step.responses:
            cards = [job.result]
            ready = at + timedelta(seconds=DRAWING_S + (step.wait_s or 0.0))
        for position, item in enumerate(dict.fromkeys(cards), 1):
            shown.append(
                Impression(
                    user=step.resident.user,
                    item=item,
                    feed_id=feed_id,
                    position=position,
                    source=POLICY,
                    policy=POLICY,
                    reason={"kind": "you_asked"},
                )
            )
            shown_at.append(ready)
        for look, (place, response) in enumerate(step.responses):
            item = items[place] if place >= 0 else cards[0]
            acts += _acts(step, item, response, ready + FIRST_LOOK + look * NEXT_LOOK)
    Impression.objects.bulk_create(shown, batch_size=1000)
    _date_back(shown, shown_at)
    Interaction.objects.bulk_create(acts, batch_size=1000)


def _acts(step: Step, item: Item, response: Response, at: datetime) -> list[Interaction]:
    user, kinds = step.resident.user, sorted(response.kinds)
    found = [
        Interaction(
            user=user, item=item, kind=kind, value=1.0, created_at=at + timedelta(seconds=6)
        )
        for kind in kinds
    ]
    if response.looked_s > 0:
        found.append(
            Interaction(
                user=user, item=item, kind="dwell", value=round(response.looked_s, 1), created_at=at
            )
        )
    return found


def _date_back(rows: Sequence[Any], moments: Sequence[datetime]) -> None:
    """Give rows the time at which they came to be: a new row is always dated now."""
    if not rows:
        return
    model: type[models.Model] = type(rows[0])
    for row, at in zip(rows, moments, strict=True):
        row.created_at = at
    model._default_manager.bulk_update(rows, ["created_at"], batch_size=500)
