"""What this app knows of a person. All of it goes with the person's row."""

from __future__ import annotations

from accounts.exporting import plain_rows, register_part
from recommender.models import (
    Conversation,
    Impression,
    Interaction,
    LlmSpending,
    PolicyDecision,
    Rating,
    Remark,
    StatedWish,
    Suspicion,
    Turn,
    UserEmbedding,
)

register_part(
    "events",
    "What you watched, liked, disliked and shared. `value`: seconds of a dwell, of a complete the "
    "share of the video.",
    lambda user: plain_rows(
        Interaction.objects.filter(user=user), "item_id", "kind", "value", "event_id", "created_at"
    ),
)
register_part(
    "impressions",
    "What the feed put before you: where, why, and with what probability.",
    lambda user: plain_rows(
        Impression.objects.filter(user=user),
        *("item_id", "feed_id", "position", "source", "policy", "reason", "propensity"),
        "created_at",
    ),
)
register_part(
    "ratings",
    "The stars you gave.",
    lambda user: plain_rows(
        Rating.objects.filter(user=user), "item_id", "facet", "stars", "created_at", "updated_at"
    ),
)
register_part(
    "remarks",
    "What you said of items, and what was understood.",
    lambda user: plain_rows(
        Remark.objects.filter(user=user), "item_id", "text", "understood", "created_at"
    ),
)
register_part(
    "conversation_turns",
    "Your talks with the instructor, with what it decided.",
    lambda user: plain_rows(
        Turn.objects.filter(conversation__user=user),
        *("conversation_id", "speaker", "text", "action", "decision", "item_ids", "job_id"),
        "created_at",
    ),
)
register_part(
    "conversations",
    "What the instructor remembers of your talks: the wishes and items they are about just now.",
    lambda user: plain_rows(
        Conversation.objects.filter(user=user), "id", "state", "created_at", "updated_at"
    ),
)
register_part(
    "stated_wishes",
    "What you told Weft that you want or do not want.",
    lambda user: plain_rows(
        StatedWish.objects.filter(user=user), "polarity", "slot", "value", "words", "said_at"
    ),
)
register_part(
    "policy_decisions",
    "When Weft chose between finding, asking, editing and creating for you, and what it knew.",
    lambda user: plain_rows(
        PolicyDecision.objects.filter(user=user),
        *("policy", "context", "arm", "probabilities", "propensity", "exposure", "reason"),
        *("reward", "rewarded_at", "created_at"),
    ),
)
register_part(
    "taste_vectors",
    "What was learned of your taste, as numbers, by model.",
    lambda user: plain_rows(
        UserEmbedding.objects.filter(user=user), "model", "vector", "updated_at"
    ),
)
register_part(
    "suspicions",
    "Feedback of yours that was set aside because it looked like part of an attack.",
    lambda user: plain_rows(
        Suspicion.objects.filter(user=user), "score", "signals", "state", "found_at", "decided_at"
    ),
)
register_part(
    "language_model_use",
    "How much of your talk a language model outside Weft has read, by day.",
    lambda user: plain_rows(
        LlmSpending.objects.filter(user=user), "day", "calls", "tokens", "cost_micros"
    ),
)
