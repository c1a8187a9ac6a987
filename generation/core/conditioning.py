"""Words and liked items as the tokens a denoiser attends to."""

from __future__ import annotations

from vision import torchvision_guard  # noqa: F401

# isort: split
# The guard comes first: diffusers imports torchvision.
from dataclasses import dataclass

import torch
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn


@dataclass
class Conditions:
    """tokens (B, L + 1 + K, C) for cross-attention; vector (B, V) for the time embedding."""

    tokens: Tensor
    vector: Tensor

    @classmethod
    def stack(cls, parts: list[Conditions]) -> Conditions:
        """Return the conditions of all parts in one batch, in order."""
        return cls(
            torch.cat([part.tokens for part in parts]), torch.cat([part.vector for part in parts])
        )


class HistoryProjector(ModelMixin, ConfigMixin):
    """Maps text tokens and up to `max_history` liked-item vectors to one sequence of tokens.

    Each group has learned null tokens, so that it can be left out: in training now and then, and
    when pictures are made, in the branches of composed classifier-free guidance.
    """

    @register_to_config
    def __init__(
        self,
        text_width: int = 192,
        embed_dim: int = 128,
        context_dim: int = 192,
        max_text: int = 24,
        max_history: int = 8,
    ) -> None:
        super().__init__()
        self.text_norm = nn.LayerNorm(text_width)
        self.text_in = nn.Linear(text_width, context_dim)
        self.item_in = nn.Linear(embed_dim, context_dim)
        self.pooled_in = nn.Linear(2 * embed_dim, context_dim)
        self.null_text = nn.Parameter(torch.randn(1, max_text, context_dim) * 0.02)
        self.null_item = nn.Parameter(torch.randn(1, max_history, context_dim) * 0.02)
        self.item_kind = nn.Parameter(torch.zeros(1, 1, context_dim))
        self.null_text_vector = nn.Parameter(torch.zeros(1, embed_dim))
        self.null_item_vector = nn.Parameter(torch.zeros(1, embed_dim))

    @property
    def vector_dim(self) -> int:
        """Width of `Conditions.vector`: what the denoiser's class embedding takes."""
        return 2 * self.config.embed_dim

    def forward(
        self,
        text_tokens: Tensor | None,
        text_vector: Tensor | None,
        history: Tensor | None,
        history_weights: Tensor | None,
        batch: int = 1,
        keep_text: Tensor | None = None,
        keep_history: Tensor | None = None,
    ) -> Conditions:
        """Return the conditions of a batch; a group that is None is the null group.

        text_tokens (B, L, W) with rows of zeros as padding, text_vector (B, D) of unit length;
        history (B, K, D) of unit length, history_weights (B, K), 0 where there is no item.
        keep_text and keep_history (B,) bool drop a group per sample.
        """
        words, sentence = self._text(text_tokens, text_vector, batch, keep_text)
        items, taste = self._history(history, history_weights, batch, keep_history)
        vector = torch.cat([sentence, taste], dim=1)  # (B, 2 D)
        summary = self.pooled_in(vector)[:, None]  # (B, 1, C)
        return Conditions(torch.cat([summary, words, items], dim=1), vector)

    def _text(
        self, tokens: Tensor | None, vector: Tensor | None, batch: int, keep: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        null = self.null_text.expand(batch, -1, -1)
        null_vector = self.null_text_vector.expand(batch, -1)
        if tokens is None or vector is None:
            return null, null_vector
        tokens = tokens[:, : self.config.max_text]
        there = tokens.abs().sum(dim=2, keepdim=True) > 0  # (B, L, 1)
        length = tokens.shape[1]
        known = torch.where(there, self.text_in(self.text_norm(tokens)), null[:, :length])
        words = torch.cat([known, null[:, length:]], dim=1)  # (B, max_text, C)
        sentence = _unit_power(vector)
        if keep is None:
            return words, sentence
        return (
            torch.where(keep[:, None, None], words, null),
            torch.where(keep[:, None], sentence, null_vector),
        )

    def _history(
        self, items: Tensor | None, weights: Tensor | None, batch: int, keep: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        null = self.null_item.expand(batch, -1, -1)
        null_vector = self.null_item_vector.expand(batch, -1)
        if items is None or weights is None or items.shape[1] == 0:
            return null, null_vector
        items, weights = items[:, : self.config.max_history], weights[:, : self.config.max_history]
        weights = weights if keep is None else weights * keep[:, None]
        there = weights > 0  # (B, K)
        known = self.item_in(_unit_power(items)) + self.item_kind
        known = torch.where(there[..., None], known, null[:, : known.shape[1]])
        tokens = torch.cat([known, null[:, known.shape[1] :]], dim=1)  # (B, max_history, C)
        total = weights.sum(dim=1, keepdim=True)
        mean = (items * weights[..., None]).sum(dim=1) / total.clamp(min=1e-6)
        mean = mean / mean.norm(dim=1, keepdim=True).clamp(min=1e-6)
        taste = torch.where(there.any(dim=1, keepdim=True), _unit_power(mean), null_vector)
        return tokens, taste


def _unit_power(vectors: Tensor) -> Tensor:
    """Return unit vectors scaled so that each entry has a mean square of 1."""
    return vectors * vectors.shape[-1] ** 0.5
