"""Fill an empty site with the demo world: people, items, what they did, and some open work."""

from __future__ import annotations

import logging
import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Consent, Profile, User
from catalog.models import Item
from catalog.services import embed_items, make_frames, store_media
from demo.opinions import Stay, draw_stay, give_opinions, video_lengths, watch
from demo.people import (
    MODERATOR_NAMES,
    UPLOADER_NAMES,
    VIEWER_NAMES,
    Traits,
    browse,
    draw_chance,
    sample_taste,
)
from demo.screening import screen_all
from demo.wishes import submit_wishes
from demo.work import leave_open_cases
from demo.world import Plan, plan_items, plan_lookbooks, render
from recommender.models import Impression, Interaction
from recommender.services import train

logger = logging.getLogger(__name__)
SEED = 20241
# Items each viewer has browsed; the demo login fewer, so that there is much left for its feed.
BROWSES, LOGIN_BROWSES = 235, 60
EMBED_BATCH = 50
LOGINS = ("viewer", "uploader", "moderator", "operator")


@dataclass(frozen=True)
class Size:
    """How large a world to make."""

    items: int = 600
    viewers: int = 60
    creations: int = 24
    # Videos long enough that the feed plays each viewer their own part.
    lookbooks: int = 8


def world_exists() -> bool:
    """Return whether the demo world is there, whole."""
    return User.objects.filter(username="viewer", is_active=True).exists()


def clear_interrupted() -> bool:
    """Empty a site on which seeding was interrupted; return whether it was.

    The demo logins become active when seeding is complete. Nobody else can have signed up before
    that on a fresh site; where somebody has, nothing is touched.
    """
    if not User.objects.filter(username="viewer", is_active=False).exists():
        return False
    ours = {*LOGINS, *UPLOADER_NAMES, *MODERATOR_NAMES, *VIEWER_NAMES}
    if User.objects.exclude(username__in=ours).exists():
        return False
    with connection.cursor() as cursor:
        # The audit log is append-only; nothing has happened yet that it would have to keep.
        cursor.execute("SET weft.may_empty = 'on'")
        call_command("flush", interactive=False, verbosity=0)
        cursor.execute("RESET weft.may_empty")
    return True


def seed_world(*, password: str, size: Size, report: Callable[[str], None]) -> None:
    """Make the whole demo world on an empty site; its logins work once it is complete."""
    with transaction.atomic():
        people = make_people(password, size.viewers)
    report(f"{len(people)} people")
    plans = plan_items(size.items, len(UPLOADER_NAMES), SEED)
    plans += plan_lookbooks(size.lookbooks, len(UPLOADER_NAMES), SEED)
    # The demo login is one of the uploaders, so that its studio is not empty.
    uploaders = [people["uploader"], *(people[name] for name in UPLOADER_NAMES[1:])]
    items = make_items(plans, uploaders)
    report(f"{len(items)} items drawn, stored and embedded")
    published = screen_all(items)
    _backdate(items, plans)
    report(f"items screened, {published} published")
    viewers = [people["viewer"], *(people[name] for name in VIEWER_NAMES[: size.viewers - 1])]
    acts = make_history(viewers, items, plans)
    report(f"{acts} interactions")
    train()
    report("recommender trained")
    leave_open_cases(owners=uploaders[1:])
    submit_wishes(viewers=viewers[1:], count=size.creations)
    User.objects.filter(username__in=LOGINS).update(is_active=True)


def make_people(password: str, viewers: int) -> dict[str, User]:
    """Return everybody by name: the four demo logins, uploaders, moderators, viewers."""
    hashed = make_password(password)
    roles = {
        "viewer": User.Role.VIEWER,
        "uploader": User.Role.UPLOADER,
        "moderator": User.Role.MODERATOR,
        "operator": User.Role.OPERATOR,
        **dict.fromkeys(UPLOADER_NAMES[1:], User.Role.UPLOADER),
        **dict.fromkeys(MODERATOR_NAMES[1:], User.Role.MODERATOR),
        **dict.fromkeys(VIEWER_NAMES[: viewers - 1], User.Role.VIEWER),
    }
    people = {}
    for name, role in roles.items():
        login = name in LOGINS
        operator = role == User.Role.OPERATOR
        user = User(
            username=name,
            email=f"{name}@example.org",
            # Only the four demo logins can be signed in to.
            password=hashed if login else make_password(None),
            role=role,
            is_staff=operator,
            is_superuser=operator,
            is_active=not login,
        )
        user.save()
        people[name] = user
    Profile.objects.filter(user__in=people.values()).update(age_band=Profile.AgeBand.ADULT)
    Consent.objects.bulk_create(
        Consent(user=user, kind=kind, granted=True)
        for user in people.values()
        for kind in (Consent.Kind.PERSONALISATION, Consent.Kind.CREATION, Consent.Kind.SHARING)
    )
    return people


