"""The studio's pages and API: for uploaders, and only about their own."""

from __future__ import annotations

import io
import uuid

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from catalog.models import Item
from catalog.services import store_media
from generation.models import Job
from moderation.models import Case, CheckResult, Screening
from recommender.models import Interaction
from studio.selectors import get_statistics, get_timeline
from tests.factories import ItemFactory, UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
JSON = {"Accept": "application/json"}
ACTIONS = ("details", "edit", "submit", "withdraw", "delete")


@pytest.fixture
def uploader():
    return UserFactory(uploader=True)


@pytest.fixture
def studio(client, uploader):
    """The uploader's browser."""
    client.force_login(uploader)
    return client


@pytest.fixture
def photo(uploader):
    item = ItemFactory(owner=uploader, title="Red skirt", colours=["red"])
    store_media(item=item, image=np.full((240, 180, 3), (200, 36, 46), np.uint8))
    return item


def _url(name: str, item: Item) -> str:
    return reverse(f"studio:{name}", args=[item.pk])


def _picture(name: str = "skirt.png") -> SimpleUploadedFile:
    data = io.BytesIO()
    Image.new("RGB", (60, 80), (200, 36, 46)).save(data, "PNG")
    return SimpleUploadedFile(name, data.getvalue(), "image/png")


# --- who may enter -------------------------------------------------------------------------------
def test_a_viewer_is_shown_how_to_become_an_uploader(client):
    viewer = UserFactory()
    client.force_login(viewer)
    html = client.get(reverse("studio:home")).text
    assert "Become an uploader" in html
    client.post(reverse("accounts:become-uploader"))
    assert "Upload pictures and videos" in client.get(reverse("studio:home")).text


def test_a_moderator_is_told_why_not(client):
    client.force_login(UserFactory(moderator=True))
    html = client.get(reverse("studio:home")).text
    assert "do not publish themselves" in html
    assert "Become an uploader" not in html


def test_strangers_are_asked_to_sign_in(client, photo):
    for url in (reverse("studio:home"), _url("item", photo)):
        assert reverse("account_login") in client.get(url)["Location"]


def test_a_viewer_cannot_upload_by_knowing_the_address(client):
    client.force_login(UserFactory())
    answer = client.post(reverse("studio:upload"), {"files": _picture()})
    assert (answer.status_code, Item.objects.count()) == (403, 0)


@pytest.mark.parametrize("name", ACTIONS)
def test_somebody_elses_item_does_not_exist(client, photo, name):
    client.force_login(UserFactory(uploader=True))
    assert client.get(_url("item", photo)).status_code == 404
    assert client.post(_url(name, photo), {"instruction": "navy"}).status_code == 404
    photo.refresh_from_db()
    assert (photo.title, photo.state) == ("Red skirt", Item.State.DRAFT)


@pytest.mark.parametrize("name", ACTIONS)
def test_looking_changes_nothing(studio, photo, name):
    assert studio.get(_url(name, photo)).status_code == 405


# --- upload --------------------------------------------------------------------------------------
def test_several_files_and_a_bad_one_each_get_their_answer(studio, uploader):
    page = SimpleUploadedFile("page.jpg", b"<html>hello</html>", "image/jpeg")
    answer = studio.post(
        reverse("studio:upload"), {"files": [_picture(), page, _picture("b.png")]}, headers=JSON
    )
    good, bad, other = answer.json()["files"]
    assert (answer.status_code, bad["url"]) == (201, "")
    assert bad["problem"].endswith(".")
    assert list(Item.objects.filter(owner=uploader).order_by("pk").values_list("state")) == [
        ("draft",),
        ("draft",),
    ]
    assert studio.get(good["url"]).status_code == studio.get(other["url"]).status_code == 200


def test_upload_works_without_scripts(studio):
    answer = studio.post(reverse("studio:upload"), {"files": _picture()}, follow=True)
    assert "skirt.png is here and is being prepared." in answer.text
    assert "Being prepared" in answer.text


