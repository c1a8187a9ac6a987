"""F5: may it be used, and does its topic ask for words that are missing?"""

from __future__ import annotations

from moderation.core.checks.contract import Finding, ScreeningInput, Verdict
from moderation.core.checks.topics import broken_rules
from moderation.core.licences import problems


def licences(given: ScreeningInput, threshold: float) -> Finding:
    """Flag what a licence, its own or that of anything it was made from, does not allow."""
    evidence = {
        "licence": given.licence,
        "commercial": given.commercial_use,
        "ingredients": [
            {"item_id": one.item_id, "licence": one.licence, "same_owner": one.same_owner}
            for one in given.ingredients
        ],
    }
    found = problems(given.licence, given.ingredients, commercial=given.commercial_use)
    if found:
        evidence["problems"] = found
        first = found[0]
        what = f"item {first['item_id']}" if first["item_id"] else "it"
        return Finding(
            Verdict.FLAG,
            f"The licence of {what} ({first['licence']}) {first['problem']}.",
            float(len(found)),
            evidence=evidence,
        )
    if given.origin == "human" and not given.licence and not given.parent_origin:
        return Finding(
            Verdict.CANNOT_TELL, "Its uploader has not said whose it is.", evidence=evidence
        )
    return Finding(Verdict.PASS, "All licences allow this use.", evidence=evidence)


def topic_rules(given: ScreeningInput, threshold: float) -> Finding:
    """Flag topics whose rules ask for words that are missing, or forbid what is said."""
    texts = {name: text for name, text in given.texts.items() if name != "instruction"}
    found = [one.as_dict() for one in broken_rules(texts, given.jurisdictions)]
    if not found:
        return Finding(Verdict.PASS, "No rule of a regulated topic is touched.")
    return Finding(
        Verdict.FLAG,
        f"{found[0]['message']} ({found[0]['jurisdiction']})",
        float(len(found)),
        evidence={"rules": found},
    )
