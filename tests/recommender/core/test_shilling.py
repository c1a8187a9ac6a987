"""Made-up profiles are found, honest crowds are not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.core import shilling_signals as signals
from recommender.core.shilling import THRESHOLD, Feedback, detect
from recommender.core.shilling_attacks import (
    KINDS,
    NOISE,
    SHIFT,
    SHIFTED_WEIGHT,
    Attack,
    attack_opinions,
    attack_ratings,
    pick_target,
)
from tests.recommender.shilling_world import DAY, honest_world


@pytest.fixture(scope="module")
def honest() -> sparse.csr_matrix:
    return honest_world()


def auc(score: np.ndarray, guilty: np.ndarray) -> float:
    above = score[guilty][:, None] > score[~guilty]
    same = score[guilty][:, None] == score[~guilty]
    return float((above + 0.5 * same).mean())


def test_nobody_is_flagged_where_nobody_attacks(honest):
    found = detect(Feedback(honest))
    assert found.score.max() < THRESHOLD
    assert found.groups == ()


@pytest.mark.parametrize("push", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_profiles_of_an_attack_stand_out(honest, kind, push):
    attacked = attack_opinions(honest, Attack(kind, 0.12, 10, push=push), np.random.default_rng(3))
    found = detect(Feedback(attacked.matrix))
    assert auc(found.score, attacked.is_attack) >= 0.95
    assert (found.score[~attacked.is_attack] >= THRESHOLD).mean() <= 0.05


@pytest.mark.parametrize("kind", ["bandwagon", "segment"])
def test_fans_of_what_an_attack_hides_behind_are_left_alone(honest, kind):
    attacked = attack_opinions(honest, Attack(kind, 0.12, 10), np.random.default_rng(3))
    found = detect(Feedback(attacked.matrix))
    assert {group.item for group in found.groups} == {attacked.target}
    assert not (set(found.flagged()) & set(np.flatnonzero(~attacked.is_attack)))
    assert len(found.flagged()) == attacked.is_attack.sum()


def test_the_group_names_the_target_and_its_side(honest):
    attacked = attack_opinions(
        honest, Attack("random", 0.15, 10, push=False), np.random.default_rng(4)
    )
    group = detect(Feedback(attacked.matrix)).groups[0]
    assert (group.item, group.is_push) == (attacked.target, False)
    assert attacked.is_attack[group.people].mean() > 0.9


def test_the_same_feedback_gives_the_same_scores(honest):
    attacked = attack_opinions(honest, Attack("average", 0.1, 12), np.random.default_rng(5))
    first, second = (detect(Feedback(attacked.matrix)).score for _ in range(2))
    assert (first == second).all()


def test_a_burst_of_honest_likes_is_no_attack(honest):
    """A video goes viral: a third of all people, of every taste, like it within one evening."""
    rng = np.random.default_rng(6)
    dense = honest.toarray()
    fans = rng.choice(len(dense), size=80, replace=False)
    dense[fans, 7] = 1.0
    matrix = sparse.csr_matrix(dense)
    at = rng.uniform(0, 60 * DAY, size=matrix.nnz)
    rows = signals.row_of_entries(matrix)
    viral = np.isin(rows, fans) & (matrix.indices == 7)
    at[viral] = 58 * DAY + rng.uniform(0, DAY / 8, size=int(viral.sum()))
    joined = -rng.uniform(30, 900, size=len(dense)) * DAY
    found = detect(Feedback(matrix, at, joined))
    assert found.score[fans].max() < THRESHOLD


def test_new_accounts_alone_are_no_attack(honest):
    """A campaign brought forty newcomers, who like different things and one item in common."""
    rng = np.random.default_rng(7)
    newcomers = honest_world(people=40, seed=99).toarray()
    newcomers[:, 11] = 1.0
    matrix = sparse.vstack([honest, sparse.csr_matrix(newcomers)]).tocsr()
    at = rng.uniform(0, 60 * DAY, size=matrix.nnz)
    joined = -rng.uniform(30, 900, size=matrix.shape[0]) * DAY
    new = signals.row_of_entries(matrix) >= honest.shape[0]
    at[new] = 59 * DAY + rng.uniform(0, DAY, size=int(new.sum()))
    joined[honest.shape[0] :] = 58.9 * DAY
    found = detect(Feedback(matrix, at, joined))
    assert (found.score[honest.shape[0] :] >= THRESHOLD).mean() <= 0.05


def test_timing_makes_a_found_attack_surer(honest):
    rng = np.random.default_rng(8)
    attacked = attack_opinions(honest, Attack("random", 0.1, 10), rng)
    matrix = attacked.matrix
    made = attacked.is_attack[signals.row_of_entries(matrix)]
    at = np.where(made, 59 * DAY, 0) + rng.uniform(0, 60 * DAY, size=len(made)) * ~made
    joined = np.where(attacked.is_attack, 58.9 * DAY, -100 * DAY)
    timed = detect(Feedback(matrix, at, joined)).score[attacked.is_attack]
    plain = detect(Feedback(matrix)).score[attacked.is_attack]
    assert np.median(timed) > np.median(plain)


def test_guesses_from_short_looks_are_no_evidence(honest):
    weak = honest.copy()
    weak.data = weak.data * 0.1
    assert detect(Feedback(weak)).score.max() == 0


def test_no_opinions_and_one_person_are_no_attack():
    assert detect(Feedback(sparse.csr_matrix((3, 4), dtype=np.float32))).groups == ()
    one = sparse.csr_matrix(np.ones((1, 4), dtype=np.float32))
    assert detect(Feedback(one)).score.tolist() == [0.0]


def test_rdma_of_ratings_by_hand():
    ratings = np.array([[5.0, 0.0], [3.0, 4.0], [1.0, 4.0]])
    # Means 3 and 4, three and two people: the first differs by 2 on an item of three.
    assert signals.rdma_of_ratings(ratings) == pytest.approx([2 / 3, 0.0, 1 / 3])


def test_similarity_and_coherence_by_hand():
    given = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], dtype=np.float32))
    assert signals.degree_similarity(given, 1) == pytest.approx([1.0, 1.0, 0.0], abs=1e-6)
    # One other person has both, each is liked by two: 1 / 2.
    assert signals.coherence(given)[:2] == pytest.approx([0.5, 0.5], abs=1e-6)
    assert np.isnan(signals.coherence(given)[2])


def test_attacks_are_what_they_say(honest):
    rng = np.random.default_rng(9)
    random = attack_opinions(honest, Attack("random", 0.05, 6), rng)
    made = random.matrix[random.is_attack]
    assert made.shape[0] == 12
    assert (np.diff(made.indptr) == 7).all()
    assert (made[:, [random.target]].toarray() == 1).all()
    bandwagon = attack_opinions(honest, Attack("bandwagon", 0.05, 6), rng).matrix[-12:]
    assert ((bandwagon > 0).sum(axis=0) == 12).sum() == 5
    sunk = attack_opinions(honest, Attack("random", 0.05, 6, push=False), rng)
    assert (sunk.matrix[sunk.is_attack][:, [sunk.target]].toarray() == -1).all()
    shifted = attack_opinions(honest, Attack("random", 0.2, 6, obfuscation=SHIFT), rng)
    aims = shifted.matrix[shifted.is_attack][:, [shifted.target]].toarray()
    assert np.unique(aims) == pytest.approx([SHIFTED_WEIGHT, 1.0])
    noisy = attack_opinions(honest, Attack("segment", 0.2, 6, obfuscation=NOISE), rng)
    assert len(set(np.diff(noisy.matrix[noisy.is_attack].indptr).tolist())) > 3
    with pytest.raises(ValueError, match="unknown attack"):
        Attack("magic", 0.05, 6)


def test_ratings_attacks_push_and_sink_the_mean():
    rng = np.random.default_rng(10)
    ratings = rng.integers(1, 6, size=(60, 20)) * (rng.random((60, 20)) < 0.5)
    for push in (True, False):
        for kind in KINDS:
            both, guilty = attack_ratings(ratings, Attack(kind, 0.2, 5, push=push), rng, 3)
            assert guilty.sum() == 12
            assert set(np.unique(both[guilty][:, 3])) == ({5.0} if push else {1.0})
            assert both[guilty].max() <= 5


def test_a_pushed_target_is_little_liked_and_a_sunk_one_much(honest):
    liked = np.asarray((honest > 0).sum(axis=0)).ravel()
    rng = np.random.default_rng(11)
    pushed = pick_target(honest, Attack("random", 0.05, 5), rng)
    sunk = pick_target(honest, Attack("random", 0.05, 5, push=False), rng)
    assert liked[pushed] <= np.median(liked[liked > 0]) <= liked[sunk]
