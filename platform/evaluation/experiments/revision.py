"""Table 3 of GeneRec 2024: a video's content revised for one person.

"Revise this micro-video based on my historical preference": the words say the type of garment only,
so colour and pattern are the person's.
"""

from __future__ import annotations

from evaluation.experiments.videos import FPS, FRAMES, Experiment, run_experiment
from evaluation.making import Maker
from evaluation.report import Result
from evaluation.rows import COSINE, PS
from evaluation.study import Study
from generation.core.video.backends import VideoRequest

TABLE = Experiment("revision", "Micro-video content revision (GeneRec 2024, Table 3)", (COSINE, PS))


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

    return run_experiment(study, maker, TABLE, base, base)
