"""What a decision turned out to be worth: what the person did with it, less what it cost them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from recommender.core.policy import Arm

# A look of so many seconds says that something is of interest.
LONG_LOOK_S = 6.0
# What a step takes of a person's patience, in likes: a question, a thing to wait for.
COSTS: dict[Arm, float] = {"retrieve": 0.0, "ask": 0.1, "edit": 0.1, "create": 0.1}
COST_OF_SECOND = 0.005
LONGEST_COUNTED_S = 40.0
LIKES, REJECTIONS = frozenset(("like", "share")), frozenset(("dislike", "not_interested"))


@dataclass(frozen=True)
class Response:
    """What a person did with one item that a decision brought."""

    kinds: frozenset[str] = frozenset()
    looked_s: float = 0.0

    def __bool__(self) -> bool:
        return bool(self.kinds) or self.looked_s > 0

    @property
    def value(self) -> float:
        """Return 1 for a like or share, 0.3 for a long look, -1 for a rejection, else 0."""
        if self.kinds & LIKES:
            return 1.0
        if self.kinds & REJECTIONS:
            return -1.0
        return 0.3 if self.looked_s >= LONG_LOOK_S else 0.0


def reward_of(arm: Arm, responses: Iterable[Response], wait_s: float = 0.0) -> float:
    """Return the reward of a decision, between -1.3 and 1.

    The mean over the items that the person did something with: what merely lay there says nothing.
    Not the best of them: a page of six would earn more than one item for its number of tries alone.
    Nothing done at all is 0, and the cost is taken off.
    """
    values = [response.value for response in responses if response]
    felt = sum(values) / len(values) if values else 0.0
    return felt - cost_of(arm, wait_s)


def cost_of(arm: Arm, wait_s: float = 0.0) -> float:
    """Return what an arm costs the person: the step, and the wait for what is made."""
    waited = min(wait_s, LONGEST_COUNTED_S) if arm in {"create", "edit"} else 0.0
    return COSTS[arm] + COST_OF_SECOND * waited
