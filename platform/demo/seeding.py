"""Fill an empty site with the demo world: people, items, what they did, and some open work."""

from __future__ import annotations

import logging
import multiprocessing
import os
from collections.abc import Callable, Iterable, Sequence
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
from common.errors import InvalidInputError
from demo.asking import ASKED_FOR, Budget, Shelf, Step, ask_everybody, look_at_made
from demo.history import Resident, Times, draw_residents, make_history, meet
from demo.opinions import SPAN
from demo.people import MODERATOR_NAMES, UPLOADER_NAMES, VIEWER_NAMES
from demo.screening import Crew
from demo.talks import keep_talks
from demo.wishes import date_back, submit_asked, submit_edits, submit_wishes
from demo.work import leave_open_cases
from demo.world import Plan, plan_items, plan_lookbooks, render
from generation.models import Job
from recommender.services import train
from recommender.services.policies import train_policy

logger = logging.getLogger(__name__)
SEED = 20241
# Of the demo world's creations, how many are made at once, the others by the workers; and for how
# many of them one uploader edits an item of their own. More would be seen in the time it takes.
AT_ONCE, EDITS_PER = 8, 6
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
    viewers = [people["viewer"], *(people[name] for name in VIEWER_NAMES[: size.viewers - 1])]
    with Crew() as crew:
        published = crew.screen(items)
        _backdate(items, plans)
        report(f"items screened, {published} published")
        residents, times = draw_residents(viewers, SEED), Times.until_now()
        acts = make_history(residents, items, times, SEED)
        report(f"{acts} interactions")
        # The demo login's own conversation begins empty.
        report(let_ask(residents[1:], items, size.creations, crew, times))
    train()
    report(f"recommender trained, {learn_policy()}")
    leave_open_cases(owners=uploaders[1:])
    submit_wishes(viewers=viewers[1:], count=max(0, size.creations - AT_ONCE))
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


def let_ask(
    residents: Sequence[Resident], items: list[Item], count: int, crew: Crew, times: Times
) -> str:
    """Let people talk to the instructor, make what a few of them get, and let all meet that.

    count: creations of the demo world in all. Returns what came of it, in words.
    """
    shelf = Shelf.of([item for item in items if item.is_public])
    budget = Budget(left=min(count, AT_ONCE), asked=round(ASKED_FOR * min(count, AT_ONCE)))
    steps = ask_everybody(residents, shelf, budget, SEED)
    asked = {n: submit_asked(one, n + 1) for n, one in enumerate(steps) if one.is_made}
    rng = np.random.default_rng([SEED, 9])
    edits = submit_edits(shelf.items, count // EDITS_PER, rng)
    made = crew.carry_out([*asked.values(), *edits])
    _settle(asked, edits, steps, made, times, rng)
    keep_talks(steps, shelf.items, asked, times)
    minutes = {
        item.pk: (item.published_at - times.begin).total_seconds() / 60
        for item in made
        if item.is_public and item.published_at
    }
    acts = meet(residents, made, minutes, times, SEED)
    return f"{len(steps)} decisions, {len(made)} items made with AI, met {acts} times"


def _settle(
    asked: dict[int, Job],
    edits: list[Job],
    steps: Sequence[Step],
    made: list[Item],
    times: Times,
    rng: np.random.Generator,
) -> None:
    """Date what was made back, and let who asked for it look at it."""
    results = {item.pk: item for item in made}
    for job in (*asked.values(), *edits):
        job.refresh_from_db()
        job.result = results.get(job.result_id) if job.result_id else None
    days = rng.uniform(0.4, 0.8, size=len(edits)) * SPAN
    moments = [times.at(steps[n].minute) for n in asked] + [times.at(float(one)) for one in days]
    waits = [steps[n].wait_s or 0.0 for n in asked] + [0.0] * len(edits)
    date_back([*asked.values(), *edits], moments, waits)
    for number, job in asked.items():
        item = job.result if job.result is not None and job.result.is_public else None
        look_at_made(steps[number], item, np.random.default_rng([SEED, 10, number]))


def learn_policy() -> str:
    """Learn the policy of activation from the talks; return what came of it, in words."""
    try:
        version = train_policy(SEED)
    except InvalidInputError as error:
        return f"no policy learnt: {error}"
    return f"policy {version.pk} learnt, {version.metrics.get('held_back') or 'serves'}"
