"""MMGCN: people and items on one graph per modality (Wei et al., ACM Multimedia 2019).

For modality m with the average over neighbours A, states X (people, then items), trained matrices
W1 (message), W2 (own), W3 (mix) and the identity vectors E that all modalities share, a layer is

    H = leaky(A X W1)                aggregation (eq. 3)
    O = leaky(X W2 + b2) + E         own state, brought into the space of identities (eq. 5)
    X' = leaky([H, O] W3 + b3)       combination by concatenation (eq. 6)

X of layer 0 holds rows of length 1: a preference vector per person, and per item the given
features less their mean (what all pictures share says nothing and would fill most of the
length). A is the paper's mean ("mean") or that of LightGCN ("root", see `graph.averaged`), which
tells the model how popular an item is. After three layers the vectors are the mean over
modalities (the paper's sum over their number, which ranks the same), and a score is a dot
product. Features wider than 256 are first projected to 256 by their leading singular vectors.

This half is NumPy: it serves, folds new people in and answers "what if this item looked like
that" (PS@K of the GeneRec paper) without torch. `train_mmgcn` makes a model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from recommender.core.graph import MEAN, Bipartite, averaged, degrees
from recommender.core.ridge import Ridge, fit_ridge, unit

SLOPE = 0.01
WIDEST = 256


@dataclass(frozen=True)
class Layer:
    """The trained matrices of one layer of one modality."""

    message: np.ndarray  # W1 (D, d)
    own: np.ndarray  # W2 (D, d)
    own_bias: np.ndarray  # (d,)
    mix: np.ndarray  # W3 (2d, d)
    mix_bias: np.ndarray  # (d,)

    def __call__(self, around: np.ndarray, states: np.ndarray, ids: np.ndarray) -> np.ndarray:
        """Return the next states (n, d) from the neighbours' mean and the own states (n, D)."""
        heard = leaky(around @ self.message)
        kept = leaky(states @ self.own + self.own_bias) + ids
        d = heard.shape[1]
        return leaky(heard @ self.mix[:d] + kept @ self.mix[d:] + self.mix_bias)


@dataclass(frozen=True)
class FeatureReader:
    """How features as they are given become states of layer 0."""

    middle: np.ndarray  # (F,) mean of the training items' features
    projection: np.ndarray  # (F, 256) for wide features; (0, 0) where there is none

    @classmethod
    def fitted(cls, features: np.ndarray) -> FeatureReader:
        """Return the reader for these features, (I, F); rows of zeros are unknown ones."""
        rows = np.asarray(features, dtype=np.float32)
        known = rows[np.abs(rows).sum(axis=1) > 0]
        middle = known.mean(axis=0) if len(known) else rows.sum(axis=0)
        if rows.shape[1] <= WIDEST:
            return cls(middle, np.zeros((0, 0), dtype=np.float32))
        _, vectors = np.linalg.eigh((known - middle).T @ (known - middle))
        return cls(middle, np.ascontiguousarray(vectors[:, -WIDEST:][:, ::-1]))

    def __call__(self, features: np.ndarray) -> np.ndarray:
        """Return features (n, F) as rows of length 1, (n, D); rows of zeros stay zeros."""
        rows = np.asarray(features, dtype=np.float32)
        known = np.abs(rows).sum(axis=1, keepdims=True) > 0
        rows = np.where(known, rows - self.middle, 0)
        return unit(rows @ self.projection if self.projection.size else rows)


@dataclass(frozen=True)
class Modality:
    """One modality: its inputs and its layers."""

    users: np.ndarray  # (U, D) preference vectors of length 1
    items: np.ndarray  # (I, D) features of length 1
    layers: tuple[Layer, ...]
    reader: FeatureReader


def leaky(values: np.ndarray) -> np.ndarray:
    """Return max(x, 0.01 x), element by element."""
    return np.maximum(values, SLOPE * values)


