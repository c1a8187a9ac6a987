"""F6 and F5: what the item says of its origin and owner must agree with what it carries."""

from __future__ import annotations

from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from vision.traces import trace_score


def disclosure(given: ScreeningInput, threshold: float) -> Finding:
    """Flag items whose label disagrees with their lineage, their record or a mark they carry."""
    evidence = {
        "origin": given.origin,
        "generator_record": given.has_generator_manifest,
        "guidance": given.has_guidance,
        "parent_origin": given.parent_origin,
        "carries_mark_of": given.carries_mark_of,
    }
    problem = _problem(given)
    if problem:
        return Finding(Verdict.FLAG, problem, evidence=evidence)
    return Finding(Verdict.PASS, "Label, lineage and record of making agree.", evidence=evidence)


def visible_label(given: ScreeningInput, threshold: float) -> Finding:
    """Flag AI items beside which no page would say so."""
    if given.origin == "human":
        return Finding(Verdict.PASS, "What a person made needs no label.")
    if "ai" in given.label.lower().replace("-", " ").split():
        return Finding(Verdict.PASS, "Pages say that AI made it.", evidence={"label": given.label})
    return Finding(
        Verdict.FLAG, "No page would say that AI made it.", evidence={"label": given.label}
    )


def ai_hint(given: ScreeningInput, threshold: float) -> Finding:
    """Say whether a picture has the traces of our creator. A hint for people: it always passes."""
    score = None if given.still is None else trace_score(given.still)
    if score is None:
        return Finding(Verdict.PASS, "Hint: the picture is too small to tell.")
    if score > threshold:
        return Finding(
            Verdict.PASS,
            "Hint: it has traces such as our creator leaves. This proves nothing.",
            evidence={"hint": round(score, 3), "above": threshold},
        )
    return Finding(
        Verdict.PASS,
        "Hint: no traces of our creator. This says nothing of other generators.",
        evidence={"hint": round(score, 3), "above": threshold},
    )


def detector_hint(given: ScreeningInput, threshold: float) -> Finding:
    """Say what the configured AI-image detector thinks. A hint for people: it always passes."""
    if not given.detector:
        return Finding(Verdict.PASS, "Hint: no AI-image detector is configured.")
    if given.detector_share is None:
        why = given.detector_problem or "There was no picture to show it."
        return Finding(Verdict.PASS, f"Hint: none from {given.detector}. {why}")
    score = round(given.detector_share, 3)
    thinks = "takes it for AI's" if score > threshold else "does not take it for AI's"
    said = f"Hint by {given.detector}: it {thinks} ({score:.0%}). It may err, and decides nothing."
    return Finding(
        Verdict.PASS,
        said,
        evidence={"hint": score, "above": threshold, "model": given.detector},
    )


def authorship(given: ScreeningInput, threshold: float) -> Finding:
    """Flag items whose owner is not the one that the rule of authorship names.

    What the creator made from nothing belongs to the platform; an edit belongs to its uploader.
    """
    made_from_nothing = given.origin == "ai" and not given.parent_origin
    evidence = {"origin": given.origin, "authorship": given.authorship}
    if made_from_nothing and given.authorship != "platform":
        return Finding(
            Verdict.FLAG, "What AI made from nothing belongs to the platform.", evidence=evidence
        )
    if given.origin == "human" and given.authorship != "uploader":
        return Finding(
            Verdict.FLAG, "What a person made belongs to that person.", evidence=evidence
        )
    return Finding(Verdict.PASS, "The owner is the one whom the rules name.", evidence=evidence)


def _problem(given: ScreeningInput) -> str:
    if given.origin == "human":
        if given.carries_mark_of is not None:
            return f"It is labelled human and carries the mark of AI item {given.carries_mark_of}."
        if given.has_generator_manifest or given.has_guidance:
            return "It is labelled human and has a record of how AI made it."
        if given.parent_origin in {"ai", "ai_assisted"}:
            return "It is labelled human and was made from an AI item."
        return ""
    if not given.has_generator_manifest:
        return "It is labelled AI and has no record of how it was made."
    return ""
