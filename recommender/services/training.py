"""Training: from the log to an artefact folder and a row that says it serves."""

from __future__ import annotations

import json
import logging
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Max, Q
from scipy import sparse

from accounts.models import Consent
from catalog.models import Embedding, Item
from common.errors import InvalidInputError
from recommender.core.data import Event, Opinion, opinions, split_by_time, to_matrix
from recommender.core.ease import MAX_ITEMS, fit_ease, keep_strongest
from recommender.core.evaluate import (
    content_scorer,
    evaluate,
    linear_scorer,
    popularity_scorer,
)
from recommender.models import Interaction, ModelVersion
from recommender.services.feedback import user_vector_model
from recommender.services.serving import load_model

logger = logging.getLogger(__name__)

KIND = "ease"
NEIGHBOURS = 200
KEPT_VERSIONS = 3
MIN_NEW_EVENTS = 20
MIN_NEW_ITEMS = 10
# Chosen on the held-out likes while that is cheap; the first pair otherwise.
GRID = ((100.0, 10.0), (20.0, 3.0), (300.0, 30.0), (100.0, 0.0))
GRID_MAX_ITEMS = 2500

Held = dict[tuple[int, int], Opinion]


def train_if_needed() -> ModelVersion | None:
    """Train when enough happened since the serving model was trained; None when nothing did."""
    serving = ModelVersion.objects.filter(is_serving=True).first()
    if serving is None:
        ready = Interaction.objects.exists() and Item.objects.visible().exists()
        return train() if ready else None
    last_event = serving.metrics.get("last_interaction_id", 0)
    last_item = serving.metrics.get("last_item_id", 0)
    events = Interaction.objects.filter(pk__gt=last_event)[:MIN_NEW_EVENTS].count()
    items = Item.objects.visible().filter(pk__gt=last_item)[:MIN_NEW_ITEMS].count()
    if events < MIN_NEW_EVENTS and items < MIN_NEW_ITEMS:
        return None
    return train()


def train() -> ModelVersion:
    """Fit collective EASE to the log, measure it on the newest fifth, and put it into service.

    1. Read opinions of everybody who lets us learn. 2. Choose hyper-parameters on a split by time
    and measure against popularity and content. 3. Fit on everything. 4. Write the artefact folder,
    then switch the serving row: readers see the old model or the new one, never half of one.
    No transaction is open while it computes.
    """
    started = time.monotonic()
    marks = _marks()
    held = opinions(_events(marks["last_interaction_id"]))
    item_ids = _item_ids(held)
    if not len(item_ids):
        raise InvalidInputError("Nothing is published yet, so there is nothing to train on.")
    vectors = _content_matrix(item_ids)
    metrics, (l2, feature_weight) = _measured(held, item_ids, vectors)
    full = to_matrix(held, item_ids).liked
    weights = keep_strongest(
        fit_ease(full, l2=l2, features=vectors, feature_weight=feature_weight), NEIGHBOURS
    )
    metrics |= marks
    metrics["seconds"] = round(time.monotonic() - started, 2)
    config = {
        "kind": KIND,
        "items": len(item_ids),
        "users": full.shape[0],
        "opinions": full.nnz,
        "l2": l2,
        "feature_weight": feature_weight,
        "neighbours": NEIGHBOURS,
        "encoder": user_vector_model(),
    }
    version = _store(config, metrics, item_ids, weights, _popularity(full), vectors)
    _drop_old_versions()
    return version


def _marks() -> dict[str, int]:
    """Return how far the log and the catalogue reach, read before anything else is."""
    event = Interaction.objects.aggregate(last=Max("pk"))["last"] or 0
    item = Item.objects.aggregate(last=Max("pk"))["last"] or 0
    return {"last_interaction_id": event, "last_item_id": item}


def _events(last: int) -> Iterable[Event]:
    """Yield the log up to row `last`, without people who refused to be learnt from."""
    rows = (
        Interaction.objects.filter(pk__lte=last)
        .exclude(kind=Interaction.Kind.VIEW)
        .exclude(user_id__in=_refusing_user_ids())
        .order_by("pk")
        .values_list("user_id", "item_id", "kind", "value", "created_at")
    )
    for user, item, kind, value, at in rows.iterator(chunk_size=5000):
        yield Event(user, item, kind, value, at.timestamp())


def _refusing_user_ids() -> list[int]:
    newest = (
        Consent.objects.filter(kind=Consent.Kind.PERSONALISATION)
        .order_by("user_id", "-answered_at", "-id")
        .distinct("user_id")
        .values_list("user_id", "granted")
    )
    return [user for user, granted in newest if not granted]


