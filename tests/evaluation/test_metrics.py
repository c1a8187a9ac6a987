"""The metrics against values worked by hand and against torchmetrics."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation.metrics import (
    at_k,
    copy_share,
    cosine_to_each,
    diversity,
    frechet_distance,
    inception_score,
    kernel_distance,
    unit,
    video_features,
)


def _fixed(rows: int, seed: int, shift: float = 0.0, width: int = 8) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(rows, width)) * np.arange(1, width + 1) + shift).astype(np.float32)


def test_cosine_is_the_mean_over_liked_items_one_by_one():
    results = np.array([[[[1.0, 0.0]]]])
    # Cosines 1 and 0; the mean vector's own cosine would be .707.
    liked = [np.array([[3.0, 0.0], [0.0, 1.0]])]
    assert cosine_to_each(results, liked)[0, 0, 0] == pytest.approx(0.5)


def test_person_without_likes_has_no_cosine():
    results = np.ones((2, 1, 1, 2))
    values = cosine_to_each(results, [np.zeros((0, 2)), np.ones((1, 2))])
    assert np.isnan(values[0]).all()
    assert np.isfinite(values[1]).all()


def test_at_k_takes_the_first_k_of_each_run_and_leaves_out_what_was_not_made():
    values = np.array([[[1.0, 3.0, 100.0], [5.0, np.nan, 100.0]], [[np.nan] * 3] * 2])
    assert at_k(values, 2)[0] == pytest.approx(3.0)
    assert np.isnan(at_k(values, 2)[1])
    with pytest.raises(ValueError, match="k must be"):
        at_k(values, 4)


def test_only_near_repeats_of_a_liked_item_are_copies():
    liked = [np.array([[1.0, 0.0]])]
    results = unit(np.array([[[[1.0, 0.1], [1.0, 1.0]]]]))
    assert copy_share(results, liked)[0] == pytest.approx(0.5)


def test_diversity_compares_different_people_only():
    rng = np.random.default_rng(0)
    own = np.array([[1.0, 0.0], [1.0, 0.0]])
    results = np.stack([own, own[:, ::-1]])[:, None]  # one person right, the other up
    assert diversity(results, rng).min() == pytest.approx(1.0)
    assert len(diversity(results[:1], rng)) == 0


def test_frechet_distance_of_shifted_normals_is_the_squared_shift():
    rows = _fixed(500, 1)
    assert frechet_distance(rows, rows) == pytest.approx(0.0, abs=1e-6)
    assert frechet_distance(rows + 2.0, rows) == pytest.approx(8 * 4.0, rel=1e-5)


def test_frechet_distance_equals_torchmetrics():
    torch = pytest.importorskip("torch")
    image = pytest.importorskip("torchmetrics.image.fid")
    made, real = _fixed(64, 2, shift=0.7), _fixed(90, 3)
    metric = image.FrechetInceptionDistance(feature=_as_features(torch, 8), normalize=True)
    metric.update(torch.from_numpy(real), real=True)
    metric.update(torch.from_numpy(made), real=False)
    assert frechet_distance(made, real) == pytest.approx(float(metric.compute()), rel=1e-3)


def test_kernel_distance_equals_torchmetrics():
    torch = pytest.importorskip("torch")
    kid = pytest.importorskip("torchmetrics.image.kid")
    made, real = _fixed(60, 4, shift=0.3), _fixed(60, 5)
    value = kid.poly_mmd(torch.from_numpy(made).double(), torch.from_numpy(real).double())
    assert kernel_distance(made, real) == pytest.approx(float(value), rel=1e-4)


def test_kernel_distance_does_not_grow_as_samples_shrink():
    values = [kernel_distance(_fixed(12, s), _fixed(12, 1000 + s)) for s in range(200)]
    spread = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * spread


def test_inception_score_counts_the_classes_that_are_surely_there():
    sure = np.eye(4)[np.arange(100) % 4]
    assert inception_score(sure) == pytest.approx(4.0, rel=1e-3)
    assert inception_score(np.full((100, 4), 0.25)) == pytest.approx(1.0)


def test_video_features_see_what_is_shown_and_how_it_moves():
    still = np.ones((1, 4, 3))
    jumping = still * np.array([1.0, -1.0, 1.0, -1.0])[None, :, None]
    assert video_features(still)[0].tolist() == [1, 1, 1, 0, 0, 0]
    assert video_features(jumping)[0].tolist() == [0, 0, 0, 2, 2, 2]
    with pytest.raises(ValueError, match="two frames"):
        video_features(np.ones((1, 1, 3)))


def _as_features(torch, width):
    """A feature network that passes its input on, as torchmetrics takes one."""

    class Same(torch.nn.Module):
        num_features = width

        def forward(self, rows):
            # torchmetrics first asks for the features of a blank picture, to learn their number.
            return rows if rows.ndim == 2 else torch.zeros(len(rows), width)

    return Same()
