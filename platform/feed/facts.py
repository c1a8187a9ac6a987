"""Questions of fact, answered from the knowledge store with citations; facts in guidance.

What a source says is quoted and nothing else: it decides nothing, and the attributes that a name
such as "seersucker" stands for were written by an operator or ship with Weft.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from django.utils import timezone

from common.guidance import Attributes, Guidance
from knowledge.models import Source
from knowledge.selectors import Explained, Found, explain_terms, find_named, search_passages
from recommender.core.decision import Decision
from recommender.core.dialogue import Understanding

MAX_CITED = 3
# Further passages are cited if they answer nearly as well as the first.
NEARLY = 0.6
NOTHING = (
    "I have looked through my sources and found nothing about that, so I would rather not guess."
)
NO_ADVICE = "This is information, not legal advice."
_QUESTION = re.compile(
    r"^(?:(?:hi|hey|hello|ok|okay|so|and|but|please|well)\W+)*"
    r"(?:what|what's|whats|which|who|when|where|how|is|are|do|does|did|can|could|may|must|should"
    r"|shall|am|has|have|explain|define|tell me|(?:can|could) you (?:explain|tell))\b",
    re.I,
)
_DEFINITION = re.compile(
    r"\b(?:what(?:'s| is| are|s)|explain|define|meaning of|tell me (?:more )?about"
    r"|difference between|how do i recogni[sz]e|what does .{1,40} mean)\b",
    re.I,
)
# Words of a question about rules, where an answer without a source would be worse than none.
_RULES = re.compile(
    r"\b(?:laws?|legal(?:ly)?|illegal|lawful|rules?|regulations?|directive|ai act|gdpr|dsa|ftc|asa"
    r"|cap code|coppa|ucpd|c2pa|copyright(?:ed)?|trademarks?|fines?|penalt(?:y|ies)|forbidden"
    r"|banned|prohibited|allowed to|complian(?:ce|t)|deep ?fakes?|disclos\w+"
    r"|label(?:s|led|ling|ed|ing)?|watermark\w*|endorsements?"
    r"|influencers?|fake reviews?|eco.?friendly|greenwash\w*|adverts?|advertis\w+"
    r"|green claims?|fibre composition|fiber content|statement of reasons|profiling|virgin wool)\b",
    re.I,
)
_ORDER = re.compile(
    r"\b(?:make|create|draw|design|generate|show|find|get|give|edit|turn|change|recolou?r)\s+"
    r"(?:me|us|it|this|that|them|one|an?|some|another|the)\b",
    re.I,
)
_ABOUT_SCREEN = re.compile(
    r"\b(?:this|that|these|those|it|the (?:first|second|third|last|next) \w+)\s*\??$", re.I
)
# Topics that the instructor answers itself; in the others a fact may answer better.
_OWN_TOPICS = frozenset(
    ("undo", "reset", "why", "who_made", "status", "memory", "price", "upload", "ai_share")
)
# Asking what the rules say of such pictures asks for none.
_MAY_BE_ASKED_ABOUT = frozenset(("person", "brand"))
_DENIED = (
    r"\b(?:no|not|without|never|except|hate|avoid|instead of|anything but)\b(?:\W+\w+){0,2}\W+"
)


@dataclass(frozen=True)
class FactAnswer:
    """The decision to answer, and what it rests on."""

    decision: Decision
    citations: list[dict[str, Any]] = field(default_factory=list)


def answer_fact(text: str, heard: Understanding) -> FactAnswer | None:
    """Return the answer to a question of fact with its citations, or None if it is none.

    A question about rules that no source answers is told so; other questions go their usual way.
    """
    about_rules = bool(_RULES.search(text))
    defines = bool(_DEFINITION.search(text))
    if not (about_rules or defines) or not _is_question(text, heard, about_rules):
        return None
    found = _find(text, defines)
    if not about_rules and _describes_clothes(heard) and not _names_term(text):
        return None
    if found:
        return _answer(found)
    if not about_rules and (heard.topic or _describes_clothes(heard) or heard.is_request):
        return None
    if heard.refusal or heard.topic not in {None, "off_topic"}:
        return None
    return FactAnswer(Decision("answer", NOTHING, reason="no_facts"))


def _is_question(text: str, heard: Understanding, about_rules: bool) -> bool:
    if heard.refusal and not (about_rules and heard.refusal in _MAY_BE_ASKED_ABOUT):
        return False
    if heard.topic in _OWN_TOPICS or heard.feedback:
        return False
    plain = text.strip()
    asks = bool(_QUESTION.match(plain)) or plain.endswith("?")
    return asks and not _ORDER.search(plain) and not _ABOUT_SCREEN.search(plain)


def _describes_clothes(heard: Understanding) -> bool:
    """Return whether it names a garment, colour or pattern; a fabric alone may be asked about."""
    wanted = heard.wanted
    return bool(wanted.types or wanted.colours or wanted.patterns or heard.style or heard.kind)


def _names_term(text: str) -> bool:
    return bool(explain_terms(text, limit=1))


def _find(text: str, defines: bool) -> list[Found]:
    """Return what answers, best first; of a definition the named thing's own text comes first."""
    found = search_passages(text, k=MAX_CITED)
    named = find_named(explain_terms(text, limit=2)) if defines else []
    own = [one.passage.pk for one in named]
    kept = [*named, *(one for one in found if one.passage.pk not in own)]
    if named:
        return kept[: max(len(named), 1)]
    return [one for one in kept if _adds(one, kept[0])]


