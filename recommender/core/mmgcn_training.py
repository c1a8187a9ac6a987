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
from torch.nn import functional as F

from recommender.core.graph import MEAN, ROOT, Bipartite, degrees, to_likes
from recommender.core.graph_torch import Product, make_product
from recommender.core.graph_training import Report, Settings, fit
from recommender.core.mmgcn import MMGCN, SLOPE, FeatureReader, Layer, Modality

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


class _Layer(nn.Module):
    """The matrices of `mmgcn.Layer` as parameters."""

    def __init__(self, width: int, d: int) -> None:
        super().__init__()
        self.message = nn.Linear(width, d, bias=False)
        self.own = nn.Linear(width, d)
        self.mix = nn.Linear(2 * d, d)
        for linear in (self.message, self.own, self.mix):
            nn.init.xavier_normal_(linear.weight)

    def forward(
        self, around: torch.Tensor, states: torch.Tensor, ids: torch.Tensor
    ) -> torch.Tensor:
        heard = F.leaky_relu(self.message(around), SLOPE)
        kept = F.leaky_relu(self.own(states), SLOPE) + ids
        return F.leaky_relu(self.mix(torch.cat([heard, kept], dim=1)), SLOPE)

    def export(self) -> Layer:
        return Layer(
            _array(self.message.weight.T),
            _array(self.own.weight.T),
            _array(self.own.bias),
            _array(self.mix.weight.T),
            _array(self.mix.bias),
        )


class _Branch(nn.Module):
    """One modality: preferences, given features, layers."""

    def __init__(self, people: int, inputs: np.ndarray, settings: MMGCNSettings) -> None:
        super().__init__()
        self.items = torch.from_numpy(inputs)
        width = inputs.shape[1]
        preference = nn.init.xavier_normal_(torch.empty(people, width))
        self.preference = nn.Parameter(preference, requires_grad=settings.ids == TRAINED)
        widths = [width] + [settings.dimension] * (settings.layers - 1)
        self.layers = nn.ModuleList(_Layer(wide, settings.dimension) for wide in widths)

    def start(self) -> torch.Tensor:
        """Return the states of layer 0."""
        return torch.cat([F.normalize(self.preference), self.items])


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
        everywhere = self._product(graph, symmetric=True)
        last = everywhere if nodes is None else self._product(graph, nodes)
        rows = None if nodes is None else torch.from_numpy(nodes)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.in_half):
            found = [self._modality(name, everywhere, last, rows) for name in self.branches]
        return torch.stack(found).float().mean(dim=0)

    def _product(
        self, graph: sparse.csr_matrix, nodes: np.ndarray | None = None, *, symmetric: bool = False
    ) -> Product:
        """Return the average over neighbours of `nodes` (all when None)."""
        counts = degrees(graph)
        if self.settings.average == MEAN:
            left, right = 1.0 / counts, None
        else:
            left = right = 1.0 / np.sqrt(counts)
        if nodes is None:
            return make_product(graph, left, right, symmetric=symmetric)
        return make_product(graph[nodes], left[nodes], right)

    def _modality(
        self, name: str, everywhere: Product, last: Product, rows: torch.Tensor | None
    ) -> torch.Tensor:
        """Return one modality's vectors; the last layer is computed for `rows` only."""
        ids = self.ids.to(self.dtype)
        states = self.branch(name).start().to(self.dtype)
        layers = list(self.branch(name).layers)
        for at, layer in enumerate(layers):
            is_last = at == len(layers) - 1
            around = (last if is_last else everywhere)(states)
            if is_last and rows is not None:
                states, ids = states[rows], ids[rows]
            states = layer(around, states, ids)
        return states

    @torch.no_grad()
    def export(self, likes: sparse.csr_matrix, history: list[dict[str, float]]) -> MMGCN:
        """Return the trained model as NumPy arrays."""
        ids = _array(self.ids)
        modalities = {}
        for name in self.branches:
            start = _array(self.branch(name).start())
            layers = tuple(cast(_Layer, layer).export() for layer in self.branch(name).layers)
            modalities[name] = Modality(
                start[: self.people], start[self.people :], layers, self.readers[name]
            )
        config = asdict(self.settings)
        return MMGCN(likes, ids[: self.people], ids[self.people :], modalities, history, config)


def _array(tensor: torch.Tensor) -> np.ndarray:
    return np.array(tensor.detach().numpy(), dtype=np.float32, order="C")
