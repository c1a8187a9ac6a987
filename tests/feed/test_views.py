"""The feed over HTTP: with and without JavaScript, signed in and not."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from recommender.models import Interaction
from tests.factories import ItemFactory

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def person(adult, client):
    client.force_login(adult)
    return adult


def post_events(client, events, **more):
    return client.post(
        "/feed/events/", json.dumps({"events": events}), content_type="application/json", **more
    )


def test_page_lists_articles_with_their_origin_and_works_without_javascript(client, person, items):
    html = client.get("/").content.decode()
    assert html.count('class="feed-card"') == 8
    assert 'role="feed"' in html
    assert html.count('aria-posinset="') == 8
    assert "AI · made by Weft" in html
    assert "Human · made by a person" in html
    assert html.count('action="/feed/') == 8
    more = re.search(r'<a class="button" href="(\?after=[^"]+|/\?after=[^"]+)">More', html).group(1)
    following = client.get(more if more.startswith("/") else "/" + more).content.decode()
    assert following.count('class="feed-card"') == 8
    assert "<!DOCTYPE html>" in following


def test_htmx_gets_only_the_next_cards(client, person, items):
    html = client.get("/", **HTMX).content.decode()
    assert "<html" not in html
    assert html.count('class="feed-card"') == 8
    whole = client.get("/", HTTP_HX_REQUEST="true", HTTP_HX_BOOSTED="true").content.decode()
    assert "<html" in whole


def test_visitors_browse_and_are_invited_to_sign_in(client, items):
    html = client.get("/").content.decode()
    assert html.count('class="feed-card"') == 8
    assert "/accounts/login/" in html
    assert 'action="/feed/' not in html
    answer = client.post(f"/feed/{items[0].pk}/react/", {"kind": "like"})
    assert answer.status_code == 302
    assert answer["Location"].startswith("/accounts/login/?next=/")
    assert (
        "HX-Redirect"
        in client.post(f"/feed/{items[0].pk}/react/", {"kind": "like"}, **HTMX).headers
    )
    assert not Interaction.objects.exists()


def test_the_end_says_what_to_do(client, person):
    ItemFactory(published=True)
    html = client.get("/").content.decode()
    assert "You’ve seen everything for now" in html
    assert "?again=1" in html


def test_an_empty_site_says_so(client, db):
    assert "Nothing here yet" in client.get("/").content.decode()


@pytest.mark.parametrize("query", ["?after=rubbish", "?after=" + "x" * 400])
def test_a_bad_cursor_is_400(client, person, items, query):
    assert client.get("/" + query).status_code == 400
    assert client.get("/api/v1/feed/" + query).status_code == 400


@pytest.mark.parametrize("path", ["/feed/events/", "/feed/1/react/"])
def test_changes_need_post_and_a_token(adult, items, path):
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(adult)
    assert strict.get(path).status_code == 405
    assert strict.post(path, {"kind": "like"}).status_code == 403
    assert not Interaction.objects.exists()


def test_like_without_javascript_returns_to_the_same_cards(client, person, items):
    page = client.get("/").context["page"]
    item = page.cards[3].item
    answer = client.post(f"/feed/{item.pk}/react/", {"kind": "like", "after": page.cursor})
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"#item-{item.pk}")
    back = client.get(answer["Location"]).context["page"]
    assert [card.item.pk for card in back.cards] == [card.item.pk for card in page.cards]
    assert back.cards[3].reaction == "like"


def test_like_by_htmx_returns_the_pressed_buttons(client, person, items):
    answer = client.post(f"/feed/{items[0].pk}/react/", {"kind": "like"}, **HTMX)
    html = answer.content.decode()
    assert "<html" not in html
    assert re.search(r'value="undo" aria-pressed="true" data-react="like"', html)
    assert json.loads(answer["HX-Trigger"])["weft:reacted"]["reaction"] == "like"


@pytest.mark.parametrize("kind", ["", "adore", "view"])
def test_an_unknown_reaction_is_400(client, person, items, kind):
    assert client.post(f"/feed/{items[0].pk}/react/", {"kind": kind}).status_code == 400


def test_an_item_one_may_not_see_is_404(client, person):
    held = ItemFactory(state="in_review")
    assert client.post(f"/feed/{held.pk}/react/", {"kind": "like"}).status_code == 404
    assert client.get(f"/feed/why/{held.pk}/").status_code == 404
    assert client.get(f"/api/v1/items/{held.pk}/why/").status_code == 404


def test_events_by_fetch_and_by_beacon(client, person, items):
    one = {"event_id": str(uuid.uuid4()), "item_id": items[0].pk, "kind": "dwell", "value": 4.2}
    assert post_events(client, [one]).json() == {"stored": 1, "problems": []}
    beacon = client.post("/feed/events/", {"events": json.dumps([one])})
    assert beacon.json() == {"stored": 0, "problems": []}
    assert Interaction.objects.get().value == 4.2


@pytest.mark.parametrize("body", ["", "{", "[" * 100_000, '"text"', '{"events": 5}'])
def test_broken_event_bodies_are_400(client, person, body):
    answer = client.post("/feed/events/", body, content_type="application/json")
    assert answer.status_code == 400


def test_visitors_events_are_not_stored(client, items):
    one = {"event_id": str(uuid.uuid4()), "item_id": items[0].pk, "kind": "like"}
    assert post_events(client, [one]).json()["stored"] == 0
    assert client.post("/api/v1/feed/events/", {"events": [one]}).status_code in (401, 403)


def test_why_page_and_fragment(client, person, items):
    item = client.get("/").context["page"].cards[0].item
    whole = client.get(reverse("feed:why", args=[item.pk])).content.decode()
    part = client.get(reverse("feed:why", args=[item.pk]), **HTMX).content.decode()
    assert "<html" in whole
    assert "<html" not in part
    for html in (whole, part):
        assert "Share of AI" in html
        assert "untrained/mix-25" in html


def test_queries_do_not_grow_with_the_page(
    client, person, items, like, settings, django_assert_num_queries
):
    for item in items[:6]:
        like(person, item)
    client.get("/")

    def count(size):
        settings.FEED_PAGE_SIZE = size
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as captured:
            assert client.get("/").context["page"].cards
        return len(captured)

    assert count(2) == count(10) <= 26


def test_api_feed_reads_like_the_page(client, person, items):
    first = client.get("/api/v1/feed/?limit=5").json()
    assert len(first["cards"]) == 5
    card = first["cards"][0]
    assert card["item"]["origin"] in {"human", "ai"}
    assert card["position"] == 1
    second = client.get("/api/v1/feed/", {"limit": 5, "after": first["next_cursor"]}).json()
    shown = [entry["item"]["id"] for page in (first, second) for entry in page["cards"]]
    assert len(set(shown)) == 10
    assert client.get("/api/v1/feed/?limit=0").status_code == 400
    assert client.get("/api/v1/feed/?limit=9999").status_code == 400


def test_api_reactions_and_why(client, person, items):
    item = client.get("/api/v1/feed/").json()["cards"][0]["item"]["id"]
    answer = client.post(f"/api/v1/items/{item}/reactions/", {"kind": "like"})
    assert answer.json() == {"reaction": "like"}
    assert client.post(f"/api/v1/items/{item}/reactions/", {"kind": "x"}).status_code == 400
    assert client.get(f"/api/v1/items/{item}/why/").json()["policy"] == "untrained/mix-25"
    answer = client.post("/api/v1/feed/events/", {"events": "x"}, content_type="application/json")
    assert answer.status_code == 400


def test_personal_pages_are_not_kept_by_shared_caches(client, person, items):
    answer = client.get("/")
    assert "no-store" in answer["Cache-Control"]
    assert "HX-Request" in answer["Vary"]
