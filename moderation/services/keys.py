"""The keys of both marks, from settings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from moderation.core import manifest, watermark
from moderation.models import Mark


def current_id() -> str:
    """Return the id of the key that marks today; the ledger keeps which one marked which item."""
    return str(settings.WATERMARK_KEY_ID)


def watermark_key(key_id: str = "") -> bytes:
    """Return the watermark key of this id, or today's.

    A retired id may have a secret of its own; without one it comes from today's secret.
    """
    key_id = key_id or current_id()
    retired = "" if key_id == current_id() else settings.WATERMARK_RETIRED_KEYS.get(key_id, "")
    return _derived(retired or settings.WATERMARK_KEY, key_id)


def known_ids() -> list[str]:
    """Return the ids of all keys that are or were in use, today's first."""
    used = Mark.objects.order_by().values_list("key_id", flat=True).distinct()
    return list(dict.fromkeys([current_id(), *settings.WATERMARK_RETIRED_KEYS, *used]))


def signing_keys() -> manifest.Keys:
    """Return the signing keys, whom else the site trusts, and who stamps times."""
    return manifest.ensure_keys(
        settings.KEYS_DIR, _anchors(settings.C2PA_TRUST_ANCHORS), settings.C2PA_TIMESTAMP_URL
    )


@lru_cache(maxsize=4)
def _anchors(path: str) -> str:
    """Return the certificates in a file named by setting; a missing file is the site's mistake."""
    return Path(path).read_text() if path else ""


@lru_cache(maxsize=16)
def _derived(secret: str, key_id: str) -> bytes:
    return watermark.derive_key(secret, key_id)
