"""`User_Emb` in the encoder's space: where a person's factor points among the items' pictures.

Papers condition the generator on the recommender's user embedding, but a generator understands the
encoder's space. The mean of the liked items' vectors knows only the person; the factor, taken
over by a ridge map from item factors to item vectors, also knows what people of the same taste
like. How much of each serves best is chosen on held-out likes.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from recommender.core.ridge import unit

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)


def blend(content: np.ndarray, mapped: np.ndarray, share: float) -> np.ndarray:
    """Return unit vectors (n, D): `share` of the mapped factor, the rest the content mean."""
    return unit((1 - share) * unit(content) + share * unit(mapped))


def choose_blend(
    mapped: np.ndarray,
    liked: sparse.csr_matrix,
    later: sparse.csr_matrix,
    vectors: np.ndarray,
) -> dict[str, float]:
    """Return the share nearest to what people liked later, and the cosines it was chosen by.

    mapped: (U, D) factors in the encoder's space; liked, later: (U, I); vectors: (I, D). Cosines
    are means over people with likes in both. {"users": 0, "blend": 0} when there are none.
    """
    content, aims = liked @ vectors, (later > 0).astype(np.float32) @ vectors
    people = np.flatnonzero(np.abs(content).any(axis=1) & np.abs(aims).any(axis=1))
    if not len(people):
        return {"users": 0, "blend": 0.0}
    target = unit(aims[people])
    cosines = {
        share: float((blend(content[people], mapped[people], share) * target).sum(axis=1).mean())
        for share in SHARES
    }
    best = max(cosines, key=lambda share: (round(cosines[share], 6), -share))
    return {
        "users": len(people),
        "blend": best,
        "cosine": round(cosines[best], 5),
        "cosine_content_mean": round(cosines[0.0], 5),
        "cosine_factor": round(cosines[1.0], 5),
    }
