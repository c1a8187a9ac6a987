"""Training of LightGCN with torch."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch import nn

from recommender.core.graph import ROOT, Bipartite, averaged, degrees, to_likes
from recommender.core.graph_torch import make_product
from recommender.core.graph_training import Report, Settings, fit
from recommender.core.lightgcn import LightGCN


def train(
    interactions: np.ndarray,
    n_users: int,
    n_items: int,
    *,
    valid: np.ndarray | None = None,
    report: Report | None = None,
    **options: Any,
) -> tuple[LightGCN, list[dict[str, float]]]:
    """Return (model, curve) of `interactions` (n, 2); options as in `graph_training.Settings`."""
    settings = Settings(**{"rate": 5e-3, "decay": 1e-6, "hide": False, **options})
    likes = to_likes(interactions, n_users, n_items)
    if not likes.nnz:
        raise ValueError("there are no interactions to learn from")
    network = Network(likes, settings)
    held_out = None if valid is None else to_likes(valid, n_users, n_items)
    history = fit(network, likes, held_out, settings, report)
    return network.export(), history


class Network(nn.Module):
    """Ids of all nodes and the graph they are smoothed over."""

    def __init__(self, likes: sparse.csr_matrix, settings: Settings) -> None:
        super().__init__()
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.graph = Bipartite(likes)
        self.ids = nn.Parameter(0.1 * torch.randn(self.graph.full.shape[0], settings.dimension))

    def forward(
        self, nodes: np.ndarray | None = None, hidden: np.ndarray | None = None
    ) -> torch.Tensor:
        """Return the vectors of `nodes` (all when None), (n, d)."""
        graph = self.graph.full if hidden is None else self.graph.without(hidden)
        vectors = torch.stack(self._layers(graph)).mean(dim=0)
        return vectors if nodes is None else vectors[torch.from_numpy(nodes)]

    def _layers(self, graph: sparse.csr_matrix) -> list[torch.Tensor]:
        product = make_product(averaged(graph, ROOT, degrees(graph)))
        states: list[torch.Tensor] = [self.ids]
        for _ in range(self.settings.layers):
            states.append(product(states[-1]))
        return states

    @torch.no_grad()
    def export(self) -> LightGCN:
        """Return the trained model as NumPy arrays."""
        states = [layer.numpy()[self.graph.people :] for layer in self._layers(self.graph.full)]
        items = np.mean(states, axis=0)
        known = degrees(self.graph.full)[self.graph.people :]
        bridge = np.sum(states[:-1], axis=0) / len(states) / np.sqrt(known)[:, None]
        return LightGCN(items.astype(np.float32), bridge.astype(np.float32))
