"""A person's conversation with the instructor: its turns and memory. Always per person."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Max

from accounts.models import User
from catalog.models import Item
from recommender.core.activation import WINDOW
from recommender.core.dialogue import State
from recommender.core.instructor import Decision
from recommender.models import Conversation, Impression, Interaction, PolicyDecision, Turn
from recommender.services import learning_allowed
from recommender.services.feedback import REACTIONS

POLICY = "instructor"
# The reason under which the feed's own offers to create are logged.
OFFER = "rejections_offer"
MAX_TURNS_SHOWN = 60
REJECTIONS = {Interaction.Kind.DISLIKE, Interaction.Kind.NOT_INTERESTED}


def get_conversation(*, user: User, lock: bool = False) -> Conversation:
    """Return the person's conversation, made if there is none.

    With `lock` (inside a transaction) a second message of the same person waits for the first.
    """
    if lock:
        # The person's row is locked first, so that two first messages make one conversation.
        User.objects.select_for_update().get(pk=user.pk)
    mine = Conversation.objects.filter(user=user).order_by("-pk")
    return mine.first() or Conversation.objects.create(user=user)


def peek_conversation(*, user: User) -> Conversation | None:
    """Return the person's conversation without making or locking one."""
    return Conversation.objects.filter(user=user).order_by("-pk").first()


def get_state(conversation: Conversation) -> State:
    """Return what the conversation remembers."""
    return State.from_dict(conversation.state)


def find_answer(*, conversation: Conversation, request_key: uuid.UUID) -> Turn | None:
    """Return the answer that a message sent before got, or None when it is new."""
    asked = conversation.turns.filter(request_key=request_key).first()
    if asked is None:
        return None
    answers = conversation.turns.filter(pk__gt=asked.pk, speaker=Turn.Speaker.INSTRUCTOR)
    return answers.first()


