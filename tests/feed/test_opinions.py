"""Stars and words about an item, by page, by sheet and by API."""

from __future__ import annotations

import uuid

import pytest

from accounts.models import Consent
from accounts.services import record_consents
from recommender.models import Rating, Remark, StatedWish
from recommender.services import add_remark
from recommender.services.feedback import disliked_item_ids, user_history, user_opinions
from recommender.services.wishes import add_wish
from tests.factories import ItemFactory, UserFactory

HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def person(adult, client):
    client.force_login(adult)
    return adult


def test_stars_by_page_are_kept_changed_and_taken_back(client, person, items):
    page = f"/feed/{items[0].pk}/opinion/"
    html = client.get(page).content.decode()
    assert "What do you think of" in html
    assert 'name="length"' not in html
    assert client.post(page, {"overall": "5", "style": "4"}).status_code == 302
    client.post(page, {"overall": "2"})
    assert dict(Rating.objects.values_list("facet", "stars")) == {"overall": 2, "style": 4}
    client.post(page, {"overall": "", "style": ""})
    assert not Rating.objects.exists()


def test_a_video_can_be_rated_for_its_length(client, person):
    video = ItemFactory(published=True, kind="video")
    assert 'name="length"' in client.get(f"/feed/{video.pk}/opinion/").content.decode()
    client.post(f"/feed/{video.pk}/opinion/", {"length": "3"})
    assert Rating.objects.get().facet == "length"


@pytest.mark.parametrize("stars", ["0", "6", "x", "-1"])
def test_stars_outside_one_to_five_are_400(client, person, items, stars):
    assert client.post(f"/feed/{items[0].pk}/opinion/", {"overall": stars}).status_code == 400
    put = client.put(
        f"/api/v1/items/{items[0].pk}/ratings/", {"overall": stars}, content_type="application/json"
    )
    assert put.status_code == 400
    assert not Rating.objects.exists()


def test_five_stars_count_as_a_like_and_one_as_a_dislike(client, person, items):
    client.post(f"/feed/{items[0].pk}/opinion/", {"overall": "5"})
    client.post(f"/feed/{items[1].pk}/opinion/", {"overall": "1"})
    # Of a side only, which is no opinion of the item.
    client.post(f"/feed/{items[2].pk}/opinion/", {"thumbnail": "1"})
    assert user_history(person) == [items[0].pk]
    assert disliked_item_ids(person) == {items[1].pk}
    shown = client.get("/api/v1/feed/?limit=40").json()["cards"]
    assert items[1].pk not in [card["item"]["id"] for card in shown]


def test_a_remark_is_understood_and_the_same_form_twice_is_one(client, person, items):
    form = {"text": "I like this one's collar", "event_id": str(uuid.uuid4())}
    html = client.post(f"/feed/{items[0].pk}/remarks/", form, **HTMX).content.decode()
    assert "<html" not in html
    assert "you like it; more of collar" in html
    client.post(f"/feed/{items[0].pk}/remarks/", form)
    remark = Remark.objects.get()
    assert remark.understood == {
        "opinion": "like",
        "wanted": {"details": ["collar"]},
        "unwanted": {},
    }
    assert user_history(person) == [items[0].pk]


def test_a_remark_is_changed_and_deleted_and_the_opinion_with_it(client, person, items):
    client.post(f"/feed/{items[0].pk}/remarks/", {"text": "lovely"})
    mine = Remark.objects.get()
    client.post(f"/feed/remarks/{mine.pk}/", {"text": "ugly, in fact", "act": "save"})
    assert user_opinions(person)[items[0].pk].weight < 0
    client.post(f"/feed/remarks/{mine.pk}/", {"act": "delete"})
    assert user_opinions(person) == {}


def test_a_remark_is_only_text_on_the_page(client, person, items):
    client.post(f"/feed/{items[0].pk}/remarks/", {"text": "<script>alert(1)</script> nice"})
    html = client.get(f"/feed/{items[0].pk}/opinion/").content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)" in html


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_empty_and_endless_remarks_are_refused_in_words(client, person, items, text):
    answer = client.post(f"/feed/{items[0].pk}/remarks/", {"text": text}, **HTMX)
    assert answer.status_code == 400
    assert not Remark.objects.exists()