def make_items(plans: list[Plan], uploaders: list[User]) -> list[Item]:
    """Render all plans in as many processes as there are cores; store and embed them."""
    context = multiprocessing.get_context("spawn")
    items = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        rendered = pool.map(render, plans, chunksize=4)
        for plan, made in zip(plans, _progress(rendered, len(plans)), strict=True):
            item = _draft(plan, uploaders[plan.uploader])
            item.save()
            store_media(item=item, renditions=made.renditions)
            if made.sample:
                make_frames(item=item, sample=made.sample)
            items.append(item)
            # Between two renderings, while the other processes draw on.
            if len(items) % EMBED_BATCH == 0:
                embed_items(items=items[-EMBED_BATCH:])
    embed_items(items=items[len(items) - len(items) % EMBED_BATCH :])
    return items


def _draft(plan: Plan, owner: User) -> Item:
    spec = plan.spec
    return Item(
        owner=owner,
        kind=plan.kind,
        origin=Item.Origin.HUMAN,
        title=plan.title,
        garment_type=spec.type,
        colours=[spec.colour] if spec.second_colour is None else [spec.colour, spec.second_colour],
        pattern=spec.pattern,
        look="illustration",
        licence="own",
        # Half of the uploaders let viewers have versions made.
        allows_edits=plan.uploader % 2 == 0,
    )


def _progress(rendered: Iterable, total: int) -> Iterable:
    # disable=None: no bar where the output is no terminal.
    return tqdm(
        rendered,
        total=total,
        desc="  drawing the demo world",
        unit="item",
        leave=False,
        disable=None,
    )


def _backdate(items: list[Item], plans: list[Plan]) -> None:
    """Spread publication over the last month, so that "new" means something."""
    now = timezone.now()
    for item, plan in zip(items, plans, strict=True):
        item.refresh_from_db(fields=["state", "published_at"])
        if item.published_at:
            item.published_at = now - timedelta(hours=plan.hours_ago)
    done = [item for item in items if item.published_at]
    Item.objects.bulk_update(done, ["published_at"], batch_size=200)


def make_history(viewers: list[User], items: list[Item], plans: list[Plan]) -> int:
    """Let every viewer browse by their hidden taste and say what they think of some of it.

    Returns how many interactions that made.
    """
    rng = np.random.default_rng(SEED + 1)
    shown = [(item, plan) for item, plan in zip(items, plans, strict=True) if item.is_public]
    traits = Traits.of(
        [(plan.spec.type, plan.spec.colour, plan.spec.pattern, plan.kind) for _, plan in shown]
    )
    begin = timezone.now() - timedelta(days=21)
    # Draws of their own, so that what people do does not depend on what they say of it.
    habits = np.random.default_rng(SEED + 2)
    lengths = video_lengths([item for item, _ in shown])
    interactions, impressions = [], []
    for viewer in viewers:
        taste = sample_taste(rng)
        acts = browse(taste, traits, rng, LOGIN_BROWSES if viewer.username == "viewer" else BROWSES)
        acts += watch(acts, [item for item, _ in shown], lengths)
        stay = Stay() if viewer.username == "viewer" else draw_stay(habits)
        viewer.date_joined = begin + timedelta(minutes=stay.joined)
        chance = np.minimum(1.0, BROWSES * draw_chance(taste, traits))
        feed_id = uuid.UUID(int=int(rng.integers(2**62)))
        interactions += [
            Interaction(
                user=viewer,
                item=shown[act.item][0],
                kind=act.kind,
                value=act.value,
                created_at=begin + timedelta(minutes=stay.moment(act.minute)),
            )
            for act in acts
        ]
        impressions += [
            Impression(
                user=viewer,
                item=shown[one][0],
                feed_id=feed_id,
                position=position,
                source="demo",
                policy="demo-browse",
                propensity=float(chance[one]),
            )
            for position, one in enumerate(dict.fromkeys(act.item for act in acts), 1)
        ]
    Interaction.objects.bulk_create(interactions, batch_size=2000)
    Impression.objects.bulk_create(impressions, batch_size=2000)
    User.objects.bulk_update(viewers, ["date_joined"])
    give_opinions(interactions, habits)
    return len(interactions)
