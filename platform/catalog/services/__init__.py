"""What may be done with items. Everything is keyword-only and safe to call twice.

- uploads: a person's file comes in, its processing by a worker
- storing: the files that we make of it, and items made by the generator
- states: draft -> pending -> in review -> published | rejected | removed
- vectors: embeddings by the encoder in force
"""

from catalog.services.states import (
    hold_item,
    publish_item,
    reject_item,
    remove_item,
    submit_item,
    withdraw_item,
)
from catalog.services.storing import (
    create_generated_item,
    name_colours,
    replace_asset,
    store_media,
)
from catalog.services.uploads import (
    create_upload,
    delete_draft,
    import_item,
    process_media,
    requeue_stale_media,
    still_of,
    update_item,
)
from catalog.services.vectors import embed_items, list_unembedded

__all__ = [
    "create_generated_item",
    "create_upload",
    "delete_draft",
    "embed_items",
    "hold_item",
    "import_item",
    "list_unembedded",
    "name_colours",
    "process_media",
    "publish_item",
    "reject_item",
    "remove_item",
    "replace_asset",
    "requeue_stale_media",
    "still_of",
    "store_media",
    "submit_item",
    "update_item",
    "withdraw_item",
]