def add_exchange(
    *,
    conversation: Conversation,
    text: str,
    request_key: uuid.UUID,
    decision: Decision,
    state: State,
    item_ids: Sequence[int] = (),
    job_id: int | None = None,
    attachment_ids: Sequence[int] = (),
    answer: Turn | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Turn:
    """Store a message, its answer and the new memory; returns the answer.

    answer: the turn that waited (`add_waiting`), which is filled in; its message is stored already.
    extra: what is logged with the decision besides itself.
    """
    asked = None if answer else _asked(conversation, text, request_key, attachment_ids)
    answer = answer or Turn(conversation=conversation, speaker=Turn.Speaker.INSTRUCTOR)
    answer.text, answer.action = decision.reply, decision.action
    answer.decision = {**decision.as_dict(), **(extra or {})}
    answer.item_ids, answer.job_id = list(item_ids), job_id
    _save(asked, answer)
    conversation.state = state.as_dict()
    conversation.save(update_fields=["state", "updated_at"])
    return answer


def add_waiting(
    *,
    conversation: Conversation,
    text: str,
    request_key: uuid.UUID,
    attachment_ids: Sequence[int],
    remembered: Mapping[str, Any],
) -> Turn:
    """Store a message whose attachments are still being looked at, and the answer that waits.

    remembered: what else came with the message, for whoever answers it.
    """
    answer = Turn(
        conversation=conversation,
        speaker=Turn.Speaker.INSTRUCTOR,
        text="I'm looking at what you sent.",
        decision={"reason": "waiting", **remembered},
    )
    _save(_asked(conversation, text, request_key, attachment_ids), answer)
    return answer


def list_waiting(*, user_id: int | None = None) -> list[Turn]:
    """Return answers that wait, of one person or of all, oldest first."""
    turns = Turn.objects.filter(speaker=Turn.Speaker.INSTRUCTOR, action="")
    if user_id is not None:
        turns = turns.filter(conversation__user_id=user_id)
    return list(turns.select_related("conversation__user__profile").order_by("created_at")[:200])


def get_message(answer: Turn) -> Turn | None:
    """Return the person's message that an answer belongs to."""
    before = answer.conversation.turns.filter(pk__lt=answer.pk, speaker=Turn.Speaker.PERSON)
    return before.order_by("-pk").first()


def _asked(
    conversation: Conversation, text: str, request_key: uuid.UUID, item_ids: Sequence[int]
) -> Turn:
    return Turn(
        conversation=conversation,
        speaker=Turn.Speaker.PERSON,
        text=text,
        request_key=request_key,
        item_ids=list(item_ids),
    )


def _save(*turns: Turn | None) -> None:
    for turn in turns:
        if turn is not None:
            turn.full_clean(exclude=["conversation"])
            turn.save()


def list_turns(*, user: User, limit: int = MAX_TURNS_SHOWN) -> list[Turn]:
    """Return the newest turns of the person's conversation, oldest first."""
    newest = Turn.objects.filter(conversation__user=user).order_by("-pk")[:limit]
    return list(reversed(newest))


def get_turn(*, user: User, turn_id: int) -> Turn | None:
    """Return a turn of the person's own conversation; None for anybody else's."""
    return Turn.objects.filter(conversation__user=user, pk=turn_id).first()


def get_last_job_id(conversation: Conversation) -> int | None:
    """Return the job that the conversation started last."""
    started = conversation.turns.filter(job_id__isnull=False).order_by("-pk").first()
    return started.job_id if started else None


def get_making_turn(*, user: User, job_ids: Sequence[int]) -> Turn | None:
    """Return the person's turn that started one of these jobs, or None."""
    return Turn.objects.filter(conversation__user=user, job_id__in=job_ids).first()


def clear_conversation(*, user: User) -> None:
    """Forget everything said: turns and memory. What was made stays."""
    Conversation.objects.filter(user=user).delete()


def recent_rejections(user: User) -> list[bool]:
    """Return the person's last exposures to human-made items, newest first: True where rejected.

    An exposure is an item the person did something with: what merely lies ahead in the feed says
    nothing. Exposures before the last creation, or before the feed's last offer to create, are
    settled by it and do not count again.
    """
    made_at = Turn.objects.filter(
        conversation__user=user, action__in=[Turn.Action.CREATE, Turn.Action.EDIT]
    ).aggregate(at=Max("created_at"))["at"]
    offered_at = PolicyDecision.objects.filter(user=user, reason=OFFER).aggregate(
        at=Max("created_at")
    )["at"]
    settled = [at for at in (made_at, offered_at) if at is not None]
    newest = _newest_human_items(user, max(settled, default=None))
    rejected = dict(
        Interaction.objects.filter(user=user, item_id__in=newest)
        .filter(kind__in=REACTIONS)
        .order_by("created_at", "id")
        .values_list("item_id", "kind")
    )
    return [rejected.get(item_id) in REJECTIONS for item_id in newest]


def _newest_human_items(user: User, since: datetime | None) -> list[int]:
    """Return the last `WINDOW` human-made items that the person did something with."""
    rows = Interaction.objects.filter(user=user, item__origin=Item.Origin.HUMAN)
    if since is not None:
        rows = rows.filter(created_at__gt=since)
    latest = rows.values("item_id").annotate(at=Max("created_at")).order_by("-at", "-item_id")
    return [row["item_id"] for row in latest[:WINDOW]]


def record_results(*, user: User, request_key: uuid.UUID, item_ids: Sequence[int]) -> None:
    """Log found items as impressions, so that the feed does not repeat them and "why" is true.

    Nothing is stored for who refused to be learned from.
    """
    if learning_allowed(user) is False:
        return
    Impression.objects.bulk_create(
        [
            Impression(
                user=user,
                item_id=item_id,
                feed_id=request_key,
                position=position,
                source=POLICY,
                policy=POLICY,
                reason={"kind": "you_asked"},
            )
            for position, item_id in enumerate(item_ids, start=1)
        ],
        ignore_conflicts=True,
    )
