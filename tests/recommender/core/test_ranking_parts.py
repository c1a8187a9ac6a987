"""Opinions, metrics, content, blending: tables worked by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import sparse

from recommender.core.blend import (
    blend,
    cap_per_owner,
    following,
    freshness,
    scaled,
    source_weights,
)
from recommender.core.content import content_parts, content_scores
from recommender.core.data import Event, opinions, split_by_time, to_matrix
from recommender.core.evaluate import evaluate, linear_scorer, popularity_scorer
from recommender.core.metrics import ndcg_at_k, recall_at_k


@pytest.mark.parametrize(
    ("events", "weight", "reaction"),
    [
        ([("like", 1)], 1.0, "like"),
        ([("like", 1), ("dislike", 1)], -1.0, "dislike"),
        ([("dislike", 1), ("undo", 1), ("like", 1)], 1.0, "like"),
        ([("share", 1)], 0.8, ""),
        ([("like", 1), ("share", 1), ("dwell", 20)], 2.2, "like"),
        ([("dwell", 0.5)], -0.1, ""),
        ([("dwell", 0.5), ("dwell", 9)], 0.4, ""),
        ([("not_interested", 1), ("dwell", 30)], -0.7, "not_interested"),
    ],
)
def test_what_events_add_up_to(events, weight, reaction):
    log = [Event(1, 7, kind, value, at) for at, (kind, value) in enumerate(events)]
    opinion = opinions(log)[1, 7]
    assert opinion.weight == pytest.approx(weight)
    assert opinion.reaction == reaction


@pytest.mark.parametrize("events", [[("view", 1)], [("like", 1), ("undo", 1)], [("dwell", 3)]])
def test_no_opinion(events):
    assert opinions(Event(1, 7, kind, v, at) for at, (kind, v) in enumerate(events)) == {}


def test_order_of_arrival_does_not_matter():
    log = [Event(1, 7, "like", 1, 10.0), Event(1, 7, "dislike", 1, 20.0)]
    assert opinions(log) == opinions(reversed(log))


def test_split_is_by_one_moment_for_everybody():
    held = opinions([Event(user, user, "like", 1, float(user)) for user in range(10)])
    train, test = split_by_time(held)
    assert max(o.at for o in train.values()) < min(o.at for o in test.values())
    assert len(test) == 2


def test_matrix_holds_known_items_only():
    held = opinions([Event(5, 100, "like", 1, 0), Event(5, 999, "like", 1, 0)])
    made = to_matrix(held, np.array([100, 200]))
    assert made.matrix.toarray().tolist() == [[1.0, 0.0]]
    assert made.user_ids.tolist() == [5]


def test_recall_and_ndcg_by_hand():
    ranked = np.array([[2, 0, 1, 3], [0, 1, 2, 3], [0, 1, 2, 3]])
    relevant = np.array([[1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=bool)
    np.testing.assert_allclose(recall_at_k(ranked, relevant, 2), [1.0, 0.0, np.nan])
    one_late = (1 / math.log2(5)) / 1.0
    np.testing.assert_allclose(ndcg_at_k(ranked, relevant, 4)[1], one_late)
    np.testing.assert_allclose(ndcg_at_k(ranked, relevant, 2)[0], 1.0)
    with pytest.raises(ValueError, match="k must be"):
        recall_at_k(ranked, relevant, 5)


def test_evaluation_masks_what_was_liked_before():
    train = sparse.csr_matrix([[1.0, 0, 0], [1.0, 1.0, 0]])
    test = sparse.csr_matrix([[0, 1.0, 0], [0, 0, 1.0]])
    perfect = evaluate(linear_scorer(np.array([[0, 1, 0], [0, 0, 2], [0, 0, 0]])), train, test, 1)
    none = {"recall_error": 0.0, "ndcg_error": 0.0}
    assert perfect == {"recall@1": 1.0, "ndcg@1": 1.0, **none, "users": 2}
    floor = evaluate(popularity_scorer(train), train, test, 1)
    assert floor["recall@1"] == 1.0


def test_content_prefers_the_liked_and_avoids_the_disliked():
    vectors = np.eye(3, dtype=np.float32)
    scores = content_scores(vectors, vectors[:1], vectors[1:2])
    assert scores.argmax() == 0
    assert scores.argmin() == 1
    alone = content_scores(vectors, vectors[:0], vectors[1:2])
    assert alone[1] < alone[0] == alone[2]


def test_every_like_takes_half_of_what_popularity_still_decides():
    assert source_weights(0)["collective"] == 0
    assert source_weights(1)["collective"] == 0.5
    assert source_weights(3)["popular"] < source_weights(1)["popular"]


def test_leading_source_is_the_largest_part():
    made = blend(
        {"fresh": np.array([1.0, 0.1]), "popular": np.array([0.2, 1.0])},
        {"fresh": 0.5, "popular": 0.5},
    )
    assert made.sources.tolist() == ["fresh", "popular"]
    np.testing.assert_allclose(made.scores, [0.6, 0.55])


def test_scaled_has_its_median_at_nought_and_best_at_one():
    np.testing.assert_allclose(scaled(np.array([-50.0, 2.0, 4.0])), [-1, 0, 1])
    assert scaled(np.array([3.0, 3.0])).tolist() == [0, 0]


def test_freshness_halves_in_three_days():
    three_days = 3 * 24 * 3600.0
    np.testing.assert_allclose(freshness(np.array([0.0, three_days]), three_days), [0.5, 1.0])


def test_shares_name_what_speaks_for_an_item_and_not_what_speaks_against_it():
    parts = {"content": np.array([1.0, -1.0]), "fresh": np.array([1.0, 1.0])}
    found = blend(parts, {"content": 0.3, "fresh": 0.1})
    assert found.shares(0) == {"content": 0.75, "fresh": 0.25}
    assert found.shares(1) == {"fresh": 1.0}


def test_parts_of_likeness_are_what_the_score_loses_without_each_like():
    rng = np.random.default_rng(5)
    rows = rng.normal(size=(9, 6))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    vectors, liked = rows[:5].astype(np.float32), rows[5:].astype(np.float32)
    nothing = liked[:0]
    whole = content_scores(vectors, liked, nothing)
    for at, part in enumerate(content_parts(vectors, liked)):
        without = content_scores(vectors, np.delete(liked, at, axis=0), nothing)
        np.testing.assert_allclose(part, whole - without, atol=1e-5)
    alone = content_parts(vectors, liked[:1])
    np.testing.assert_allclose(alone[0], content_scores(vectors, liked[:1], nothing), atol=1e-5)


def test_one_owner_keeps_so_many_and_the_rest_waits_behind_the_others():
    owners = np.array([1, 1, 1, 2, 0, 0, 0])
    assert cap_per_owner(owners, np.arange(7), 2).tolist() == [0, 1, 3, 4, 5, 6, 2]


def test_what_followed_people_publish_counts_more_while_it_is_new():
    part = following(np.array([True, True, False]), np.array([1.0, 0.0, 1.0]))
    np.testing.assert_allclose(part, [1.0, 0.4, 0.0])
