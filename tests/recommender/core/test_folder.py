"""A folder of interactions is read in each of its forms, and a bad one is named."""

from __future__ import annotations

import os
import pickle

import numpy as np
import pytest
from scipy import sparse

from recommender.core.folder import read_folder

PAIRS = np.array([[0, 1], [0, 2], [1, 0], [2, 3]])


def _write(folder, form: str, name: str = "train") -> None:
    matrix = sparse.coo_matrix((np.ones(4), (PAIRS[:, 0], PAIRS[:, 1])), shape=(3, 4))
    if form == "npy":
        np.save(folder / f"{name}.npy", PAIRS)
    elif form == "csv":
        (folder / f"{name}.csv").write_text("user,item\n0,1\n0,2\n1,0\n\n2,3,99\n")
    elif form == "tsv":
        (folder / f"{name}.tsv").write_text("0\t1\n0\t2\n1\t0\n2\t3\n")
    elif form == "txt":
        (folder / f"{name}.txt").write_text("0 1 2\n1 0\n2 3\n")
    elif form == "npz":
        sparse.save_npz(folder / f"{name}.npz", matrix.tocsr())
    else:
        (folder / "trnMat.pkl").write_bytes(pickle.dumps(matrix))


@pytest.mark.parametrize("form", ["npy", "csv", "tsv", "txt", "npz", "pkl"])
def test_every_form_says_the_same(tmp_path, form):
    _write(tmp_path, form)
    np.save(tmp_path / "test.npy", np.array([[1, 1]]))
    np.save(tmp_path / "image_feat.npy", np.ones((5, 2), dtype=np.float16))
    np.save(tmp_path / "audio_feat.npy", np.ones((5, 3)))
    data = read_folder(tmp_path)
    assert data.train.shape == (3, 5)
    np.testing.assert_array_equal(np.argwhere(data.train.toarray()), PAIRS)
    assert (data.valid.nnz, data.test.nnz) == (0, 1)
    assert {name: rows.shape for name, rows in data.features.items()} == {
        "visual": (5, 2),
        "acoustic": (5, 3),
    }


class _Attack:
    def __reduce__(self):
        return os.system, ("touch /tmp/should-not-exist",)


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    (tmp_path / "trnMat.pkl").write_bytes(pickle.dumps(_Attack()))
    with pytest.raises(ValueError, match="may not hold"):
        read_folder(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("train.csv", b"0,1\n1,x\n", "line 2"),
        ("train.txt", b"0 1\n1 two\n", "line 2"),
        ("train.csv", b"0,-1\n", "from 0"),
        ("train.npy", b"not an array", "train.npy"),
        ("train.npz", b"not a matrix", "train.npz"),
        ("trnMat.pkl", b"", "trnMat.pkl"),
        ("other.txt", b"0 1\n", "no interactions"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, content, sentence):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=sentence):
        read_folder(tmp_path)


def test_features_must_fit_the_items(tmp_path):
    _write(tmp_path, "npy")
    np.save(tmp_path / "visual.npy", np.ones((2, 3)))
    with pytest.raises(ValueError, match="2 rows for 4 items"):
        read_folder(tmp_path)
    np.save(tmp_path / "visual.npy", np.full((4, 3), np.nan))
    with pytest.raises(ValueError, match="not finite"):
        read_folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="not a folder"):
        read_folder(tmp_path / "nowhere")
