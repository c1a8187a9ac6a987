"""Faithful paraphrases and corrupted copies of the shipped facts, made by rules.

The rules here share no table with the check that they test: names are taken from the facts
themselves, and the check never sees which rule made a sentence.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
    *("October", "November", "December"),
)
_NAMES = re.compile(r"(?<=[a-z,] )[A-Z][a-zA-Z]+(?: [A-Z][a-zA-Z]+)*")
_DATES = re.compile(rf"\b(?:\d{{1,2}} )?(?:{'|'.join(MONTHS)}) \d{{4}}\b")
_NUMBERS = re.compile(r"(?<![\w.,])\d+(?:[.,]\d+)?(?![\w]|[.,]\d)")
_MATERIALS = ("cotton", "wool", "silk", "linen", "polyester", "leather")
_REWORDINGS = (
    (" must ", " has to "),
    (" must ", " is obliged to "),
    (" is used for ", " serves for "),
    (" are used for ", " serve for "),
    (" mostly ", " largely "),
    (" often ", " frequently "),
    (" usually ", " as a rule "),
    (" so that ", " in such a way that "),
    (" such as ", " for example "),
    (" because ", " since "),
    (" states ", " gives "),
    (" made of ", " produced from "),
    (" it is ", " it's "),
    (" does not ", " doesn't "),
    (" do not ", " don't "),
    (" is not ", " isn't "),
    (" per cent", " %"),
    (" %", " percent"),
    ("In the EU ", "Within the European Union, "),
    (" in the EU ", " in the European Union "),
    (" with ", " together with "),
    (" two ", " 2 "),
    (" three ", " 3 "),
    (" shows ", " displays "),
    (" begins ", " starts "),
    (" large ", " big "),
    (" whole ", " entire "),
)
_OPENINGS = ("According to the source, ", "It is a fact that ", "In short: ", "")


@dataclass(frozen=True)
class Fact:
    key: str
    title: str
    text: str
    half: str


def load_facts(folder: Path) -> list[Fact]:
    """Return the shipped facts, halved by a hash of their keys: "develop" and "test"."""
    facts = []
    for path in sorted(folder.glob("*.json")):
        for row in json.loads(path.read_text())["facts"]:
            half = "develop" if zlib.crc32(row["key"].encode()) % 2 else "test"
            facts.append(Fact(row["key"], row["title"], row["text"], half))
    return facts


def sentences(fact: Fact) -> list[str]:
    """Return the fact's sentences of eight words and more: shorter ones lean on others."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", fact.text)
    return [part for part in parts if len(part.split()) >= 8]


def paraphrases(sentence: str) -> Iterator[tuple[str, str]]:
    """Yield (rule, sentence) that say the same in other words."""
    reworded = sentence
    for old, new in _REWORDINGS:
        if old in sentence:
            yield f"reword{old.rstrip()}", sentence.replace(old, new, 1)
            reworded = reworded.replace(old, new, 1)
    if reworded != sentence:
        yield "all rewordings", reworded
    for opening in _OPENINGS[:3]:
        lowered = sentence if sentence[1:2].isupper() else sentence[0].lower() + sentence[1:]
        yield "opening", opening + lowered
    if place := re.match(r"(In [^,]{2,40}?) (?=[a-z])(.*)\.$", sentence):
        yield "place last", f"{place[2][0].upper()}{place[2][1:]}, {place[1].lower()}."
    if sentence.count(",") >= 2:
        yield "last clause dropped", sentence.rpartition(",")[0] + "."
    if match := _DATES.search(sentence):
        day, _, rest = match.group().partition(" ")
        if day.isdigit():
            month, year = rest.split()
            swapped = f"{month} {day}, {year}"
            yield "date respelt", sentence.replace(match.group(), swapped, 1)


def corruptions(
    sentence: str, names: list[str], lot: np.random.Generator
) -> Iterator[tuple[str, str]]:
    """Yield (operator, sentence) with one swap that changes what it says."""
    dates = list(_DATES.finditer(sentence))
    for match in dates:
        year = int(match.group()[-4:])
        other = f"{match.group()[:-4]}{year + int(lot.integers(1, 9))}"
        yield "date", sentence[: match.start()] + other + sentence[match.end() :]
    for match in _NUMBERS.finditer(sentence):
        if any(one.start() <= match.start() < one.end() for one in dates):
            continue
        value = float(match.group().replace(",", ""))
        other = f"{value + max(1, round(value * lot.uniform(0.1, 0.9))):g}"
        yield "number", sentence[: match.start()] + other + sentence[match.end() :]
    for match in list(_NAMES.finditer(sentence))[:2]:
        pick = [name for name in names if name not in sentence and match.group() not in name]
        if pick:
            other = str(lot.choice(pick))
            yield "entity", sentence[: match.start()] + other + sentence[match.end() :]
    for material in _MATERIALS:
        if match := re.search(rf"\b{material}\b", sentence):
            pick = [one for one in _MATERIALS if one not in sentence]
            if pick:
                other = str(lot.choice(pick))
                yield "entity", sentence[: match.start()] + other + sentence[match.end() :]
                break
    if match := re.search(r"\b(?:is|are|must|may|was|were|can|has to)\b", sentence):
        if re.match(r" not\b", sentence[match.end() :]):
            yield "negation", sentence[: match.end()] + sentence[match.end() + 4 :]
        else:
            yield "negation", sentence[: match.end()] + " not" + sentence[match.end() :]


def names_of(facts: list[Fact]) -> list[str]:
    """Return the names that the facts' sentences hold."""
    found = {name for fact in facts for name in _NAMES.findall(fact.text)}
    return sorted(found)
