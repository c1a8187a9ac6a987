"""The conversation as the panel and the API show it: turns with their items and jobs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from accounts.models import User
from catalog.models import Item
from catalog.selectors import can_view
from feed.reasons import SENTENCES
from feed.selectors import Card
from generation.models import Job
from recommender.conversations import get_turn, list_turns
from recommender.models import Turn
from recommender.services import current_reactions


@dataclass(frozen=True)
class TurnView:
    """A turn with what a page shows of it."""

    turn: Turn
    items: list[Item] = field(default_factory=list)
    job: Job | None = None
    is_last: bool = False

    @property
    def made(self) -> Item | None:
        """What the job made, once it is published and the person may see it."""
        item = self.job.result if self.job else None
        if self.job is None or item is None or not item.is_public:
            return None
        return item if can_view(self.job.user, item) else None

    @property
    def is_held(self) -> bool:
        """Whether a moderator looks at what was made before it is shown."""
        item = self.job.result if self.job else None
        return item is not None and item.state == Item.State.IN_REVIEW

    @property
    def suggestions(self) -> list[str]:
        return self.turn.decision.get("suggestions", [])

    @property
    def is_waiting(self) -> bool:
        """Whether the answer waits for what was attached to be looked at."""
        return self.turn.is_waiting

    @property
    def attachments(self) -> list[Item]:
        """What the person sent with their message."""
        return self.items if self.turn.speaker == Turn.Speaker.PERSON else []

    @property
    def found(self) -> list[Item]:
        """What the instructor found."""
        return self.items if self.turn.speaker == Turn.Speaker.INSTRUCTOR else []

    @property
    def is_worded_by_model(self) -> bool:
        """Whether a language model wrote the sentence itself."""
        return bool(self.turn.decision.get("says"))


def get_panel(*, user: User) -> list[TurnView]:
    """Return the person's conversation as the panel shows it, oldest turn first."""
    return _views_of(user, list_turns(user=user))


def get_turn_view(*, user: User, turn_id: int) -> TurnView | None:
    """Return one of the person's own turns as the panel shows it, or None."""
    turn = get_turn(user=user, turn_id=turn_id)
    return None if turn is None else _views_of(user, [turn])[0]


def _views_of(user: User, turns: Sequence[Turn]) -> list[TurnView]:
    """Return the turns with their items and jobs, which are read in one go."""
    items = items_by_id(user, {pk for turn in turns for pk in turn.item_ids})
    jobs = own_jobs(user, {turn.job_id for turn in turns})
    return [
        TurnView(
            turn=turn,
            items=[items[pk] for pk in turn.item_ids if pk in items],
            job=jobs.get(turn.job_id or 0),
            is_last=turn is turns[-1],
        )
        for turn in turns
    ]


def get_exchange(*, user: User, answer: Turn) -> list[TurnView]:
    """Return the message and its answer as the panel shows them."""
    asked = answer.conversation.turns.filter(pk__lt=answer.pk).order_by("-pk").first()
    views = _views_of(user, [asked]) if asked else []
    answered = get_turn_view(user=user, turn_id=answer.pk)
    return [*views, answered] if answered else views


def cards_of(*, user: User, items: Sequence[Item]) -> list[Card]:
    """Return found items as cards of the feed, with the person's reactions."""
    reactions = current_reactions(user=user, item_ids=[item.pk for item in items])
    return [
        Card(
            item=item,
            position=position,
            source="instructor",
            reason=SENTENCES["you_asked"],
            reaction=reactions.get(item.pk, ""),
        )
        for position, item in enumerate(items, start=1)
    ]


def items_by_id(user: User, ids: Iterable[int | None]) -> dict[int, Item]:
    """Return the items among these that the person may see."""
    wanted = [pk for pk in ids if isinstance(pk, int) and 0 < pk < 2**63]
    items = Item.objects.with_assets().select_related("owner").in_bulk(wanted)
    return {pk: item for pk, item in items.items() if can_view(user, item)}


def own_jobs(user: User, job_ids: Iterable[int | None]) -> dict[int, Job]:
    """Return the person's own jobs among these, with what they made."""
    jobs = Job.objects.filter(user=user).select_related("user", "result", "source")
    wanted = [pk for pk in job_ids if pk is not None]
    return jobs.prefetch_related("result__assets").in_bulk(wanted) if wanted else {}


def own_job(user: User, job_id: int | None) -> Job | None:
    return next(iter(own_jobs(user, [job_id]).values()), None)
