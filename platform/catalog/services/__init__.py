"""What may be done with items. Everything is keyword-only and safe to call twice.

- uploads: a person's file comes in, its processing by a worker
- storing: the files that we make of it, and items made by the generator
- states: draft -> pending -> in review -> published | rejected | removed
- expiring: items that are deleted after viewing
- frames: stills of videos and the vectors of their samples
- attachments: what people show in a conversation, kept or deleted
- vectors: embeddings by the encoder in force
"""

from catalog.services.attachments import delete_attachments, keep_attachment
from catalog.services.expiring import (
    delete_after_viewing,
    expire_due_items,
    expire_item,
    note_view,
)
from catalog.services.frames import make_frames, open_master, replace_still, use_as_poster
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
    allow_edits,
    create_attachment,
    create_upload,
    delete_draft,
    import_item,
    process_media,
    requeue_stale_media,
    say_people_agreed,
    still_of,
    update_item,
)
from catalog.services.vectors import embed_items, list_unembedded

__all__ = [
    "allow_edits",
    "create_attachment",
    "create_generated_item",
    "create_upload",
    "delete_after_viewing",
    "delete_attachments",
    "delete_draft",
    "embed_items",
    "expire_due_items",
    "expire_item",
    "hold_item",
    "import_item",
    "keep_attachment",
    "list_unembedded",
    "make_frames",
    "name_colours",
    "note_view",
    "open_master",
    "process_media",
    "publish_item",
    "reject_item",
    "remove_item",
    "replace_asset",
    "replace_still",
    "requeue_stale_media",
    "say_people_agreed",
    "still_of",
    "store_media",
    "submit_item",
    "update_item",
    "use_as_poster",
    "withdraw_item",
]
