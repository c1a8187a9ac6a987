"""Which experiment tells two feed rankers apart sooner: interleaving or an A/B test?

The truth is known: how much each person likes what each ranker puts before them.
"""

from __future__ import annotations

import numpy as np

from demo.wishing.people import Corpus, SimPerson, draw_corpus, draw_person
from evaluation.report import Table
from evaluation.statistics import Interval, mean_interval
from recommender.core.interleaving import team_draft

PAGE = 10
PEOPLE = 2000
# People in one experiment, and experiments drawn for each number of people.
SIZES = (20, 50, 100, 200, 500)
EXPERIMENTS = 400
SIGNIFICANT = 1.96
STREAM = 5_107_734
# (name, share of each ranker's score that is noise): a clear difference, a small one, none.
PAIRS = (("clear", 0.2, 1.0), ("small", 0.2, 0.4), ("none", 0.3, 0.3))


def compare_rankers(seed: int = 0, people: int = PEOPLE, experiments: int = EXPERIMENTS) -> Table:
    """Return, per pair of rankers, how often each kind of experiment finds the better one.

    sensitivity: share of experiments with |z| > 1.96 for the truly better ranker; agreement: share
    whose sign is right. For a pair without difference the first is the share of false alarms.
    """
    rows: dict[str, dict[str, Interval]] = {}
    for index, (name, better, worse) in enumerate(PAIRS):
        rng = np.random.default_rng([STREAM, seed, index])
        corpus = draw_corpus(rng)
        truth, interleaved, likes = _measure(corpus, better, worse, people, rng)
        for size in SIZES:
            rows[f"{name}, {size} people"] = {
                "true difference": mean_interval(truth),
                **_power(interleaved, likes, size, experiments, rng),
            }
    columns = [
        "true difference",
        "interleaving: found",
        "interleaving: sign",
        "A/B: found",
        "A/B: sign",
    ]
    return Table(
        f"Two feed rankers, {PAGE} items each: share of {experiments} experiments",
        columns,
        rows,
        digits=3,
        notes=[
            "An A/B test splits its people in two; interleaving shows all of them both rankers."
        ],
    )


def _measure(
    corpus: Corpus, better: float, worse: float, people: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return per person: true difference (P,), interleaving's credit (P,), likes of each (P, 2)."""
    truth, credit, likes = np.zeros(people), np.zeros(people), np.zeros((people, 2))
    for number in range(people):
        person = draw_person(rng, corpus)
        utilities = corpus.utilities(person.taste)
        known = corpus.utilities(person.known_taste())
        pages = [_rank(known, noise, rng) for noise in (better, worse)]
        truth[number] = utilities[pages[0]].mean() - utilities[pages[1]].mean()
        merged = team_draft(pages[0].tolist(), pages[1].tolist(), PAGE, rng)
        credit[number] = merged.credit(_liked(person, utilities, list(merged.items), rng))
        for side, page in enumerate(pages):
            likes[number, side] = len(_liked(person, utilities, page.tolist(), rng))
    return truth, credit, likes


def _rank(known: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """Return the first page of a ranker that sees the known taste through noise."""
    spread = float(known.std()) or 1.0
    scores = known + noise * spread * rng.normal(size=len(known))
    return np.argsort(-scores)[:PAGE]


def _liked(
    person: SimPerson, utilities: np.ndarray, items: list[int], rng: np.random.Generator
) -> set[int]:
    acts = {item: person.respond(float(utilities[item]) / 2.0, rng) for item in items}
    return {item for item, response in acts.items() if response.value == 1.0}


def _power(
    credit: np.ndarray, likes: np.ndarray, size: int, experiments: int, rng: np.random.Generator
) -> dict[str, Interval]:
    found = {name: np.zeros(experiments) for name in ("interleaving", "A/B")}
    for number in range(experiments):
        drawn = rng.choice(len(credit), size=size, replace=False)
        one, other = likes[drawn[: size // 2], 0], likes[drawn[size // 2 :], 1]
        found["interleaving"][number] = _z(credit[drawn].mean(), _error(credit[drawn]))
        gap = one.mean() - other.mean()
        found["A/B"][number] = _z(gap, float(np.hypot(_error(one), _error(other))))
    columns: dict[str, Interval] = {}
    for name, z in found.items():
        columns[f"{name}: found"] = mean_interval((z > SIGNIFICANT).astype(float))
        columns[f"{name}: sign"] = mean_interval((z > 0).astype(float))
    return columns


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))


def _z(mean: float, error: float) -> float:
    return float(mean / error) if error > 0 else 0.0
