"""The steps of one turn, the same for the chat and for `manage.py instruct`.

What differs between them (where items come from, what is stored, what is carried out) is handed in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from recommender.core import replies
from recommender.core.decision import Context, Decision
from recommender.core.dialogue import ShownItem, State, Understanding, go_back, remember, start_over
from recommender.core.instructor import decide

_MAKING = frozenset(("create", "edit"))


class Wishes(Protocol):
    """A person's lasting wishes during one turn (`feed.wishful`)."""

    def joined(self, state: State) -> State: ...
    def parted(self, state: State) -> State: ...
    def listen(self, heard: Understanding) -> Understanding: ...
    def keep(self, heard: Understanding, before: State, state: State) -> State: ...
    def take_back(self, state: State) -> bool: ...
    def tell(self, decision: Decision) -> Decision: ...


class NoWishes:
    """Nobody in particular: nothing is known of them for good and nothing is kept."""

    def joined(self, state: State) -> State:
        return state

    def parted(self, state: State) -> State:
        return state

    def listen(self, heard: Understanding) -> Understanding:
        return heard

    def keep(self, heard: Understanding, before: State, state: State) -> State:
        return state

    def take_back(self, state: State) -> bool:
        return False

    def tell(self, decision: Decision) -> Decision:
        return decision


@dataclass(frozen=True)
class Steps:
    """What differs between those who hold a conversation."""

    wishes: Wishes
    # The answer to a question of fact, or None.
    fact: Callable[[Understanding], Decision | None]
    # What a decision rests on.
    look: Callable[[Understanding, State], Context]
    # The last word on a decision.
    finish: Callable[[Understanding, State, Context, Decision], Decision]
    # What is said of the memory that "undo" went back to.
    recall: Callable[[State], Decision]


def take(
    heard: Understanding,
    state: State,
    steps: Steps,
    *,
    known: Mapping[int, ShownItem],
    shown: Sequence[ShownItem],
) -> tuple[State, Decision]:
    """Return the memory after a message that was understood, and what to do about it.

    state: the memory joined with the lasting wishes. known: items in sight or spoken of, by id.
    """
    if fact := steps.fact(heard):
        return state, fact
    if heard.topic == "undo":
        return _undo(heard, state, steps)
    if heard.topic == "reset":
        return start_over(state), decide(heard, state, Context(shown=shown))
    heard = steps.wishes.listen(heard)
    after = steps.wishes.keep(heard, state, remember(state, heard, dict(known)))
    context = steps.look(heard, after)
    decision = decide(heard, after, context)
    if decision.action in _MAKING and _only_about_oneself(heard, state, after):
        decision = Decision("answer", replies.STAYS_MADE, reason="kept")
    return after, steps.finish(heard, after, context, decision)


def _only_about_oneself(heard: Understanding, before: State, after: State) -> bool:
    """Return whether a message after something was made said what one likes, and no more.

    "I never wear leather" is kept for good; a dress without leather need not be made again.
    """
    if heard.is_request or before.last_action not in _MAKING:
        return False
    return bool(after.wished) and after.wanted == before.wanted


def _undo(heard: Understanding, state: State, steps: Steps) -> tuple[State, Decision]:
    """Go back to the wishes before the last turn that changed them and say which they are."""
    before = go_back(state)
    if before is None:
        return state, decide(replace(heard, topic="nothing_to_undo"), state, Context())
    took_back = steps.wishes.take_back(state)
    lead = "Taken back, on your profile as well." if took_back else "Taken back."
    before = steps.wishes.joined(before)
    decision = steps.recall(before)
    return before, replace(decision, reply=f"{lead} {decision.reply}")
