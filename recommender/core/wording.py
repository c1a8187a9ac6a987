"""From typed text to words: clean, expand contractions, split, and mend typing errors."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from common.errors import InvalidInputError
from common.guidance import MAX_INSTRUCTION_CHARS
from recommender.core.languages import foreign_words, language_of, to_english
from recommender.core.learned import is_learned
from recommender.core.lexicon import listed, phrases

_CONTRACTIONS = (
    (re.compile(r"\b(?:can't|cannot|cant)\b"), "can not"),
    (re.compile(r"\b(?:won't|wont)\b"), "will not"),
    (re.compile(r"\bain't\b"), "is not"),
    (re.compile(r"\b(must|need|shall|might|ought)n't\b"), r"\1 not"),
    (re.compile(r"\b(do|does|did|is|are|was|would|should|could|have|has)n'?t\b"), r"\1 not"),
    (re.compile(r"\b(i|you|we|they|it|that|what|who|where|there|how)'(?:d)\b"), r"\1 would"),
    (re.compile(r"\bid (?=like|love|prefer|rather)"), "i would "),
    (re.compile(r"\bi'?m\b"), "i am"),
    (re.compile(r"\blet'?s\b"), "let us"),
    (re.compile(r"\b(you|we|they)'re\b"), r"\1 are"),
    (re.compile(r"\b(i|you|we|they)'ve\b"), r"\1 have"),
    (re.compile(r"\b(i|you|we|they|it|that)'ll\b"), r"\1 will"),
    (re.compile(r"\b(it|that|what|who|where|there|how|he|she|here)'?s\b"), r"\1 is"),
    (re.compile(r"\b(\w+)'s\b"), r"\1"),
    (re.compile(r"\b(?:gimme)\b"), "give me"),
    (re.compile(r"\b(?:wanna)\b"), "want to"),
    (re.compile(r"\b(?:lemme)\b"), "let me"),
    (re.compile(r"\b(?:dunno)\b"), "do not know"),
    (re.compile(r"\b(?:gotta)\b"), "got to"),
    (re.compile(r"\b(?:can|could|would|will) (?:u|ya)\b"), "can you"),
    (re.compile(r"\bsum (?=\w)"), "some "),
    (re.compile(r"\bw/ ?(?!o)"), "with "),
    (re.compile(r"\bw/o\b"), "without"),
    # Alone, "gonna" is Italian for a skirt.
    (re.compile(r"\b(am|are|is|'m|'re|'s) gonna\b"), r"\1 going to"),
    (re.compile(r"\b(?:penultimate|last but one|next to last)\b"), "second to last"),
    (re.compile(r"\b(?:pls|plz)\b"), "please"),
    (re.compile(r"^ta\b"), "thanks"),
    (re.compile(r"\b(?:smth|sth)\b"), "something"),
    (re.compile(r"\b(?:thx|ty)\b"), "thanks"),
    (re.compile(r"\bb\s?&\s?w\b"), "black and white"),
)
_DRAWN_OUT = re.compile(r"(\w)\1+")
_NAME = re.compile(r"\b([A-ZÀ-Ý][a-zß-ÿ]+) ([A-ZÀ-Ý][\w'’-]+)")
_PHOTOGRAPH = re.compile(r"\bphoto(s|graphs?|realistic|-realistic)?\b|\brealistic\b", re.I)
_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[.,;:!?#&/+*=]")
PUNCTUATION = frozenset(".,;:!?")

# Words one or two letters away from a word of the lexicon that are meant as they stand.
NOT_TYPOS = frozenset(Path(__file__).with_name("common_words.txt").read_text().split())

# Rude words are meant as they stand.
_NOT_SLIPS = frozenset(
    listed(
        "shit shits fuck fucks fucking crap suck sucks makes shows finds damn hell bitch arse "
        "piss dick nudes bomb"
    )
)
# Words a typing error may stand for besides the lexicon's.
_VERBS = listed(
    "show find search make create design generate change recolour without please "
    "something anything second third picture video imagine invent instead different "
    "similar clothes"
)

# Pictures that stand for a word; hearts in a colour are colours only beside a garment or alone.
_EMOJI = {
    **dict.fromkeys("🖤⚫⬛", "black"),
    **dict.fromkeys("🤍⚪⬜", "white"),
    **dict.fromkeys("💙🔵🟦", "blue"),
    **dict.fromkeys("💚🟢🟩", "green"),
    **dict.fromkeys("💛🟡🟨", "yellow"),
    **dict.fromkeys("🧡🟠🟧", "orange"),
    **dict.fromkeys("💜🟣🟪", "purple"),
    **dict.fromkeys("🤎🟤🟫", "brown"),
    **dict.fromkeys("🔴🟥", "red"),
    "🩷": "pink",
    "👗": "dress",
    "👖": "jeans",
    "👕": "t-shirt",
    "👚": "blouse",
    "🧥": "coat",
    "🩳": "shorts",
    **dict.fromkeys("👟👠👢👡🥾👞", "shoes"),
    **dict.fromkeys("👒🎩🧢", "hat"),
}
# Slips in words too short to be told apart by distance.
_SHORT_SLIPS = {
    **dict.fromkeys(listed("mak mke mkae maek amke"), "make"),
    **dict.fromkeys(listed("shw sho hsow shwo"), "show"),
    **dict.fromkeys(listed("fnd fidn"), "find"),
    **dict.fromkeys(listed("blk blck bk"), "black"),
    **dict.fromkeys(listed("wht wite whit"), "white"),
    **dict.fromkeys(listed("grn gren"), "green"),
    **dict.fromkeys(listed("rde redd rd"), "red"),
    **dict.fromkeys(listed("blu bleu"), "blue"),
    **dict.fromkeys(listed("teh hte"), "the"),
    **dict.fromkeys(listed("wnat wnt wan"), "want"),
    **dict.fromkeys(listed("nto noot"), "not"),
    **dict.fromkeys(listed("secnd 2nd."), "second"),
    **dict.fromkeys(listed("frist firts"), "first"),
    **dict.fromkeys(listed("thrid"), "third"),
    "noo": "no",
}

MAX_MENDED = 12


@dataclass(frozen=True)
class Words:
    """The words of one message, as they were understood."""

    tokens: tuple[str, ...]
    # What was mended: typed word -> word it was read as.
    mended: dict[str, str]
    # The language it was written in, where that is not English.
    language: str | None = None

    @property
    def plain(self) -> str:
        """Return the tokens as one line, single spaces between them."""
        return " ".join(self.tokens)


def clean(text: str) -> str:
    """Return the text without control characters and odd spaces.

    Raises InvalidInputError with a sentence when it is empty or longer than the limit.
    """
    if len(text) > MAX_INSTRUCTION_CHARS:
        raise InvalidInputError(
            f"That is {len(text):,} characters. Please keep a message under "
            f"{MAX_INSTRUCTION_CHARS}: a sentence or two is plenty."
        )
    text = unicodedata.normalize("NFKC", text)
    text = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    text = " ".join(text.split())
    if not text:
        raise InvalidInputError("Tell me what you would like to see, for example “black skirts”.")
    return text


def split(text: str) -> tuple[str, ...]:
    """Return lower-case words and punctuation, contractions expanded, hyphens as spaces."""
    text = text.casefold().replace("ß", "ss").replace("’", "'").replace("‘", "'")
    text = re.sub(r"\s[-–—]+\s|—", " , ", text)
    text = re.sub(r"[-–_]", " ", text)
    for pattern, replacement in _CONTRACTIONS:
        text = pattern.sub(replacement, text)
    return tuple(_TOKEN.findall(text))


def read(text: str) -> Words:
    """Return the words of a cleaned text: in English, typing errors mended.

    Of words that are not known only the first few are looked at: a wall of gibberish must not
    cost seconds.
    """
    said = split(_spoken(text))
    apart = [part for word in said for part in word.split("'")]
    language = language_of(apart, _lexicon_words())
    if language:
        said = tuple(to_english(apart, language))
    mended: dict[str, str] = {}
    tokens = []
    unknown = 0
    for token in said:
        if is_learned(token):
            tokens.append(token)
            continue
        unknown += token not in _known()
        better = mend(token) if unknown <= MAX_MENDED and not language else token
        if better != token:
            mended[token] = better
        tokens.extend(better.split())
    return Words(tuple(tokens), mended, language)


def _spoken(text: str) -> str:
    """Return the text with pictures of colours and garments as words."""
    return "".join(f" {_EMOJI[sign]} " if sign in _EMOJI else sign for sign in text)


@lru_cache(maxsize=4096)
def mend(word: str) -> str:
    """Return the lexicon's word that this one is a slip of, or the word itself.

    Only words of four letters and more that are neither known nor common English are touched, and
    only when one candidate is clearly nearest: one slip up to six letters, two beyond.
    """
    if word in _SHORT_SLIPS:
        return _SHORT_SLIPS[word]
    if len(word) < 4 or not word.isalpha() or not word.isascii() or word in _known():
        return word
    if (single := _DRAWN_OUT.sub(r"\1", word)) in _known():  # hooodie, soooo
        return single
    if word.endswith("ish") and word[:-3] in _known():  # greenish
        return word[:-3]
    if word.endswith("dish") and word[:-4] in _known():  # reddish
        return word[:-4]
    if compound := _garment_of(word):
        return compound
    allowed = 1 if len(word) <= 6 else 2
    near = [t for t in _targets() if abs(len(t) - len(word)) <= allowed]
    # Nearest first; then the same first letter; then letters left out, the commonest slip.
    scored = sorted(
        (distance(word, t, allowed), t[0] != word[0], not _is_inside(word, t), t) for t in near
    )
    best = [entry for entry in scored if entry[0] <= allowed][:2]
    if not best or (best[0][1] and best[0][0] > 1):
        return word
    if len(best) > 1 and best[0][:3] == best[1][:3] and not _same(best[0][3], best[1][3]):
        return word
    return best[0][3]


def _garment_of(word: str) -> str | None:
    """Return the garment that a compound ends in: "rainjacket", "overshirt"."""
    ends = (word[at:] for at in range(2, len(word) - 3))
    table = phrases()
    return next((end for end in ends if ("type") in {n for n, _ in table.get((end,), ())}), None)


def _is_inside(word: str, target: str) -> bool:
    """Return whether the word is the target with letters left out."""
    letters = iter(target)
    return all(letter in letters for letter in word)


def _same(left: str, right: str) -> bool:
    """Return whether two words mean the same to the lexicon."""
    table = phrases()
    senses = table.get((left,))
    return senses is not None and senses == table.get((right,))


def distance(left: str, right: str, limit: int) -> int:
    """Return the Damerau-Levenshtein distance (swaps of neighbours count one), or limit + 1."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)


