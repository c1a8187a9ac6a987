"""The people of the demo world talk to the instructor: wishes, decisions with their propensities.

The rules, the arms they leave open, features and rewards are the site's own code; the items are the
site's, and what is made is made by the site's own creator. What people do follows from their hidden
taste. So an operator sees a log of policies from the start, and training has something to learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from catalog.models import Embedding, Item
from demo.history import Resident, traits_of
from demo.people import Act
from demo.wishing.people import (
    DESIRE,
    HUMAN,
    MADE,
    MAKE,
    Corpus,
    SimPerson,
    Wish,
    draw_wish,
)
from demo.wishing.sitting import Found, Outcome, Player, Sitting
from recommender.core.decision import Decision
from recommender.core.dialogue import State
from recommender.core.policy import MAX_EXPLORATION, Arm
from recommender.core.rewards import Response, cost_of, reward_of
from recommender.services import user_vector_model

# Wishes of each viewer, and of the creations how many go to who asks for one outright.
WISHES, ASKED_FOR = 8, 0.5
# Minutes between two wishes at least: what is done with a thing is put down to the one before it.
APART = 45.0


@dataclass
class Budget:
    """How many creations may still be made in all, and for who asks outright."""

    left: int
    asked: int

    def spend(self) -> None:
        """Use one up."""
        self.left -= 1


@dataclass
class Step:
    """One decision and what came of it. wish_at: when, in minutes of the demo world."""

    resident: Resident
    minute: float
    wish: Wish
    decision: Decision
    arm: Arm
    chances: dict[Arm, float]
    seen: np.ndarray
    # The rules' own arm.
    rule: Arm
    places: list[int] = field(default_factory=list)
    responses: list[tuple[int, Response]] = field(default_factory=list)
    reward: float = 0.0
    # Of what is to be made: how long it takes from asking on, and the likes that guide it.
    wait_s: float | None = None
    liked: tuple[int, ...] = ()

    @property
    def is_made(self) -> bool:
        """Whether something is made for it, which is looked at once it is there."""
        return self.wait_s is not None


@dataclass(frozen=True)
class Shelf:
    """The public items that wishes are answered from, with their vectors where there are any."""

    items: Sequence[Item]
    corpus: Corpus
    vectors: np.ndarray  # (N, D), rows of zeros for items without one

    @classmethod
    def of(cls, items: Sequence[Item]) -> Shelf:
        """Build from published items."""
        traits = traits_of(items)
        corpus = Corpus(
            np.stack([traits.types, traits.colours, traits.patterns], axis=1), traits.videos
        )
        rows = dict(
            Embedding.objects.filter(
                item__in=[one.pk for one in items], model=user_vector_model() or ""
            ).values_list("item_id", "vector")
        )
        width = len(next(iter(rows.values()), [0.0]))
        blank = np.zeros(width, dtype=np.float32)
        vectors = [np.asarray(rows.get(one.pk, blank), dtype=np.float32) for one in items]
        return cls(items, corpus, np.stack(vectors))


def ask_everybody(
    residents: Sequence[Resident], shelf: Shelf, budget: Budget, seed: int
) -> list[Step]:
    """Return everybody's decisions, by person and then by time.

    What is to be made is not there yet: `look_at_made` goes on from there.
    """
    steps: list[Step] = []
    for number, one in enumerate(residents):
        rng = np.random.default_rng([seed, 8, number])
        latest = one.stay.left - 120 - WISHES * APART
        minutes = np.sort(rng.uniform(one.stay.joined + 60, latest, size=WISHES))
        minutes += APART * np.arange(WISHES)
        talk = Talk(one, shelf, budget, number)
        for minute in minutes:
            talk.wish_at(float(minute), rng)
        steps += talk.steps
    return steps


def look_at_made(step: Step, item: Item | None, rng: np.random.Generator) -> None:
    """Let the person look at what was made for them; None where it did not come to be shown."""
    assert step.wait_s is not None
    if item is None:
        step.reward = -cost_of(step.arm, step.wait_s)
        return
    traits = traits_of([item])
    row = np.stack([traits.types, traits.colours, traits.patterns], axis=1)
    person = _as_person(step.resident)
    felt = float(person.satisfaction(row, step.wish, ai=MADE)[0])
    response = person.respond(felt, rng)
    step.responses = [(-1, response)]
    step.reward = reward_of(step.arm, [response], step.wait_s)


def _as_person(one: Resident) -> SimPerson:
    return SimPerson(one.taste, one.ai_share, one.attitude)


class Talk(Sitting):
    """One person's talk with the instructor about the site's own items."""

    def __init__(self, one: Resident, shelf: Shelf, budget: Budget, number: int) -> None:
        player = Player("rules", exploration=MAX_EXPLORATION)
        super().__init__(_as_person(one), shelf.corpus, player, number, None)
        self.resident, self.shelf, self.budget = one, shelf, budget
        self.steps: list[Step] = []
        self.minute = 0.0
        # What was done with the feed so far, oldest first, and places of liked items.
        self.ahead: list[Act] = sorted(one.acts, key=lambda act: act.minute)
        self.liked: list[int] = []

    def wish_at(self, minute: float, rng: np.random.Generator) -> None:
        """Let the person wish for something at this minute, knowing what they did before it."""
        self._browse_until(minute)
        self.minute = minute
        wish = draw_wish(self.person, rng)
        if wish.mode == MAKE and (self.budget.asked <= 0 or self.budget.left <= 0):
            wish = Wish(wish.target, wish.said, DESIRE)
        self.answer(wish, rng)

    def _browse_until(self, minute: float) -> None:
        """Remember what was done with the feed before this minute."""
        while self.ahead and self.resident.stay.moment(self.ahead[0].minute) < minute:
            act = self.ahead.pop(0)
            if act.kind == "dwell":
                # Seen, and not judged unless an act on the same item follows.
                judged = next((one for one in self.ahead if one.item == act.item), None)
                kinds = frozenset((judged.kind,)) if judged else frozenset()
                self._keep(act.item, Response(kinds, act.value))

    def _keep(self, place: int, response: Response) -> None:
        self.person.remember(self._item(place), response, ai=HUMAN)
        if response.value == 1.0:
            self.liked.append(place)

    # ---- what differs from a sitting before an imagined corpus ---------------------------------

    def _turn(self, wish: Wish, state: State, rng: np.random.Generator) -> Outcome:
        at = len(self.steps)
        outcome = super()._turn(wish, state, rng)
        if at < len(self.steps) and not self.steps[at].is_made:
            self.steps[at].reward = outcome.reward
        return outcome

    def _decided(
        self,
        wish: Wish,
        decision: Decision,
        arm: Arm,
        chances: dict[Arm, float],
        seen: np.ndarray,
        allowed: tuple[Arm, ...],
    ) -> None:
        later = 0.5 * sum(step.minute >= self.minute for step in self.steps)
        step = Step(
            self.resident, self.minute + later, wish, decision, arm, chances, seen, allowed[0]
        )
        self.steps.append(step)

    def _problem(self) -> str:
        return "" if self.budget.left > 0 else "Nothing more can be made today."

    def _takes_offer(self, rng: np.random.Generator) -> bool:
        # The few creations of a fresh world go to who asks outright, and to chance.
        return False

    def _similarity(self, found: Found) -> float:
        """Return the cosine of the best card to the mean of what was liked, as the site does."""
        cards = found.places[found.places < len(self.shelf.items)]
        if not self.liked or not len(cards):
            return 0.0
        mean = self.shelf.vectors[self.liked[-50:]].mean(axis=0)
        length = float(np.linalg.norm(mean))
        return float((self.shelf.vectors[cards] @ (mean / length)).max()) if length else 0.0

    def _show(self, found: Found, wish: Wish, rng: np.random.Generator) -> Outcome:
        self.steps[-1].places = [int(place) for place in found.places]
        return super()._show(found, wish, rng)

    def _respond(self, place: int, felt: float, rng: np.random.Generator) -> Response:
        response = self.person.respond(felt, rng)
        self._keep(place, response)
        self.steps[-1].responses.append((place, response))
        return response

    def _create(self, wish: Wish, wait_s: float, rng: np.random.Generator) -> Outcome:
        step = self.steps[-1]
        step.wait_s = wait_s
        step.liked = tuple(self.shelf.items[place].pk for place in reversed(self.liked[-12:]))
        self.budget.spend()
        if wish.mode == MAKE:
            self.budget.asked -= 1
        self.person.rejected.clear()
        return Outcome(0.0, 0.0, 0.0, "create")