@pytest.mark.parametrize("files", [[], [SimpleUploadedFile("empty.jpg", b"")]])
def test_nothing_and_an_empty_file_are_refused_with_a_sentence(studio, files):
    answer = studio.post(reverse("studio:upload"), {"files": files}, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["files"][0]["problem"]
    assert not Item.objects.exists()


def test_a_name_that_climbs_is_only_a_name(studio):
    name = "../" * 100 + "x" * 4000 + ".png"
    answer = studio.post(reverse("studio:upload"), {"files": _picture(name)}, headers=JSON)
    assert answer.status_code == 201
    assert ".." not in Item.objects.get().incoming.name


# --- list and item -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "hidden", "kind"),
    [
        ("anna_+49 170 1234567.png", "1234567", "telephone number"),
        ("anna 52.5200N_13.4050E.png", "13.4050E", "position on the map"),
        ("skirt anna@example.org .png", "anna@", "e-mail address"),
    ],
)
def test_private_data_in_a_files_name_is_covered_and_told(studio, uploader, name, hidden, kind):
    answer = studio.post(reverse("studio:upload"), {"files": _picture(name)}, headers=JSON).json()
    shown = answer["files"][0]
    assert hidden not in shown["name"]
    assert "•••" in shown["name"]
    assert kind in shown["note"]
    assert Item.objects.get(owner=uploader).title == ""


def test_a_name_that_hides_another_kind_of_file_is_refused(studio):
    sent = {"files": _picture("skirt.php.png")}
    answer = studio.post(reverse("studio:upload"), sent, headers=JSON)
    assert answer.status_code == 400
    assert "hides another kind of file" in answer.json()["files"][0]["problem"]
    assert not Item.objects.exists()


def test_the_list_shows_own_items_with_state_problem_and_numbers(studio, uploader):
    ItemFactory(owner=uploader, title="Blurred", state="rejected", problem="Too blurred.")
    seen = ItemFactory(owner=uploader, published=True, title="Seen")
    ItemFactory(title="Somebody else's", published=True)
    Interaction.objects.create(
        user=UserFactory(), item=seen, kind="view", created_at=timezone.now()
    )
    html = studio.get(reverse("studio:home")).text
    assert "Too blurred." in html
    assert "1 view" in html
    assert "Somebody else" not in html
    only = studio.get(reverse("studio:home"), {"state": "rejected"}).text
    assert ("Blurred" in only, "Seen" in only) == (True, False)


def test_the_list_takes_the_same_queries_however_long(
    studio, uploader, django_assert_max_num_queries
):
    ItemFactory.create_batch(20, owner=uploader, published=True)
    with django_assert_max_num_queries(16):
        studio.get(reverse("studio:home"))


def test_a_like_that_was_taken_back_does_not_count(uploader):
    item = ItemFactory(owner=uploader, published=True)
    fan, fickle = UserFactory(), UserFactory()
    for person, kind, minute in ((fan, "like", 0), (fickle, "like", 0), (fickle, "undo", 1)):
        at = timezone.now() + timezone.timedelta(minutes=minute)
        Interaction.objects.create(user=person, item=item, kind=kind, created_at=at)
    assert get_statistics([item.pk])[item.pk].likes == 1


def _way(item: Item) -> list[tuple[str, str]]:
    return [(step.label, step.status) for step in get_timeline(item)]


def test_the_way_of_a_draft(photo):
    assert _way(photo) == [
        ("Uploaded", "current"),
        ("Screening by machine", "next"),
        ("Published", "next"),
    ]


def test_the_way_of_an_item_that_waits_for_a_person(photo):
    photo.state, photo.submitted_at = Item.State.IN_REVIEW, timezone.now()
    Case.objects.create(item=photo, reason=Case.Reason.FLAGGED)
    assert _way(photo)[1:] == [
        ("Screened by machine", "done"),
        ("Waiting for a person", "current"),
        ("Published", "next"),
    ]


def test_a_rejected_item_shows_the_reason_and_what_the_checks_found(studio, photo):
    screening = Screening.objects.create(item=photo, state="done", policy_version="1")
    CheckResult.objects.create(
        screening=screening,
        check_name="clarity",
        perspective="F7",
        verdict="flag",
        summary="Sharpness 0.08, at least 0.15 is needed.",
        version="1",
    )
    Item.objects.update(state="rejected", problem="Too blurred.", submitted_at=timezone.now())
    html = studio.get(_url("item", photo)).text
    assert "Too blurred." in html
    assert "Sharpness 0.08" in html
    assert "Submit again" in html


def test_the_page_of_a_file_in_preparation_follows_it(studio, uploader):
    item = ItemFactory(owner=uploader)
    html = studio.get(_url("item", item)).text
    assert "every 2s" in html
    assert "Refresh" in html, "and can be brought up to date without scripts"
    store_media(item=item, image=np.zeros((80, 60, 3), np.uint8))
    part = studio.get(_url("item", item), {"was": "waiting"}, headers=HTMX).text
    assert "<html" not in part
    assert item.master_url in part, "the picture comes with the first answer that has one"
    assert "every 2s" not in part


