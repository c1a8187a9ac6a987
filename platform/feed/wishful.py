"""What a person's lasting wishes do in one turn of the talk, and what the turn does to them.

The conversation's memory is joined with the wishes while a turn is worked on and parted from them
when it is stored, so that an entry removed on the profile is gone from the talk as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from accounts.models import User
from common.errors import DomainError
from recommender.core import replies
from recommender.core.decision import Decision
from recommender.core.dialogue import MAX_UNDO, Slots, State, Understanding
from recommender.core.wishes import Lasting, Wish, lasting_of, slots_of, tell
from recommender.models import Turn
from recommender.services.wishes import keep_lasting, link_turn, take_back, wishes_of

WHAT_NEXT = "Is there something you would like to see?"


class Store(Protocol):
    """Where lasting wishes are read and kept."""

    def held(self) -> tuple[Wish, ...]: ...
    def keep(self, lasting: Lasting, words: str) -> list[dict[str, Any]]: ...
    def take_back(self, changes: Sequence[dict[str, Any]]) -> None: ...


class Profile:
    """The entries of the person's profile."""

    def __init__(self, user: User) -> None:
        self.user = user

    def held(self) -> tuple[Wish, ...]:
        return wishes_of(self.user)

    def keep(self, lasting: Lasting, words: str) -> list[dict[str, Any]]:
        return keep_lasting(user=self.user, lasting=lasting, words=words)

    def take_back(self, changes: Sequence[dict[str, Any]]) -> None:
        take_back(user=self.user, changes=changes)


class OneConversation:
    """The entries as they were when a stream began, and what this conversation did to them.

    It is stored on the profile as well, unless there is none to store it on. Conversations of one
    stream are strangers to one another: none finds in its memory what another said.
    """

    def __init__(self, profile: Profile | None, held: Iterable[Wish]) -> None:
        self.profile = profile
        self._held = {(wish.slot, wish.value): wish for wish in held}

    def held(self) -> tuple[Wish, ...]:
        return tuple(self._held.values())

    def keep(self, lasting: Lasting, words: str) -> list[dict[str, Any]]:
        changes = self.profile.keep(lasting, words) if self.profile else self._changes(lasting)
        self._apply(changes, "after")
        return changes

    def take_back(self, changes: Sequence[dict[str, Any]]) -> None:
        if self.profile:
            self.profile.take_back(changes)
        self._apply(changes, "before")

    def _changes(self, lasting: Lasting) -> list[dict[str, Any]]:
        """Return what a message changes, in the form of `keep_lasting`."""
        changes = []
        for wish in (*lasting.withdrawn, *lasting.stated):
            before = self._held.get((wish.slot, wish.value))
            changes.append(
                {
                    "slot": wish.slot,
                    "value": wish.value,
                    "before": before.polarity if before else "",
                    "after": wish.polarity if wish in lasting.stated else "",
                }
            )
        return changes

    def _apply(self, changes: Iterable[dict[str, Any]], side: str) -> None:
        for change in changes:
            key = change["slot"], change["value"]
            self._held.pop(key, None)
            if change[side]:
                self._held[key] = Wish(change[side], *key)


class Wishful:
    """The wishes of one person during one turn."""

    def __init__(self, user: User, store: Store | None = None) -> None:
        self.user, self.store = user, store or Profile(user)
        self.held = self.store.held()
        self.unwanted = slots_of(self.held).unwanted
        # All that was unwanted for good at any time of this turn.
        self._ever = self.unwanted
        self.lasting = Lasting()
        self._problem = ""

    def joined(self, state: State) -> State:
        """Return the memory with what is unwanted for good, but for what is asked for now."""
        return replace(state, unwanted=state.unwanted.plus(self.unwanted.without(state.wanted)))

    def parted(self, state: State) -> State:
        """Return the memory as it is stored: without the wishes, which have rows of their own."""
        undo = tuple({**one, "unwanted": self._parted(one.get("unwanted"))} for one in state.undo)
        return replace(state, unwanted=state.unwanted.without(self._ever), undo=undo)

    def _parted(self, unwanted: Any) -> dict[str, Any]:
        left = Slots.from_dict(unwanted or {}).without(self._ever)
        return {name: getattr(left, name) for name in left.__dataclass_fields__}

    def listen(self, heard: Understanding) -> Understanding:
        """Note what the message says for good; return it with those aversions as aversions.

        The grammar ends the reach of "I hate leather and stripes" at the "and", and hears a wish.
        """
        self.lasting = lasting_of(heard, self.held)
        averse = slots_of([w for w in self.lasting.stated if w.polarity == "unwanted"]).unwanted
        return replace(
            heard, wanted=heard.wanted.without(averse), unwanted=heard.unwanted.plus(averse)
        )

    def keep(self, heard: Understanding, before: State, state: State) -> State:
        """Store what `listen` noted; return the memory that goes with it.

        before, state: the memory before and after the message was merged into it.
        """
        has_snapshot = state.undo != before.undo
        if not self.lasting:
            return replace(state, wished=()) if has_snapshot else state
        try:
            changes = self.store.keep(self.lasting, heard.text)
        except DomainError as error:
            self.lasting, self._problem = Lasting(), str(error)
            return state
        self._reread()
        state = self.joined(replace(state, unwanted=state.unwanted.without(self._withdrawn())))
        if not has_snapshot:
            snapshot = replace(before, undo=()).as_dict()
            state = replace(state, undo=(*state.undo, snapshot)[-MAX_UNDO:])
        return replace(state, wished=tuple(changes))

    def take_back(self, state: State) -> bool:
        """Undo what the last change did to the wishes; return whether it did something."""
        self.store.take_back(state.wished)
        self._reread()
        return bool(state.wished)

    def tell(self, decision: Decision) -> Decision:
        """Return the decision with what was kept said first."""
        said = self._problem or tell(self.lasting)
        if not said:
            return decision
        rest = {"noted": replies.ASK_TYPE_FIND, "unclear": WHAT_NEXT}
        reply = rest.get(decision.reason, decision.reply)
        return replace(decision, reply=f"{said} {reply}")

    def link(self, turn: Turn) -> None:
        """Note the turn beside the entries that were stated in it."""
        if self.lasting.stated:
            stated = [{"slot": w.slot, "value": w.value} for w in self.lasting.stated]
            link_turn(user=self.user, changes=stated, turn=turn)

    def for_edit(self, unwanted: Slots, source: Slots) -> Slots:
        """Return what an edit must avoid: a wish does not take away what the source is."""
        return unwanted.without(self.unwanted.common(source))

    def _withdrawn(self) -> Slots:
        """Return what was unwanted for good before and is no longer."""
        return self._ever.without(self.unwanted)

    def _reread(self) -> None:
        self.held = self.store.held()
        self.unwanted = slots_of(self.held).unwanted
        self._ever = self._ever.plus(self.unwanted)
