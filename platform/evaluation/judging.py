"""The judge: a second encoder, trained apart, that neither conditions nor selects anything.

All metrics with the suffix `_own` and all cosines of the tables are taken from its features.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from common.errors import InvalidInputError
from evaluation.metrics import unit
from vision.phrases import plain_prompts

if TYPE_CHECKING:
    from vision.encoder import Encoder


@dataclass(frozen=True)
class Judge:
    """The judge network with the class prompts it knows."""

    encoder: Encoder
    # (C, D): one unit vector per garment type, one per main colour.
    types: np.ndarray
    colours: np.ndarray

    @property
    def name(self) -> str:
        """Return the name and digest of the weights."""
        return self.encoder.name

    def see(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Return (N, D) unit vectors of pictures (H, W, 3) uint8."""
        return self.encoder.encode_images(list(images))

    def read(self, texts: Sequence[str]) -> np.ndarray:
        """Return (N, D) unit vectors of texts."""
        return self.encoder.encode_texts(list(texts))

    def posterior(self, vectors: np.ndarray) -> np.ndarray:
        """Return (N, types x colours) probabilities of the pictures with these unit vectors.

        The softmax over each group of prompts at the judge's own temperature; the pair's
        probability is the product.
        """
        scale = float(self.encoder.model.logit_scale.exp())
        types = _softmax(scale * vectors @ self.types.T)
        colours = _softmax(scale * vectors @ self.colours.T)
        return (types[:, :, None] * colours[:, None, :]).reshape(len(vectors), -1)


def load_judge(name: str | None = None) -> Judge:
    """Return the judge; refuses the network that conditions and selects."""
    from vision.encoder import EMBEDDED, JUDGE, load_encoder

    encoder = load_encoder(name or JUDGE)
    if encoder.name == load_encoder(EMBEDDED).name:
        raise InvalidInputError("The judge must not be the encoder that conditions and selects.")
    types, colours, _ = plain_prompts()
    return Judge(encoder, encoder.encode_texts(types), encoder.encode_texts(colours))


def spread_out(vectors: np.ndarray) -> np.ndarray:
    """Return unit vectors (..., D) at length sqrt(D), the scale for Frechet and kernel distances.

    Then an entry has a mean square of 1, as the pooled features have that FID was made for.
    """
    return unit(vectors) * np.sqrt(vectors.shape[-1])


def _softmax(logits: np.ndarray) -> np.ndarray:
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
