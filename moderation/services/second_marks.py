"""Marks of models named in the settings, beside our own. Without any, nothing happens."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import numpy as np
from django.conf import settings

from moderation.core import mark_models
from moderation.core.mark_models import MarkModel
from moderation.core.watermark import Detection

logger = logging.getLogger(__name__)


def embed(picture: np.ndarray, payload: int) -> np.ndarray:
    """Return the picture with every configured model's mark."""
    for model in _models():
        picture = model.embed(picture, payload)
    return picture


def detect(pictures: Sequence[np.ndarray]) -> Detection | None:
    """Return the first mark that a configured model reads in one of the pictures (RGB)."""
    for model in _models():
        for picture in pictures:
            payload = model.detect(picture)
            if payload is not None:
                return Detection(found=True, payload=payload, version=model.name)
    return None


def _models() -> Iterable[MarkModel]:
    for name, path in settings.WATERMARK_MODELS.items():
        try:
            yield mark_models.load(name, path)
        except (mark_models.ModelError, RuntimeError) as error:
            # Ours is written all the same: a model that fails must not stop publication.
            logger.warning("The watermark model %s cannot be used: %s", name, error)
