"""Media in an object store: the same checks, then a signed address."""

from __future__ import annotations

import pytest

from catalog.models import Item
from catalog.services import delete_draft, embed_items, store_media
from tests import media_files as files
from tests.config.test_s3 import s3
from tests.factories import ItemFactory
from tests.uploading import encoder

__all__ = ["encoder", "s3"]
pytestmark = pytest.mark.django_db


def test_a_visitor_is_sent_to_a_signed_address_only_after_the_check(
    s3, encoder, client, django_capture_on_commit_callbacks
):
    item = ItemFactory(published=True)
    store_media(item=item, image=files.picture())
    assert embed_items(items=[item]) == 1  # reads the poster back
    response = client.get(item.master_url)
    assert response.status_code == 302
    assert response.headers["Location"].startswith(s3)
    assert "Signature=" in response.headers["Location"]
    assert "no-store" in response.headers["Cache-Control"]
    Item.objects.filter(pk=item.pk).update(state="draft")
    assert client.get(item.master_url).status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        delete_draft(item=item, by=item.owner)
