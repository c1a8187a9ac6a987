"""The instructor: decides ask | answer | retrieve | edit | create, and builds the guidance.

`understanding` says what a message means, `dialogue` what is remembered, `activation` when to
create; `answering` and `making` hold the single decisions. An engine is whatever turns a message
into an `Understanding`; the decision stays here, so that no engine can talk its way past a rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from common.guidance import MAX_INSTRUCTION_CHARS, Guidance
from recommender.core import replies
from recommender.core.answering import (
    decide_aside,
    decide_feedback,
    decide_retrieve,
    decide_unclear,
)
from recommender.core.decision import Context, Decision
from recommender.core.dialogue import Mode, ShownItem, State, Understanding
from recommender.core.intent_model import REFUSED, guess, subject_words
from recommender.core.intent_phrases import is_telling, template_words
from recommender.core.making import decide_create, decide_edit
from recommender.core.second_guess import second_guess
from recommender.core.understanding import understand
from recommender.core.wording import clean, has_unknown, read, wants_photograph

__all__ = ["Context", "Decision", "EmbeddedEngine", "Engine", "build_guidance", "decide", "settle"]


MAX_SEEN = 120


class Engine(Protocol):
    """Turns a message into an `Understanding`. The embedded one needs no network."""

    def understand(
        self, text: str, *, state: State, shown: Sequence[ShownItem]
    ) -> Understanding: ...


class EmbeddedEngine:
    """The lexicon and grammar of `understanding`, and a small model where they are unsure."""

    def __init__(self, *, uses_model: bool = True) -> None:
        self.uses_model = uses_model

    def understand(self, text: str, *, state: State, shown: Sequence[ShownItem]) -> Understanding:
        heard = understand(text, state=state, shown=shown)
        if not self.uses_model:
            return heard
        words = read(clean(text))
        guessed = guess(words)
        speaks_of = not subject_words().keys().isdisjoint(words.tokens)
        if guessed is None or not (speaks_of or not template_words().isdisjoint(words.tokens)):
            return heard  # of a message without a word that it learned, a guess is worth nothing
        # A name is evidence as well, and no template can list names.
        named = guessed.intent == "person" and has_unknown(words)
        has_evidence = named or is_telling(words.tokens)
        if guessed.intent in REFUSED and not has_evidence and speaks_of:
            # The frame of a sentence alone refuses nobody: what is it otherwise?
            guessed = guess(words, harmless=True) or guessed
        return second_guess(heard, guessed, state, has_evidence=has_evidence)


def decide(heard: Understanding, state: State, context: Context) -> Decision:
    """Return what to do about a message.

    state: the memory with the message already merged into it (`dialogue.remember`).
    """
    decision = (
        decide_aside(heard, state, context)
        or decide_feedback(heard, state, context)
        or decide_edit(heard, state, context)
        or decide_create(heard, state, context)
        or decide_unclear(heard, state, context)
        or decide_retrieve(heard, state, context)
    )
    # What one line of the answer rests on: the catalogue's words, slips that were mended.
    notes = replies.borrowed(heard.borrowed) if decision.action != "answer" else ""
    notes += replies.taken(heard.taken) if decision.action != "answer" else ""
    return replace(decision, reply=decision.reply + notes + replies.mended(heard.mended))


def settle(state: State, decision: Decision, shown_ids: Sequence[int]) -> State:
    """Return the memory after the decision was carried out.

    shown_ids: what is in sight now.
    """
    modes: dict[str, Mode] = {"retrieve": "find", "create": "make", "edit": "make"}
    mode = modes.get(decision.action, state.mode)
    if decision.action == "ask" and decision.reason == "uncovered":
        mode = "find"
    keeps = (
        decision.action == "answer"
        and not decision.pending
        and decision.reason not in {"denied", "reset"}
    )
    kind = decision.kind if decision.pending.get("kind") else state.kind
    return replace(
        state,
        mode=mode,
        kind=kind,
        wanted=decision.wanted if decision.action == "create" else state.wanted,
        editing_id=_editing(state, decision),
        last_action=decision.action,
        pending=state.pending
        if keeps
        else {k: v for k, v in decision.pending.items() if k != "kind"},
        shown_ids=tuple(shown_ids) or state.shown_ids,
        seen_ids=((state.seen_ids if decision.is_more else ()) + tuple(shown_ids))[-MAX_SEEN:]
        if shown_ids
        else state.seen_ids,
    )


def _editing(state: State, decision: Decision) -> int | None:
    """Return the item that further changes go to."""
    if decision.action == "edit":
        return decision.source_id
    return None if decision.action in {"retrieve", "create"} else state.editing_id


def build_guidance(
    *,
    decision: Decision,
    state: State,
    user_id: int,
    liked_ids: Sequence[int],
    user_vector_model: str | None = None,
    user_vector: Sequence[float] = (),
) -> Guidance:
    """Return the guidance of an edit or a creation (GeneRec 2023, section 3.1).

    liked_ids: `User_Hist`, newest first; empty when the person does not let likes guide creation.
    """
    words = "; ".join(state.words)
    if decision.edit or len(words) > MAX_INSTRUCTION_CHARS:
        # What was said before is about the garment, not about this change.
        words = state.words[-1]
    return Guidance(
        user_id=user_id,
        instruction=words,
        kind=decision.kind or "image",
        mode="edit" if decision.action == "edit" else "create",
        turns=state.words,
        wanted=decision.attributes,
        unwanted=decision.unwanted.as_attributes(),
        reference_item_ids=decision.reference_ids,
        liked_item_ids=tuple(liked_ids),
        user_vector_model=user_vector_model,
        user_vector=tuple(user_vector),
        style=decision.style,
        edit=decision.edit,
        look="photo" if wants_photograph(words) else None,
        exposure=decision.exposure or "direct",
    )
