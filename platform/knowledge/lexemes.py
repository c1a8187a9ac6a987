"""What a question asks for, in the stems of the full-text index, and how rare each stem is."""

from __future__ import annotations

import difflib
import math
import time
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Count, Max

from knowledge.models import Passage
from knowledge.wording import STOPWORDS, all_words_of

CONFIG = "english"
MAX_TERMS = 12
# Frequencies are counted anew when passages have come or gone, and at the latest after so long.
MAX_AGE_S = 600.0
MIN_LIKENESS = 0.85
# Words that ask rather than say what about.
_ASKING_TEXT = (
    "need needs needed required require requires have got say says said called kind type "
    "kinds sort rule rules law laws legal allowed thing things anything something use used "
    "get make made work apply applies there people person everyone know come difference "
    "between may might brand call long still ever really actually exactly recognise recognize "
    "company shop seller"
)
_ASKING = frozenset(_ASKING_TEXT.split())
# What people write for one thing. Each word stands for all of its group.
_GROUPS = (
    "ai artificial generated synthetic generative",
    "picture pictures image images photo photos photograph illustration visual",
    "video videos clip clips film",
    "label labels labelling labelled labeling mark marks marking disclose disclosure disclosed",
    "eu europe european union",
    "uk britain british england",
    "us usa america american",
    "china chinese",
    "california californian",
    "ad ads advert adverts advertising advertisement advertisements sponsored commercial",
    "influencer influencers creator creators endorser endorsement endorsements",
    "child children kid kids minor minors teenager teenagers",
    "fabric fabrics cloth textile textiles material materials",
    "fibre fibres fiber fibers composition",
    "colour colours color colors shade",
    "green eco environmental sustainable sustainability climate",
    "remove removed removal takedown delete deleted",
    "appeal appeals complaint complaints complain",
    "deepfake deepfakes deep fake",
    "fine fines penalty penalties",
    "review reviews testimonial testimonials",
    "shop shops website websites web online",
    "percent cent",
    "feed feeds recommender recommend recommended recommendation recommendations",
)


@dataclass(frozen=True)
class Term:
    """One thing asked for: its stems (any of them will do) and its weight, by rarity."""

    word: str
    stems: frozenset[str]
    weight: float


@dataclass
class _Counts:
    made_at: float = -math.inf
    stamp: tuple[object, object] = (None, None)
    total: int = 0
    documents: dict[str, int] = field(default_factory=dict)


_counts = _Counts()


def read_query(text: str) -> list[Term]:
    """Return what a text asks for, rarest first; nothing where it has no words of substance.

    Words unknown to the index stand for the nearest known spelling, if one is near.
    """
    counts = _frequencies()
    words = [word for word in dict.fromkeys(all_words_of(text)) if _is_substance(word, text)]
    stems = _stems_of([word for word in words for word in _group(word)])
    terms = []
    for word in words[:MAX_TERMS]:
        own = {stem for one in _group(word) if (stem := stems.get(one))}
        if word not in stems:
            continue
        if not any(stem in counts.documents for stem in own):
            own |= _nearest(stems[word], counts)
        frequency = max((counts.documents.get(stem, 0) for stem in own), default=0)
        # Below three passages, rarity says no more.
        weight = math.log(1 + counts.total / max(frequency, 3))
        terms.append(Term(word, frozenset(own), weight * (0.35 if word in _ASKING else 1.0)))
    return _without_doubles(terms)


def _is_substance(word: str, text: str) -> bool:
    # "us" is a stop word, "US" a country.
    return word not in STOPWORDS or (word == "us" and "US" in text)


def _without_doubles(terms: list[Term]) -> list[Term]:
    """Return the terms with those of one group counted once, rarest first."""
    seen: set[str] = set()
    kept = []
    for term in sorted(terms, key=lambda one: -one.weight):
        if not term.stems & seen:
            kept.append(term)
        seen |= term.stems
    return kept


def _group(word: str) -> list[str]:
    return _GROUP_OF.get(word, [word])


_GROUP_OF = {word: group.split() for group in _GROUPS for word in group.split()}


def _stems_of(words: list[str]) -> dict[str, str]:
    """Return the stem that the index keeps of each word; words it does not keep are left out."""
    if not words:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT word, (tsvector_to_array(to_tsvector(%s::regconfig, word)))[1]"
            " FROM unnest(%s::text[]) AS word",
            [CONFIG, list(dict.fromkeys(words))],
        )
        return {word: stem for word, stem in cursor.fetchall() if stem}


def _nearest(stem: str, counts: _Counts) -> set[str]:
    """Return the known stem that a misspelt one is likeliest to stand for."""
    if len(stem) < 5:
        return set()
    near = (s for s in counts.documents if abs(len(s) - len(stem)) <= 2 and s[0] == stem[0])
    return set(difflib.get_close_matches(stem, list(near), n=1, cutoff=MIN_LIKENESS))


def _frequencies() -> _Counts:
    """Return in how many passages each stem stands, counted by the database."""
    newest = Passage.objects.aggregate(n=Count("pk"), last=Max("pk"))
    stamp = (newest["n"], newest["last"])
    fresh = time.monotonic() - _counts.made_at < MAX_AGE_S
    if not (fresh and stamp == _counts.stamp):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT word, ndoc FROM ts_stat('SELECT search_vector FROM knowledge_passage"
                " WHERE retired_at IS NULL')"
            )
            _counts.documents = dict(cursor.fetchall())
        _counts.total, _counts.stamp = newest["n"], stamp
        _counts.made_at = time.monotonic()
    return _counts
