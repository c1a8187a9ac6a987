"""Answers that waited for attachments to be looked at: given as soon as they can be, and always."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from common.errors import DomainError
from feed.attachments import FAILED, GONE, READY, WAITING, find_attached, state_of
from feed.exchange import Exchange, Message
from feed.instructor_services import hear_by_model
from recommender.conversations import (
    add_exchange,
    get_conversation,
    get_message,
    get_state,
    list_waiting,
)
from recommender.core.instructor import Decision
from recommender.models import Turn

logger = logging.getLogger(__name__)

# So long a message waits at the most; then it is answered without what is not ready.
WAIT_LIMIT = timedelta(seconds=90)
TOO_SLOW = "It took too long to look at it."
MAX_CHIP_CHARS = 80


def answer_waiting(*, user_id: int | None = None) -> int:
    """Answer the waiting messages of one person, or of all, that can be; return how many."""
    return sum(_answer(turn) for turn in list_waiting(user_id=user_id))


def _answer(turn: Turn) -> bool:
    """Answer one waiting message if its attachments are ready or have had their time."""
    asked = get_message(turn)
    if asked is None or asked.request_key is None:
        return False
    user = turn.conversation.user
    attachments = find_attached(user=user, ids=asked.item_ids)
    states = [state_of(one) for one in attachments]
    is_late = timezone.now() - turn.created_at > WAIT_LIMIT
    if WAITING in states and not is_late:
        return False
    problem = ""
    for one, state in zip(attachments, states, strict=True):
        if state != READY:
            problem = one.problem if state == FAILED else TOO_SLOW
    if not attachments:
        problem = GONE
    message = Message(
        text=asked.text,
        request_key=asked.request_key,
        shown_ids=tuple(turn.decision.get("shown_ids", ())),
        focus_id=turn.decision.get("focus_id"),
        attachments=tuple(
            one for one, state in zip(attachments, states, strict=True) if state == READY
        ),
        answer=turn,
        delete_after_view=turn.decision.get("delete_after_view", False),
        note=f"One of them I could not use: {problem}" if problem else "",
    )
    heard = hear_by_model(user, message) if message.attachments else None
    with transaction.atomic():
        conversation = get_conversation(user=user, lock=True)
        is_open = Turn.objects.filter(pk=turn.pk, conversation=conversation, action="").exists()
        if not is_open:
            return False  # answered by another worker, or the conversation was cleared
        if not message.attachments:
            _give_up(turn, message, problem)
            return True
        try:
            with transaction.atomic():
                Exchange(user, conversation, message, heard).run()
        except DomainError as error:
            logger.warning("waiting message %s: %s", turn.pk, error)
            _give_up(turn, message, str(error))
    return True


def _give_up(turn: Turn, message: Message, problem: str) -> None:
    """Say why there is no answer; the person's words come back as a quick reply."""
    words = message.text if 0 < len(message.text) <= MAX_CHIP_CHARS else ""
    decision = Decision(
        "answer",
        f"I could not use what you sent. {problem} Your words are still here: send them again, "
        "with another picture or without."
        if message.text
        else f"I could not use what you sent. {problem}",
        suggestions=(words,) if words else (),
        reason="attachment_failed",
    )
    add_exchange(
        conversation=turn.conversation,
        text=message.text,
        request_key=message.request_key,
        decision=decision,
        state=get_state(turn.conversation),
        answer=turn,
    )
