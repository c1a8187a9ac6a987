"""Trained models on disk and in the table: stored, put into service, held back, rolled back."""

from __future__ import annotations

import json
import logging
import math
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from common.errors import ConflictError, InvalidInputError
from recommender.core.rankers import Ranker
from recommender.core.recipes import ndcg_of
from recommender.core.ridge import Ridge
from recommender.models import ModelVersion
from recommender.services.serving import load_model

logger = logging.getLogger(__name__)

KEPT_VERSIONS = 3
# Another kind must be better by this share to take over; or they would swap every night.
LEAD = 0.02
# A fall is real when it is larger than this many standard errors of the difference.
ERRORS = 2.0
_LOCK_KEY = 7_305_113_207


@contextmanager
def training_lock() -> Iterator[None]:
    """Hold the one lock of training, across processes and machines.

    Raises ConflictError when somebody else trains. The database frees it when a process dies.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK_KEY])
        if not cursor.fetchone()[0]:
            raise ConflictError("Another training of the recommender is running; try again later.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK_KEY])


def store(
    kind: str,
    ranker: Ranker,
    arrays: Mapping[str, np.ndarray],
    maps: Mapping[str, Ridge],
    config: dict[str, Any],
    metrics: dict[str, Any],
) -> ModelVersion:
    """Write models/<kind>-<id>/ and return its row; it does not serve yet.

    arrays: `item_ids` and `popularity`; maps: `to_factor` and `to_content`, or none. A folder
    that cannot be read back leaves no row behind.
    """
    version = ModelVersion(kind=kind, folder="new", metrics=metrics)
    version.full_clean()
    version.save()
    version.folder = f"models/{kind}-{version.pk}"
    folder = Path(settings.VAR_DIR) / version.folder
    try:
        ranker.save(folder)
        for name, array in arrays.items():
            np.save(folder / f"{name}.npy", array)
        for name, ridge in maps.items():
            ridge.save(folder / f"{name}.npz")
        (folder / "config.json").write_text(json.dumps(config, indent=1))
        (folder / "metrics.json").write_text(json.dumps(metrics, indent=1))
        load_model(version.pk, folder)
    except Exception:
        shutil.rmtree(folder, ignore_errors=True)
        version.delete()
        raise
    version.save(update_fields=["folder"])
    return version


def read_config(version: ModelVersion) -> dict[str, Any] | None:
    """Return what a stored version was made with; None when its folder is gone."""
    try:
        text = (Path(settings.VAR_DIR) / version.folder / "config.json").read_text()
        found: dict[str, Any] = json.loads(text)
    except (OSError, ValueError):
        return None
    return found


def serve(version: ModelVersion, *, pin: bool = False) -> None:
    """Put this version into service; readers see the old one or the new one."""
    with transaction.atomic():
        ModelVersion.objects.filter(is_serving=True).update(is_serving=False)
        ModelVersion.objects.filter(is_pinned=True).update(is_pinned=False)
        version.is_serving, version.is_pinned = True, pin
        version.served_at = timezone.now()
        version.save(update_fields=["is_serving", "is_pinned", "served_at"])


def hold_back(version: ModelVersion, reason: str) -> None:
    """Keep the version out of service and say why in its metrics."""
    logger.warning("recommender %s does not serve: %s", version, reason)
    version.metrics = {**version.metrics, "held_back": reason}
    version.save(update_fields=["metrics"])


def why_not_serve(
    kind: str,
    metrics: Mapping[str, Any],
    serving: ModelVersion | None,
    same_split: Mapping[str, Any] | None = None,
) -> str:
    """Return why a new model may not take over from `serving`; "" when it may.

    The same kind trained again takes over unless its NDCG on validation fell by more than chance
    explains. Another kind must lead by `LEAD` on the same held-out likes: `same_split` are the
    serving kind's figures there.
    """
    if serving is None:
        return ""
    new = ndcg_of(metrics)
    if kind != serving.kind:
        if not metrics.get("users") or not same_split:
            return f"there are too few held-out likes to prefer it to {serving.kind}"
        old = ndcg_of(same_split)
        if new <= old * (1 + LEAD):
            return f"NDCG {new:.4f} on validation does not lead {serving.kind}'s {old:.4f} enough"
        return ""
    old = ndcg_of(serving.metrics)
    if not metrics.get("users") or not serving.metrics.get("users"):
        return ""
    error = math.hypot(metrics.get("ndcg_error", 0.0), serving.metrics.get("ndcg_error", 0.0))
    if new < old - max(LEAD * old, ERRORS * error):
        return f"NDCG on validation fell from {old:.4f} to {new:.4f}"
    return ""


def roll_back() -> ModelVersion:
    """Put the version that served before back into service and pin it there.

    Automatic training goes on but changes nothing until somebody trains by hand.
    """
    before = (
        ModelVersion.objects.filter(is_serving=False, served_at__isnull=False)
        .order_by("-served_at")
        .first()
    )
    if before is None:
        raise InvalidInputError("No earlier model is kept, so there is nothing to go back to.")
    folder = Path(settings.VAR_DIR) / before.folder
    try:
        load_model(before.pk, folder)
    except (OSError, KeyError, ValueError) as error:
        raise InvalidInputError(f"The model {before} can no longer be read.") from error
    serve(before, pin=True)
    return before


def drop_old_versions(kind: str) -> None:
    """Keep the newest few of the kind, the one in service and the one before it.

    A process still serving a dropped one holds its files open.
    """
    kept = set(
        ModelVersion.objects.filter(served_at__isnull=False)
        .order_by("-is_serving", "-served_at")
        .values_list("pk", flat=True)[:2]
    )
    kept |= set(
        ModelVersion.objects.filter(kind=kind)
        .order_by("-pk")
        .values_list("pk", flat=True)[:KEPT_VERSIONS]
    )
    for version in ModelVersion.objects.filter(kind=kind).exclude(pk__in=kept):
        shutil.rmtree(Path(settings.VAR_DIR) / version.folder, ignore_errors=True)
        version.delete()
