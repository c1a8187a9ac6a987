"""An edit of somebody else's item needs their leave: at every door, and still when it is made."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from catalog.models import EditPermission, Item
from catalog.permission_selectors import describe_authorship
from catalog.services import remove_item, store_media
from catalog.services.permissions import ask_to_edit, grant_request, revoke_grant
from common.errors import ConflictError, DomainError, NotAllowedError
from common.guidance import Attributes, Guidance
from feed.create_services import Wish, request_creation
from feed.instructor_services import take_turn
from generation.models import Job
from generation.permissions import NeedsPermissionError, check_may_edit
from generation.runner import run_job
from generation.services import cancel_job, retry_job, submit_job, submit_variants
from tests.factories import ItemFactory, UserFactory

WHY = "to see it in navy"
BLACK = Attributes("skirt", ("black",), "plain")


@pytest.fixture
def skirt(uploader: User) -> Item:
    """An uploader's published picture, which they let nobody edit so far."""
    item = ItemFactory(owner=uploader, published=True, title="Red skirt", colours=["red"])
    store_media(item=item, image=np.full((240, 180, 3), (200, 36, 46), np.uint8))
    return item


def permit(person: User, item: Item, **terms) -> EditPermission:
    wish = ask_to_edit(person=person, item=item, purpose=WHY)
    return grant_request(permission=wish, by=item.owner, **terms)


def edit(person: User, item: Item, **terms) -> Job:
    said = Guidance(user_id=person.pk, instruction="black", wanted=BLACK)
    key = {"request_key": str(uuid.uuid4())} | terms
    return submit_job(user=person, guidance=said, source=item, **key)


def made_by(job: Job) -> Item | None:
    run_job(job_id=job.pk)
    job.refresh_from_db()
    return job.result


# --- four doors: chat, create page, API, studio ---------------------------------------------------
def by_chat(person: User, item: Item) -> Job | None:
    turn = take_turn(
        user=person, text="make this one black", request_key=uuid.uuid4(), shown_ids=[item.pk]
    )
    return Job.objects.filter(pk=turn.job_id).first()


def by_create_page(person: User, item: Item) -> Job | None:
    wish = Wish(instruction="a black skirt", reference=item.pk, variants=1)
    try:
        return request_creation(user=person, wish=wish, request_key=str(uuid.uuid4()))[0]
    except NotAllowedError:
        return None


def by_api(person: User, item: Item, **named) -> Job | None:
    from rest_framework.test import APIClient

    client = APIClient()
    client.force_authenticate(person)
    asked = {"request_key": str(uuid.uuid4()), "instruction": "make it black"}
    answer = client.post("/api/v1/jobs/", asked | (named or {"source_id": item.pk}), format="json")
    assert answer.status_code in {201, 403}, answer.content
    return Job.objects.get(pk=answer.json()["id"]) if answer.status_code == 201 else None


def by_api_reference(person: User, item: Item) -> Job | None:
    return by_api(person, item, reference_id=item.pk)


DOORS = [by_chat, by_create_page, by_api, by_api_reference]


@pytest.mark.parametrize("door", DOORS)
def test_every_door_is_shut_without_leave_and_open_with_it(viewer, skirt, door):
    assert door(viewer, skirt) is None
    grant = permit(viewer, skirt)
    stranger = UserFactory()
    assert door(stranger, skirt) is None, "somebody else's grant opens nothing"
    job = door(viewer, skirt)
    assert job is not None
    assert list(job.permissions.all()) == [grant]
    assert door(viewer, skirt) is None, "a grant for one edit is used once"
    assert Job.objects.count() == 1


@pytest.mark.parametrize("door", DOORS)
def test_a_lasting_grant_serves_until_it_is_revoked(viewer, skirt, door):
    grant = permit(viewer, skirt, lasting=True)
    first = door(viewer, skirt)
    assert first is not None
    assert door(viewer, skirt) is not None
    revoke_grant(permission=grant, by=skirt.owner)
    assert door(viewer, skirt) is None


@pytest.mark.parametrize("door", DOORS)
def test_a_grant_whose_time_is_over_opens_nothing(viewer, skirt, door):
    grant = permit(viewer, skirt, lasting=True, days=1)
    EditPermission.objects.filter(pk=grant.pk).update(expires_at=timezone.now())
    assert door(viewer, skirt) is None


