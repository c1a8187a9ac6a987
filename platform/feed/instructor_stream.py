"""Conversations that are read from a stream rather than from the page: same corpus, same steps."""

from __future__ import annotations

from collections import Counter
from typing import Any

from accounts.models import User
from catalog.models import Item
from feed.facts import answer_fact
from feed.instructor_search import MAX_CARDS, count_items
from feed.instructor_services import ENGINE
from feed.wishful import OneConversation, Profile, Wishful
from generation.conditions import MAX_HISTORY
from recommender.conversations import recent_rejections
from recommender.core.decision import Decision
from recommender.core.dialogue import State, Understanding
from recommender.core.talk import Coverage, Talk
from recommender.services import disliked_item_ids, learning_allowed, liked_items
from recommender.services.words import use_words


class Stream:
    """The conversations of one person over one stream.

    What is known of the person is read once, at its start. Lasting wishes that they state are kept
    on their profile, as the chat keeps them, unless `keeps` is false; nothing else is written.
    """

    def __init__(self, user: User, *, keeps: bool = True) -> None:
        self.user = user
        self.hidden = disliked_item_ids(user)
        self.rejected = recent_rejections(user)
        self.favourite_type = _favourite_type(user)
        self.profile = Profile(user) if keeps else None
        self.held = Profile(user).held()
        self._counted: dict[object, Coverage] = {}
        # Lexicon and model are read now rather than during the first turn.
        ENGINE.understand("warm up", state=State(), shown=())

    def new_talk(self) -> Talk:
        """Return a new conversation, which knows nothing of the ones before."""
        self._counted.clear()
        use_words()
        store = OneConversation(self.profile, self.held)
        return Talk(
            wishes=lambda: Wishful(self.user, store),
            facts=_facts,
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


def _facts(heard: Understanding) -> tuple[Decision, list[dict[str, Any]]] | None:
    """Return the answer to a question of fact with its citations, as the chat gives it."""
    found = answer_fact(heard.text, heard)
    return (found.decision, found.citations) if found else None


def _favourite_type(user: User) -> str | None:
    """Return the garment a person likes most, where learning from it is allowed."""
    if learning_allowed(user) is False:
        return None
    liked = Counter(i.garment_type for i in liked_items(user, MAX_HISTORY) if i.garment_type)
    return liked.most_common(1)[0][0] if liked else None
