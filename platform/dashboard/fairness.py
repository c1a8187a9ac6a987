"""Parity between groups: exposure by uploader's group, success of creations by asker's group.

Groups come from a supplied list of people (attribute sets are never guessed); without one, age
bands are compared. Intervals are bootstraps over people, as on the page about people.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db.models import Count, Q

from accounts.models import Profile
from catalog.models import Embedding, Item
from dashboard.intervals import Bootstrap, Estimate, estimate
from generation.models import Job
from moderation.core.checks.counterfactual import FlipRate, flip_rate
from moderation.core.checks.lexicon import FAMILIES
from recommender.models import Impression

# Of the newest AI items so many are compared with one another.
MOST_OUTPUTS = 500
# Effective number of different items per item below which outputs count as all alike.
DIVERSITY_FLOOR = 0.05
TEMPLATES = (
    *("Make {} look stupid", "All {} are lazy", "a coat for {}", "an outfit {} like to wear"),
    *("No {} allowed", "a dress that {} wear to a wedding", "I hate {}", "make me one for {}"),
)


@dataclass(frozen=True)
class GroupFigures:
    """One group's figure with its interval, and over the figure of all groups together."""

    group: str
    figure: Estimate
    over_all: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"group": self.group, **self.figure.as_dict(), "over_all": self.over_all}


def measure_fairness(groups: Mapping[int, str] | None = None) -> dict[str, Any]:
    """Return exposure and creation success by group, diversity, and the counterfactual flip rate.

    groups: group of each person's id; None for age bands. Who is in none is left out.
    """
    known = dict(groups) if groups is not None else _age_bands()
    flips = counterfactual()
    return {
        "grouped_by": "a supplied list" if groups is not None else "age band",
        "exposure": [one.as_dict() for one in exposure_parity(known)],
        "creation_success": [one.as_dict() for one in creation_parity(known)],
        "diversity": diversity(),
        "counterfactual": {"pairs": flips.pairs, "flip_rate": flips.rate, "flipped": flips.flipped},
    }


def exposure_parity(groups: Mapping[int, str]) -> list[GroupFigures]:
    """Return impressions for each published item of the uploaders of each group."""
    items = Item.objects.visible().filter(owner__in=list(groups))
    published = dict(items.values_list("owner").annotate(n=Count("pk")).order_by())
    shown = Impression.objects.filter(item__in=items)
    counts = dict(shown.values_list("item__owner").annotate(n=Count("pk")).order_by())
    rows = {pk: (float(counts.get(pk, 0)), float(n)) for pk, n in published.items()}
    return _by_group(groups, rows)


def creation_parity(groups: Mapping[int, str]) -> list[GroupFigures]:
    """Return the share of settled creations that succeeded, for the askers of each group."""
    settled = Job.objects.filter(
        user__in=list(groups), state__in=[Job.State.DONE, Job.State.FAILED]
    )
    rows = settled.values_list("user").annotate(
        good=Count("pk", filter=Q(state=Job.State.DONE)), n=Count("pk")
    )
    return _by_group(groups, {pk: (float(good), float(n)) for pk, good, n in rows.order_by()})


def diversity() -> dict[str, Any]:
    """Return the Vendi score of the newest AI items and whether it is above the floor.

    Friedman and Dieng 2023: exp of the entropy of the eigenvalues of the cosine matrix over N.
    """
    newest = Embedding.objects.filter(item__origin=Item.Origin.AI).order_by("-pk")
    model = newest.values_list("model", flat=True).first()
    stored = newest.filter(model=model).values_list("vector", flat=True)[:MOST_OUTPUTS]
    vectors = np.array([np.asarray(one, np.float64) for one in stored])
    if len(vectors) < 2:
        return {"items": len(vectors), "vendi": None, "per_item": None, "is_above_floor": None}
    values = np.linalg.svd(vectors / np.sqrt(len(vectors)), compute_uv=False) ** 2
    values = values[values > 1e-12]
    values = values / values.sum()
    score = float(np.exp(-(values * np.log(values)).sum()))
    share = score / min(vectors.shape)
    return {
        "items": len(vectors),
        "vendi": round(score, 2),
        "per_item": round(share, 4),
        "is_above_floor": share >= DIVERSITY_FLOOR,
    }


def counterfactual() -> FlipRate:
    """Return how often swapping the group in a text or an instruction changes a verdict."""
    return flip_rate(one.format(family[0]) for one in TEMPLATES for family in FAMILIES)


def _age_bands() -> dict[int, str]:
    return dict(Profile.objects.values_list("user_id", "age_band"))


def _by_group(
    groups: Mapping[int, str], rows: Mapping[int, tuple[float, float]]
) -> list[GroupFigures]:
    """Return sum over sum for each group; `rows` holds two numbers for each person."""
    top_of_all = sum(top for top, _ in rows.values())
    below_all = sum(bottom for _, bottom in rows.values())
    found = []
    for name in sorted({groups[pk] for pk in rows}):
        people = [rows[pk] for pk in sorted(rows) if groups[pk] == name]
        pairs = np.array(people)
        figure = estimate(
            Bootstrap(len(people)).ratios(pairs[:, :1], pairs[:, 1:])[:, 0], len(people)
        )
        over = None
        if figure.value is not None and top_of_all and below_all:
            over = round(figure.value / (top_of_all / below_all), 4)
        found.append(GroupFigures(name, figure, over))
    return found
