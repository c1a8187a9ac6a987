"""One turn of the conversation: understand, look up, decide, carry out, remember.

The chat does what the person could do by page and no more: items come from the catalogue's
selectors, creations go through `generation.services.submit_job` with its permissions, quota and
screening.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from django.db import transaction

from accounts.models import Consent, User
from accounts.services import get_consent
from catalog.models import Item
from catalog.selectors import can_view
from common.errors import DomainError
from feed.instructor_search import Findings, find_items
from feed.reasons import SENTENCES, get_why
from feed.selectors import Card
from generation.conditions import MAX_HISTORY
from generation.models import Job
from generation.selectors import get_progress
from generation.services import check_may_edit, submit_job
from recommender.conversations import (
    add_exchange,
    clear_conversation,
    find_answer,
    get_conversation,
    get_last_job_id,
    get_state,
    get_turn,
    list_turns,
    recent_rejections,
    record_results,
)
from recommender.core.activation import count_rejections
from recommender.core.answering import ANSWERS_ABOUT_ITEM
from recommender.core.dialogue import (
    ShownItem,
    Slots,
    State,
    Understanding,
    go_back,
    remember,
    start_over,
)
from recommender.core.instructor import (
    Context,
    Decision,
    EmbeddedEngine,
    Engine,
    build_guidance,
    decide,
    settle,
)
from recommender.core.wording import clean
from recommender.models import Conversation, Turn
from recommender.services import (
    current_reactions,
    learning_allowed,
    liked_items,
    react,
    user_history,
)

__all__ = ["TurnView", "clear_conversation", "get_panel", "get_turn_view", "take_turn"]

ENGINE: Engine = EmbeddedEngine()
MAX_SHOWN = 12
# Questions about one item.
ITEM_TOPICS = set(ANSWERS_ABOUT_ITEM)


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


def take_turn(
    *,
    user: User,
    text: str,
    request_key: uuid.UUID,
    shown_ids: Sequence[int] = (),
    focus_id: int | None = None,
) -> Turn:
    """Answer one message and return the instructor's turn; the same key gives the same turn.

    shown_ids: the items in sight, in order; focus_id: the one that "this" means. Raises
    InvalidInputError for a message that is empty or too long.
    """
    text = clean(text)
    with transaction.atomic():
        conversation = get_conversation(user=user, lock=True)
        if known := find_answer(conversation=conversation, request_key=request_key):
            return known
        return _Exchange(user, conversation, text, request_key, shown_ids, focus_id).run()


class _Exchange:
    """The steps of one turn, which share what they looked up."""

    def __init__(
        self,
        user: User,
        conversation: Conversation,
        text: str,
        request_key: uuid.UUID,
        shown_ids: Sequence[int],
        focus_id: int | None,
    ) -> None:
        self.user, self.conversation = user, conversation
        self.text, self.request_key = text, request_key
        self.state = self._focused(get_state(conversation), focus_id)
        in_sight = list(dict.fromkeys(shown_ids))[:MAX_SHOWN] or list(self.state.shown_ids)
        in_sight = in_sight or ([focus_id] if focus_id else [])
        self.items = _items_by_id(user, [*in_sight, self.state.focus_id, focus_id])
        self.in_view = focus_id if focus_id in self.items else None
        self.known = {pk: _as_shown(user, item) for pk, item in self.items.items()}
        self.shown = [self.known[pk] for pk in in_sight if pk in self.known]
        self.findings = Findings()

    def _focused(self, state: State, focus_id: int | None) -> State:
        """Return the memory with "it" set: to what was just made, or to the card in view."""
        if state.mode == "make":
            made = _made_item(self.user, get_last_job_id(self.conversation))
            return replace(state, focus_id=made.pk) if made else state
        # Once the talk has found something, "it" is no longer what the feed happens to show.
        return replace(state, focus_id=focus_id) if focus_id and not state.mode else state

    def run(self) -> Turn:
        heard = ENGINE.understand(self.text, state=self.state, shown=self.shown)
        if heard.topic in ITEM_TOPICS and self.in_view and not heard.points_by_place:
            # "Why am I seeing this?" is asked about the feed's card beside the talk.
            heard = replace(heard, references=(self.in_view,))
        if heard.topic == "undo":
            return self._undo()
        if heard.topic == "reset":
            return self._store(
                start_over(self.state), decide(heard, self.state, Context(shown=self.shown))
            )
        state = remember(self.state, heard, self.known)
        context = self._context(heard, state)
        decision = decide(heard, state, context)
        if decision.feedback:
            decision = self._keep_feedback(decision)
        return self._carry_out(state, decision)

    def _undo(self) -> Turn:
        """Go back to the wishes before the last turn and say which they are."""
        before = go_back(self.state)
        topic = "memory" if before else "nothing_to_undo"
        heard = Understanding(text=self.text, topic=topic)
        decision = decide(heard, before or self.state, Context())
        if before:
            decision = replace(decision, reply=f"Taken back. {decision.reply}", reason="undo")
        return self._store(before or self.state, decision)

    def _context(self, heard: Understanding, state: State) -> Context:
        """Look up what the decision rests on."""
        if not (heard.topic or heard.refusal):
            # Likeness is for the pictures to judge: of the words only the garment must hold.
            alike = replace(state, wanted=Slots(types=state.wanted.types))
            self.findings = find_items(
                user=self.user,
                state=alike if heard.asks_for_similar else state,
                exclude_ids=self.state.seen_ids if heard.is_more else (),
                like_item_id=heard.references[0] if heard.is_alike and heard.references else None,
            )
        return Context(
            matches=len(self.findings.exact[:6]),
            near=len(self.findings.near[:6]),
            known=self._explained(heard),
            shown=self.shown,
            rejections=count_rejections(recent_rejections(self.user)),
            ai_share=self.user.profile.ai_share,
            liked=len(self._liked_ids()),
            favourite_type=self._favourite_type(),
            job_status=self._job_status(heard),
        )

    def _explained(self, heard: Understanding) -> dict[int, ShownItem]:
        """Return the known items; with the reason of the feed where the question is "why"."""
        if heard.topic != "why":
            return self.known
        return {pk: replace(one, reason=self._reason(pk)) for pk, one in self.known.items()}

    def _reason(self, pk: int) -> str:
        """Return why an item was shown; empty when the feed has not shown it."""
        item = self.items[pk]
        if item.made_for_id == self.user.pk:
            return "You asked for it, and Weft made it for you."
        why = get_why(user=self.user, item=item)
        return f"{why.sentence}." if why.source else ""

    def _liked_ids(self) -> list[int]:
        """Return `User_Hist`, if the person lets likes guide creations."""
        if not get_consent(user=self.user, kind=Consent.Kind.CREATION):
            return []
        return user_history(self.user, MAX_HISTORY)

    def _favourite_type(self) -> str | None:
        if learning_allowed(self.user) is False:
            return None
        liked = Counter(
            i.garment_type for i in liked_items(self.user, MAX_HISTORY) if i.garment_type
        )
        return liked.most_common(1)[0][0] if liked else None

    def _job_status(self, heard: Understanding) -> str:
        if heard.topic != "status":
            return ""
        job = _own_job(self.user, get_last_job_id(self.conversation))
        return f"{get_progress(job).stage_text}. It is under My creations as well." if job else ""

    def _keep_feedback(self, decision: Decision) -> Decision:
        """Store the opinion on each item, as the buttons of the feed do."""
        try:
            for pk in decision.reference_ids:
                if pk in self.items:
                    react(user=self.user, item=self.items[pk], kind=decision.feedback or "like")
        except DomainError as error:
            return replace(decision, reply=str(error), feedback=None)
        return decision

    def _carry_out(self, state: State, decision: Decision) -> Turn:
        if decision.action in {"create", "edit"}:
            return self._make(state, decision)
        cards = self.findings.cards if decision.action == "retrieve" else []
        if decision.action == "retrieve" and not cards:
            decision = replace(decision, reply="There is nothing to show for that yet.")
        ids = [item.pk for item in cards]
        record_results(user=self.user, request_key=self.request_key, item_ids=ids)
        return self._store(state, decision, ids)

    def _make(self, state: State, decision: Decision) -> Turn:
        """Hand the job in. A refusal (quota, permission) becomes the answer, in its own words."""
        guidance = build_guidance(
            decision=decision,
            state=state,
            user_id=self.user.pk,
            liked_ids=self._liked_ids(),
        )
        source = self.items.get(decision.source_id) if decision.source_id else None
        try:
            job = submit_job(
                user=self.user,
                guidance=guidance,
                source=source,
                request_key=f"turn-{self.request_key}",
            )
        except DomainError as error:
            refused = Decision("answer", str(error), wanted=state.wanted, reason="refused_job")
            return self._store(state, refused)
        return self._store(state, decision, job_id=job.pk)

    def _store(
        self,
        state: State,
        decision: Decision,
        item_ids: Sequence[int] = (),
        job_id: int | None = None,
    ) -> Turn:
        return add_exchange(
            conversation=self.conversation,
            text=self.text,
            request_key=self.request_key,
            decision=decision,
            state=settle(state, decision, item_ids),
            item_ids=item_ids,
            job_id=job_id,
        )


def _items_by_id(user: User, ids: Iterable[int | None]) -> dict[int, Item]:
    """Return the items among these that the person may see."""
    wanted = [pk for pk in ids if isinstance(pk, int) and 0 < pk < 2**63]
    items = Item.objects.with_assets().select_related("owner").in_bulk(wanted)
    return {pk: item for pk, item in items.items() if can_view(user, item)}


def _as_shown(user: User, item: Item) -> ShownItem:
    """Return what the instructor may know of an item."""
    problem = ""
    try:
        check_may_edit(user=user, item=item)
    except DomainError as error:
        problem = str(error)
    return ShownItem(
        id=item.pk,
        kind="video" if item.kind == Item.Kind.VIDEO else "image",
        type=item.garment_type or None,
        colours=tuple(item.colours),
        pattern=item.pattern or None,
        look=item.look,
        origin=item.origin,
        title=item.title,
        maker=f"@{item.owner.username}" if item.owner else "",
        editable=not problem,
        edit_problem=problem,
    )


def _own_jobs(user: User, job_ids: Iterable[int | None]) -> dict[int, Job]:
    """Return the person's own jobs among these, with what they made."""
    jobs = Job.objects.filter(user=user).select_related("user", "result", "source")
    wanted = [pk for pk in job_ids if pk is not None]
    return jobs.prefetch_related("result__assets").in_bulk(wanted) if wanted else {}


def _own_job(user: User, job_id: int | None) -> Job | None:
    return next(iter(_own_jobs(user, [job_id]).values()), None)


def _made_item(user: User, job_id: int | None) -> Item | None:
    """Return what the person's job made, if they may see it."""
    job = _own_job(user, job_id)
    item = job.result if job else None
    return item if item is not None and can_view(user, item) else None


def get_panel(*, user: User) -> list[TurnView]:
    """Return the person's conversation as the panel shows it, oldest turn first."""
    return _views_of(user, list_turns(user=user))


def get_turn_view(*, user: User, turn_id: int) -> TurnView | None:
    """Return one of the person's own turns as the panel shows it, or None."""
    turn = get_turn(user=user, turn_id=turn_id)
    return None if turn is None else _views_of(user, [turn])[0]


def _views_of(user: User, turns: Sequence[Turn]) -> list[TurnView]:
    """Return the turns with their items and jobs, which are read in one go."""
    items = _items_by_id(user, {pk for turn in turns for pk in turn.item_ids})
    jobs = _own_jobs(user, {turn.job_id for turn in turns})
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
    views = [TurnView(turn=asked)] if asked else []
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
