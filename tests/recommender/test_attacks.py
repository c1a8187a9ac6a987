"""Suspicious feedback is set aside for everybody else, and a person can put it back."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from common.errors import ConflictError, InvalidInputError
from recommender.models import Interaction, Suspicion
from recommender.services import attacks, train, train_if_needed, user_history
from recommender.services.attacks import confirm, find_attacks, restore
from recommender.tasks import find_attacks_task
from studio.selectors import get_statistics
from tests.factories import UserFactory
from tests.recommender.shilling_world import AttackedSite, make_attacked_site


@pytest.fixture
def site(db) -> AttackedSite:
    return make_attacked_site()


@pytest.fixture
def operator(db):
    return UserFactory(operator=True)


def suspected() -> set[int]:
    return set(Suspicion.objects.values_list("user_id", flat=True))


def test_an_attack_is_set_aside_and_honest_people_are_not(site):
    report = find_attacks()
    guilty = {user.pk for user in site.attackers}
    assert len(suspected() & guilty) >= 0.8 * min(len(guilty), 27)
    assert len(suspected() - guilty) <= 2
    assert report.groups[0]["item"] == site.target.pk
    in_force = Suspicion.objects.filter(state=Suspicion.State.SET_ASIDE)
    kept = Interaction.objects.trusted().filter(user_id__in=in_force.values("user_id"))
    assert not kept.exists()
    row = in_force.first()
    assert row.signals["targets"] == [site.target.pk]
    assert row.signals["evidence"]


def test_looking_twice_changes_nothing(site):
    find_attacks()
    before = list(Suspicion.objects.order_by("pk").values())
    again = find_attacks()
    assert list(Suspicion.objects.order_by("pk").values()) == before
    assert (again.set_aside, again.proposed) == ([], [])


def test_a_dry_run_only_says_what_it_would_do(site):
    report = find_attacks(dry_run=True)
    assert report.set_aside
    assert not Suspicion.objects.exists()
    assert not Interaction.objects.exclude(suspicion=None).exists()


def test_what_a_suspect_does_later_is_set_aside_too(site):
    find_attacks()
    suspect = Suspicion.objects.filter(state="set_aside").first()
    late = Interaction.objects.create(
        user=suspect.user, item=site.items[0], kind="like", created_at=timezone.now()
    )
    find_attacks_task()
    late.refresh_from_db()
    assert late.suspicion == suspect


def test_models_and_figures_do_not_learn_from_it_but_the_persons_own_feed_does(site, settings):
    likes = get_statistics([site.target.pk])[site.target.pk].likes
    version = train()
    rows = Suspicion.objects.filter(state="set_aside")
    config = json.loads((settings.VAR_DIR / version.folder / "config.json").read_text())
    assert config["users"] <= len(site.honest) + len(site.attackers) - rows.count()
    assert get_statistics([site.target.pk])[site.target.pk].likes <= likes - rows.count() + 1
    assert site.target.pk in user_history(rows.first().user)


def test_restored_feedback_counts_again_and_is_not_flagged_again(site, operator):
    find_attacks()
    row = Suspicion.objects.filter(state="set_aside").first()
    restore(suspicions=[row.pk], by=operator, note="A fan club")
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.note) == ("restored", operator, "A fan club")
    assert Interaction.objects.trusted().filter(user=row.user).exists()
    report = find_attacks()
    assert row.user_id in report.forgiven
    assert Suspicion.objects.filter(user=row.user).count() == 1


def test_a_decision_makes_the_next_training_due(site, operator):
    train_if_needed()
    assert train_if_needed() is None
    restore(suspicions=[Suspicion.objects.filter(state="set_aside").first().pk], by=operator)
    assert train_if_needed() is not None


def test_confirmed_stays_set_aside_and_may_still_be_restored(site, operator):
    find_attacks()
    row = Suspicion.objects.filter(state="set_aside").first()
    confirm(suspicions=[row.pk], by=operator)
    find_attacks()
    assert not Interaction.objects.trusted().filter(user=row.user).exists()
    with pytest.raises(ConflictError):
        confirm(suspicions=[row.pk], by=operator)
    restore(suspicions=[row.pk], by=operator)
    assert Interaction.objects.trusted().filter(user=row.user).exists()


def test_decisions_are_all_or_none(site, operator):
    find_attacks()
    first, second = Suspicion.objects.filter(state="set_aside")[:2]
    restore(suspicions=[first.pk], by=operator)
    with pytest.raises(ConflictError):
        restore(suspicions=[first.pk, second.pk], by=operator)
    with pytest.raises(InvalidInputError):
        restore(suspicions=[second.pk, 10**9], by=operator)
    with pytest.raises(InvalidInputError):
        restore(suspicions=[], by=operator)
    second.refresh_from_db()
    assert second.state == "set_aside"


def test_more_than_the_cap_waits_for_a_person(site, operator, monkeypatch):
    monkeypatch.setattr(attacks, "MOST_SHARE", 0.05)
    report = find_attacks()
    assert len(report.set_aside) == int(0.05 * report.people)
    waiting = Suspicion.objects.filter(state="proposed")
    assert set(waiting.values_list("user_id", flat=True)) == set(report.proposed)
    row = waiting.first()
    assert Interaction.objects.trusted().filter(user=row.user).exists()
    confirm(suspicions=[row.pk], by=operator)
    assert not Interaction.objects.trusted().filter(user=row.user).exists()


def test_a_small_site_is_left_alone(items, fans):
    assert find_attacks().people == 12
    assert not Suspicion.objects.exists()


@pytest.mark.django_db
def test_an_empty_site_is_no_error():
    assert find_attacks().people == 0


def test_the_command_reports_and_writes(site, tmp_path):
    out = StringIO()
    call_command("find_attacks", dry_run=True, json=tmp_path / "a" / "out.json", stdout=out)
    assert "would be set aside" in out.getvalue()
    assert f"item {site.target.pk}" in out.getvalue()
    written = json.loads((tmp_path / "a" / "out.json").read_text())
    assert written["people"] == len(site.honest) + len(site.attackers)
    assert not Suspicion.objects.exists()