def _item_ids(held: Held) -> np.ndarray:
    """Return published items, ascending; above the cap those with most opinions, then newest."""
    ids = list(Item.objects.visible().order_by("-pk").values_list("pk", flat=True))
    if len(ids) > MAX_ITEMS:
        counts: dict[int, int] = {}
        for _, item in held:
            counts[item] = counts.get(item, 0) + 1
        ids = sorted(ids, key=lambda item: -counts.get(item, 0))[:MAX_ITEMS]
    return np.array(sorted(ids), dtype=np.int64)


def _content_matrix(item_ids: np.ndarray) -> np.ndarray | None:
    """Return (I, D) vectors of the encoder in use, zero rows where an item has none."""
    found = dict(
        Embedding.objects.filter(model=user_vector_model() or "", item__state=Item.State.PUBLISHED)
        .values_list("item_id", "vector")
        .iterator(chunk_size=2000)
    )
    if not found:
        return None
    blank = np.zeros(len(next(iter(found.values()))), dtype=np.float32)
    rows = [np.asarray(found.get(int(item), blank), dtype=np.float32) for item in item_ids]
    return np.stack(rows) if rows else None


def _measured(
    held: Held, item_ids: np.ndarray, vectors: np.ndarray | None
) -> tuple[dict[str, Any], tuple[float, float]]:
    """Return (metrics on the newest fifth of the likes, the best (l2, feature weight))."""
    before, after = split_by_time(held)
    train_set = to_matrix(before, item_ids)
    known = train_set.user_ids
    test = to_matrix(after, item_ids, known).liked
    rows = train_set.liked
    if not rows.nnz or not test.nnz:
        return {"users": 0}, GRID[0]
    grid = GRID if len(item_ids) <= GRID_MAX_ITEMS else GRID[:1]
    tried = []
    for l2, feature_weight in grid:
        weights = fit_ease(rows, l2=l2, features=vectors, feature_weight=feature_weight)
        served = keep_strongest(weights, NEIGHBOURS)
        scored = evaluate(linear_scorer(served), train_set.matrix, test)
        tried.append((scored[_ndcg(scored)], scored, (l2, feature_weight), weights))
    _, best, chosen, weights = max(tried, key=lambda entry: entry[0])
    metrics: dict[str, Any] = {
        **best,
        "dense": evaluate(linear_scorer(weights), train_set.matrix, test),
        "popularity": evaluate(popularity_scorer(rows), train_set.matrix, test),
    }
    if vectors is not None:
        metrics["content"] = evaluate(content_scorer(vectors), train_set.matrix, test)
    return metrics, chosen


def _ndcg(scored: dict[str, float]) -> str:
    return next(name for name in scored if name.startswith("ndcg"))


def _popularity(liked: sparse.csr_matrix) -> np.ndarray:
    """Return how much each item is liked, (I,) in [0, 1]; by root, so that one hit is not all."""
    sums = np.sqrt(np.asarray(liked.sum(axis=0)).ravel())
    return (sums / max(float(sums.max(initial=0.0)), 1e-9)).astype(np.float32)


def _store(
    config: dict[str, Any],
    metrics: dict[str, Any],
    item_ids: np.ndarray,
    weights: sparse.csr_matrix,
    popularity: np.ndarray,
    vectors: np.ndarray | None,
) -> ModelVersion:
    """Write models/<kind>-<id>/ and make it the one that serves."""
    version = ModelVersion(kind=KIND, folder="new", metrics=metrics)
    version.full_clean()
    version.save()
    version.folder = f"models/{KIND}-{version.pk}"
    folder = Path(settings.VAR_DIR) / version.folder
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        "data": weights.data,
        "indices": weights.indices,
        "indptr": weights.indptr,
        "item_ids": item_ids,
        "popularity": popularity,
    }
    if vectors is not None:
        arrays["content"] = vectors
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "config.json").write_text(json.dumps(config, indent=1))
    (folder / "metrics.json").write_text(json.dumps(metrics, indent=1))
    # A folder that cannot be read back must not serve.
    load_model(version.pk, folder)
    with transaction.atomic():
        ModelVersion.objects.filter(is_serving=True).update(is_serving=False)
        version.is_serving = True
        version.save(update_fields=["folder", "is_serving"])
    return version


def _drop_old_versions() -> None:
    """Keep the newest few versions; a process still serving an older one holds its files open."""
    old = ModelVersion.objects.filter(Q(kind=KIND, is_serving=False)).order_by("-pk")
    for version in old[KEPT_VERSIONS - 1 :]:
        shutil.rmtree(Path(settings.VAR_DIR) / version.folder, ignore_errors=True)
        version.delete()
