"""From the results of one method to its row of the table, and from two rows to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from evaluation.metrics import at_k, copy_share, cosine_to_each, diversity, per_person
from evaluation.preference import Recommender, prediction_scores
from evaluation.report import Table, Verdict
from evaluation.statistics import Interval, mean_interval, paired_test

# Of a gain, what may be left with persons permuted for it to have vanished.
LITTLE = 0.1
COSINE, PS, PS_STANDARD, FUTURE = "Cosine", "PS", "PSz", "Future"


@dataclass(frozen=True)
class Audience:
    """The judge's vectors of what each person liked: (M, D) before, and (F, D) after."""

    history: list[np.ndarray]
    future: list[np.ndarray]
    recommender: Recommender | None = None

    def __len__(self) -> int:
        return len(self.history)


@dataclass
class Row:
    """One method's results, judge vectors (P, R, K, D); NaN where nothing was made.

    entries: by metric (P, R, K), filled by `measure`.
    """

    name: str
    results: np.ndarray
    entries: dict[str, np.ndarray]

    @property
    def made(self) -> np.ndarray:
        """Return (P, R, K) bool, where there is a result."""
        return np.isfinite(self.results[..., 0])


def measure(
    name: str, results: np.ndarray, audience: Audience, moved: np.ndarray | None = None
) -> Row:
    """Return the row with its cosines to history and future, and its prediction scores.

    results: unit vectors, or means of the unit vectors of several frames. moved (P, R, K, d): the
    items' vectors by the recommender with the results' features; none for created items.
    """
    entries = {
        COSINE: cosine_to_each(results, audience.history),
        FUTURE: cosine_to_each(results, audience.future),
    }
    if moved is not None and audience.recommender is not None:
        entries[PS], entries[PS_STANDARD] = prediction_scores(audience.recommender, moved)
    return Row(name, results, entries)


def cell(row: Row, metric: str, k: int) -> Interval:
    """Return the mean over people of a metric at k."""
    return mean_interval(at_k(row.entries[metric], k))


def fill(table: Table, row: Row, metrics: list[str], ks: list[int]) -> None:
    """Add the row to the table, with the columns metric@k."""
    table.rows[row.name] = {
        f"{metric}@{k}": cell(row, metric, k)
        for metric in metrics
        for k in ks
        if metric in row.entries
    }


def compare(better: Row, worse: Row, metric: str, k: int, *, required: bool = True) -> Verdict:
    """Return whether one row lies above another, on the entries that both have."""
    gap = better.entries[metric] - worse.entries[metric]
    comparison = paired_test(at_k(gap, k))
    return Verdict(better.name, worse.name, f"{metric}@{k}", comparison, required)


def controls_table(
    rows: list[Row], baseline: Row, audience: Audience, seed: int
) -> tuple[Table, list[dict[str, Any]]]:
    """Return the controls that the papers lack, one line per row, and the permutation tests.

    Gain: mean cosine to history above the baseline's, on the same items. Others' gain: the same
    when results made for one person are held against another's history: what is left of it is not
    personal. Future: cosine to held-out later likes. Copies: share of results that nearly repeat a
    liked item. Apart: 1 - cosine between results of different people.
    """
    rng = np.random.default_rng(seed)
    other = derangement(len(audience), rng)
    # Line p holds the history of the person who is given another's results.
    strangers = [audience.history[index] for index in other]
    base_strange = cosine_to_each(baseline.results, strangers)
    table = Table(
        "Controls",
        ["Gain", "Others' gain", "Future", "Copies", "Apart"],
        notes=[
            f"Gain over {baseline.name}, on the same items; others' gain: the same results held "
            "against another person's history."
        ],
    )
    tests = []
    for row in rows:
        own = per_person(row.entries[COSINE] - baseline.entries[COSINE])
        strange = per_person(cosine_to_each(row.results, strangers) - base_strange)
        strange = np.where(np.isfinite(own), strange, np.nan)
        table.rows[row.name] = {
            "Future": mean_interval(per_person(row.entries[FUTURE])),
            "Copies": mean_interval(copy_share(row.results, audience.history)),
            "Apart": _apart(row, rng),
        }
        if row is baseline:
            continue
        table.rows[row.name]["Gain"] = mean_interval(own)
        table.rows[row.name]["Others' gain"] = mean_interval(strange)
        tests.append(_personal(row.name, own, strange))
    table.notes += [test["sentence"] for test in tests]
    return table, tests


def _apart(row: Row, rng: np.random.Generator) -> Interval:
    """Return 1 - cosine between results of different people, over random pairs of them."""
    people = int(row.made.any(axis=(1, 2)).sum())
    return replace(mean_interval(diversity(row.results, rng)), n=people)


def derangement(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return (count,) a permutation that leaves nobody in place; of one, that one."""
    order = rng.permutation(count)
    result = np.empty(count, dtype=int)
    result[order] = np.roll(order, 1)
    return result


def _personal(name: str, own: np.ndarray, strange: np.ndarray) -> dict[str, Any]:
    """Return whether a gain is the person's own: larger than others', which must vanish."""
    test = paired_test(own - strange)
    left = mean_interval(strange)
    share = left.value / np.nanmean(own) if np.nanmean(own) > 0 else np.nan
    vanishes = test.holds() and (left.low <= 0 or share < LITTLE)
    if vanishes:
        sentence = f"{name}: the gain vanishes with persons permuted"
    elif test.holds():
        sentence = f"{name}: {share:.0%} of the gain is left with persons permuted"
    else:
        sentence = f"{name}: no gain that is the person's own"
    return {
        "row": name,
        "personal_gain": test.difference.as_dict(),
        "p": test.p,
        "vanishes_when_permuted": bool(vanishes),
        "sentence": f"{sentence} (own {np.nanmean(own):+.4f}, others' {left.value:+.4f}, "
        f"p {test.p:.4f}).",
    }
