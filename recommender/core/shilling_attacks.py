"""Made-up attacks on a recommender, to measure defences with.

Profiles that push one item up or down, after Lam & Riedl, "Shilling Recommender Systems for Fun
and Profit" (WWW 2004: random, average), Mobasher et al., "Toward Trustworthy Recommender Systems"
(TOIT 2007: bandwagon, segment), Williams et al., "Detection of Obfuscated Attacks in Collaborative
Recommender Systems" (ECAI Workshop 2006: noise, target shifting). Those papers attack ratings;
`attack_ratings` does so. With likes there is no rating to copy, so `attack_opinions` copies how
often items are liked: an average attack draws its fillers as people's own likes fall.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

RANDOM, AVERAGE, BANDWAGON, SEGMENT = "random", "average", "bandwagon", "segment"
KINDS = (RANDOM, AVERAGE, BANDWAGON, SEGMENT)
PLAIN, NOISE, SHIFT = "", "noise", "shift"
OBFUSCATIONS = (PLAIN, NOISE, SHIFT)
# Items that every profile of a bandwagon or segment attack likes beside the target.
SELECTED = 4
# What a dwell weighs: the target of a shifted profile is watched for long instead of liked.
SHIFTED_WEIGHT = 0.4


@dataclass(frozen=True)
class Attack:
    """How profiles are made. `share` is their number over that of genuine people."""

    kind: str
    share: float
    fillers: int
    push: bool = True
    obfuscation: str = PLAIN

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.obfuscation not in OBFUSCATIONS:
            raise ValueError(f"unknown attack: {self.kind} {self.obfuscation}")
        if not 0 < self.share <= 1 or self.fillers < 0:
            raise ValueError("share must lie in (0, 1] and fillers be 0 or more")


@dataclass(frozen=True)
class Attacked:
    """Genuine people and, after them, the attack's profiles."""

    matrix: sparse.csr_matrix  # (U + A, I)
    is_attack: np.ndarray  # (U + A,) bool
    target: int


def pick_target(matrix: sparse.csr_matrix, attack: Attack, rng: np.random.Generator) -> int:
    """Return an item worth attacking: a little liked one to push, a much liked one to sink."""
    liked = np.asarray((matrix > 0).sum(axis=0)).ravel()
    known = np.flatnonzero(liked)
    middle = np.median(liked[known])
    if attack.push:
        return int(rng.choice(known[liked[known] <= middle]))
    return int(rng.choice(known[liked[known] >= np.quantile(liked[known], 0.9)]))


def attack_opinions(
    matrix: sparse.csr_matrix,
    attack: Attack,
    rng: np.random.Generator,
    target: int | None = None,
) -> Attacked:
    """Return signed opinions (U, I) with the attack's profiles appended.

    A target that is pushed is liked (weight 1), one that is sunk is disliked (-1).
    """
    if target is None:
        target = pick_target(matrix, attack, rng)
    count = max(1, round(attack.share * matrix.shape[0]))
    chances = _filler_chances(matrix, attack, target)
    selected = _selected(matrix, attack, target)
    rows, columns, weights = [], [], []
    for row in range(count):
        items = _profile(attack, selected, chances, rng)
        weight = 1.0 if attack.push else -1.0
        if attack.obfuscation == SHIFT and attack.push and rng.random() < 0.5:
            weight = SHIFTED_WEIGHT
        rows += [row] * (len(items) + 1)
        columns += [target, *items]
        weights += [weight] + [1.0] * len(items)
    made = sparse.csr_matrix((weights, (rows, columns)), shape=(count, matrix.shape[1]))
    is_attack = np.arange(matrix.shape[0] + count) >= matrix.shape[0]
    both = sparse.vstack([matrix, made]).tocsr().astype(np.float32)
    return Attacked(both, is_attack, target)


def attack_ratings(
    ratings: np.ndarray, attack: Attack, rng: np.random.Generator, target: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return ratings (U + A, I), 1 to 5 with 0 for none, and which rows are the attack's.

    Fillers of a random attack are rated about the mean of all ratings, of an average attack about
    the item's own mean, of a segment attack 1; selected items and a pushed target get 5.
    """
    given = ratings > 0
    overall, spread = ratings[given].mean(), ratings[given].std()
    counts = given.sum(axis=0)
    means = np.where(counts > 0, ratings.sum(axis=0) / np.maximum(counts, 1), overall)
    likes = sparse.csr_matrix((ratings >= 4).astype(np.float32))
    chances = np.ones(ratings.shape[1])
    chances[target] = 0
    selected = _selected(likes, attack, target)
    made = np.zeros((max(1, round(attack.share * len(ratings))), ratings.shape[1]))
    for row in made:
        fillers = _draw(chances, attack.fillers, rng)
        centre = means[fillers] if attack.kind == AVERAGE else np.full(len(fillers), overall)
        row[fillers] = np.clip(np.rint(rng.normal(centre, spread)), 1, 5)
        if attack.kind == SEGMENT:
            row[fillers] = 1
        row[selected] = 5
        row[target] = 5 if attack.push else 1
        if attack.obfuscation == SHIFT:
            row[target] += -1 if attack.push else 1
    is_attack = np.arange(len(ratings) + len(made)) >= len(ratings)
    return np.vstack([ratings, made]), is_attack


def _filler_chances(matrix: sparse.csr_matrix, attack: Attack, target: int) -> np.ndarray:
    """Return how likely each item is a filler, (I,), not scaled."""
    liked = np.asarray((matrix > 0).sum(axis=0)).ravel().astype(float)
    chances = liked if attack.kind == AVERAGE else np.ones_like(liked)
    chances[target] = 0
    return chances


def _selected(matrix: sparse.csr_matrix, attack: Attack, target: int) -> np.ndarray:
    """Return the items that all profiles share: the most liked, or the target's neighbours."""
    liked = np.asarray((matrix > 0).sum(axis=0)).ravel().astype(float)
    if attack.kind == BANDWAGON:
        order = liked
    elif attack.kind == SEGMENT:
        fans = matrix[:, [target]].toarray().ravel() > 0
        together = np.asarray((matrix[fans] > 0).sum(axis=0)).ravel()
        # Ties, and targets without fans, are settled by how much an item is liked.
        order = together / np.sqrt(np.maximum(liked, 1)) + 1e-6 * liked
    else:
        return np.zeros(0, dtype=int)
    order[target] = -1
    return np.argsort(-order)[:SELECTED]


def _profile(
    attack: Attack, selected: np.ndarray, chances: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return the items one profile likes beside the target."""
    fillers = attack.fillers
    if attack.obfuscation == NOISE:
        # Profiles differ in length, and each leaves out some of what they share.
        fillers = int(rng.poisson(fillers))
        selected = selected[rng.random(len(selected)) < 0.6]
    left = chances.copy()
    left[selected] = 0
    return np.concatenate([selected, _draw(left, fillers, rng)]).astype(int)


def _draw(chances: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    count = min(count, int((chances > 0).sum()))
    return rng.choice(len(chances), size=count, replace=False, p=chances / chances.sum())
