"""Fill an empty site with the demo world: people, items, what they did, and some open work."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone
from tqdm import tqdm

from accounts.models import Consent, Profile, User
from catalog.models import Item
from catalog.services import embed_items, store_media
from demo.people import MODERATOR_NAMES, UPLOADER_NAMES, VIEWER_NAMES, Traits, browse, sample_taste
from demo.screening import screen_all
from demo.wishes import submit_wishes
from demo.work import leave_open_cases
from demo.world import Plan, plan_items, render
from recommender.models import Interaction
from recommender.services import train

logger = logging.getLogger(__name__)
SEED = 20241
ACTS_PER_VIEWER = 235


@dataclass(frozen=True)
class Size:
    """How large a world to make."""

    items: int = 600
    viewers: int = 60
    creations: int = 24


def world_exists() -> bool:
    """Return whether there is anything on the site that seeding could disturb."""
    return User.objects.filter(username="viewer").exists()


def seed_world(*, password: str, size: Size, report: Callable[[str], None]) -> None:
    """Make the whole demo world. Not repeatable: call it on an empty site only."""
    with transaction.atomic():
        people = make_people(password, size.viewers)
    report(f"{len(people)} people")
    plans = plan_items(size.items, len(UPLOADER_NAMES), SEED)
    items = make_items(plans, [people[name] for name in UPLOADER_NAMES])
    report(f"{len(items)} items drawn and stored")
    embed_items(items=items)
    report("items embedded")
    published = screen_all(items)
    _backdate(items, plans)
    report(f"items screened, {published} published")
    viewers = [people["viewer"], *(people[name] for name in VIEWER_NAMES[: size.viewers - 1])]
    acts = make_history(viewers, items, plans)
    report(f"{acts} interactions")
    train()
    report("recommender trained")
    leave_open_cases(owners=[people[name] for name in UPLOADER_NAMES])
    submit_wishes(viewers=viewers[1:], count=size.creations)


def make_people(password: str, viewers: int) -> dict[str, User]:
    """Return everybody by name: the four demo logins, uploaders, moderators, viewers."""
    hashed = make_password(password)
    roles = {
        "viewer": User.Role.VIEWER,
        "uploader": User.Role.UPLOADER,
        "moderator": User.Role.MODERATOR,
        "operator": User.Role.OPERATOR,
        **dict.fromkeys(UPLOADER_NAMES, User.Role.UPLOADER),
        **dict.fromkeys(MODERATOR_NAMES[1:], User.Role.MODERATOR),
        **dict.fromkeys(VIEWER_NAMES[: viewers - 1], User.Role.VIEWER),
    }
    people = {}
    for name, role in roles.items():
        login = name in ("viewer", "uploader", "moderator", "operator")
        operator = role == User.Role.OPERATOR
        user = User(
            username=name,
            email=f"{name}@example.org",
            # Only the four demo logins can be signed in to.
            password=hashed if login else make_password(None),
            role=role,
            is_staff=operator,
            is_superuser=operator,
        )
        user.save()
        people[name] = user
    Profile.objects.filter(user__in=people.values()).update(age_band=Profile.AgeBand.ADULT)
    Consent.objects.bulk_create(
        Consent(user=user, kind=kind, granted=True)
        for user in people.values()
        for kind in (Consent.Kind.PERSONALISATION, Consent.Kind.CREATION)
    )
    return people


def make_items(plans: list[Plan], uploaders: list[User]) -> list[Item]:
    """Render all plans in as many processes as there are cores, and store them as drafts."""
    context = multiprocessing.get_context("spawn")
    items = []
    with ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        rendered = pool.map(render, plans, chunksize=4)
        for plan, renditions in zip(plans, _progress(rendered, len(plans)), strict=True):
            item = _draft(plan, uploaders[plan.uploader])
            item.save()
            store_media(item=item, renditions=renditions)
            items.append(item)
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
    """Let every viewer browse by their hidden taste; return how many interactions that made."""
    rng = np.random.default_rng(SEED + 1)
    shown = [(item, plan) for item, plan in zip(items, plans, strict=True) if item.is_public]
    traits = Traits.of(
        [(plan.spec.type, plan.spec.colour, plan.spec.pattern, plan.kind) for _, plan in shown]
    )
    begin = timezone.now() - timedelta(days=21)
    rows = [
        Interaction(
            user=viewer,
            item=shown[act.item][0],
            kind=act.kind,
            value=act.value,
            created_at=begin + timedelta(minutes=act.minute),
        )
        for viewer in viewers
        for act in browse(sample_taste(rng), traits, rng, ACTS_PER_VIEWER)
    ]
    Interaction.objects.bulk_create(rows, batch_size=2000)
    return len(rows)