@lru_cache(maxsize=1)
def _lexicon_words() -> frozenset[str]:
    """Return the words of the English lexicon and of requests."""
    return frozenset(word for phrase in phrases() for word in phrase) | frozenset(_VERBS)


_KNOWN: set[str] = set()


def _known() -> set[str]:
    """Return every word that is right as it stands."""
    if not _KNOWN:
        _KNOWN.update(word for phrase in phrases() for word in phrase)
        _KNOWN.update(foreign_words())
        _KNOWN.update(NOT_TYPOS)
        _KNOWN.update(_NOT_SLIPS)
        _KNOWN.update(_VERBS)
    return _KNOWN


_TARGETS: list[str] = []


def _targets() -> list[str]:
    """Return the words that a slip may stand for."""
    if not _TARGETS:
        words = {word for phrase in phrases() for word in phrase if len(word) >= 4}
        _TARGETS.extend(sorted((words | set(_VERBS)) - {"tees", "line", "neck", "look", "grain"}))
    return _TARGETS


def is_known_word(word: str) -> bool:
    """Return whether a word is the lexicon's, another language's or common English."""
    return word in _known()


def has_unknown(words: Words) -> bool:
    """Return whether some word is none that is known and none that was mended: perhaps a name."""
    return any(word.isalpha() and len(word) > 2 and word not in _known() for word in words.tokens)


def named_pair(text: str) -> str | None:
    """Return two capitalised words in a row that are no known words, as a person's name is."""
    if text.isupper():
        return None
    for match in _NAME.finditer(text):
        first, last = match.group(1).casefold(), match.group(2).casefold()
        if first not in _known() and last not in _known():
            return match.group()
    return None


def wants_photograph(text: str) -> bool:
    """Return whether the words ask for the look of a photograph."""
    return bool(_PHOTOGRAPH.search(text))
