"""Table 1 of GeneRec 2024: thumbnails selected (eq. 1) and generated for one person."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from catalog.services import name_colours
from common.guidance import Attributes
from evaluation.making import CoverRequest, Made, Maker, weights_by_age
from evaluation.preference import moved_vectors
from evaluation.report import Result, Table, Verdict
from evaluation.rows import (
    COSINE,
    FUTURE,
    PS,
    PS_STANDARD,
    Row,
    compare,
    controls_table,
    fill,
    measure,
)
from evaluation.statistics import mean_interval
from evaluation.study import DEMO, Study, facts_of
from evaluation.worlds import FRAMES, SEGMENT_FRAMES, SEGMENTS
from generation.core.selection import select_frame, user_vector
from generation.operations.thumbnails import FRAME_TOKENS, FRAME_WEIGHT, LIKE_TOKENS

RANDOM, ORIGINAL, CLIP, RDM = "Random Frame", "Original", "CLIP", "RDM"
CLIP_RAW = "CLIP, raw mean"
TITLE = "Thumbnail selection and generation (GeneRec 2024, Table 1)"


def evaluate(study: Study, maker: Maker | None) -> Result:
    """Return the table; without a maker its generated row is left out."""
    chosen = _choose(study)
    rows = _rows(study, chosen)
    study.clock.lap("selection")
    made: dict[str, Any] = {}
    if maker is not None:
        results = _generate(study, maker, chosen[CLIP])
        rows[RDM] = measure(RDM, results, study.audience, _moved(study, results))
        made = maker.facts()
        study.clock.lap("generation")
    shown = [name for name in (RANDOM, ORIGINAL, CLIP, RDM) if name in rows]
    ks = list(study.options.ks)
    table = Table(TITLE, [f"{m}@{k}" for m in (COSINE, PS) for k in ks])
    for name in shown:
        fill(table, rows[name], [COSINE, PS], ks)
    if RDM in rows:
        table.notes.append(_made_note(study, rows[RDM]))
    controls, tests = controls_table(
        [rows[name] for name in shown], rows[RANDOM], study.audience, study.options.seed
    )
    study.clock.lap("metrics")
    facts = facts_of(study, permutation=tests, generation=made)
    extra = [controls, _more_scores(study, rows, shown), _eq1_choice(study, rows, chosen)]
    truth = _truth(study, chosen)
    if truth is not None:
        extra.append(truth)
    return Result("thumbnails", table, _verdicts(study, rows), extra, facts)


def _rows(study: Study, chosen: dict[str, np.ndarray]) -> dict[str, Row]:
    """Return the rows that need no generator."""
    judged, items = study.vectors.frames_judged, study.items
    frames, thumbnails = study.moved_frames, study.moved_thumbnails
    rows = {
        ORIGINAL: measure(
            ORIGINAL,
            study.vectors.thumbnails_judged[items],
            study.audience,
            None if thumbnails is None else thumbnails[items],
        )
    }
    for name, frame in chosen.items():
        moved = None if frames is None else frames[items, frame]
        rows[name] = measure(name, judged[items, frame], study.audience, moved)
    return rows


def _generate(study: Study, maker: Maker, chosen: np.ndarray) -> np.ndarray:
    """Return the judge's vectors of generated thumbnails, (P, R, K, D): for the first people, one
    run; NaN elsewhere.
    """
    people = min(study.options.made_for, len(study.world.people))
    entries = [(p, k) for p in range(people) for k in range(study.items.shape[2])]
    requests = [_request(study, p, int(study.items[p, 0, k]), chosen[p, 0, k]) for p, k in entries]
    made: list[Made] = maker.make_all(requests)
    results = np.full((*study.items.shape, study.vectors.frames_judged.shape[2]), np.nan)
    for (p, k), one in zip(entries, made, strict=True):
        results[p, 0, k] = one.judged[0]
    return results


def _request(study: Study, person: int, video: int, frame: int) -> CoverRequest:
    """Return the request for one person's thumbnail of a video, as the site makes it.

    The creator paints over the frame that eq. 1 selects; a few of the video's frames and the newest
    likes are its liked items (RDM's two conditions).
    """
    history = study.world.people[person].history
    liked = study.vectors.pictures[history[::-1][:LIKE_TOKENS]]
    weights = weights_by_age(len(liked))
    spread = np.linspace(0, FRAMES - 1, FRAME_TOKENS + 1).round().astype(int).tolist()
    tokens = study.vectors.frames[video, list(dict.fromkeys([frame, *spread]))[:FRAME_TOKENS]]
    beside = np.full(len(tokens), FRAME_WEIGHT * weights.max(), np.float32)
    user = user_vector(study.vectors.pictures[history])
    assert user is not None
    picture = study.world.frame(video, frame)
    shown = Attributes(
        type=study.world.type_at(video, frame),
        colours=tuple(name_colours(Image.fromarray(picture))),
    )
    return CoverRequest(
        prompt=f"{study.world.look} of a {shown.as_caption()}",
        history=np.concatenate([tokens, liked]),
        history_weights=np.concatenate([beside, weights]),
        init_image=picture,
        seed=study.options.seed,
        user=user,
    )


def _moved(study: Study, results: np.ndarray) -> np.ndarray | None:
    recommender = study.audience.recommender
    return None if recommender is None else moved_vectors(recommender, study.items, results)


def _choose(study: Study) -> dict[str, np.ndarray]:
    """Return, by method, the index of the frame for each person, run and item, (P, R, K)."""
    rng = np.random.default_rng([study.options.seed, 21])
    frames = study.vectors.frames
    chosen = {name: np.zeros(study.items.shape, dtype=int) for name in (CLIP, CLIP_RAW)}
    chosen[RANDOM] = rng.integers(frames.shape[1], size=study.items.shape)
    for index, person in enumerate(study.world.people):
        for name, user in (
            (CLIP, user_vector(study.vectors.pictures[person.history])),
            (
                CLIP_RAW,
                user_vector(study.vectors.pictures_raw[person.history], normalise_first=False),
            ),
        ):
            if user is None:
                raise AssertionError("Every person has liked something.")
            best = {
                video: select_frame(frames[video], user)[0]
                for video in np.unique(study.items[index])
            }
            chosen[name][index] = np.vectorize(best.__getitem__)(study.items[index])
    return chosen


def _verdicts(study: Study, rows: dict[str, Row]) -> list[Verdict]:
    """Return the paper's orderings; on still photographs "Original" need not lose to a frame."""
    is_demo = study.options.data == DEMO
    wanted = [
        (CLIP, RANDOM, COSINE, True),
        (CLIP, ORIGINAL, COSINE, is_demo),
        (ORIGINAL, RANDOM, COSINE, is_demo),
        (RDM, CLIP, COSINE, is_demo),
        (CLIP, RANDOM, PS, True),
        (CLIP, ORIGINAL, PS, False),
        (RANDOM, ORIGINAL, PS, False),
        (RDM, CLIP, PS, is_demo),
    ]
    return [
        compare(rows[better], rows[worse], metric, k, required=required)
        for better, worse, metric, required in wanted
        if better in rows and worse in rows and metric in rows[better].entries
        for k in study.options.ks
    ]


def _more_scores(study: Study, rows: dict[str, Row], shown: list[str]) -> Table:
    ks = list(study.options.ks)
    metrics = [FUTURE, PS_STANDARD]
    table = Table(
        "Held-out future likes (Future@K) and standardised prediction scores (PSz@K)",
        [f"{m}@{k}" for m in metrics for k in ks],
    )
    for name in shown:
        fill(table, rows[name], metrics, ks)
    return table


def _eq1_choice(study: Study, rows: dict[str, Row], chosen: dict[str, np.ndarray]) -> Table:
    """Return what the open choice in eq. 1 changes: is each liked vector scaled before the mean?"""
    ks = list(study.options.ks)
    table = Table(
        "Eq. 1 with the mean of raw vectors, as in the authors' code",
        [*(f"{COSINE}@{k}" for k in ks), "Same frame"],
        notes=[
            "The item that is evaluated is in no history: checked for every person and item "
            "(the authors' code leaves it in)."
        ],
    )
    for name in (CLIP, CLIP_RAW):
        fill(table, rows[name], [COSINE], ks)
    same = (chosen[CLIP] == chosen[CLIP_RAW]).mean(axis=(1, 2))
    table.rows[CLIP_RAW]["Same frame"] = mean_interval(same)
    return table


def _truth(study: Study, chosen: dict[str, np.ndarray]) -> Table | None:
    """Return how much each person truly likes the garment that was chosen, where that is known."""
    pleasure = study.world.pleasure()  # (P, N, S)
    if pleasure is None:
        return None
    people = np.arange(len(pleasure))[:, None, None]
    table = Table(
        "What the hidden tastes say of the garment shown",
        ["Pleasure", "Best of video"],
        notes=["Pleasure: hidden utility; best: share of choices that show the best garment."],
    )
    best = pleasure.max(axis=2)[people, study.items]
    segments = {
        RANDOM: chosen[RANDOM] // SEGMENT_FRAMES,
        ORIGINAL: np.zeros_like(study.items),
        CLIP: chosen[CLIP] // SEGMENT_FRAMES,
    }
    for name, segment in segments.items():
        felt = pleasure[people, study.items, segment]
        table.rows[name] = {
            "Pleasure": mean_interval(felt.mean(axis=(1, 2))),
            "Best of video": mean_interval((felt >= best).mean(axis=(1, 2))),
        }
    table.rows["The best there is"] = {"Pleasure": mean_interval(best.mean(axis=(1, 2)))}
    return table


def _made_note(study: Study, row: Row) -> str:
    people = int(row.made.any(axis=(1, 2)).sum())
    pictures = int(row.made.sum())
    return (
        f"{row.name}: {pictures} pictures for {people} people, one run; it is compared with the "
        f"other rows on the same people and items. A video has {SEGMENTS} segments."
    )
