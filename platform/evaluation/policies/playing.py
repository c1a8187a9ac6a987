"""Sessions of simulated people: a look at the feed with its offers, then a few wishes."""

from __future__ import annotations

import numpy as np

from demo.wishing.offers import look_at_feed
from demo.wishing.people import Corpus, draw_person, draw_wish
from demo.wishing.sitting import Diary, Player, Sitting

WISHES_A_SESSION = 3
# What `play` returns of each session, in its last axis.
SATISFACTION, BEST, OFFERED, ACCEPTED, OF_OFFERS = range(5)
FEED_STREAM = 97


def play(
    corpus: Corpus,
    player: Player,
    *,
    people: int,
    sessions: int,
    seed: tuple[int, ...],
    diary: Diary | None = None,
) -> np.ndarray:
    """Return (P, S, 5), summed over each session.

    True satisfaction with wishes and offers; the same had only the best item counted; offers made;
    offers accepted; and the part of the satisfaction that came of offers. Who the people are, what
    they wish, and the lots that decide are the same for every player.
    """
    found = np.zeros((people, sessions, 5))
    for number in range(people):
        person = draw_person(np.random.default_rng([*seed, number]), corpus)
        sitting = Sitting(person, corpus, player, number, diary)
        for session in range(sessions):
            feed = np.random.default_rng([*seed, number, session, FEED_STREAM])
            if offer := look_at_feed(sitting, feed):
                taken = float(offer.arm == "create")
                made = (offer.satisfaction, offer.best, 1.0, taken, offer.satisfaction)
                found[number, session] += made
            for turn in range(WISHES_A_SESSION):
                rng = np.random.default_rng([*seed, number, session, turn])
                outcome = sitting.answer(draw_wish(person, rng), rng)
                found[number, session, :2] += (outcome.satisfaction, outcome.best)
    return found
