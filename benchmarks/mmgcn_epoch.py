"""Seconds per epoch of MMGCN: our products with the graph against gather and scatter.

Both train the same network (same weights at the start, same batches, same negatives, float32) on
the same data in turn. The reference passes messages as the original structure does: one row per
edge is gathered, weighted and added up at its target, over the whole graph in every layer, and
autograd walks the same way back. Ours sums rows where they are needed, has gradients written out,
and computes a layer only for the nodes that the batch reaches; `half` adds bfloat16. All have the
same (fused) optimiser.

    python benchmarks/mmgcn_epoch.py [--data FOLDER] [--steps 6]

Without a folder (see `recommender.core.folder`) the graph is drawn with the size and the degree
distribution of the TikTok split: 9,308 people, 6,710 items, 59,541 interactions, two modalities
of 128. Prints and writes the median of the step times, taken in turn, times the steps of an epoch,
and how far the two losses are apart.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from record import write_result
from scipy import sparse

from recommender.core.folder import read_folder
from recommender.core.graph import NegativeSampler
from recommender.core.graph_training import bpr_loss
from recommender.core.mmgcn_training import MMGCNSettings, Network

PEOPLE, ITEMS, INTERACTIONS, WIDTH = 9308, 6710, 59541, 128


class ScatterNetwork(Network):
    """The same network with message passing by gather and scatter over all nodes."""

    def forward(
        self, nodes: np.ndarray | None = None, hidden: np.ndarray | None = None
    ) -> torch.Tensor:
        graph = self.graph.full.tocoo()
        targets = torch.from_numpy(graph.row.astype(np.int64))
        sources = torch.from_numpy(graph.col.astype(np.int64))
        counts = torch.bincount(targets, minlength=len(self.ids)).clamp(min=1)
        found = []
        for name in self.branches:
            states = torch.cat(self.branch(name).start())
            for layer in self.branch(name).layers:
                # The message is made first and then passed, as the original does.
                messages = layer.message(states)[sources]
                heard = torch.zeros(len(states), messages.shape[1])
                heard = heard.index_add(0, targets, messages) / counts[:, None]
                heard = torch.nn.functional.leaky_relu(heard, 0.01)
                kept = torch.nn.functional.leaky_relu(layer.own(states), 0.01) + self.ids
                mixed = layer.mix(torch.cat([heard, kept], dim=1))
                states = torch.nn.functional.leaky_relu(mixed, 0.01)
            found.append(states)
        vectors = torch.stack(found).mean(dim=0)
        return vectors if nodes is None else vectors[torch.from_numpy(nodes)]


def drawn_graph(seed: int) -> tuple[sparse.csr_matrix, dict[str, np.ndarray]]:
    """Return likes with a heavy tail of popular items, and two modalities of random features."""
    rng = np.random.default_rng(seed)
    weight = 1.0 / np.arange(1, ITEMS + 1) ** 0.8
    items = rng.choice(ITEMS, size=INTERACTIONS, p=weight / weight.sum())
    people = rng.integers(PEOPLE, size=INTERACTIONS)
    likes = sparse.csr_matrix(
        (np.ones(INTERACTIONS, dtype=np.float32), (people, items)), shape=(PEOPLE, ITEMS)
    )
    likes.data[:] = 1.0
    features = {
        name: rng.normal(size=(ITEMS, WIDTH)).astype(np.float32) for name in ("visual", "acoustic")
    }
    return likes, features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--batch", type=int, default=1024)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.data:
        folder = read_folder(arguments.data)
        likes, features = folder.train, folder.features
    else:
        likes, features = drawn_graph(arguments.seed)
    figures = compare(likes, features, arguments.steps, arguments.batch, arguments.seed)
    figures["data"] = "folder" if arguments.data else "drawn"
    for name, value in figures.items():
        print(f"{name:34} {value}")
    print(write_result("mmgcn_epoch", figures))


def compare(
    likes: sparse.csr_matrix, features: dict[str, np.ndarray], steps: int, batch: int, seed: int
) -> dict[str, Any]:
    """Return step times, their ratios and the distance of the losses."""
    settings = {
        "gather_scatter": (ScatterNetwork, MMGCNSettings(seed=seed, average="mean")),
        "ours": (Network, MMGCNSettings(seed=seed, average="mean")),
        "ours_bfloat16": (Network, MMGCNSettings(seed=seed, average="mean", half=True)),
    }
    networks = {name: make(likes, features, how) for name, (make, how) in settings.items()}
    optimisers = {
        name: torch.optim.Adam(net.parameters(), 1e-3, fused=True) for name, net in networks.items()
    }
    rng = np.random.default_rng(seed)
    sampler = NegativeSampler(likes, rng)
    people = np.repeat(np.arange(likes.shape[0]), np.diff(likes.indptr))
    order = rng.permutation(likes.nnz)
    times: dict[str, list[float]] = {name: [] for name in networks}
    losses: dict[str, list[float]] = {name: [] for name in networks}
    for step in range(steps + 1):
        rows = order[(step * batch) % likes.nnz :][:batch]
        other = sampler.draw(people[rows])
        for name, network in networks.items():
            started = time.thread_time()
            loss = bpr_loss(network, people[rows], likes.indices[rows], other, likes.shape[0])
            optimisers[name].zero_grad(set_to_none=True)
            loss.backward()
            optimisers[name].step()
            times[name].append(time.thread_time() - started)
            losses[name].append(float(loss.detach()))
    epoch = math.ceil(likes.nnz / batch)
    # The first step allocates; it is left out.
    seconds = {name: epoch * float(np.median(taken[1:])) for name, taken in times.items()}
    base, reference = seconds["gather_scatter"], np.array(losses["gather_scatter"])
    return {
        "users_items_interactions": [*likes.shape, int(likes.nnz)],
        "batch": batch,
        "steps_measured": steps,
        "seconds_per_epoch": {name: round(value, 2) for name, value in seconds.items()},
        "times_faster": {
            name: round(base / value, 2) for name, value in seconds.items() if value != base
        },
        "largest_loss_difference": {
            name: round(float(np.abs(np.array(losses[name]) - reference).max()), 6)
            for name in networks
            if name != "gather_scatter"
        },
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
