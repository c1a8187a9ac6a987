"""A sentence as a list of words, numbers and dates in one spelling, with where each stands."""

from __future__ import annotations

import re
from dataclasses import dataclass

from moderation.core.facts.classes import class_of, same_words

MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august", "september"),
    *("october", "november", "december"),
)
_MONTH = "|".join(MONTHS)
_DATE = (
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b"
    rf"|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<month>{_MONTH}),?\s+(?P<year>\d{{4}})\b"
    rf"|\b(?P<us_month>{_MONTH})\s+(?P<us_day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<us_year>\d{{4}})\b"
    rf"|\b(?P<only_month>{_MONTH})\s+(?P<only_year>\d{{4}})\b"
)
_PHRASES = sorted((one for one in same_words() if " " in one), key=len, reverse=True)
TOKEN = re.compile(
    rf"(?P<date>{_DATE})"
    r"|(?P<number>\d+(?:[.,]\d+)*)"
    rf"|(?P<phrase>\b(?:{'|'.join(_PHRASES)})\b)"
    r"|(?P<percent>%|\bper\s?cent\b)"
    r"|(?P<word>[^\W\d_]+(?:['’][^\W\d_]+)?)",
    re.I,
)
_NUMBERS_TEXT = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen twenty"
)
_NUMBER_WORDS = {
    word: str(value)
    for value, word in enumerate(_NUMBERS_TEXT.split())
    # "one" is a pronoun as often as a number.
    if word != "one"
} | {"thirty": "30", "forty": "40", "fifty": "50", "hundred": "100", "thousand": "1000"}
NEGATORS = frozenset(
    ("not", "no", "never", "without", "cannot", "neither", "nor", "none", "nobody", "nothing")
)
_STOPWORDS_TEXT = (
    "a an the and or of to in on at for by with from as is are was were be been being it its "
    "this that these those which who whom whose what there here then than so such also too "
    "very has have had do does did will would shall should can could may might must if when "
    "while into onto over under per their they he she his her them we our you your i my one "
    "only where how about between both each other some any all mostly often usually used "
    "according said says means note called known"
)
_STOPWORDS = frozenset(_STOPWORDS_TEXT.split())


@dataclass(frozen=True)
class Token:
    """kind: number, date, name, not, word. `norm` is what two spellings share."""

    kind: str
    norm: str
    text: str
    start: int
    end: int

    @property
    def is_content(self) -> bool:
        return self.kind in {"word", "name"}


def read_tokens(sentence: str) -> list[Token]:
    """Return the tokens that carry meaning, in order; stop words are left out."""
    found: list[Token] = []
    first = True
    for match in TOKEN.finditer(sentence):
        token = _token(match, first)
        first = False
        if token is not None:
            found.append(token)
    return found


def stem(word: str) -> str:
    """Return a word without its commonest endings."""
    word = same_words().get(word, word)
    if class_of(word):
        return word
    for plain in (word.removesuffix("s"), word.removesuffix("es")):
        if plain != word and class_of(plain):
            return same_words().get(plain, plain)
    for ending in ("ations", "ation", "ings", "ing", "ies", "ed", "es", "ly", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word


def _token(match: re.Match[str], first: bool) -> Token | None:
    text, span = match.group(), match.span()
    if match.group("date"):
        return Token("date", _date(match), text, *span)
    if match.group("number"):
        return Token("number", _number(text), text, *span)
    if match.group("percent"):
        return None
    if match.group("phrase"):
        return Token("name", same_words()[" ".join(text.lower().split())], text, *span)
    word = text.lower().replace("’", "'")
    if word in NEGATORS or word.endswith("n't"):
        return Token("not", "not", text, *span)
    word = word.removesuffix("'s")
    if word in _NUMBER_WORDS:
        return Token("number", _NUMBER_WORDS[word], text, *span)
    if (word in _STOPWORDS and not (text.isupper() and len(text) > 1)) or len(word) < 2:
        return None
    is_name = text[0].isupper() and not first and len(word) > 1
    return Token("name" if is_name else "word", stem(word), text, *span)


def _number(text: str) -> str:
    plain = re.sub(r"[.,](?=\d{3}(?:\D|$))", "", text).replace(",", ".")
    return f"{float(plain):g}" if plain.count(".") <= 1 else text


def _date(match: re.Match[str]) -> str:
    if match.group("iso"):
        return match.group("iso")
    if match.group("only_month"):
        return f"{match.group('only_year')}-{_month(match.group('only_month')):02}"
    year = match.group("year") or match.group("us_year")
    month = match.group("month") or match.group("us_month")
    day = int(match.group("day") or match.group("us_day"))
    return f"{year}-{_month(month):02}-{day:02}"


def _month(name: str) -> int:
    return MONTHS.index(name.lower()) + 1
