"""Table 4 of GeneRec 2024: new videos from a single-turn instruction and the person's feedback.

The instruction is the type of a garment that the person goes on to like; "Original" is what a
corpus without personalisation would have shown: a video by lot.
"""

from __future__ import annotations

from evaluation.experiments.videos import FPS, FRAMES, Experiment, run_experiment
from evaluation.making import Maker
from evaluation.report import Result
from evaluation.rows import COSINE
from evaluation.study import Study
from generation.core.video.backends import VideoRequest

TABLE = Experiment("creation", "Micro-video content creation (GeneRec 2024, Table 4)", (COSINE,))


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

    return run_experiment(study, maker, TABLE, base, unconditional)
