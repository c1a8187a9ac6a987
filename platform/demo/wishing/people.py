"""People of the demo world who ask for clothes: hidden tastes, wishes, and what they make of it.

No pictures are drawn: an item is its attributes, and what the creator makes is modelled by the
success rates that were measured for it. Evaluation plays these people before corpora of its own;
the seeding of the demo world lets them ask before the site's real items.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from common.vocabulary import COLOURS, PATTERNS, TYPES
from demo.garments import PATTERN_WEIGHTS
from demo.people import Taste, Traits, react, sample_taste
from recommender.core.rewards import Response

COLOUR_NAMES = list(COLOURS)
# Measured on 300 drawn pictures: benchmarks/results/creator_attributes.json ("drawn"). Patterns
# were not measured there and are taken to succeed as garments do.
TYPE_REACHED, COLOUR_REACHED, PATTERN_REACHED = 0.91, 1.0, 0.91
# An edit keeps its garment; that it reaches colour and pattern as creations do was not measured.
# Seconds to draw, screen and publish one picture, the same to work a change into one, and mean
# further seconds in the queue.
DRAWING_S, EDITING_S, QUEUE_S = 6.0, 3.0, 6.0
# Share of the garments in some colour that nobody has posted.
HOLE_SHARE = 0.4
CORPUS = 1200
VIDEO_SHARE = 0.15
# How a wish is put: "make me", "show me", or neither; who has one like it may say "make mine blue".
MAKE, FIND, DESIRE, CHANGE = "make", "find", "desire", "change"
MODES, MODE_CHANCES = (MAKE, FIND, DESIRE), (0.15, 0.3, 0.55)
# Of those who ask outright and have a picture of such a garment: who asks to have that one changed.
CHANGES_OWN = 0.5
# What is said beside the garment.
SAYS_COLOUR, SAYS_PATTERN = 0.65, 0.3
# Wishes come from taste, except this share: a gift, a new idea.
WHIM = 0.2
# What each part of a wish counts.
MATCH = np.array([0.5, 0.3, 0.2])
# Shares of AI that people set, how often, and how much they like AI items on average.
AI_SHARES = ((0, 0.15, -0.5), (25, 0.45, -0.1), (50, 0.25, 0.1), (100, 0.15, 0.3))
ATTITUDE_SPREAD = 0.35
# With such an item somebody is content: they look no further, and need no offer.
CONTENT = 0.5
FIRST_LOOKS = 40
# Share of people who posted pictures of their own wardrobe, and how many at most.
OWNERS, MOST_OWN = 0.6, 8
# How far an item is AI's, for who likes or dislikes that: all of it, or a person's own, edited.
HUMAN, ASSISTED, MADE = 0.0, 0.5, 1.0


@dataclass(frozen=True)
class Corpus:
    """What people posted: (N, 3) indices of type, colour and pattern, and which are videos."""

    attributes: np.ndarray
    videos: np.ndarray

    @cached_property
    def _by_type(self) -> list[np.ndarray]:
        return [np.flatnonzero(self.attributes[:, 0] == kind) for kind in range(len(TYPES))]

    def places_of(self, kind: int) -> np.ndarray:
        """Return (M,) which items are of a garment."""
        return self._by_type[kind]

    def utilities(self, taste: Taste) -> np.ndarray:
        """Return (N,) how much somebody of this taste likes each item."""
        kinds, colours, patterns = self.attributes.T
        return taste.utility(Traits(kinds, colours, patterns, self.videos))

    def without(self, kind: int, colour: int) -> Corpus:
        """Return the corpus after every such item was taken out."""
        kept = ~((self.attributes[:, 0] == kind) & (self.attributes[:, 1] == colour))
        return Corpus(self.attributes[kept], self.videos[kept])


def draw_corpus(rng: np.random.Generator, size: int = CORPUS, holes: float = HOLE_SHARE) -> Corpus:
    """Return a corpus in which some garments are missing in some colours."""
    hidden = rng.random((len(TYPES), len(COLOURS))) < holes
    weights = [PATTERN_WEIGHTS[pattern] for pattern in PATTERNS]
    kinds, colours = rng.integers(len(TYPES), size=size), rng.integers(len(COLOURS), size=size)
    drawn = np.stack([kinds, colours, rng.choice(len(PATTERNS), size=size, p=weights)], axis=1)
    kept = ~hidden[drawn[:, 0], drawn[:, 1]]
    return Corpus(drawn[kept], (rng.random(size) < VIDEO_SHARE)[kept].astype(float))


@dataclass(frozen=True)
class Wish:
    """What somebody has in mind (type, colour, pattern), what they say of it, and how."""

    target: np.ndarray  # (3,)
    said: np.ndarray  # (3,) bool
    mode: str


@dataclass
class SimPerson:
    """A person with a hidden taste; `likes` and `opinions` are all that the site learns."""

    taste: Taste
    ai_share: int
    attitude: float
    likes: list[np.ndarray] = field(default_factory=list)
    ai_opinions: list[float] = field(default_factory=list)
    # Reactions to human-made items, newest first: True where rejected.
    rejected: list[bool] = field(default_factory=list)
    # The person's own pictures and what was made for them, oldest first, and how far each is AI's.
    own: list[np.ndarray] = field(default_factory=list)
    own_ai: list[float] = field(default_factory=list)
    # The taste as so many likes told it: asked for at every wish.
    _known: tuple[int, Taste] | None = None

    def keep(self, item: np.ndarray, ai: float) -> None:
        """Add what was made for the person, which later wishes find among what is theirs."""
        self.own.append(item)
        self.own_ai.append(ai)

    def satisfaction(
        self, items: np.ndarray, wish: Wish, *, ai: np.ndarray | float = HUMAN
    ) -> np.ndarray:
        """Return (N,) the true satisfaction with items (N, 3) on this wish, about -1 to 1.

        ai: how far each is AI's, from `HUMAN` to `MADE`.
        """
        kinds, colours, patterns = items.T
        liked = self.taste.utility(Traits(kinds, colours, patterns, np.zeros(len(items))))
        match = (items == wish.target) @ MATCH
        felt: np.ndarray = 0.5 * np.tanh(liked / 1.5) + match - 0.5
        return felt + 0.5 * self.attitude * ai

    def respond(self, satisfaction: float, rng: np.random.Generator) -> Response:
        """Return what the person does with one item, as people of the demo world do."""
        acts = react(self.taste, 2.0 * satisfaction, rng, 0, 0.0)
        looked = sum(act.value for act in acts if act.kind == "dwell")
        return Response(frozenset(act.kind for act in acts if act.kind != "dwell"), looked)

    def remember(self, item: np.ndarray, response: Response, *, ai: float) -> None:
        """Keep what the site learns from a response."""
        value = response.value
        if value == 1.0:
            self.likes.insert(0, item)
        if ai == MADE and abs(value) == 1.0:
            self.ai_opinions.insert(0, value)
        if ai == HUMAN:
            self.rejected.insert(0, value == -1.0)

    def accepts(self, rng: np.random.Generator) -> bool:
        """Return whether the person takes up an offer to have something made."""
        return bool(self.attitude + rng.normal(0, 0.2) > -0.1)

    def known_taste(self) -> Taste:
        """Return the taste as the likes tell it: shares of what was liked, smoothed."""
        if self._known is None or self._known[0] != len(self.likes):
            self._known = (len(self.likes), self._told_taste())
        return self._known[1]

    def _told_taste(self) -> Taste:
        rows = np.array(self.likes[:50]).reshape(-1, 3).astype(int)
        shares = [
            np.bincount(rows[:, n], minlength=size) + 0.5
            for n, size in enumerate((len(TYPES), len(COLOURS), len(PATTERNS)))
        ]
        kinds, colours, patterns = (one / one.sum() for one in shares)
        return Taste(kinds, colours, patterns, video=0.0, openness=1.0)


def draw_person(rng: np.random.Generator, corpus: Corpus) -> SimPerson:
    """Return a person who has looked at some items of the corpus before."""
    level = int(rng.choice(len(AI_SHARES), p=[chance for _, chance, _ in AI_SHARES]))
    share, _, mean = AI_SHARES[level]
    attitude = float(rng.normal(mean, ATTITUDE_SPREAD))
    person = SimPerson(sample_taste(rng), share, attitude)
    utilities = corpus.utilities(person.taste)
    for index in rng.choice(len(utilities), size=FIRST_LOOKS, replace=False):
        response = person.respond(float(utilities[index]) / 2.0, rng)
        person.remember(corpus.attributes[index], response, ai=HUMAN)
    person.rejected.clear()
    if rng.random() < OWNERS:
        for _ in range(int(rng.integers(1, MOST_OWN + 1))):
            person.keep(np.array(_target(person.taste, rng)), HUMAN)
    return person


def draw_wish(person: SimPerson, rng: np.random.Generator) -> Wish:
    """Return what the person would like now.

    Who asks outright to have something made has nothing against AI, and says all of it; who would
    not, says neither "make" nor "find" instead. A change of an own picture is no such thing.
    """
    target = _target(person.taste, rng)
    said = np.array([True, rng.random() < SAYS_COLOUR, rng.random() < SAYS_PATTERN])
    mode = str(rng.choice(MODES, p=MODE_CHANCES))
    changes = rng.random() < CHANGES_OWN
    if mode == MAKE and changes and any(piece[0] == target[0] for piece in person.own):
        mode = CHANGE
    if mode == MAKE and person.attitude < 0:
        mode = DESIRE
    return Wish(np.array(target), said | (mode in {MAKE, CHANGE}), mode)


def _target(taste: Taste, rng: np.random.Generator) -> list[int]:
    return [_draw(shares, rng) for shares in (taste.types, taste.colours, taste.patterns)]


def _draw(shares: np.ndarray, rng: np.random.Generator) -> int:
    whim = np.full(len(shares), 1 / len(shares))
    return int(rng.choice(len(shares), p=(1 - WHIM) * shares + WHIM * whim))


def make_item(person: SimPerson, wish: Wish, rng: np.random.Generator) -> np.ndarray | None:
    """Return what the creator makes of what was said, (3,); None when the judge refuses it.

    What was not said comes from a liked item, as `User_Hist` guides the drawing.
    """
    sizes = (len(TYPES), len(COLOURS), len(PATTERNS))
    lots = rng.random(3)
    guide = person.likes[:8]
    like = guide[int(rng.integers(len(guide)))] if guide else rng.integers(sizes)
    made = np.where(wish.said, wish.target, like)
    if lots[0] >= TYPE_REACHED:
        return None
    for part, chance in ((1, COLOUR_REACHED), (2, PATTERN_REACHED)):
        if lots[part] >= chance:
            made[part] = int(rng.integers(sizes[part]))
    return made


def edit_item(wish: Wish, source: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return what becomes of a picture, (3,): what was said is changed, all else stays."""
    lots = rng.random(3)
    made = np.where(wish.said, wish.target, source)
    made[0] = source[0]
    if made[2] != source[2] and lots[2] >= PATTERN_REACHED:
        made[2] = int(rng.integers(len(PATTERNS)))
    return made
