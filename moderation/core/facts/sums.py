"""Does what a text calculates come out right? Compositions, discounts, units, sums, dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from moderation.core.facts.classes import words_of_class
from moderation.core.facts.tokens import MONTHS

_FIBRE = "|".join(sorted({*words_of_class("fibre"), "woollen", "rayon", "spandex"}, key=len)[::-1])
_SHARE = re.compile(rf"(\d+(?:[.,]\d+)?)\s*(?:%|per\s?cent)\s+(?:[a-z]+\s+)?({_FIBRE})\b", re.I)
# A new list begins where another part of the garment is named.
_PART = re.compile(
    r"\b(?:lining|shell|outer|inner|sleeves?|collar|trim|filling|body)\b|[.;\n]", re.I
)
_PRICE = r"(?:[€$£]\s?)?(\d+(?:\.\d+)?)(?:\s?(?:€|\$|£|euros?|dollars?|pounds?|eur|usd|gbp))?"
_SALE = re.compile(
    rf"\b(?:was|from|instead of|originally|rrp)\s+{_PRICE}\D{{1,30}}?"
    rf"\b(?:now|to|for|only)\s+{_PRICE}"
    r"\D{1,20}?(\d+(?:\.\d+)?)\s*(?:%|per\s?cent)\s+(?:off|less|discount|cheaper|reduced)",
    re.I,
)
_SUM = re.compile(
    r"(?<![\w.])(\d+(?:\.\d+)?)\s*([+×x*−-])\s*(\d+(?:\.\d+)?)\s*=\s*(\d+(?:\.\d+)?)(?![\w.]*\d)"
)
_UNITS = {
    "mm": ("length", 0.001),
    "cm": ("length", 0.01),
    "m": ("length", 1.0),
    "km": ("length", 1000.0),
    "in": ("length", 0.0254),
    "inch": ("length", 0.0254),
    "inches": ("length", 0.0254),
    "ft": ("length", 0.3048),
    "feet": ("length", 0.3048),
    "yards": ("length", 0.9144),
    "miles": ("length", 1609.344),
    "g": ("mass", 0.001),
    "kg": ("mass", 1.0),
    "oz": ("mass", 0.0283495),
    "lb": ("mass", 0.4535924),
    "lbs": ("mass", 0.4535924),
    "ml": ("volume", 0.001),
    "l": ("volume", 1.0),
}
_UNIT = "|".join(sorted(_UNITS, key=len)[::-1])
_PAIR = re.compile(
    rf"(?<![\w.])(\d+(?:\.\d+)?)\s?({_UNIT})\b\s*(?:\(|=|/|or)\s*(?:about\s+|=\s*)?"
    rf"(\d+(?:\.\d+)?)\s?({_UNIT})\b",
    re.I,
)
_DEGREES = re.compile(r"(-?\d+(?:\.\d+)?)\s?°\s?C\s*(?:\(|=|/|or)\s*(-?\d+(?:\.\d+)?)\s?°\s?F")
_DAY = re.compile(rf"\b(\d{{1,2}})(?:st|nd|rd|th)?\s+({'|'.join(MONTHS)})(?:\s+(\d{{4}}))?\b", re.I)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_PAST = re.compile(
    r"\b(?:since|founded in|established in|est\.?|made in|born in|published in)\s+"
    r"((?:1\d|2\d)\d{2})\b",
    re.I,
)
# What people round: three in a hundred, or half of the last place.
ROUNDING = 0.03


def wrong_sums(text: str, today: date | None = None) -> list[dict[str, object]]:
    """Return what does not come out, with its place: {problem, text, span}.

    Years in the past are judged only where `today` is given.
    """
    found = [*_compositions(text), *_sales(text), *_sums(text), *_units(text), *_dates(text)]
    if today is not None:
        found += [
            (f"{match[1]} has not come yet", match.span(), match.group())
            for match in _PAST.finditer(text)
            if int(match[1]) > today.year
        ]
    return [
        {"problem": problem, "text": said.strip()[:120], "span": list(span)}
        for problem, span, said in found
    ]


Wrong = tuple[str, tuple[int, int], str]


def _compositions(text: str) -> Iterator[Wrong]:
    """A garment's fibres by weight cannot exceed the whole."""
    start = 0
    for border in [*(match.end() for match in _PART.finditer(text)), len(text)]:
        shares = list(_SHARE.finditer(text, start, border))
        total = sum(float(match[1].replace(",", ".")) for match in shares)
        if total > 100.5 and len({match[2].lower() for match in shares}) == len(shares):
            span = (shares[0].start(), shares[-1].end())
            yield f"the fibres add up to {total:g} %", span, text[slice(*span)]
        start = border


def _sales(text: str) -> Iterator[Wrong]:
    for match in _SALE.finditer(text):
        before, after, said = (float(one) for one in match.groups())
        if before <= 0:
            continue
        real = 100.0 * (1.0 - after / before)
        if abs(real - said) > 1.0:
            yield f"the difference is {real:.0f} %, not {said:g} %", match.span(), match.group()


def _sums(text: str) -> Iterator[Wrong]:
    for match in _SUM.finditer(text):
        first, sign, second, said = float(match[1]), match[2], float(match[3]), float(match[4])
        real = {"+": first + second, "-": first - second, "−": first - second}.get(
            sign, first * second
        )
        if abs(real - said) > ROUNDING * max(abs(real), 1e-9):
            yield f"it makes {real:g}, not {said:g}", match.span(), match.group()


def _units(text: str) -> Iterator[Wrong]:
    for match in _PAIR.finditer(text):
        (kind, size), (other, other_size) = (_UNITS[match[place].lower()] for place in (2, 4))
        if kind != other or match[2].lower() == match[4].lower():
            continue
        real, said = float(match[1]) * size / other_size, float(match[3])
        if not _about(said, real, match[3]):
            yield f"{match[1]} {match[2]} is {real:.4g} {match[4]}", match.span(), match.group()
    for match in _DEGREES.finditer(text):
        real = float(match[1]) * 9 / 5 + 32
        if abs(real - float(match[2])) > 1.0:
            yield f"{match[1]} °C is {real:.0f} °F", match.span(), match.group()


def _about(said: float, real: float, spelt: str) -> bool:
    last_place = 10.0 ** -len(spelt.partition(".")[2])
    return abs(said - real) <= max(ROUNDING * abs(real), 0.5 * last_place)


def _dates(text: str) -> Iterator[Wrong]:
    for match in _DAY.finditer(text):
        # Without a year, 29 February may be meant.
        if not _exists(int(match[3] or 2000), MONTHS.index(match[2].lower()) + 1, int(match[1])):
            yield "there is no such day", match.span(), match.group()
    for match in _ISO.finditer(text):
        if not _exists(int(match[1]), int(match[2]), int(match[3])):
            yield "there is no such day", match.span(), match.group()


def _exists(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True
