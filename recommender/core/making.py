"""Decisions to edit a picture or to create one, and the questions that come before."""

from __future__ import annotations

from dataclasses import replace

from recommender.core import replies
from recommender.core.activation import Need, Reason, exposure_of, should_create
from recommender.core.decision import MAKE_IT, NO_THANKS, Context, Decision
from recommender.core.dialogue import SLOT_NAMES, ShownItem, Slots, State, Understanding

MAX_SUGGESTIONS = 6


def decide_edit(heard: Understanding, state: State, context: Context) -> Decision | None:
    """Decide a change to a picture, where the message points at one or asks for a change."""
    if heard.tool and (heard.references or heard.is_edit) and not heard.wanted.types:
        return _use_tool(heard, state, context)
    restyles = bool(heard.references) and bool(heard.style or heard.kind)
    answers_which = state.pending.get("slot") == "reference" and bool(heard.references)
    answers_what = (
        state.pending.get("slot") == "change" and heard.says_attributes and not heard.wanted.types
    )
    retargets = heard.is_correction and state.editing_id is not None and bool(heard.references)
    goes_on = (
        answers_what or retargets or _goes_on(heard, state) or _changes_pointed(heard, context)
    )
    if (
        heard.is_make
        or heard.is_find
        or not (heard.is_edit or restyles or answers_which or goes_on)
    ):
        return None
    if (
        answers_which
        and not (heard.is_edit or restyles or goes_on)
        and state.pending.get("then") != "edit"
    ):
        return None
    target = _edit_target(heard, state, context)
    if target is None:
        if state.mode and not heard.reference_missing:
            return None  # "make it blue" after a search refines the search
        if len(context.shown) > 1 or heard.reference_missing:
            chips = tuple(f"The {word} one" for word in ("first", "second", "third"))
            asked = {"slot": "reference", "then": "edit"}
            return Decision(
                "ask",
                replies.ASK_WHICH,
                wanted=state.wanted,
                unwanted=state.unwanted,
                suggestions=chips[: len(context.shown)],
                pending=asked,
                reason="which",
            )
        return None
    return _edit(heard, state, context, target)


def _use_tool(heard: Understanding, state: State, context: Context) -> Decision | None:
    """Decide on a video's cover, captions or a shorter cut."""
    target = _edit_target(heard, state, context)
    if target is None:
        return None
    if target.kind != "video" and heard.tool == "clip":
        return _as_clip(heard, state, context, target)  # nothing to cut: a clip of it is made
    if target.kind != "video":
        reply = "That one is a picture: covers, captions and cuts belong to videos."
        return Decision("answer", reply, reference_ids=(target.id,), reason="tool")
    if not target.editable or context.problem:
        reply = context.problem or target.edit_problem or replies.NOT_YOURS
        return Decision("answer", reply, reference_ids=(target.id,), reason="permission")
    return Decision(
        "edit",
        f"I'm making {replies.TOOL_NAMES[heard.tool]}. The original stays as it is.",
        kind="image" if heard.tool == "thumbnail" else "video",
        exposure="direct",
        wanted=target.slots(),
        unwanted=state.unwanted,
        reference_ids=(target.id,),
        source_id=target.id,
        reason="explicit",
    )


def _goes_on(heard: Understanding, state: State) -> bool:
    """Return whether the message goes on changing what was changed last: "and shorter"."""
    return (
        state.editing_id is not None
        and heard.says_attributes
        and not (heard.references or heard.feedback or state.is_new_request)
    )


def _changes_pointed(heard: Understanding, context: Context) -> bool:
    """Return whether it names a picture and a change to it: "the red one but shorter".

    "Like the red one but in blue" is looked for first, where the corpus has it and can tell.
    """
    target = context.known.get(heard.references[0]) if heard.references else None
    changes = heard.wanted or heard.added_colours or heard.unwanted or heard.dropped
    if target is None or not target.editable or not changes or heard.feedback or heard.is_more:
        return False
    if heard.is_match or (heard.wanted.types and heard.wanted.types[0] != target.type):
        return False  # "a hat in the same colour" is another thing
    return not heard.is_alike or not context.matches or bool(heard.comparatives)


def _edit_target(heard: Understanding, state: State, context: Context) -> ShownItem | None:
    """Return the picture to change: pointed at, or what was just made."""
    if heard.references:
        return context.known.get(heard.references[0])
    made = state.focus_id if state.mode == "make" else None
    asked = state.focus_id if state.pending.get("slot") == "change" else None
    for item_id in (asked, made, state.editing_id):
        target = context.known.get(item_id) if item_id is not None else None
        if target and target.editable:
            return target
    return None


