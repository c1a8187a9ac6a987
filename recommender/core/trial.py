"""Models on a folder of interactions: settings by validation, figures on test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recommender.core.evaluate import evaluate, popularity_scorer
from recommender.core.folder import FolderData
from recommender.core.rankers import EASE, IALS_KIND
from recommender.core.recipes import Config, Data, build, choose


def run_trial(
    folder: FolderData,
    kinds: list[str],
    limits: Config | None = None,
    out: Path | None = None,
    grid: Sequence[Config] = (),
) -> list[dict[str, Any]]:
    """Return one entry per kind: settings, seconds, figures on validation and on test.

    Trained on the training part, settings and epoch chosen on validation, training items masked
    in both; the test part is looked at once. limits: options of graph models. grid: settings to
    choose from instead of each kind's own. With `out` each model is written to `out/<kind>`.
    """
    data = Data(folder.train, folder.valid, folder.features)
    found = []
    for kind in kinds:
        graph_limits = None if kind in (EASE, IALS_KIND) else limits
        choice = choose(kind, data, graph_limits, grid)
        ranker = choice.ranker or build(kind, data, choice.config)
        entry: dict[str, Any] = {
            "model": kind,
            "settings": choice.config,
            "seconds": choice.seconds,
            "valid": choice.metrics,
        }
        if folder.test.nnz:
            entry["test"] = evaluate(ranker.scores, folder.train, folder.test)
        if out is not None:
            ranker.save(out / kind)
        found.append(entry)
    return found


def popularity_entry(folder: FolderData) -> dict[str, Any]:
    """Return the same figures for what most people liked."""
    scorer = popularity_scorer(folder.train)
    return {
        "model": "popularity",
        "settings": {},
        "seconds": 0.0,
        "valid": evaluate(scorer, folder.train, folder.valid),
        "test": evaluate(scorer, folder.train, folder.test),
    }


def shape_of(folder: FolderData) -> dict[str, Any]:
    """Return the sizes of the data, for reports."""
    parts = {"train": folder.train, "valid": folder.valid, "test": folder.test}
    widths = {name: int(np.shape(rows)[1]) for name, rows in folder.features.items()}
    sizes = {name: int(matrix.nnz) for name, matrix in parts.items()}
    return {
        "users": folder.train.shape[0],
        "items": folder.train.shape[1],
        **sizes,
        "features": widths,
    }
