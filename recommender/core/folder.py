"""Interactions and features of a folder, for training and benchmarks outside the site.

A folder holds `train` and, as far as there are, `valid` and `test`, each as
  NAME.npy            (n, 2) whole numbers: user, item
  NAME.csv, NAME.tsv  a user and an item per line, further columns and a heading are skipped
  NAME.txt            a user and all their items per line, separated by blanks
  NAME.npz            a SciPy sparse matrix (U, I)
  trnMat.pkl ...      the pickled SciPy matrices of HKUDS's data sets (trn, val, tst)
and one `.npy` (I, D) per modality, whose name begins with visual, image, textual, text, acoustic
or audio. Users and items are numbered from 0.
"""

from __future__ import annotations

import csv
import io
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recommender.core.graph import to_likes

PARTS = {"train": ("train", "trnMat"), "valid": ("valid", "valMat"), "test": ("test", "tstMat")}
MODALITIES = {
    "visual": "visual",
    "image": "visual",
    "textual": "textual",
    "text": "textual",
    "acoustic": "acoustic",
    "audio": "acoustic",
}
MAX_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class FolderData:
    """All matrices (U, I) of ones over the same people and items."""

    train: sparse.csr_matrix
    valid: sparse.csr_matrix
    test: sparse.csr_matrix
    features: dict[str, np.ndarray]


def read_folder(folder: Path) -> FolderData:
    """Return what the folder holds; ValueError says what is missing or cannot be read."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder")
    pairs = {part: _read_part(folder, names) for part, names in PARTS.items()}
    if not len(pairs["train"]):
        raise ValueError(f"{folder} holds no interactions to train on (train.npy, .csv, ...)")
    features = _read_features(folder)
    every = np.concatenate(list(pairs.values()))
    users = int(every[:, 0].max()) + 1
    items = max([int(every[:, 1].max()) + 1, *(len(rows) for rows in features.values())])
    for name, rows in features.items():
        if len(rows) != items:
            raise ValueError(f"the {name} features have {len(rows)} rows for {items} items")
    likes = {part: to_likes(rows, users, items) for part, rows in pairs.items()}
    return FolderData(likes["train"], likes["valid"], likes["test"], features)


def _read_part(folder: Path, names: tuple[str, ...]) -> np.ndarray:
    """Return (n, 2) pairs of the first file found; none when there is no file."""
    for name in names:
        for ending, read in _READERS.items():
            path = folder / f"{name}{ending}"
            if not path.is_file():
                continue
            if path.stat().st_size > MAX_BYTES:
                raise ValueError(f"{path.name} is larger than 2 GB")
            return _checked(path, read(path))
    return np.zeros((0, 2), dtype=np.int64)


def _checked(path: Path, pairs: Any) -> np.ndarray:
    rows = np.asarray(pairs)
    if rows.size == 0:
        return np.zeros((0, 2), dtype=np.int64)
    if rows.ndim != 2 or rows.shape[1] < 2 or not np.issubdtype(rows.dtype, np.number):
        raise ValueError(f"{path.name} must hold rows of user and item")
    rows = rows[:, :2].astype(np.int64)
    if rows.min() < 0 or rows.max() > 50_000_000:
        raise ValueError(f"{path.name}: users and items are whole numbers from 0")
    return rows


def _from_npy(path: Path) -> np.ndarray:
    try:
        rows: np.ndarray = np.load(path, allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise ValueError(f"{path.name} is not an array of numbers: {error}") from error
    return rows


def _from_table(path: Path) -> list[tuple[int, int]]:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open(newline="", encoding="utf-8") as lines:
        return list(_pairs_of_table(path.name, csv.reader(lines, delimiter=delimiter)))


def _pairs_of_table(name: str, lines: Iterator[list[str]]) -> Iterator[tuple[int, int]]:
    for number, cells in enumerate(lines, start=1):
        if not cells:
            continue
        try:
            yield int(cells[0]), int(cells[1])
        except (ValueError, IndexError):
            if number > 1:
                raise ValueError(f"{name}, line {number}: a user and an item needed") from None


def _from_lists(path: Path) -> list[tuple[int, int]]:
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            user, *items = (int(word) for word in line.split())
        except ValueError:
            if line.strip():
                raise ValueError(f"{path.name}, line {number}: whole numbers needed") from None
            continue
        pairs += [(user, item) for item in items]
    return pairs


def _from_npz(path: Path) -> np.ndarray:
    try:
        return _entries(sparse.load_npz(path))
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise ValueError(f"{path.name} is not a SciPy sparse matrix: {error}") from error


def _entries(matrix: Any) -> np.ndarray:
    entries = matrix.tocoo()
    there = entries.data != 0
    return np.stack([entries.row[there], entries.col[there]], axis=1)


class _MatrixUnpickler(pickle.Unpickler):
    """Reads pickled SciPy matrices and nothing else: a pickle may name any code to run."""

    _allowed = frozenset({"coo_matrix", "csr_matrix", "ndarray", "dtype", "_reconstruct"})

    def find_class(self, module: str, name: str) -> Any:
        if module.split(".")[0] in ("scipy", "numpy") and name in self._allowed:
            return super().find_class(_current_module(module, name), name)
        raise ValueError(f"a matrix file may not hold {module}.{name}")


def _current_module(module: str, name: str) -> str:
    """Return where today's SciPy and NumPy keep what older ones pickled under another name."""
    if module.startswith("scipy"):
        return "scipy.sparse"
    return "numpy._core.multiarray" if name == "_reconstruct" else "numpy"


def _from_pickle(path: Path) -> np.ndarray:
    try:
        matrix = _MatrixUnpickler(io.BytesIO(path.read_bytes())).load()
    except (pickle.UnpicklingError, EOFError, AttributeError, IndexError, TypeError) as error:
        raise ValueError(f"{path.name} is not a pickled matrix: {error}") from error
    if not sparse.issparse(matrix):
        raise ValueError(f"{path.name} is not a pickled sparse matrix")
    return _entries(matrix)


_READERS = {
    ".npy": _from_npy,
    ".csv": _from_table,
    ".tsv": _from_table,
    ".txt": _from_lists,
    ".npz": _from_npz,
    ".pkl": _from_pickle,
}


def _read_features(folder: Path) -> dict[str, np.ndarray]:
    found: dict[str, np.ndarray] = {}
    for path in sorted(folder.glob("*.npy")):
        name = next((kind for word, kind in MODALITIES.items() if path.stem.startswith(word)), None)
        if name is None or name in found:
            continue
        rows = _from_npy(path)
        if rows.ndim != 2 or not np.issubdtype(rows.dtype, np.number):
            raise ValueError(f"{path.name} must be (items, width) numbers")
        rows = rows.astype(np.float32)
        if not np.isfinite(rows).all():
            raise ValueError(f"{path.name} holds numbers that are not finite")
        found[name] = rows
    return found
