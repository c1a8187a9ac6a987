"""One object of every kind that an address may name: each person's own, and somebody else's."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.db.models import Model
from django.utils import timezone

from accounts.models import User
from catalog.models import Asset, EditPermission, Frame, Item
from dashboard.fairness_history import keep_measurement
from generation.models import Job
from knowledge.models import Document, Passage, Source
from moderation.models import Decision, Report, Statement
from recommender.models import Conversation, Remark, StatedWish, Turn
from tests.factories import ItemFactory, UserFactory
from tests.moderation.cases import open_case_of

ROLES = ("visitor", "viewer", "uploader", "moderator", "operator")
MISSING = 987_654_321
GUIDANCE = {"user_id": 1, "instruction": "a black skirt", "mode": "create", "kind": "image"}


@dataclass(frozen=True)
class Named:
    """How an address names an object, and its row, to see that nobody else changed it."""

    values: dict[str, Any]
    row: Model | None = None

    def state(self) -> Any:
        if self.row is None:
            return None
        return type(self.row)._default_manager.filter(pk=self.row.pk).values().first()


@dataclass
class World:
    people: dict[str, User | None] = field(default_factory=dict)
    # (kind of object, whose: "own" of a role, "other", "public", "deleted") -> how it is named.
    objects: dict[tuple[str, str], Named] = field(default_factory=dict)


def make_world() -> World:
    """Return people of all roles, each with objects of their own, and a stranger with theirs."""
    world = World({role: UserFactory(**_traits(role)) for role in ROLES[1:]})
    world.people["visitor"] = None
    stranger = UserFactory(uploader=True)
    for role in ROLES[1:]:
        _belongings(world, role, world.people[role], asked_of=stranger)
    _belongings(world, "other", stranger, asked_of=UserFactory(uploader=True))
    published = _picture(stranger, published=True)
    world.objects["item", "public"] = Named({"pk": published.pk}, published)
    world.objects["asset", "public"] = _asset(published)
    _shared(world)
    _deleted(world, stranger)
    return world


def _traits(role: str) -> dict[str, Any]:
    return {} if role == "viewer" else {role: True}


def _picture(owner: User, **fields: Any) -> Item:
    """A video, since most can be done to videos, with a file that is none."""
    item = ItemFactory(owner=owner, kind="video", media_state=Item.MediaState.READY, **fields)
    file = ContentFile(b"no movie.", "master.mp4")
    sizes = {"width": 60, "height": 80, "duration_s": 4, "bytes": 9}
    Asset.objects.create(
        item=item, role="master", file=file, mime="video/mp4", sha256="0" * 64, **sizes
    )
    return item


def _asset(item: Item) -> Named:
    asset = item.assets.get()
    return Named({"asset_id": asset.pk, "role": "master", "extension": "mp4"})


def _belongings(world: World, whose: str, person: User, *, asked_of: User) -> None:
    item = _picture(person, state=Item.State.DRAFT)
    attached = ItemFactory(owner=person, is_attachment=True, media_state="ready")
    job = Job.objects.create(
        user=person,
        guidance=GUIDANCE | {"user_id": person.pk},
        state=Job.State.DONE,
        idempotency_key=uuid.uuid4().hex,
        batch=uuid.uuid4(),
    )
    talk = Conversation.objects.create(user=person)
    turn = Turn.objects.create(conversation=talk, speaker="instructor", text="Here.")
    liked = _picture(UserFactory(uploader=True), published=True)
    remark = Remark.objects.create(user=person, item=liked, text="lovely collar")
    wish = StatedWish.objects.create(user=person, polarity="wanted", slot="type", value="dress")
    asked = EditPermission.objects.create(
        item=_picture(asked_of, published=True), person=person, purpose="to see it in navy"
    )
    request = EditPermission.objects.create(
        item=_picture(person, published=True), person=UserFactory(), purpose="to see it in navy"
    )
    report = Report.objects.create(item=liked, reporter=person, reason="spam")
    frame = _frame(item)
    found = {
        "item": Named({"pk": item.pk}, item),
        "asset": _asset(item),
        "frame": Named({"frame_id": frame.pk}),
        "attachment": Named({"pk": attached.pk}, attached),
        "job": Named({"job_id": job.pk}, job),
        "batch": Named({"batch": job.batch}, job),
        "turn": Named({"turn_id": turn.pk}, turn),
        "remark": Named({"remark_id": remark.pk}, remark),
        "wish": Named({"pk": wish.pk}, wish),
        "asked": Named({"pk": asked.pk}, asked),
        "request": Named({"pk": request.pk}, request),
        "report": Named({"pk": report.pk}, report),
        "receipt": Named({"receipt": report.receipt}),
        "statement": _statement(person, item),
    }
    world.objects |= {(kind, whose): named for kind, named in found.items()}


def _frame(item: Item) -> Frame:
    return Frame.objects.create(
        item=item,
        index=0,
        time_s=0,
        width=9,
        height=9,
        bytes=9,
        sha256="0" * 64,
        file=ContentFile(b"no still.", "0.jpg"),
    )


def _statement(person: User, item: Item) -> Named:
    case = open_case_of(ItemFactory(owner=person, state="pending", media_state="ready"))
    decision = Decision.objects.create(case=case, item=case.item, action="reject")
    today = timezone.now().date()
    made = Statement.objects.create(
        decision=decision,
        recipient=person,
        reason_code="spam",
        rule="spam",
        ground="terms",
        category="SCOPE",
        policy_version="1",
        facts="It advertises.",
        content_date=today,
        application_date=today,
        appeal_until=timezone.now() + timedelta(days=30),
    )
    return Named({"puid": made.puid}, made)


def _shared(world: World) -> None:
    """What belongs to no single person: cases, sources of facts, people by name."""
    case = open_case_of()
    source = Source.objects.create(kind="upload", title="Notes", trust=2)
    document = Document.objects.create(
        source=source,
        key="1",
        title="Notes",
        text="Linen is light.",
        sha256="0" * 64,
        fetched_at=timezone.now(),
    )
    passage = Passage.objects.create(
        document=document, position=0, text="Linen is light.", start=0, end=15, sha256="1" * 64
    )
    person = UserFactory(uploader=True)
    measured = keep_measurement()
    world.objects |= {
        ("measurement", "shared"): Named({"pk": measured.pk, "extension": "json"}),
        ("case", "shared"): Named({"pk": case.pk}),
        ("source", "shared"): Named({"pk": source.pk}),
        ("document", "shared"): Named({"pk": document.pk}),
        ("passage", "shared"): Named({"pk": passage.pk}),
        ("person", "shared"): Named({"username": person.username}),
    }


def _deleted(world: World, owner: User) -> None:
    """What was taken down, or was never there."""
    removed = _picture(owner, state=Item.State.REMOVED)
    world.objects["item", "deleted"] = Named({"pk": removed.pk}, removed)
    world.objects["asset", "deleted"] = _asset(removed)
    for (kind, _), one in list(world.objects.items()):
        world.objects[kind, "missing"] = Named({key: _none(key) for key in one.values})
    world.objects["offer", "missing"] = Named({"pk": MISSING})
    world.objects["measurement", "missing"] = Named({"pk": MISSING, "extension": "json"})


def _none(key: str) -> Any:
    words = {"receipt": "nobody-at-all", "username": "nobody-at-all", "role": "master"}
    words |= {"extension": "jpg"}
    return uuid.uuid4() if key in {"batch", "puid"} else words.get(key, MISSING)
