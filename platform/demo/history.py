"""What the people of the demo world did before anybody signs in: they browsed, and said things."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from django.utils import timezone

from accounts.models import Profile, User
from catalog.models import Item
from demo.opinions import SPAN, Stay, draw_stay, give_opinions, video_lengths, watch
from demo.people import Act, Taste, Traits, browse, draw_chance, react, sample_taste
from demo.wishing.people import AI_SHARES, ASSISTED, ATTITUDE_SPREAD, MADE
from recommender.models import Impression, Interaction

# Items each viewer has browsed; the demo login fewer, so that there is much left for its feed.
BROWSES, LOGIN_BROWSES = 235, 60
LOGIN = "viewer"
# Of the items that AI had a part in, how many come up in somebody's feed who wants such items.
MEETS = 0.7
AI_PART = {Item.Origin.AI.value: MADE, Item.Origin.AI_ASSISTED.value: ASSISTED}


@dataclass
class Resident:
    """A viewer of the demo world, with what is never stored: taste, and what AI items are to them.

    acts: what they did with the items of people, by place among those items.
    """

    user: User
    taste: Taste
    stay: Stay
    ai_share: int
    attitude: float
    acts: list[Act] = field(default_factory=list)


@dataclass(frozen=True)
class Times:
    """From minutes of the demo world to moments."""

    begin: datetime

    @classmethod
    def until_now(cls) -> Times:
        """Return the times of a world that ends now."""
        return cls(timezone.now() - timedelta(minutes=SPAN))

    def at(self, minute: float) -> datetime:
        """Return the moment of a minute."""
        return self.begin + timedelta(minutes=minute)


def traits_of(items: Sequence[Item]) -> Traits:
    """Return items as the people see them: by garment, main colour, pattern and kind."""
    return Traits.of(
        [(one.garment_type, one.colours[0], one.pattern or "plain", one.kind) for one in items]
    )


def draw_residents(viewers: Sequence[User], seed: int) -> list[Resident]:
    """Return what the viewers are like, and store the share of AI that each of them set.

    The demo login keeps the share that everybody begins with.
    """
    rng = np.random.default_rng([seed, 3])
    tastes, habits = np.random.default_rng(seed + 1), np.random.default_rng(seed + 2)
    found = []
    for viewer in viewers:
        level = int(rng.choice(len(AI_SHARES), p=[chance for _, chance, _ in AI_SHARES]))
        share, _, mean = AI_SHARES[level]
        attitude = float(rng.normal(mean, ATTITUDE_SPREAD))
        taste, stay = sample_taste(tastes), draw_stay(habits)
        if viewer.username == LOGIN:
            share, stay = Profile.AiShare.LITTLE.value, Stay()
        else:
            Profile.objects.filter(user=viewer).update(ai_share=share)
        found.append(Resident(viewer, taste, stay, share, attitude))
    return found


def make_history(
    residents: Sequence[Resident], items: Sequence[Item], times: Times, seed: int
) -> int:
    """Let everybody browse the published ones by their taste and say what they think of some.

    Returns how many interactions that made.
    """
    shown = [item for item in items if item.is_public]
    traits, lengths = traits_of(shown), video_lengths(shown)
    interactions: list[Interaction] = []
    impressions: list[Impression] = []
    for number, one in enumerate(residents):
        rng = np.random.default_rng([seed, 4, number])
        count = LOGIN_BROWSES if one.user.username == LOGIN else BROWSES
        one.acts = browse(one.taste, traits, rng, count)
        chance = np.minimum(1.0, BROWSES * draw_chance(one.taste, traits))
        _store(one, shown, one.acts, chance, times, rng, lengths, interactions, impressions)
        one.user.date_joined = times.at(one.stay.joined)
    User.objects.bulk_update([one.user for one in residents], ["date_joined"])
    return _keep(interactions, impressions, np.random.default_rng([seed, 5]))


def meet(
    residents: Sequence[Resident],
    made: Sequence[Item],
    minutes: dict[int, float],
    times: Times,
    seed: int,
) -> int:
    """Let people meet items that AI had a part in, and react by taste and by what AI is to them.

    minutes: when each item came out. Who wants no AI meets those alone that somebody only edited.
    Returns how many interactions that made.
    """
    shown = [item for item in made if item.is_public]
    if not shown:
        return 0
    traits, lengths = traits_of(shown), video_lengths(shown)
    interactions: list[Interaction] = []
    impressions: list[Impression] = []
    for number, one in enumerate(residents):
        rng = np.random.default_rng([seed, 6, number])
        utility = one.taste.utility(traits)
        acts: list[Act] = []
        for place, item in enumerate(shown):
            lot, hours = rng.random(), float(rng.uniform(0.2, 60))
            minute = minutes[item.pk] + 60 * hours
            wanted = one.ai_share > 0 or item.origin != Item.Origin.AI
            if not wanted or lot >= MEETS or not one.stay.joined < minute < one.stay.left - 5:
                continue
            felt = float(utility[place]) + one.attitude * AI_PART[item.origin]
            acts += react(one.taste, felt, rng, place, minute)
        chance = np.full(len(shown), MEETS)
        _store(one, shown, acts, chance, times, rng, lengths, interactions, impressions, Stay())
    return _keep(interactions, impressions, np.random.default_rng([seed, 7]))


def _store(
    one: Resident,
    shown: Sequence[Item],
    acts: Sequence[Act],
    chance: np.ndarray,
    times: Times,
    rng: np.random.Generator,
    lengths: dict[int, float],
    interactions: list[Interaction],
    impressions: list[Impression],
    stay: Stay | None = None,
) -> None:
    """Add the rows of what one person did, with what they were shown for it.

    stay: over which the acts' minutes are spread; the person's own unless it is given.
    """
    stay = stay or one.stay
    feed_id = uuid.UUID(int=int(rng.integers(2**62)))
    for act in [*acts, *watch(acts, shown, lengths)]:
        interactions.append(
            Interaction(
                user=one.user,
                item=shown[act.item],
                kind=act.kind,
                value=act.value,
                created_at=times.at(stay.moment(act.minute)),
            )
        )
    for position, place in enumerate(dict.fromkeys(act.item for act in acts), 1):
        impressions.append(
            Impression(
                user=one.user,
                item=shown[place],
                feed_id=feed_id,
                position=position,
                source="demo",
                policy="demo-browse",
                propensity=float(chance[place]),
            )
        )


def _keep(
    interactions: list[Interaction], impressions: list[Impression], rng: np.random.Generator
) -> int:
    Interaction.objects.bulk_create(interactions, batch_size=2000)
    Impression.objects.bulk_create(impressions, batch_size=2000)
    give_opinions(interactions, rng)
    return len(interactions)