def _edit(heard: Understanding, state: State, context: Context, target: ShownItem) -> Decision:
    if heard.kind and heard.kind not in context.kinds:
        return _offer_picture(state)
    if heard.kind == "video" and target.kind == "image":
        return _as_clip(heard, state, context, target)
    if not target.editable:
        wish = replies.with_article(replies.describe(state.wanted))
        why_not = target.edit_problem or replies.NOT_YOURS
        reply = f"{why_not} I can make you {wish} instead, with that one as the example. Shall I?"
        return Decision(
            "answer",
            reply,
            wanted=state.wanted,
            unwanted=state.unwanted,
            style=state.style,
            reference_ids=(target.id,),
            suggestions=(MAKE_IT, "Show me similar ones"),
            pending={"slot": "make"},
            reason="permission",
        )
    if context.problem:
        return Decision("answer", context.problem, reason="problem")
    change = Slots(
        **{
            name: tuple(
                v for v in getattr(state.wanted, name) if v not in getattr(target.slots(), name)
            )
            for name in ("types", "patterns", "details")
        },
        colours=state.wanted.colours if state.wanted.colours != target.colours else (),
    )
    several = len(heard.references) > 1
    said = change or state.style or heard.unwanted or heard.dropped or heard.backdrop
    if not said and not (several and (heard.says_attributes or state.said)):
        reply = "What should change about it: the colour, the pattern, a style?"
        chips = ("In navy", "With white stripes", "As a watercolour")
        return Decision(
            "ask",
            reply,
            reference_ids=(target.id,),
            suggestions=chips,
            reason="what",
            pending={"slot": "change", "then": "edit"},
        )
    return Decision(
        "edit",
        replies.editing(target, change, state.style, heard.unwanted, heard.backdrop)
        + (" One at a time: I begin with the first." if several else ""),
        kind=target.kind,
        edit="background" if heard.backdrop else "",
        exposure="direct",
        wanted=state.wanted,
        unwanted=state.unwanted,
        style=state.style,
        reference_ids=heard.references or (target.id,),
        source_id=target.id,
        reason="explicit",
    )


def _as_clip(heard: Understanding, state: State, context: Context, target: ShownItem) -> Decision:
    """Decide to make what a picture shows as a moving clip: a new item, so anybody may ask."""
    if context.problem:
        return Decision("answer", context.problem, reason="problem")
    shown = target.slots()
    wanted = Slots(
        **{name: getattr(heard.wanted, name) or getattr(shown, name) for name in SLOT_NAMES}
    ).without(state.unwanted)
    wished = replace(state, wanted=wanted, kind="video")
    if not wanted.types:
        return ask_type(wished, "create")
    return Decision(
        "create",
        replies.making(wished, context.liked),
        kind="video",
        exposure="direct",
        wanted=wanted,
        unwanted=state.unwanted,
        style=state.style,
        reference_ids=(target.id,),
        reason="explicit",
    )


def decide_create(heard: Understanding, state: State, context: Context) -> Decision | None:
    accepts = state.pending.get("slot") == "make" and heard.affirms
    answers_type = state.pending == {"slot": "type", "then": "create"} and bool(
        heard.wanted.types or heard.is_anything
    )
    style_wish = bool(heard.style and not heard.is_find and (state.wanted or heard.is_desire))
    need = Need(
        asks_to_make=heard.is_make or accepts or (answers_type and not heard.is_find) or style_wish,
        asks_to_find=heard.is_find or (heard.is_more and state.mode != "make"),
        refuses_making=heard.no_make,
        continues_making=state.mode == "make"
        and not state.is_new_request
        and bool(heard.says_attributes or heard.is_edit or heard.is_more or heard.references),
        rejections=context.rejections if state.wanted.types and heard.says_attributes else 0,
        ai_share=context.ai_share,
    )
    reason = should_create(need)
    if not reason:
        return None
    if reason == "rejections" and context.problem:
        return None
    return create(heard, state, context, reason)


def create(heard: Understanding, state: State, context: Context, reason: Reason) -> Decision:
    if heard.reference_missing and not state.wanted.types:
        return Decision(
            "ask",
            replies.ASK_WHICH,
            pending={"slot": "reference", "then": "create"},
            reason="which",
        )
    if not state.wanted.types:
        if not (heard.is_anything or reason == "rejections") or not context.favourite_type:
            return ask_type(state, "create", heard.is_anything)
        state = replace(state, wanted=state.wanted.plus(Slots(types=(context.favourite_type,))))
    if state.kind and state.kind not in context.kinds:
        return _offer_picture(state)
    if context.problem:
        return Decision(
            "answer",
            context.problem,
            wanted=state.wanted,
            unwanted=state.unwanted,
            reason="problem",
        )
    reply = replies.making(state, context.liked)
    if context.ai_share == 0:
        reply += " Your feed stays without AI; you'll find this one here and under My creations."
    return Decision(
        "create",
        reply,
        kind=state.kind or "image",
        exposure=exposure_of(reason),
        wanted=state.wanted,
        unwanted=state.unwanted,
        style=state.style,
        reference_ids=heard.references,
        reason=reason,
    )


def _offer_picture(state: State) -> Decision:
    """Answer a wish for a moving picture where only stills can be made."""
    return Decision(
        "ask",
        "I can't make moving clips on this site, only pictures. Shall I make it as a picture?",
        kind="image",
        wanted=state.wanted,
        unwanted=state.unwanted,
        style=state.style,
        suggestions=(MAKE_IT, NO_THANKS),
        pending={"slot": "make", "kind": "image"},
        reason="kind",
    )


def ask_type(state: State, then: str, surprised: bool = False) -> Decision:
    question = replies.ASK_TYPE_MAKE if then == "create" else replies.ASK_TYPE_FIND
    chips = (
        replies.TYPE_CHIPS
        if then == "create" or surprised
        else (*replies.TYPE_CHIPS[:5], "Surprise me")
    )
    return Decision(
        "ask",
        question,
        wanted=state.wanted,
        unwanted=state.unwanted,
        style=state.style,
        suggestions=chips[:MAX_SUGGESTIONS],
        pending={"slot": "type", "then": then},
        reason="type",
    )
