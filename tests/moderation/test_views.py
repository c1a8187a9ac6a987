"""The moderator's pages, verify and the trust panel, as people meet them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from accounts.models import User
from catalog.models import Item
from moderation.core import watermark
from moderation.models import AuditEntry, Case, CheckResult, Mark, Rule, Screening
from moderation.services import claim_case, keys, screen_item
from moderation.services.gathering import decode, read_bytes
from tests import media_files
from tests.factories import UserFactory
from tests.moderation.conftest import MakeItem, draw, soften

pytestmark = pytest.mark.django_db

PAGES = ("queue", "rules", "audit")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def case(pending_item: MakeItem) -> Case:
    item = pending_item(soften(draw(type="dress")), title="A blurred dress")
    screen_item(item_id=item.pk)
    return Case.objects.get(item=item)


@pytest.mark.parametrize("page", PAGES)
def test_moderators_see_the_pages_and_others_do_not(page: str, case: Case, moderator: User) -> None:
    address = reverse(f"moderation:{page}")
    assert signed_in(moderator).get(address).status_code == 200
    assert signed_in(UserFactory(operator=True)).get(address).status_code == 200
    assert signed_in(UserFactory()).get(address).status_code == 403
    assert signed_in(UserFactory(uploader=True)).get(address).status_code == 403
    assert Client().get(address).status_code == 302


@pytest.mark.parametrize("action", ["claim", "release", "skip", "decide"])
def test_a_case_can_be_acted_on_by_moderators_alone(action: str, case: Case) -> None:
    address = reverse(f"moderation:{action}", args=[case.pk])
    assert signed_in(UserFactory(uploader=True)).post(address).status_code == 403
    assert signed_in(UserFactory(moderator=True)).get(address).status_code == 405
    assert (
        signed_in(UserFactory()).get(reverse("moderation:case", args=[case.pk])).status_code == 403
    )


def test_the_queue_shows_reason_and_evidence(case: Case, moderator: User) -> None:
    page = signed_in(moderator).get(reverse("moderation:queue")).content.decode()
    assert "A blurred dress" in page
    assert "The picture looks blurred." in page


def test_the_queue_asks_as_few_questions_for_many_cases_as_for_one(
    case: Case, moderator: User, pending_item: MakeItem
) -> None:
    client = signed_in(moderator)
    with CaptureQueriesContext(connection) as for_one:
        client.get(reverse("moderation:queue"))
    for _ in range(4):
        item = pending_item()
        Item.objects.filter(pk=item.pk).update(state=Item.State.IN_REVIEW)
        Case.objects.create(item=item, reason=Case.Reason.SAMPLED)
    with CaptureQueriesContext(connection) as for_many:
        client.get(reverse("moderation:queue"))
    assert len(for_many) <= len(for_one)


def test_claim_approve_and_the_next_case_opens(
    case: Case, moderator: User, pending_item: MakeItem
) -> None:
    other = pending_item()
    Item.objects.filter(pk=other.pk).update(state=Item.State.IN_REVIEW)
    following = Case.objects.create(item=other, reason=Case.Reason.SAMPLED, priority=-5)
    client = signed_in(moderator)
    opened = client.post(reverse("moderation:claim_next"))
    assert opened.url == reverse("moderation:case", args=[case.pk])  # type: ignore[attr-defined]
    assert "Approve" in client.get(opened.url).content.decode()  # type: ignore[attr-defined]
    decided = client.post(reverse("moderation:decide", args=[case.pk]), {"action": "publish"})
    assert decided.url == reverse("moderation:case", args=[following.pk])  # type: ignore[attr-defined]
    case.item.refresh_from_db()
    assert case.item.is_public


def test_a_rejected_upload_shows_its_author_the_sentence(case: Case, moderator: User) -> None:
    claim_case(case=case, moderator=moderator)
    signed_in(moderator).post(
        reverse("moderation:decide", args=[case.pk]),
        {"action": "reject", "reason_code": "quality", "note": "Please take a sharper picture."},
    )
    page = signed_in(case.item.owner).get(f"/items/{case.item.pk}/")
    assert "Please take a sharper picture." in page.content.decode()


def test_a_refusal_without_a_sentence_comes_back_with_one(case: Case, moderator: User) -> None:
    claim_case(case=case, moderator=moderator)
    answer = signed_in(moderator).post(
        reverse("moderation:decide", args=[case.pk]), {"action": "reject"}, follow=True
    )
    assert "Choose a reason" in answer.content.decode()
    case.refresh_from_db()
    assert case.state == Case.State.OPEN


def test_several_cases_are_decided_at_once(case: Case, moderator: User) -> None:
    signed_in(moderator).post(
        reverse("moderation:decide_many"), {"cases": [case.pk], "action": "publish"}
    )
    case.item.refresh_from_db()
    assert case.item.is_public


@pytest.mark.parametrize("cases", [[], ["x"], ["999999"]])
def test_odd_choices_in_bulk_are_harmless(cases: list[str], case: Case, moderator: User) -> None:
    answer = signed_in(moderator).post(
        reverse("moderation:decide_many"), {"cases": cases, "action": "publish"}, follow=True
    )
    assert answer.status_code == 200


def test_script_in_a_title_is_harmless_everywhere(case: Case, moderator: User) -> None:
    payload = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    Item.objects.update(title=payload[:120], description=payload)
    CheckResult.objects.update(summary=payload, evidence={payload: payload, "neighbours": payload})
    AuditEntry.objects.create(action="note", data={payload: payload})
    client = signed_in(moderator)
    for address in (
        reverse("moderation:queue"),
        reverse("moderation:case", args=[case.pk]),
        reverse("moderation:audit"),
    ):
        page = client.get(address).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_one_broken_row_never_blanks_the_queue(
    case: Case, moderator: User, pending_item: MakeItem, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = pending_item(title="A whole one")
    Item.objects.filter(pk=item.pk).update(state=Item.State.IN_REVIEW)
    Case.objects.create(item=item, reason=Case.Reason.SAMPLED)
    # A row as an old or foreign writer might have left it.
    Item.objects.filter(pk=case.item_id).update(guidance=["odd"], title="")
    Screening.objects.filter(pk=case.screening_id).update(state="??")
    CheckResult.objects.filter(screening=case.screening).update(evidence="odd", verdict="??")
    broken = case.item_id
    whole = Item.thumb_url.fget
    monkeypatch.setattr(
        Item, "thumb_url", property(lambda one: 1 / 0 if one.pk == broken else whole(one))
    )
    page = signed_in(moderator).get(reverse("moderation:queue"))
    assert page.status_code == 200
    assert "A whole one" in page.content.decode()
    assert f"Case {case.pk} cannot be shown" in page.content.decode()


def test_a_case_with_odd_evidence_still_opens(case: Case, moderator: User) -> None:
    Item.objects.filter(pk=case.item_id).update(guidance={"wanted": ["odd"], "nonsense": 1})
    CheckResult.objects.filter(screening=case.screening).update(evidence=["odd"], verdict="??")
    page = signed_in(moderator).get(reverse("moderation:case", args=[case.pk]))
    assert page.status_code == 200


def test_a_moderator_changes_a_threshold(moderator: User) -> None:
    signed_in(moderator).post(
        reverse("moderation:rules"),
        {"check_name": "clarity", "threshold": "0.7", "enabled": "on"},
    )
    assert Rule.objects.get().threshold == 0.7


def test_an_unknown_check_is_not_found(moderator: User) -> None:
    answer = signed_in(moderator).post(
        reverse("moderation:rules"), {"check_name": "nonsense", "threshold": "1"}
    )
    assert answer.status_code == 404


# --- verify ---------------------------------------------------------------------------------


def verify(data: bytes, client: Client | None = None, name: str = "a.jpg") -> str:
    answer = (client or Client()).post(
        reverse("moderation:verify"), {"file": SimpleUploadedFile(name, data)}
    )
    return answer.content.decode()


@pytest.fixture
def published_ai(pending_ai_item: MakeItem) -> Item:
    item = pending_ai_item(title="A striped skirt by AI")
    screen_item(item_id=item.pk)
    item.refresh_from_db()
    assert item.is_public
    return item


def stripped(data: bytes, quality: int = 70) -> bytes:
    """The picture as another site would save it: smaller file, no metadata."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(data)).convert("RGB").save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def test_verify_finds_both_marks_and_links_the_item(published_ai: Item) -> None:
    page = verify(read_bytes(published_ai.assets.get(role="master")))
    assert "Our invisible mark was read" in page
    assert "Signed by Weft and unchanged" in page
    assert published_ai.get_absolute_url() in page