@dataclass
class MMGCN:
    """A trained model; all arrays are float32."""

    likes: sparse.csr_matrix  # (U, I), the graph it was trained on
    ids_users: np.ndarray  # (U, d)
    ids_items: np.ndarray  # (I, d)
    modalities: dict[str, Modality]
    history: list[dict[str, float]] = field(default_factory=list)  # one entry per epoch
    config: dict[str, Any] = field(default_factory=dict)

    @property
    def average(self) -> str:
        """Return how neighbours are averaged, "mean" or "root"."""
        return str(self.config.get("average", MEAN))

    @cached_property
    def _states(self) -> dict[str, list[np.ndarray]]:
        """States of all nodes before and after each layer, by modality: L + 1 of (U + I, D)."""
        around = averaged(Bipartite(self.likes).full, self.average)
        ids = np.concatenate([self.ids_users, self.ids_items])
        found = {}
        for name, modality in self.modalities.items():
            states = [np.concatenate([modality.users, modality.items])]
            for layer in modality.layers:
                states.append(layer(around @ states[-1], states[-1], ids))
            found[name] = states
        return found

    @cached_property
    def _vectors(self) -> np.ndarray:
        return np.mean([states[-1] for states in self._states.values()], axis=0)  # (U + I, d)

    def user_vectors(self) -> np.ndarray:
        """Return the people's vectors (`User_Emb` of the papers), (U, d)."""
        return self._vectors[: self.likes.shape[0]]

    def item_vectors(self) -> np.ndarray:
        """Return the items' vectors, (I, d)."""
        return self._vectors[self.likes.shape[0] :]

    def score(self, users: np.ndarray, items: np.ndarray | None = None) -> np.ndarray:
        """Return the scores of `items` (all when None) for `users`, (users, items)."""
        vectors = self.item_vectors()
        return self.user_vectors()[users] @ (vectors if items is None else vectors[items]).T

    def replace_item_features(
        self, items: np.ndarray, features: Mapping[str, np.ndarray]
    ) -> np.ndarray:
        """Return the vectors (n, d) that `items` (n,) would have with other features.

        features: per modality (n, F), as they were given to training; a modality that is not
        named keeps the item's own. The identity and what the item hears from its people stay:
        they saw the item as it was. Item -1 is one that nobody met, created a moment ago: its
        vector is predicted from all its features by a ridge map fitted to the items met.
        """
        unknown = set(features) - set(self.modalities)
        if unknown:
            raise ValueError(f"the model has no modality {sorted(unknown)}")
        items = np.asarray(items, dtype=np.int64)
        for name, given in features.items():
            if len(given) != len(items):
                raise ValueError(f"{len(given)} rows of {name} features for {len(items)} items")
        inputs = {name: self.modalities[name].reader(given) for name, given in features.items()}
        met = items >= 0
        vectors = np.zeros((len(items), self.ids_items.shape[1]), dtype=np.float32)
        if not met.all():
            if set(features) != set(self.modalities):
                raise ValueError("an item that the model never met needs all modalities")
            rows = np.concatenate([inputs[name][~met] for name in self.modalities], axis=1)
            vectors[~met] = self._content_map(rows)
        vectors[met] = self._seen_as(items[met], {name: rows[met] for name, rows in inputs.items()})
        return vectors

    def _seen_as(self, items: np.ndarray, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Return the vectors of known items with these states of layer 0 in some modalities."""
        people = self._audiences[items]
        found = []
        for name, modality in self.modalities.items():
            state = inputs.get(name, modality.items[items])
            for layer, before in zip(modality.layers, self._states[name], strict=False):
                state = layer(people @ before[: self.likes.shape[0]], state, self.ids_items[items])
            found.append(state)
        return np.mean(found, axis=0)

    @cached_property
    def _audiences(self) -> sparse.csr_matrix:
        """Each item's average over its people, (I, U)."""
        return averaged(self.likes.T.tocsr(), self.average, degrees(self.likes))

    @cached_property
    def _content_map(self) -> Ridge:
        """The ridge map from an item's features, all modalities in order, to its vector."""
        rows = np.concatenate([m.items for m in self.modalities.values()], axis=1)
        met = np.diff(self._audiences.indptr) > 0
        return fit_ridge(rows[met], self.item_vectors()[met])

    def fold_in(self, rows: sparse.csr_matrix, users: np.ndarray | None = None) -> np.ndarray:
        """Return vectors (n, d) of people given by what they like now, without training.

        rows: (n, I), positive entries count. users: their index in the model, -1 (and all, when
        None) for people it never met, who get no preference and no identity of their own.
        """
        liked = rows.multiply(rows > 0).tocsr()
        liked.eliminate_zeros()
        around = averaged(liked, self.average, degrees(self.likes.T.tocsr()))
        users = np.full(around.shape[0], -1) if users is None else np.asarray(users)
        met, known = (users >= 0)[:, None], np.maximum(users, 0)
        ids = self.ids_users[known] * met if len(self.ids_users) else self._no_ids(len(users))
        first = self.likes.shape[0]
        found = []
        for name, modality in self.modalities.items():
            state = np.zeros((len(users), modality.items.shape[1]), dtype=np.float32)
            if len(modality.users):
                state = modality.users[known] * met
            for layer, before in zip(modality.layers, self._states[name], strict=False):
                state = layer(around @ before[first:], state, ids)
            found.append(state)
        return np.mean(found, axis=0).astype(np.float32)

    def scores(self, rows: sparse.csr_matrix) -> np.ndarray:
        """Return the scores of all items for people folded in by their opinions, (n, I)."""
        result: np.ndarray = self.fold_in(rows) @ self.item_vectors().T
        return result

    def contributions(
        self, rows: np.ndarray, values: np.ndarray, columns: np.ndarray
    ) -> np.ndarray:
        """Return what each like adds to the scores of `columns`, (rows, columns).

        The model is not linear: a like's part is the score less the score without it.
        """
        rows, liked = np.asarray(rows), np.asarray(values) > 0
        profile = np.zeros((1, len(self.ids_items)), dtype=np.float32)
        profile[0, rows[liked]] = 1.0
        others = np.repeat(profile, len(rows), axis=0)
        others[np.arange(len(rows)), rows] = 0.0
        vectors = self.fold_in(sparse.csr_matrix(np.concatenate([profile, others])))
        scores = vectors @ self.item_vectors()[columns].T
        parts: np.ndarray = np.where(liked[:, None], scores[:1] - scores[1:], 0.0)
        return parts

    def _no_ids(self, count: int) -> np.ndarray:
        return np.zeros((count, self.ids_items.shape[1]), dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Write `mmgcn.npz` and `mmgcn.json` into `folder`, which is made if need be."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays = {
            "indices": self.likes.indices,
            "indptr": self.likes.indptr,
            "shape": np.array(self.likes.shape),
            "ids_users": self.ids_users,
            "ids_items": self.ids_items,
        }
        for name, modality in self.modalities.items():
            arrays |= {
                f"{name}/users": modality.users,
                f"{name}/items": modality.items,
                f"{name}/middle": modality.reader.middle,
                f"{name}/projection": modality.reader.projection,
            }
            for at, layer in enumerate(modality.layers):
                for matrix in fields(Layer):
                    arrays[f"{name}/{at}/{matrix.name}"] = getattr(layer, matrix.name)
        np.savez(folder / "mmgcn.npz", **arrays)
        about = {
            "modalities": {name: len(m.layers) for name, m in self.modalities.items()},
            "history": self.history,
            "config": self.config,
        }
        (folder / "mmgcn.json").write_text(json.dumps(about, indent=1))

    @classmethod
    def load(cls, folder: Path) -> MMGCN:
        """Return the model that `save` wrote."""
        about = json.loads((folder / "mmgcn.json").read_text())
        with np.load(folder / "mmgcn.npz", allow_pickle=False) as arrays:
            ones = np.ones(len(arrays["indices"]), dtype=np.float32)
            shape = tuple(int(side) for side in arrays["shape"])
            likes = sparse.csr_matrix((ones, arrays["indices"], arrays["indptr"]), shape=shape)
            modalities = {
                name: Modality(
                    arrays[f"{name}/users"],
                    arrays[f"{name}/items"],
                    tuple(
                        Layer(**{p.name: arrays[f"{name}/{at}/{p.name}"] for p in fields(Layer)})
                        for at in range(layers)
                    ),
                    FeatureReader(arrays[f"{name}/middle"], arrays[f"{name}/projection"]),
                )
                for name, layers in about["modalities"].items()
            }
            ids_users, ids_items = arrays["ids_users"], arrays["ids_items"]
        return cls(likes, ids_users, ids_items, modalities, about["history"], about["config"])


def ps(
    model: MMGCN,
    users: np.ndarray,
    items: np.ndarray,
    replaced_features: Mapping[str, np.ndarray] | None = None,
    *,
    standardised: bool = False,
) -> np.ndarray:
    """Return the prediction score of each (user, item) pair, (n,); its mean over K is PS@K.

    users, items: (n,); replaced_features: per modality (n, F), the features that the n-th item
    shows to the n-th user (none: its own). Raw scores compare only within one model;
    `standardised` ones are z-scores among this user's scores of all items.
    """
    users = np.asarray(users, dtype=np.int64)
    people = model.user_vectors()[users]
    shown = model.replace_item_features(items, replaced_features or {})
    scores: np.ndarray = np.einsum("nd,nd->n", people, shown)
    if not standardised:
        return scores
    catalogue = model.item_vectors()
    middle = people @ catalogue.mean(axis=0)
    spread = np.sqrt(
        np.maximum(np.einsum("nd,de,ne->n", people, np.cov(catalogue.T, bias=True), people), 1e-12)
    )
    result: np.ndarray = (scores - middle) / spread
    return result


def train_mmgcn(
    interactions: np.ndarray,
    features: Mapping[str, np.ndarray],
    n_users: int,
    n_items: int,
    **options: Any,
) -> MMGCN:
    """Train a model; see `recommender.core.mmgcn_training.train`, which this imports when called.

    interactions: (n, 2) of user and item numbers from 0; features: modality -> (I, F).
    """
    # Torch costs 400 MB and two seconds; processes that only serve must not pay for it.
    from recommender.core.mmgcn_training import train

    return train(interactions, features, n_users, n_items, **options)
