"""The steps of one turn of the conversation, once it is known what was sent and to whom.

The chat does what the person could do by page and no more: items come from the catalogue's
selectors, creations go through `generation.services.submit_job` with its permissions, quota and
screening.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from accounts.models import Consent, User
from accounts.services import get_consent
from catalog.models import Item
from catalog.selectors import can_view
from catalog.services import keep_attachment
from common.errors import DomainError
from feed.attachments import (
    FAILED,
    WAITING,
    find_attached,
    look_at,
    state_of,
)
from feed.create_services import user_vector_of
from feed.facts import answer_fact, with_facts
from feed.instructor_panel import items_by_id, own_job
from feed.instructor_search import Findings, find_items
from feed.reasons import get_why
from feed.steering import Steered, find_own, record, steer
from feed.wishful import Wishful
from generation.conditions import MAX_HISTORY
from generation.requests import as_edit
from generation.selectors import get_progress
from generation.services import check_may_edit, submit_job
from recommender.conversations import (
    add_exchange,
    get_last_job_id,
    get_state,
    recent_rejections,
    record_results,
)
from recommender.core.activation import count_rejections
from recommender.core.answering import ANSWERS_ABOUT_ITEM
from recommender.core.attached import about_attached, ask_about, is_carried
from recommender.core.dialogue import (
    ShownItem,
    Slots,
    State,
    Understanding,
)
from recommender.core.instructor import (
    Context,
    Decision,
    Engine,
    build_guidance,
    decide,
    settle,
)
from recommender.core.turning import Steps, take
from recommender.llm import EMBEDDED, get_config
from recommender.models import Conversation, Turn
from recommender.services import learning_allowed, liked_items, react, user_history
from recommender.services.words import use_words

ENGINE: Engine = EMBEDDED
MAX_SHOWN = 12
# Questions about one item.
ITEM_TOPICS = set(ANSWERS_ABOUT_ITEM)
MODEL_READS = (
    "To understand you better, what you write is also read by a language model service, with the "
    "titles of what is in sight and without your name, likes or pictures."
)
# Decisions whose sentence a language model may word itself: they ask, or answer an aside.
MODEL_MAY_WORD = frozenset(
    ("unclear", "type", "off_topic", "smalltalk", "greeting", "help", "thanks", "bye")
)


@dataclass(frozen=True)
class Message:
    """What a person sent, checked. `answer`: the turn that waits to be filled in, if one does."""

    text: str
    request_key: uuid.UUID
    shown_ids: tuple[int, ...] = ()
    focus_id: int | None = None
    attachments: tuple[Item, ...] = ()
    answer: Turn | None = None
    # What is to be said before the answer: that a picture could not be used.
    note: str = ""
    delete_after_view: bool = False


@dataclass(frozen=True)
class Heard:
    """What a language model understood, of which memory, and whether it was it that answered."""

    understanding: Understanding
    basis: dict[str, Any]
    by_model: bool


class Exchange:
    """The steps of one turn, which share what they looked up."""

    def __init__(
        self,
        user: User,
        conversation: Conversation,
        message: Message,
        heard: Heard | None = None,
    ) -> None:
        self.user, self.conversation, self.message = user, conversation, message
        use_words()
        self.heard = heard if heard and heard.basis == conversation.state else None
        self.wishful = Wishful(user)
        state = self.wishful.joined(get_state(conversation))
        focus_id = message.focus_id
        self.attached = list(message.attachments) or self._carried(state)
        look_at(self.attached)
        self.state = self._focused(state, focus_id)
        attached_ids = [one.pk for one in self.attached]
        if attached_ids:
            self.state = replace(
                self.state, focus_id=attached_ids[0], attached_ids=tuple(attached_ids)
            )
        in_sight = attached_ids or list(dict.fromkeys(message.shown_ids))[:MAX_SHOWN]
        in_sight = in_sight or list(self.state.shown_ids)
        in_sight = in_sight or ([focus_id] if focus_id else [])
        self.items = items_by_id(user, [*in_sight, self.state.focus_id, focus_id])
        self.in_view = focus_id if focus_id in self.items and not attached_ids else None
        self.known = {pk: _as_shown(user, item) for pk, item in self.items.items()}
        self.shown = [self.known[pk] for pk in in_sight if pk in self.known]
        self.findings = Findings()
        self.steered: Steered | None = None
        self.extra: dict[str, Any] = {}

    def _carried(self, state: State) -> list[Item]:
        """Return what was attached before, while a question about it is open."""
        if not (state.attached_ids and is_carried(state)):
            return []
        found = find_attached(user=self.user, ids=state.attached_ids)
        return [item for item in found if state_of(item) not in {WAITING, FAILED}]

    def _focused(self, state: State, focus_id: int | None) -> State:
        """Return the memory with "it" set: to what was just made, or to the card in view."""
        if state.mode == "make":
            made = _made_item(self.user, get_last_job_id(self.conversation))
            return replace(state, focus_id=made.pk) if made else state
        # Once the talk has found something, "it" is no longer what the feed happens to show.
        return replace(state, focus_id=focus_id) if focus_id and not state.mode else state

    def run(self) -> Turn:
        """Answer the message and store both."""
        if not self.message.text:
            return self._store(self.state, ask_about(self.shown))
        heard = self._hear()
        if heard.topic in ITEM_TOPICS and self.in_view and not heard.points_by_place:
            # "Why am I seeing this?" is asked about the feed's card beside the talk.
            heard = replace(heard, references=(self.in_view,))
        steps = Steps(self.wishful, self._fact, self._context, self._finished, self._recalled)
        state, decision = take(heard, self.state, steps, known=self.known, shown=self.shown)
        return self._carry_out(state, decision)

    def _fact(self, heard: Understanding) -> Decision | None:
        """Return the answer to a question of fact, its citations kept with the turn."""
        found = answer_fact(self.message.text, heard)
        if found is None:
            return None
        self.extra["citations"] = found.citations
        return found.decision

    def _finished(
        self, heard: Understanding, state: State, context: Context, decision: Decision
    ) -> Decision:
        """Return the decision as it stands: chosen, its opinion kept, its sentence complete."""
        decision = self._steer(heard, state, context, decision)
        if decision.feedback:
            decision = self._keep_feedback(decision)
        return self._worded(heard, decision)

    def _recalled(self, before: State) -> Decision:
        """Return what is remembered again, in words."""
        heard = Understanding(text=self.message.text, topic="memory")
        return replace(decide(heard, before, Context()), reason="undo")

    def _hear(self) -> Understanding:
        """Return what the message means, by the model where it was asked, else embedded."""
        if self.heard is not None:
            heard = self.heard.understanding
            self.extra["engine"] = "llm" if self.heard.by_model else "embedded"
        else:
            heard = ENGINE.understand(self.message.text, state=self.state, shown=self.shown)
        is_new = bool(self.message.attachments)
        return about_attached(heard, [one.pk for one in self.attached], self.state, is_new=is_new)

    def _worded(self, heard: Understanding, decision: Decision) -> Decision:
        """Return the decision with its sentence complete: the model's own, notes before it."""
        if heard.says and decision.reason in MODEL_MAY_WORD:
            self.extra["says"] = True
            decision = replace(decision, reply=heard.says)
        if decision.reason == "privacy" and get_config():
            decision = replace(decision, reply=f"{decision.reply} {MODEL_READS}")
        return self.wishful.tell(decision)

    def _steer(
        self, heard: Understanding, state: State, context: Context, decision: Decision
    ) -> Decision:
        """Let the policy choose where the rules leave a choice."""
        own = find_own(self.user, self.findings)
        if own is not None:
            self.items[own.pk], self.known[own.pk] = own, _as_shown(self.user, own)
        near = self.known[own.pk] if own is not None and self.known[own.pk].editable else None
        self.steered = steer(
            user=self.user,
            heard=heard,
            state=state,
            context=context,
            decision=decision,
            findings=self.findings,
            own=near,
        )
        return self.steered.decision

    def _context(self, heard: Understanding, state: State) -> Context:
        """Look up what the decision rests on."""
        if not (heard.topic or heard.refusal):
            # Likeness is for the pictures to judge: of the words only the garment must hold.
            alike = replace(state, wanted=Slots(types=state.wanted.types))
            self.findings = find_items(
                user=self.user,
                state=alike if heard.asks_for_similar else state,
                exclude_ids=self.state.seen_ids if heard.is_more else (),
                like_ids=heard.references if heard.is_alike else (),
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
        job = own_job(self.user, get_last_job_id(self.conversation))
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
        record_results(user=self.user, request_key=self.message.request_key, item_ids=ids)
        return self._store(state, decision, ids)

    def _make(self, state: State, decision: Decision) -> Turn:
        """Hand the job in. A refusal (quota, permission) becomes the answer, in its own words."""
        # Only clips read `User_Emb`; pictures are guided by the liked items themselves.
        vector, model = user_vector_of(self.user) if decision.kind == "video" else ((), None)
        guidance = build_guidance(
            decision=decision,
            state=state,
            user_id=self.user.pk,
            liked_ids=self._liked_ids(),
            user_vector=vector,
            user_vector_model=model,
        )
        private = self.message.delete_after_view
        guidance = replace(with_facts(guidance), delete_after_view=private)
        source = self.items.get(decision.source_id) if decision.source_id else None
        if source is not None:
            # What it is of itself is no change; a style alone keeps every outline.
            shown = self.known[source.pk].slots()
            changes = bool(decision.wanted.without(shown) or decision.unwanted)
            unwanted = self.wishful.for_edit(decision.unwanted, shown).as_attributes()
            guidance = as_edit(replace(guidance, unwanted=unwanted), source, changes=changes)
        try:
            job = submit_job(
                user=self.user,
                guidance=guidance,
                source=source,
                request_key=f"turn-{self.message.request_key}",
            )
        except DomainError as error:
            refused = Decision("answer", str(error), wanted=state.wanted, reason="refused_job")
            return self._store(state, refused)
        if source is not None and source.is_attachment:
            # What is worked on is the person's own draft from now on.
            keep_attachment(item=source, by=self.user)
        return self._store(state, decision, job_id=job.pk)

    def _store(
        self,
        state: State,
        decision: Decision,
        item_ids: Sequence[int] = (),
        job_id: int | None = None,
    ) -> Turn:
        if self.message.note:
            decision = replace(decision, reply=f"{self.message.note} {decision.reply}")
        turn = add_exchange(
            conversation=self.conversation,
            text=self.message.text,
            request_key=self.message.request_key,
            decision=decision,
            state=self.wishful.parted(settle(state, decision, item_ids)),
            item_ids=item_ids,
            job_id=job_id,
            attachment_ids=[one.pk for one in self.message.attachments],
            answer=self.message.answer,
            extra=self.extra,
        )
        self.wishful.link(turn)
        record(user=self.user, steered=self.steered, turn=turn)
        return turn


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


def _made_item(user: User, job_id: int | None) -> Item | None:
    """Return what the person's job made, if they may see it."""
    job = own_job(user, job_id)
    item = job.result if job else None
    return item if item is not None and can_view(user, item) else None
