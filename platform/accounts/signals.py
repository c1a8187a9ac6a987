"""What happens to people, for the apps above. Sent after commit; receivers only enqueue."""

from django.dispatch import Signal

# user_id: int. The person no longer allows us to learn from what they watch.
personalisation_refused = Signal()
