"""Where the rules leave a choice, and what each arm then means. The rules always win.

The decisions of `instructor.decide` stand wherever the person said what to do, refused something,
must be told or asked something first, or where the corpus answers well. What is left is what to do
about a wish that was not asked to be made: show what there is, ask for one detail more, change an
own item that comes near, or make it.
"""

from __future__ import annotations

from dataclasses import replace

from recommender.core import replies
from recommender.core.activation import GOOD_COVERAGE
from recommender.core.decision import Context, Decision
from recommender.core.dialogue import ShownItem, Slots, State, Understanding
from recommender.core.making import create
from recommender.core.policy import Arm, as_arm

# Reasons of the decisions that answer a wish from the corpus.
OPEN_REASONS = frozenset(("covered", "near", "uncovered"))


def arm_of(decision: Decision) -> Arm | None:
    """Return the arm that a decision is; None for an answer, which is no choice between arms."""
    return None if decision.action == "answer" else as_arm(decision.action)


def allowed_arms(
    heard: Understanding,
    state: State,
    context: Context,
    decision: Decision,
    own: ShownItem | None = None,
) -> tuple[Arm, ...]:
    """Return the arms that a policy may choose from, the rules' own first.

    One alone where the rules decide; none for an answer. own: a near item that the person may edit.
    """
    rule = arm_of(decision)
    if rule is None:
        return ()
    if decision.reason not in OPEN_REASONS or not state.wanted.types or heard.is_more:
        return (rule,)
    if heard.references or heard.denies:
        return (rule,)
    found = context.matches or context.near
    arms: list[Arm] = [rule]
    if rule != "retrieve" and found:
        arms.append("retrieve")
    if rule != "ask" and state.last_action != "ask" and _missing(state):
        arms.append("ask")
    if context.matches < GOOD_COVERAGE and _may_make(heard, state, context):
        if own is not None and not context.matches and own.slots() != state.wanted:
            arms.append("edit")
        arms.append("create")
    return tuple(arms)


def _may_make(heard: Understanding, state: State, context: Context) -> bool:
    """Return whether something may be made without having been asked for."""
    if context.problem or context.ai_share == 0 or heard.no_make or heard.is_find:
        return False
    return state.kind is None or state.kind in context.kinds


def carry(
    arm: Arm,
    decision: Decision,
    heard: Understanding,
    state: State,
    context: Context,
    own: ShownItem | None = None,
) -> Decision:
    """Return the decision that an allowed arm means; the rules' own arm leaves it as it is."""
    if arm == arm_of(decision):
        return decision
    if arm == "ask":
        return _ask_detail(decision, state)
    if arm == "edit" and own is not None:
        return _edit(own, heard, state)
    if arm == "create":
        return create(heard, state, context, "policy")
    shown = replace(decision, action="retrieve", pending={}, suggestions=(), reason="near")
    return replace(shown, reply=f"{replies.none_found(state)} These come closest.")


def _missing(state: State) -> str:
    """Return the detail that would narrow a wish most; "" when colour and pattern were said."""
    if not state.wanted.colours:
        return "colour"
    return "" if state.wanted.patterns else "pattern"


def _ask_detail(decision: Decision, state: State) -> Decision:
    piece = replies.singular(state.wanted.types[0])
    question, chips = f"Which colour should the {piece} be?", ["Black", "White", "Red", "Navy"]
    if _missing(state) == "pattern":
        question = f"Should the {piece} be plain, or have a pattern?"
        chips = ["Plain", "Striped", "Dotted"]
    return replace(
        decision,
        action="ask",
        reply=question,
        suggestions=(*chips, "Any will do"),
        pending={},
        reason="narrow",
    )


def _edit(own: ShownItem, heard: Understanding, state: State) -> Decision:
    """Decide to change a near item of the person's own into what was wished."""
    had = own.slots()
    change = Slots(
        **{
            name: tuple(v for v in getattr(state.wanted, name) if v not in getattr(had, name))
            for name in ("colours", "patterns", "details")
        }
    )
    return Decision(
        "edit",
        replies.editing(own, change, state.style, heard.unwanted, False),
        kind=own.kind,
        exposure="ranked",
        wanted=had.plus(change)
        if not change.colours
        else replace(had.plus(change), colours=change.colours),
        unwanted=state.unwanted,
        style=state.style,
        reference_ids=(own.id,),
        source_id=own.id,
        reason="policy",
    )