def test_somebody_elses_remark_does_not_exist(client, person, items):
    other = Remark.objects.create(user=UserFactory(), item=items[0], text="mine alone")
    assert "mine alone" not in client.get(f"/feed/{items[0].pk}/opinion/").content.decode()
    assert client.post(f"/feed/remarks/{other.pk}/", {"act": "delete"}).status_code == 404
    assert client.delete(f"/api/v1/remarks/{other.pk}/").status_code == 404
    assert client.patch(f"/api/v1/remarks/{other.pk}/", {"text": "x"}).status_code == 404
    assert Remark.objects.filter(text="mine alone").exists()


def test_an_item_out_of_sight_cannot_be_rated(client, person):
    held = ItemFactory(state="in_review")
    assert client.get(f"/feed/{held.pk}/opinion/").status_code == 404
    assert client.post(f"/feed/{held.pk}/remarks/", {"text": "nice"}).status_code == 404
    assert client.get(f"/api/v1/items/{held.pk}/ratings/").status_code == 404


def test_visitors_are_sent_to_sign_in(client, items):
    for path in ("opinion", "remarks"):
        answer = client.post(f"/feed/{items[0].pk}/{path}/", {"overall": "5", "text": "nice"})
        assert answer["Location"].startswith("/accounts/login/")
    assert client.post(f"/api/v1/items/{items[0].pk}/remarks/").status_code in (401, 403)
    assert not Rating.objects.exists()


def test_who_refused_may_speak_but_nothing_learns_from_it(client, person, items):
    from recommender.services.reasons import person_of
    from recommender.services.training import read_site

    Consent.objects.create(user=person, kind="personalisation", granted=False)
    client.post(f"/feed/{items[0].pk}/opinion/", {"overall": "5"})
    client.post(f"/feed/{items[0].pk}/remarks/", {"text": "lovely"})
    assert Rating.objects.count() == Remark.objects.count() == 1
    assert person_of(person).opinions == {}
    assert read_site("ease").full.matrix.nnz == 0
    assert (
        "your feed does not follow it"
        in client.get(f"/feed/{items[0].pk}/opinion/").content.decode()
    )


def test_training_reads_stars_and_words(client, person, items):
    from recommender.services.training import read_site

    client.post(f"/feed/{items[0].pk}/opinion/", {"overall": "4"})
    client.post(f"/feed/{items[1].pk}/remarks/", {"text": "I hate it"})
    full = read_site("ease").full
    row = dict(zip(full.item_ids.tolist(), full.matrix.toarray()[0].tolist(), strict=True))
    assert row[items[0].pk] == pytest.approx(0.6)
    assert row[items[1].pk] == pytest.approx(-0.8)


def test_api_rates_and_remarks(client, person, items):
    stars, remarks = (f"/api/v1/items/{items[0].pk}/{name}/" for name in ("ratings", "remarks"))
    json = "application/json"
    assert client.put(stars, {"overall": 4, "style": 2}, json).json() == {"overall": 4, "style": 2}
    assert client.put(stars, {"style": None}, json).json() == {"overall": 4}
    assert client.put(stars, {"length": 3}, json).status_code == 400
    assert client.get(stars).json() == {"overall": 4}
    said = client.post(remarks, {"text": "too red for me"}, json)
    assert said.status_code == 201
    assert said.json()["understood"]["unwanted"] == {"colours": ["red"]}
    assert [one["text"] for one in client.get(remarks).json()] == ["too red for me"]
    mine = f"/api/v1/remarks/{said.json()['id']}/"
    assert client.patch(mine, {"text": "lovely"}, json).json()["understood"]["opinion"] == "like"
    assert client.delete(mine).status_code == 204
    assert client.get(remarks).json() == []
    assert client.post(remarks, {"text": ""}, json).status_code == 400


def test_one_person_cannot_fill_the_table(client, person, items):
    for number in range(21):
        answer = client.post(f"/api/v1/items/{items[0].pk}/remarks/", {"text": f"nice {number}"})
    assert answer.status_code == 429
    assert Remark.objects.count() == 20


