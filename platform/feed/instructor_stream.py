"""Conversations that are read from a stream rather than from the page: same corpus, no rows."""

from __future__ import annotations

from collections import Counter

from accounts.models import User
from catalog.models import Item
from feed.instructor_search import MAX_CARDS, count_items
from feed.instructor_services import ENGINE
from generation.conditions import MAX_HISTORY
from recommender.conversations import recent_rejections
from recommender.core.dialogue import State
from recommender.core.talk import Coverage, Talk
from recommender.services import disliked_item_ids, learning_allowed, liked_items


class Stream:
    """The conversations of one person over one stream; reads the database and never writes.

    What is known of the person is read once, at its start.
    """

    def __init__(self, user: User) -> None:
        self.user = user
        self.hidden = disliked_item_ids(user)
        self.rejected = recent_rejections(user)
        self.favourite_type = _favourite_type(user)
        self._counted: dict[object, Coverage] = {}
        # Lexicon and model are read now rather than during the first turn.
        ENGINE.understand("warm up", state=State(), shown=())

    def new_talk(self) -> Talk:
        """Return a new conversation, which knows nothing of the ones before."""
        self._counted.clear()
        return Talk(
            engine=ENGINE,
            lookup=self.count_coverage,
            ai_share=self.user.profile.ai_share,
            favourite_type=self.favourite_type,
            rejected=list(self.rejected),
        )

    def count_coverage(self, state: State) -> Coverage:
        """Return how many published items satisfy every wish, and how many come near it.

        No more than a page of each counts; within a conversation each question is asked once.
        """
        wish = (state.wanted, state.unwanted, state.kind, state.style)
        if wish not in self._counted:
            self._counted[wish] = self._count(state)
        return self._counted[wish]

    def _count(self, state: State) -> Coverage:
        if not state.wanted:
            return (MAX_CARDS if Item.objects.visible().exists() else 0), 0
        exact, near = count_items(user=self.user, state=state, hidden=self.hidden)
        return min(exact, MAX_CARDS), min(near, MAX_CARDS)


def _favourite_type(user: User) -> str | None:
    """Return the garment a person likes most, where learning from it is allowed."""
    if learning_allowed(user) is False:
        return None
    liked = Counter(i.garment_type for i in liked_items(user, MAX_HISTORY) if i.garment_type)
    return liked.most_common(1)[0][0] if liked else None
