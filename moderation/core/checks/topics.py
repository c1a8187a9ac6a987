"""Rules for regulated topics, by jurisdiction; `topics.json` says what sets one off and heals it.

A rule is broken where its trigger stands in the words and none of the required phrases does
anywhere in them. Each rule carries examples that break it, keep it, and lie just on the border;
the tests run them all. This is a filter for people to look at, no legal advice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from moderation.core.checks.folding import folded

_FILE = Path(__file__).with_name("topics.json")


@dataclass(frozen=True)
class TopicRule:
    """One rule; `trigger`, `unless` and `requires` are patterns on folded text."""

    id: str
    topic: str
    jurisdiction: str
    source: str
    version: str
    message: str
    trigger: re.Pattern[str]
    requires: re.Pattern[str] | None
    examples: Mapping[str, list[str]]


@dataclass(frozen=True)
class Broken:
    """A broken rule and the words that set it off."""

    rule: TopicRule
    field: str
    text: str

    def as_dict(self) -> dict[str, Any]:
        """Return it as evidence."""
        rule = self.rule
        return {
            "rule": rule.id,
            "topic": rule.topic,
            "jurisdiction": rule.jurisdiction,
            "source": rule.source,
            "version": rule.version,
            "message": rule.message,
            "field": self.field,
            "text": self.text[:120],
        }


@lru_cache(maxsize=1)
def load_rules() -> tuple[TopicRule, ...]:
    """Return all shipped rules."""
    rows = json.loads(_FILE.read_text())["rules"]
    return tuple(
        TopicRule(
            id=row["id"],
            topic=row["topic"],
            jurisdiction=row["jurisdiction"],
            source=row["source"],
            version=row["version"],
            message=row["message"],
            trigger=re.compile(row["trigger"], re.I),
            requires=re.compile(row["requires"], re.I) if row.get("requires") else None,
            examples=row["examples"],
        )
        for row in rows
    )


def broken_rules(texts: Mapping[str, str], jurisdictions: Collection[str] = ()) -> list[Broken]:
    """Return the rules that these words break, of these jurisdictions (none given: of all)."""
    plain = {name: folded(text) for name, text in texts.items()}
    whole = "\n".join(plain.values())
    found = []
    for rule in load_rules():
        if jurisdictions and rule.jurisdiction not in jurisdictions:
            continue
        if rule.requires is not None and rule.requires.search(whole):
            continue
        for field, text in plain.items():
            match = rule.trigger.search(text)
            if match is not None:
                found.append(Broken(rule, field, match.group()))
                break
    return found