def test_praise_becomes_a_wish_that_is_shown_and_undone(client, person, items):
    sheet = client.post(
        f"/feed/{items[0].pk}/remarks/", {"text": "I like this one's collar"}, **HTMX
    )
    wish = StatedWish.objects.get(user=person)
    assert (wish.polarity, wish.value) == ("wanted", "collar")
    assert "you like collars" in sheet.content.decode()
    assert "you like collars" in client.get("/profile/").content.decode()
    undo = {"text": "ignored", "act": f"forget:{wish.pk}"}
    sheet = client.post(f"/feed/remarks/{Remark.objects.get().pk}/", undo, **HTMX)
    assert "Forgotten." in sheet.content.decode()
    assert not StatedWish.objects.exists()
    assert Remark.objects.get().text == "I like this one's collar"


def test_blame_of_one_item_is_proposed_and_kept_only_when_asked(client, person, items):
    sheet = client.post(f"/feed/{items[0].pk}/remarks/", {"text": "I hate the stripes"}, **HTMX)
    assert "Keep this: no stripes" in sheet.content.decode()
    assert not StatedWish.objects.exists()
    page = f"/feed/remarks/{Remark.objects.get().pk}/"
    assert client.post(page, {"act": "keep:floral"}, **HTMX).status_code == 400
    sheet = client.post(page, {"act": "keep:striped"}, **HTMX).content.decode()
    assert StatedWish.objects.get().polarity == "unwanted"
    assert "Keep this" not in sheet


def test_a_remark_turns_no_stated_wish_round(client, person, items):
    add_wish(user=person, polarity="unwanted", text="leather")
    client.post(f"/feed/{items[0].pk}/remarks/", {"text": "love the leather"})
    assert StatedWish.objects.get().polarity == "unwanted"


def test_wishes_of_a_remark_follow_its_words(client, person, items):
    client.post(f"/feed/{items[0].pk}/remarks/", {"text": "too much leather"})
    page = f"/feed/remarks/{Remark.objects.get().pk}/"
    client.post(page, {"text": "love the linen", "act": "save"})
    assert [w.value for w in StatedWish.objects.all()] == ["linen"]
    add_wish(user=person, polarity="wanted", text="linen")
    client.post(page, {"act": "delete"})
    # Said in so many words it is the person's own, not the remark's.
    assert [w.value for w in StatedWish.objects.all()] == ["linen"]


def test_who_is_not_learned_from_gets_no_wishes_from_remarks(client, person, items):
    record_consents(user=person, answers={Consent.Kind.PERSONALISATION: False})
    sheet = client.post(f"/feed/{items[0].pk}/remarks/", {"text": "I hate the stripes"}, **HTMX)
    client.post(f"/feed/{items[0].pk}/remarks/", {"text": "love the linen"})
    assert "Keep this" not in sheet.content.decode()
    assert not StatedWish.objects.exists()


def test_others_remarks_and_broken_buttons(client, person, items):
    theirs = add_remark(user=UserFactory(), item=items[0], text="too much leather")
    wish = StatedWish.objects.get()
    assert client.post(f"/feed/remarks/{theirs.pk}/", {"act": "delete"}).status_code == 404
    mine = add_remark(user=person, item=items[0], text="hello")
    page = f"/feed/remarks/{mine.pk}/"
    assert client.post(page, {"act": f"forget:{wish.pk}"}, **HTMX).status_code == 200
    assert StatedWish.objects.filter(pk=wish.pk).exists()
    for act in ("forget:x", "keep:", "burn", "forget:" + "9" * 30):
        assert client.post(page, {"act": act}, **HTMX).status_code == 400


def test_the_api_tells_what_came_of_a_remark(client, person, items):
    said = client.post(
        f"/api/v1/items/{items[0].pk}/remarks/",
        {"text": "lovely collar. I hate the stripes"},
        content_type="application/json",
    ).json()
    assert [(w["polarity"], w["text"]) for w in said["wishes"]] == [("wanted", "collar")]
    assert said["proposals"] == [{"polarity": "unwanted", "text": "striped"}]
