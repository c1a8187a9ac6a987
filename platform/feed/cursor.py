"""Where a browse through the feed stands, as a signed token that only we can read sense into."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.core import signing

from common.errors import InvalidInputError

SALT = "feed.cursor"
MAX_AGE_S = 24 * 3600
MAX_CHARS = 300


@dataclass(frozen=True)
class Cursor:
    """One browse (`feed_id`) and how many of its places have been filled.

    `again` marks a browse that may show what was seen in earlier days.
    """

    feed_id: uuid.UUID
    position: int = 0
    again: bool = False

    def dump(self) -> str:
        """Return the token; `load` reads it back for a day."""
        value = [self.feed_id.hex, self.position, int(self.again)]
        return signing.dumps(value, salt=SALT, compress=True)

    @classmethod
    def load(cls, token: str) -> Cursor:
        """Read a token; one that is forged, broken or too old is refused with a sentence."""
        try:
            if len(token) > MAX_CHARS:
                raise signing.BadSignature("too long")
            feed_id, position, again = signing.loads(token, salt=SALT, max_age=MAX_AGE_S)
            return cls(uuid.UUID(feed_id), int(position), bool(again))
        # Signed by us, but of another shape: made before the site was updated.
        except (signing.BadSignature, ValueError, TypeError, AttributeError):
            raise InvalidInputError(
                "This place in the feed can no longer be found. Please start again from the top."
            ) from None

    @classmethod
    def first(cls, again: bool = False) -> Cursor:
        """Return the start of a new browse."""
        return cls(uuid.uuid4(), 0, again)
