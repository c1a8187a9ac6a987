"""A person's `User_Emb` for the generators."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from django.conf import settings

from accounts.models import User
from recommender.core.rankers import FACTOR_KINDS
from recommender.core.ridge import unit
from recommender.core.user_emb import blend
from recommender.models import ModelVersion
from recommender.services.feedback import learning_allowed, user_opinions
from recommender.services.serving import ServingModel, load_model
from recommender.services.vectors import rows_of, vectors_for

logger = logging.getLogger(__name__)

CONTENT_MEAN = "mean of likes"
_held: ServingModel | None = None


def get_user_emb(user: User) -> tuple[tuple[float, ...], str]:
    """Return (the person's vector of length 1 in the encoder's space, what it was made by).

    It blends the mean of what they like with their factor of the newest model of vectors, taken
    over into that space; the share was chosen on held-out likes. Without such a model, or with one
    trained on another encoder, it is the mean alone. ((), "") without likes and for who refused
    personalisation. A like made a moment ago counts.
    """
    if not user.is_authenticated or learning_allowed(user) is False:
        return (), ""
    held = user_opinions(user)
    vectors = vectors_for(held) if held else None
    if vectors is None:
        return (), ""
    items = np.fromiter(held, dtype=np.int64, count=len(held))
    weights = np.array([opinion.weight for opinion in held.values()], dtype=np.float32)
    rows = rows_of(vectors.item_ids, items)
    liked = (rows >= 0) & (weights > 0)
    if not liked.any():
        return (), ""
    content = weights[liked] @ vectors.matrix[rows[liked]]  # (D,)
    mapped = _mapped(items, weights, vectors.model, len(content))
    if mapped is None:
        found, name = unit(content), CONTENT_MEAN
    else:
        factor, share, name = mapped
        found = blend(content[None], factor[None], share)[0]
    if not np.abs(found).any():
        return (), ""
    return tuple(float(value) for value in found), name


def _mapped(
    items: np.ndarray, weights: np.ndarray, encoder: str, width: int
) -> tuple[np.ndarray, float, str] | None:
    """Return (the person's factor in the encoder's space, its share, the model's name)."""
    model = _factor_model()
    if model is None or model.to_content is None or model.config.get("encoder") != encoder:
        return None
    rows = model.rows_of(items)
    factor = model.vector(rows[rows >= 0], weights[rows >= 0])
    share = float(model.config.get("blend", 0.0))
    if factor is None or not share or len(model.to_content.base) != width:
        return None
    return model.to_content(factor[None])[0], share, f"{model.kind} {model.version}"


def _factor_model() -> ServingModel | None:
    """Return the model of vectors to read people from: the serving one, else the newest."""
    global _held
    row = (
        ModelVersion.objects.filter(kind__in=FACTOR_KINDS)
        .exclude(folder="new")
        .order_by("-is_serving", "-pk")
        .values_list("pk", "folder")
        .first()
    )
    if row is None:
        return None
    version, folder = row
    if _held is None or _held.version != version:
        try:
            _held = load_model(version, Path(settings.VAR_DIR) / folder)
        except (OSError, ValueError, KeyError) as error:
            logger.warning("model %s cannot be read: %s", folder, error)
            return None
    return _held


def forget() -> None:
    """Drop the model kept in memory."""
    global _held
    _held = None
