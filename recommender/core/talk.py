"""One conversation over a stream: JSON turns in, decisions out, nothing stored.

The same engine, memory and decisions as on the site. What differs: the items in sight come with the
turn and their ids mean nothing to the catalogue; each may be changed; and nothing is carried out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from common.errors import InvalidInputError
from common.guidance import Kind
from common.vocabulary import COLOURS
from recommender.core import replies
from recommender.core.activation import WINDOW
from recommender.core.attached import about_attached, ask_about
from recommender.core.decision import Context, Decision
from recommender.core.dialogue import (
    ShownItem,
    Slots,
    State,
    Understanding,
)
from recommender.core.instructor import Engine, decide, settle
from recommender.core.lexicon import canonical
from recommender.core.turning import NoWishes, Steps, Wishes, take

# How many items of the corpus satisfy every wish, and how many come near.
Coverage = tuple[int, int]
Lookup = Callable[[State], Coverage]
# The answer to a question of fact with what it rests on; None where it is none.
Facts = Callable[[Understanding], tuple[Decision, list[dict[str, Any]]] | None]

MAX_SHOWN = 60
MAX_ATTACHMENTS = 8


@dataclass(frozen=True)
class TurnIn:
    """One line of the stream, checked."""

    text: str = ""
    attachments: tuple[Mapping[str, Any], ...] = ()
    # None: what was in sight stays in sight.
    shown: tuple[Mapping[str, Any], ...] | None = None


def read_turn(line: str) -> TurnIn:
    """Return the turn of one line. Raises InvalidInputError saying what is wrong with it."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"This line is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise InvalidInputError('A turn is a JSON object, such as {"text": "black skirts"}.')
    text = data.get("text")
    if text is not None and not isinstance(text, str):
        raise InvalidInputError("“text” must be a string.")
    attachments = _objects(data, "attachments") or ()
    return TurnIn(text or "", attachments[:MAX_ATTACHMENTS], _objects(data, "shown"))


def _objects(data: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...] | None:
    """Return a list of objects, or None where the key is absent."""
    values = data.get(name)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
        raise InvalidInputError(f"“{name}” must be a list of objects.")
    return tuple(values[:MAX_SHOWN])


def _no_facts(heard: Understanding) -> None:
    return None


