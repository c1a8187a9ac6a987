"""The operator's page about people: right figures, right people, right readers."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from catalog.models import Item
from dashboard.people_figures import measure_people
from recommender.models import Impression, Interaction, Rating, Remark, Suspicion
from tests.factories import ItemFactory, UserFactory

NOW = datetime(2026, 5, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()
    yield
    cache.clear()


def shows(user: User, item: Item, hours_ago: float = 24, **acts: float) -> None:
    """Put an item before a person and let them do this with it: kind=value."""
    at = NOW - timedelta(hours=hours_ago)
    shown = Impression.objects.create(
        user=user, item=item, feed_id=uuid.uuid4(), position=1, source="s", policy="p"
    )
    Impression.objects.filter(pk=shown.pk).update(created_at=at)
    for number, (kind, value) in enumerate(acts.items()):
        Interaction.objects.create(
            user=user, item=item, kind=kind, value=value, created_at=at + timedelta(seconds=number)
        )


@pytest.fixture
def human(db) -> Item:
    return ItemFactory(published=True, kind="video")


@pytest.fixture
def ai(db) -> Item:
    return ItemFactory(published=True, ai=True)


def figures(days: int = 30) -> dict:
    found = measure_people(until=NOW, days=days).as_dict()
    return {row["key"]: row for row in found["figures"]} | {"all": found}


def test_click_through_counts_likes_and_long_looks_of_what_was_in_sight(human, ai):
    anna, bert = UserFactory(), UserFactory()
    shows(anna, human, view=1, dwell=7)
    shows(bert, human, view=1, dwell=3)
    shows(anna, ai, dwell=2, like=1)
    shows(bert, ai, like=1, undo=1)
    shows(UserFactory(), human)  # never came into sight
    found = figures()
    assert found["ctr"]["human"]["value"] == pytest.approx(0.5)
    assert found["ctr"]["ai"]["value"] == pytest.approx(0.5)
    assert found["likes"]["ai"]["value"] == pytest.approx(0.5)
    assert found["likes"]["human"]["value"] == 0
    assert found["ctr"]["ai_assisted"]["value"] is None
    assert found["dwell"]["human"]["value"] == 3
    assert found["all"]["counts"]["human"]["in_sight"] == 2
    assert found["all"]["people"] == 2


def test_completion_is_at_most_all_and_only_of_what_began(human):
    shows(UserFactory(), human, complete=3.5)
    shows(UserFactory(), human, complete=0.5)
    shows(UserFactory(), human, view=1)
    found = figures()
    assert found["completion"]["human"]["value"] == pytest.approx(0.75)
    assert found["finished"]["human"]["value"] == pytest.approx(0.5)


def test_stars_and_words(human, ai):
    people = [UserFactory() for _ in range(3)]
    for person, stars in zip(people, (5, 4, 3), strict=True):
        Rating.objects.create(user=person, item=ai, stars=stars)
        Rating.objects.create(user=person, item=human, facet="length", stars=1)
    for person, opinion in zip(people, ("like", "dislike", ""), strict=True):
        Remark.objects.create(user=person, item=ai, text="x", understood={"opinion": opinion})
    Rating.objects.update(updated_at=NOW - timedelta(hours=1))
    Remark.objects.update(created_at=NOW - timedelta(hours=1))
    found = figures()
    assert found["rating_overall"]["ai"]["value"] == pytest.approx(4)
    assert found["rating_overall"]["human"]["value"] is None
    assert found["rating_length"]["human"]["value"] == pytest.approx(1)
    assert found["praise"]["ai"]["value"] == pytest.approx(0.5)
    assert found["all"]["counts"]["ai"] == {"in_sight": 0, "ratings": 3, "remarks": 3}


def test_a_clear_difference_is_told_from_chance(human, ai):
    for number in range(12):
        person = UserFactory()
        shows(person, human, dwell=1, like=1)
        shows(person, ai, dwell=1, **({"like": 1} if number == 0 else {}))
    row = figures()["likes"]
    assert row["human"]["value"] == 1
    assert row["ai_minus_human"]["high"] < 0
    assert row["ai"]["people"] == 12
    dwell = figures()["dwell"]["ai_minus_human"]
    assert dwell["low"] <= 0 <= dwell["high"]


def test_own_items_suspicious_feedback_and_other_times_do_not_count(human, ai):
    shows(human.owner, human, like=1)
    attacker = UserFactory()
    shows(attacker, ai, like=1)
    doubt = Suspicion.objects.create(user=attacker, score=1.0)
    Interaction.objects.filter(user=attacker).update(suspicion=doubt)
    shows(UserFactory(), ai, hours_ago=24 * 40, like=1)
    assert figures()["ctr"]["human"]["value"] is None
    assert figures()["ctr"]["ai"]["value"] is None
    assert figures(days=60)["ctr"]["ai"]["value"] == 1


def test_retention_counts_only_weeks_that_are_over(human):
    joined = NOW - timedelta(days=16)
    loyal, gone = UserFactory(date_joined=joined), UserFactory(date_joined=joined)
    for person, hours in ((loyal, 15 * 24), (loyal, 8 * 24), (loyal, 1), (gone, 15.5 * 24)):
        shows(person, human, hours_ago=hours, view=1)
    UserFactory(date_joined=NOW - timedelta(days=2))
    UserFactory(moderator=True, date_joined=joined)
    cohort = figures()["all"]["cohorts"][0]
    shares = [week["value"] for week in cohort["weeks"]]
    assert cohort["people"] == 2
    assert shares == [1.0, 0.5, None, None, None, None, None, None]
    [row] = figures()["all"]["by_ai_share"]
    assert (row["name"], row["people"]) == ("25 %", 2)


def test_nobody_at_all_is_no_error(db):
    found = figures()
    assert found["ctr"]["human"]["value"] is None
    assert found["all"]["cohorts"] == []


def test_queries_do_not_grow_with_people(human, ai):
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            measure_people(until=NOW, days=30)
        return len(captured)

    shows(UserFactory(), human, dwell=9)
    few = count()
    for _ in range(10):
        shows(UserFactory(), ai, dwell=9)
    assert count() == few == 4


@pytest.mark.parametrize("trait", [{}, {"uploader": True}, {"moderator": True}])
def test_the_page_is_for_operators(client, db, trait):
    assert client.get("/dashboard/people/").status_code == 302
    assert client.get("/api/v1/dashboard/people/").status_code in (401, 403)
    client.force_login(UserFactory(**trait))
    assert client.get("/dashboard/people/").status_code == 403
    assert client.get("/api/v1/dashboard/people/").status_code == 403
    assert "/dashboard/" not in client.get("/").content.decode()


def test_the_page_shows_figures_and_words_without_names(client, human, ai):
    client.force_login(UserFactory(operator=True))
    speaker = UserFactory(username="somebody-private")
    Remark.objects.create(user=speaker, item=ai, text="<b>lovely</b> collar")
    assert client.get("/dashboard/")["Location"] == "/dashboard/people/"
    html = client.get("/dashboard/people/?days=7").content.decode()
    assert "Click-through" in html
    assert "&lt;b&gt;lovely&lt;/b&gt; collar" in html
    assert "somebody-private" not in html
    assert 'href="/dashboard/"' in html
    assert client.get("/dashboard/people/?days=rubbish").status_code == 200
    assert client.post("/dashboard/people/").status_code == 405
    answer = client.get("/api/v1/dashboard/people/?days=7")
    assert answer.json()["days"] == 7
    assert client.get("/api/v1/dashboard/people/?days=8").status_code == 400


def test_the_command_prints_and_writes_the_same(human, tmp_path, capsys):
    Rating.objects.create(user=UserFactory(), item=human, stars=4)
    path = tmp_path / "out" / "people.json"
    call_command("evaluate_people", "--json", str(path))
    printed = capsys.readouterr().out
    assert "Stars: all in all" in printed
    assert "4.00" in printed
    written = {row["key"]: row for row in json.loads(path.read_text())["figures"]}
    assert written["rating_overall"]["human"] == {
        "value": 4.0,
        "low": None,
        "high": None,
        "people": 1,
    }