def test_verify_finds_the_watermark_when_the_manifest_was_stripped(published_ai: Item) -> None:
    page = verify(stripped(read_bytes(published_ai.assets.get(role="master"))))
    assert "Our invisible mark was read" in page
    assert "None. Screenshots" in page
    assert "shows what the marked item shows" in page


def test_verify_recognises_a_crop_as_a_part_of_the_item(published_ai: Item) -> None:
    picture = Image.open(io.BytesIO(read_bytes(published_ai.assets.get(role="master"))))
    buffer = io.BytesIO()
    picture.crop((40, 60, 420, 560)).save(buffer, "JPEG", quality=85)
    page = verify(buffer.getvalue())
    assert "AI, from Weft" in page
    assert "part of what the marked item shows" in page


def test_verify_warns_of_a_mark_that_was_moved_to_another_picture(published_ai: Item) -> None:
    mark = Mark.objects.get(item=published_ai)
    other = draw(77, type="shoes", pattern="floral")
    forged = watermark.embed(other, mark.payload, keys.watermark_key())
    page = verify(media_files.as_bytes(Image.fromarray(forged), quality=92))
    assert "Mark on the wrong picture" in page


def test_verify_never_says_human() -> None:
    buffer = io.BytesIO()
    Image.fromarray(draw(6)).save(buffer, "JPEG")
    page = verify(buffer.getvalue())
    assert "Not specified" in page
    assert "This proves nothing" in page


