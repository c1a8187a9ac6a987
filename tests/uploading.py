"""Fixtures for tests that upload: a stand-in encoder, an uploader, and an upload that is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.models import Item
from catalog.services import create_upload, process_media
from tests.factories import UserFactory


class PlainEncoder:
    """Stands for the encoder where a test is not about vectors: mean colour, length 1."""

    name = "plain:1"
    dim = 3
    side = 128

    def encode_images(self, images: list[Any]) -> np.ndarray:
        rows = [np.asarray(image).reshape(-1, 3).mean(0) + 1 for image in images]
        vectors = np.array(rows, dtype=np.float32).reshape(-1, 3)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def encoder(monkeypatch: pytest.MonkeyPatch) -> PlainEncoder:
    encoder = PlainEncoder()
    monkeypatch.setattr("catalog.services.vectors.load_current_encoder", lambda model=None: encoder)
    # The command has its own reference.
    monkeypatch.setattr(
        "catalog.management.commands.reembed.load_current_encoder", lambda model=None: encoder
    )
    return encoder


@pytest.fixture
def uploader(db: None) -> Any:
    return UserFactory(uploader=True)


@pytest.fixture
def upload(uploader: Any, encoder: PlainEncoder) -> Callable[..., Item]:
    """Hand in a file and let the worker's code run; returns the item as it ends up."""

    def run(content: bytes, name: str = "a.jpg", declared: str = "image/jpeg") -> Item:
        file = SimpleUploadedFile(name, content, content_type=declared)
        item = create_upload(owner=uploader, file=file)
        process_media(item_id=item.pk)
        item.refresh_from_db()
        return item

    return run