def _adds(one: Found, first: Found) -> bool:
    """Return whether a finding is worth citing beside the first: as good, of the same place."""
    same_place = one.document.jurisdiction in {"", first.document.jurisdiction}
    return one.score >= NEARLY * first.score and same_place


def _answer(found: list[Found]) -> FactAnswer:
    first = found[0]
    reply = _told(first)
    since = first.document.in_force_from
    if since is not None and since > timezone.now().date():
        reply += f" It applies from {_day(since)}."
    if first.document.jurisdiction:
        reply += f" {NO_ADVICE}"
    return FactAnswer(
        Decision("answer", reply, reason="facts"), [one.as_citation() for one in found[:MAX_CITED]]
    )


def _told(found: Found) -> str:
    """Return the quote: our own notes as they stand, others' words marked as theirs."""
    if found.source.kind == Source.Kind.STARTER:
        return found.quote
    who = found.document.publisher or found.source.publisher or found.source.title
    dated = found.document.published_at
    when = f" ({_day(dated.date())})" if dated else ""
    return f"{who}{when}: “{found.quote}”"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def with_facts(guidance: Guidance) -> Guidance:
    """Return the guidance with what the knowledge store explains of the person's words.

    Passages used are named by their ids. Attributes only fill what the person left open, and
    nothing that they ruled out.
    """
    if guidance.mode not in {"create", "edit", "revise"} or not guidance.instruction:
        return guidance
    text = " ".join(guidance.turns) or guidance.instruction
    explained = [one for one in explain_terms(text) if not _is_denied(text, one.term)]
    if not explained:
        return guidance
    wanted = guidance.wanted
    for one in explained:
        wanted = _filled(wanted, guidance.unwanted, one)
    ids = dict.fromkeys((*guidance.knowledge_passage_ids, *(one.passage.pk for one in explained)))
    return replace(guidance, wanted=wanted, knowledge_passage_ids=tuple(ids))


def _is_denied(text: str, term: str) -> bool:
    """Return whether the last mention of a name is a refusal: "not tweed"."""
    spot = text.lower().rfind(term)
    before = text[max(0, spot - 40) : spot]
    return (
        bool(re.search(_DENIED + "$", f"{before} ".replace("  ", " "), re.I))
        if spot >= 0
        else False
    )


def _filled(wanted: Attributes, unwanted: Attributes, explained: Explained) -> Attributes:
    given = explained.attributes
    pattern = given.get("pattern")
    if wanted.pattern or pattern == unwanted.pattern:
        pattern = wanted.pattern
    colours = tuple(colour for colour in given.get("colours", ()) if colour not in unwanted.colours)
    details = [
        detail
        for detail in given.get("details", ())
        if detail not in unwanted.details and detail not in wanted.details
    ]
    return replace(
        wanted,
        pattern=pattern,
        colours=wanted.colours or colours,
        details=(*wanted.details, *details),
    )