def test_the_studio_opens_only_ones_own_items_and_asks_for_their_sources(client, skirt):
    maker = UserFactory(uploader=True)
    version = ItemFactory(owner=maker, published=True, parent=skirt)
    client.force_login(maker)
    said = {"instruction": "make it black", "strength": "0.5", "request_key": uuid.uuid4()}
    assert client.post(reverse("studio:edit", args=[skirt.pk]), said).status_code == 404
    url = reverse("studio:edit", args=[version.pk])
    refused = client.post(url, said)
    assert (refused.status_code, "Ask to edit" in refused.text) == (400, True)
    permit(maker, skirt)
    assert client.post(url, said | {"request_key": uuid.uuid4()}).status_code == 302
    assert Job.objects.get().source == version
    permit_again = client.post(url, said | {"request_key": uuid.uuid4()})
    assert permit_again.status_code == 400, "one edit, however long the chain"


# --- once means once ------------------------------------------------------------------------------
def test_the_same_request_sent_twice_is_one_edit(viewer, skirt):
    permit(viewer, skirt)
    assert edit(viewer, skirt, request_key="k") == edit(viewer, skirt, request_key="k")
    with pytest.raises(NeedsPermissionError, match="for one edit"):
        edit(viewer, skirt, request_key="another")


def test_variants_that_are_asked_for_together_are_one_edit(viewer, skirt, generator):
    permit(viewer, skirt)
    said = Guidance(user_id=viewer.pk, instruction="black", wanted=BLACK, style="neon")
    jobs = submit_variants(user=viewer, guidance=said, source=skirt, request_key="k", count=3)
    assert all(made_by(job) for job in jobs)
    with pytest.raises(NeedsPermissionError):
        retry_job(job=jobs[0], user=viewer)


