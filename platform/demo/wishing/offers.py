"""The feed between two wishes, and its offer to make something after several rejections.

As `feed.offers` does it: once for a run of rejections, of the garment and colour liked most.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from demo.wishing.people import (
    DRAWING_S,
    HUMAN,
    MADE,
    MAKE,
    QUEUE_S,
    SimPerson,
    Wish,
    draw_wish,
    make_item,
)
from demo.wishing.sitting import RETRIEVE_ONLY, Outcome, Sitting
from recommender.core.activation import Need, count_rejections, should_create
from recommender.core.rewards import cost_of

# Items of the feed that are looked at, and how much of a ranker's score is noise.
FEED_ITEMS, FEED_NOISE = 15, 1.0
FEWEST_LIKES, LIKES_READ = 2, 30
# Share of looks at the feed by who has another garment in mind than the feed knows of, and how much
# less all others please then.
MOOD_SHARE, MOOD = 0.3, 1.5
# Of the offers that are not taken up: how many are waved away, and what that and a mere glance at
# an offer take of a person's patience. The first is what the site counts, the second it cannot see.
WAVED_AWAY, DISMISSED, GLANCED = 0.5, 0.2, 0.05


def look_at_feed(sitting: Sitting, rng: np.random.Generator) -> Outcome | None:
    """Let the person look at some items of the feed; return what came of its offer, if it made one.

    The items themselves are the same for every player and earn nothing here.
    """
    person, corpus = sitting.person, sitting.corpus
    known = corpus.utilities(person.known_taste())
    spread = float(known.std()) or 1.0
    page = np.argsort(-(known + FEED_NOISE * spread * rng.normal(size=len(known))))[:FEED_ITEMS]
    sought = draw_wish(person, rng).target
    felt = corpus.utilities(person.taste)[page] / 2.0
    if rng.random() < MOOD_SHARE:
        felt = felt - MOOD * (corpus.attributes[page, 0] != sought[0])
    lots = rng.spawn(1)[0]
    offers = sitting.player.name != RETRIEVE_ONLY
    outcome = None
    for place, value in zip(page, felt, strict=True):
        response = person.respond(float(value), rng)
        person.remember(corpus.attributes[place], response, ai=HUMAN)
        if offers and outcome is None:
            outcome = _offer(person, sought, lots)
    return outcome


def _offer(person: SimPerson, sought: np.ndarray, rng: np.random.Generator) -> Outcome | None:
    """Offer what is liked most, which need not be what the person has in mind."""
    need = Need(rejections=count_rejections(person.rejected), ai_share=person.ai_share)
    offered = favourite(person)
    if not should_create(need) or offered is None:
        return None
    # Whatever is said to it, an offer settles the rejections before it.
    person.rejected.clear()
    if not person.accepts(rng):
        cost = DISMISSED if rng.random() < WAVED_AWAY else GLANCED
        return Outcome(-cost, -cost, -DISMISSED if cost == DISMISSED else 0.0, "retrieve")
    wait_s = DRAWING_S + float(rng.exponential(QUEUE_S))
    cost = cost_of("create", wait_s)
    made = make_item(person, Wish(offered, np.array([True, True, False]), MAKE), rng)
    if made is None:
        return Outcome(-cost, -cost, -cost, "create")
    wish = Wish(sought, np.array([True, True, True]), MAKE)
    felt = float(person.satisfaction(made[None], wish, ai=MADE)[0])
    response = person.respond(felt, rng)
    person.remember(made, response, ai=MADE)
    person.keep(made, MADE)
    return Outcome(felt - cost, felt - cost, response.value - cost, "create")


def favourite(person: SimPerson) -> np.ndarray | None:
    """Return what was liked most, (3,), its pattern left open; None after too few likes."""
    liked = person.likes[:LIKES_READ]
    if len(liked) < FEWEST_LIKES:
        return None
    kind = Counter(int(row[0]) for row in liked).most_common(1)[0][0]
    colour = Counter(int(row[1]) for row in liked if row[0] == kind).most_common(1)[0][0]
    return np.array([kind, colour, 0])
