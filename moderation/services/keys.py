"""The keys of both marks, from settings."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings

from moderation.core import manifest, watermark
from moderation.models import Mark

# Raised when the key is rotated; the ledger remembers which one marked which item.
CURRENT_KEY_ID = "1"


def watermark_key(key_id: str = CURRENT_KEY_ID) -> bytes:
    """Return the watermark key of this id."""
    return _derived(settings.WATERMARK_KEY, key_id)


def known_ids() -> list[str]:
    """Return the ids of all keys that ever marked an item, the current one first."""
    used = Mark.objects.order_by().values_list("key_id", flat=True).distinct()
    return list(dict.fromkeys([CURRENT_KEY_ID, *used]))


def signing_keys() -> manifest.Keys:
    """Return the signing keys, made on first use."""
    return manifest.ensure_keys(settings.KEYS_DIR)


@lru_cache(maxsize=16)
def _derived(secret: str, key_id: str) -> bytes:
    return watermark.derive_key(secret, key_id)
