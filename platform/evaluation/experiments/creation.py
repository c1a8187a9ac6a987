"""Table 4 of GeneRec 2024: new videos from a single-turn instruction and the person's feedback.

The instruction is the type of a garment that the person goes on to like; "Original" is what a
corpus without personalisation would have shown: a video by lot.
"""

from __future__ import annotations

from evaluation.experiments.videos import (
    FPS,
    FRAMES,
    FVD,
    ORIGINAL,
    USER_EMB,
    USER_HIST,
    cosine_verdicts,
    distance_verdicts,
    fill_table,
    future_table,
    make_rows,
    measure_clips,
    originals,
    real_features,
)
from evaluation.making import Maker
from evaluation.report import Result, Table
from evaluation.rows import COSINE, controls_table
from evaluation.study import Study, facts_of
from generation.core.video.backends import VideoRequest

TITLE = "Micro-video content creation (GeneRec 2024, Table 4)"


def evaluate(study: Study, maker: Maker) -> Result:
    """Return the table; created items have no identity that a recommender knows, hence no PS."""

    def request(prompt: str, turn: int) -> VideoRequest:
        seed = 1000 * study.options.seed + turn
        return VideoRequest(prompt=prompt, frames=FRAMES, fps=FPS, seed=seed)

    def base(person: int, turn: int, video: int) -> VideoRequest:
        return request(f"{study.world.look} of a {study.world.wish(person, turn)}", turn)

    def unconditional(person: int, turn: int, video: int) -> VideoRequest:
        # A seed of its own for each, or all people would be given the same clips.
        return request("", 100 * person + turn)

    clips = {one.name: one for one in make_rows(study, maker, base, unconditional)}
    clips[ORIGINAL] = originals(study)
    study.clock.lap("generation")
    real = real_features(study)
    rows = {
        name: measure_clips(study, clips[name], has_items=False)
        for name in (ORIGINAL, USER_HIST, USER_EMB)
    }
    table = Table(TITLE, [*(f"{COSINE}@{k}" for k in study.options.ks), FVD])
    made = [one for name, one in clips.items() if name != ORIGINAL]
    fill_table(study, table, list(rows.values()), made, real)
    controls, tests = controls_table(
        list(rows.values()), rows[ORIGINAL], study.audience, study.options.seed
    )
    study.clock.lap("metrics")
    verdicts = cosine_verdicts(study, rows, [COSINE]) + distance_verdicts(clips, real)
    extra = [controls, future_table(study, list(rows.values()))]
    facts = facts_of(study, permutation=tests, generation=maker.facts())
    return Result("creation", table, verdicts, extra, facts)
