"""Taking one's data along, and leaving for good."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from axes.models import AccessLog
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from rest_framework.authtoken.models import Token

from accounts.leaving import close_account, erase_account, requeue_lost_erasures
from accounts.models import Consent, Follow, User
from accounts.tasks import erase_account_task
from catalog.models import Asset, EditPermission, Item
from common.errors import NotAllowedError
from generation.models import Job
from moderation.models import AuditEntry, CheckResult, Mark, Screening
from recommender.models import (
    Conversation,
    Impression,
    Interaction,
    LlmSpending,
    PolicyDecision,
    Rating,
    Remark,
    Turn,
)
from tests.factories import ItemFactory, UserFactory

PASSWORD = "correct horse battery"


@pytest.fixture
def person(db, client):
    """Somebody who has done a little of everything."""
    person = UserFactory(uploader=True, username="anna", email="anna@example.org")
    client.force_login(person)
    return person


def does_everything(person: User) -> Item:
    """Leave rows of this person in every app; returns an item of somebody else's."""
    item = ItemFactory(published=True)
    Consent.objects.create(user=person, kind="personalisation", granted=True)
    Follow.objects.create(follower=person, followed=item.owner)
    EmailAddress.objects.create(user=person, email=person.email)
    Interaction.objects.create(user=person, item=item, kind="like", created_at=timezone.now())
    Impression.objects.create(
        user=person, item=item, feed_id=uuid.uuid4(), position=1, source="fresh", policy="p"
    )
    Rating.objects.create(user=person, item=item, stars=5)
    Remark.objects.create(user=person, item=item, text="anna likes the collar")
    talk = Conversation.objects.create(user=person)
    Turn.objects.create(conversation=talk, speaker="person", text="a red skirt please")
    Job.objects.create(
        user=person, guidance={"instruction": "red"}, idempotency_key=f"k{person.pk}"
    )
    AuditEntry.objects.create(actor=person, action="claimed")
    return item


def read(response) -> dict:
    return json.loads(b"".join(response.streaming_content))


def test_the_export_holds_everything_of_the_person_and_nothing_of_others(client, person):
    item = does_everything(person)
    other = UserFactory(username="bert")
    does_everything(other)
    mine = ItemFactory(owner=person, title="Anna's skirt")
    made = ItemFactory(published=True, ai=True, made_for=person)
    answer = client.get("/profile/export/")
    assert answer["Content-Disposition"] == f'attachment; filename="weft-{person.pk}.json"'
    assert "no-store" in answer["Cache-Control"]
    data = read(answer)
    assert data["person"] == "anna"
    assert data["account"][0]["email"] == "anna@example.org"
    one_each = ["events", "impressions", "ratings", "consents", "follows", "creations", "addresses"]
    assert {part: len(data[part]) for part in one_each} == dict.fromkeys(one_each, 1)
    assert data["events"][0]["item_id"] == item.pk
    assert data["remarks"][0]["text"] == "anna likes the collar"
    assert data["conversation_turns"][0]["text"] == "a red skirt please"
    assert [row["id"] for row in data["items"]] == [mine.pk]
    assert [row["id"] for row in data["made_for_you"]] == [made.pk]
    assert "bert" not in json.dumps(data)
    assert data["about"].keys() == data.keys() - {"format", "made_at", "person", "about"}


