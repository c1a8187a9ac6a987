"""What other apps call: feedback in, candidates out, training."""

from recommender.services.attacks import find_attacks
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
from recommender.services.ranking import Candidate, Ranking, rank, rank_candidates
from recommender.services.reasons import Person, person_of
from recommender.services.registry import roll_back
from recommender.services.remarks import add_remark, change_remark, list_remarks
from recommender.services.statements import facets_of, get_ratings, rate
from recommender.services.taste import Taste, audience_vector, taste_from, taste_of
from recommender.services.training import train, train_all, train_if_needed
from recommender.services.user_emb import get_user_emb
from recommender.services.vectors import vectors_for

__all__ = [
    "Candidate",
    "Person",
    "Ranking",
    "RecordResult",
    "Taste",
    "add_remark",
    "audience_vector",
    "change_remark",
    "current_reactions",
    "disliked_item_ids",
    "facets_of",
    "find_attacks",
    "get_ratings",
    "get_user_emb",
    "learning_allowed",
    "liked_items",
    "list_remarks",
    "person_of",
    "rank",
    "rank_candidates",
    "rate",
    "react",
    "record_events",
    "roll_back",
    "taste_from",
    "taste_of",
    "train",
    "train_all",
    "train_if_needed",
    "user_history",
    "user_vector",
    "user_vector_model",
    "vectors_for",
]
