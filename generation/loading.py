"""The generators that settings name, loaded once per worker process."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from common.errors import DomainError
from generation.core.backends import Backend, ModelUnavailableError
from generation.core.video import VideoBackend

MODEL_CHANGED = (
    "The model that made the first one has been replaced since, so the very same cannot come out "
    "again. “Make another” draws it with the new one."
)


class ModelChangedError(DomainError):
    """The revision of a model that a job is bound to is not there any more."""


def load_backend(revision: str = "") -> Backend:
    """Return the picture generator that settings name; it stays in memory for the next job.

    revision: the one that must be used; ModelChangedError where it cannot be had any more.
    """
    loader = import_string(settings.GENERATION_LOADER)
    return _at_revision(loader, settings.CREATOR_MODEL, settings.CREATOR_REVISION, revision)


def load_video_backend(revision: str = "") -> VideoBackend:
    """Return the video generator that settings name; it stays in memory for the next job.

    revision: as in `load_backend`. Raises ModelUnavailableError when its weights are missing.
    """
    loader = import_string(settings.VIDEO_LOADER)
    return _at_revision(loader, settings.VIDEO_MODEL, settings.VIDEO_REVISION, revision)


def _at_revision(loader: Any, model: str, in_force: str | None, revision: str) -> Any:
    backend = loader(model, revision=in_force)
    if revision in ("", backend.revision):
        return backend
    try:
        return loader(model, revision=revision)
    except ModelUnavailableError as error:
        raise ModelChangedError(MODEL_CHANGED) from error
