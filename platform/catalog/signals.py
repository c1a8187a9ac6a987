"""What happens to items, for the apps above. Sent after commit; receivers only enqueue."""

from django.dispatch import Signal

# item_id: int. The owner or the generator handed it in; its state is `pending`.
item_submitted = Signal()
# item_id: int. Moderation made it visible.
item_published = Signal()
# item_id: int. It was taken down and must disappear everywhere.
item_removed = Signal()
