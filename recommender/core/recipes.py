"""How each kind of model is fitted and its settings chosen on held-out interactions."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import sparse

from recommender.core.ease import fit_ease, keep_strongest
from recommender.core.evaluate import evaluate
from recommender.core.ials import fit_ials
from recommender.core.lightgcn import train_lightgcn
from recommender.core.mmgcn import train_mmgcn
from recommender.core.rankers import EASE, IALS_KIND, LIGHTGCN_KIND, MMGCN_KIND, Ease, Ranker
from recommender.core.ridge import unit

logger = logging.getLogger(__name__)

Config = dict[str, Any]
NEIGHBOURS = 200
# The first is used as it stands where there is nothing to choose by, or the catalogue is so large
# that trying all would take minutes.
EASE_GRID: tuple[Config, ...] = (
    {"l2": 50.0, "feature_weight": 10.0},
    {"l2": 100.0, "feature_weight": 10.0},
    {"l2": 20.0, "feature_weight": 3.0},
    {"l2": 300.0, "feature_weight": 30.0},
    {"l2": 100.0, "feature_weight": 0.0},
)
EASE_GRID_MAX_ITEMS = 2500
IALS_GRID: tuple[Config, ...] = (
    {"l2": 100.0, "alpha": 20.0},
    {"l2": 20.0, "alpha": 20.0},
    {"l2": 200.0, "alpha": 40.0},
    {"l2": 5.0, "alpha": 5.0},
)
# The second is the model as its authors released it.
MMGCN_GRID: tuple[Config, ...] = (
    {"ids": "trained", "average": "root", "hide": True, "half": None},
    {"ids": "fixed", "average": "mean", "hide": False, "half": None},
)


@dataclass(frozen=True)
class Data:
    """What a recipe learns from; all matrices (U, I) over the same people and items."""

    train: sparse.csr_matrix  # signed opinions
    valid: sparse.csr_matrix  # later ones, only positive entries count; may be empty
    features: Mapping[str, np.ndarray]  # modality -> (I, D), zero rows where unknown

    @property
    def liked(self) -> sparse.csr_matrix:
        """Return the positive part of the training opinions."""
        return positive(self.train)


@dataclass(frozen=True)
class Choice:
    """The best of a kind on validation."""

    ranker: Ranker | None  # fitted to the training part; None where nothing could be tried
    config: Config  # what `build` needs to make it again
    metrics: dict[str, float]  # on validation; {"users": 0} where there was nothing to choose by
    seconds: float


def positive(opinions: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return the entries above 0."""
    kept = opinions.tocsr().astype(np.float32).copy()
    kept.data = np.maximum(kept.data, 0.0)
    kept.eliminate_zeros()
    return kept


def choose(
    kind: str, data: Data, limits: Config | None = None, grid: Sequence[Config] = ()
) -> Choice:
    """Fit every setting of the grid to `data.train` and return the best on `data.valid`.

    limits: options for graph models (epochs, seconds, ...). grid: settings to try instead of the
    kind's own. Raises ValueError when the data do not suffice, such as no features for a model
    that needs them.
    """
    started = time.monotonic()
    grid = grid or _grid(kind, data)
    if not data.liked.nnz or not data.valid.nnz:
        return Choice(None, {**grid[0], **(limits or {})}, {"users": 0}, 0.0)
    tried: list[tuple[float, int, Ranker, Config, dict[str, float]]] = []
    for settings in grid:
        ranker, config = _FITTERS[kind](data, {**settings, **(limits or {})})
        metrics = evaluate(ranker.scores, data.train, data.valid)
        logger.info("%s %s: %s", kind, config, metrics)
        tried.append((ndcg_of(metrics), -len(tried), ranker, config, metrics))
    _, _, ranker, config, metrics = max(tried, key=lambda entry: entry[:2])
    return Choice(ranker, config, metrics, round(time.monotonic() - started, 2))


def build(kind: str, data: Data, config: Config) -> Ranker:
    """Return a model of the kind with settings that `choose` returned; `data.valid` is unused."""
    empty = sparse.csr_matrix(data.train.shape, dtype=np.float32)
    return _FITTERS[kind](Data(data.train, empty, data.features), config)[0]


def ndcg_of(metrics: Mapping[str, Any]) -> float:
    """Return the NDCG of an evaluation, whatever its k; 0 where nothing was evaluated."""
    found = [value for name, value in metrics.items() if name.startswith("ndcg@")]
    return float(found[0]) if found else 0.0


def _grid(kind: str, data: Data) -> tuple[Config, ...]:
    if kind == EASE:
        return EASE_GRID if data.train.shape[1] <= EASE_GRID_MAX_ITEMS else EASE_GRID[:1]
    return {IALS_KIND: IALS_GRID, MMGCN_KIND: MMGCN_GRID}.get(kind, ({},))


def _ease(data: Data, config: Config) -> tuple[Ranker, Config]:
    rows = [unit(matrix) for matrix in data.features.values()]
    weights = fit_ease(
        data.liked,
        l2=config["l2"],
        features=np.concatenate(rows, axis=1) if rows else None,
        feature_weight=config["feature_weight"],
    )
    chosen = {name: config[name] for name in ("l2", "feature_weight")}
    return Ease(keep_strongest(weights, NEIGHBOURS)), {**chosen, "neighbours": NEIGHBOURS}


def _ials(data: Data, config: Config) -> tuple[Ranker, Config]:
    factors = config.get("factors") or int(np.clip(data.train.shape[1] // 4, 8, 128))
    chosen = {"l2": config["l2"], "alpha": config["alpha"], "factors": factors}
    return fit_ials(data.liked, **chosen), chosen


def _lightgcn(data: Data, config: Config) -> tuple[Ranker, Config]:
    model, history = train_lightgcn(
        _pairs(data.train), *data.train.shape, valid=_held_out(data), **config
    )
    return model, {**config, "epochs": _best_epoch(history)}


def _mmgcn(data: Data, config: Config) -> tuple[Ranker, Config]:
    model = train_mmgcn(
        _pairs(data.train), data.features, *data.train.shape, valid=_held_out(data), **config
    )
    return cast(Ranker, model), {**config, "epochs": _best_epoch(model.history)}


def _pairs(opinions: sparse.csr_matrix) -> np.ndarray:
    liked = positive(opinions).tocoo()
    return np.stack([liked.row, liked.col], axis=1)


def _held_out(data: Data) -> np.ndarray | None:
    return _pairs(data.valid) if data.valid.nnz else None


def _best_epoch(history: list[dict[str, float]]) -> int:
    """Return the epoch that was kept: the best on validation, the last without one."""
    best = max(history, key=lambda entry: (entry.get("ndcg@20", 0.0), entry["epoch"]))
    return int(best["epoch"])


_FITTERS: dict[str, Callable[[Data, Config], tuple[Ranker, Config]]] = {
    EASE: _ease,
    IALS_KIND: _ials,
    LIGHTGCN_KIND: _lightgcn,
    MMGCN_KIND: _mmgcn,
}
