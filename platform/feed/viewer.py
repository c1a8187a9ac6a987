"""Who looks at a page of the feed: everything about them that it needs, each thing read once."""

from __future__ import annotations

from functools import cached_property

from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase

from accounts.follows import followed_ids
from accounts.models import Profile, User
from catalog.visitors import Visitor
from feed.seen import SeenBefore, SeenInDatabase, SeenInSession
from recommender.services import Person, Taste, learning_allowed, person_of, taste_from, vectors_for
from recommender.services.vectors import Vectors

VISITOR_AI_SHARE = Profile.AiShare.LITTLE


class Viewer:
    """One person, or a visitor, for the time of one request; things are read when first asked for.

    vectors: what ranking has read for this page, if it has; the taste is then told from those.
    """

    def __init__(self, user: User | AnonymousUser, session: SessionBase | None) -> None:
        self.person = user if isinstance(user, User) else None
        # The person, or somebody without an account and what their session hides from them.
        self.audience: User | Visitor = self.person or Visitor(session)
        self.session = session
        self.vectors: Vectors | None = None

    @cached_property
    def ai_share(self) -> int:
        return self.person.profile.ai_share if self.person else VISITOR_AI_SHARE

    @property
    def hidden(self) -> set[int]:
        """What a session hides; what an account hides is asked of the database."""
        return set(self.audience.hidden_item_ids) if isinstance(self.audience, Visitor) else set()

    @cached_property
    def learning(self) -> bool | None:
        """Their answer on personalisation; None where they gave none."""
        return learning_allowed(self.person) if self.person else None

    @cached_property
    def followed(self) -> frozenset[int]:
        """The people they follow."""
        return frozenset(followed_ids(self.person))

    @cached_property
    def seen(self) -> SeenBefore:
        """Where what they were shown is looked up and left."""
        if self.person is None or self.learning is False:
            return SeenInSession(self.session)
        return SeenInDatabase(self.person)

    @cached_property
    def known(self) -> Person:
        """Their opinions, interests and wishes."""
        return person_of(self.person, self.learning)

    @cached_property
    def taste(self) -> Taste | None:
        """What they like, as vectors; None without likes, or without their leave."""
        likes = self.known.likes
        vectors = self.vectors or (vectors_for(likes) if likes else None)
        return taste_from(likes, vectors)