def test_the_export_holds_what_is_kept_beside_the_obvious(client, person):
    does_everything(person)
    Conversation.objects.filter(user=person).update(state={"wanted": {"types": ["anorak"]}})
    mine = ItemFactory(owner=person, manifest={"authorship": {"right": "created"}})
    made = ItemFactory(published=True, ai=True, made_for=person)
    theirs = ItemFactory(published=True, ai=True)
    for number, item in enumerate((mine, made, theirs), start=1):
        Mark.objects.create(item=item, payload=number, key_id="k")
        screening = Screening.objects.create(item=item)
        CheckResult.objects.create(
            screening=screening,
            check_name="clarity",
            perspective="F7",
            verdict="pass",
            summary=f"item {number} is sharp",
            evidence={"owner": "bert"},
            version="1",
        )
    asker = UserFactory(username="bert")
    EditPermission.objects.create(item=mine, person=asker, purpose="bert asks", answer="Gladly")
    AccessLog.objects.create(username="anna", ip_address="192.0.2.7", user_agent="Lynx")
    token = Token.objects.create(user=person)
    PolicyDecision.objects.create(user=person, policy="rules", arm="ask", propensity=0.0167)
    LlmSpending.objects.create(user=person, day=timezone.now().date(), calls=3)
    data = read(client.get("/profile/export/"))
    assert data["conversations"][0]["state"] == {"wanted": {"types": ["anorak"]}}
    assert [row["payload"] for row in data["marks"]] == [1, 2]
    assert [row["summary"] for row in data["checks"]] == ["item 1 is sharp", "item 2 is sharp"]
    assert data["edit_answers"][0]["answer"] == "Gladly"
    assert data["items"][0]["manifest"] == {"authorship": {"right": "created"}}
    assert data["sign_ins"][0]["ip_address"] == "192.0.2.7"
    assert data["policy_decisions"][0]["propensity"] == 0.0167
    assert data["language_model_use"][0]["calls"] == 3
    assert len(data["api_keys"]) == 1
    whole = json.dumps(data)
    assert "bert" not in whole
    assert token.key not in whole


def test_every_table_of_a_person_is_exported_or_known_not_to_be():
    """A new table with a person in it must be added to the export, or named here with a reason."""
    from django.apps import apps

    exported = {
        *("accounts.Profile", "accounts.Consent", "accounts.Follow", "accounts.Restriction"),
        *("account.EmailAddress", "usersessions.UserSession", "catalog.Item", "generation.Job"),
        *("recommender.Interaction", "recommender.Impression", "recommender.Rating"),
        *("recommender.Remark", "recommender.Conversation", "recommender.StatedWish"),
        *("recommender.PolicyDecision", "recommender.UserEmbedding", "recommender.Suspicion"),
        *("recommender.LlmSpending", "catalog.HiddenItem", "moderation.Report"),
        *("catalog.EditPermission", "catalog.EditMute"),
        *("moderation.Statement", "moderation.Strike", "moderation.Appeal"),
    }
    known_not_to_be = {
        # Secrets, and Django's own bookkeeping of what staff did.
        *("authtoken.Token", "authtoken.TokenProxy", "admin.LogEntry"),
        # Many-to-many tables of Django's permissions, which the site does not use.
        *("accounts.User_groups", "accounts.User_user_permissions"),
        # What staff did as staff: the record is the site's and loses their name.
        *("moderation.Case", "moderation.Decision", "moderation.AuditEntry", "moderation.Rule"),
        *("moderation.CaseNote", "moderation.CaseSkip", "moderation.Proposal"),
        *("moderation.PolicyVersion", "moderation.RoutingVersion", "knowledge.Source"),
        "moderation.ReviewerPreference",
    }
    found = {
        field.model._meta.label
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if getattr(field, "related_model", None) is User and getattr(field, "column", None)
    }
    assert found - exported - known_not_to_be == set()


def test_the_export_needs_a_person(client, db):
    assert client.get("/profile/export/").status_code == 302
    assert client.get("/api/v1/me/export/").status_code in (401, 403)
    assert client.post("/api/v1/me/delete/").status_code in (401, 403)
    assert client.post("/profile/delete/").status_code == 302


def test_the_api_exports_by_token(client, person):
    client.logout()
    token = Token.objects.create(user=person)
    answer = client.get("/api/v1/me/export/", HTTP_AUTHORIZATION=f"Token {token.key}")
    assert read(answer)["person"] == "anna"


@pytest.mark.parametrize("password", ["", "wrong"])
def test_a_wrong_password_deletes_nothing(client, person, password):
    html = client.post("/profile/delete/", {"password": password}).content.decode()
    assert "This is not your password." in html
    assert client.post("/api/v1/me/delete/", {"password": password}).status_code == 400
    person.refresh_from_db()
    assert person.is_active


def test_without_a_password_the_name_is_typed(client, person):
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    html = client.post("/profile/delete/", {"typed": "Anna"}).content.decode()
    assert "Type your name exactly" in html
    assert client.post("/profile/delete/", {"typed": "anna"}).status_code == 302
    assert not User.objects.filter(username="anna").exists()


