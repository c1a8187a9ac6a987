"""Training of MMGCN with torch."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

import numpy as np
import torch
from scipy import sparse
from torch import nn

from recommender.core.graph import MEAN, ROOT, Bipartite, averaged, degrees, to_likes
from recommender.core.graph_torch import steps_to
from recommender.core.graph_training import Report, Settings, fit
from recommender.core.mmgcn import MMGCN, FeatureReader, Modality
from recommender.core.mmgcn_layers import GraphLayer, as_array

FIXED, TRAINED = "fixed", "trained"


@dataclass(frozen=True)
class MMGCNSettings(Settings):
    """Three layers of 64 as in the paper; the rest was chosen on validation."""

    ids: str = TRAINED
    # "mean" over neighbours as the paper has it, or "root" as LightGCN: see `graph.averaged`.
    average: str = ROOT
    # bfloat16 states and products, float32 weights and scores; None: if this machine is faster so.
    half: bool | None = False


def train(
    interactions: np.ndarray,
    features: Mapping[str, np.ndarray],
    n_users: int,
    n_items: int,
    *,
    valid: np.ndarray | None = None,
    report: Report | None = None,
    **options: Any,
) -> MMGCN:
    """Return a model trained on `interactions` (n, 2) with `features` (modality -> (I, F)).

    valid: (m, 2) held-out rows, best those after a moment in time: training stops when NDCG@20
    on them has not grown for `patience` epochs, and the best epoch is returned. Without them all
    `epochs` are run. ids="fixed" keeps identities and preferences as they were drawn, as the
    released code of the paper did; "trained" learns them. Other options: `MMGCNSettings`.
    Raises ValueError for bad input.
    """
    settings = MMGCNSettings(**options)
    if settings.ids not in (FIXED, TRAINED):
        raise ValueError(f'ids must be "fixed" or "trained", got {settings.ids!r}')
    if settings.average not in (MEAN, ROOT):
        raise ValueError(f'average must be "mean" or "root", got {settings.average!r}')
    likes = to_likes(interactions, n_users, n_items)
    if not likes.nnz:
        raise ValueError("there are no interactions to learn from")
    _check(features, n_items)
    if settings.half is None:
        settings = replace(settings, half=half_is_faster())
    network = Network(likes, features, settings)
    held_out = None if valid is None else to_likes(valid, n_users, n_items)
    history = fit(network, likes, held_out, settings, report)
    return network.export(likes, history)


def half_is_faster() -> bool:
    """Return whether this machine multiplies bfloat16 matrices well faster than float32 ones.

    Without the instructions for it a processor emulates them, many times slower.
    """
    seconds = {}
    for kind in (torch.float32, torch.bfloat16):
        left, right = torch.ones(2048, 128, dtype=kind), torch.ones(128, 64, dtype=kind)
        tries = []
        for _ in range(5):
            started = time.perf_counter()
            left @ right
            tries.append(time.perf_counter() - started)
        seconds[kind] = min(tries)
    return seconds[torch.bfloat16] < 0.8 * seconds[torch.float32]


def _check(features: Mapping[str, np.ndarray], n_items: int) -> None:
    if not features:
        raise ValueError("give the features of at least one modality")
    for name, rows in features.items():
        if rows.ndim != 2 or rows.shape[0] != n_items:
            raise ValueError(f"{name}: {n_items} rows of features needed, got {rows.shape}")
        if not np.isfinite(rows).all():
            raise ValueError(f"{name}: features must be finite numbers")


class _Branch(nn.Module):
    """One modality: preferences, given features, layers."""

    def __init__(self, people: int, inputs: np.ndarray, settings: MMGCNSettings) -> None:
        super().__init__()
        self.items = torch.from_numpy(inputs)
        width = inputs.shape[1]
        preference = nn.init.xavier_normal_(torch.empty(people, width))
        self.preference = nn.Parameter(preference, requires_grad=settings.ids == TRAINED)
        widths = [width] + [settings.dimension] * (settings.layers - 1)
        self.layers = nn.ModuleList(GraphLayer(wide, settings.dimension) for wide in widths)

    def start(self) -> list[torch.Tensor]:
        """Return the states of layer 0: people's, which are trained, and items'."""
        lengths = self.preference.square().sum(dim=1, keepdim=True).clamp_min(1e-24)
        return [self.preference * lengths.rsqrt(), self.items]


class Network(nn.Module):
    """MMGCN in torch. The last layer is computed for the nodes asked for only."""

    def __init__(
        self,
        likes: sparse.csr_matrix,
        features: Mapping[str, np.ndarray],
        settings: MMGCNSettings,
    ) -> None:
        super().__init__()
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.in_half = bool(settings.half)
        self.people, items = likes.shape
        self.graph = Bipartite(likes)
        self.readers = {name: FeatureReader.fitted(rows) for name, rows in features.items()}
        ids = nn.init.xavier_normal_(torch.empty(self.people + items, settings.dimension))
        self.ids = nn.Parameter(ids, requires_grad=settings.ids == TRAINED)
        self.branches = nn.ModuleDict(
            {
                name: _Branch(self.people, self.readers[name](rows), settings)
                for name, rows in features.items()
            }
        )

    @property
    def dtype(self) -> torch.dtype:
        return torch.bfloat16 if self.in_half else torch.float32

    def branch(self, name: str) -> _Branch:
        return cast(_Branch, self.branches[name])

    def forward(
        self, nodes: np.ndarray | None = None, hidden: np.ndarray | None = None
    ) -> torch.Tensor:
        """Return float32 vectors of `nodes` (all when None), (n, d); see `Embeds`."""
        graph = self.graph.full if hidden is None else self.graph.without(hidden)
        scaled = averaged(graph, self.settings.average, degrees(graph))
        steps = list(steps_to(nodes, scaled, self.settings.layers))
        own_ids = self.ids.to(self.dtype)
        ids = [
            own_ids if step.nodes is None else own_ids.index_select(0, step.nodes) for step in steps
        ]
        found = []
        for name in self.branches:
            states = [part.to(self.dtype) for part in self.branch(name).start()]
            for layer, step, own in zip(self.branch(name).layers, steps, ids, strict=True):
                states = [layer(step.product, states, own, step.rows)]
            found.append(states[0])
        return torch.stack(found).float().mean(dim=0)

    @torch.no_grad()
    def export(self, likes: sparse.csr_matrix, history: list[dict[str, float]]) -> MMGCN:
        """Return the trained model as NumPy arrays."""
        ids = as_array(self.ids)
        modalities = {}
        for name in self.branches:
            start = as_array(torch.cat(self.branch(name).start()))
            layers = tuple(cast(GraphLayer, layer).export() for layer in self.branch(name).layers)
            modalities[name] = Modality(
                start[: self.people], start[self.people :], layers, self.readers[name]
            )
        config = asdict(self.settings)
        return MMGCN(likes, ids[: self.people], ids[self.people :], modalities, history, config)
