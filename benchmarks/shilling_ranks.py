"""What an attack does to its target's rank, undefended and defended, for benchmarks/shilling.py.

Beside each shift stands what moves a rank without any attack, as a part of the same undefended
shift: training with another seed, and one honest fan of the target more or less. A defence cannot
be told from a perfect one below the larger of the two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import sparse
from shilling_worlds import World

from recommender.core.ials import fit_ials
from recommender.core.rankers import EASE, IALS_KIND
from recommender.core.recipes import Data, build
from recommender.core.shilling import THRESHOLD, Detection, detect
from recommender.core.shilling_attacks import KINDS, Attack, Attacked, attack_opinions

SETTINGS: dict[str, dict[str, float]] = {
    EASE: {"l2": 50.0, "feature_weight": 0.0},
    IALS_KIND: {"l2": 200.0, "alpha": 40.0},
}
SHARES = (0.05, 0.01, 0.03, 0.1)
FILLERS = 10
RANKED_PEOPLE = 2000
# An attack that moves its target by less than this part of the catalogue has done nothing that
# could be undone: it is listed, and does not count for the figure to reach.
LEAST_MOVED = 0.05

Figures = Callable[[Detection, Attacked], dict[str, float]]


def measure_rankings(
    world: World,
    tolerance: float,
    seeds: int,
    shares: list[float],
    models: list[str],
    figures: Figures,
) -> Iterator[dict[str, Any]]:
    """Yield what each attack does to its target's rank, and how well it is found."""
    rng = np.random.default_rng(5)
    people = world.matrix.shape[0]
    judged = np.sort(rng.choice(people, size=min(people, RANKED_PEOPLE), replace=False))
    own = world.matrix[judged]
    before = {model: scores_of(model, world.matrix, own) for model in models}
    again = {model: scores_of(model, world.matrix, own, seed=1) for model in models}
    for share in shares:
        for number, kind in enumerate(KINDS):
            found: list[dict[str, float]] = []
            rows: dict[str, list[dict[str, Any]]] = {model: [] for model in models}
            for seed in range(seeds):
                rng = np.random.default_rng([seed, number, 77])
                attacked = attack_opinions(world.matrix, Attack(kind, share, FILLERS), rng)
                detection = detect(world.timed(attacked, rng, False), tolerance)
                found.append(figures(detection, attacked))
                kept = attacked.matrix[detection.score < THRESHOLD]
                fewer = without_a_fan(world.matrix, attacked.target, rng)
                for model in models:
                    scores = {
                        "without_attack": before[model],
                        "another_seed": again[model],
                        "one_fan_less": scores_of(model, fewer, own),
                        "undefended": scores_of(model, attacked.matrix, own),
                        "defended": scores_of(model, kept, own),
                    }
                    standings = {
                        name: standing(one, own, attacked.target) for name, one in scores.items()
                    }
                    rows[model].append(standings)
            for model in models:
                entry = {"model": model, "attack": f"{kind} push {share:.0%} {FILLERS} fillers"}
                entry |= {"seeds": seeds, **_means(found), **shift(rows[model])}
                entry["moved"] = round(entry.pop("moved_places") / world.matrix.shape[1], 4)
                print(world.name, entry, flush=True)
                yield entry


def scores_of(
    model: str, matrix: sparse.csr_matrix, rows: sparse.csr_matrix, seed: int = 0
) -> np.ndarray:
    """Return the scores of all items for `rows` (n, I) by a model of `matrix`, (n, I) float32."""
    if model == IALS_KIND and seed:
        liked = matrix.maximum(0).tocsr()
        liked.eliminate_zeros()
        factors = int(np.clip(matrix.shape[1] // 4, 8, 128))
        ranker: Any = fit_ials(liked, factors=factors, seed=seed, **SETTINGS[model])
    else:
        nothing = sparse.csr_matrix(matrix.shape, dtype=np.float32)
        ranker = build(model, Data(matrix, nothing, {}), SETTINGS[model])
    return np.asarray(ranker.scores(rows), dtype=np.float32)


def without_a_fan(
    matrix: sparse.csr_matrix, target: int, rng: np.random.Generator
) -> sparse.csr_matrix:
    """Return the opinions without those of one person, at random, who likes the target."""
    fans = np.flatnonzero(matrix[:, [target]].toarray().ravel() > 0)
    return matrix[np.arange(matrix.shape[0]) != rng.choice(fans)]


def standing(scores: np.ndarray, rows: sparse.csr_matrix, target: int) -> tuple[float, float]:
    """Return the target's mean rank and its share of first twenties, over who has no opinion."""
    free = np.asarray(rows[:, [target]].toarray()).ravel() == 0
    masked = np.where(rows[free].toarray() != 0, -np.inf, scores[free])
    own = masked[:, [target]]
    # Items that score alike stand beside one another; the middle of their places is taken.
    ranks = (masked > own).sum(axis=1) + 0.5 * ((masked == own).sum(axis=1) - 1) + 1
    return float(ranks.mean()), float((ranks <= 20).mean())


def shift(rows: list[dict[str, tuple[float, float]]]) -> dict[str, Any]:
    """Return mean standings over seeds, and the shift left as a part of the undefended one.

    rows: one entry per seed, (mean rank, hit rate) by name.
    """
    ranks = {name: np.array([row[name][0] for row in rows]) for name in rows[0]}
    hits = {name: np.mean([row[name][1] for row in rows]) for name in rows[0]}
    moved = {name: np.abs(ranks[name] - ranks["without_attack"]) for name in ranks}
    undefended = np.maximum(moved["undefended"], 1e-9)
    part = moved["defended"] / undefended
    within = 1.96 * part.std(ddof=1) / np.sqrt(len(part)) if len(part) > 1 else 0.0
    found: dict[str, Any] = {
        name: {
            "mean_rank": round(float(ranks[name].mean()), 2),
            "hit_rate@20": round(float(hits[name]), 4),
        }
        for name in ("without_attack", "undefended", "defended")
    }
    return {
        **found,
        "moved_places": float(undefended.mean()),
        "shift_left": round(float(moved["defended"].sum() / undefended.sum()), 4),
        "shift_left_within": round(float(within), 4),
        "shift_left_by_seed": part.round(4).tolist(),
        "of_another_seed": round(float(moved["another_seed"].sum() / undefended.sum()), 4),
        "of_one_fan_less": round(float(moved["one_fan_less"].sum() / undefended.sum()), 4),
    }


def gain_left(entry: dict[str, Any]) -> float:
    """Return the part of the attack's gain in rank that is left after the defence, at least 0."""
    names = ("without_attack", "undefended", "defended")
    before, under, after = (entry[name]["mean_rank"] for name in names)
    return round(max((before - after) / (before - under), 0.0), 4)


def _means(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(float(np.mean([row[name] for row in rows])), 4) for name in rows[0]}
