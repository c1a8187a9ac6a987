"""What Tables 3 and 4 of GeneRec 2024 share: clips made under User_Hist and User_Emb."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from evaluation.judging import spread_out
from evaluation.making import Maker, weights_by_age
from evaluation.metrics import frechet_distance, video_features
from evaluation.preference import moved_vectors, user_embeddings
from evaluation.report import Result, Table, Verdict
from evaluation.rows import COSINE, FUTURE, PS, Row, compare, controls_table, fill, measure
from evaluation.statistics import set_comparison, set_interval
from evaluation.study import Study, facts_of
from generation.core.video.backends import VideoRequest

ORIGINAL, USER_HIST, USER_EMB, UNCONDITIONAL = "Original", "User_Hist", "User_Emb", "Unconditional"
FVD = "FVD_own"
FRAMES, FPS = 16, 12
HISTORY = 8
# Real clips that FVD compares with, if there are as many.
REAL_CLIPS = 120

# Makes the request without any person in it: (person, turn, video) -> request.
Base = Callable[[int, int, int], VideoRequest]


@dataclass(frozen=True)
class Clips:
    """The clips of one row: frame vectors by the judge, (P, 1, K, T, D); NaN where none is."""

    name: str
    frames: np.ndarray

    @property
    def means(self) -> np.ndarray:
        """Return (P, 1, K, D): the mean of a clip's frames, whose cosine is their mean cosine."""
        return self.frames.mean(axis=3)

    @property
    def features(self) -> np.ndarray:
        """Return (P, K, 2 D) video features, NaN where there is no clip."""
        people, _, k, count, d = self.frames.shape
        flat = spread_out(self.frames).reshape(-1, count, d)
        return video_features(flat).reshape(people, k, 2 * d)


@dataclass(frozen=True)
class Experiment:
    """One of the two tables: its name, its title, and the metrics of its columns beside FVD."""

    name: str
    title: str
    metrics: tuple[str, ...]


def run_experiment(
    study: Study, maker: Maker, experiment: Experiment, base: Base, unconditional: Base
) -> Result:
    """Return the table of clips made by these requests, with its controls and orderings.

    The unconditional row has a distance only, as in the paper.
    """
    clips = {one.name: one for one in make_rows(study, maker, base, unconditional)}
    clips[ORIGINAL] = originals(study)
    study.clock.lap("generation")
    real = real_features(study)
    rows = {
        name: measure_clips(study, clips[name], has_items=PS in experiment.metrics)
        for name in (ORIGINAL, USER_HIST, USER_EMB)
    }
    columns = [f"{metric}@{k}" for metric in experiment.metrics for k in study.options.ks]
    table = Table(experiment.title, [*columns, FVD])
    made = [one for name, one in clips.items() if name != ORIGINAL]
    fill_table(study, table, list(rows.values()), made, real)
    controls, tests = controls_table(
        list(rows.values()), rows[ORIGINAL], study.audience, study.options.seed
    )
    study.clock.lap("metrics")
    verdicts = cosine_verdicts(study, rows, list(experiment.metrics))
    verdicts += distance_verdicts(clips, real)
    extra = [controls, future_table(study, list(rows.values()))]
    facts = facts_of(study, permutation=tests, generation=maker.facts())
    return Result(experiment.name, table, verdicts, extra, facts)


def entries_of(study: Study) -> list[tuple[int, int]]:
    """Return (person, turn) of every clip of a row: the first people, one run."""
    people = min(study.options.made_for, len(study.world.people))
    return [(p, k) for p in range(people) for k in range(study.items.shape[2])]


def originals(study: Study) -> Clips:
    """Return the videos that are recommended, as they are."""
    judge, entries = study.networks.judge, entries_of(study)
    videos = sorted({int(study.items[p, 0, k]) for p, k in entries})
    seen = {v: judge.see(list(study.world.opening(v, FRAMES, FPS))) for v in videos}
    return _placed(study, ORIGINAL, [seen[int(study.items[p, 0, k])] for p, k in entries])


def real_features(study: Study) -> np.ndarray:
    """Return (n, 2 D) video features of real clips."""
    judge = study.networks.judge
    chosen = range(min(REAL_CLIPS, study.world.video_count))
    frames = np.stack([judge.see(list(study.world.opening(v, FRAMES, FPS))) for v in chosen])
    return video_features(spread_out(frames))


