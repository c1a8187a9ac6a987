"""Products with the graph for training: a gather-sum forward and an explicit transpose backward.

Message passing by gather and scatter writes one row per edge and adds it up again; on a CPU that
is most of an epoch. Here each node's weighted row is summed where it is needed (`embedding_bag`
over the row's neighbours), and the gradient is the same operation on the transposed structure,
which is stored. In bfloat16 the sums are still kept in float32 by the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch.nn import functional as F


@dataclass(frozen=True)
class _Bags:
    """A sparse matrix (R, N) by rows, as `embedding_bag` reads it."""

    indices: torch.Tensor
    offsets: torch.Tensor
    weights: torch.Tensor

    @classmethod
    def of(cls, matrix: sparse.csr_matrix) -> _Bags:
        return cls(
            _tensor(matrix.indices, np.int32),
            _tensor(matrix.indptr, np.int32),
            _tensor(matrix.data, np.float32),
        )

    def __matmul__(self, states: torch.Tensor) -> torch.Tensor:
        return F.embedding_bag(
            self.indices,
            states.detach().contiguous(),
            self.offsets,
            mode="sum",
            include_last_offset=True,
            per_sample_weights=self.weights.to(states.dtype),
        )


@dataclass(frozen=True)
class Product:
    """A sparse matrix (R, N) and its transpose."""

    bags: _Bags
    transposed: _Bags

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Return the product with `states` (N, D), (R, D), in their type."""
        result: torch.Tensor = _Sum.apply(states, self)
        return result


class _Sum(torch.autograd.Function):
    """S x with the gradient S' g."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, product: Product) -> torch.Tensor:
        ctx.product = product
        return product.bags @ states

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return ctx.product.transposed @ gradients[0], None


def make_product(matrix: sparse.csr_matrix) -> Product:
    """Return the product of a sparse matrix (R, N) with states."""
    return Product(_Bags.of(matrix), _Bags.of(matrix.T.tocsr()))


@dataclass(frozen=True)
class Step:
    """What one layer of a walk over the graph is computed for, and from what."""

    product: Product
    nodes: torch.Tensor | None  # (n,) which nodes; None for all of them, in order
    rows: torch.Tensor | None  # (n,) their places among the states before; None: the same ones


# With more than this share of the nodes to compute, all are: picking them would cost more.
MOST_NODES = 0.9


def steps_to(nodes: np.ndarray | None, matrix: sparse.csr_matrix, layers: int) -> Iterator[Step]:
    """Yield the steps, first layer first, that end in the states of `nodes` (all when None).

    matrix: (N, N), how states pass to neighbours. A layer is computed only for the nodes asked
    for and, before it, for them and their neighbours, and so on.
    """
    fields = [nodes]
    for _ in range(layers - 1):
        asked = fields[0]
        if asked is not None:
            reached = np.zeros(matrix.shape[0], dtype=bool)
            reached[asked] = reached[matrix[asked].indices] = True
            asked = None if reached.mean() > MOST_NODES else np.flatnonzero(reached)
        fields.insert(0, asked)
    before: np.ndarray | None = None
    everywhere: Product | None = None
    for asked in fields:
        if asked is None:
            everywhere = everywhere or make_product(matrix)
            yield Step(everywhere, None, None)
        else:
            places, part = asked, matrix[asked]
            if before is not None:
                place_of = np.zeros(matrix.shape[0], dtype=np.int64)
                place_of[before] = np.arange(len(before))
                places, columns = place_of[asked], place_of[part.indices]
                part = sparse.csr_matrix(
                    (part.data, columns, part.indptr), shape=(len(asked), len(before))
                )
            yield Step(make_product(part), torch.from_numpy(asked), torch.from_numpy(places))
        before = asked


def _tensor(values: np.ndarray, kind: type) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=kind))