# --- change, submit, take down, delete -----------------------------------------------------------
def test_title_and_description_are_saved(studio, photo):
    studio.post(_url("details", photo), {"title": "Evening skirt", "description": "Silk."})
    photo.refresh_from_db()
    assert (photo.title, photo.description) == ("Evening skirt", "Silk.")


def test_a_title_that_is_too_long_is_told_beside_the_field(studio, photo):
    answer = studio.post(_url("details", photo), {"title": "x" * 121})
    assert (answer.status_code, "at most 120 characters" in answer.text) == (400, True)


def test_submit_take_down_delete(studio, photo):
    studio.post(_url("submit", photo))
    photo.refresh_from_db()
    assert photo.state == Item.State.PENDING
    assert studio.post(_url("delete", photo)).status_code == 409, "first take it down"
    studio.post(_url("withdraw", photo))
    photo.refresh_from_db()
    assert photo.state == Item.State.REMOVED
    studio.post(_url("delete", photo))
    assert not Item.objects.exists()


# --- edit with AI --------------------------------------------------------------------------------
def _wish(**said: object) -> dict[str, object]:
    return {"instruction": "navy", "strength": "0.5", "request_key": uuid.uuid4(), **said}


def test_an_edit_is_queued_and_its_card_comes_back(studio, photo):
    answer = studio.post(_url("edit", photo), _wish(), headers=HTMX)
    job = Job.objects.get()
    assert answer["HX-Retarget"] == "#edit-jobs"
    assert reverse("generation:events-of-many") in answer.text
    assert (job.source, job.guidance["strength"]) == (photo, 0.5)


def test_an_edit_works_without_scripts(studio, photo):
    answer = studio.post(_url("edit", photo), _wish())
    assert answer["Location"] == reverse("generation:job", args=[Job.objects.get().pk])


def test_the_same_form_sent_twice_is_one_job(studio, photo):
    wish = _wish()
    assert len({studio.post(_url("edit", photo), wish)["Location"] for _ in range(2)}) == 1


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ({"instruction": ""}, "Say in a few words"),
        ({"instruction": "x" * 20_000}, "at most 500 characters"),
        ({"instruction": "zzz qqq"}, "could not tell what should change"),
        ({"strength": "9"}, "0.95"),
        ({"edit": "melt"}, "melt"),
        ({"request_key": "x"}, "UUID"),
    ],
)
def test_what_cannot_be_done_is_told_beside_the_form(studio, photo, said, sentence):
    assert sentence in studio.post(_url("edit", photo), _wish(**said), headers=HTMX).text
    whole = studio.post(_url("edit", photo), _wish(**said))
    assert (whole.status_code, sentence in whole.text) == (400, True)
    assert not Job.objects.exists()


def test_versions_stand_below_what_they_were_made_from(studio, photo, uploader):
    second = ItemFactory(
        owner=uploader, parent=photo, version=2, guidance={"instruction": "navy with dots"}
    )
    ItemFactory(owner=uploader, parent=second, version=3, guidance={"instruction": "in pencil"})
    html = studio.get(_url("item", photo), {"part": "versions"}, headers=HTMX).text
    places = [html.index(mark) for mark in ("depth-0", "depth-1", "depth-2")]
    assert places == sorted(places)
    assert html.index("navy with dots") < html.index("in pencil")


# --- API -----------------------------------------------------------------------------------------
def test_api_queues_an_edit_and_tells_the_outcome(studio, photo):
    answer = studio.post(
        reverse("api:studio-edit", args=[photo.pk]),
        {"request_key": "one", "instruction": "navy"},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["source"]) == (201, photo.pk)
    outcome = studio.get(reverse("api:studio-outcome", args=[photo.pk])).json()
    assert (outcome["state"], outcome["timeline"][0]["status"]) == ("draft", "current")


def test_api_knows_no_items_of_others(client, photo):
    client.force_login(UserFactory(uploader=True))
    outcome = client.get(reverse("api:studio-outcome", args=[photo.pk]))
    edit = client.post(reverse("api:studio-edit", args=[photo.pk]), {"instruction": "navy"})
    assert (outcome.status_code, edit.status_code) == (404, 404)
