"""What a person's words about one item mean: for or against, and which sides of it.

The sides come from the instructor's reading of attributes; praise and blame are counted here clause
by clause, since "lovely cut, but I hate the colour" is both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

from common.errors import InvalidInputError
from recommender.core.dialogue import ShownItem, Slots, State
from recommender.core.understanding import understand
from recommender.core.wording import clean

_PRAISE = re.compile(
    r"\b(?:lik(?:e|es|ed|ing)|lov(?:e|es|ed|ely|ing)|ador(?:e|es|ed|able|ing)|fancy|enjoy(?:ed)?"
    r"|beautiful(?:ly)?|gorgeous|stunning|pretty(?! (?:bad|boring|ugly|dull))|nice(?:ly)?|great"
    r"|good|cute|cool|perfect(?:ly)?|elegant|chic|stylish|handsome|charming|flattering|fresh"
    r"|wonderful|amazing|awesome|excellent|brilliant|delightful|fun|favou?rite|impressive|works?"
    r"|well (?:made|cut|done)|best|better|superb|fantastic|yay|wow)\b|[👍❤💖😍🥰💕🔥👏]",
    re.IGNORECASE,
)
_BLAME = re.compile(
    r"\b(?:hat(?:e|es|ed)|dislik(?:e|es|ed)|ugly|awful(?:ly)?|terribl[ey]|horrible|hideous|boring"
    r"|bored|dull|bland|yuck|ew+|meh|disgusting|bad(?:ly)?|wrong|cheap|tacky|clumsy|odd|weird"
    r"|frumpy|shapeless|unflattering|annoying|irritating|ruins?|ruined|worst|worse|poor(?:ly)?"
    r"|garish|gaudy|itchy|blurry|fake|creepy|disappoint(?:ed|ing|s)|overdone|dated|old-fashioned)\b"
    r"|\bcan(?:no|')?t stand\b|\btoo (?!much fun|good)\w+|\bnot (?:for me|my)\b|[👎💩🤮🤢]",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"(?:\bnot|\bnever|\bno|\bnothing|\bneither|\bnor|\bhardly|n['’]t|\bwithout)(?:\s+\w+){0,3}\s*$",
    re.IGNORECASE,
)
# "I'd like to see more", "looks like wool": a wish or a comparison, no praise.
_NO_PRAISE = re.compile(
    r"\b(?:would|['’]d|looks?|looked|feels?|feel|seems?|something|just|more|smells?) like\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[.!?;,…\n]+|\b(?:but|however|though|although|yet|except|only)\b", re.I)
# Like stars for the cover or the length: what is shown around the item is not the item.
AROUND = re.compile(
    r"\b(?:cover|thumbnail|poster|title|captions?|subtitles?|sound|music|length of the"
    r" (?:video|clip))\b",
    re.IGNORECASE,
)
# Words for a whole side, which stand for what this item has on it.
_SIDES = {
    "colours": re.compile(r"\bcolou?rs?\b", re.IGNORECASE),
    "patterns": re.compile(r"\b(?:patterns?|prints?)\b", re.IGNORECASE),
}


@dataclass(frozen=True)
class Reading:
    """A remark as it was understood; slots of attributes liked and disliked about the item."""

    opinion: str  # "like", "dislike" or "" for neither
    wanted: Slots
    unwanted: Slots

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data, empty slots left out."""
        return {
            "opinion": self.opinion,
            "wanted": _filled(self.wanted),
            "unwanted": _filled(self.unwanted),
        }


def read_remark(text: str, item: ShownItem) -> Reading:
    """Return what a remark says of `item`. Its words are data: nothing in them is carried out.

    InvalidInputError when there are no words, or too many.
    """
    wanted = unwanted = Slots()
    total = 0
    for clause in clauses_of(text):
        score = score_of(clause)
        total += 0 if AROUND.search(clause) else score
        likes, dislikes, wishes = _attributes(clause, item)
        side = side_of(clause, item)
        if score > 0:
            likes = likes.plus(side)
        elif score < 0:
            # "I hate the collar" names what is blamed. "Too short" was read as against short and
            # for long already.
            likes, dislikes = (likes, dislikes) if dislikes else (Slots(), likes)
            dislikes = dislikes.plus(side)
        elif not wishes:
            # "Is that wool?" names something and wants nothing.
            likes = Slots()
        wanted, unwanted = wanted.plus(likes), unwanted.plus(dislikes)
    both = wanted.common(unwanted)
    opinion = "like" if total > 0 else "dislike" if total < 0 else ""
    return Reading(opinion, wanted.without(both), unwanted.without(both))


def clauses_of(text: str) -> list[str]:
    """Return the clauses of a remark. InvalidInputError when it has no words, or too many."""
    return [part.strip() for part in _CLAUSE.split(clean(text)) if part and part.strip()]


def score_of(clause: str) -> int:
    """Return praise less blame; a negation shortly before a word turns it round."""
    clause = _NO_PRAISE.sub(" ", clause)
    score = 0
    for pattern, value in ((_PRAISE, 1), (_BLAME, -1)):
        for match in pattern.finditer(clause):
            turned = _NEGATED.search(clause[: match.start()])
            score += -value if turned else value
    return score


def _attributes(clause: str, item: ShownItem) -> tuple[Slots, Slots, bool]:
    """Return (named, denied) attributes as the instructor reads them, and whether it is a wish."""
    try:
        heard = understand(clause, state=State(focus_id=item.id), shown=[item])
    except InvalidInputError:
        return Slots(), Slots(), False
    named = heard.wanted.plus(Slots(colours=heard.added_colours)).plus(heard.liked)
    return named, heard.unwanted, heard.is_desire or heard.is_request


def side_of(clause: str, item: ShownItem) -> Slots:
    """Return what the item has on a side that is named as such: "the colour", "this print"."""
    own = item.slots()
    return Slots(
        **{name: getattr(own, name) for name, word in _SIDES.items() if word.search(clause)}
    )


def _filled(slots: Slots) -> dict[str, list[str]]:
    return {f.name: list(getattr(slots, f.name)) for f in fields(slots) if getattr(slots, f.name)}