def test_verify_names_a_changed_file(published_ai: Item) -> None:
    data = bytearray(read_bytes(published_ai.assets.get(role="master")))
    data[-3000] ^= 1
    assert "changed since" in verify(bytes(data))


def test_verify_hides_items_that_are_not_public(published_ai: Item) -> None:
    data = read_bytes(published_ai.assets.get(role="master"))
    Item.objects.filter(pk=published_ai.pk).update(state=Item.State.REMOVED)
    page = verify(data)
    assert "Our invisible mark was read" in page
    assert published_ai.title not in page


@pytest.mark.parametrize("data", [b"", b"<html></html>", b"GIF89a....", b"\xff\xd8\xff broken"])
def test_verify_answers_bad_files_with_a_sentence(data: bytes) -> None:
    answer = Client().post(
        reverse("moderation:verify"), {"file": SimpleUploadedFile("a.jpg", data)}
    )
    assert answer.status_code == 400
    assert 'role="alert"' in answer.content.decode()


def test_verify_without_a_file_asks_for_one() -> None:
    answer = Client().post(reverse("moderation:verify"))
    assert "Choose a file first" in answer.content.decode()


def test_verify_is_limited() -> None:
    client = Client()
    answers = [client.post(reverse("moderation:verify")).status_code for _ in range(22)]
    assert answers[0] == 400
    assert answers[-1] == 429


def test_verify_keeps_nothing(published_ai: Item, settings: object) -> None:
    folder = Path(settings.MEDIA_ROOT)  # type: ignore[attr-defined]
    before = set(folder.rglob("*"))
    verify(stripped(read_bytes(published_ai.assets.get(role="master"))))
    assert set(folder.rglob("*")) == before


# --- trust ----------------------------------------------------------------------------------


def test_the_item_page_brings_its_checks_and_marks(published_ai: Item) -> None:
    client = Client()
    assert (
        f"/items/{published_ai.pk}/trust/"
        in client.get(f"/items/{published_ai.pk}/").content.decode()
    )
    panel = client.get(f"/items/{published_ai.pk}/trust/", headers={"HX-Request": "true"})
    text = panel.content.decode()
    assert "Invisible mark" in text
    assert "Clarity" in text
    assert "<html" not in text


def test_trust_of_a_hidden_item_is_hidden(case: Case) -> None:
    assert Client().get(f"/items/{case.item_id}/trust/").status_code == 404


# --- API ------------------------------------------------------------------------------------


def test_the_api_does_what_the_pages_do(case: Case, moderator: User) -> None:
    client = signed_in(moderator)
    listed = client.get("/api/v1/reviews/").json()["results"]
    assert listed[0]["id"] == case.pk
    assert any(one["verdict"] == "flag" for one in listed[0]["results"])
    early = client.post(f"/api/v1/reviews/{case.pk}/decide/", {"action": "publish"})
    assert early.status_code == 409
    assert client.post(f"/api/v1/reviews/{case.pk}/claim/").status_code == 200
    done = client.post(f"/api/v1/reviews/{case.pk}/decide/", {"action": "publish"})
    assert done.status_code == 201
    case.item.refresh_from_db()
    assert case.item.is_public


@pytest.mark.parametrize("path", ["reviews/", "reviews/1/claim/", "reviews/1/decide/"])
def test_the_api_is_closed_to_others(path: str) -> None:
    method = "get" if path == "reviews/" else "post"
    assert getattr(signed_in(UserFactory()), method)(f"/api/v1/{path}").status_code == 403
    assert getattr(Client(), method)(f"/api/v1/{path}").status_code in {401, 403}


def test_the_api_verifies(published_ai: Item) -> None:
    data = read_bytes(published_ai.assets.get(role="master"))
    answer = Client().post("/api/v1/verify/", {"file": SimpleUploadedFile("a.jpg", data)}).json()
    assert answer["outcome"] == "ours"
    assert answer["item"] == published_ai.pk


def test_marks_survive_what_the_catalogue_delivers(published_ai: Item) -> None:
    for asset in published_ai.assets.all():
        picture = decode(read_bytes(asset))
        assert isinstance(picture, np.ndarray)
        assert watermark.detect(picture, keys.watermark_key()).found