@dataclass
class Talk:
    """A conversation of one person. `say` moves it on by one turn."""

    engine: Engine
    lookup: Lookup
    ai_share: int = 25
    liked: int = 0
    favourite_type: str | None = None
    # The person's lasting wishes, anew for each turn; the answer to a question of fact.
    wishes: Callable[[], Wishes] = NoWishes
    facts: Facts = _no_facts
    # Rejections of human-made items from before this conversation, newest first.
    rejected: list[bool] = field(default_factory=list)
    state: State = field(default_factory=State)
    shown: list[ShownItem] = field(default_factory=list)
    _known: dict[int, ShownItem] = field(default_factory=dict)
    _citations: list[dict[str, Any]] = field(default_factory=list)
    # Our number of each id of the stream, by its JSON; and back.
    _numbers: dict[str, int] = field(default_factory=dict)
    _ids: dict[int, Any] = field(default_factory=dict)

    def say(self, turn: TurnIn) -> dict[str, Any]:
        """Return the decision on one turn, as the stream gives it.

        Raises DomainError for a message that cannot be read (empty, too long); the conversation
        is then as it was, but for what is in sight.
        """
        if turn.shown is not None:
            self._show(turn.shown)
        attached = [self._item(one, f"attachment {n}") for n, one in enumerate(turn.attachments)]
        if attached:
            # "This" is what comes with the message.
            self.state = replace(self.state, focus_id=attached[0].id)
        wishes = self.wishes()
        self._citations = []
        if attached and not turn.text.strip():
            state, decision = wishes.joined(self.state), ask_about(attached)
        else:
            state, decision = self._take(turn.text, [item.id for item in attached], wishes)
        self._count(decision)
        state = settle(state, decision, [item.id for item in self.shown])
        self.state = wishes.parted(state)
        return self._as_line(decision, state)

    def _take(self, text: str, attached: list[int], wishes: Wishes) -> tuple[State, Decision]:
        before = wishes.joined(self.state)
        heard = self.engine.understand(text, state=before, shown=self.shown)
        if heard.topic not in {"undo", "reset"}:
            heard = about_attached(heard, attached, before, is_new=True)

        def finish(
            heard: Understanding, state: State, context: Context, decision: Decision
        ) -> Decision:
            if decision.reason == "uncovered" and decision.action == "ask" and _is_search(decision):
                # It was looked for and is not there: still a search, whose answer is the offer.
                decision = replace(decision, action="retrieve")
            return wishes.tell(decision)

        steps = Steps(wishes, self._fact, self._context, finish, self._recalled)
        return take(heard, before, steps, known=self._known, shown=self.shown)

    def _fact(self, heard: Understanding) -> Decision | None:
        found = self.facts(heard)
        if found is None:
            return None
        decision, self._citations = found
        return decision

    def _recalled(self, before: State) -> Decision:
        """Return the decision that goes with the wishes before the last turn that changed them."""
        again = Understanding(text="", is_find=before.mode == "find" and bool(before.wanted))
        if again.is_find:
            found = decide(again, before, self._context(again, before))
            return replace(found, action="retrieve")
        return Decision(
            "answer",
            replies.remembered(before),
            wanted=before.wanted,
            unwanted=before.unwanted,
            style=before.style,
            reason="undo",
        )

    def _context(self, heard: Understanding, state: State) -> Context:
        matches, near = (0, 0) if heard.topic or heard.refusal else self.lookup(state)
        return Context(
            matches=matches,
            near=near,
            known=self._known,
            shown=self.shown,
            rejections=sum(self.rejected[:WINDOW]),
            ai_share=self.ai_share,
            liked=self.liked,
            favourite_type=self.favourite_type,
        )

    def _count(self, decision: Decision) -> None:
        """Keep opinions on human-made items: repeated rejection starts the generator."""
        if decision.action in {"create", "edit"}:
            self.rejected.clear()  # settled by what is made
            return
        for number in decision.reference_ids if decision.feedback else ():
            if number in self._known and self._known[number].origin == "human":
                self.rejected.insert(0, decision.feedback == "dislike")

    def _show(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Put items in sight. "It" still means what was spoken of only if that is still there."""
        self.shown = [self._item(row, f"place {n}") for n, row in enumerate(rows)]
        numbers = [item.id for item in self.shown]
        focus = self.state.focus_id if self.state.focus_id in numbers else None
        editing = self.state.editing_id if self.state.editing_id in numbers else None
        if self.state.last_action in {"create", "edit"} and len(numbers) == 1:
            focus = editing = numbers[0]  # what was just made
        self.state = replace(self.state, focus_id=focus, editing_id=editing)

    def _item(self, row: Mapping[str, Any], place: str) -> ShownItem:
        """Return a row of the stream as an item, under a number of our own."""
        outer = row.get("id")
        key = json.dumps(outer, sort_keys=True) if outer is not None else place
        number = self._numbers.setdefault(key, len(self._numbers) + 1)
        if outer is not None:
            self._ids[number] = outer
        item = item_of(row, number)
        self._known[number] = item
        return item

    def _as_line(self, decision: Decision, state: State) -> dict[str, Any]:
        """Return a decision as the stream gives it, with the ids that came in.

        What is unwanted stays so while something else is spoken of.
        """
        averse = Slots() if decision.reason == "refused" else state.unwanted
        cited = {"citations": self._citations} if self._citations else {}
        named = [self._ids[n] for n in decision.reference_ids if n in self._ids]
        return {
            "action": decision.action,
            "kind": decision.kind if decision.action in {"retrieve", "edit", "create"} else None,
            "exposure": decision.exposure if decision.action in {"edit", "create"} else None,
            "attributes": _one_each(decision.wanted),
            "unwanted": _one_each(decision.unwanted or averse, all_values=True),
            "reference": named,
            "style": decision.style,
            "reply": decision.reply,
            **cited,
        }


def item_of(row: Mapping[str, Any], number: int) -> ShownItem:
    """Return what a row says of an item; words that are not ours are mapped or left out."""
    colours = row.get("colors", row.get("colours"))
    colours = (
        [colours] if isinstance(colours, str) else colours if isinstance(colours, list) else []
    )
    read = [canonical("colour", one) for one in colours if isinstance(one, str)]
    kind: Kind = "video" if row.get("kind") == "video" else "image"
    return ShownItem(
        id=number,
        kind=kind,
        type=canonical("type", row.get("type")),
        colours=tuple(dict.fromkeys(c for c in read if c in COLOURS)),
        pattern=canonical("pattern", row.get("pattern")),
        look=str(row.get("style") or row.get("look") or ""),
        origin=str(row.get("origin") or "human"),
        title=str(row.get("title") or "")[:200],
        editable=True,
    )


def _is_search(decision: Decision) -> bool:
    wanted = decision.wanted
    return bool(wanted.types or wanted.colours or wanted.patterns or decision.reference_ids)


def _one_each(slots: Slots, *, all_values: bool = False) -> dict[str, Any]:
    """Return slots by name: the first type and pattern, or a list where there are more."""

    def single(values: tuple[str, ...]) -> Any:
        return list(values) if len(values) > 1 and all_values else values[0] if values else None

    return {
        "type": single(slots.types),
        "colors": list(slots.colours),
        "pattern": single(slots.patterns),
        "details": list(slots.details),
    }
