"""Search: the passage that answers comes first, and nothing comes where nothing answers."""

from __future__ import annotations

import pytest

from knowledge.selectors import search_passages

pytestmark = pytest.mark.django_db

QUESTIONS = [
    ("do AI pictures need a label in the EU?", "eu-ai-marking"),
    ("what is seersucker?", "seersucker"),
    ("what is seersuker?", "seersucker"),
    ("must I label deepfakes?", "eu-ai-deepfake"),
    ("Does China require labels on AI content?", "cn-ai-labels"),
    ("what does the FTC say about influencers", "us-ftc-guides"),
    ("how long can I appeal a moderation decision", "dsa-complaint"),
    ("may a brand call a dress eco-friendly in Europe", "eu-green-generic"),
    ("when can a shirt be called 100% cotton or pure", "eu-fibre-pure"),
    ("what is corduroy", "corduroy"),
    ("how do I recognise houndstooth", "houndstooth"),
    ("does an ad in New York have to say that the model is synthetic", "ny-synthetic-performer"),
]


@pytest.mark.parametrize(("question", "key"), QUESTIONS)
def test_the_fact_that_answers_is_found(starter, question, key):
    found = search_passages(question, k=3)
    assert key in [one.document.key for one in found], [
        (one.document.key, one.score, one.coverage) for one in found
    ]
