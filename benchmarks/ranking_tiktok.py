"""Recall@20 and NDCG@20 of all models on the TikTok split of HKUDS (DiffMM, MMSSL).

9,308 people, 6,710 micro-videos, 59,541 / 3,051 / 6,130 interactions, image and audio features of
128. The whole catalogue is ranked with training items masked; settings and epochs are chosen on the
validation part, and the test part is looked at once per model and seed. What serves is what wins on
validation. Graph models are trained with several seeds: settings are chosen with the first, the
epoch with each. Intervals (±) are 95 %, over people, and over seeds too where there are several.
The data are not ours to pass on: give a git folder of github.com/HKUDS/DiffMM (bare or not), from
which the five files are taken, or a folder that holds them.

    python benchmarks/ranking_tiktok.py --git REPOSITORY --to FOLDER [--models ials cease ...]
    python benchmarks/ranking_tiktok.py --data FOLDER

Figures to reach: MMGCN .0730/.0307 (its published ones), the winner on validation .0941/.0419.
Writes results/ranking_tiktok.json; models run one by one are joined into it.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import RESULTS, write_result

from recommender.core.folder import FolderData, read_folder
from recommender.core.rankers import LIGHTGCN_KIND, MMGCN_KIND
from recommender.core.recipes import MMGCN_GRID, ndcg_of
from recommender.core.trial import popularity_entry, run_trial, shape_of

FILES = ("trnMat.pkl", "valMat.pkl", "tstMat.pkl", "image_feat.npy", "audio_feat.npy")
MODELS = {
    "popularity": "",
    "ials": "ials",
    "cease": "ease",
    "lightgcn": "lightgcn",
    "mmgcn": "mmgcn",
}
SETTINGS: dict[str, list[str]] = {MMGCN_KIND: list(MMGCN_GRID[0]), LIGHTGCN_KIND: []}
GOALS = {"mmgcn": (0.0730, 0.0307), "winner": (0.0941, 0.0419)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--git", type=Path, help="git folder of HKUDS/DiffMM")
    parser.add_argument("--to", type=Path, help="where to put the files; outside any repository")
    parser.add_argument("--data", type=Path, help="a folder that holds the files")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--epochs", type=int, default=30, help="at most, for graph models")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="of graph models")
    arguments = parser.parse_args()
    if arguments.git:
        if arguments.to is None:
            parser.error("--git needs --to")
        extract(arguments.git, arguments.to)
    folder = arguments.data or arguments.to
    if folder is None:
        parser.error("give --git and --to, or --data")
    data = read_folder(folder)
    for model in arguments.models:
        entry = measure(model, data, arguments.epochs, arguments.seeds)
        report(model, entry)
        entries = {**_earlier(), model: entry}
        print(write_result("ranking_tiktok", summary(entries, data)))


def extract(repository: Path, folder: Path) -> None:
    """Write the five files of the newest commit into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    inside = repository / ".git"
    for name in FILES:
        show = ["git", "--git-dir", str(inside if inside.exists() else repository)]
        show += ["show", f"HEAD:Datasets/tiktok/{name}"]
        (folder / name).write_bytes(subprocess.run(show, check=True, capture_output=True).stdout)


def measure(model: str, data: FolderData, epochs: int, seeds: list[int]) -> dict[str, Any]:
    """Return settings, seconds and figures of one model; a graph model's are means over seeds."""
    if model == "popularity":
        return with_intervals([popularity_entry(data)])
    kind = MODELS[model]
    runs = [run_trial(data, [kind], {"epochs": epochs, "seed": seeds[0]})[0]]
    if kind in (LIGHTGCN_KIND, MMGCN_KIND):
        # The settings of the first seed's winner; what a seed decides is the start and the epoch.
        own = [{name: runs[0]["settings"][name] for name in SETTINGS[kind]}]
        for seed in seeds[1:]:
            runs += run_trial(data, [kind], {"epochs": epochs, "seed": seed}, grid=own)
    return with_intervals(runs)


def with_intervals(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the first run with mean figures, the half width of their intervals and all runs."""
    entry = {**runs[0], "seconds": sum(run["seconds"] for run in runs)}
    for part in ("valid", "test"):
        figures = dict(runs[0][part])
        for name in ("recall", "ndcg"):
            over_seeds = np.array([run[part][f"{name}@20"] for run in runs])
            # The people are the same for every seed, so their error does not shrink with seeds.
            spread = over_seeds.std(ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else 0.0
            error = float(np.hypot(runs[0][part][f"{name}_error"], spread))
            figures[f"{name}@20"] = round(float(over_seeds.mean()), 5)
            figures[f"{name}_within"] = round(1.96 * error, 5)
        entry[part] = figures
    if len(runs) > 1:
        entry["runs"] = runs
    return entry


def report(model: str, entry: dict[str, Any]) -> None:
    valid, test = entry["valid"], entry["test"]
    print(
        f"{model:11} valid {valid['recall@20']:.4f}/{valid['ndcg@20']:.4f}"
        f"  test {test['recall@20']:.4f}±{test['recall_within']:.4f}"
        f"/{test['ndcg@20']:.4f}±{test['ndcg_within']:.4f}  {entry['seconds']:.0f} s"
        f"  {entry['settings']}",
        flush=True,
    )


def summary(entries: dict[str, Any], data: FolderData) -> dict[str, Any]:
    """Return what is written: data, figures, the winner on validation and the goals."""
    winner = max(entries, key=lambda model: ndcg_of(entries[model]["valid"]))
    reached = {}
    for name, (recall, ndcg) in GOALS.items():
        test = entries.get(winner if name == "winner" else name, {}).get("test")
        if test is not None:
            reached[name] = test["recall@20"] >= recall and test["ndcg@20"] >= ndcg
    return {
        "data": shape_of(data),
        "models": entries,
        "winner_on_validation": winner,
        "goals": GOALS,
        "reached": reached,
    }


def _earlier() -> dict[str, Any]:
    path = RESULTS / "ranking_tiktok.json"
    found: dict[str, Any] = json.loads(path.read_text())["models"] if path.exists() else {}
    return found


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(1)
    main()
