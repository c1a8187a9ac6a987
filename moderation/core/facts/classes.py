"""Words of which a statement means just one: to name another of the same class contradicts it."""

from __future__ import annotations

from functools import cache

from common.vocabulary import COLOURS

_CLASSES = {
    "fibre": "cotton wool silk linen polyester elastane viscose nylon acrylic cashmere mohair hemp "
    "jute lyocell modal polyamide fur leather suede down alpaca ramie rayon spandex merino",
    "fabric": "denim corduroy tweed seersucker chambray flannel velvet satin chiffon gingham "
    "jersey fleece twill poplin organza tulle lace crepe gabardine gauze canvas muslin "
    "oxford pique boucle brocade damask taffeta georgette tartan houndstooth herringbone paisley "
    "argyle plaid polka pinstripe",
    "garment": "trousers skirt jacket coat shirt blouse suit sock scarf shoe hat dress "
    "blazer hoodie sweater shorts",
    "country": "eu uk us germany france italy spain scotland ireland england wales china india "
    "japan austria switzerland california canada australia brazil korea turkey portugal poland "
    "netherlands belgium sweden norway denmark bangladesh vietnam mexico",
    "season": "spring summer autumn winter",
    "part of the day": "morning evening night",
    "permission": "allowed forbidden banned prohibited permitted required",
    "direction": "before after",
    "bound": "least most",
    "degree": "more less fewer",
    "side": "warp weft",
    "temperature": "cool warm hot cold",
    "weight": "light heavy thick thin",
    "finish": "smooth rough",
    "order": "ascending descending",
    "age": "adult child",
    "unit": "day week month year hour minute cm mm kg g km inch mile",
}
# Different words for one thing.
_SAME = {
    "european union": "eu",
    "united kingdom": "uk",
    "great britain": "uk",
    "britain": "uk",
    "united states of america": "us",
    "united states": "us",
    "usa": "us",
    "woollen": "wool",
    "jumper": "sweater",
    "fall": "autumn",
    "permitted": "allowed",
    "prohibited": "forbidden",
    "banned": "forbidden",
    "fewer": "less",
    "rayon": "viscose",
    "spandex": "elastane",
}


@cache
def _class_of_words() -> dict[str, str]:
    found = {word: name for name, words in _CLASSES.items() for word in words.split()}
    found.update(dict.fromkeys(COLOURS, "colour"))
    return found


def class_of(stem: str) -> str:
    """Return the class that a word belongs to, or ""."""
    return _class_of_words().get(stem, "")


def words_of_class(name: str) -> list[str]:
    """Return the words of a class, in a fixed order, one for each thing."""
    known = _class_of_words()
    return sorted(word for word, found in known.items() if found == name and word not in _SAME)


def same_words() -> dict[str, str]:
    """Return the words and phrases that stand for another."""
    return dict(_SAME)
