"""What other apps call: feedback in, candidates out, training."""

from recommender.services.feedback import (
    RecordResult,
    current_reactions,
    disliked_item_ids,
    learning_allowed,
    liked_items,
    react,
    record_events,
    user_history,
    user_vector,
    user_vector_model,
)
from recommender.services.ranking import Candidate, rank_candidates
from recommender.services.training import train, train_if_needed

__all__ = [
    "Candidate",
    "RecordResult",
    "current_reactions",
    "disliked_item_ids",
    "learning_allowed",
    "liked_items",
    "rank_candidates",
    "react",
    "record_events",
    "train",
    "train_if_needed",
    "user_history",
    "user_vector",
    "user_vector_model",
]
