"""A layer of MMGCN in torch, with its gradient written out.

Autograd would keep a dozen (n, d) matrices for each layer and go over each of them again. Written
out, a layer reads its input once for both weights that it meets, writes results where the next
product expects them, and what is left of a step is nearly the products with the weights alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from recommender.core.graph_torch import Product
from recommender.core.mmgcn import SLOPE, Layer


class GraphLayer(nn.Module):
    """The matrices of `mmgcn.Layer` as parameters."""

    def __init__(self, width: int, d: int) -> None:
        super().__init__()
        self.message = nn.Linear(width, d, bias=False)
        self.own = nn.Linear(width, d)
        self.mix = nn.Linear(2 * d, d)
        for linear in (self.message, self.own, self.mix):
            nn.init.xavier_normal_(linear.weight)

    def forward(
        self,
        product: Product,
        parts: Sequence[torch.Tensor],
        ids: torch.Tensor,
        rows: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the next states (n, d) of some nodes, of all of them when `rows` is None.

        product: the average over their neighbours. parts: the states (N, D) before, in pieces
        one after the other: one that is not trained costs no gradient. ids: (n, d). rows: (n,)
        places of the nodes among the states before.
        """
        linear = self.message.weight, self.own.weight, self.own.bias, self.mix.weight, self.mix.bias
        weights = [weight.to(ids.dtype) for weight in linear]
        apply = _Everywhere.apply if rows is None else _Somewhere.apply
        states: torch.Tensor = apply(product, rows, ids, *weights, *parts)
        return states

    def export(self) -> Layer:
        """Return the layer as it serves."""
        return Layer(
            as_array(self.message.weight.T),
            as_array(self.own.weight.T),
            as_array(self.own.bias),
            as_array(self.mix.weight.T),
            as_array(self.mix.bias),
        )


# Both functions take (product, rows, ids, W1, W2, b2, W3, b3, *parts), weights as nn.Linear has
# them, and return leaky([leaky(A X W1'), leaky(X W2' + b2) + ids] W3' + b3).


class _Everywhere(torch.autograd.Function):
    """A layer for all nodes: A (X W1') needs X once, for [W1, W2], and averages d columns."""

    @staticmethod
    def forward(ctx: Any, product: Product, rows: None, ids: torch.Tensor, *given: Any) -> Any:
        message, own, own_bias, mix, mix_bias, *parts = given
        both, d = torch.cat([message, own]), len(message)
        bias = torch.cat([torch.zeros_like(own_bias), own_bias])
        mapped = ids.new_empty(len(ids), 2 * d)
        for part, piece in zip(parts, _pieces(mapped, parts), strict=True):
            torch.addmm(bias, part, both.T, out=piece)
        pair = _pair(product.bags @ mapped[:, :d], mapped[:, d:], ids)
        result = _leaky_(torch.addmm(mix_bias, pair, mix.T))
        ctx.product = product
        ctx.save_for_backward(result, pair, mapped, both, mix, *parts)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        result, pair, mapped, both, mix, *parts = ctx.saved_tensors
        d = result.shape[1]
        to_mix, to_bias, to_heard, to_ids = _mix_back(gradients[0], result, pair, mix)
        to_mapped = torch.empty_like(mapped)
        to_mapped[:, :d] = ctx.product.transposed @ to_heard
        _back(to_ids, mapped[:, d:], to_mapped[:, d:])
        pieces = _pieces(to_mapped, parts)
        to_both = sum(piece.T @ part for piece, part in zip(pieces, parts, strict=True))
        to_parts = [
            piece @ both if needed else None
            for piece, needed in zip(pieces, ctx.needs_input_grad[-len(parts) :], strict=True)
        ]
        to_own_bias = to_mapped[:, d:].sum(dim=0)
        return None, None, to_ids, *to_both.split(d), to_own_bias, to_mix, to_bias, *to_parts


class _Somewhere(torch.autograd.Function):
    """A layer for some nodes: (A X) W1' works on their rows alone."""

    @staticmethod
    def forward(
        ctx: Any, product: Product, rows: torch.Tensor, ids: torch.Tensor, *given: Any
    ) -> Any:
        message, own, own_bias, mix, mix_bias, *parts = given
        states = parts[0] if len(parts) == 1 else torch.cat(parts)
        around, before = product.bags @ states, states.index_select(0, rows)
        kept = torch.addmm(own_bias, before, own.T)
        pair = _pair(around @ message.T, kept, ids)
        result = _leaky_(torch.addmm(mix_bias, pair, mix.T))
        ctx.product, ctx.sizes = product, [len(part) for part in parts]
        ctx.save_for_backward(result, pair, kept, around, before, rows, message, own, mix)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        result, pair, kept, around, before, rows, message, own, mix = ctx.saved_tensors
        to_mix, to_bias, to_heard, to_ids = _mix_back(gradients[0], result, pair, mix)
        to_kept = _back(to_ids, kept, torch.empty_like(kept))
        to_states = ctx.product.transposed @ (to_heard @ message)
        to_states.index_add_(0, rows, to_kept @ own)
        to_weights = to_heard.T @ around, to_kept.T @ before, to_kept.sum(dim=0), to_mix, to_bias
        return None, None, to_ids, *to_weights, *to_states.split(ctx.sizes)


def _pieces(rows: torch.Tensor, parts: Sequence[torch.Tensor]) -> tuple[torch.Tensor, ...]:
    """Return the rows that belong to each part."""
    return rows.split([len(part) for part in parts])


def _leaky_(values: torch.Tensor) -> torch.Tensor:
    """Return leaky(values), in their place."""
    return torch.nn.functional.leaky_relu_(values, SLOPE)


def _pair(heard: torch.Tensor, kept: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
    """Return what is mixed, [leaky(heard), leaky(kept) + ids], (n, 2d)."""
    d = ids.shape[1]
    pair = ids.new_empty(len(ids), 2 * d)
    torch.ops.aten.leaky_relu.out(heard, SLOPE, out=pair[:, :d])
    torch.ops.aten.leaky_relu.out(kept, SLOPE, out=pair[:, d:])
    pair[:, d:] += ids
    return pair


def _mix_back(
    gradient: torch.Tensor, result: torch.Tensor, pair: torch.Tensor, mix: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return the gradients of W3, b3, what was heard (before leaky), and of the identities."""
    d = result.shape[1]
    inner = _back(gradient, result, torch.empty_like(result))
    outer = inner @ mix
    to_heard = _back(outer[:, :d], pair[:, :d], torch.empty_like(result))
    return inner.T @ pair, inner.sum(dim=0), to_heard, outer[:, d:]


def _back(gradient: torch.Tensor, values: torch.Tensor, out: torch.Tensor) -> torch.Tensor:
    """Return the gradient before leaky(), whose argument or result was `values`."""
    # An argument and its result have the same sign, which is all that counts.
    torch.ops.aten.leaky_relu_backward.grad_input(gradient, values, SLOPE, False, grad_input=out)
    return out


def as_array(tensor: torch.Tensor) -> np.ndarray:
    """Return a float32 copy of its own."""
    return np.array(tensor.detach().numpy(), dtype=np.float32, order="C")
