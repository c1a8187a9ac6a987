"""Training of a graph model: BPR with one negative, early stopping on held-out interactions."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from scipy import sparse
from torch.nn import functional as F

from recommender.core.evaluate import evaluate_people
from recommender.core.graph import NegativeSampler

logger = logging.getLogger(__name__)

Report = Callable[[dict[str, float]], None]


@dataclass(frozen=True)
class Settings:
    """How to train a graph model. One batch costs a walk over the whole graph, so it is large."""

    dimension: int = 64
    layers: int = 3
    epochs: int = 30
    seconds: float = float("inf")  # no epoch begins after this long
    patience: int = 5
    batch: int = 2048
    rate: float = 1e-3
    decay: float = 0.0  # L2 on the trained weights
    # Leave a batch's interactions out of the graph while they are predicted: with them in it, as
    # the papers train, a model learns to recognise an edge rather than to foresee one.
    hide: bool = True
    seed: int = 0


class Embeds(Protocol):
    """Vectors of nodes, people first, with a gradient; all nodes when none are named.

    `hidden` are edges (numbered as the entries of the likes) that nothing may pass over.
    """

    def __call__(
        self, nodes: np.ndarray | None = None, hidden: np.ndarray | None = None
    ) -> torch.Tensor: ...


def fit(
    network: torch.nn.Module,
    likes: sparse.csr_matrix,
    held_out: sparse.csr_matrix | None,
    settings: Settings,
    report: Report | None = None,
) -> list[dict[str, float]]:
    """Train in place and return the curve, one entry per epoch.

    With `held_out` training stops when NDCG@20 has not grown for `patience` epochs and the best
    epoch's weights are put back; without it all epochs are run.
    """
    rng = np.random.default_rng(settings.seed)
    sampler = NegativeSampler(likes, rng)
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    optimiser = torch.optim.Adam(trained, lr=settings.rate, weight_decay=settings.decay, fused=True)
    history: list[dict[str, float]] = []
    best: tuple[float, int, dict[str, torch.Tensor]] | None = None
    begun = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        started = time.perf_counter()
        if history and started - begun > settings.seconds:
            break
        loss = run_epoch(network, optimiser, likes, sampler, rng, settings)
        entry: dict[str, float] = {"epoch": epoch, "loss": round(loss, 5)}
        entry["seconds"] = round(time.perf_counter() - started, 3)
        if held_out is not None:
            entry |= validate(network, likes, held_out)
            if best is None or entry["ndcg@20"] > best[0]:
                weights = {key: value.clone() for key, value in network.state_dict().items()}
                best = (entry["ndcg@20"], epoch, weights)
        history.append(entry)
        logger.info("%s %s", type(network).__name__, entry)
        if report:
            report(entry)
        if best is not None and epoch - best[1] >= settings.patience:
            break
    if best is not None:
        network.load_state_dict(best[2])
    return history


def run_epoch(
    network: Embeds,
    optimiser: torch.optim.Optimizer,
    likes: sparse.csr_matrix,
    sampler: NegativeSampler,
    rng: np.random.Generator,
    settings: Settings,
) -> float:
    """Go once through all interactions in random order; returns the mean BPR loss."""
    # A small graph still gets some sixteen steps an epoch.
    size = max(1, min(settings.batch, max(64, likes.nnz // 16)))
    users = np.repeat(np.arange(likes.shape[0]), np.diff(likes.indptr))
    order = rng.permutation(likes.nnz)
    losses = []
    for start in range(0, len(order), size):
        batch = order[start : start + size]
        people, liked = users[batch], likes.indices[batch]
        hidden = batch if settings.hide else None
        other = sampler.draw(people)
        loss = bpr_loss(network, people, liked, other, likes.shape[0], hidden)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def bpr_loss(
    network: Embeds,
    people: np.ndarray,
    liked: np.ndarray,
    other: np.ndarray,
    first: int,
    hidden: np.ndarray | None = None,
) -> torch.Tensor:
    """Return -mean log sigmoid(score of the liked - score of the other item).

    Items are numbered from `first` on. Only the nodes of the batch are asked of the network.
    """
    asked = np.concatenate([people, liked + first, other + first])
    nodes, where = np.unique(asked, return_inverse=True)
    vectors = network(nodes.astype(np.int64), hidden)
    user, good, bad = vectors[torch.from_numpy(where)].chunk(3)
    return -F.logsigmoid((user * (good - bad)).sum(dim=1)).mean()


@torch.no_grad()
def validate(
    network: Embeds, likes: sparse.csr_matrix, held_out: sparse.csr_matrix
) -> dict[str, float]:
    """Return recall@20 and ndcg@20 on held-out interactions, training ones masked."""
    vectors = network().numpy()
    people, items = vectors[: likes.shape[0]], vectors[likes.shape[0] :]
    return evaluate_people(lambda users: people[users] @ items.T, likes, held_out)
