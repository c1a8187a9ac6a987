"""Messages to the instructor: taken in, heard by the language model where there is one, answered.

A model is asked before anything is locked; the turn itself is one transaction, locked per person
(`feed.exchange`).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from common.errors import InvalidInputError
from feed.attachments import (
    FAILED,
    WAITING,
    clear_attachments,
    list_attached,
    state_of,
)
from feed.exchange import ENGINE, Exchange, Heard, Message
from feed.instructor_panel import TurnView, get_panel, get_turn_view
from recommender import conversations
from recommender.conversations import (
    add_waiting,
    find_answer,
    get_conversation,
    peek_conversation,
)
from recommender.core.wording import clean
from recommender.llm import LlmEngine, engine_for
from recommender.models import Conversation, Turn

__all__ = ["ENGINE", "TurnView", "clear_conversation", "get_panel", "get_turn_view", "take_turn"]


def take_turn(
    *,
    user: User,
    text: str,
    request_key: uuid.UUID,
    shown_ids: Sequence[int] = (),
    focus_id: int | None = None,
    attachment_ids: Sequence[int] = (),
    delete_after_view: bool = False,
) -> Turn:
    """Answer one message and return the instructor's turn; the same key gives the same turn.

    shown_ids: the items in sight, in order; focus_id: the one that "this" means; attachment_ids:
    pictures and videos of the person's own (`feed.attachments`); delete_after_view: what is made of
    it is for this person alone and deleted after they saw it. While one of those is still being
    looked at the turn waits (`Turn.is_waiting`) and is answered by `answer_waiting`. Raises
    InvalidInputError for a message that is empty or too long, and for an attachment that cannot be
    used.
    """
    attachments = list_attached(user=user, ids=attachment_ids)
    states = [state_of(one) for one in attachments]
    if FAILED in states:
        raise InvalidInputError(attachments[states.index(FAILED)].problem)
    text = clean(text) if text.strip() or not attachments else ""
    message = Message(
        text,
        request_key,
        tuple(shown_ids),
        focus_id,
        tuple(attachments),
        delete_after_view=delete_after_view,
    )
    waits = WAITING in states
    heard = None if waits else hear_by_model(user, message)
    with transaction.atomic():
        conversation = get_conversation(user=user, lock=True)
        if known := find_answer(conversation=conversation, request_key=request_key):
            return known
        if waits:
            return _wait(conversation, message)
        return Exchange(user, conversation, message, heard).run()


def _wait(conversation: Conversation, message: Message) -> Turn:
    """Store the message; a worker answers it once the attachments have been looked at."""
    from feed.tasks import answer_waiting_task  # breaks the import cycle

    turn = add_waiting(
        conversation=conversation,
        text=message.text,
        request_key=message.request_key,
        attachment_ids=[one.pk for one in message.attachments],
        remembered={
            "shown_ids": list(message.shown_ids),
            "focus_id": message.focus_id,
            "delete_after_view": message.delete_after_view,
        },
    )
    # They may have been done a moment ago, before there was a turn to answer.
    answer_waiting_task.delay_on_commit(conversation.user_id)
    return turn


def hear_by_model(user: User, message: Message) -> Heard | None:
    """Ask the language model what a message means; None without one. Nothing is locked meanwhile.

    It is used only if the conversation is still the same when its turn comes.
    """
    engine = engine_for(user.pk)
    if not isinstance(engine, LlmEngine) or not message.text:
        return None
    known = peek_conversation(user=user)
    if (
        known
        and not message.answer
        and find_answer(conversation=known, request_key=message.request_key)
    ):
        return None
    draft = Exchange(user, known or Conversation(user=user), message)
    heard = engine.understand(message.text, state=draft.state, shown=draft.shown)
    return Heard(heard, known.state if known else {}, engine.answered)


def clear_conversation(*, user: User) -> None:
    """Forget everything said, and delete what was attached. What was made or kept stays."""
    conversations.clear_conversation(user=user)
    clear_attachments(user=user)
