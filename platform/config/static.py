"""Storages of static files that work out each address once; a page of the feed asks for many."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from whitenoise.storage import CompressedManifestStaticFilesStorage


class _KeepsAddresses:
    """The names are those that our templates write, so there are few of them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.url = cache(super().url)  # type: ignore[misc]


class StaticFiles(_KeepsAddresses, StaticFilesStorage):
    """Files as they are, for development and tests."""


class HashedStaticFiles(_KeepsAddresses, CompressedManifestStaticFilesStorage):
    """Compressed files with their digest in the name, for production."""
