"""One wish after another, answered as the site answers it: the same rules, choices and rewards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from common.vocabulary import PATTERNS, TYPES
from evaluation.policies.people import (
    COLOUR_NAMES,
    CONTENT,
    DESIRE,
    DRAWING_S,
    FIND,
    MAKE,
    QUEUE_S,
    Corpus,
    SimPerson,
    Wish,
    draw_person,
    draw_wish,
    make_item,
)
from recommender.core.activation import count_rejections
from recommender.core.decision import Context, Decision
from recommender.core.dialogue import Slots, State, Understanding
from recommender.core.instructor import decide
from recommender.core.offpolicy import Log
from recommender.core.policy import (
    ARMS,
    Arm,
    LinearPolicy,
    as_vector,
    features,
    mix,
    pick,
    shrunk_mean,
)
from recommender.core.rewards import Response, cost_of, reward_of
from recommender.core.steering import allowed_arms, carry

SHOWN = 6
WISHES_A_SESSION = 3
RETRIEVE_ONLY = "retrieve-only"


@dataclass(frozen=True)
class Player:
    """Who answers: the rules (`policy` None) or a learned policy, or never more than retrieval."""

    name: str
    policy: LinearPolicy | None = None
    exploration: float = 0.0


@dataclass
class Diary:
    """Decisions with a choice, as the site logs them."""

    rows: list[tuple[np.ndarray, int, np.ndarray, float, int, int]] = field(default_factory=list)

    def as_log(self) -> Log:
        """Return the decisions as arrays."""
        contexts, arms, chances, rewards, people, rules = zip(*self.rows, strict=True)
        return Log(
            np.stack(contexts),
            np.array(arms),
            np.stack(chances),
            np.array(rewards),
            np.array(people),
            np.array(rules),
        )


@dataclass(frozen=True)
class Outcome:
    """What a decision came to, less costs, and the reward that was seen.

    satisfaction: true, the mean over what the person looked at; best: of these, the best alone.
    """

    satisfaction: float
    best: float
    reward: float
    arm: Arm

    def less(self, cost: float, arm: Arm) -> Outcome:
        """Return the outcome after a cost, as that of an arm."""
        return Outcome(self.satisfaction - cost, self.best - cost, self.reward - cost, arm)


class Sitting:
    """One person before one corpus, answered by one player."""

    def __init__(
        self, person: SimPerson, corpus: Corpus, player: Player, number: int, diary: Diary | None
    ) -> None:
        self.person, self.corpus, self.player = person, corpus, player
        self.number, self.diary = number, diary

    def answer(self, wish: Wish, rng: np.random.Generator) -> Outcome:
        """Return what came of a wish; the person remembers, and so does the site."""
        if self.player.name == RETRIEVE_ONLY:
            return self._show(self._found(wish)[2], wish, rng)
        return self._turn(wish, State(), rng)

    # ---- deciding ------------------------------------------------------------------------------

    def _turn(self, wish: Wish, state: State, rng: np.random.Generator) -> Outcome:
        exact, near, cards = self._found(wish)
        wanted = slots_of(wish)
        state = replace(state, wanted=wanted)
        heard = Understanding(
            text="",
            wanted=wanted,
            is_make=wish.mode == MAKE,
            is_find=wish.mode == FIND,
            is_desire=wish.mode == DESIRE,
        )
        context = Context(
            matches=min(exact, SHOWN),
            near=min(near, SHOWN),
            rejections=count_rejections(self.person.rejected),
            ai_share=self.person.ai_share,
            liked=len(self.person.likes),
        )
        rules = decide(heard, state, context)
        allowed = allowed_arms(heard, state, context, rules)
        wait_s = DRAWING_S + float(rng.exponential(QUEUE_S))
        seen = self._features(context, wish, cards, wait_s)
        lot = float(rng.random())
        arm, chances = self._choose(allowed, seen, lot)
        decision = carry(arm, rules, heard, state, context)
        outcome = self._carry_out(arm, decision, wish, state, cards, wait_s, rng)
        if self.diary is not None and len(allowed) > 1:
            row = np.array([chances.get(one, 0.0) for one in ARMS])
            rule = ARMS.index(allowed[0])
            self.diary.rows.append((seen, ARMS.index(arm), row, outcome.reward, self.number, rule))
        return outcome

    def _choose(
        self, allowed: tuple[Arm, ...], seen: np.ndarray, lot: float
    ) -> tuple[Arm, dict[Arm, float]]:
        rule, policy = allowed[0], self.player.policy
        best = rule if policy is None else policy.best(seen, allowed, rule)
        chances = mix(best, allowed, self.player.exploration)
        return pick(chances, lot), chances

    def _features(
        self, context: Context, wish: Wish, cards: np.ndarray, wait_s: float
    ) -> np.ndarray:
        return as_vector(
            features(
                rejections=context.rejections,
                matches=context.matches,
                near=context.near,
                similarity=self._similarity(cards),
                said=int(wish.said.sum()),
                ai_satisfaction=shrunk_mean(self.person.ai_opinions[:50]),
                ai_share=context.ai_share,
                wait_s=wait_s,
                desires=wish.mode == DESIRE,
            )
        )

    def _similarity(self, cards: np.ndarray) -> float:
        """Return how near the best card is to the known taste, -1 to 1: a stand-in for a cosine."""
        if not len(cards):
            return 0.0
        return float(np.tanh(self._known_utilities(cards).max() / 2.0))

    # ---- carrying out --------------------------------------------------------------------------

    def _carry_out(
        self,
        arm: Arm,
        decision: Decision,
        wish: Wish,
        state: State,
        cards: np.ndarray,
        wait_s: float,
        rng: np.random.Generator,
    ) -> Outcome:
        if arm == "create":
            return self._create(wish, wait_s, rng)
        offers = decision.pending.get("slot") == "make"
        if arm == "ask" and not offers:
            return self._narrow(wish, state, rng)
        shown = self._show(cards if arm == "retrieve" else cards[:0], wish, rng)
        content = arm == "retrieve" and shown.best >= CONTENT
        if not offers or content or not self.person.accepts(rng):
            return shown.less(cost_of(arm), arm)
        # What was made in the end is what the person has, and may still go back from.
        made = self._create(wish, wait_s, rng).less(cost_of("ask"), arm)
        return replace(made, best=max(made.best, shown.best))

    def _show(self, cards: np.ndarray, wish: Wish, rng: np.random.Generator) -> Outcome:
        """Show items, best first as the site knows them.

        The person looks from the top and stops at the first that contents them (the cascade model:
        Craswell et al. 2008). Nothing to show is worth 0.
        """
        if not len(cards):
            return Outcome(0.0, 0.0, 0.0, "retrieve")
        felt = self.person.satisfaction(cards, wish)
        contents = np.flatnonzero(felt >= CONTENT)
        looked = int(contents[0]) + 1 if len(contents) else len(cards)
        seen = list(zip(cards[:looked], felt[:looked], strict=True))
        responses = [self._respond(item, float(value), rng) for item, value in seen]
        seen_felt = felt[:looked]
        reward = reward_of("retrieve", responses)
        return Outcome(float(seen_felt.mean()), float(seen_felt.max()), reward, "retrieve")

    def _respond(
        self, item: np.ndarray, felt: float, rng: np.random.Generator, *, ai: bool = False
    ) -> Response:
        response = self.person.respond(float(felt), rng)
        self.person.remember(item, response, ai=ai)
        return response

    def _create(self, wish: Wish, wait_s: float, rng: np.random.Generator) -> Outcome:
        made = make_item(self.person, wish, rng)
        cost = cost_of("create", wait_s)
        # A creation settles the rejections before it.
        self.person.rejected.clear()
        if made is None:
            return Outcome(-cost, -cost, -cost, "create")
        felt = float(self.person.satisfaction(made[None], wish, ai=True)[0])
        response = self._respond(made, felt, rng, ai=True)
        reward = reward_of("create", [response], wait_s)
        return Outcome(felt - cost, felt - cost, reward, "create")

    def _narrow(self, wish: Wish, state: State, rng: np.random.Generator) -> Outcome:
        """Ask for the next detail; the person says it, and the answer is decided upon anew."""
        said = wish.said.copy()
        said[1 if not said[1] else 2] = True
        after = self._turn(replace(wish, said=said), replace(state, last_action="ask"), rng)
        return after.less(cost_of("ask"), "ask")

    # ---- the corpus ----------------------------------------------------------------------------

    def _found(self, wish: Wish) -> tuple[int, int, np.ndarray]:
        """Return how many items fit, how many share the garment only, and the (K, 3) shown."""
        items = self.corpus.attributes
        same = items[items[:, 0] == wish.target[0]]
        fits = ((same == wish.target) | ~wish.said).all(axis=1)
        pool = same[fits] if fits.any() else same
        best = np.argsort(-self._known_utilities(pool), kind="stable")[:SHOWN]
        return int(fits.sum()), int((~fits).sum()), pool[best]

    def _known_utilities(self, items: np.ndarray) -> np.ndarray:
        return Corpus(items, np.zeros(len(items))).utilities(self.person.known_taste())


def slots_of(wish: Wish) -> Slots:
    """Return what is said of a wish as the instructor hears it."""
    kind, colour, pattern = wish.target
    return Slots(
        types=(TYPES[kind],),
        colours=(COLOUR_NAMES[colour],) if wish.said[1] else (),
        patterns=(PATTERNS[pattern],) if wish.said[2] else (),
    )


def play(
    corpus: Corpus,
    player: Player,
    *,
    people: int,
    sessions: int,
    seed: tuple[int, ...],
    diary: Diary | None = None,
) -> np.ndarray:
    """Return (P, S, 2) true satisfaction and that of the best item, summed over each session.

    Who the people are, what they wish, and the lots that decide are the same for every player.
    """
    found = np.zeros((people, sessions, 2))
    for number in range(people):
        person = draw_person(np.random.default_rng([*seed, number]), corpus)
        sitting = Sitting(person, corpus, player, number, diary)
        for session in range(sessions):
            for turn in range(WISHES_A_SESSION):
                rng = np.random.default_rng([*seed, number, session, turn])
                wish = draw_wish(person, rng)
                outcome = sitting.answer(wish, rng)
                found[number, session] += (outcome.satisfaction, outcome.best)
    return found
