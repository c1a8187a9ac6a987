"""Words as numbers, without a model: a vector that any process can make at once.

A text becomes `VECTOR_SIZE` numbers by signed feature hashing (Weinberger et al., 2009) of its
stemless words and of the letter trigrams within them. Near spellings and word forms share
trigrams, so that "seersuker" lies near "seersucker"; what a full-text index cannot do. It knows no
meaning beyond that, and needs neither torch nor training, so web processes may use it.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from functools import lru_cache

import numpy as np

VECTOR_SIZE = 512
VECTOR_MODEL = "hashed-trigrams-512-v1"
# A whole word says more than one of its trigrams.
WORD_WEIGHT = 2.0
_WORD = re.compile(r"[^\W_]+")
_STOPWORDS_TEXT = (
    "a about after all also am an and any are as at be been being but by can could did do "
    "does doing for from had has have having he her his how i if in into is it its just let "
    "me more most must my need no not of on one only or other our out over shall she should "
    "so some such than that the their them then there these they this those to too under up "
    "us was we were what when where which while who whom whose why will with would you your "
    "tell explain define mean means meaning please"
)
STOPWORDS = frozenset(_STOPWORDS_TEXT.split())


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents and stop words, in order."""
    return [word for word in all_words_of(text) if word not in STOPWORDS]


def all_words_of(text: str) -> list[str]:
    """Return every word of a text in lower case, without accents, in order."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return _WORD.findall("".join(c for c in plain if not unicodedata.combining(c)))


def vector_of(text: str) -> np.ndarray:
    """Return the text's vector: (VECTOR_SIZE,), float32, of unit length; zeros without words."""
    total = np.zeros(VECTOR_SIZE, dtype=np.float32)
    for word, count in Counter(words_of(text)).items():
        # Saying a word ten times does not make a text ten times more about it.
        weight = 1.0 + np.log(count)
        for place, sign in _features(word):
            total[place] += sign * weight
    length = float(np.linalg.norm(total))
    return total / length if length else total


@lru_cache(maxsize=20_000)
def _features(word: str) -> tuple[tuple[int, float], ...]:
    """Return (place, signed weight) of a word and of its trigrams; each word weighs about alike."""
    padded = f"^{word}$"
    grams = [padded[i : i + 3] for i in range(len(padded) - 2)]
    share = 1.0 / np.sqrt(len(grams))
    weighted = [(f"w:{word}", WORD_WEIGHT / 2), *((f"g:{gram}", share) for gram in grams)]
    return tuple((_place(name), _sign(name) * weight) for name, weight in weighted)


def _place(name: str) -> int:
    return zlib.crc32(name.encode()) % VECTOR_SIZE


def _sign(name: str) -> float:
    return 1.0 if zlib.crc32(b"sign:" + name.encode()) & 1 else -1.0
