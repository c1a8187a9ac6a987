"""The console as its users meet it: pages, keys, evidence, and everything by API too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from moderation.models import (
    Case,
    CaseSkip,
    CheckResult,
    PolicyVersion,
    RoutingVersion,
    Screening,
)
from moderation.services import claim_case, current_policy, current_routing, decide_case
from tests.factories import ItemFactory, UserFactory
from tests.moderation.cases import decided, held_item, open_case_of, removed_item, reported_case

pytestmark = pytest.mark.django_db


def signed_in(user: User | None) -> Client:
    client = Client()
    client.force_login(user)  # type: ignore[arg-type]
    return client


def found(case: Case, **evidence: Any) -> CheckResult:
    screening = case.screening or Screening.objects.create(
        item=case.item, state=Screening.State.DONE, policy_version="1"
    )
    Case.objects.filter(pk=case.pk).update(screening=screening)
    return CheckResult.objects.create(
        screening=screening,
        check_name=f"check{screening.results.count()}",
        perspective="F2",
        verdict="flag",
        summary="Something was found.",
        evidence=evidence,
        version="1",
    )


# --- the list -------------------------------------------------------------------------------


def many_cases(count: int) -> None:
    """Rows as the site would hold them, quickly."""
    items = ItemFactory.create_batch(3, state="in_review")
    owner = items[0].owner
    items += type(items[0]).objects.bulk_create(
        type(items[0])(owner=owner, kind="image", state="in_review", title=f"No. {one}")
        for one in range(count - 3)
    )
    screenings = Screening.objects.bulk_create(
        Screening(item=item, state="done", policy_version="1") for item in items
    )
    CheckResult.objects.bulk_create(
        CheckResult(
            screening=screening,
            check_name=name,
            perspective="F3",
            verdict="flag",
            summary="Odd.",
            version="1",
        )
        for screening in screenings
        for name in ("one", "two")
    )
    Case.objects.bulk_create(
        Case(item=item, screening=screening, reason="flagged", origin="human")
        for item, screening in zip(items, screenings, strict=True)
    )


@pytest.mark.parametrize("address", ["moderation:queue", "api:reviews"])
def test_300_cases_cost_as_many_questions_as_3(
    address: str, moderator: User, django_assert_num_queries: Any
) -> None:
    client = signed_in(moderator)
    many_cases(3)
    client.get(reverse(address))
    with CaptureQueriesContext(connection) as for_three:
        assert client.get(reverse(address)).status_code == 200
    many_cases(297)
    with django_assert_num_queries(len(for_three)):
        client.get(reverse(address))
    assert len(for_three) <= 16


def test_the_list_names_queue_reports_and_four_eyes(moderator: User) -> None:
    reported_case(ItemFactory(published=True, title="A loud dress"), reason="minors")
    page = signed_in(moderator).get(reverse("moderation:queue")).content.decode()
    for words in ("A loud dress", "1 report", "Four eyes", "Minors&#x27; safety"):
        assert words in page


def test_a_queue_of_its_own_page_and_its_own_blur(moderator: User) -> None:
    open_case_of(held_item(title="An upload"))
    open_case_of(held_item(title="A sample"), queue="sample")
    client = signed_in(moderator)
    page = client.get(reverse("moderation:queue"), {"queue": "sample"}).content.decode()
    assert "A sample" in page
    assert "An upload" not in page
    assert "data-blur checked" not in page
    assert "data-blur checked" in client.get(reverse("moderation:queue")).content.decode()


@pytest.mark.parametrize(
    "asked",
    [
        {"queue": "nowhere"},
        {"queue": "' OR 1=1"},
        {"reason": "nonsense"},
        {"after": "nonsense"},
        {"after": "9" * 50},
        {"origin": "x" * 99},
    ],
)
def test_an_odd_question_never_breaks_the_list(asked: dict[str, str], moderator: User) -> None:
    open_case_of()
    client = signed_in(moderator)
    assert client.get(reverse("moderation:queue"), asked).status_code == 200
    assert client.get("/api/v1/reviews/", asked).status_code == 200


def test_pages_are_turned_by_link(moderator: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.console_views.PAGE_SIZE", 2)
    now = timezone.now()
    titles = [f"Case number {one}" for one in range(5)]
    for place, title in enumerate(titles):
        open_case_of(held_item(title=title), due_at=now + timedelta(seconds=place))
    client, address, seen = signed_in(moderator), reverse("moderation:queue"), []
    for _ in range(3):
        page = client.get(address).content.decode()
        seen += [title for title in titles if title in page]
        if 'rel="next"' in page:
            address = page.split('rel="next"')[0].rsplit('href="', 1)[1].split('"')[0]
            address = reverse("moderation:queue") + address.replace("&amp;", "&")
    assert seen == titles


# --- a case ---------------------------------------------------------------------------------


def test_a_case_shows_boxes_spans_author_and_keys(moderator: User) -> None:
    item, _ = removed_item(moderator, reason_code="privacy")
    case = open_case_of(held_item(owner=item.owner, title="Linda in red"))
    found(
        case,
        boxes=[{"x": 0.1, "y": 0.2, "w": 0.3, "h": 0.4, "label": "a face"}],
        spans=[{"field": "title", "start": 0, "end": 5, "label": "a name"}],
    )
    claim_case(case=case, moderator=moderator)
    page = signed_in(moderator).get(reverse("moderation:case", args=[case.pk])).content.decode()
    assert '<mark title="a name">Linda' in page
    assert "2 points for privacy" in page
    for key in ("a", "r", "s", "l"):
        assert f'data-key="{key}"' in page
        assert f"<kbd>{key}</kbd>" in page
    assert "a face" in page


def test_what_a_reviewer_may_not_decide_says_why(moderator: User) -> None:
    case = open_case_of(held_item(owner=moderator))
    page = signed_in(moderator).get(reverse("moderation:case", args=[case.pk])).content.decode()
    assert "your own item" in page
    assert "Claim this case" not in page


def test_the_second_person_sees_what_the_first_proposed(moderator: User) -> None:
    case = open_case_of(four_eyes=True)
    claim_case(case=case, moderator=moderator)
    said = {"reason_code": "quality", "note": "Too dark."}
    decide_case(case=case, moderator=moderator, action="reject", **said)
    second = UserFactory(moderator=True)
    claim_case(case=case, moderator=second)
    page = signed_in(second).get(reverse("moderation:case", args=[case.pk])).content.decode()
    assert f"{moderator.username} proposes “reject” for quality: Too dark." in page
    assert "Confirm: Reject" in page


def test_skip_note_and_move_by_page(moderator: User) -> None:
    case = open_case_of()
    client = signed_in(moderator)
    client.post(reverse("moderation:claim", args=[case.pk]))
    client.post(reverse("moderation:note", args=[case.pk]), {"text": "Look at the sleeve."})
    client.post(reverse("moderation:skip", args=[case.pk]), {"reason": "distressing"})
    assert CaseSkip.objects.get().reason == "distressing"
    client.post(reverse("moderation:move", args=[case.pk]), {"queue": "legal"})
    page = client.get(reverse("moderation:case", args=[case.pk])).content.decode()
    assert "Look at the sleeve." in page
    assert "queue=legal" in page


def test_a_published_item_is_removed_by_page_and_its_author_told(moderator: User) -> None:
    item = ItemFactory(published=True)
    case = reported_case(item)
    client = signed_in(moderator)
    client.post(reverse("moderation:claim", args=[case.pk]))
    said = {"action": "remove", "reason_code": "spam", "note": "A shop."}
    client.post(reverse("moderation:decide", args=[case.pk]), said)
    assert Client().get(f"/items/{item.pk}/").status_code == 404
    assert "A shop." in signed_in(item.owner).get(f"/items/{item.pk}/").content.decode()


def test_how_i_work_is_stored(moderator: User) -> None:
    client = signed_in(moderator)
    chosen = {"queues": ["legal", "minors"], "blur": "on", "grey": "queue", "mute": "off"}
    client.post(reverse("moderation:settings"), chosen)
    assert client.get("/api/v1/reviews/settings/").json() == chosen
    assert client.post(reverse("moderation:settings"), {"blur": "??"}).status_code == 200


# --- tables in versions ---------------------------------------------------------------------


def test_operators_change_routing_row_by_row(moderator: User) -> None:
    client = signed_in(UserFactory(operator=True))
    number, rules = current_routing()
    address = reverse("moderation:routing")
    row = {
        "base": number,
        "place": len(rules) - 1,
        "change": "save",
        "queue": "legal",
        "priority": 3,
    }
    client.post(address, row)
    assert current_routing()[1][-1].queue == "legal"
    client.post(address, {"base": number, "place": 0, "change": "delete"})
    assert current_routing()[0] == number + 1, "the old table must not be changed again"
    client.post(address, {"base": number + 1, "place": 0, "change": "down"})
    assert current_routing()[1][1] == rules[0]
    assert signed_in(moderator).post(address, row).status_code == 403
    assert signed_in(moderator).get(address).status_code == 200
    assert RoutingVersion.objects.count() == 3


def test_operators_change_reasons(moderator: User) -> None:
    client = signed_in(UserFactory(operator=True))
    policy = current_policy()
    given = policy.reasons[0].as_dict() | {"label": "Taken from somebody", "four_eyes": ""}
    address = reverse("moderation:policy")
    client.post(address, {**given, "base": policy.version, "place": 0, "change": "save"})
    assert current_policy().reasons[0].label == "Taken from somebody"
    assert signed_in(moderator).post(address, given).status_code == 403
    page = signed_in(moderator).get(address).content.decode()
    assert "Taken from somebody" in page
    assert PolicyVersion.objects.count() == 2


@pytest.mark.parametrize("place", ["99", "-1", "x", ""])
def test_an_odd_row_changes_nothing(place: str) -> None:
    client = signed_in(UserFactory(operator=True))
    number, rules = current_routing()
    answer = client.post(
        reverse("moderation:routing"),
        {"base": number, "place": place, "change": "delete"},
        follow=True,
    )
    assert answer.status_code == 200
    assert current_routing()[1] == rules


# --- roles ----------------------------------------------------------------------------------

CONSOLE_PAGES = ("queue", "settings", "routing", "policy", "rules", "audit")
CONSOLE_API = (
    *("reviews/", "reviews/queues/", "reviews/settings/", "reviews/1/", "reviews/1/notes/"),
    *("routing/", "policy/", "audit/", "audit/verify/"),
)


@pytest.mark.parametrize("trait", [{}, {"uploader": True}])
def test_others_see_nothing_of_the_console(trait: dict[str, bool]) -> None:
    client = signed_in(UserFactory(**trait))
    case = open_case_of()
    for page in CONSOLE_PAGES:
        assert client.get(reverse(f"moderation:{page}")).status_code == 403
    for path in CONSOLE_API:
        assert client.get(f"/api/v1/{path}").status_code == 403
    for action in ("claim", "release", "skip", "note", "move", "decide"):
        address = reverse(f"moderation:{action}", args=[case.pk])
        assert client.post(address).status_code == 403
    for path in ("next/", "bulk/", f"{case.pk}/skip/", f"{case.pk}/move/", f"{case.pk}/decide/"):
        assert client.post(f"/api/v1/reviews/{path}").status_code == 403


def test_visitors_are_asked_to_sign_in() -> None:
    for page in CONSOLE_PAGES:
        assert Client().get(reverse(f"moderation:{page}")).status_code == 302
    for path in CONSOLE_API:
        assert Client().get(f"/api/v1/{path}").status_code in {401, 403}


def test_moderators_read_the_tables_by_api_and_only_operators_write(moderator: User) -> None:
    operator = signed_in(UserFactory(operator=True))
    for path, key in (("routing/", "rules"), ("policy/", "reasons")):
        table = signed_in(moderator).get(f"/api/v1/{path}").json()
        assert table[key]
        send = {"data": table, "content_type": "application/json"}
        assert signed_in(moderator).put(f"/api/v1/{path}", **send).status_code == 403
        assert operator.put(f"/api/v1/{path}", **send).status_code == 200
        assert operator.put(f"/api/v1/{path}", **send).status_code == 409


# --- API ------------------------------------------------------------------------------------


def test_the_whole_way_by_api(moderator: User) -> None:
    case = reported_case(reason="spam")
    client = signed_in(moderator)
    taken = client.post("/api/v1/reviews/next/", {"queues": ["reports"]}).json()
    assert taken["id"] == case.pk
    whole = client.get(f"/api/v1/reviews/{case.pk}/").json()
    assert whole["actions"] == ["keep", "remove"]
    assert whole["reports"][0]["reason"] == "spam"
    client.post(f"/api/v1/reviews/{case.pk}/notes/", {"text": "A shop."})
    assert client.get(f"/api/v1/reviews/{case.pk}/notes/").json()[0]["text"] == "A shop."
    said = {"action": "remove", "reason_code": "spam", "note": "A shop."}
    assert client.post(f"/api/v1/reviews/{case.pk}/decide/", said).status_code == 201
    assert client.post("/api/v1/reviews/next/").status_code == 204


def test_a_first_vote_by_api_is_accepted_and_not_done(moderator: User) -> None:
    case = open_case_of(four_eyes=True)
    client = signed_in(moderator)
    client.post(f"/api/v1/reviews/{case.pk}/claim/")
    answer = client.post(f"/api/v1/reviews/{case.pk}/decide/", {"action": "publish"})
    assert answer.status_code == 202
    case.refresh_from_db()
    assert case.state == Case.State.OPEN


def test_bulk_and_skip_by_api(moderator: User) -> None:
    first, second = open_case_of(), open_case_of()
    client = signed_in(moderator)
    assert client.post(f"/api/v1/reviews/{first.pk}/skip/", {"reason": "unsure"}).status_code == 204
    given = {"cases": [second.pk], "action": "publish"}
    done = client.post("/api/v1/reviews/bulk/", given, content_type="application/json")
    assert done.json() == {"decided": 1, "problems": []}


def test_a_decided_case_says_so(moderator: User) -> None:
    case = open_case_of()
    decided(case, moderator, "publish")
    page = signed_in(moderator).get(reverse("moderation:case", args=[case.pk])).content.decode()
    assert "This case was decided" in page
