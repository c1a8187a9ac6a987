"""Table 3 of GeneRec 2024: a video's content revised for one person.

"Revise this micro-video based on my historical preference": the words say the type of garment only,
so colour and pattern are the person's.
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
from evaluation.rows import COSINE, PS, controls_table
from evaluation.study import Study, facts_of
from generation.core.video.backends import VideoRequest

TITLE = "Micro-video content revision (GeneRec 2024, Table 3)"


def evaluate(study: Study, maker: Maker) -> Result:
    """Return the table; the unconditional row has a distance only, as in the paper."""

    def base(person: int, turn: int, video: int) -> VideoRequest:
        return VideoRequest(
            prompt=study.world.types[video],
            source=study.world.opening(video, FRAMES, FPS),
            source_prompt=study.world.captions[video],
            frames=FRAMES,
            fps=FPS,
            seed=1000 * study.options.seed + turn,
        )

    clips = {one.name: one for one in make_rows(study, maker, base, base)}
    clips[ORIGINAL] = originals(study)
    study.clock.lap("generation")
    real = real_features(study)
    rows = {
        name: measure_clips(study, clips[name], has_items=True)
        for name in (ORIGINAL, USER_HIST, USER_EMB)
    }
    ks = list(study.options.ks)
    table = Table(TITLE, [*(f"{m}@{k}" for m in (COSINE, PS) for k in ks), FVD])
    made = [one for name, one in clips.items() if name != ORIGINAL]
    fill_table(study, table, list(rows.values()), made, real)
    controls, tests = controls_table(
        list(rows.values()), rows[ORIGINAL], study.audience, study.options.seed
    )
    study.clock.lap("metrics")
    verdicts = cosine_verdicts(study, rows, [COSINE, PS]) + distance_verdicts(clips, real)
    extra = [controls, future_table(study, list(rows.values()))]
    facts = facts_of(study, permutation=tests, generation=maker.facts())
    return Result("revision", table, verdicts, extra, facts)
