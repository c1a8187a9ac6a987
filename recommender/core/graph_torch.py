"""Products with the graph for training: a gather-sum forward and an explicit transpose backward.

Message passing by gather and scatter writes one row per edge and adds it up again; on a CPU that
is most of an epoch. Here each node's row is summed where it is needed (`embedding_bag` over the
row's neighbours), and the gradient is the same operation on the transposed structure, which is
stored. In bfloat16 the sums are still kept in float32 by the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy import sparse
from torch.nn import functional as F


@dataclass(frozen=True)
class Product:
    """diag(left) S diag(right) for a 0/1 matrix S (R, N), with S and its transpose as bags."""

    indices: torch.Tensor
    offsets: torch.Tensor
    back_indices: torch.Tensor
    back_offsets: torch.Tensor
    left: torch.Tensor  # (R, 1)
    right: torch.Tensor | None  # (N, 1); None stands for ones

    def __call__(self, states: torch.Tensor) -> torch.Tensor:
        """Return the product with `states` (N, D), (R, D), in their type."""
        scaled = states if self.right is None else states * self.right.to(states.dtype)
        result: torch.Tensor = _Sum.apply(scaled, self)
        return result * self.left.to(states.dtype)


class _Sum(torch.autograd.Function):
    """S x with the gradient S' g."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, product: Product) -> torch.Tensor:
        ctx.product = product
        return _bags(product.indices, product.offsets, states)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        product = ctx.product
        return _bags(product.back_indices, product.back_offsets, gradients[0].contiguous()), None


def _bags(indices: torch.Tensor, offsets: torch.Tensor, states: torch.Tensor) -> torch.Tensor:
    return F.embedding_bag(indices, states, offsets, mode="sum", include_last_offset=True)


def make_product(
    pattern: sparse.csr_matrix,
    left: np.ndarray,
    right: np.ndarray | None = None,
    *,
    symmetric: bool = False,
) -> Product:
    """Return the product of a sparse 0/1 pattern (R, N) scaled by `left` (R,) and `right` (N,)."""
    back = pattern if symmetric else pattern.T.tocsr()
    return Product(
        indices=_int32(pattern.indices),
        offsets=_int32(pattern.indptr),
        back_indices=_int32(back.indices),
        back_offsets=_int32(back.indptr),
        left=_column(left),
        right=None if right is None else _column(right),
    )


def _int32(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.int32))


def _column(values: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32))[:, None]
