"""Pictures the encoder never learnt from."""

from __future__ import annotations

import numpy as np
import pytest

from common.vocabulary import TYPES

SEED = 987_654


@pytest.fixture(scope="session")
def fresh_garments():
    """96 drawn garments of a seed that no training uses: (specs, pictures)."""
    from demo.drawing import draw_garment
    from demo.garments import sample_spec

    rng = np.random.default_rng(SEED)
    specs = [sample_spec(rng, type=TYPES[index % len(TYPES)]) for index in range(96)]
    return specs, [draw_garment(spec, 240, 320) for spec in specs]
