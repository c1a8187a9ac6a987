"""What a conversation is made of: slots, what was understood, what is remembered between turns."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from common.guidance import Attributes, Kind
from common.tools import Tool
from recommender.core.lexicon import COMPARATIVES

Mode = Literal["find", "make"]
SLOT_NAMES = ("types", "colours", "patterns", "details")
MAX_COLOURS = 3
MAX_DETAILS = 6
MAX_UNDO = 10
MAX_TURNS_KEPT = 12


@dataclass(frozen=True)
class Slots:
    """Attributes named by a person; several of a slot may hold, unlike in `Attributes`."""

    types: tuple[str, ...] = ()
    colours: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    details: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in SLOT_NAMES)

    def without(self, other: Slots) -> Slots:
        """Return these slots minus the values of the other."""
        return self._merge(other, lambda mine, theirs: tuple(v for v in mine if v not in theirs))

    def plus(self, other: Slots) -> Slots:
        """Return these slots and the values of the other, without repeats."""
        return self._merge(other, lambda mine, theirs: tuple(dict.fromkeys(mine + theirs)))

    def common(self, other: Slots) -> Slots:
        """Return the values that both have."""
        return self._merge(other, lambda mine, theirs: tuple(v for v in mine if v in theirs))

    def _merge(self, other: Slots, rule: Any) -> Slots:
        return Slots(*(rule(getattr(self, n), getattr(other, n)) for n in SLOT_NAMES))

    def as_attributes(self) -> Attributes:
        """Return what generation and search take: one type, one pattern, colours main first."""
        return Attributes(
            type=self.types[0] if self.types else None,
            colours=self.colours[:MAX_COLOURS],
            pattern=self.patterns[0] if self.patterns else None,
            details=self.details[:MAX_DETAILS],
        )

    def phrase(self) -> str:
        """Return the slots in plain English: "short black and white striped skirt"."""
        words = [*self.details[:MAX_DETAILS]]
        if self.colours:
            words.append(" and ".join(self.colours))
        words.extend(self.patterns[:1])
        words.append(" or ".join(self.types) if self.types else "")
        return " ".join(word for word in words if word)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Slots:
        return cls(**{name: tuple(data.get(name, ())) for name in SLOT_NAMES})


@dataclass(frozen=True)
class ShownItem:
    """What the instructor knows of an item in sight or spoken of."""

    id: int
    kind: Kind = "image"
    type: str | None = None
    colours: tuple[str, ...] = ()
    pattern: str | None = None
    look: str = ""
    origin: str = "human"
    title: str = ""
    # Who made it, in words; whether this person may edit it; why it was shown.
    maker: str = ""
    editable: bool = False
    # The sentence why not, if not.
    edit_problem: str = ""
    reason: str = ""

    def slots(self) -> Slots:
        return Slots(
            types=(self.type,) if self.type else (),
            colours=tuple(self.colours),
            patterns=(self.pattern,) if self.pattern else (),
        )


@dataclass(frozen=True)
class Understanding:
    """What one message means, before anything is decided."""

    text: str
    wanted: Slots = field(default_factory=Slots)
    # Colours named beside the main one ("with white stripes"): they join, the others replace.
    added_colours: tuple[str, ...] = ()
    unwanted: Slots = field(default_factory=Slots)
    # No longer unwanted ("red is fine after all"); no longer wanted ("forget the stripes").
    allowed: Slots = field(default_factory=Slots)
    dropped: Slots = field(default_factory=Slots)
    # Slots set free: "any colour".
    freed: tuple[str, ...] = ()
    # Comparatives of this message, as typed: "shorter".
    comparatives: tuple[str, ...] = ()
    kind: Kind | None = None
    style: str | None = None
    style_off: bool = False
    # It asks to change what is behind a picture's garment.
    backdrop: bool = False
    # It asks for a video's cover, captions or a shorter cut.
    tool: Tool = ""
    # What is pointed at is only to go with what is asked for: "trousers that go with this".
    is_match: bool = False
    references: tuple[int, ...] = ()
    # The garment that the pointing words name: "this skirt".
    pointed_types: tuple[str, ...] = ()
    # It points at something ("this one") that nothing in sight answers to.
    reference_missing: bool = False
    # It names a place in a list ("the second one") rather than "this" or "it".
    points_by_place: bool = False
    # "like the second one": a model to follow rather than the thing to change.
    is_alike: bool = False
    is_find: bool = False
    is_make: bool = False
    is_edit: bool = False
    is_more: bool = False
    is_correction: bool = False
    is_desire: bool = False
    is_anything: bool = False
    no_make: bool = False
    affirms: bool = False
    denies: bool = False
    feedback: Literal["like", "dislike"] | None = None
    # What it praises about the picture pointed at: "the first one's collar".
    liked: Slots = field(default_factory=Slots)
    # A question or aside to answer, and a request that must not be carried out.
    topic: str | None = None
    refusal: str | None = None
    language: str | None = None
    unreadable: bool = False
    mended: tuple[tuple[str, str], ...] = ()
    # Words that the catalogue taught, and what each was taken for ("" for itself).
    taken: tuple[tuple[str, str], ...] = ()
    # Phrases like "the colour of the first", and what each stands for ("" where that is unknown).
    borrowed: tuple[tuple[str, str], ...] = ()
    # A language model's own sentences for a question or an aside; "" from the embedded engine.
    says: str = ""

    @property
    def is_request(self) -> bool:
        """Return whether it asks for pictures in so many words."""
        return self.is_find or self.is_make or self.is_edit or self.is_more

    @property
    def asks_for_similar(self) -> bool:
        """Return whether it asks for things like a picture, with no change named."""
        return self.is_alike and bool(self.references) and not self.says_attributes

    @property
    def says_attributes(self) -> bool:
        return bool(
            self.wanted
            or self.added_colours
            or self.unwanted
            or self.allowed
            or self.dropped
            or self.freed
            or self.style
            or self.style_off
            or self.kind
        )

    @property
    def intent(self) -> str:
        """Return the intent in one word, for logs and the API."""
        if self.refusal:
            return "refused"
        if self.topic:
            return self.topic
        for name in ("make", "edit", "more", "find"):
            if getattr(self, f"is_{name}"):
                return name
        if self.feedback:
            return "feedback"
        if self.says_attributes or self.references:
            return "refine"
        if self.affirms or self.denies:
            return "affirm" if self.affirms else "deny"
        return "anything" if self.is_anything else "unclear"


@dataclass(frozen=True)
class State:
    """What a conversation remembers. Plain data: JSON both ways."""

    wanted: Slots = field(default_factory=Slots)
    unwanted: Slots = field(default_factory=Slots)
    style: str | None = None
    kind: Kind | None = None
    # What the person was last served: found items or something made.
    mode: Mode | None = None
    shown_ids: tuple[int, ...] = ()
    # Everything found for the present wishes: "more" shows none of it again.
    seen_ids: tuple[int, ...] = ()
    # The one item that "it" means.
    focus_id: int | None = None
    # The item that is being changed; until something else is found or made, changes go to it.
    editing_id: int | None = None
    # The wishes of the last message alone: what "which one?" was asked about.
    said: Slots = field(default_factory=Slots)
    # The last message only ruled something out: "and fur" goes on with that.
    averse: bool = False
    last_action: str = ""
    # A question that waits for its answer: {"slot": "type" | "reference" | "make", "then": …}.
    pending: dict[str, str] = field(default_factory=dict)
    # The person's own words of the present request, oldest first.
    words: tuple[str, ...] = ()
    undo: tuple[dict[str, Any], ...] = ()
    # What was attached last: it is meant again in answers to questions about it.
    attached_ids: tuple[int, ...] = ()
    # What the last change did to the person's lasting wishes, so that "undo" takes that back too.
    wished: tuple[dict[str, Any], ...] = ()

    @property
    def is_new_request(self) -> bool:
        """Return whether the last message began anew rather than refined."""
        return len(self.words) == 1

    def as_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> State:
        """Rebuild a stored state; an empty dict is a new conversation."""
        return cls(
            wanted=Slots.from_dict(data.get("wanted", {})),
            unwanted=Slots.from_dict(data.get("unwanted", {})),
            style=data.get("style"),
            kind=data.get("kind"),
            mode=data.get("mode"),
            shown_ids=tuple(data.get("shown_ids", ())),
            seen_ids=tuple(data.get("seen_ids", ())),
            focus_id=data.get("focus_id"),
            editing_id=data.get("editing_id"),
            said=Slots.from_dict(data.get("said", {})),
            averse=bool(data.get("averse", False)),
            last_action=data.get("last_action", ""),
            pending=dict(data.get("pending", {})),
            words=tuple(data.get("words", ())),
            undo=tuple(data.get("undo", ())),
            attached_ids=tuple(data.get("attached_ids", ())),
            wished=tuple(data.get("wished", ())),
        )


def start_over(state: State) -> State:
    """Return an empty memory that can still be undone."""
    return State(undo=_snapshots(state))


def go_back(state: State) -> State | None:
    """Return the memory as it was before the last turn that changed it, or None at the start."""
    if not state.undo:
        return None
    return replace(State.from_dict(state.undo[-1]), undo=state.undo[:-1])


def remember(state: State, heard: Understanding, known: dict[int, ShownItem]) -> State:
    """Return the memory after a message: its slots merged over the earlier turns.

    known: the items in sight or spoken of, by id. A fresh request for another type forgets the
    earlier wishes, not the aversions; everything else refines.
    """
    if heard.refusal or heard.topic:
        return state
    fresh = _is_fresh(state, heard)
    base = Slots() if fresh else state.wanted
    named = [known[i] for i in heard.references if i in known]
    if named and not (heard.feedback or heard.is_match or heard.tool):
        base = _base_of(named[0], state, heard)
        for item in named[1:]:
            base = base.common(item.slots())  # of several: what they share
    unwanted = state.unwanted.without(heard.allowed).without(heard.wanted)
    unwanted = unwanted.without(Slots(colours=heard.added_colours)).plus(heard.unwanted)
    wanted = _refined(base, heard).without(heard.unwanted)
    style = heard.style or (None if fresh or heard.style_off else state.style)
    return replace(
        state,
        wanted=wanted,
        unwanted=unwanted,
        style=style,
        kind=heard.kind or (None if fresh else state.kind),
        focus_id=heard.references[0] if heard.references else state.focus_id,
        averse=bool(heard.unwanted) and not heard.wanted,
        said=heard.wanted if heard.says_attributes else state.said,
        words=(*(() if fresh else state.words)[1 - MAX_TURNS_KEPT :], heard.text),
        undo=_snapshots(state) if heard.says_attributes or heard.references else state.undo,
    )


def _base_of(item: ShownItem, state: State, heard: Understanding) -> Slots:
    """Return what a change to an item starts from."""
    if item.id == state.editing_id and not heard.points_by_place:
        return state.wanted
    base = item.slots()
    if not base.types:
        base = replace(base, types=heard.pointed_types[:1])
    retargets = heard.is_correction and state.editing_id is not None and not heard.says_attributes
    if (state.pending.get("slot") == "reference" or retargets) and state.said:
        # "Make it red." "Which one?" "The second" (or "no, the second"): the red was said before.
        base = _refined(base, Understanding(text="", wanted=state.said))
    return base


def _is_fresh(state: State, heard: Understanding) -> bool:
    """Return whether the message opens a new request rather than refining the last."""
    if heard.is_correction or heard.references or not heard.wanted.types:
        return False
    if state.pending.get("slot") == "type" and not (heard.is_find or heard.is_make):
        return False
    if (heard.is_find or heard.is_make) and heard.wanted.colours:
        return True  # a request that is complete in itself
    changes_type = bool(state.wanted.types) and heard.wanted.types != state.wanted.types
    describes = replace(heard.wanted, types=()) or heard.unwanted or heard.added_colours
    return changes_type and bool(heard.is_find or heard.is_make or heard.is_desire or describes)


def _refined(base: Slots, heard: Understanding) -> Slots:
    """Return the wishes with those of the message laid over them."""
    new = heard.wanted
    kept = base.without(heard.dropped).without(heard.unwanted)
    kept = Slots(**{n: () if n in heard.freed else getattr(kept, n) for n in SLOT_NAMES})
    gone = {old for word in heard.comparatives for old in COMPARATIVES[word][1]}
    details = tuple(d for d in kept.details if d not in gone)
    return Slots(
        types=new.types or kept.types,
        colours=_colours(base.colours, kept.colours, heard, has_pattern=bool(kept.patterns)),
        patterns=new.patterns[:1] or kept.patterns,
        details=tuple(dict.fromkeys(new.details + details))[:MAX_DETAILS],
    )


def _colours(
    before: tuple[str, ...], kept: tuple[str, ...], heard: Understanding, *, has_pattern: bool
) -> tuple[str, ...]:
    """Return the colours, main first: named ones replace the main, added ones join."""
    named = heard.wanted.colours
    is_ground = has_pattern and not heard.references and not set(named) & set(before)
    if len(before) > 1 and len(named) == 1 and is_ground:
        # "navy" after "black and white stripes": only the ground changes.
        rest = kept[1:] if kept == before else kept
        kept = named + rest
    elif named:
        kept = named
    return tuple(dict.fromkeys(kept + heard.added_colours))[:MAX_COLOURS]


def _snapshots(state: State) -> tuple[dict[str, Any], ...]:
    snapshot = replace(state, undo=()).as_dict()
    return (*state.undo, snapshot)[-MAX_UNDO:]
