"""What was watched is kept for a while, and not at all for who says no."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import Consent
from accounts.services import record_consents
from recommender.models import Impression, Interaction, Rating, Remark, UserEmbedding
from recommender.services import retention
from recommender.services.retention import (
    forget_old_events,
    forget_watched,
    forget_watched_by_refusing,
)

EVERY_KIND = ("view", "dwell", "complete", "like", "share")


@pytest.fixture
def log(adult, items):
    """One event of every kind, an impression, stars and words of one person, of long ago."""
    then = timezone.now() - timedelta(days=200)
    for kind in EVERY_KIND:
        Interaction.objects.create(user=adult, item=items[0], kind=kind, created_at=then)
    shown = Impression.objects.create(
        user=adult, item=items[0], feed_id=uuid.uuid4(), position=1, source="s", policy="p"
    )
    Impression.objects.filter(pk=shown.pk).update(created_at=then)
    Rating.objects.create(user=adult, item=items[0], stars=4)
    Remark.objects.create(user=adult, item=items[0], text="nice")
    UserEmbedding.objects.create(user=adult, model="m", vector=[1.0, 0.0])
    return adult


def kinds() -> set[str]:
    return set(Interaction.objects.values_list("kind", flat=True))


def test_old_watching_goes_and_reactions_stay(log, items, settings):
    Interaction.objects.create(user=log, item=items[1], kind="view", created_at=timezone.now())
    assert forget_old_events() == 4
    assert kinds() == {"like", "share", "view"}
    assert not Impression.objects.exists()
    assert Rating.objects.count() == Remark.objects.count() == 1
    assert forget_old_events() == 0


def test_the_time_is_a_setting(log, settings):
    settings.FEEDBACK_RETENTION_DAYS = 365
    assert forget_old_events() == 0


def test_more_rows_than_one_portion_go_as_well(log, items, monkeypatch):
    monkeypatch.setattr(retention, "CHUNK", 2)
    assert forget_old_events() == 4


def test_withdrawing_consent_deletes_what_was_watched(log, django_capture_on_commit_callbacks):
    from recommender.tasks import forget_watched_task

    with django_capture_on_commit_callbacks() as callbacks:
        record_consents(user=log, answers={"personalisation": False})
    assert callbacks
    forget_watched_task(log.pk)
    assert kinds() == {"like", "share"}
    assert not Impression.objects.exists()
    assert not UserEmbedding.objects.exists()
    assert Rating.objects.count() == Remark.objects.count() == 1


def test_a_late_message_takes_nothing_from_who_said_yes_again(log):
    record_consents(user=log, answers={"personalisation": False})
    record_consents(user=log, answers={"personalisation": True})
    assert forget_watched(user_id=log.pk) == 0
    assert kinds() == set(EVERY_KIND)
    assert forget_watched(user_id=999_999) == 0


def test_a_lost_message_is_made_up_at_night(log, adult):
    Consent.objects.create(user=log, kind="personalisation", granted=False)
    assert forget_watched_by_refusing() == 4
    assert forget_watched_by_refusing() == 0


def test_other_answers_delete_nothing(log, django_capture_on_commit_callbacks):
    record_consents(user=log, answers={"creation": True})
    with django_capture_on_commit_callbacks() as callbacks:
        record_consents(user=log, answers={"creation": False, "personalisation": True})
    assert callbacks == []
