"""Ridge maps recover what is linear, and the blend follows what people liked later."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from recommender.core.ridge import Ridge, fit_ridge, unit
from recommender.core.user_emb import blend, choose_blend


def test_it_recovers_a_linear_map(tmp_path):
    rng = np.random.default_rng(0)
    x, truth = rng.normal(size=(200, 6)) + 3, rng.normal(size=(6, 4))
    y = x @ truth + 1 + 0.01 * rng.normal(size=(200, 4))
    ridge = fit_ridge(x[:150], y[:150])
    np.testing.assert_allclose(ridge(x[150:]), y[150:], atol=0.1)
    ridge.save(tmp_path / "map.npz")
    np.testing.assert_array_equal(Ridge.load(tmp_path / "map.npz")(x), ridge(x))


def test_noise_is_shrunk_more_than_signal():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(40, 30))
    assert fit_ridge(x, rng.normal(size=(40, 3))).l2 > fit_ridge(x, x[:, :3] * 5).l2


def test_rows_that_count_nothing_change_nothing():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    y = np.array([[0.0], [1.0], [2.0], [90.0]])
    weighted = fit_ridge(x, y, np.array([1.0, 1.0, 1.0, 0.0]))
    assert float(weighted(np.array([[1.0]]))[0, 0]) == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize(
    ("x", "y"), [(np.ones((1, 2)), np.ones((1, 2))), (np.full((3, 2), np.inf), np.ones((3, 2)))]
)
def test_too_little_or_broken_is_refused(x, y):
    with pytest.raises(ValueError):
        fit_ridge(x, y)


def test_unit_rows_and_zeros():
    np.testing.assert_allclose(unit(np.array([[3.0, 4.0], [0, 0]])), [[0.6, 0.8], [0, 0]])


def test_the_share_follows_what_was_liked_later():
    """Item 0 points right, item 1 up; people liked item 0 and later item 1."""
    vectors = np.eye(2, dtype=np.float32)
    liked = sparse.csr_matrix([[1.0, 0.0], [1.0, 0.0]])
    later = sparse.csr_matrix([[0.0, 1.0], [0.0, 1.0]])
    up, right = np.array([[0.0, 1.0]] * 2), np.array([[1.0, 0.0]] * 2)
    chosen = choose_blend(up, liked, later, vectors)
    assert (chosen["blend"], chosen["cosine"], chosen["cosine_content_mean"]) == (1.0, 1.0, 0.0)
    # A factor that adds nothing gets no share.
    assert choose_blend(right, liked, later, vectors)["blend"] == 0.0
    assert choose_blend(up, liked, sparse.csr_matrix((2, 2)), vectors)["blend"] == 0.0


def test_a_blend_is_of_length_one():
    rows = blend(np.array([[2.0, 0.0]]), np.array([[0.0, 5.0]]), 0.5)
    np.testing.assert_allclose(rows, [[np.sqrt(0.5), np.sqrt(0.5)]], atol=1e-6)
