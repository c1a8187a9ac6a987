"""What a message means that comes with pictures or videos of the person's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recommender.core import replies
from recommender.core.decision import Decision
from recommender.core.dialogue import ShownItem, State, Understanding

FIND_ALIKE, MAKE_ALIKE, CHANGE_IT = (
    "Find things like this",
    "Make me one like this",
    "Change its colour",
)


# Questions that may be about what was attached; their answers mean it again.
QUESTIONS = frozenset(("attachment", "type", "change", "make", "reference"))


def is_carried(state: State) -> bool:
    """Return whether a question is open that what was attached before may be meant by."""
    return state.pending.get("slot") in QUESTIONS


def about_attached(
    heard: Understanding, ids: Sequence[int], state: State, *, is_new: bool
) -> Understanding:
    """Return the understanding with the attachments as what the message is about.

    Where the words point at something themselves they count; an edit changes the first attachment,
    and everything else takes them as examples. is_new: they came with this very message.
    """
    if not ids or heard.refusal or heard.topic or heard.denies or heard.references:
        return heard
    if not is_new and not _answers(heard, state):
        return heard
    if heard.unreadable and not heard.says_attributes:
        return heard
    changes = heard.is_edit or (
        state.pending.get("then") == "edit" and not (heard.is_find or heard.is_make)
    )
    return replace(
        heard,
        references=tuple(ids[:1]) if changes else tuple(ids),
        reference_missing=False,
        is_edit=changes,
        is_alike=not changes,
        # "I like this" of one's own picture says what to look for.
        feedback=None,
    )


def _answers(heard: Understanding, state: State) -> bool:
    """Return whether the message answers our question rather than asks for something else."""
    if state.pending.get("slot") == "make":
        return heard.affirms
    return not (heard.is_find and heard.wanted.types)


def ask_about(items: Sequence[ShownItem]) -> Decision:
    """Ask what to do with attachments that came without words."""
    first = items[0]
    if len(items) > 1:
        lead = f"Thank you, I have looked at all {len(items)}."
    elif first.slots():
        lead = f"It looks like {replies.with_article(replies.describe(first.slots()))}."
    else:
        lead = "Thank you, I have looked at it."
    return Decision(
        "ask",
        f"{lead} What would you like: find things like it, have one made like it, or change it?",
        reference_ids=tuple(item.id for item in items),
        suggestions=(FIND_ALIKE, MAKE_ALIKE, CHANGE_IT),
        pending={"slot": "attachment"},
        reason="attachment",
    )