@pytest.mark.parametrize("end", [Job.State.FAILED, Job.State.CANCELLED])
def test_what_came_to_nothing_used_nothing(viewer, skirt, end):
    permit(viewer, skirt)
    job = edit(viewer, skirt)
    if end == Job.State.CANCELLED:
        cancel_job(job=job, user=viewer)
    Job.objects.filter(pk=job.pk).update(state=end)
    job.refresh_from_db()
    assert retry_job(job=job, user=viewer).permissions.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_the_same_moment_cannot_both_use_one_grant(viewer, skirt):
    permit(viewer, skirt)
    start, outcomes = threading.Barrier(2), []

    def ask_at_once() -> None:
        try:
            start.wait(timeout=20)
            outcomes.append(edit(viewer, skirt).pk)
        except DomainError as error:
            outcomes.append(type(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask_at_once) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert outcomes.count(NeedsPermissionError) == 1
    assert Job.objects.count() == 1


# --- late: between the request and the result -----------------------------------------------------
def _revoke(grant: EditPermission) -> None:
    revoke_grant(permission=grant, by=grant.item.owner)


def _expire(grant: EditPermission) -> None:
    EditPermission.objects.filter(pk=grant.pk).update(expires_at=timezone.now())


def _take_down(grant: EditPermission) -> None:
    remove_item(item=grant.item, problem="gone")


def _delete(grant: EditPermission) -> None:
    grant.item.delete()


@pytest.mark.parametrize("happens", [_revoke, _expire, _take_down, _delete])
@pytest.mark.parametrize("during", [False, True])
@pytest.mark.parametrize("by_reference", [False, True])
def test_the_worker_asks_again(viewer, skirt, generator, happens, during, by_reference):
    grant = permit(viewer, skirt, lasting=True)
    job = by_create_page(viewer, skirt) if by_reference else edit(viewer, skirt)
    if during:
        done = []
        generator.before_step = lambda step: done or done.append(happens(grant))
        Job.objects.filter(pk=job.pk).update(
            guidance=job.guidance | {"wanted": {"type": "dress"}, "strength": 0.9}
        )
    else:
        happens(grant)
    item = made_by(job)
    if happens is _delete and by_reference and not during:
        assert generator.requests[0].init_image is None, "left out, as any example that is gone"
        return
    assert item is None
    assert job.state == Job.State.FAILED
    assert job.problem
    assert not Item.objects.filter(parent=skirt.pk).exists()


def test_no_longer_free_to_all_means_no_edit_is_begun(viewer, skirt, generator):
    Item.objects.filter(pk=skirt.pk).update(allows_edits=True)
    skirt.refresh_from_db()
    job = edit(viewer, skirt)
    Item.objects.filter(pk=skirt.pk).update(allows_edits=False)
    assert made_by(job) is None
    assert "somebody else's" in job.problem


# --- whose it is ----------------------------------------------------------------------------------
def test_a_viewers_edit_belongs_to_weft_and_names_source_and_grant(viewer, skirt, generator):
    grant = permit(viewer, skirt)
    item = made_by(edit(viewer, skirt))
    assert (item.owner, item.made_for, item.parent, item.permission) == (
        *(None, viewer),
        *(skirt, grant),
    )
    assert item.manifest["authorship"] == {
        "belongs_to": "platform",
        "right": "grant",
        "source": skirt.pk,
        "permissions": [grant.pk],
    }
    whose = f"@{skirt.owner.username}'s item with permission; belongs to Weft."
    assert (
        describe_authorship(user=viewer, item=item).sentence
        == f"Made by Weft for you; from {whose}"
    )
    assert "one of its viewers" in describe_authorship(user=UserFactory(), item=item).sentence


def test_an_uploaders_edit_with_a_grant_is_theirs(skirt, generator):
    maker = UserFactory(uploader=True)
    permit(maker, skirt, lasting=True)
    item = made_by(edit(maker, skirt))
    assert (item.owner, item.authorship, item.origin) == (maker, "uploader", "ai_assisted")
    assert describe_authorship(user=None, item=item).sentence == (
        f"Edited with AI by @{maker.username}, who owns it; "
        f"from @{skirt.owner.username}'s item with permission."
    )


def test_own_uploads_edits_and_creations_say_whose_they_are(
    uploader, viewer, photo, generator, ask
):
    name = f"@{uploader.username}"
    assert (
        describe_authorship(user=None, item=photo).sentence == f"Uploaded by {name}, who owns it."
    )
    own = made_by(edit(uploader, photo))
    assert describe_authorship(user=None, item=own).sentence == (
        f"Edited with AI by {name}, who owns it."
    )
    assert own.manifest["authorship"]["right"] == "own"
    made = made_by(ask())
    assert made.manifest["authorship"]["right"] == "created"
    assert describe_authorship(user=viewer, item=made).sentence == (
        "Made by Weft for you; belongs to Weft."
    )


def test_a_source_that_others_may_not_see_is_not_named(skirt, generator):
    maker = UserFactory(uploader=True)
    permit(maker, skirt)
    item = made_by(edit(maker, skirt))
    remove_item(item=skirt, problem="gone")
    item = Item.objects.get(pk=item.pk)
    told = describe_authorship(user=None, item=item)
    assert (told.source, skirt.owner.username in told.sentence) == (None, False)
    with pytest.raises(ConflictError, match="taken down"):
        check_may_edit(user=maker, item=item)
    skirt.delete()
    item = Item.objects.get(pk=item.pk)
    assert "no longer here" in describe_authorship(user=None, item=item).sentence
    with pytest.raises(ConflictError, match="taken down"):
        check_may_edit(user=maker, item=item)


def test_a_version_of_anothers_item_needs_both_owners(viewer, skirt):
    middle = UserFactory(uploader=True)
    version = ItemFactory(owner=middle, published=True, parent=skirt, allows_edits=True)
    with pytest.raises(NeedsPermissionError) as refused:
        check_may_edit(user=viewer, item=version)
    assert refused.value.item == skirt
    permit(viewer, skirt)
    check_may_edit(user=viewer, item=version)


def test_what_was_made_for_somebody_cannot_be_asked_for(viewer):
    made = ItemFactory(ai=True, published=True, made_for=UserFactory())
    with pytest.raises(NeedsPermissionError) as refused:
        check_may_edit(user=viewer, item=made)
    assert refused.value.item is None
    with pytest.raises(ConflictError, match="nobody can lend"):
        ask_to_edit(person=viewer, item=made, purpose=WHY)


def test_an_old_refusal_does_not_bind_for_ever(viewer, skirt):
    grant = permit(viewer, skirt)
    revoke_grant(permission=grant, by=skirt.owner)
    EditPermission.objects.update(ended_at=timezone.now() - timedelta(days=31))
    assert permit(viewer, skirt).pk != grant.pk
