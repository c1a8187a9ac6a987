"""The operator's page and API of attacks."""

from __future__ import annotations

import pytest
from django.urls import reverse

from moderation.models import AuditEntry
from recommender.models import Interaction, Suspicion
from recommender.services.attacks import find_attacks
from tests.factories import UserFactory
from tests.recommender.shilling_world import AttackedSite, make_attacked_site

PAGE, DECIDE = "dashboard:attacks", "dashboard:attacks-decide"


@pytest.fixture
def site(db) -> AttackedSite:
    made = make_attacked_site()
    find_attacks()
    return made


@pytest.fixture
def operator(client, db):
    person = UserFactory(operator=True)
    client.force_login(person)
    return person


def aimed(site: AttackedSite) -> list[int]:
    rows = Suspicion.objects.filter(signals__targets=[site.target.pk]).order_by("pk")
    return list(rows.values_list("pk", flat=True))


def test_the_page_groups_people_by_what_they_aim_at(client, operator, site):
    page = client.get(reverse(PAGE)).content.decode()
    assert f"{len(aimed(site))} people push" in page
    assert site.target.title in page
    assert "What speaks against them" in page
    assert site.attackers[0].username in page


@pytest.mark.django_db
def test_nothing_suspected_is_said(client, operator):
    assert "Nothing is suspected" in client.get(reverse(PAGE)).content.decode()


@pytest.mark.parametrize("name", [PAGE, DECIDE, "dashboard:attacks-look"])
def test_only_operators_may(client, db, name):
    method = client.get if name == PAGE else client.post
    assert method(reverse(name)).status_code == 302
    client.force_login(UserFactory(moderator=True))
    assert method(reverse(name)).status_code == 403


def test_one_person_is_restored_and_it_is_logged(client, operator, site):
    one = Suspicion.objects.filter(state="set_aside").first()
    client.post(reverse(DECIDE), {"do": f"restore:{one.pk}", "note": "known to us"})
    one.refresh_from_db()
    assert (one.state, one.note) == ("restored", "known to us")
    assert Interaction.objects.trusted().filter(user=one.user).exists()
    entry = AuditEntry.objects.get(action="attack.restore")
    assert (entry.actor, entry.data["people"]) == (operator, [one.user_id])


def test_a_group_is_confirmed_as_a_whole(client, operator, site):
    ids = aimed(site)
    sent = {"do": "confirm:all", "all": ",".join(map(str, ids))}
    answer = client.post(reverse(DECIDE), sent, follow=True)
    assert set(Suspicion.objects.filter(pk__in=ids).values_list("state", flat=True)) == {
        "confirmed"
    }
    assert f"{len(ids)} people stays set aside" in answer.content.decode()


def test_only_the_chosen_are_decided_on(client, operator, site):
    ids = aimed(site)[:2]
    client.post(reverse(DECIDE), {"do": "restore:chosen", "chosen": ids})
    assert set(Suspicion.objects.filter(state="restored").values_list("pk", flat=True)) == set(ids)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"do": "restore:chosen"},
        {"do": "restore:all", "all": "1;2"},
        {"do": "erase:all", "all": "1"},
        {"do": "restore:²"},
        {"do": "restore:99999999"},
    ],
)
def test_nonsense_is_refused_with_a_sentence(client, operator, sent):
    answer = client.post(reverse(DECIDE), sent, follow=True)
    assert answer.status_code == 200
    assert "notice error" in answer.content.decode()


def test_a_decision_taken_by_somebody_else_is_told(client, operator, site):
    one = Suspicion.objects.filter(state="set_aside").first()
    client.post(reverse(DECIDE), {"do": f"restore:{one.pk}"})
    answer = client.post(reverse(DECIDE), {"do": f"confirm:{one.pk}"}, follow=True)
    assert "decided on one of these already" in answer.content.decode()


def test_looking_now_is_queued(client, operator, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "dashboard.attacks_views.find_attacks_task.delay_on_commit", lambda: asked.append(1)
    )
    assert client.post(reverse("dashboard:attacks-look")).status_code == 302
    assert asked == [1]


def test_the_api_lists_and_decides(client, operator, site):
    groups = client.get(reverse("api:dashboard-attacks")).json()
    group = next(group for group in groups if group["item_id"] == site.target.pk)
    ids = [person["suspicion"] for person in group["people"]]
    assert group["signals"][0]["strength"] > 0
    answer = client.post(
        reverse("api:dashboard-attacks-decisions"),
        {"suspicions": ids[:3], "decision": "restore"},
        content_type="application/json",
    )
    assert answer.json() == {"decided": 3}
    again = client.post(
        reverse("api:dashboard-attacks-decisions"),
        {"suspicions": ids[:3], "decision": "restore"},
        content_type="application/json",
    )
    assert again.status_code == 409


def test_the_api_is_for_operators(client, db):
    client.force_login(UserFactory(uploader=True))
    assert client.get(reverse("api:dashboard-attacks")).status_code == 403
    assert client.post(reverse("api:dashboard-attacks-decisions"), {}).status_code == 403
