"""Where on earth a text says that something is: positions as cameras and maps write them."""

from __future__ import annotations

import re

KIND = "position on the map"
_DECIMAL = re.compile(
    r"(?<![\w.])([NSns]?\s?-?\d{1,2}\.\d{3,10})\s?°?\s?([NSns]?)"
    r"(?:\s?[,;]\s?|\s+|_)"
    r"([EWew]?\s?-?\d{1,3}\.\d{3,10})\s?°?\s?([EWew]?)(?!\d|\.\d)"
)
_DEGREES = re.compile(
    r"\d{1,2}\s?°\s?\d{1,2}\s?['′’]\s?(?:\d{1,2}(?:\.\d+)?\s?[\"″”]?\s?)?[NS]"
    r"[\s,;_]{0,3}"
    r"\d{1,3}\s?°\s?\d{1,2}\s?['′’]\s?(?:\d{1,2}(?:\.\d+)?\s?[\"″”]?\s?)?[EW]"
)
_GEO = re.compile(r"\bgeo:-?\d{1,2}(?:\.\d+)?,-?\d{1,3}(?:\.\d+)?", re.I)
_MAP = re.compile(
    r"(?:maps\.google\.[a-z.]{2,6}|google\.[a-z.]{2,6}/maps|openstreetmap\.org|maps\.apple\.com)"
    r"/?\S*-?\d{1,2}\.\d{3,}\S{1,3}-?\d{1,3}\.\d{3,}",
    re.I,
)
# As a dump of a picture's metadata writes it.
_TAG = re.compile(r"\bGPS[ _]?(?:Latitude|Longitude|Position|Coordinates)\b\W{0,4}\S+", re.I)
# So many decimals tell a street; without letters of the compass fewer may be anything.
_LEAST_DECIMALS = 4


def locate_places(text: str) -> list[tuple[str, int, int]]:
    """Return (kind, start, end) of every position on the map that a text gives."""
    found = [
        (KIND, *match.span())
        for pattern in (_DEGREES, _GEO, _MAP, _TAG)
        for match in pattern.finditer(text)
    ]
    found += [(KIND, *match.span()) for match in _DECIMAL.finditer(text) if _is_position(match)]
    return found


def _is_position(match: re.Match[str]) -> bool:
    """Whether two numbers can be a latitude and a longitude that say more than a country."""
    first, north, second, east = match.groups()
    named = bool(north or east or first[0].isalpha() or second[0].isalpha())
    latitude, longitude = (one.lstrip("NSEWnsew ") for one in (first, second))
    if abs(float(latitude)) > 90 or abs(float(longitude)) > 180:
        return False
    decimals = min(len(one.partition(".")[2]) for one in (latitude, longitude))
    return named or decimals >= _LEAST_DECIMALS
