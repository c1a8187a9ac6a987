"""`python -m generation.core.train FOLDER`: train the creator on a folder of captioned pictures.

FOLDER holds `captions.csv` (file, caption; one row per wording) and the pictures it names. For the
demo world's drawings use `manage.py train_creator`.
"""

from __future__ import annotations

import argparse
import csv
import json
import logging
from pathlib import Path

import cv2
import numpy as np

from generation.core.train.cache import HEIGHT, WIDTH, ZOOM, Facts, Sample, build_cache


class FolderSampler:
    """Pictures of a folder with their captions, cut to the creator's shape."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.captions: dict[str, list[str]] = {}
        with (folder / "captions.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                self.captions.setdefault(row["file"], []).append(row["caption"])
        self.files = sorted(self.captions)

    def __call__(self, index: int, large: bool) -> Sample | None:
        """Return picture number `index`, or None if it cannot be read."""
        bgr = cv2.imread(str(self.folder / self.files[index]))
        if bgr is None:
            logging.warning("Left out %s: not a picture", self.files[index])
            return None
        rgb = np.ascontiguousarray(bgr[:, :, ::-1])
        return Sample(
            image=_fitted(rgb, HEIGHT, WIDTH),
            facts=Facts(captions=tuple(self.captions[self.files[index]])),
            large=_fitted(rgb, ZOOM * HEIGHT, ZOOM * WIDTH) if large else None,
        )


def _fitted(image: np.ndarray, height: int, width: int) -> np.ndarray:
    from generation.core.creator import fit_image

    return fit_image(image, height, width)


def main() -> None:
    """Read the arguments, build the cache, train, print the metrics."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stages", nargs="*", default=[])
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    sampler = FolderSampler(arguments.folder)
    count = len(sampler.files)
    build_cache(arguments.work / "cache", sampler, count=count, large=min(count, 1500))
    from generation.core.train.plan import Plan
    from generation.core.train.stages import run_plan

    plan = Plan(
        work=arguments.work,
        out=arguments.out,
        minutes=arguments.minutes,
        seed=arguments.seed,
        command=f"python -m generation.core.train {arguments.folder}",
    )
    print(json.dumps(run_plan(plan, arguments.stages), indent=2))


if __name__ == "__main__":
    main()
