"""What an uploader sees of their own items: state, outcome of the checks, lineage, statistics."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, QuerySet
from django.http import Http404

from accounts.models import User
from catalog.models import Item
from catalog.selectors import list_lineage, list_own_items
from moderation.models import Case, CheckResult, Decision, Screening, Statement
from recommender.models import Interaction

OPINIONS = (
    Interaction.Kind.LIKE,
    Interaction.Kind.DISLIKE,
    Interaction.Kind.NOT_INTERESTED,
    Interaction.Kind.UNDO,
)
MAX_DEPTH = 4


@dataclass(frozen=True)
class Statistics:
    views: int = 0
    likes: int = 0


@dataclass(frozen=True)
class Step:
    """One station of an item's way; status is done, current, bad or next."""

    label: str
    status: str
    at: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Version:
    """One version in its family, with how deep it stands below the first."""

    item: Item
    depth: int
    asked: str
    is_open: bool


def list_studio_items(user: User, state: str = "") -> QuerySet[Item]:
    """Return the person's own items, newest first; of one state if it is named."""
    items = list_own_items(user)
    return items.filter(state=state) if state else items


def count_states(user: User) -> dict[str, int]:
    """Return how many of the person's items are in each state."""
    own = Item.objects.filter(owner=user, is_attachment=False)
    return dict(own.values_list("state").annotate(Count("pk")).order_by())


def get_studio_item(*, user: User, pk: int) -> Item:
    """Return one of the person's own items; anybody else's does not exist for them."""
    item = list_own_items(user).select_related("parent").filter(pk=pk).first()
    if item is None:
        raise Http404("There is no such item of yours.")
    return item


def get_statistics(item_ids: list[int]) -> dict[int, Statistics]:
    """Return views and standing likes of each item, by id; two queries whatever their number."""
    rows = Interaction.objects.trusted().filter(item_id__in=item_ids)
    views = dict(
        rows.filter(kind=Interaction.Kind.VIEW)
        .values_list("item_id")
        .annotate(Count("user", distinct=True))
        .order_by()
    )
    # A like counts while it is the person's last word on the item.
    last = (
        rows.filter(kind__in=OPINIONS)
        .order_by("item_id", "user_id", "-created_at", "-pk")
        .distinct("item_id", "user_id")
        .values_list("item_id", "kind")
    )
    likes = Counter(item_id for item_id, kind in last if kind == Interaction.Kind.LIKE)
    return {pk: Statistics(views=views.get(pk, 0), likes=likes[pk]) for pk in item_ids}


def list_checks(item: Item) -> list[CheckResult]:
    """Return what each check found in the newest finished screening of the item."""
    screening = item.screenings.filter(state=Screening.State.DONE).order_by("-pk").first()
    return list(screening.results.order_by("perspective", "check_name")) if screening else []


def needs_agreement(item: Item, checks: list[CheckResult]) -> bool:
    """Return whether faces were found and nothing was said or done about them."""
    open_states = {Item.State.PENDING, Item.State.IN_REVIEW, Item.State.REJECTED, Item.State.DRAFT}
    return (
        item.state in open_states
        and not item.people_agreed
        and any(one.check_name == "faces" and one.verdict == "flag" for one in checks)
    )


def get_statement_of(item: Item) -> Statement | None:
    """Return the newest statement of reasons about an item that is refused or removed."""
    if item.state not in {Item.State.REJECTED, Item.State.REMOVED}:
        return None
    stated = Statement.objects.filter(decision__item=item, reversed_at=None)
    return stated.order_by("-pk").first()


def get_timeline(item: Item) -> list[Step]:
    """Return the item's way from draft to its outcome, as far as it went and what comes next."""
    state = Item.State(item.state)
    case = item.cases.order_by("-pk").first()
    decision = item.decisions.order_by("-pk").first()
    steps = [_draft_step(item)]
    if item.submitted_at or state != Item.State.DRAFT:
        current = state == Item.State.PENDING
        steps.append(Step("Screened by machine", _status(current), item.submitted_at))
    else:
        steps.append(Step("Screening by machine", "next", note="when you submit it"))
    if case is not None:
        steps.append(_case_step(case, state))
    steps.append(_outcome_step(item, decision))
    return steps


def _draft_step(item: Item) -> Step:
    if item.media_state == Item.MediaState.FAILED:
        return Step("Preparing the file", "bad", item.created_at)
    if item.media_state != Item.MediaState.READY:
        return Step("Preparing the file", "current", item.created_at)
    made = "Uploaded" if item.parent_id is None else "Version made"
    return Step(made, _status(item.state == Item.State.DRAFT), item.created_at)


def _case_step(case: Case, state: Item.State) -> Step:
    waits = case.state == Case.State.OPEN and state == Item.State.IN_REVIEW
    label = "Waiting for a person" if waits else "Looked at by a person"
    return Step(label, _status(waits), case.created_at, case.get_reason_display())


def _outcome_step(item: Item, decision: Decision | None) -> Step:
    # `item.problem` stands above the timeline; a moderator may have written more.
    note = decision.note if decision and decision.note != item.problem else ""
    match item.state:
        case Item.State.PUBLISHED:
            return Step("Published", "done", item.published_at)
        case Item.State.REJECTED | Item.State.REMOVED:
            return Step(item.get_state_display(), "bad", item.updated_at, note)
        case _:
            return Step("Published", "next")


def _status(is_current: bool) -> str:
    return "current" if is_current else "done"


def get_family(*, user: User, item: Item) -> list[Version]:
    """Return all versions of the thing as a tree, parents before children, flattened."""
    versions = list_lineage(user=user, item=item)
    ids = {one.pk for one in versions}
    children: dict[int | None, list[Item]] = {}
    for one in versions:
        children.setdefault(one.parent_id if one.parent_id in ids else None, []).append(one)
    return list(_flatten(children, None, 0, item.pk))


def _flatten(
    children: dict[int | None, list[Item]], parent: int | None, depth: int, open_pk: int
) -> list[Version]:
    found = []
    for one in children.get(parent, []):
        asked = (one.guidance or {}).get("instruction", "")
        found.append(Version(one, min(depth, MAX_DEPTH), asked, one.pk == open_pk))
        found.extend(_flatten(children, one.pk, depth + 1, open_pk))
    return found
