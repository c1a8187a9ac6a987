"""The losses of the encoder's training, on pictures and phrases with partly known attributes.

to_pictures  each phrase against the batch: every picture of which it is true is a positive; those
             of which it cannot be told (an unknown attribute, a finer caption) are left out
to_words     each picture against the phrases: the probability of all true ones together
type, colour, pattern
             each picture against one freshly worded phrase per class: attribute heads whose weights
             the text tower writes, so that nothing is thrown away after training
"""

from __future__ import annotations

from dataclasses import astuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from common.vocabulary import PATTERNS, TYPES
from vision.phrases import COLOUR_NAMES, UNKNOWN, Attributes

CLASSES = len(TYPES) + len(COLOUR_NAMES) + len(PATTERNS)
_ANCHOR_SCALE = 10.0
# Name, column in `Attributes`, number of classes.
_GROUPS = (("type", 0, len(TYPES)), ("colour", 1, len(COLOUR_NAMES)), ("pattern", 3, len(PATTERNS)))


def losses(
    logits: torch.Tensor, known: torch.Tensor, true: torch.Tensor, unsure: torch.Tensor
) -> dict[str, torch.Tensor]:
    """Return the five losses of one batch; `logits` are (B, B phrases + class phrases).

    known (B, 4) as in `Attributes`; true and unsure (B, B) as `agreement` returns them.
    """
    count = len(known)
    pairs = logits[:, :count]
    result = {
        "to_pictures": _to_pictures(pairs, true, unsure),
        "to_words": _to_words(pairs, true, unsure),
    }
    start = count
    for name, column, size in _GROUPS:
        group = logits[:, start : start + size]
        result[name] = _told(group, known[:, column], label_smoothing=0.05)
        start += size
    return result


class Anchors(nn.Module):
    """One learnt vector per type, colour and pattern, shared by pictures and words."""

    def __init__(self, dim: int) -> None:
        """Start at random."""
        super().__init__()
        self.classes = nn.Linear(dim, CLASSES)

    def forward(self, vectors: torch.Tensor, known: torch.Tensor) -> torch.Tensor:
        """Return the mean loss of telling what is known (N, 4) of each vector (N, D); scalar."""
        logits = self.classes(vectors * _ANCHOR_SCALE)
        total, start = logits.new_zeros(()), 0
        for _, column, size in _GROUPS:
            total = total + _told(logits[:, start : start + size], known[:, column])
            start += size
        return total


def _told(logits: torch.Tensor, target: torch.Tensor, label_smoothing: float = 0.0) -> torch.Tensor:
    """Return the mean cross-entropy where the target is known; 0 if it is nowhere."""
    total = F.cross_entropy(
        logits, target, ignore_index=UNKNOWN, label_smoothing=label_smoothing, reduction="sum"
    )
    return total / (target != UNKNOWN).sum().clamp(min=1)


def agreement(
    known: list[Attributes], stated: list[Attributes], own: list[bool], captions: list[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return two (B, B) bool: phrase (column) true of picture (row); truth cannot be told."""
    have = np.array([astuple(row) for row in known])[:, None]  # (B, 1, 4)
    said = np.array([astuple(column) for column in stated])[None]  # (1, B, 4)
    silent = said == UNKNOWN
    # No second colour is knowledge, not ignorance: column 2 never counts as unknown.
    unknown = (have == UNKNOWN) & np.array([True, False, False, True])
    agrees = silent | (said == have)
    possible = (agrees | unknown).all(-1)
    certain = agrees.all(-1)
    names = np.array(captions, dtype=object)
    finer = np.array(own)[None] & (names[:, None] != names[None])
    np.fill_diagonal(finer, False)
    true = certain & ~finer
    return torch.from_numpy(true), torch.from_numpy(possible & ~true)


def _to_pictures(logits: torch.Tensor, true: torch.Tensor, unsure: torch.Tensor) -> torch.Tensor:
    log_p = logits.masked_fill(unsure, -1e4).log_softmax(0)
    return -((log_p * true).sum(0) / true.sum(0)).mean()


def _to_words(logits: torch.Tensor, true: torch.Tensor, unsure: torch.Tensor) -> torch.Tensor:
    allowed = logits.masked_fill(unsure, -1e4)
    hits = allowed.masked_fill(~true, -1e4)
    return (allowed.logsumexp(1) - hits.logsumexp(1)).mean()
