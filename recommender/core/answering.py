"""Decisions to answer, to ask back, or to show what was found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recommender.core import replies
from recommender.core.activation import Need, should_create, should_offer
from recommender.core.decision import MAKE_IT, NO_THANKS, Context, Decision
from recommender.core.dialogue import ShownItem, State, Understanding
from recommender.core.making import ask_type, create

ANSWERS_ABOUT_ITEM = {
    "why": replies.why,
    "who_made": replies.who_made,
    "is_ai": replies.is_ai,
    "about": replies.about,
}


def decide_aside(heard: Understanding, state: State, context: Context) -> Decision | None:
    if heard.refusal:
        return Decision("answer", replies.REFUSALS[heard.refusal], reason="refused")
    if heard.topic in ANSWERS_ABOUT_ITEM:
        return _answer_about_item(heard, state, context)
    if heard.topic == "memory":
        return Decision("answer", replies.remembered(state), reason="memory")
    if heard.topic == "status":
        reply = context.job_status or "Nothing is being made for you at the moment."
        return Decision("answer", reply, reason="status")
    if heard.topic:
        suggestions = replies.EXAMPLES[:3] if heard.topic in {"greeting", "help", "reset"} else ()
        reply = replies.ANSWERS[heard.topic]
        return Decision("answer", reply, suggestions=suggestions, reason=heard.topic)
    if heard.denies and not heard.says_attributes and not heard.references:
        return Decision(
            "answer", "All right. Tell me when you want something else.", reason="denied"
        )
    return None


def _answer_about_item(heard: Understanding, state: State, context: Context) -> Decision:
    """Answer a question on one item: the one pointed at, in focus, or alone in sight."""
    item = _target(heard, state, context) or (context.shown[0] if context.shown else None)
    if item is None:
        reply = "Which picture do you mean? Open it in the feed and ask me again."
        return Decision("ask", reply, reason=heard.topic or "")
    reply = ANSWERS_ABOUT_ITEM[heard.topic or "why"](item)
    return Decision("answer", reply, reference_ids=(item.id,), reason=heard.topic or "")


def _target(heard: Understanding, state: State, context: Context) -> ShownItem | None:
    """Return the item a message is about, if it is about one."""
    for item_id in (*heard.references[:1], *([state.focus_id] if state.focus_id else [])):
        if item_id in context.known:
            return context.known[item_id]
    return context.shown[0] if len(context.shown) == 1 else None


def decide_feedback(heard: Understanding, state: State, context: Context) -> Decision | None:
    """Answer "I like the first one" or "boring"; repeated rejection starts the generator."""
    if heard.feedback is None or heard.is_request:
        return None
    ids = heard.references
    if heard.feedback == "like":
        reply = "Noted, more in that direction." if ids else "Glad to hear it!"
        chips = ("More like that", "Make me one like it") if ids else ()
        return Decision(
            "answer",
            reply,
            reference_ids=ids,
            feedback="like",
            suggestions=chips,
            reason="feedback",
        )
    rejections = context.rejections + sum(
        context.known[i].origin == "human" for i in ids if i in context.known
    )
    need = Need(rejections=rejections, ai_share=context.ai_share)
    if (reason := should_create(need)) and not context.problem:
        made = create(heard, state, context, reason)
        lead = "What people posted doesn't seem to be it. "
        return replace(made, reply=lead + made.reply, feedback="dislike", reference_ids=ids)
    reply = "Sorry about that, noted." if ids else "Fair enough."
    return Decision(
        "ask",
        f"{reply} What should be different: the colour, the pattern, or the piece?",
        reference_ids=ids,
        feedback="dislike",
        suggestions=("Another colour", "Something plain", "Make me one instead"),
        reason="feedback",
    )


def decide_unclear(heard: Understanding, state: State, context: Context) -> Decision | None:
    """Ask back when there is nothing to go by."""
    if heard.unreadable and not heard.says_attributes:
        return Decision(
            "answer", replies.UNREADABLE, suggestions=replies.EXAMPLES[:2], reason="language"
        )
    if heard.reference_missing and not heard.wanted.types:
        reply = (
            replies.ASK_WHICH
            if context.shown
            else (
                "Which picture do you mean? Nothing is in sight here yet: ask me for something "
                "first."
            )
        )
        then = "edit" if heard.says_attributes else "find"
        return Decision("ask", reply, pending={"slot": "reference", "then": then}, reason="which")
    if heard.references and not (heard.says_attributes or heard.is_request or heard.is_alike):
        item = context.known.get(heard.references[0])
        if item:
            chips = ("More like that", "Make me one like it", "Who made it?")
            reply = f"{replies.about(item)} What would you like to do with it?"
            return Decision(
                "ask",
                reply,
                reference_ids=(item.id,),
                suggestions=chips,
                pending={"slot": "change", "then": "edit"},
                reason="item",
            )
    only_aversion = (heard.unwanted or heard.allowed) and not (
        state.wanted or state.mode or heard.is_find
    )
    if only_aversion:
        noted = replies.without(state.unwanted).strip(" ()") or "no limits then"
        decision = ask_type(state, "find")
        return replace(decision, reply=f"Noted: {noted}. {decision.reply}", reason="noted")
    only_details = state.wanted.details and not replace(state.wanted, details=())
    if only_details and not (heard.is_anything or heard.references or heard.style or heard.taken):
        return ask_type(state, "find")  # "something for a wedding"
    if heard.is_anything or state.wanted or heard.is_alike or heard.kind or heard.style:
        return None
    if heard.is_find or heard.is_desire or heard.is_more or heard.affirms or heard.says_attributes:
        return ask_type(state, "find")
    return Decision(
        "ask",
        replies.UNCLEAR,
        suggestions=(*replies.TYPE_CHIPS[:4], "Help"),
        pending={"slot": "type", "then": "find"},
        reason="unclear",
    )


def decide_retrieve(heard: Understanding, state: State, context: Context) -> Decision:
    found = Decision(
        "retrieve",
        replies.found_similar(context.matches)
        if heard.asks_for_similar
        else replies.found(state, context.matches, more=heard.is_more),
        kind=state.kind,
        wanted=state.wanted,
        unwanted=state.unwanted,
        style=state.style,
        reference_ids=heard.references,
        reason="covered",
        is_more=heard.is_more,
        by_taste=not state.wanted,
    )
    offer: dict[str, Any] = {"pending": {"slot": "make"}, "suggestions": (MAKE_IT, NO_THANKS)}
    if context.matches:
        wants_offer = bool(state.wanted.types) and should_offer(
            context.matches, "", context.ai_share
        )
        if wants_offer and not context.problem:
            found = replace(found, reply=found.reply + " That is all there is; shall I make one?")
            return replace(found, **offer)
        return replace(found, suggestions=_next_steps(state))
    return _uncovered(found, heard, state, context, offer)


def _uncovered(
    found: Decision, heard: Understanding, state: State, context: Context, offer: dict[str, Any]
) -> Decision:
    """Say honestly that nothing fits, show what comes nearest, and offer to make it."""
    lead = "That is all I have of those." if heard.is_more else replies.none_found(state)
    if context.problem:
        offer = {}
    ask = " Shall I make one?" if offer and state.wanted.types else ""
    if context.ai_share == 0 and ask:
        ask = " Your feed is set to show no AI, but I can make one just for you. Shall I?"
    if context.near:
        lead += " These come closest."
        return replace(found, reply=lead + ask, reason="near", **(offer if ask else {}))
    if not state.wanted.types and not heard.references:
        return replace(
            ask_type(state, "find"), reply=f"{lead} {replies.ASK_TYPE_FIND}", reason="uncovered"
        )
    return replace(
        found, action="ask", reply=lead + ask, reason="uncovered", **(offer if ask else {})
    )


def _next_steps(state: State) -> tuple[str, ...]:
    """Return quick replies that lead on from found items."""
    piece = replies.singular(state.wanted.types[0] if state.wanted.types else None)
    steps = ["More like the first one"]
    if not state.wanted.patterns and "striped" not in state.unwanted.patterns:
        steps.append("With stripes")
    if not state.wanted.colours and "black" not in state.unwanted.colours:
        steps.append("In black")
    if state.wanted.types:
        steps.append(f"Make me a {piece} like these")
    return tuple(steps[:4])
