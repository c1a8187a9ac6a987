"""Table 2 of GeneRec 2024: the clip of a video that is nearest to one person (eq. 2).

The paper evaluates clips "by replacing thumbnails with frames": Cosine and PS of a clip are here
the means over its frames. The mean vector of a clip (the c of eq. 2) as one picture is a table of
its own, since a mean over many frames lies near to everybody.
"""

from __future__ import annotations

import numpy as np

from evaluation.metrics import unit
from evaluation.report import Result, Table, Verdict
from evaluation.rows import COSINE, FUTURE, PS, Row, compare, controls_table, fill, measure
from evaluation.statistics import mean_interval
from evaluation.study import Study, facts_of
from evaluation.worlds import FRAMES, SEGMENT_FRAMES
from generation.core.selection import select_window, user_vector

RANDOM, FIRST, UNCLIPPED, CLIP = "Random", "1st Clip", "Unclipped", "CLIP"
LENGTHS = (4, 8, 16, 32)
# The paper's, "due to its better scores w.r.t. Cosine@5".
LENGTH = 8
TITLE = f"Micro-video clipping, L = {LENGTH} of {FRAMES} frames (GeneRec 2024, Table 2)"

# For each length: the first frame of the window by method, (P, R, K).
Starts = dict[str, np.ndarray]


def evaluate(study: Study) -> Result:
    """Return the table, with the choice of L beneath it."""
    chosen = {length: _choose(study, length) for length in LENGTHS}
    study.clock.lap("selection")
    rows = _rows(study, chosen[LENGTH])
    ks = list(study.options.ks)
    table = Table(TITLE, [f"{m}@{k}" for m in (COSINE, PS) for k in ks])
    for row in rows.values():
        fill(table, row, [COSINE, PS], ks)
    controls, tests = controls_table(
        list(rows.values()), rows[RANDOM], study.audience, study.options.seed
    )
    extra = [controls, _future(rows, ks), _as_one_vector(study, rows), _lengths(study, chosen)]
    truth = _truth(study, chosen[LENGTH])
    if truth is not None:
        extra.append(truth)
    study.clock.lap("metrics")
    return Result("clips", table, _verdicts(study, rows), extra, facts_of(study, permutation=tests))


def _choose(study: Study, length: int) -> Starts:
    """Return where the window of `length` frames starts, by method."""
    rng = np.random.default_rng([study.options.seed, 22, length])
    frames = study.vectors.frames
    nearest = np.zeros(study.items.shape, dtype=int)
    for index, person in enumerate(study.world.people):
        user = user_vector(study.vectors.pictures[person.history])
        if user is None:
            raise AssertionError("Every person has liked something.")
        best = {
            video: select_window(frames[video], user, length).start
            for video in np.unique(study.items[index])
        }
        nearest[index] = np.vectorize(best.__getitem__)(study.items[index])
    return {
        RANDOM: rng.integers(frames.shape[1] - length + 1, size=study.items.shape),
        FIRST: np.zeros_like(study.items),
        CLIP: nearest,
    }


def _means(grid: np.ndarray, items: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Return (P, R, K, D): the mean of the frames' rows of each clip. grid: (N, T, D)."""
    sums = np.concatenate([np.zeros_like(grid[:, :1]), grid.cumsum(axis=1)], axis=1)
    return (sums[items, starts + length] - sums[items, starts]) / length


def _row(study: Study, name: str, starts: np.ndarray, length: int) -> Row:
    judged = _means(study.vectors.frames_judged, study.items, starts, length)
    frames = study.moved_frames
    moved = None if frames is None else _means(frames, study.items, starts, length)
    return measure(name, judged, study.audience, moved)


def _rows(study: Study, starts: Starts) -> dict[str, Row]:
    """Return the table's rows, in the paper's order."""
    whole = study.vectors.frames.shape[1]
    beginning = np.zeros_like(study.items)
    return {
        RANDOM: _row(study, RANDOM, starts[RANDOM], LENGTH),
        FIRST: _row(study, FIRST, starts[FIRST], LENGTH),
        UNCLIPPED: _row(study, UNCLIPPED, beginning, whole),
        CLIP: _row(study, CLIP, starts[CLIP], LENGTH),
    }


def _verdicts(study: Study, rows: dict[str, Row]) -> list[Verdict]:
    """Return the paper's orderings.

    Those among the baselines rest on how uploaders open their videos: reported, not required.
    """
    wanted = [
        (CLIP, RANDOM, True),
        (CLIP, FIRST, True),
        (CLIP, UNCLIPPED, True),
        (UNCLIPPED, FIRST, False),
        (FIRST, RANDOM, False),
    ]
    return [
        compare(rows[better], rows[worse], metric, k, required=required and metric == COSINE)
        for metric in (COSINE, PS)
        if metric in rows[CLIP].entries
        for better, worse, required in wanted
        for k in study.options.ks
    ]


def _future(rows: dict[str, Row], ks: list[int]) -> Table:
    table = Table("Cosine to held-out future likes", [f"{FUTURE}@{k}" for k in ks])
    for row in rows.values():
        fill(table, row, [FUTURE], ks)
    return table


def _as_one_vector(study: Study, rows: dict[str, Row]) -> Table:
    """Return the cosines of each clip's mean vector instead of the mean cosine of its frames."""
    ks = list(study.options.ks)
    table = Table(
        "The clip's mean vector as one picture",
        [f"{COSINE}@{k}" for k in ks],
        notes=["The more frames are averaged, the nearer their mean lies to everybody's taste."],
    )
    for row in rows.values():
        fill(table, measure(row.name, unit(row.results), study.audience), [COSINE], ks)
    return table


def _lengths(study: Study, chosen: dict[int, Starts]) -> Table:
    """Return CLIP and Random for every length; the paper chose L by Cosine at the smallest K."""
    ks = list(study.options.ks)
    table = Table("The choice of L", [f"{COSINE}@{k}" for k in ks])
    best = {}
    for length, starts in chosen.items():
        for method in (RANDOM, CLIP):
            name = f"{method}, L = {length}"
            fill(table, _row(study, name, starts[method], length), [COSINE], ks)
            if method == CLIP:
                best[length] = table.rows[name][f"{COSINE}@{min(ks)}"].value
    length = max(best, key=best.__getitem__)
    table.notes.append(f"Best by {COSINE}@{min(ks)}: L = {length}; the paper's: L = {LENGTH}.")
    return table


def _truth(study: Study, starts: Starts) -> Table | None:
    """Return how much each person truly likes what the clip shows, where that is known."""
    pleasure = study.world.pleasure()  # (P, N, S)
    if pleasure is None:
        return None
    people = np.arange(len(pleasure))[:, None, None]
    # (P, N, T + 1) sums over frames, so that a window is one difference.
    felt = np.repeat(pleasure, SEGMENT_FRAMES, axis=2)
    sums = np.concatenate([np.zeros_like(felt[:, :, :1]), felt.cumsum(axis=2)], axis=2)
    table = Table("What the hidden tastes say of the clip", ["Pleasure"])
    for name, start in starts.items():
        shown = sums[people, study.items, start + LENGTH] - sums[people, study.items, start]
        table.rows[name] = {"Pleasure": mean_interval(shown.mean(axis=(1, 2)) / LENGTH)}
    best = pleasure.max(axis=2)[people, study.items]
    table.rows["The best there is"] = {"Pleasure": mean_interval(best.mean(axis=(1, 2)))}
    return table
