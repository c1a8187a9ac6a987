"""One wish after another, answered as the site answers it: the same rules, choices and rewards."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from common.vocabulary import PATTERNS, TYPES
from demo.wishing.people import (
    ASSISTED,
    CHANGE,
    COLOUR_NAMES,
    CONTENT,
    DESIRE,
    DRAWING_S,
    EDITING_S,
    FIND,
    HUMAN,
    MADE,
    MAKE,
    QUEUE_S,
    Corpus,
    SimPerson,
    Wish,
    edit_item,
    make_item,
)
from recommender.core.activation import count_rejections
from recommender.core.decision import Context, Decision
from recommender.core.dialogue import ShownItem, Slots, State, Understanding
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
RETRIEVE_ONLY = "retrieve-only"
OPINIONS = 50


@dataclass(frozen=True)
class Player:
    """Who answers: the rules (`policy` None) or a learned policy, or never more than retrieval.

    tried, share: a policy on trial, and how often its arm is taken where it departs.
    """

    name: str
    policy: LinearPolicy | None = None
    exploration: float = 0.0
    tried: LinearPolicy | None = None
    share: float = 0.0


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


@dataclass(frozen=True)
class Found:
    """What answers a wish: how many items fit and how many share the garment, and the cards.

    places: (K,) which items the cards are; from the corpus' size on, the person's own in order.
    own: the place of the first near card that is the person's own.
    """

    exact: int
    near: int
    places: np.ndarray
    own: int | None = None

    def none(self) -> Found:
        """Return it with nothing to show."""
        return replace(self, places=self.places[:0])


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
            return self._show(self._find(wish), wish, rng)
        return self._turn(wish, State(), rng)

    # ---- deciding ------------------------------------------------------------------------------

    def _turn(self, wish: Wish, state: State, rng: np.random.Generator) -> Outcome:
        found = self._find(wish)
        own = self._own_card(found)
        wanted = slots_of(wish)
        state = replace(state, wanted=wanted)
        heard, known = self._heard(wish, wanted)
        context = Context(
            matches=min(found.exact, SHOWN),
            near=min(found.near, SHOWN),
            rejections=count_rejections(self.person.rejected),
            ai_share=self.person.ai_share,
            liked=len(self.person.likes),
            known={one.id: one for one in (known, own) if one is not None},
            shown=[known] if known else (),
            problem=self._problem(),
        )
        rules = decide(heard, state, context)
        allowed = allowed_arms(heard, state, context, rules, own)
        if not allowed:
            # It was only answered: that nothing can be made now.
            return Outcome(0.0, 0.0, 0.0, "retrieve")
        wait_s = self._wait(rng)
        seen = self._features(context, wish, found, DRAWING_S + wait_s)
        lot = float(rng.random())
        arm, chances = self._choose(allowed, seen, lot)
        decision = carry(arm, rules, heard, state, context, own)
        self._decided(wish, decision, arm, chances, seen, allowed)
        outcome = self._carry_out(arm, decision, wish, state, found, wait_s, rng)
        if self.diary is not None and len(allowed) > 1:
            row = np.array([chances.get(one, 0.0) for one in ARMS])
            rule = ARMS.index(allowed[0])
            self.diary.rows.append((seen, ARMS.index(arm), row, outcome.reward, self.number, rule))
        return outcome

    def _heard(self, wish: Wish, wanted: Slots) -> tuple[Understanding, ShownItem | None]:
        """Return what the instructor hears, and the own picture that "mine" points at."""
        mine = self._mine(wish) if wish.mode == CHANGE else None
        heard = Understanding(
            text="",
            wanted=replace(wanted, types=()) if mine else wanted,
            is_make=wish.mode == MAKE or (wish.mode == CHANGE and mine is None),
            is_find=wish.mode == FIND,
            is_desire=wish.mode == DESIRE,
            is_edit=mine is not None,
            references=(mine.id,) if mine else (),
        )
        return heard, mine

    def _mine(self, wish: Wish) -> ShownItem | None:
        """Return the newest own picture of the wished garment; none where one is the wish."""
        own = self.person.own
        if any((piece == wish.target).all() for piece in own):
            return None
        for n in reversed(range(len(own))):
            if own[n][0] == wish.target[0]:
                return self._as_shown(len(self.corpus.attributes) + n)
        return None

    def _own_card(self, found: Found) -> ShownItem | None:
        return None if found.own is None else self._as_shown(found.own)

    def _as_shown(self, place: int) -> ShownItem:
        kind, colour, pattern = self._item(place)
        return ShownItem(
            id=place + 1,
            kind="image",
            type=TYPES[kind],
            colours=(COLOUR_NAMES[colour],),
            pattern=PATTERNS[pattern],
            editable=True,
        )

    def _choose(
        self, allowed: tuple[Arm, ...], seen: np.ndarray, lot: float
    ) -> tuple[Arm, dict[Arm, float]]:
        rule, policy, tried = allowed[0], self.player.policy, self.player.tried
        best = rule if policy is None else policy.best(seen, allowed, rule)
        other = None if tried is None else tried.best(seen, allowed, rule)
        chances = mix(best, allowed, self.player.exploration, other, self.player.share)
        return pick(chances, lot), chances

    def _features(self, context: Context, wish: Wish, found: Found, wait_s: float) -> np.ndarray:
        return as_vector(
            features(
                rejections=context.rejections,
                matches=context.matches,
                near=context.near,
                similarity=self._similarity(found),
                said=int(wish.said.sum()),
                ai_satisfaction=shrunk_mean(self.person.ai_opinions[:OPINIONS]),
                ai_share=context.ai_share,
                wait_s=wait_s,
                desires=wish.mode == DESIRE,
            )
        )

    # ---- what a place with real items has of its own ------------------------------------------

    def _wait(self, rng: np.random.Generator) -> float:
        """Return the seconds in the queue."""
        return float(rng.exponential(QUEUE_S))

    def _problem(self) -> str:
        """Return why nothing can be made now, or ""."""
        return ""

    def _takes_offer(self, rng: np.random.Generator) -> bool:
        """Return whether an offer to make something is taken up."""
        return self.person.accepts(rng)

    def _similarity(self, found: Found) -> float:
        """Return how near the best card is to the known taste, -1 to 1: a stand-in for a cosine."""
        if not len(found.places):
            return 0.0
        return float(np.tanh(self._known_utilities(self._items(found.places)).max() / 2.0))

    def _decided(
        self,
        wish: Wish,
        decision: Decision,
        arm: Arm,
        chances: dict[Arm, float],
        seen: np.ndarray,
        allowed: tuple[Arm, ...],
    ) -> None:
        """Note a decision before it is carried out; nothing to do here."""

    # ---- carrying out --------------------------------------------------------------------------

    def _carry_out(
        self,
        arm: Arm,
        decision: Decision,
        wish: Wish,
        state: State,
        found: Found,
        wait_s: float,
        rng: np.random.Generator,
    ) -> Outcome:
        if arm == "create":
            return self._create(wish, wait_s, rng)
        if arm == "edit":
            assert decision.source_id is not None
            return self._edit(wish, decision.source_id - 1, wait_s, rng)
        offers = decision.pending.get("slot") == "make"
        if arm == "ask" and not offers:
            return self._narrow(wish, state, rng)
        shown = self._show(found if arm == "retrieve" else found.none(), wish, rng)
        content = arm == "retrieve" and shown.best >= CONTENT
        if not offers or content or not self._takes_offer(rng):
            return shown.less(cost_of(arm), arm)
        # What was made in the end is what the person has, and may still go back from.
        made = self._create(wish, wait_s, rng).less(cost_of("ask"), arm)
        return replace(made, best=max(made.best, shown.best))

    def _show(self, found: Found, wish: Wish, rng: np.random.Generator) -> Outcome:
        """Show items, best first as the site knows them.

        The person looks from the top and stops at the first that contents them (the cascade model:
        Craswell et al. 2008). Nothing to show is worth 0.
        """
        places = found.places
        if not len(places):
            return Outcome(0.0, 0.0, 0.0, "retrieve")
        ai = np.array([self._ai(int(place)) for place in places])
        felt = self.person.satisfaction(self._items(places), wish, ai=ai)
        contents = np.flatnonzero(felt >= CONTENT)
        looked = int(contents[0]) + 1 if len(contents) else len(places)
        seen_felt = felt[:looked]
        responses = [
            self._respond(int(place), float(value), rng)
            for place, value in zip(places[:looked], seen_felt, strict=True)
        ]
        reward = reward_of("retrieve", responses)
        return Outcome(float(seen_felt.mean()), float(seen_felt.max()), reward, "retrieve")

    def _respond(self, place: int, felt: float, rng: np.random.Generator) -> Response:
        response = self.person.respond(felt, rng)
        self.person.remember(self._item(place), response, ai=self._ai(place))
        return response

    def _create(self, wish: Wish, wait_s: float, rng: np.random.Generator) -> Outcome:
        made = make_item(self.person, wish, rng)
        return self._received("create", made, MADE, wish, DRAWING_S + wait_s, rng)

    def _edit(self, wish: Wish, place: int, wait_s: float, rng: np.random.Generator) -> Outcome:
        """Work the wish into a picture of the person's own; an edited upload stays theirs."""
        made = edit_item(wish, self._item(place), rng)
        ai = max(ASSISTED, self._ai(place))
        return self._received("edit", made, ai, wish, EDITING_S + wait_s, rng)

    def _received(
        self,
        arm: Arm,
        made: np.ndarray | None,
        ai: float,
        wish: Wish,
        wait_s: float,
        rng: np.random.Generator,
    ) -> Outcome:
        """Let the person look at what was made for them; None where the judge refused it."""
        cost = cost_of(arm, wait_s)
        # What was made settles the rejections before it.
        self.person.rejected.clear()
        if made is None:
            return Outcome(-cost, -cost, -cost, arm)
        self.person.keep(made, ai)
        felt = float(self.person.satisfaction(made[None], wish, ai=ai)[0])
        place = len(self.corpus.attributes) + len(self.person.own) - 1
        response = self._respond(place, felt, rng)
        reward = reward_of(arm, [response], wait_s)
        return Outcome(felt - cost, felt - cost, reward, arm)

    def _narrow(self, wish: Wish, state: State, rng: np.random.Generator) -> Outcome:
        """Ask for the next detail; the person says it, and the answer is decided upon anew."""
        said = wish.said.copy()
        said[1 if not said[1] else 2] = True
        after = self._turn(replace(wish, said=said), replace(state, last_action="ask"), rng)
        return after.less(cost_of("ask"), "ask")

    # ---- the corpus ----------------------------------------------------------------------------

    def _item(self, place: int) -> np.ndarray:
        """Return (3,) the attributes of an item."""
        posted = self.corpus.attributes
        row: np.ndarray = (
            posted[place] if place < len(posted) else self.person.own[place - len(posted)]
        )
        return row

    def _items(self, places: np.ndarray) -> np.ndarray:
        rows = [self._item(int(place)) for place in places]
        return np.array(rows, dtype=int).reshape(-1, 3)

    def _ai(self, place: int) -> float:
        """Return how far an item is AI's."""
        posted = len(self.corpus.attributes)
        return self.person.own_ai[place - posted] if place >= posted else HUMAN

    def _find(self, wish: Wish) -> Found:
        """Return what there is for a wish: what fits it, or else what shares the garment."""
        posted = self.corpus.attributes
        same = self.corpus.places_of(int(wish.target[0]))
        mine = [
            len(posted) + n for n, piece in enumerate(self.person.own) if piece[0] == wish.target[0]
        ]
        same = np.concatenate([same, np.array(mine, dtype=int)])
        items = self._items(same[len(same) - len(mine) :])
        items = np.concatenate([posted[same[: len(same) - len(mine)]], items])
        fits = ((items == wish.target) | ~wish.said).all(axis=1)
        order = np.argsort(-self._known_utilities(items), kind="stable")
        near = same[order[~fits[order]]][:SHOWN]
        cards = same[order[fits[order]]][:SHOWN] if fits.any() else near
        own = next((int(place) for place in near if place >= len(posted)), None)
        return Found(int(fits.sum()), int((~fits).sum()), cards, own)

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