def test_closing_locks_out_at_once_and_takes_the_name_off(client, person):
    UserFactory(operator=True)
    EmailAddress.objects.create(user=person, email=person.email)
    token = Token.objects.create(user=person)
    elsewhere = type(client)()
    elsewhere.force_login(person)
    answer = client.post("/profile/delete/", {"password": PASSWORD}, follow=True)
    assert "Your account is closed" in answer.content.decode()
    for browser in (client, elsewhere):
        assert browser.get("/profile/").status_code == 302
    by_token = client.get("/api/v1/me/", HTTP_AUTHORIZATION=f"Token {token.key}")
    assert by_token.status_code in (401, 403)
    left = User.objects.get(pk=person.pk)
    assert (left.username, left.email) == (f"deleted-{person.pk}", "")
    assert not EmailAddress.objects.exists()


def test_closing_queues_the_erasure_after_commit(
    client, person, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        answer = client.post(
            "/api/v1/me/delete/", {"password": PASSWORD}, content_type="application/json"
        )
    assert answer.status_code == 202
    assert len(callbacks) == 1


def test_erasing_leaves_no_row_of_the_person(person):
    item = does_everything(person)
    close_account(user=person)
    erase_account_task(person.pk)
    assert not User.objects.filter(pk=person.pk).exists()
    for model in (Interaction, Impression, Rating, Remark, Conversation, Turn, Job, Follow):
        assert not model.objects.exists()
    assert Item.objects.filter(pk=item.pk).exists()
    assert AuditEntry.objects.get().actor_id is None
    assert erase_account(user_id=person.pk) is False


def test_uploads_go_with_their_files_and_others_versions_stay(
    person, django_capture_on_commit_callbacks
):
    mine = ItemFactory(owner=person, published=True)
    name = default_storage.save("assets/gone.jpg", ContentFile(b"picture"))
    Asset.objects.create(item=mine, role="master", file=name, mime="image/jpeg", sha256="0" * 64)
    theirs = ItemFactory(published=True, parent=mine)
    close_account(user=person)
    with django_capture_on_commit_callbacks(execute=True):
        erase_account(user_id=person.pk)
    assert not Item.objects.filter(pk=mine.pk).exists()
    assert not default_storage.exists(name)
    theirs.refresh_from_db()
    assert theirs.parent is None
    assert theirs.is_public


def test_what_weft_made_loses_the_persons_words_or_goes(person):
    guidance = {
        "user_id": person.pk,
        "instruction": "for Anna's wedding",
        "liked_item_ids": [1, 2],
        "kind": "image",
        "mode": "create",
        "seed": 7,
    }
    made = {"published": True, "ai": True, "made_for": person, "guidance": guidance}
    shown = ItemFactory(**made, exposure="ranked", title="For Anna's wedding")
    alone = ItemFactory(**made, exposure="direct")
    close_account(user=person)
    erase_account(user_id=person.pk)
    assert not Item.objects.filter(pk=alone.pk).exists()
    shown.refresh_from_db()
    assert shown.is_public
    assert "Anna" not in json.dumps([shown.title, shown.guidance])
    assert shown.guidance == guidance | {"user_id": 0, "instruction": "", "liked_item_ids": []}


def test_a_lost_erasure_is_queued_again(person, django_capture_on_commit_callbacks):
    close_account(user=person)
    assert requeue_lost_erasures() == 0
    User.objects.update(deletion_requested_at=timezone.now() - timedelta(hours=1))
    with django_capture_on_commit_callbacks() as callbacks:
        assert requeue_lost_erasures() == 1
    assert len(callbacks) == 1


def test_an_open_account_is_never_erased(person):
    assert erase_account(user_id=person.pk) is False
    assert User.objects.filter(pk=person.pk).exists()


def test_the_last_operator_cannot_leave(db):
    only = UserFactory(operator=True)
    with pytest.raises(NotAllowedError, match="only operator"):
        close_account(user=only)
    UserFactory(operator=True)
    close_account(user=only)
    only.refresh_from_db()
    assert not only.is_active
    assert not only.is_superuser
