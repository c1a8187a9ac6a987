"""Uploads that came with a signed manifest: our files of them carry it on, as their source."""

from __future__ import annotations

import logging

from catalog.models import Asset, Item
from catalog.services import replace_asset
from moderation.core import manifest
from moderation.services import keys
from moderation.services.gathering import read_bytes
from moderation.services.provenance import claim_of

logger = logging.getLogger(__name__)


def keep_history(item: Item) -> int:
    """Sign the files of what a person made, if the upload had a manifest; return how many.

    Repeatable. Losing the history is no reason to hold an item: what fails is logged.
    """
    if item.is_ai:
        return 0
    claim, signing = claim_of(item), keys.signing_keys()
    if not claim.ingredients:
        return 0
    count = 0
    for asset in item.assets.exclude(role=Asset.Role.CAPTIONS):
        data = read_bytes(asset)
        if manifest.read(data, asset.mime, signing).state == manifest.State.VALID:
            continue
        try:
            signed = manifest.sign(data, asset.mime, claim, signing)
        except manifest.ManifestError as error:
            logger.warning("the history of item %s was lost: %s", item.pk, error)
            return count
        replace_asset(item=item, role=asset.role, content=signed, mime=asset.mime)
        count += 1
    return count
