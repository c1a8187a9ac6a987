"""What happens to items, for the apps above. Sent after commit; receivers only enqueue."""

from django.dispatch import Signal

# item_id: int. The owner or the generator handed it in; its state is `pending`.
item_submitted = Signal()
# item_id: int. Moderation made it visible.
item_published = Signal()
# item_id: int. It was taken down and must disappear everywhere.
item_removed = Signal()
# item_id: int. It was deleted for good, after viewing or after its removal: what is known of it
# goes too.
item_expired = Signal()
# item_id: int. Stills of this AI video were made, and none of them is marked.
frames_made = Signal()
# item_id: int. An upload was read to its end: its media is ready and embedded, or it failed.
media_settled = Signal()
