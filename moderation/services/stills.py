"""Both marks of the stills of AI videos, so that a person's own poster can be served.

The video's own files are marked before it is published (`marking`). Stills may be made before or
after that; none is served until both marks were read back from the stored file.
"""

from __future__ import annotations

import io
import logging

from PIL import Image

from catalog.models import Frame, Item
from catalog.services import replace_still
from moderation.core import manifest, watermark
from moderation.models import Mark
from moderation.services import keys, ledger
from moderation.services.gathering import decode
from moderation.services.marking import allocate_mark
from moderation.services.provenance import claim_of

logger = logging.getLogger(__name__)

QUALITY = 88


def mark_stills(*, item_id: int) -> int:
    """Mark the stills of an AI video that lack it; return how many can now be served. Repeatable.

    A still too flat or too small for the watermark stays unmarked, so nobody is shown it. No
    transaction should be open: each takes a good part of a second.
    """
    item = Item.objects.filter(pk=item_id).first()
    if item is None or not item.is_ai:
        return 0
    stills = list(Frame.objects.filter(item=item, is_marked=False).order_by("index"))
    if not stills:
        return 0
    mark = allocate_mark(item)
    claim = claim_of(item)
    return sum(_mark(still, claim, mark) for still in stills)


def _mark(still: Frame, claim: manifest.Claim, mark: Mark) -> bool:
    with still.file.storage.open(str(still.file.name)) as file:
        picture = decode(file.read())
    if picture is None:
        logger.warning("The still %s could not be read", still)
        return False
    key, signing = keys.watermark_key(mark.key_id), keys.signing_keys()
    try:
        buffer = io.BytesIO()
        marked = watermark.embed(picture, mark.payload, key)
        Image.fromarray(marked).save(buffer, "JPEG", quality=QUALITY)
        data = manifest.sign(buffer.getvalue(), still.mime, claim, signing)
    except (watermark.WatermarkError, manifest.ManifestError) as error:
        logger.warning("The still %s cannot be marked: %s", still, error)
        return False
    stored = replace_still(frame=still, content=data, is_marked=False)
    with stored.file.storage.open(str(stored.file.name)) as file:
        read_back = file.read()
    again = decode(read_back)
    is_whole = (
        again is not None
        and watermark.detect(again, key, search=False).payload == mark.payload
        and manifest.read(read_back, still.mime, signing).state == manifest.State.VALID
    )
    if is_whole and again is not None:
        role, version = f"still {still.index}", still.item.version
        ledger.record_file(mark=mark, role=role, version=version, data=read_back, mime=still.mime)
        ledger.add_print(mark=mark, second=still.time_s, picture=again)
        Frame.objects.filter(pk=still.pk, sha256=stored.sha256).update(is_marked=True)
    return is_whole