def make_rows(study: Study, maker: Maker, base: Base, unconditional: Base) -> list[Clips]:
    """Return the clips made under User_Hist, under User_Emb and under nothing of the person."""
    entries = entries_of(study)
    users = _user_vectors(study)
    conditions: dict[str, list[VideoRequest]] = {USER_HIST: [], USER_EMB: [], UNCONDITIONAL: []}
    for p, k in entries:
        video = int(study.items[p, 0, k])
        liked = study.vectors.pictures[study.world.people[p].history[::-1][:HISTORY]]
        plain = base(p, k, video)
        conditions[USER_HIST].append(
            replace(plain, history=liked, history_weights=weights_by_age(len(liked)))
        )
        conditions[USER_EMB].append(replace(plain, user=users[p]))
        conditions[UNCONDITIONAL].append(unconditional(p, k, video))
    return [
        _placed(study, name, [one.judged for one in maker.make_all(requests)])
        for name, requests in conditions.items()
    ]


def measure_clips(study: Study, clips: Clips, *, has_items: bool) -> Row:
    """Return the row of these clips; PS only where they stand for known items."""
    recommender = study.audience.recommender
    moved = None
    if has_items and recommender is not None:
        items = np.broadcast_to(study.items[:, :1, :, None], clips.frames.shape[:4])
        moved = moved_vectors(recommender, items, clips.frames).mean(axis=3)
    return measure(clips.name, clips.means, study.audience, moved)


def fill_table(
    study: Study, table: Table, rows: list[Row], clips: list[Clips], real: np.ndarray
) -> None:
    """Add the rows with Cosine and PS, and the clips with their distance from real ones."""
    ks = list(study.options.ks)
    for row in rows:
        fill(table, row, [COSINE, PS], ks)
    for one in clips:
        cells = table.rows.setdefault(one.name, {})
        cells[FVD] = set_interval(_frechet_from(real), one.features)
    made = sum(bool(np.isfinite(row).all()) for row in clips[0].features.reshape(-1, real.shape[1]))
    table.notes.append(
        f"{made} clips of {FRAMES} frames in each row, {FVD} against {len(real)} real ones: "
        "with so few it is high for every row, and it is not gated."
    )


def distance_verdicts(clips: dict[str, Clips], real: np.ndarray) -> list[Verdict]:
    """Return the paper's orderings of FVD, which contradict each other between its tables."""
    statistic = _frechet_from(real)
    return [
        Verdict(
            USER_EMB,
            other,
            FVD,
            set_comparison(statistic, clips[other].features, clips[USER_EMB].features),
            required=False,
            relation="<",
        )
        for other in (USER_HIST, UNCONDITIONAL)
    ]


def cosine_verdicts(study: Study, rows: dict[str, Row], metrics: list[str]) -> list[Verdict]:
    """Return User_Emb > User_Hist > Original; required of the cosine."""
    return [
        compare(rows[better], rows[worse], metric, k, required=metric == COSINE)
        for metric in metrics
        if all(metric in row.entries for row in rows.values())
        for better, worse in ((USER_HIST, ORIGINAL), (USER_EMB, ORIGINAL), (USER_EMB, USER_HIST))
        for k in study.options.ks
    ]


def future_table(study: Study, rows: list[Row]) -> Table:
    """Return the cosines to held-out future likes."""
    ks = list(study.options.ks)
    table = Table("Cosine to held-out future likes", [f"{FUTURE}@{k}" for k in ks])
    for row in rows:
        fill(table, row, [FUTURE], ks)
    return table


def _user_vectors(study: Study) -> np.ndarray:
    """Return (P, D) User_Emb in the space of the encoder that conditions."""
    recommender = study.audience.recommender
    if recommender is None:
        raise AssertionError("User_Emb needs a recommender, and it needs interactions.")
    tastes = [study.vectors.pictures[one.history].mean(axis=0) for one in study.world.people]
    return user_embeddings(
        recommender, study.world.interactions(), study.vectors.thumbnails, np.stack(tastes)
    )


def _frechet_from(real: np.ndarray) -> Callable[[np.ndarray], float]:
    return lambda rows: frechet_distance(rows, real)


def _placed(study: Study, name: str, seen: list[np.ndarray]) -> Clips:
    """Return the clips at their person and turn; all of one length."""
    people, _, k = study.items.shape
    frames = np.full((people, 1, k, *seen[0].shape), np.nan, dtype=np.float32)
    for (p, turn), one in zip(entries_of(study), seen, strict=True):
        frames[p, 0, turn] = one
    return Clips(name, frames)
